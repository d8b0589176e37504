//! What was typed: verbs, options and their bounds. What it means is decided by the verbs' own files.

use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, RangedU64ValueParser};
use clap::{Args, Parser, Subcommand};

use crate::domain::{Asked, Lang, SpeechChoice};

use super::again::{AgainArgs, SpeakerArgs, VoicesArgs};
use super::channels::{parse_channel, parse_choice};
use super::search::Search;

pub use super::channels::{Channel, Dealt};
pub use super::consent::Consent;
pub use super::evidence_args::{Bundle, Certify, Keys, Receive, Seal, Verify};
pub use super::export::Export;
pub use super::people_args::People;
pub use super::read_back::ReadBack;
pub use super::recut::Recuts;
pub use super::shelf_args::{Glossary, Models};
pub use super::system::Bench;
pub use super::workspace::Workspace;

/// Records and transcribes interviews across a language barrier, and translates them, on this
/// machine alone.
///
/// Languages: zh Chinese, vi Vietnamese, th Thai, my Burmese, lo Lao, km Khmer.
#[derive(Debug, Parser)]
#[command(name = "mekong", version, max_term_width = 100)]
pub struct Typed {
    /// The folder with models, glossaries, recordings and the store.
    #[arg(long, global = true, value_name = "DIR", display_order = 900)]
    pub workspace: Option<PathBuf>,
    /// A file with the passphrase of a locked workspace; else it is asked for.
    #[arg(long, global = true, value_name = "FILE", display_order = 901)]
    pub passphrase_file: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// One verb with its options.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Open the window; the same as no verb at all.
    Gui,
    /// Try the practice interviews: recognise, translate, compare with what was said.
    Demo(Demo),
    /// Store recordings or transcripts as interviews, and recognise and translate them.
    Import(Import),
    /// Record a live interview in this terminal; Ctrl-C ends it.
    Record(Record),
    /// Finish what is pending after a crash or an interruption.
    Resume(Resume),
    /// List the interviews, newest first.
    List(List),
    /// Show one transcript with its translations.
    Show(Show),
    /// Show every version of one line and of its translations.
    History(History),
    /// Find words in all interviews.
    Search(Box<Search>),
    /// Correct a line; the earlier words are kept beside it.
    Edit(Edit),
    /// Part, join or move lines; what stood before is kept.
    #[command(subcommand)]
    Recut(Box<Recuts>),
    /// Say who speaks in a line; the line as it was cut is kept.
    Speaker(SpeakerArgs),
    /// Tell who speaks in the other lines by the voices of those whose speaker you said.
    Voices(VoicesArgs),
    /// Let a machine hear or translate lines once more: another model, another language.
    Again(AgainArgs),
    /// The register of people: names in any script, possible matches, links.
    #[command(subcommand)]
    People(Box<People>),
    /// Write one interview to a file.
    Export(Export),
    /// Look after the keys of the people who sign, and of partners.
    #[command(subcommand)]
    Keys(Keys),
    /// Enter what the person interviewed allows, or show it; it binds exports and bundles.
    Consent(Box<Consent>),
    /// Read the lines back to the person interviewed, and note what is said to each.
    ReadBack(Box<ReadBack>),
    /// Sign for lines that somebody else wrote.
    Certify(Certify),
    /// Sign the end of an interview's record; its digits go on paper.
    Seal(Seal),
    /// Write an interview for a partner, signed and encrypted.
    Bundle(Bundle),
    /// Take a partner's bundle in, apart from your own interviews.
    Receive(Receive),
    /// List what partners sent.
    Received(Json),
    /// Check that an interview, a bundle or a receipt is what was signed; ends with 3 if not.
    Verify(Verify),
    /// Copy the forms of the record into the workspace, to be changed there.
    Templates(Json),
    /// Recognise a recording without storing anything.
    Transcribe(Transcribe),
    /// Translate a text, or standard input line by line.
    Translate(Translate),
    /// List, check, bring in or write out terms.
    #[command(subcommand)]
    Glossary(Glossary),
    /// List, check, bring in or shrink models.
    #[command(subcommand)]
    Models(Models),
    /// Lock the workspace against thieves, change its passphrase, recover it.
    #[command(subcommand)]
    Workspace(Workspace),
    /// List the microphones.
    Devices(Json),
    /// Say what on this machine would stop an interview.
    Doctor(Json),
    /// Measure speed on this machine.
    Bench(Bench),
}

/// For verbs without other options.
#[derive(Debug, Args)]
pub struct Json {
    /// Write one JSON value to standard output and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// `mekong demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Work in this folder and leave the result there.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong import`
#[derive(Debug, Args)]
pub struct Import {
    /// Recordings, or transcripts that end in .json, .srt, .vtt or .csv.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The two or three languages of the interview, the officer's first, for example zh,vi; of zh,
    /// vi, th, my, lo and km.
    #[arg(long, required = true, value_delimiter = ',', value_name = "LANGS")]
    pub languages: Vec<Lang>,
    /// The case that the interviews belong to.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub case: Option<String>,
    /// Who speaks in which language on each channel, in the order of the channels, for example
    /// officer=zh,interviewee=vi; all=zh+vi alone: several languages on every channel.
    #[arg(long, value_delimiter = ',', value_parser = parse_channel, value_name = "NAME=LANG")]
    pub channels: Vec<Channel>,
    /// The speech model for a language of these recordings in place of the one of the settings, for
    /// example km=my-model; km@interviewee=my-model or km@2=my-model: on that channel alone. Can be
    /// given several times.
    #[arg(long = "speech-model", value_parser = parse_choice, value_name = "LANG[@CHANNEL]=NAME")]
    pub speech_models: Vec<SpeechChoice>,
    /// As what the person was interviewed; stands in the record, and binds a victim's until a consent is
    /// entered.
    #[arg(long, value_name = "PERSON")]
    pub of: Option<Asked>,
    /// Store a recording a second time where an interview holds the same one already.
    #[arg(long)]
    pub again: bool,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong record`
#[derive(Debug, Args)]
pub struct Record {
    /// The two or three languages of the interview, the officer's first, for example zh,vi.
    #[arg(long, required = true, value_delimiter = ',', value_name = "LANGS")]
    pub languages: Vec<Lang>,
    /// The microphone, by its id or exact name as 'mekong devices' lists it; file:PATH plays a sound
    /// file in its place, for practice. Without it: those used last. Can be given several times:
    /// each microphone is recorded for itself.
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub device: Vec<String>,
    /// Who speaks in which language on each channel, for example officer=zh,interviewee=vi; with
    /// several microphones in their order, to each the same number, or parted by a stroke:
    /// officer=zh/interviewee=vi,interpreter=zh+vi. Without it one channel is for all.
    #[arg(long, value_parser = Dealt::parse, value_name = "NAME=LANG")]
    pub channels: Vec<Dealt>,
    /// The speech model for a language of this interview in place of the one of the settings, for example
    /// km=my-model; km@interviewee=my-model or km@2=my-model: on that channel alone. Can be given several
    /// times.
    #[arg(long = "speech-model", value_parser = parse_choice, value_name = "LANG[@CHANNEL]=NAME")]
    pub speech_models: Vec<SpeechChoice>,
    /// The case that the interview belongs to.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub case: Option<String>,
    /// End by itself after so many seconds; the disk must have room for it.
    #[arg(long = "for", value_name = "SECONDS",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..=86_400))]
    pub seconds: Option<u64>,
    /// How long the interview is likely to take: the disk must have room for so many minutes. Without it
    /// for what --for says, else for two hours.
    #[arg(long, value_name = "MINUTES",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..=1_440))]
    pub planned: Option<u64>,
    /// As what the person is interviewed; stands in the record.
    #[arg(long, value_name = "PERSON")]
    pub of: Option<Asked>,
    /// Who is in the room; stands in the record.
    #[arg(long, value_name = "WHO", value_parser = NonEmptyStringValueParser::new())]
    pub present: Option<String>,
    /// Record without the microphones' test, for this reason; it stands in the record. Needed where nobody
    /// sits at a terminal; a file that plays in place of a microphone is not tested.
    #[arg(long, value_name = "REASON", value_parser = NonEmptyStringValueParser::new())]
    pub untested: Option<String>,
    /// How fast a practice file plays; for proofs.
    #[arg(long, hide = true, default_value_t = 1.0, value_name = "FACTOR")]
    pub practice_speed: f64,
    /// Write one JSON object for each line, as in 'show --json', once it has the translations that the
    /// installed models give.
    #[arg(long)]
    pub json: bool,
}

/// `mekong resume`
#[derive(Debug, Args)]
pub struct Resume {
    /// Only this interview; the beginning of its name is enough while no other begins so.
    pub id: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong list`
#[derive(Debug, Args)]
pub struct List {
    /// Only this case, in capital or small letters.
    #[arg(long)]
    pub case: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong show`
#[derive(Debug, Args)]
pub struct Show {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong history`
#[derive(Debug, Args)]
pub struct History {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The number of the line.
    pub segment: i64,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong edit`
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("words").required(true).multiple(true)))]
pub struct Edit {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The number of the line.
    pub segment: i64,
    /// New words of the line.
    #[arg(long, group = "words")]
    pub text: Option<String>,
    /// New words of its translation.
    #[arg(long, group = "words")]
    pub translation: Option<String>,
    /// The language of the translation, where the interview has three.
    #[arg(long, requires = "translation", value_name = "LANG")]
    pub to: Option<Lang>,
    /// Who corrects.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    /// Sign it with the key of that name.
    #[arg(long)]
    pub sign: bool,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong transcribe`
#[derive(Debug, Args)]
pub struct Transcribe {
    /// The recording.
    pub audio: PathBuf,
    /// The language that is spoken: zh, vi, th, my, lo or km.
    #[arg(long, value_name = "LANG")]
    pub language: Lang,
    /// A model's name, or the path of a ggml file or of the folder that holds it.
    #[arg(long, value_name = "NAME_OR_DIR")]
    pub model: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong translate`
#[derive(Debug, Args)]
pub struct Translate {
    /// The text; standard input, line by line, where it is left out.
    pub text: Option<String>,
    /// The language of the text: zh, vi, th, my, lo or km, and en where the model has it.
    #[arg(long, value_name = "LANG")]
    pub from: Lang,
    /// The language that is wanted, by the same codes.
    #[arg(long, value_name = "LANG")]
    pub to: Lang,
    /// A model's name, or the path of a Hugging Face folder.
    #[arg(long, value_name = "NAME_OR_DIR")]
    pub model: Option<String>,
    /// A glossary's name; all of them where it is left out.
    #[arg(long, value_name = "NAME")]
    pub glossary: Option<String>,
    /// The case whose terms and names are in force beside those of no case.
    #[arg(long, value_name = "NAME")]
    pub case: Option<String>,
    /// How many translations are kept side by side while searching, 1 to 8.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=8))]
    pub beam: Option<usize>,
    /// The longest translation of a sentence, in tokens.
    #[arg(long, value_name = "N",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub max_tokens: Option<usize>,
    /// A second model, by name or path: lines that it translates quite differently are flagged.
    #[arg(long, value_name = "NAME_OR_DIR", conflicts_with = "raw")]
    pub second: Option<String>,
    /// The model alone: no normalising, no sentence splitting, no terms, no checks.
    #[arg(long, conflicts_with_all = ["glossary", "case"])]
    pub raw: bool,
    /// Write one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Passes on a date or a moment as typed, after making sure that it is one.
pub(super) fn parse_date(typed: &str) -> Result<String, String> {
    let valid =
        typed.parse::<jiff::civil::Date>().is_ok() || typed.parse::<jiff::Timestamp>().is_ok();
    valid
        .then(|| typed.to_owned())
        .ok_or_else(|| "write it as 2026-11-23 or 2026-11-23T09:30:00+07:00".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Verb, clap::Error> {
        Typed::try_parse_from(line.split(' ')).map(|typed| typed.verb.unwrap())
    }

    #[test]
    fn the_definition_is_consistent() {
        Typed::command().debug_assert();
    }

    #[test]
    fn channels_take_one_language_or_several() {
        let line = "mekong import a.wav --languages zh,vi --channels officer=zh,all=zh+vi";
        let Verb::Import(import) = parse(line).unwrap() else {
            panic!("not import")
        };
        assert_eq!(import.languages, [Lang::Zh, Lang::Vi]);
        let all = Channel {
            speaker: "all".into(),
            languages: vec![Lang::Zh, Lang::Vi],
        };
        assert_eq!(import.channels.len(), 2);
        assert_eq!(import.channels[1], all);
    }

    #[test]
    fn the_workspace_may_stand_before_or_behind_the_verb() {
        for line in ["mekong --workspace W list", "mekong list --workspace W"] {
            let typed = Typed::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(typed.workspace, Some("W".into()));
        }
    }

    #[test]
    fn a_wrong_command_line_is_refused_with_2() {
        for line in [
            "mekong record",
            "mekong record --languages zh,vi --for 0",
            "mekong record --languages zh,xx",
            "mekong import a.wav",
            "mekong import --languages zh,vi",
            "mekong import a.wav --languages zh,xx",
            "mekong import a.wav --languages zh,vi --channels zh",
            "mekong import a.wav --languages zh,vi --channels =zh",
            "mekong import a.wav --languages zh,vi --speech-model vi",
            "mekong import a.wav --languages zh,vi --speech-model vi=",
            "mekong import a.wav --languages zh,vi --speech-model xx=m",
            "mekong import a.wav --languages zh,vi --speech-model vi@=m",
            "mekong record --languages zh,vi --speech-model @2=m",
            "mekong search",
            "mekong search x --limit 0",
            "mekong search x --since yesterday",
            "mekong edit id 1 --by N",
            "mekong edit id one --text t --by N",
            "mekong edit id 1 --text t --to vi --by N",
            "mekong export id --format exe --out f",
            "mekong translate x --from vi --to zh --beam 9",
            "mekong translate x --from vi",
            "mekong glossary",
            "mekong recut",
            "mekong recut split id 1 --at 5",
            "mekong recut split id 1 --at 5 --translation-at vi --by N",
            "mekong recut retime id 1 --by N",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
