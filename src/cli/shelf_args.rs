//! What was typed behind `mekong glossary` and `mekong models`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Subcommand, ValueEnum};

use crate::domain::Lang;

use super::args::Json;

/// `mekong glossary`
#[derive(Debug, Subcommand)]
pub enum Glossary {
    /// List the glossaries.
    List(Json),
    /// List what a person should look at; ends with 1 if there is anything.
    Check(Json),
    /// Copy a CSV or TBX glossary into the workspace after checking it; it adds to those that are
    /// there.
    Import {
        /// The CSV or TBX file; its name becomes the glossary's.
        file: PathBuf,
        /// Take the place of a glossary of the same name.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        form: Json,
    },
    /// Write the terms to a CSV or TBX file.
    Export {
        /// The file to write; - for standard output.
        file: PathBuf,
        /// Replace the file if it is there.
        #[arg(long)]
        force: bool,
        /// Only this glossary; all as one where it is left out.
        #[arg(long)]
        name: Option<String>,
        /// The form of the file; without it .tbx is TBX-Basic and all other endings are CSV.
        #[arg(long)]
        format: Option<GlossaryFormat>,
    },
}

/// The forms that a glossary can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GlossaryFormat {
    /// The program's own table.
    Csv,
    /// TBX-Basic, for terminology programs.
    Tbx,
}

/// `mekong models`
#[derive(Debug, Subcommand)]
pub enum Models {
    /// List the installed models.
    List(Json),
    /// Compare every file of every model with its list; ends with 1 if any differs. With --audio,
    /// recognise a folder of recordings whose words are known, say how many characters were wrong, and
    /// measure how far the confidence of words can be trusted.
    Check {
        /// The name of one model; all of them where left out. With --audio a path may be given.
        name: Option<String>,
        /// The folder: a text beside each recording, or a table (.tsv) that names them.
        #[arg(long, value_name = "FOLDER", requires = "name")]
        audio: Option<PathBuf>,
        /// The language of all recordings; otherwise folders are called by their language's code.
        #[arg(long, value_name = "LANG", requires = "audio")]
        language: Option<Lang>,
        /// Recordings of each language at most.
        #[arg(long, value_name = "N", requires = "audio", value_parser = clap::value_parser!(u32).range(1..))]
        most: Option<u32>,
        #[command(flatten)]
        form: Json,
    },
    /// Make a smaller, faster copy of a translation model: only the words that the program's
    /// languages need, in 8 bits. Of a T5 model the vocabulary stays whole.
    Trim {
        /// The model's name.
        name: String,
        /// The copy's name; the model's name and -small where it is left out.
        #[arg(long, value_name = "NEW", value_parser = NonEmptyStringValueParser::new())]
        to: Option<String>,
        /// Keep the whole vocabulary.
        #[arg(long)]
        whole_vocabulary: bool,
        /// Keep the weights as floating-point numbers.
        #[arg(long)]
        keep_floats: bool,
        /// Bits of a weight: 8 is nearer to the original, 6 is smaller and faster.
        #[arg(long, value_enum, default_value_t = Bits::Eight, conflicts_with = "keep_floats")]
        bits: Bits,
        #[command(flatten)]
        form: Json,
    },
    /// Say how a model comes to this computer: the program itself has no network.
    Fetch {
        /// The model's name.
        name: String,
    },
    /// Copy a model's folder into the workspace, comparing every file with its list.
    Import {
        /// The folder with model.toml.
        path: PathBuf,
        #[command(flatten)]
        form: Json,
    },
}

/// How many bits a weight of a smaller copy has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bits {
    /// ggml's Q8_0.
    #[value(name = "8")]
    Eight,
    /// ggml's Q6_K.
    #[value(name = "6")]
    Six,
}
