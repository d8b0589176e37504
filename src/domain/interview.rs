//! An interview and its rows, as they flow from sound to screen.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Flag, FlagKind, Lang, Span, SpeechModel, SpeechModels};

/// Names one interview for ever; also the name of its folder. Lower-case letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InterviewId(pub String);

impl fmt::Display for InterviewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one line of one interview: 1, 2, 3 ... in the order the lines were first stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentId(pub i64);

/// An original recording, as it was received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioFile {
    /// Path inside the interview's folder.
    pub path: String,
    /// SHA-256 of the untouched copy, lower-case hexadecimal.
    pub sha256: String,
    /// Frames a second of the original.
    pub sample_rate: u32,
    /// Channels of the original, 1 to 8.
    pub channels: u16,
    /// The name the file had where it came from; `path` where it was recorded here.
    pub original_name: String,
}

/// One channel of the recording: who speaks there, and in which languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// 0 for the first channel of the file.
    pub index: u16,
    /// `officer`, `interviewee`, `interpreter` or another word the user chose.
    pub speaker: String,
    /// One language fixes it; more mean 'choose for each utterance among these'.
    pub languages: Vec<Lang>,
    /// The speech models that a person chose for languages of this channel.
    #[serde(default, skip_serializing_if = "SpeechModels::is_empty")]
    pub speech_models: SpeechModels,
}

/// One interview without its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interview {
    /// Its name.
    pub id: InterviewId,
    /// The case it belongs to.
    pub case: Option<String>,
    /// The languages of the interview, the officer's first.
    pub languages: Vec<Lang>,
    /// When it was recorded or, where that is not known, received. RFC 3339.
    pub started: String,
    /// Length of the sound.
    pub duration_ms: u64,
    /// Original recordings; none for an imported transcript.
    pub audio: Vec<AudioFile>,
    /// What an imported transcript was imported from; `None` for a recording.
    pub source: Option<String>,
    /// What was odd about the recording when it was taken in, in plain words.
    pub notes: Vec<String>,
    /// Channels, by index.
    pub channels: Vec<Channel>,
}

/// One row of a list of interviews.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterviewSummary {
    /// Its name.
    pub id: InterviewId,
    /// The case it belongs to.
    pub case: Option<String>,
    /// The languages of the interview.
    pub languages: Vec<Lang>,
    /// The name of the original file, or what a transcript was imported from; empty for a session
    /// that was recorded here.
    pub original: String,
    /// When it was recorded or received. RFC 3339.
    pub started: String,
    /// Length of the sound.
    pub duration_ms: u64,
    /// Lines in all.
    pub segments: u64,
    /// Lines that wait for recognition or translation.
    pub pending: u64,
    /// Lines that carry at least one flag other than `practice-model`.
    pub flagged: u64,
    /// The speech models that a person chose for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speech_models: Vec<SpeechModel>,
}

/// A stretch of one channel in which somebody speaks, ready for recognition.
#[derive(Clone, Debug)]
pub struct Utterance {
    /// The channel it was cut from.
    pub channel: u16,
    /// Where it lies in the recording.
    pub span: Span,
    /// Mono sound at 16 kHz, -1.0 to 1.0; as many samples as `span` has.
    pub pcm: Vec<f32>,
}

/// One recognised word with its own place and probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The word as written in the line.
    pub text: String,
    /// Start in milliseconds from the start of the recording.
    pub start_ms: u64,
    /// End in milliseconds.
    pub end_ms: u64,
    /// Mean probability of its tokens, 0.0 to 1.0.
    pub confidence: f32,
}

impl Word {
    /// Where each of these words begins in the line that they were recognised in, in bytes. They come in the
    /// order of the line; `None` for a word that does not stand in it, such as one that was corrected since.
    pub fn places(words: &[Word], line: &str) -> Vec<Option<usize>> {
        let mut from = 0usize;
        let place = |word: &Word| {
            let rest = line.get(from..).filter(|_| !word.text.is_empty())?;
            let at = from.saturating_add(rest.find(&word.text)?);
            from = at.saturating_add(word.text.len());
            Some(at)
        };
        words.iter().map(place).collect()
    }
}

/// What a recogniser made of an utterance.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// The language it is written in.
    pub lang: Lang,
    /// The text, valid UTF-8, whole grapheme clusters. May be empty.
    pub text: String,
    /// Geometric mean of the token probabilities, 0.0 to 1.0.
    pub confidence: f32,
    /// Words with places; may be empty where the engine cannot tell.
    pub words: Vec<Word>,
    /// Doubts. They never remove text.
    pub flags: Vec<Flag>,
    /// Which engine and model wrote it, for the record.
    pub engine: String,
}

/// How far a line has come and whose word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for recognition.
    Pending,
    /// Written by a machine; nobody has checked it.
    Machine,
    /// A person changed it.
    Edited,
    /// A person signed for it.
    Certified,
    /// The engine failed; the sound is kept and can be tried again.
    Failed,
}

impl Status {
    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Machine => "machine",
            Status::Edited => "edited",
            Status::Certified => "certified",
            Status::Failed => "failed",
        }
    }

    /// The status with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Status::Pending,
            Status::Machine,
            Status::Edited,
            Status::Certified,
            Status::Failed,
        ]
        .into_iter()
        .find(|s| s.as_str() == text)
    }
}

/// One line of a transcript with its translations: the newest version of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its number in the interview.
    pub id: SegmentId,
    /// Where it lies in the recording.
    pub span: Span,
    /// The channel it was said on.
    pub channel: u16,
    /// Who said it.
    pub speaker: String,
    /// The language; before recognition the channel's first.
    pub lang: Lang,
    /// What was said; empty while pending.
    pub text: String,
    /// Geometric mean token probability; `None` before recognition and for imported text.
    pub confidence: Option<f32>,
    /// Words with places, where known.
    pub words: Vec<Word>,
    /// Doubts.
    pub flags: Vec<Flag>,
    /// How far it has come.
    pub status: Status,
    /// Which engine or person wrote the text.
    pub author: String,
    /// Version of the text, 0 while pending.
    pub version: u32,
    /// Newest translation into each wanted language.
    pub translations: Vec<Translation>,
}

impl Segment {
    /// A line that waits to be recognised: where it lies and in which language, and no more; on the first
    /// channel.
    pub const fn new(id: SegmentId, span: Span, lang: Lang) -> Self {
        Self {
            id,
            span,
            channel: 0,
            speaker: String::new(),
            lang,
            text: String::new(),
            confidence: None,
            words: Vec::new(),
            flags: Vec::new(),
            status: Status::Pending,
            author: String::new(),
            version: 0,
            translations: Vec::new(),
        }
    }

    /// Why its words are held back from what people are given to read or to sign: a machine wrote them,
    /// most likely without anybody having said them, and no person has decided on them yet. `None`
    /// for all other lines.
    pub fn quarantined(&self) -> Option<FlagKind> {
        quarantine(self.status, &self.flags)
    }

    /// What it reads in a language: what was said, or the translation that stands.
    pub fn words_in(&self, lang: Lang) -> Option<&str> {
        if self.lang == lang {
            return Some(&self.text);
        }
        let made = self.translations.iter().find(|t| t.lang == lang);
        made.map(|t| t.text.as_str())
    }
}

/// The first doubt that holds a text of this status back; none where a person wrote it or signed for
/// it, which takes a reason then.
pub fn quarantine(status: Status, flags: &[Flag]) -> Option<FlagKind> {
    let mut kinds = flags.iter().map(|f| f.kind);
    kinds.find(|kind| status == Status::Machine && kind.quarantines())
}

/// A glossary term found in the source, and whether the translation uses an approved counterpart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermUse {
    /// The term as the source has it.
    pub source: String,
    /// The approved counterpart (the preferred one where none was found).
    pub target: String,
    /// Whether an approved counterpart stands in the translation.
    pub satisfied: bool,
    /// The other translation of the whole line where there were two, one free and one with the
    /// glossary's terms: the one that does not stand. Empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alternative: String,
}

/// A line in another language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Translation {
    /// Target language.
    pub lang: Lang,
    /// The translation.
    pub text: String,
    /// Engine and model, or the person who wrote it.
    pub engine: String,
    /// Whose word it is: a machine's that nobody has checked, a person's, or certified.
    pub status: Status,
    /// Mean log-probability a token, natural logarithm; `None` for a person's words and where a machine
    /// elsewhere told none.
    pub log_prob: Option<f32>,
    /// Glossary terms.
    pub terms: Vec<TermUse>,
    /// Doubts.
    pub flags: Vec<Flag>,
    /// Version of the source text it translates.
    pub of_version: u32,
}
