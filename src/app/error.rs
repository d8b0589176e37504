//! Every error that reaches a person, each with the next step and an exit code.

use std::io;
use std::path::PathBuf;

use crate::domain::{InterviewId, Lang, count, next_step, reason};
use crate::{
    audio, config, evidence, export, glossary, pipeline, speech, store, transcript, translate,
    vault, workspace,
};

use super::models;

/// Why something that was asked for could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The settings.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// A model's files or description.
    #[error(transparent)]
    Models(#[from] models::Error),
    /// Sound.
    #[error(transparent)]
    Audio(#[from] audio::Error),
    /// Recognition.
    #[error(transparent)]
    Speech(#[from] speech::Error),
    /// Translation.
    #[error(transparent)]
    Translate(#[from] translate::Error),
    /// A glossary.
    #[error(transparent)]
    Glossary(#[from] glossary::Error),
    /// Nothing is ever loaded from a network.
    #[error("'{0}' is not fetched: this program never uses a network")]
    NoNetwork(String),
    /// A table of terms cannot be used.
    #[error("{cause}: {}", path.display())]
    GlossaryFile {
        /// What is wrong with it.
        cause: glossary::Error,
        /// The file.
        path: PathBuf,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The pipeline.
    #[error(transparent)]
    Pipeline(#[from] pipeline::Error),
    /// An export.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// Keys, bundles, proofs.
    #[error(transparent)]
    Evidence(#[from] evidence::Error),
    /// Something in a stored interview does not fit, so nobody can sign for it.
    #[error("{} does not fit: {}", .0.name, .0.detail)]
    DoesNotFit(evidence::Check),
    /// A session that still runs, or was cut off, cannot be sealed.
    #[error("the session of this interview has not ended: {0}")]
    SessionOpen(InterviewId),
    /// A covered copy in which nothing is to be covered.
    #[error("nothing says what is to be covered")]
    NothingToCover,
    /// The lock of the workspace.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// A transcript made elsewhere.
    #[error(transparent)]
    Transcript(#[from] transcript::Error),
    /// Another process fills in rows of this workspace.
    #[error("another mekong is working in this workspace: {0}")]
    Busy(PathBuf),
    /// A file could not be read or written.
    #[error("cannot {what}: {why}: {path}", why = reason(.cause))]
    File {
        /// `read the file`, `write the file`, ...
        what: &'static str,
        /// What the system said.
        cause: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// An interview needs two or three different languages.
    #[error("an interview needs two or three different languages of zh, vi, th, my, lo, km")]
    Languages,
    /// A channel was given a language that the interview does not have.
    #[error("a channel names {}, which is not one of the interview's languages", .0.name())]
    ChannelLanguage(Lang),
    /// A speech model was chosen for a language that the interview does not have.
    #[error("the model '{model}' was chosen for {}, which is not one of the interview's languages", .lang.name())]
    ChosenLanguage {
        /// The language.
        lang: Lang,
        /// The model's name.
        model: String,
    },
    /// A speech model was chosen that is not installed.
    #[error("no installed model is called '{model}'")]
    ChosenUnknown {
        /// The language that it was chosen for.
        lang: Lang,
        /// The model's name.
        model: String,
        /// Those that serve the language.
        fit: Vec<String>,
    },
    /// A speech model was chosen for a language that it does not serve.
    #[error("the model '{model}' does not recognise {}", .lang.name())]
    ChosenUnfit {
        /// The language.
        lang: Lang,
        /// The model's name.
        model: String,
        /// Those that serve the language.
        fit: Vec<String>,
    },
    /// An interview is not in this language.
    #[error("the interview is not in {}", .0.name())]
    NotItsLanguage(Lang),
    /// Two channels were given one speaker.
    #[error("two channels have the same speaker")]
    SameSpeaker,
    /// Fewer than two voices are known on every channel.
    #[error("fewer than two voices are known on any channel")]
    VoicesUnknown,
    /// The practice kit is not there.
    #[error("the practice kit (models/practice and recordings/practice) was not found")]
    NoKit,
    /// A script of the practice interviews is not valid.
    #[error("the script of a practice interview is not valid: {cause}: {path}")]
    Script {
        /// What is wrong.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// A model folder that was named is of no kind that the program loads.
    #[error(
        "this is neither a ggml speech model nor a translation model (a Hugging Face folder or a GGUF file): {0}"
    )]
    NotAModel(PathBuf),
    /// A folder holds no recording with its words.
    #[error("no recording with its words was found in this folder: {0}")]
    NoTestSet(PathBuf),
    /// Nothing tells the language of a test set.
    #[error("nothing tells which language these recordings are in: {0}")]
    TestSetLanguage(PathBuf),
    /// Some recordings of a test set were left out.
    #[error("{failed} of {all} recordings could not be heard; the figures are those of the others")]
    SomeUnheard {
        /// Recordings that failed.
        failed: usize,
        /// Recordings in all.
        all: usize,
    },
    /// A glossary of this name is not there.
    #[error("no glossary is called '{0}'")]
    NoGlossary(String),
    /// A glossary of this name is already there.
    #[error("a glossary called '{name}' is already there: {path}")]
    GlossaryExists {
        /// Its name.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// A model of this name is already installed.
    #[error("a model called '{name}' is already there: {folder}")]
    ModelExists {
        /// Its name.
        name: String,
        /// Its folder.
        folder: PathBuf,
    },
    /// A file stands where a new one should go.
    #[error("a file of this name is already there: {0}")]
    Exists(PathBuf),
    /// A folder, a device or a link to nothing stands where a new file should go; never replaced.
    #[error("this is a folder, a device or a link, not a file that can be written: {0}")]
    NoPlainFile(PathBuf),
    /// A workspace that can only be read: nothing leaves it without an entry.
    #[error("what leaves this workspace has to stand in its record first, and {0}")]
    Unnoted(store::Error),
    /// A transcript for a program, which the consent does not let out as it stands.
    #[error("'show --json' gives the whole transcript as it stands to a program, and {0}")]
    NoCopies(evidence::Limit),
    /// The entry was written and then the file could not be given its name.
    #[error("{0}; the record has its entry all the same, though there is no file")]
    NotedOnly(Box<Error>),
    /// A copy in the clear, into a workspace that is locked.
    #[error("a copy in the clear would lie inside a locked workspace: {0}")]
    InsideLocked(PathBuf),
    /// The recovery key would lie beside what it opens.
    #[error("the recovery key would lie in the workspace that it opens: {0}")]
    KeyInside(PathBuf),
    /// The demo needs a folder of its own.
    #[error("the folder is not empty: {0}")]
    NotEmpty(PathBuf),
    /// A correction without a word.
    #[error("the new words are empty")]
    NoWords,
    /// A correction names no language, or one that it cannot be in.
    #[error("a translation of this line must be in another language of the interview")]
    TranslationLanguage,
    /// A bundle that was not received, or is not what was received.
    #[error(
        "no partner's interview of this name was received, or it is not what was received: {0}"
    )]
    NotReceived(String),
    /// A line of a transcript is in a language that the interview does not have.
    #[error("line {line} is in {}, which is not one of the interview's languages", .lang.name())]
    LineLanguage {
        /// The line, from 1.
        line: usize,
        /// Its language.
        lang: Lang,
    },
    /// More speakers than an interview can have.
    #[error("the transcript names more than {0} speakers")]
    Speakers(usize),
    /// Nobody opened a key.
    #[error("nobody signs: no key is open")]
    NobodySigns,
    /// The channels cannot be dealt to the microphones.
    #[error("{named} channels cannot be dealt to {found} microphones")]
    Microphones {
        /// Channels named.
        named: usize,
        /// Microphones named.
        found: usize,
    },
    /// One microphone was named more than once.
    #[error("the microphone is named twice: {0}")]
    MicrophoneTwice(String),
    /// A line of an imported transcript has no sound to play.
    #[error("this interview was stored without its recording, so it cannot be heard")]
    NoSound,
    /// A microphone is open for the record.
    #[error("nothing is played while a recording runs: the microphone would record it too")]
    NotPlayed,
    /// Lines are left without text or translation; they stay pending.
    #[error("{} left undone: {reason}", undone(*.failed, *.untranslated))]
    Unfinished {
        /// Lines that were not recognised.
        failed: u64,
        /// Translations that were not made.
        untranslated: u64,
        /// Why the first of them was not.
        reason: String,
    },
    /// Somebody asked to stop work that stores nothing.
    #[error("interrupted; nothing was stored")]
    Stopped,
    /// Some of several files failed; each was reported by itself.
    #[error("{failed} of {all} files could not be imported; the others are stored")]
    SomeFailed {
        /// Files that failed.
        failed: usize,
        /// Files in all.
        all: usize,
    },
}

/// `2 unrecognised lines and 1 missing translation`.
fn undone(failed: u64, untranslated: u64) -> String {
    let parts = [
        (failed, "unrecognised line"),
        (untranslated, "missing translation"),
    ];
    let told = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what));
    told.collect::<Vec<_>>().join(" and ")
}

/// Which models a person can choose for speech in a language.
fn fitting(lang: Lang, fit: &[String]) -> String {
    match fit {
        [] => "No installed model recognises this language; import one with 'mekong models import PATH'."
            .to_owned(),
        fit => format!("Choose one that recognises {}: {}.", lang.name(), fit.join(", ")),
    }
}

impl Error {
    /// For work that stores nothing: a wish to stop is not told as if something were left to resume.
    pub(super) fn of_nothing_stored(self) -> Self {
        if self.is_cancelled() {
            Error::Stopped
        } else {
            self
        }
    }

    /// The next step that a person can take.
    pub fn help(&self) -> String {
        match self {
            Error::Workspace(e) => e.help(),
            Error::Config(e) => e.help(),
            Error::Models(e) => e.help(),
            Error::Audio(e) => e.help().to_string(),
            Error::Speech(e) => e.help().to_string(),
            Error::Translate(e) => e.help().to_string(),
            Error::NoNetwork(_) => "On a computer with a network, download the model's files into a \
                folder with a model.toml (models/README.md shows the form). Bring the folder here, \
                on a USB stick for instance, and run 'mekong models import FOLDER'."
                .into(),
            Error::Glossary(e) | Error::GlossaryFile { cause: e, .. } => e.help().to_string(),
            Error::Store(e) => e.help().to_string(),
            Error::Pipeline(e) => e.help(),
            Error::Export(e) => e.help().to_string(),
            Error::Transcript(e) => e.help().to_string(),
            Error::Evidence(e) => e.help().to_string(),
            Error::Vault(e) => e.help().to_string(),
            Error::DoesNotFit(_) => {
                "Run 'mekong verify' and show the result to whoever looks after this computer; \
                 change nothing before."
                    .into()
            }
            Error::SessionOpen(_) => {
                "End it first; 'mekong resume' completes one that was cut off.".into()
            }
            Error::NothingToCover => "Name it with --redact LIST, or enter the person in the register and \
                a pseudonym in the consent."
                .into(),
            Error::Busy(_) => {
                "Wait until it has finished, or close it; reading and searching work meanwhile."
                    .into()
            }
            Error::File { cause, .. } => next_step(cause).into(),
            Error::Languages => "For example: --languages zh,vi".into(),
            Error::ChannelLanguage(_) => {
                "Name it in --languages too, or correct --channels.".into()
            }
            Error::ChosenLanguage { .. } => {
                "Name the language in --languages too, or leave this choice out.".into()
            }
            Error::ChosenUnknown { lang, fit, .. } | Error::ChosenUnfit { lang, fit, .. } => {
                fitting(*lang, fit)
            }
            Error::NotItsLanguage(_) => {
                "Take one of its own languages; 'mekong list' shows them.".into()
            }
            Error::VoicesUnknown => {
                "Say first of two or three clear lines of each person who speaks in them."
                    .into()
            }
            Error::SameSpeaker => "Give each channel a name of its own, or name one as 'all'.".into(),
            Error::NoKit => "Run from the program's folder, or set MEKONG_KIT to it.".into(),
            Error::Script { .. } => {
                "Get the practice kit again from where the program came from.".into()
            }
            Error::NotAModel(_) => {
                "Name a folder with config.json and model.safetensors, a GGUF file, or a ggml file."
                    .into()
            }
            Error::NoTestSet(_) => "Put a text beside each recording (001.wav and 001.txt), or a table \
                (.tsv) that names each recording and its words."
                .into(),
            Error::TestSetLanguage(_) => "Name it with --language, for example --language my, or call \
                the folder by its code: my, km, lo, th, vi, zh."
                .into(),
            Error::NoGlossary(_) => "See 'mekong glossary list' for the names.".into(),
            Error::GlossaryExists { .. } => {
                "Rename your file, or add --replace to use it in place of that one.".into()
            }
            Error::ModelExists { .. } => {
                "It can be used as it is. Another one needs a name of its own: change 'name' in its \
                 model.toml, and its folder's name."
                    .into()
            }
            Error::Exists(_) => "Name another file, or add --force to replace that one.".into(),
            Error::Unnoted(_) => "Take the write protection away, or copy the whole workspace to a disk that \
                can be written and export from there: mekong --workspace COPY export ..."
                .into(),
            Error::NotedOnly(cause) => format!(
                "{} A limit that was lifted for this file has to be lifted again.",
                cause.help()
            ),
            Error::NoCopies(_) => "Read it with 'mekong show'. What leaves the house goes through \
                'mekong export ID --format json', which covers what is to be covered."
                .into(),
            Error::InsideLocked(_) => "Name a place outside of the workspace, for example on the USB \
                stick for the partner."
                .into(),
            Error::KeyInside(_) => "Name a file on a USB stick, and keep the stick in another place."
                .into(),
            Error::NoPlainFile(_) => "Name a file, which may be new.".into(),
            Error::NotEmpty(_) => {
                "Name a new or empty folder, so that practice and casework stay apart.".into()
            }
            Error::NoWords => {
                "Write the words that were said; nothing said can be removed.".into()
            }
            Error::TranslationLanguage => {
                "Name the language with --to, for example --to vi.".into()
            }
            Error::NotReceived(_) => {
                "'mekong received' lists what partners sent; ask the partner to send it again.".into()
            }
            Error::LineLanguage { .. } => "Name its language in --languages too.".into(),
            Error::Speakers(_) => "Check that the speaker column holds names, not text.".into(),
            Error::NobodySigns => "Choose your key and type its passphrase, then ask again.".into(),
            Error::Microphones { .. } => "Name as many channels as microphones, or for each \
                microphone the same number, in the order of the microphones; or part them with a \
                stroke: officer=zh/interviewee=vi,interpreter=zh+vi. Eight at most."
                .into(),
            Error::MicrophoneTwice(_) => {
                "Choose another one for the second place; 'mekong devices' lists them.".into()
            }
            Error::NoSound => {
                "Import the recording itself to hear it; the text can be read and corrected.".into()
            }
            Error::NotPlayed => "Pause the recording to listen, or listen when it has ended.".into(),
            Error::Unfinished { .. } => {
                "What is done is stored. 'mekong doctor' says what is missing; then 'mekong resume' \
                 does the rest."
                    .into()
            }
            Error::Stopped => "Start it again whenever you like.".into(),
            Error::SomeFailed { .. } | Error::SomeUnheard { .. } => "See the messages above for each file.".into(),
        }
    }

    /// Whether a person asked to stop.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Error::Pipeline(e) => e.is_cancelled(),
            Error::Models(e) => matches!(e, models::Error::Cancelled),
            Error::Audio(e) => matches!(e, audio::Error::Cancelled),
            Error::Speech(e) => matches!(e, speech::Error::Cancelled),
            Error::Translate(e) => matches!(e, translate::Error::Cancelled),
            Error::Store(e) => matches!(e, store::Error::Cancelled),
            Error::Evidence(e) => matches!(e, evidence::Error::Cancelled),
            Error::Export(e) => matches!(e, export::Error::Cancelled),
            Error::Stopped => true,
            _ => false,
        }
    }

    /// Whether the database as a whole refuses; [`super::App::words`] adds its path.
    pub(super) fn is_of_the_store(&self) -> bool {
        use pipeline::Error::Store;
        matches!(self, Error::Store(e) | Error::Unnoted(e) | Error::Pipeline(Store(e)) if e.is_of_the_file())
    }

    /// Whether the same may be done later: the disk or the store did not take it now, or nobody signed.
    pub(super) fn passes(&self) -> bool {
        self.is_of_the_store() || matches!(self, Error::Store(store::Error::NoAuthor))
    }

    /// The command line's promise: 1 the work failed, 3 evidence does not fit, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            _ if self.is_cancelled() => 130,
            Error::DoesNotFit(_) => 3,
            Error::Evidence(e) if e.is_mismatch() => 3,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_measurement_leaves_nothing_to_resume() {
        for cancelled in [
            Error::from(audio::Error::Cancelled),
            pipeline::Error::Cancelled.into(),
            speech::Error::Cancelled.into(),
            models::Error::Cancelled.into(),
        ] {
            let told = cancelled.of_nothing_stored();
            assert_eq!(told.exit_code(), 130);
            assert!(!told.to_string().contains("resume") && !told.help().contains("resume"));
        }
        assert!(pipeline::Error::Cancelled.help().contains("resume"));
        assert!(matches!(Error::NoKit.of_nothing_stored(), Error::NoKit));
    }

    #[test]
    fn what_is_left_undone_is_counted() {
        assert_eq!(
            undone(1, 2),
            "1 unrecognised line and 2 missing translations"
        );
        assert_eq!(undone(0, 1), "1 missing translation");
    }
}
