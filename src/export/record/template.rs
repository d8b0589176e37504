//! The words of a record, a file a language: shipped with the program, and replaced by files of the
//! same name that an agency keeps in its workspace.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::domain::{Asked, FlagKind, Lang, Segment};
use crate::evidence::sha256;
use crate::export::Error;

use super::What;

/// Largest template that is read; the shipped ones have some 10 KB.
const MAX_BYTES: u64 = 1 << 20;
/// Most fields of a template.
const MAX_FIELDS: usize = 200;
/// Widest blank, in letters.
const MAX_BLANK: usize = 200;

/// The shipped templates: file name and content.
pub const SHIPPED: [(&str, &str); 6] = [
    (
        "record-zh.toml",
        include_str!("../templates/record-zh.toml"),
    ),
    (
        "record-vi.toml",
        include_str!("../templates/record-vi.toml"),
    ),
    (
        "record-th.toml",
        include_str!("../templates/record-th.toml"),
    ),
    (
        "record-my.toml",
        include_str!("../templates/record-my.toml"),
    ),
    (
        "record-lo.toml",
        include_str!("../templates/record-lo.toml"),
    ),
    (
        "record-km.toml",
        include_str!("../templates/record-km.toml"),
    ),
];

/// One text for each kind of person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByPerson {
    suspect: String,
    victim: String,
    witness: String,
}

impl ByPerson {
    pub(super) fn of(&self, person: Asked) -> &str {
        match person {
            Asked::Suspect => &self.suspect,
            Asked::Victim => &self.victim,
            Asked::Witness => &self.witness,
        }
    }
}

/// A field at the head of the record.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    /// The same in all languages.
    pub(super) name: String,
    pub(super) label: String,
    /// Length of the blank, in letters.
    pub(super) blank: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    pub(super) colon: String,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) interpreter: String,
    pub(super) machine: String,
    pub(super) stale: String,
    pub(super) missing: String,
    /// With `{page}` and `{pages}`.
    pub(super) page: String,
    pub(super) text_hash: String,
    pub(super) recording_hash: String,
    /// A form of an earlier version has no word for it.
    #[serde(default = "plain_hash")]
    pub(super) chain_hash: String,
    /// Nor for this one.
    #[serde(default = "plain_hash")]
    pub(super) sound_chain_hash: String,
}

fn plain_hash() -> String {
    "SHA-256".to_owned()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Closing {
    pub(super) formula: String,
    pub(super) read: String,
    pub(super) correction: String,
    pub(super) refusal: String,
    pub(super) interpreter: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sign {
    suspect: String,
    victim: String,
    witness: String,
    pub(super) officer: String,
    pub(super) recorder: String,
    pub(super) interpreter: String,
    pub(super) date: String,
}

impl Sign {
    pub(super) fn of(&self, person: Asked) -> &str {
        match person {
            Asked::Suspect => &self.suspect,
            Asked::Victim => &self.victim,
            Asked::Witness => &self.witness,
        }
    }
}

/// What was said to the lines when they were read back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadBackWords {
    pub(super) title: String,
    pub(super) right: String,
    pub(super) corrected: String,
    pub(super) refused: String,
    pub(super) unread: String,
    pub(super) by: String,
}

/// A form of an earlier version has no words for it.
impl Default for ReadBackWords {
    fn default() -> Self {
        let word = str::to_owned;
        Self {
            title: word("Read back line by line"),
            right: word("right"),
            corrected: word("corrected"),
            refused: word("refused"),
            unread: word("not read"),
            by: word("Read out"),
        }
    }
}

/// What happened in a session beside the words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionWords {
    pub(super) title: String,
    present: String,
    rights: String,
    said: String,
    yes: String,
    no: String,
    pause: String,
    gap: String,
    #[serde(rename = "break")]
    rest: String,
    comes: String,
    goes: String,
    somebody: String,
    exhibit: String,
}

/// A form of an earlier version has no words for it.
impl Default for SessionWords {
    fn default() -> Self {
        let word = str::to_owned;
        Self {
            title: word("What happened"),
            present: word("Present"),
            rights: word("Rights explained"),
            said: word("Read out"),
            yes: word("Read out; answer: yes"),
            no: word("Read out; answer: no"),
            pause: word("Paused"),
            gap: word("Sound is missing"),
            rest: word("Break"),
            comes: word("The interpreter arrives"),
            goes: word("The interpreter leaves"),
            somebody: word("Somebody enters or leaves"),
            exhibit: word("Exhibit"),
        }
    }
}

impl SessionWords {
    pub(super) fn of(&self, what: What) -> &str {
        match what {
            What::Present => &self.present,
            What::Rights => &self.rights,
            What::Said => &self.said,
            What::Yes => &self.yes,
            What::No => &self.no,
            What::Pause => &self.pause,
            What::Gap => &self.gap,
            What::Break => &self.rest,
            What::Comes => &self.comes,
            What::Goes => &self.goes,
            What::Somebody => &self.somebody,
            What::Exhibit => &self.exhibit,
        }
    }
}

/// What stands in place of words that are held back, and why they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeldWords {
    /// With `{reason}`.
    held: String,
    phantom_phrase: String,
    repetition: String,
    no_speech: String,
    wrong_script: String,
    speech_rate: String,
}

/// A form of an earlier version has no words for it.
impl Default for HeldWords {
    fn default() -> Self {
        let word = str::to_owned;
        Self {
            held: word("[held back: {reason}]"),
            phantom_phrase: word("a phrase that machines invent in silence or music"),
            repetition: word("the same words over and over"),
            no_speech: word("perhaps nobody speaks here"),
            wrong_script: word("letters of another script"),
            speech_rate: word("more words than anybody speaks in this time"),
        }
    }
}

/// All words of a record in one language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub(super) language: Lang,
    /// Whether a native speaker has read the words.
    pub(super) reviewed: bool,
    pub(super) unreviewed: String,
    pub(super) title: ByPerson,
    #[serde(rename = "field")]
    pub(super) fields: Vec<Field>,
    pub(super) rights: ByPerson,
    pub(super) words: Labels,
    pub(super) closing: Closing,
    #[serde(default)]
    pub(super) read_back: ReadBackWords,
    #[serde(default)]
    pub(super) session: SessionWords,
    #[serde(default)]
    held: HeldWords,
    pub(super) sign: Sign,
    /// Of the file with these words: what rights were told and what was signed for stands in it.
    #[serde(skip)]
    sha256: String,
}

fn file_name(lang: Lang) -> String {
    format!("record-{lang}.toml")
}

impl Template {
    /// The template of a language: the agency's from `folder` if it is there, else the shipped one.
    ///
    /// # Errors
    /// A file that cannot be read or is no template; a language without one.
    pub fn of(lang: Lang, folder: Option<&Path>) -> Result<Self, Error> {
        let name = file_name(lang);
        if let Some(path) = folder.map(|f| f.join(&name)).filter(|p| p.is_file()) {
            let failed = |cause: String| Error::Template {
                cause,
                path: path.clone(),
            };
            let mut text = String::new();
            let file = File::open(&path).map_err(|e| failed(e.to_string()))?;
            file.take(MAX_BYTES)
                .read_to_string(&mut text)
                .map_err(|e| failed(e.to_string()))?;
            return Self::parse(&text, lang).map_err(failed);
        }
        let shipped = SHIPPED.iter().find(|(file, _)| *file == name);
        let (_, text) = shipped.ok_or(Error::NoTemplate(lang))?;
        Self::parse(text, lang).map_err(|cause| Error::Template {
            cause,
            path: name.into(),
        })
    }

    /// The name of its file and the file's SHA-256.
    pub fn file(&self) -> (String, &str) {
        (file_name(self.language), &self.sha256)
    }

    fn parse(text: &str, lang: Lang) -> Result<Self, String> {
        let mut template: Self = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        template.sha256 = sha256(text.as_bytes());
        if template.language != lang {
            return Err(format!(
                "it says that it is in {}",
                template.language.name()
            ));
        }
        if template.fields.len() > MAX_FIELDS {
            return Err(format!("it has more than {MAX_FIELDS} fields"));
        }
        if template.fields.iter().any(|f| f.blank > MAX_BLANK) {
            return Err(format!("a blank is longer than {MAX_BLANK} letters"));
        }
        let Labels { page, .. } = &template.words;
        if !page.contains("{page}") || !page.contains("{pages}") {
            return Err("the words 'page' need {page} and {pages}".to_owned());
        }
        if !template.held.held.contains("{reason}") {
            return Err("the words 'held' need {reason}".to_owned());
        }
        Ok(template)
    }

    /// What stands in place of the words of a line that is held back; `None` for all others.
    pub(super) fn held_back(&self, segment: &Segment) -> Option<String> {
        let words = &self.held;
        let reason = match segment.quarantined()? {
            FlagKind::PhantomPhrase => &words.phantom_phrase,
            FlagKind::Repetition => &words.repetition,
            FlagKind::NoSpeech => &words.no_speech,
            FlagKind::WrongScript => &words.wrong_script,
            FlagKind::SpeechRate => &words.speech_rate,
            other => return Some(words.held.replace("{reason}", other.as_str())),
        };
        Some(words.held.replace("{reason}", reason))
    }

    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|f| f.name == name);
        field.map(|f| f.label.as_str())
    }
}
