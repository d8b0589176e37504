//! What was typed behind `mekong people`.

use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser as _};
use clap::{ArgGroup, Args, Subcommand};

use crate::domain::{FactKind, Lang, NameSource, Verdict};

use super::args::Json;

/// `mekong people ...`
#[derive(Debug, Subcommand)]
pub enum People {
    /// List the people, or those of one case.
    List(PeopleList),
    /// Show one person with every entry and decision.
    Show(PeopleShow),
    /// Add a person.
    Add(PeopleAdd),
    /// Add entries to a person, correct one, or take one back; the earlier ones are kept.
    Note(PeopleNote),
    /// Find people whose name is near, in any script; or who may be the same as a person.
    Match(PeopleMatch),
    /// Say whether two people are the same; both stay in the register.
    Decide(PeopleDecide),
    /// Show names and numbers that transcripts offer, or dismiss one.
    Candidates(PeopleCandidates),
    /// Show the phones, plates, documents, places and interviews that people share.
    Links(PeopleLinks),
    /// Write the register as FollowTheMoney entities, one JSON object a line.
    Export(PeopleExport),
}

/// `mekong people list`
#[derive(Debug, Args)]
pub struct PeopleList {
    /// Only people of this case.
    #[arg(long)]
    pub case: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong people show`
#[derive(Debug, Args)]
pub struct PeopleShow {
    /// The person, for example p1.
    pub person: String,
    #[command(flatten)]
    pub form: Json,
}

/// What may be entered of a person; each may be given several times.
#[derive(Debug, Args)]
pub struct Entries {
    /// The person's role, for example suspect.
    #[arg(long, value_name = "WORD")]
    pub role: Vec<String>,
    /// The year of birth, of the common or the Buddhist era.
    #[arg(long, value_name = "YEAR")]
    pub born: Vec<String>,
    /// A telephone number.
    #[arg(long, value_name = "NUMBER")]
    pub phone: Vec<String>,
    /// A vehicle's plate.
    #[arg(long, value_name = "PLATE")]
    pub plate: Vec<String>,
    /// The number of a document.
    #[arg(long, value_name = "NUMBER")]
    pub document: Vec<String>,
    /// A place.
    #[arg(long, value_name = "PLACE")]
    pub place: Vec<String>,
    /// Anything else worth knowing.
    #[arg(long, value_name = "TEXT")]
    pub text: Vec<String>,
    /// Where the names come from: given by the person, alias, document, heard.
    #[arg(long, value_parser = sources())]
    pub source: Option<NameSource>,
    /// The language that the names were said or written in.
    #[arg(long)]
    pub lang: Option<Lang>,
    /// The interview that all of this comes from.
    #[arg(long, value_name = "ID", requires = "segment")]
    pub interview: Option<String>,
    /// The line of that interview.
    #[arg(long, value_name = "LINE", requires = "interview")]
    pub segment: Option<i64>,
    /// Who enters it.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
}

/// `mekong people add`
#[derive(Debug, Args)]
pub struct PeopleAdd {
    /// The names, each as it is written in its script.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// The case in which the person comes up.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub case: Option<String>,
    #[command(flatten)]
    pub entries: Entries,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong people note`
#[derive(Debug, Args)]
pub struct PeopleNote {
    /// The person, for example p1.
    pub person: String,
    /// One more name.
    #[arg(long, value_name = "NAME")]
    pub name: Vec<String>,
    /// The entry that the one given here corrects; its number is in 'people show'.
    #[arg(long, value_name = "ENTRY", conflicts_with = "withdraw")]
    pub replaces: Option<i64>,
    /// Take this entry back.
    #[arg(long, value_name = "ENTRY")]
    pub withdraw: Option<i64>,
    #[command(flatten)]
    pub entries: Entries,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong people match`
#[derive(Debug, Args)]
pub struct PeopleMatch {
    /// A name in any script, or a person such as p1.
    #[arg(required = true)]
    pub name: Vec<String>,
    /// The language it was said or written in, where its script does not tell.
    #[arg(long)]
    pub lang: Option<Lang>,
    /// Show the nearest even where they are not near.
    #[arg(long)]
    pub all: bool,
    /// The most people to show.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub limit: usize,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong people decide`
#[derive(Debug, Args)]
pub struct PeopleDecide {
    /// The one, for example p1.
    pub one: String,
    /// The other.
    pub other: String,
    /// same, not-same or unsure.
    #[arg(value_parser = verdicts())]
    pub verdict: Verdict,
    /// Who decides.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong people candidates`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("answer").args(["dismiss"]).requires_all(["by", "segment", "kind", "interview"])))]
pub struct PeopleCandidates {
    /// Only this interview.
    pub interview: Option<String>,
    /// Only interviews of this case.
    #[arg(long, conflicts_with = "interview")]
    pub case: Option<String>,
    /// Do not offer this name or number of that line again.
    #[arg(long, value_name = "VALUE")]
    pub dismiss: Option<String>,
    /// The line that offers what is dismissed.
    #[arg(long, value_name = "LINE")]
    pub segment: Option<i64>,
    /// name, phone, plate or document.
    #[arg(long, value_parser = offered())]
    pub kind: Option<FactKind>,
    /// Who dismisses it.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong people links`
#[derive(Debug, Args)]
pub struct PeopleLinks {
    /// What this person shares with others.
    pub person: Option<String>,
    /// What the people of this case share.
    #[arg(long, conflicts_with = "person")]
    pub case: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong people export`
#[derive(Debug, Args)]
pub struct PeopleExport {
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Only people of this case.
    #[arg(long)]
    pub case: Option<String>,
    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,
}

fn sources() -> impl clap::builder::TypedValueParser<Value = NameSource> {
    PossibleValuesParser::new(NameSource::ALL.map(NameSource::as_str))
        .try_map(|typed| NameSource::parse(&typed).ok_or("no such source"))
}

fn verdicts() -> impl clap::builder::TypedValueParser<Value = Verdict> {
    PossibleValuesParser::new(Verdict::ALL.map(Verdict::as_str))
        .try_map(|typed| Verdict::parse(&typed).ok_or("no such verdict"))
}

fn offered() -> impl clap::builder::TypedValueParser<Value = FactKind> {
    let kinds = [
        FactKind::Name,
        FactKind::Phone,
        FactKind::Plate,
        FactKind::Document,
    ];
    PossibleValuesParser::new(kinds.map(FactKind::as_str))
        .try_map(|typed| FactKind::parse(&typed).ok_or("no such kind"))
}
