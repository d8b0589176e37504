//! `mekong consent`: what the person interviewed allows, entered, shown, taken back, or lifted once.

use std::io::Write;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde_json::json;

use crate::app::App;
use crate::evidence::{self, Asked, Audience};

use crate::text::typed_day;

use super::args::Json;
use super::evidence::{partner, signer};
use super::print::{Out, plain, say};
use super::{Failure, usage};

/// `mekong consent`
#[derive(Debug, Args)]
pub struct Consent {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// Who was asked; with it a consent is entered.
    #[arg(long, value_name = "PERSON", requires = "seen_by", requires = "by")]
    pub of: Option<Asked>,
    /// Who may see it: nobody, agency, anyone, or keys of partners by name or number.
    #[arg(long, value_delimiter = ',', value_name = "WHO", requires = "of",
          value_parser = NonEmptyStringValueParser::new())]
    pub seen_by: Vec<String>,
    /// The last day on which anything may leave the house, for example 2027-06-30.
    #[arg(long, value_name = "DAY", requires = "of", value_parser = parse_day)]
    pub until: Option<Date>,
    /// Whether the voice may be heard; without it: no for a victim, else yes.
    #[arg(long, requires = "of")]
    pub sound: Option<YesNo>,
    /// The name that stands for the person's own; for a victim V1 where none is given.
    #[arg(long, value_name = "NAME", requires = "of")]
    pub pseudonym: Option<String>,
    /// The person's own name may be seen.
    #[arg(long, requires = "of", conflicts_with = "pseudonym")]
    pub own_name: bool,
    /// The person in the register, for example p3: the pseudonym takes the place of all its names.
    #[arg(long, value_name = "PERSON_ID", requires = "of")]
    pub person: Option<String>,
    /// Who enters it; with --lift, or where it allows more than before, whose key signs.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// The person takes the consent back.
    #[arg(long, conflicts_with = "of", requires = "by")]
    pub withdraw: bool,
    /// Lift the limits for the next file that leaves the house; an administrator's key signs for it.
    #[arg(long, value_name = "REASON", conflicts_with_all = ["of", "withdraw"])]
    pub lift: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// It is so.
    Yes,
    /// It is not.
    No,
}

pub(super) fn consent(app: &App, typed: &Consent, out: &mut Out) -> Result<(), Failure> {
    if let Some(reason) = &typed.lift {
        let signer = signer(app, typed.by.as_deref())?;
        app.lift_consent(&typed.id, reason, &signer)?;
        say("Lifted for the next file that leaves the house; this stands in the record.");
    } else if let Some(entered) = entered(app, typed)? {
        let by = typed.by.as_deref();
        let own = app.keys()?.own(by).is_ok();
        let key = match own && app.signs_consent(&typed.id, &entered)? {
            true => Some(signer(app, by)?),
            false => None,
        };
        app.give_consent(&typed.id, &entered, key.as_ref())?;
    }
    let (id, consent) = app.consent(&typed.id)?;
    if typed.form.json {
        let facts = consent.as_ref().map(evidence::Consent::facts);
        return Ok(out.json(&json!({"interview": id, "consent": facts}))?);
    }
    match consent {
        Some(consent) => writeln!(out, "{id}  {}", plain(&consent.to_string()))?,
        None => say("No consent was entered; 'mekong consent ID --of PERSON --seen-by WHO' does."),
    }
    Ok(())
}

/// The consent that was typed, or the one that is there, taken back.
fn entered(app: &App, typed: &Consent) -> Result<Option<evidence::Consent>, Failure> {
    let by = typed.by.clone().unwrap_or_default();
    if typed.withdraw {
        let (_, given) = app.consent(&typed.id)?;
        let given = given.ok_or_else(|| usage("there is no consent to take back"))?;
        return Ok(Some(evidence::Consent {
            seen_by: Audience::Nobody,
            by,
            ..given
        }));
    }
    let asked = match typed.of {
        None => return Ok(None),
        Some(asked) => asked,
    };
    let usual = asked.usual_pseudonym().filter(|_| !typed.own_name);
    Ok(Some(evidence::Consent {
        asked,
        seen_by: audience(app, &typed.seen_by)?,
        until: typed.until,
        sound: typed
            .sound
            .map_or(asked.usual_sound(), |said| said == YesNo::Yes),
        pseudonym: typed.pseudonym.clone().or(usual.map(str::to_owned)),
        person: typed.person.clone(),
        by,
    }))
}

fn audience(app: &App, typed: &[String]) -> Result<Audience, Failure> {
    let word = match typed {
        [word] => word.as_str(),
        _ => "",
    };
    Ok(match word {
        "nobody" => Audience::Nobody,
        "agency" => Audience::Agency,
        "anyone" => Audience::Anyone,
        _ => {
            let number = |name: &String| Ok(partner(app, name)?.public.number);
            let keys: Result<_, Failure> = typed.iter().map(number).collect();
            Audience::Partners(keys?)
        }
    })
}

fn parse_day(typed: &str) -> Result<Date, String> {
    typed_day(typed).ok_or_else(|| "write the day as 2027-06-30".to_owned())
}
