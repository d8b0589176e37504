//! What goes into the store and what comes out of it, beside the shared domain types.

use crate::domain::{
    Asked, AudioFile, Channel, EventKind, Fact, FactKind, Flag, FlagKind, Hypothesis, InterviewId,
    Lang, LangPair, NameSource, PersonId, SamplePos, SegmentId, Span, SpeechModels, Status,
    Translation,
};
use crate::text::names::Comparison;

/// An interview that enters the store.
#[derive(Clone, Debug)]
pub struct NewInterview {
    /// Its name for ever: lower-case letters, digits and `-`.
    pub id: InterviewId,
    /// The case it belongs to.
    pub case: Option<String>,
    /// The languages of the interview, the officer's first; at least one.
    pub languages: Vec<Lang>,
    /// When it was recorded or received, RFC 3339.
    pub started: String,
    /// Length of the sound.
    pub duration_ms: u64,
    /// Original recordings; none for a transcript without sound.
    pub audio: Vec<NewAudio>,
    /// Channels, by index.
    pub channels: Vec<Channel>,
    /// The working copies of channels.
    pub working: Vec<Working>,
    /// What was odd about the recording when it was taken in; kept in the first event of the chain.
    pub notes: Vec<String>,
    /// As what the person of a recording or transcript was interviewed; kept there too.
    pub asked: Option<Asked>,
}

/// What is listened to in place of a channel of the recordings: mono, 16 kHz.
#[derive(Clone, Debug)]
pub struct Working {
    /// The channel, by index.
    pub channel: u16,
    /// Its file's name in the interview's folder.
    pub file: String,
    /// The SHA-256 of its file; `None` while it is still being recorded.
    pub sha256: Option<String>,
}

/// An original recording that enters the store.
#[derive(Clone, Debug)]
pub struct NewAudio {
    /// Path, hash and format.
    pub file: AudioFile,
    /// Size of the file.
    pub bytes: u64,
}

/// Where the sound of a live session comes from, and how it is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Identity of the microphone, or the practice file's name.
    pub device: String,
    /// A file plays in place of a microphone.
    pub practice: bool,
    /// Longest utterance in milliseconds.
    pub max_utterance_ms: u64,
}

/// Something that happened in a live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What kind.
    pub kind: EventKind,
    /// What was marked, why it was paused, what was wrong.
    pub label: String,
    /// The channel it concerns; none for all.
    pub channel: Option<u16>,
    /// Where it begins.
    pub start: SamplePos,
    /// Where it ends; none while it lasts.
    pub end: Option<SamplePos>,
    /// It tells the end of the newest entry of this kind that lasts.
    pub closes: Option<EventKind>,
    /// Its number in the recorder's journal.
    pub journal: Option<u64>,
    /// The time of day, RFC 3339.
    pub at: String,
}

/// A cut utterance that waits for recognition.
#[derive(Clone, Debug)]
pub struct NewSegment {
    /// The channel it was cut from.
    pub channel: u16,
    /// Who speaks there.
    pub speaker: String,
    /// Where it lies in the recording.
    pub span: Span,
    /// First guess: the channel's first language.
    pub lang: Lang,
    /// Doubts about the cut, for example `CutWithoutPause`.
    pub flags: Vec<Flag>,
}

/// A line of a transcript that was written elsewhere.
#[derive(Clone, Debug)]
pub struct ImportedLine {
    /// Who said it.
    pub speaker: String,
    /// Where it lies in the recording it came from.
    pub span: Span,
    /// The language of `text`.
    pub lang: Lang,
    /// What was said.
    pub text: String,
    /// Translations that came with it.
    pub translations: Vec<ImportedTranslation>,
    /// A machine wrote it and nobody has checked it; else it counts as a person's words.
    pub machine: bool,
    /// Doubts that came with it.
    pub flags: Vec<Flag>,
}

/// A translation of a transcript that was written elsewhere.
#[derive(Clone, Debug)]
pub struct ImportedTranslation {
    /// Its language.
    pub lang: Lang,
    /// Its words.
    pub text: String,
    /// A machine made it and nobody has checked it; else it counts as a person's.
    pub machine: bool,
    /// Doubts that came with it.
    pub flags: Vec<Flag>,
}

impl ImportedTranslation {
    /// One without doubts.
    pub fn new(lang: Lang, text: String, machine: bool) -> Self {
        Self {
            lang,
            text,
            machine,
            flags: Vec::new(),
        }
    }
}

/// A line that waits for recognition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingUtterance {
    /// The interview.
    pub interview: InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// The channel to read.
    pub channel: u16,
    /// What to read of it.
    pub span: Span,
    /// The languages that may be spoken on this channel.
    pub languages: Vec<Lang>,
    /// The speech models that a person chose for some of them.
    pub speech_models: SpeechModels,
    /// File name of the working copy in the interview's folder.
    pub working: String,
    /// Doubts about the cut.
    pub flags: Vec<Flag>,
}

/// A text that waits for translation into one language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PendingTranslation {
    /// The interview.
    pub interview: InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// The version of the text.
    pub version: u32,
    /// The text.
    pub text: String,
    /// Where its speaker paused, in bytes; none where the times of its words are not known.
    pub pauses: Vec<usize>,
    /// From which language into which.
    pub pair: LangPair,
}

/// What a machine made of a line, or why it made nothing of it.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// A recogniser wrote it down. Where a person has written the line already, the machine's
    /// version is kept in the history and the person's goes on to count.
    Heard(&'a Hypothesis),
    /// A person had a recogniser listen once more, and why.
    HeardAgain(&'a Hypothesis, &'a str),
    /// A recogniser failed on it, and why. The line can be tried again.
    NotHeard(&'a str),
    /// A translator wrote it; a person's translation goes on to count beside it.
    Translated(&'a Translation),
    /// A person had a translator write it once more, and why.
    TranslatedAgain(&'a Translation, &'a str),
    /// A translator failed on it. It is tried again only when asked.
    NotTranslated {
        /// Into which language.
        lang: Lang,
        /// The version of the text.
        of_version: u32,
        /// Why.
        reason: &'a str,
    },
}

/// A [`Record`] and the line it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// The interview.
    pub interview: &'a InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// What was made of it.
    pub what: Record<'a>,
}

/// One version of a line's text or of one of its translations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextVersion {
    /// 1, 2, 3 ...
    pub version: u32,
    /// The language it is written in.
    pub lang: Lang,
    /// The text.
    pub text: String,
    /// Machine, edited or certified.
    pub status: Status,
    /// The engine or the person who wrote it.
    pub author: String,
    /// Why it was written, where the person said so.
    pub reason: Option<String>,
    /// When it was stored, RFC 3339 UTC.
    pub at: String,
}

/// A person's correction of a line.
#[derive(Clone, Copy, Debug)]
pub struct Correction<'a> {
    /// New words of the line.
    pub text: Option<&'a str>,
    /// New words of its translation into a language.
    pub translation: Option<(Lang, &'a str)>,
    /// Who corrects.
    pub by: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
}

/// The numbers of the versions that a correction made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corrected {
    /// Of the text, where that was corrected.
    pub text: Option<u32>,
    /// Of the translation, where that was corrected.
    pub translation: Option<u32>,
}

/// What to look for, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// What the person typed: words that must all occur, phrases in quotes, `word*`, `-word`, AND,
    /// OR, NOT, NEAR, brackets.
    pub text: String,
    /// Only lines said in this language.
    pub lang: Option<Lang>,
    /// Only this case.
    pub case: Option<String>,
    /// Only this speaker.
    pub speaker: Option<String>,
    /// Only interviews that the register links to this person.
    pub person: Option<PersonId>,
    /// Only lines with this doubt, on the text or on a translation.
    pub flag: Option<FlagKind>,
    /// Only lines of this status.
    pub status: Option<Status>,
    /// Only interviews from this date (`2026-11-23`, by the date as recorded) or moment on.
    pub since: Option<String>,
    /// Only interviews up to this date, inclusive, or moment.
    pub until: Option<String>,
    /// Near spellings too, below what is spelled as asked; without it they are looked for only
    /// where nothing else is found.
    pub like: bool,
    /// With each hit the lines before and after it.
    pub context: bool,
    /// The most hits to return.
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchPage {
    /// All hits there are, also those beyond the limit; at least so many where `more` is set.
    pub total: u64,
    /// There are more hits than were counted.
    pub more: bool,
    /// The best hits first.
    pub hits: Vec<Hit>,
    /// False where the slow search of last resort stopped at its bound: older lines were not read.
    pub complete: bool,
    /// Bundles of partners that are not what was received, and were not searched.
    pub broken: Vec<String>,
    /// How the search index served.
    pub index: Index,
}

/// How the search index served a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Index {
    /// As it should.
    #[default]
    Used,
    /// It was damaged or of an older version, and was made anew from the lines.
    Mended,
    /// It is damaged or of an older version and cannot be made anew now: lines were read one by one.
    Unusable,
}

/// Which side of a line matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// What was said.
    Text,
    /// A translation only, of the line or of the question.
    Translation,
    /// Another name of the same person.
    Name,
    /// The same term of the glossary in other words.
    Term,
}

impl Matched {
    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Matched::Text => "text",
            Matched::Translation => "translation",
            Matched::Name => "name",
            Matched::Term => "term",
        }
    }
}

/// Why a line was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Why {
    /// The words of the question stand in it.
    #[default]
    AsAsked,
    /// They do where diacritics do not count.
    Bare,
    /// Letters of the question stand inside longer words or numbers.
    Inside,
    /// Words spelled or sounding nearly like these stand in it, as the line has them.
    Like(Vec<String>),
    /// These words stand in it, which stand for the question or for a part of it.
    Across {
        /// The words.
        words: String,
        /// Who says so.
        via: Via,
    },
}

/// Who says that other words stand for a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// The glossary.
    Term,
    /// The register: a name of this person.
    Name(PersonId),
    /// A translator, into this language.
    Translated(Lang),
}

/// A line beside a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its number.
    pub segment: SegmentId,
    /// Who said it.
    pub speaker: String,
    /// The language.
    pub lang: Lang,
    /// What was said.
    pub text: String,
}

/// One line that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The interview.
    pub interview: InterviewId,
    /// Its case.
    pub case: Option<String>,
    /// The line.
    pub segment: SegmentId,
    /// Where the line starts in the recording.
    pub start_ms: u64,
    /// The language it was said in.
    pub lang: Lang,
    /// Who said it.
    pub speaker: String,
    /// What was said.
    pub text: String,
    /// The translation that matched, else the first one.
    pub translation: Option<String>,
    /// Places in `text` that matched: character offsets, start inclusive, end exclusive.
    pub marks: Vec<(usize, usize)>,
    /// The same for `translation`.
    pub translation_marks: Vec<(usize, usize)>,
    /// Which side matched.
    pub matched: Matched,
    /// Why it was found, where that is not plain.
    pub why: Why,
    /// The line before it and the line after it, where asked for.
    pub around: [Option<Neighbour>; 2],
    /// Higher is better; comparable inside one answer only.
    pub score: f64,
    /// The name of the bundle that a partner sent it in; `None` for an own interview.
    pub foreign: Option<InterviewId>,
}

/// Something to know of a person, on its way into the register.
#[derive(Clone, Copy, Debug)]
pub struct NewFact<'a> {
    /// What kind it is.
    pub kind: FactKind,
    /// As it is entered.
    pub value: &'a str,
    /// The language it was said or written in.
    pub lang: Option<Lang>,
    /// Where a name comes from; heard, where nobody says.
    pub source: Option<NameSource>,
    /// The line it was said in.
    pub line: Option<(&'a InterviewId, SegmentId)>,
    /// Why it is entered.
    pub reason: Option<&'a str>,
    /// The fact that it corrects.
    pub replaces: Option<i64>,
}

impl<'a> NewFact<'a> {
    /// A fact of a kind, and nothing more.
    pub const fn new(kind: FactKind, value: &'a str) -> Self {
        Self {
            kind,
            value,
            lang: None,
            source: None,
            line: None,
            reason: None,
            replaces: None,
        }
    }
}

/// A name or number that a line offers to the register.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The interview.
    pub interview: &'a InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// A name, a phone, a plate or a document.
    pub kind: FactKind,
    /// As written in the line.
    pub value: &'a str,
}

/// A person whose name is near the one asked for.
#[derive(Clone, Debug)]
pub struct NameMatch {
    /// Who.
    pub person: PersonId,
    /// The name of that person that is nearest.
    pub name: Fact,
    /// 0.0 to 1.0.
    pub score: f32,
    /// Why.
    pub comparison: Option<Comparison>,
}

/// What several people have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// What kind of thing; a mention stands for an interview.
    pub kind: FactKind,
    /// The number, the place as first entered, or the interview's name.
    pub value: String,
    /// Who, in the order of the register.
    pub people: Vec<PersonId>,
}
