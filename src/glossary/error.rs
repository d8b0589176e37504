//! Why a table of terms could not be read or written.

use std::path::PathBuf;

use super::read::{MAX_BYTES, MAX_CELL_CHARS, MAX_ROWS};

/// A table that cannot be used. Lines and columns count from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read the glossary: {cause}: {}", path.display())]
    Read {
        /// What the system says.
        cause: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The table cannot be written.
    #[error("cannot write the glossary: {0}")]
    Write(std::io::Error),
    /// More bytes than are read.
    #[error("the glossary is larger than {} MB", MAX_BYTES / 1_000_000)]
    TooLarge,
    /// More rows than are read.
    #[error("the glossary has more than {MAX_ROWS} rows")]
    TooManyRows,
    /// Bytes that are no UTF-8.
    #[error("the glossary is not UTF-8 (line {line}, column {column} of the text)")]
    NotUtf8 {
        /// Line of the first bad byte.
        line: usize,
        /// Its place in the line, in characters.
        column: usize,
    },
    /// The table's quotes or commas do not add up.
    #[error("line {line} cannot be read as CSV: {cause}")]
    Syntax {
        /// The line.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// A TBX file that is not well-formed XML.
    #[error("line {line} cannot be read as XML: {cause}")]
    Xml {
        /// The line.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// A file that declares a document type could make the reader fetch or multiply text.
    #[error("line {line}: a glossary with a DOCTYPE is not read")]
    Doctype {
        /// The line.
        line: u64,
    },
    /// More elements inside elements than any glossary needs.
    #[error("line {line}: more than {depth} elements stand inside each other")]
    TooDeep {
        /// The line.
        line: u64,
        /// The most that are read.
        depth: usize,
    },
    /// XML of another kind.
    #[error("the file is XML, but no TBX glossary")]
    NotTbx,
    /// A column that is needed is not there.
    #[error("the header has no column '{0}'")]
    MissingColumn(&'static str),
    /// Fewer than two languages.
    #[error("the header names fewer than two languages")]
    TooFewLanguages,
    /// Words in fewer than two languages.
    #[error("the glossary has words in fewer than two languages")]
    TooFewWords,
    /// A column name that stands twice.
    #[error("the header has the column '{name}' twice (column {column})")]
    DuplicateColumn {
        /// The name.
        name: String,
        /// The second place.
        column: usize,
    },
    /// A row without an id.
    #[error("line {line}, column {column}: the row has no id")]
    MissingId {
        /// The line.
        line: u64,
        /// The id's column.
        column: usize,
    },
    /// Two rows with one id.
    #[error("line {line}: the id '{id}' stands already in line {first}")]
    DuplicateId {
        /// The second line.
        line: u64,
        /// The id.
        id: String,
        /// The first line.
        first: u64,
    },
    /// A cell with more characters than are read.
    #[error("line {line}, column {column}: the cell has more than {MAX_CELL_CHARS} characters")]
    CellTooLong {
        /// The line.
        line: u64,
        /// The column of the table.
        column: usize,
    },
}

impl Error {
    /// The next step a person can take.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Read { .. } => "Check that the file is there and may be read.",
            Error::Write(_) => "Check that the folder may be written and the disk has room.",
            Error::TooLarge | Error::TooManyRows => "Split the glossary into several files.",
            Error::NotUtf8 { .. } => "Save the table as 'CSV UTF-8' in the spreadsheet program.",
            Error::Syntax { .. } => {
                "Give every row as many cells as the header, and put a cell with a comma or a line \
                 break in double quotes."
            }
            Error::Xml { .. } => "Export the glossary again from the program that wrote it.",
            Error::Doctype { .. } => {
                "Remove the line that begins with '<!DOCTYPE' in a text editor, and try again."
            }
            Error::TooDeep { .. } | Error::NotTbx => {
                "Choose a TBX file (conceptEntry or termEntry), or save the glossary as CSV."
            }
            Error::MissingColumn(_) | Error::TooFewLanguages => {
                "Write the column names into the first row: id, and two or more of en, zh, vi, th, \
                 my, lo, km. glossaries/README.md shows the form."
            }
            Error::TooFewWords => "Fill in the words of at least two languages, and try again.",
            Error::DuplicateColumn { .. } => "Rename or remove one of the two columns.",
            Error::MissingId { .. } => "Give the row a short name of its own in the id column.",
            Error::DuplicateId { .. } => "Rename one of the two rows, or join them with '|'.",
            Error::CellTooLong { .. } => "Keep only the term in the cell; check for a lost quote.",
        }
    }
}
