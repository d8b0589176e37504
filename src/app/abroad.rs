//! Searching what partners sent. Their lines are held in memory alone, in a store of their own: nothing
//! of theirs is ever mixed with the interviews of this workspace, and nothing plain lies on the disk.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::audio::Untouched;
use crate::domain::{
    AudioFile, Cancel, Channel, Flag, Interview, InterviewId, Lang, Segment, SegmentId, Span,
    Status,
};
use crate::evidence::{Kind, WORKSPACE, read, sha256};
use crate::store::{
    ImportedLine, ImportedTranslation, NewInterview, SearchPage, SearchQuery, Store,
};
use crate::{export, vault};

use super::{App, Error, Foreign};

/// Most bytes of a transcript that was received; the same as for a bundle.
const MAX_TEXT: u64 = 256 << 20;
/// Where the recordings lie in a bundle.
const AUDIO: &str = "data/audio";
/// Channels of which what was heard last stays in memory.
const MOST_HEARD: usize = 4;
/// Most bytes of a list of files.
const MAX_LIST: u64 = 1 << 20;

/// What was read of the bundles that are there; made anew when another one comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Abroad(Arc<Mutex<Option<Held>>>, Arc<Mutex<Hearers>>);

/// Sound that was heard last, by bundle and channel, the newest last.
#[derive(Default)]
struct Hearers(Vec<((String, u16), Untouched)>);

impl std::fmt::Debug for Hearers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} channels", self.0.len())
    }
}

#[derive(Debug)]
struct Held {
    /// Bundles that were received.
    count: u64,
    store: Store,
    /// By bundle.
    known: HashMap<String, Known>,
    /// Bundles that are not what was received.
    broken: Vec<String>,
}

/// What is known of a partner's interview beside its lines.
#[derive(Debug)]
struct Known {
    /// Its own name.
    interview: String,
    /// Its languages, the officer's first.
    languages: Vec<Lang>,
    /// Its lines' own numbers and channels in their order.
    lines: Vec<(i64, u16)>,
    /// Where its bundle lies.
    folder: PathBuf,
    /// Its recordings, where all of them came with it.
    audio: Vec<AudioFile>,
    /// Channels that its lines may be of.
    channels: u16,
}

impl Known {
    /// The own number of a line that the store in memory numbers so, and its channel.
    fn own(&self, id: SegmentId) -> (SegmentId, u16) {
        let place = usize::try_from(id.0.saturating_sub(1)).ok();
        let line = place.and_then(|place| self.lines.get(place));
        line.map_or((id, 0), |(number, channel)| (SegmentId(*number), *channel))
    }

    /// The recordings of the microphone that heard a channel, in their order, and which of theirs it is.
    fn parts(&self, channel: u16) -> Option<(Vec<PathBuf>, u16)> {
        let mut devices: BTreeMap<u16, Vec<&AudioFile>> = BTreeMap::new();
        for file in &self.audio {
            devices
                .entry(microphone(&file.path))
                .or_default()
                .push(file);
        }
        let wide = |files: &Vec<&AudioFile>| files.first().map_or(0, |file| file.channels);
        let all: u32 = devices.values().map(|files| u32::from(wide(files))).sum();
        let count = u16::try_from(devices.len())
            .ok()
            .filter(|count| *count > 0)?;
        // A microphone may have more channels than speakers; they are dealt evenly then.
        let dealt = match count {
            1 => None,
            _ if all == u32::from(self.channels) => None,
            _ if self.channels.checked_rem(count) == Some(0) => self.channels.checked_div(count),
            _ => return None,
        };
        let mut left = channel;
        for mut files in devices.into_values() {
            let own = dealt.unwrap_or(wide(&files));
            if left < own {
                // They are listed as they were ended.
                files.sort_by_key(|file| (file.path.len(), file.path.as_str()));
                let path = |file: &AudioFile| self.folder.join(AUDIO).join(&file.path);
                return Some((files.into_iter().map(path).collect(), left));
            }
            left = left.saturating_sub(own);
        }
        None
    }
}

/// Which microphone of a session a file is of: `part-m2-003.wav` of the second one.
fn microphone(file: &str) -> u16 {
    let named = file
        .strip_prefix("part-m")
        .and_then(|rest| rest.split_once('-'));
    named
        .and_then(|(number, _)| number.parse().ok())
        .unwrap_or(1)
}

impl Abroad {
    /// Forgets all of it: the workspace is locked again.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.hearers().0.clear();
    }

    fn hearers(&self) -> MutexGuard<'_, Hearers> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Adds what partners' interviews hold, below the own hits. A bundle that is not what was received
    /// is left out and named.
    pub(super) fn search_abroad(
        &self,
        query: &SearchQuery,
        page: &mut SearchPage,
    ) -> Result<(), Error> {
        // Links to people of the register are made for own interviews only.
        if query.person.is_some() {
            return Ok(());
        }
        let held = self.held_abroad()?;
        let Some(held) = held.as_ref() else {
            return Ok(());
        };
        page.broken.clone_from(&held.broken);
        let found = held.store.search(query)?;
        page.total = page.total.saturating_add(found.total);
        page.more |= found.more;
        page.complete &= found.complete;
        let room = query.limit.saturating_sub(page.hits.len());
        for mut hit in found.hits.into_iter().take(room) {
            let Some(known) = held.known.get(&hit.interview.0) else {
                continue;
            };
            hit.foreign = Some(std::mem::replace(
                &mut hit.interview,
                InterviewId(known.interview.clone()),
            ));
            hit.segment = known.own(hit.segment).0;
            for beside in hit.around.iter_mut().flatten() {
                beside.segment = known.own(beside.segment).0;
            }
            page.hits.push(hit);
        }
        Ok(())
    }

    /// One interview that a partner sent, for reading only: under its bundle's name, its lines with
    /// their own numbers. With it the interview's own name.
    ///
    /// # Errors
    /// No such bundle, or one that is not what was received.
    pub fn show_foreign(
        &self,
        bundle: &str,
    ) -> Result<(InterviewId, Interview, Vec<Segment>), Error> {
        let held = self.held_abroad()?;
        let found = held.as_ref().and_then(|held| {
            let known = held.known.get(bundle)?;
            Some((held, known))
        });
        let (held, known) = found.ok_or_else(|| Error::NotReceived(bundle.to_owned()))?;
        let id = InterviewId(bundle.to_owned());
        let mut interview = held.store.interview(&id)?;
        interview.languages.clone_from(&known.languages);
        let mut lines = held.store.segments(&id)?;
        for line in &mut lines {
            (line.id, line.channel) = known.own(line.id);
        }
        interview.audio.clone_from(&known.audio);
        Ok((InterviewId(known.interview.clone()), interview, lines))
    }

    /// A stretch of one channel of what a partner sent, at 16 kHz, -1.0 to 1.0. Nothing is written.
    ///
    /// # Errors
    /// No such bundle; no sound of this channel in it; a file that cannot be decoded; a cancel.
    pub fn foreign_sound(
        &self,
        bundle: &str,
        channel: u16,
        span: Span,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        let found = {
            let held = self.held_abroad()?;
            let known = held.as_ref().and_then(|held| held.known.get(bundle));
            let known = known.ok_or_else(|| Error::NotReceived(bundle.to_owned()))?;
            known.parts(channel)
        };
        let (parts, own) = found.ok_or(Error::NoSound)?;
        let name = (bundle.to_owned(), channel);
        let mut hearers = self.abroad.hearers();
        let known = hearers.0.iter().position(|(of, _)| *of == name);
        let mut hearer = match known {
            Some(at) => hearers.0.remove(at).1,
            None => Untouched::new(parts, own),
        };
        let heard = hearer.hear(span, cancel);
        if hearers.0.len() >= MOST_HEARD {
            hearers.0.remove(0);
        }
        hearers.0.push((name, hearer));
        Ok(heard?)
    }

    /// How many channels the lines of what a partner sent may be of.
    ///
    /// # Errors
    /// No such bundle.
    pub fn foreign_channels(&self, bundle: &str) -> Result<u16, Error> {
        let held = self.held_abroad()?;
        let known = held.as_ref().and_then(|held| held.known.get(bundle));
        known
            .map(|known| known.channels)
            .ok_or_else(|| Error::NotReceived(bundle.to_owned()))
    }

    /// What partners sent, read anew where more came in; nothing where nothing did.
    fn held_abroad(&self) -> Result<MutexGuard<'_, Option<Held>>, Error> {
        let count = self.reading()?.count_own(Kind::Received)?;
        let mut held = self.abroad.0.lock().unwrap_or_else(PoisonError::into_inner);
        if count == 0 {
            *held = None;
        } else if held.as_ref().is_none_or(|held| held.count != count) {
            *held = Some(self.read_abroad(count)?);
        }
        Ok(held)
    }

    fn read_abroad(&self, count: u64) -> Result<Held, Error> {
        self.abroad.hearers().0.clear();
        let links = self.reading()?.own_chain()?;
        // Where the chain itself is broken, 'verify' says so, and nothing of theirs is believed.
        let events = read(WORKSPACE, &links).unwrap_or_default();
        let all = self.received().unwrap_or_default();
        let mut held = Held {
            count,
            store: Store::open_in_memory()?,
            known: HashMap::new(),
            broken: Vec::new(),
        };
        for foreign in &all {
            let received = events.iter().find(|e| {
                e.kind == Kind::Received.as_str() && e.fact("bundle") == Some(&foreign.bundle)
            });
            let manifest = received.and_then(|e| e.fact("manifest"));
            let transcript = manifest.and_then(|m| untouched(&foreign.folder, m));
            let taken = transcript.and_then(|text| taken_in(&mut held.store, foreign, &text));
            match taken {
                Some(known) => drop(held.known.insert(foreign.bundle.clone(), known)),
                None => held.broken.push(foreign.bundle.clone()),
            }
        }
        Ok(held)
    }
}

/// The transcript in a received bundle, if it is still the one whose hash stands in the chain.
fn untouched(folder: &Path, tag_manifest: &str) -> Option<Vec<u8>> {
    let file = |name: &str, most| vault::read_small(&folder.join(name), most).ok();
    let tags = file("tagmanifest-sha256.txt", MAX_LIST).filter(|b| sha256(b) == tag_manifest)?;
    let list = file("manifest-sha256.txt", MAX_LIST)?;
    lists(&tags, &list, "manifest-sha256.txt")?;
    let transcript = file("data/interview.json", MAX_TEXT)?;
    lists(&list, &transcript, "data/interview.json")?;
    Some(transcript)
}

/// Whether a list of files holds this one with the hash that it has.
fn lists(list: &[u8], file: &[u8], name: &str) -> Option<()> {
    let line = format!("{}  {name}", sha256(file));
    let list = std::str::from_utf8(list).ok()?;
    list.lines().any(|l| l == line).then_some(())
}

/// Puts a transcript into the store in memory under its bundle's name; what is known of it beside.
fn taken_in(store: &mut Store, foreign: &Foreign, transcript: &[u8]) -> Option<Known> {
    let export::JsonInterview {
        interview,
        mut segments,
        ..
    } = export::read_json(transcript)?;
    segments.retain(|line| !line.text.is_empty());
    // The order in which the store numbers them.
    segments.sort_by_key(|line| (line.span.start, line.channel, line.id));
    let spoken = interview.languages;
    // Lines in any of the six are taken in, whatever the list says.
    let languages: Vec<Lang> = Lang::SIX.to_vec();
    let new = NewInterview {
        id: InterviewId(foreign.bundle.clone()),
        case: interview.case,
        started: interview.started,
        duration_ms: interview.duration_ms,
        audio: Vec::new(),
        channels: vec![Channel {
            index: 0,
            speaker: String::new(),
            languages: languages.clone(),
            speech_models: Default::default(),
        }],
        languages,
        working: Vec::new(),
        notes: Vec::new(),
        asked: None,
    };
    let own = segments.iter().map(|line| (line.id.0, line.channel));
    let own = own.collect();
    let lines: Vec<ImportedLine> = segments.into_iter().map(imported).collect();
    store
        .create_from_transcript(&new, &lines, "a partner", None)
        .ok()?;
    Some(Known {
        interview: foreign.interview.clone(),
        languages: spoken,
        lines: own,
        audio: there(interview.audio, &foreign.folder),
        channels: u16::try_from(interview.channels.len()).unwrap_or(u16::MAX),
        folder: foreign.folder.clone(),
    })
}

/// The recordings that a transcript names, if all of them came with it: without one of them the others would
/// stand at another time.
fn there(named: Vec<AudioFile>, folder: &Path) -> Vec<AudioFile> {
    let came = named.iter().all(|file| {
        // A name and no more: it must not lead out of the bundle.
        let name = Path::new(&file.path).file_name();
        let plain = name.is_some_and(|name| *name == *file.path);
        plain && folder.join(AUDIO).join(&file.path).is_file()
    });
    if came { named } else { Vec::new() }
}

fn imported(line: Segment) -> ImportedLine {
    let is_machine = |status| status == Status::Machine;
    let translations = line
        .translations
        .into_iter()
        .map(|made| ImportedTranslation {
            flags: without_places(made.flags),
            ..ImportedTranslation::new(made.lang, made.text, is_machine(made.status))
        });
    ImportedLine {
        speaker: line.speaker,
        span: line.span,
        lang: line.lang,
        text: line.text,
        translations: translations.collect(),
        machine: is_machine(line.status),
        flags: without_places(line.flags),
    }
}

/// Places in the words are a partner's claim, and nothing here needs them.
fn without_places(flags: Vec<Flag>) -> Vec<Flag> {
    let flags = flags.into_iter();
    flags
        .map(|flag| Flag::with(flag.kind, flag.detail))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(files: &[(&str, u16)], channels: u16) -> Known {
        let file = |(path, channels): &(&str, u16)| AudioFile {
            path: (*path).to_owned(),
            sha256: String::new(),
            sample_rate: 48_000,
            channels: *channels,
            original_name: String::new(),
        };
        Known {
            interview: String::new(),
            languages: Vec::new(),
            lines: Vec::new(),
            folder: PathBuf::new(),
            audio: files.iter().map(file).collect(),
            channels,
        }
    }

    fn names(found: Option<(Vec<PathBuf>, u16)>) -> Option<(Vec<String>, u16)> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        found.map(|(paths, own)| (paths.iter().map(name).collect(), own))
    }

    #[test]
    fn each_channel_is_heard_by_its_own_microphone_however_the_parts_are_listed() {
        let listed = [
            "part-m2-001.wav",
            "part-001.wav",
            "part-m2-002.wav",
            "part-002.wav",
        ];
        let first = ["part-001.wav", "part-002.wav"].map(str::to_owned).to_vec();
        let second = ["part-m2-001.wav", "part-m2-002.wav"]
            .map(str::to_owned)
            .to_vec();
        for (wide, channels, of) in [
            (1, 2, [(&first, 0), (&second, 0)].to_vec()),
            (
                2,
                4,
                [(&first, 0), (&first, 1), (&second, 0), (&second, 1)].to_vec(),
            ),
            // Two that give nothing but two channels, with a speaker each.
            (2, 2, [(&first, 0), (&second, 0)].to_vec()),
        ] {
            let known = known(&listed.map(|name| (name, wide)), channels);
            for (channel, (parts, own)) in (0..).zip(&of) {
                let found = names(known.parts(channel));
                assert_eq!(
                    found,
                    Some(((*parts).clone(), *own)),
                    "{channel} of {channels}"
                );
            }
            assert_eq!(names(known.parts(channels)), None);
        }
        assert_eq!(
            names(known(&listed.map(|name| (name, 2)), 3).parts(0)),
            None
        );
        assert_eq!(names(known(&[], 0).parts(0)), None);
        let one = known(&[("original.flac", 2)], 2);
        assert_eq!(
            names(one.parts(1)),
            Some((vec!["original.flac".to_owned()], 1))
        );
    }
}
