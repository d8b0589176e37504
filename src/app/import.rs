//! Importing recordings and transcripts, each file by itself, then working off what they left pending.

use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;
use jiff::tz::TimeZone;

use crate::audio;
use crate::domain::{
    Asked, Cancel, Channel, Flag, FlagKind, InterviewId, Lang, LangPair, SamplePos, Span,
    SpeechChoice,
};
use crate::pipeline::{
    self, Engines, Intake, IntakePlan, Progress, Received, Report, Watcher, intake_file,
};
use crate::store::{ImportedLine, ImportedTranslation, NewInterview, Store};
use crate::text;
use crate::transcript::{self, is_transcript};

use super::armed::with_offset;
use super::engines::{Needs, pairs_of};
use super::lock::WorkLock;
use super::speech_models::foreseen;
use super::{App, Error};

/// Shown for a line of a transcript that names no speaker.
const UNKNOWN_SPEAKER: &str = "unknown";
/// Length given to a line of a transcript without an end.
const USUAL_LINE_MS: u64 = 3_000;
/// More speakers than this mean that the column holds something else.
const MAX_SPEAKERS: usize = 64;

/// What the user says of the files.
#[derive(Clone, Debug, Default)]
pub struct ImportRequest {
    /// Two or three languages, the officer's first.
    pub languages: Vec<Lang>,
    /// The case.
    pub case: Option<String>,
    /// Speakers and their languages, by channel; `all` alone stands for all of them. None: work it
    /// out from the number of channels.
    pub channels: Vec<(String, Vec<Lang>)>,
    /// Store a recording a second time where another interview holds it already.
    pub again: bool,
    /// The speech models that a person chose; all others are for the settings to say.
    pub speech_models: Vec<SpeechChoice>,
    /// As what the person was interviewed, where that is known: a victim's stays in the agency until a consent
    /// is entered.
    pub asked: Option<Asked>,
}

/// What became of one file.
#[derive(Debug)]
pub struct ImportOutcome {
    /// The file.
    pub source: PathBuf,
    /// The interview, or why there is none.
    pub result: Result<Received, Error>,
    /// What became of its lines.
    pub report: Report,
}

impl App {
    /// The directions between these languages that no installed model translates. Their lines stay
    /// pending.
    pub fn untranslatable(&self, languages: &[Lang]) -> Vec<LangPair> {
        let shelf = self.shelf();
        let preferred = self.config.translation_model.as_deref();
        pairs_of(languages)
            .filter(|pair| shelf.for_translation(*pair, preferred).is_err())
            .collect()
    }

    /// Stores each file as an interview and works off its lines. One bad file does not stop the
    /// others; `each` hears of every file as it ends.
    ///
    /// # Errors
    /// What concerns all files: unsuitable languages, another process at work, a missing model, a
    /// cancel. Interviews stored before that stay, their rest pending.
    pub fn import(
        &self,
        files: &[PathBuf],
        request: &ImportRequest,
        cancel: &Cancel,
        watcher: Watcher<'_>,
        each: &mut dyn FnMut(&ImportOutcome),
    ) -> Result<Vec<ImportOutcome>, Error> {
        request.check()?;
        self.check_choices(
            &request.languages,
            &request.channels,
            &request.speech_models,
        )?;
        let lock = WorkLock::take(&self.workspace)?;
        self.sweep(&lock);
        let mut store = self.store_watched(cancel, watcher)?;
        let mut engines = Engines::default();
        let sound = files.iter().any(|f| !is_transcript(f));
        // A missing or damaged model or glossary is said before anything is copied.
        self.glossary()?;
        let heard = foreseen(&request.languages, &request.speech_models);
        let needs = Needs {
            interviews: std::slice::from_ref(&request.languages),
            case: request.case.as_deref(),
            hearing: if sound { &heard } else { &[] },
        };
        self.add_engines(&mut engines, &needs, cancel, watcher)?;
        let mut outcomes = Vec::new();
        let of = u32::try_from(files.len()).unwrap_or(u32::MAX);
        for (number, source) in (1..).zip(files) {
            if of > 1 {
                watcher(Progress::Part {
                    name: "one of the files",
                    number,
                    of,
                });
            }
            let result = self.import_one(&mut store, source, request, cancel, watcher);
            let stopped = result.as_ref().is_err_and(Error::is_cancelled);
            let mut outcome = ImportOutcome {
                source: source.clone(),
                result,
                report: Report::default(),
            };
            each(&outcome);
            if stopped {
                return outcome.result.map(|_| outcomes);
            }
            if let Ok(received) = &outcome.result {
                let id = Some(&received.id);
                outcome.report = self.work_off(&store, id, &mut engines, false, cancel, watcher)?;
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    pub(super) fn import_one(
        &self,
        store: &mut Store,
        source: &Path,
        request: &ImportRequest,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Received, Error> {
        if is_transcript(source) {
            return import_transcript(store, source, request);
        }
        let heard = foreseen(&request.languages, &request.speech_models);
        let plan = IntakePlan {
            id: new_id(),
            case: request.case.clone(),
            languages: request.languages.clone(),
            channels: request.channels.clone(),
            started: recorded_at(source),
            original_name: file_name(source),
            again: request.again,
            max_utterance_ms: self.max_utterance_ms(&self.shelf(), &request.languages, &heard),
            speech_models: request.speech_models.clone(),
            asked: request.asked,
        };
        let recordings = self.workspace.recordings();
        let intake = Intake {
            recordings: &recordings,
            cancel,
            watcher,
        };
        match intake_file(&intake, store, source, &plan) {
            Err(pipeline::Error::AlreadyHeld(id)) => Ok(already_held(id)),
            other => Ok(other?),
        }
    }
}

impl ImportRequest {
    /// Two or three different languages; channels that name no others, each speaker once.
    pub(super) fn check(&self) -> Result<(), Error> {
        let mut unique = self.languages.clone();
        unique.sort();
        unique.dedup();
        if !(2..=3).contains(&unique.len())
            || unique.len() != self.languages.len()
            || unique.contains(&Lang::En)
        {
            return Err(Error::Languages);
        }
        let named = self.channels.iter().flat_map(|(_, languages)| languages);
        if let Some(stranger) = named.into_iter().find(|l| !self.languages.contains(l)) {
            return Err(Error::ChannelLanguage(*stranger));
        }
        let mut speakers: Vec<String> = self
            .channels
            .iter()
            .map(|(name, _)| text::fold(name))
            .collect();
        speakers.sort();
        speakers.dedup();
        if speakers.len() < self.channels.len() {
            return Err(Error::SameSpeaker);
        }
        Ok(())
    }
}

/// Nothing that is stored can be removed again, so an accidental second copy would stay for ever and
/// double every hit of a search.
fn already_held(id: InterviewId) -> Received {
    Received {
        id,
        utterances: 0,
        notes: Vec::new(),
        already: true,
    }
}

fn import_transcript(
    store: &mut Store,
    source: &Path,
    request: &ImportRequest,
) -> Result<Received, Error> {
    let lines = transcript::read(source)?;
    let (sha256, _) = audio::hash_file(source)?;
    if !request.again
        && let Some(held) = store.holding(&sha256)?
    {
        return Ok(already_held(held));
    }
    let mut speakers: Vec<String> = Vec::new();
    let mut imported = Vec::new();
    let (mut end_ms, mut converted) = (0, 0_usize);
    for (number, line) in (1..).zip(lines) {
        let speaker = line.speaker.unwrap_or_else(|| UNKNOWN_SPEAKER.to_owned());
        if !speakers.contains(&speaker) {
            speakers.push(speaker.clone());
        }
        if speakers.len() > MAX_SPEAKERS {
            return Err(Error::Speakers(MAX_SPEAKERS));
        }
        let lang = line
            .lang
            .unwrap_or_else(|| likeliest(&line.text, &request.languages));
        if !request.languages.contains(&lang) {
            return Err(Error::LineLanguage { line: number, lang });
        }
        let end = line
            .end_ms
            .unwrap_or(line.start_ms.saturating_add(USUAL_LINE_MS));
        end_ms = end_ms.max(end);
        let mut flags = line.flags;
        let mut unicode = |lang, came: String| {
            if lang != Lang::My || !text::is_zawgyi(&came) {
                return came;
            }
            converted = converted.saturating_add(1);
            let text = text::from_zawgyi(&came);
            flags.push(Flag::with(FlagKind::Zawgyi, came));
            text
        };
        let text = unicode(lang, line.text);
        let translations = line.translations.into_iter();
        let by = line.machine_translations;
        let translations = translations
            .map(|(lang, text)| ImportedTranslation::new(lang, unicode(lang, text), by))
            .collect();
        imported.push(ImportedLine {
            speaker,
            span: Span::new(SamplePos::from_ms(line.start_ms), SamplePos::from_ms(end)),
            lang,
            text,
            translations,
            machine: line.machine,
            flags,
        });
    }
    let new = NewInterview {
        id: new_id(),
        case: request.case.clone(),
        languages: request.languages.clone(),
        started: recorded_at(source),
        duration_ms: end_ms,
        audio: Vec::new(),
        channels: (0..)
            .zip(&speakers)
            .map(|(index, speaker)| Channel {
                index,
                speaker: speaker.clone(),
                languages: request.languages.clone(),
                speech_models: Default::default(),
            })
            .collect(),
        working: Vec::new(),
        notes: Vec::new(),
        asked: request.asked,
    };
    store.create_from_transcript(
        &new,
        &imported,
        &format!("imported from {}", file_name(source)),
        Some(&sha256),
    )?;
    Ok(Received {
        id: new.id,
        utterances: imported.len(),
        notes: zawgyi_note(converted).into_iter().collect(),
        already: false,
    })
}

/// What a person should know of texts that were converted.
fn zawgyi_note(texts: usize) -> Option<String> {
    let what = match texts {
        0 => return None,
        1 => "1 text was".to_owned(),
        n => format!("{n} texts were"),
    };
    Some(format!(
        "{what} typed in Zawgyi and put into Unicode; the letters as they came are kept with their lines"
    ))
}

/// The language whose script the text is written in; the six have five scripts of their own and
/// Vietnamese the Latin one. The first on equal terms.
fn likeliest(text: &str, among: &[Lang]) -> Lang {
    let share = |lang: Lang| text::in_script(text, lang);
    among
        .iter()
        .copied()
        .reduce(|best, lang| {
            if share(lang) > share(best) {
                lang
            } else {
                best
            }
        })
        .unwrap_or(Lang::Zh)
}

fn file_name(source: &Path) -> String {
    source
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// A name that sorts by time and is not guessable from another: `20261123-205901-3f9c2a`.
pub(super) fn new_id() -> InterviewId {
    use std::hash::{BuildHasher, Hasher};
    // The standard library seeds each RandomState from the system's randomness.
    let random = std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish();
    // By the clocks here: the name stands on paper beside the time of day.
    let now = ZonedDateTime::now();
    let now = now.strftime("%Y%m%d-%H%M%S");
    InterviewId(format!("{now}-{:06x}", random & 0x00ff_ffff))
}

/// When the file was last written: the best that is known of when it was recorded. RFC 3339.
fn recorded_at(source: &Path) -> String {
    let modified = source.metadata().and_then(|m| m.modified()).ok();
    let moment = modified
        .and_then(|time| jiff::Timestamp::try_from(time).ok())
        .unwrap_or_else(jiff::Timestamp::now);
    with_offset(&moment.to_zoned_datetime(TimeZone::system()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(languages: &[Lang], channel: Option<Lang>) -> ImportRequest {
        ImportRequest {
            languages: languages.to_vec(),
            case: None,
            channels: channel
                .map(|l| ("officer".to_owned(), vec![l]))
                .into_iter()
                .collect(),
            ..ImportRequest::default()
        }
    }

    #[test]
    fn an_interview_has_two_or_three_different_languages_of_the_six() {
        for good in [&[Lang::Zh, Lang::Km][..], &[Lang::My, Lang::Lo, Lang::Th]] {
            request(good, None).check().unwrap();
        }
        for bad in [
            &[][..],
            &[Lang::Zh],
            &[Lang::Zh, Lang::Zh],
            &[Lang::Zh, Lang::En],
            &Lang::SIX,
        ] {
            assert!(
                matches!(request(bad, None).check(), Err(Error::Languages)),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_channel_may_only_name_a_language_of_the_interview() {
        let pair = [Lang::Zh, Lang::Vi];
        request(&pair, Some(Lang::Vi)).check().unwrap();
        assert!(matches!(
            request(&pair, Some(Lang::Th)).check(),
            Err(Error::ChannelLanguage(Lang::Th))
        ));
    }

    #[test]
    fn two_channels_cannot_have_one_speaker() {
        let mut twice = request(&[Lang::Zh, Lang::Vi], Some(Lang::Vi));
        twice.channels.push(("Officer".into(), vec![Lang::Zh]));
        assert!(matches!(twice.check(), Err(Error::SameSpeaker)));
        twice.channels[1].0 = "interviewee".into();
        twice.check().unwrap();
    }

    #[test]
    fn a_line_without_a_language_gets_the_one_of_its_script() {
        let among = [Lang::Zh, Lang::Vi, Lang::Km];
        assert_eq!(likeliest("Tôi tên là Hùng.", &among), Lang::Vi);
        assert_eq!(likeliest("ខ្ញុំឈ្មោះសុខា", &among), Lang::Km);
        assert_eq!(likeliest("你好", &among), Lang::Zh);
        assert_eq!(likeliest("...", &among), Lang::Zh);
    }

    #[test]
    fn names_of_interviews_differ_and_are_plain() {
        let (a, b) = (new_id(), new_id());
        assert_ne!(a, b);
        assert!(
            a.0.bytes()
                .all(|c| c.is_ascii_digit() || c.is_ascii_lowercase() || c == b'-')
        );
    }
}
