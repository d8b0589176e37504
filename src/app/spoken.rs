//! Standard sentences as a person spoke them: an agency lays recordings beside its glossaries, one file a
//! sentence and a language, and they are played to the person interviewed. The program speaks none of
//! them by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::audio::{self, Decoder, Resampler};
use crate::domain::{Lang, SAMPLE_RATE};

use super::phrasebook::phrases;
use super::{App, Error};

/// Longest recording of one sentence, in samples at 16 kHz; what is behind it is not played.
const MOST: usize = 60 * SAMPLE_RATE as usize;

impl App {
    /// Where the recording of a sentence belongs: `glossaries/phrases/my/rights-01.wav`.
    pub fn spoken_file(&self, lang: Lang, phrase: &str) -> PathBuf {
        let folder = self.workspace.glossaries().join("phrases");
        folder.join(lang.code()).join(format!("{phrase}.wav"))
    }

    /// The sentences of which there are recordings, by language.
    pub fn spoken(&self) -> BTreeSet<(Lang, &'static str)> {
        let mut found = BTreeSet::new();
        for lang in Lang::SIX {
            // Most workspaces have none: one question a language is enough then.
            let folder = self.spoken_file(lang, "any");
            if folder
                .parent()
                .is_none_or(|folder| fs::metadata(folder).is_err())
            {
                continue;
            }
            let own = phrases().iter().map(|phrase| phrase.id);
            found.extend(
                own.filter(|id| self.spoken_file(lang, id).is_file())
                    .map(|id| (lang, id)),
            );
        }
        found
    }

    /// The sound of one: mono at 16 kHz.
    pub(super) fn spoken_sound(&self, lang: Lang, phrase: &str) -> Result<Vec<f32>, Error> {
        let mut decoder = Decoder::open(&self.spoken_file(lang, phrase))?;
        let refused = |detail| audio::Error::Playback { detail };
        let mut rate = decoder.rate();
        let mut resampler = Resampler::new(rate, 1).map_err(refused)?;
        let mut sound = vec![Vec::new()];
        let length = |sound: &[Vec<f32>]| sound.first().map_or(0, Vec::len);
        while let Some(block) = decoder.next_block()? {
            if decoder.rate() != rate {
                rate = decoder.rate();
                resampler.finish(&mut sound).map_err(refused)?;
                resampler = Resampler::new(rate, 1).map_err(refused)?;
            }
            resampler
                .push(&[mixed(&block)], &mut sound)
                .map_err(refused)?;
            if length(&sound) >= MOST {
                break;
            }
        }
        resampler.finish(&mut sound).map_err(refused)?;
        let mut sound = sound.pop().unwrap_or_default();
        sound.truncate(MOST);
        Ok(sound)
    }
}

/// All channels as one.
fn mixed(block: &[Vec<f32>]) -> Vec<f32> {
    let frames = block.first().map_or(0, Vec::len);
    let channels = block.len().max(1) as f32;
    let one = |at: usize| block.iter().filter_map(move |channel| channel.get(at));
    (0..frames)
        .map(|at| one(at).sum::<f32>() / channels)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_beside_the_glossaries_is_found_and_read() {
        let dir = tempfile::tempdir().unwrap();
        let app = App::open(&crate::app::Options {
            workspace: Some(dir.path().to_owned()),
            ..crate::app::Options::default()
        })
        .unwrap();
        assert!(app.spoken().is_empty());
        let id = phrases()[0].id;
        let file = app.spoken_file(Lang::My, id);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        // A second of 8 kHz in one channel of 16 bits.
        let data = [0x00u8, 0x10].repeat(8_000);
        let mut wav = b"RIFF".to_vec();
        wav.extend(((36 + data.len()) as u32).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        wav.extend(8_000u32.to_le_bytes());
        wav.extend(16_000u32.to_le_bytes());
        wav.extend(b"\x02\0\x10\0data");
        wav.extend((data.len() as u32).to_le_bytes());
        wav.extend(data);
        fs::write(&file, wav).unwrap();
        assert_eq!(app.spoken(), BTreeSet::from([(Lang::My, id)]));
        let sound = app.spoken_sound(Lang::My, id).unwrap();
        assert!(sound.len().abs_diff(SAMPLE_RATE as usize) < 2);
        assert!(sound.iter().all(|s| s.is_finite()));
        assert!(app.spoken_sound(Lang::Th, id).is_err(), "no other language");
    }
}
