//! What was typed after the verbs of evidence: keys, certify, seal, bundle, receive, verify.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::args::Json;
use crate::evidence::Role;

/// `mekong keys`
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a person's key, locked with a passphrase.
    New {
        /// The person's name, as it stands in the record.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// What the person does; interpreters and reviewers certify lines.
        #[arg(long)]
        role: RoleName,
        /// Whose key vouches for the new one, once there is an administrator.
        #[arg(long, value_name = "KEY")]
        by: Option<String>,
        #[command(flatten)]
        form: Json,
    },
    /// List the keys.
    List(Json),
    /// Show a key's number and the text to hand to a partner.
    Show {
        /// The person's name, or the first digits of the number.
        key: String,
        /// Write the text to this file.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        form: Json,
    },
    /// Trust a partner's key. Compare its number with the partner by another way first.
    Trust {
        /// The file that the partner handed over.
        file: PathBuf,
        /// Whose key signs that it is trusted, once there is an administrator.
        #[arg(long, value_name = "KEY")]
        by: Option<String>,
        #[command(flatten)]
        form: Json,
    },
    /// Trust a key no more; what it signed before stays good.
    Revoke {
        /// The person's name, or the first digits of the number.
        key: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
        /// Whose key signs it, once there is an administrator: an administrator's, or the key itself.
        #[arg(long, value_name = "KEY")]
        by: Option<String>,
        #[command(flatten)]
        form: Json,
    },
}

/// A role as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Leads interviews and seals them.
    Officer,
    /// Interprets, and certifies lines.
    Interpreter,
    /// Reads what others wrote, and certifies lines.
    Reviewer,
    /// Looks after keys, seals interviews and exchanges bundles.
    Administrator,
}

impl From<RoleName> for Role {
    fn from(typed: RoleName) -> Self {
        match typed {
            RoleName::Officer => Role::Officer,
            RoleName::Interpreter => Role::Interpreter,
            RoleName::Reviewer => Role::Reviewer,
            RoleName::Administrator => Role::Administrator,
        }
    }
}

/// `mekong certify`
#[derive(Debug, Args)]
pub struct Certify {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The numbers of the lines.
    #[arg(required = true, value_name = "SEGMENT")]
    pub segments: Vec<i64>,
    /// Whose key signs: a name, or the first digits of the number.
    #[arg(long, value_name = "KEY")]
    pub by: Option<String>,
    /// Why lines are certified as they stand that are held back, since a machine most likely invented
    /// their words, or that somebody changed without signing; it is kept with the signature.
    #[arg(long, value_name = "REASON")]
    pub despite: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong seal`
#[derive(Debug, Args)]
pub struct Seal {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// Whose key signs; not needed where only one person has a key here.
    #[arg(long, value_name = "KEY")]
    pub by: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong bundle`
#[derive(Debug, Args)]
pub struct Bundle {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The partner's key, to which it is encrypted; 'none' together with --plain.
    #[arg(long, value_name = "KEY")]
    pub to: String,
    /// Do not encrypt it: whoever gets the file reads it.
    #[arg(long)]
    pub plain: bool,
    /// Send a copy in which this list's words, lines and times are covered, as in 'export --redact'.
    #[arg(long, value_name = "FILE")]
    pub redact: Option<PathBuf>,
    /// Send a copy in which the pseudonym of the consent takes the place of the person's names.
    #[arg(long)]
    pub covered: bool,
    /// Leave the sound out of a covered copy.
    #[arg(long)]
    pub no_sound: bool,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Whose key signs; not needed where only one person has a key here.
    #[arg(long, value_name = "KEY")]
    pub by: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong receive`
#[derive(Debug, Args)]
pub struct Receive {
    /// The bundle.
    pub file: PathBuf,
    /// Whose key opens it and signs the receipt; not needed where only one person has a key here.
    #[arg(long = "as", value_name = "KEY")]
    pub key: Option<String>,
    /// Write a signed receipt for the sender.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// Take it in too where it tells another history of its interview than one that came before, once the sender
    /// has said why. Both are kept, and 'mekong verify --all' goes on to tell of it.
    #[arg(long)]
    pub beside: bool,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// An interview, a bundle, an unpacked bundle's folder, a receipt, or a file that was exported here.
    #[arg(value_name = "ID_OR_FILE", required_unless_present_any = ["print_script", "all"])]
    pub what: Option<String>,
    /// Digits that were written down when it was sealed: they must be in its chain; with --all, in the
    /// workspace's own or in that of an interview.
    #[arg(long, value_name = "DIGITS", value_parser = NonEmptyStringValueParser::new())]
    pub head: Option<String>,
    /// Whose key opens an encrypted bundle.
    #[arg(long = "as", value_name = "KEY")]
    pub key: Option<String>,
    /// Every interview of the workspace, and whether all that ever came in are there.
    #[arg(long, conflicts_with_all = ["what", "key", "print_script"])]
    pub all: bool,
    /// Print a script that checks an unpacked bundle with openssl and sha256sum alone.
    #[arg(long, conflicts_with_all = ["what", "head", "key"])]
    pub print_script: bool,
    #[command(flatten)]
    pub form: Json,
}
