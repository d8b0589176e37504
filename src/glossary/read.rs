//! Reads and writes the table: UTF-8 CSV with a header row, see `glossaries/README.md`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use crate::domain::Lang;
use crate::text::{in_script, index_tokens, is_dropped};
use crate::vault;

use super::{Entry, Error, Glossary, Problem, ProblemKind, Review, Term};

/// Longest table that is read, in bytes.
pub const MAX_BYTES: u64 = 10_000_000;
/// Most rows that are read.
pub const MAX_ROWS: usize = 100_000;
/// Longest cell that is read, in characters.
pub const MAX_CELL_CHARS: usize = 500;

/// What a column of the table holds.
enum Column {
    Id,
    Term(Lang),
    Source(Lang),
    Review,
    Case,
    Note,
    Unknown,
}

impl Column {
    fn named(name: &str) -> Self {
        let lang = |code: &str| Lang::ALL.into_iter().find(|l| l.code() == code);
        match name {
            "id" => Column::Id,
            "review" => Column::Review,
            "case" => Column::Case,
            "note" => Column::Note,
            _ => match (lang(name), name.strip_suffix("_source").and_then(lang)) {
                (Some(lang), _) => Column::Term(lang),
                (_, Some(lang)) => Column::Source(lang),
                _ => Column::Unknown,
            },
        }
    }
}

impl Glossary {
    /// Reads a table from a file.
    pub fn load_csv(path: &Path) -> Result<Self, Error> {
        Self::read_csv(&read_bytes(path)?)
    }

    /// Reads a table or a TBX file, whichever it is.
    ///
    /// # Errors
    /// As [`Self::load_csv`] and [`Self::read_tbx`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = read_bytes(path)?;
        if Self::is_xml(&bytes) {
            Self::read_tbx(&bytes)
        } else {
            Self::read_csv(&bytes)
        }
    }

    /// Reads a table from memory.
    pub fn read_csv(bytes: &[u8]) -> Result<Self, Error> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
            return Err(Error::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|e| not_utf8(bytes, e.valid_up_to()))?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut rows = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes())
            .into_records();
        let header = match rows.reader_mut().headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(syntax(error)),
        };
        let mut problems = Vec::new();
        let columns = read_header(&header, &mut problems)?;
        let mut terms = Vec::new();
        for (count, row) in rows.enumerate() {
            if count >= MAX_ROWS {
                return Err(Error::TooManyRows);
            }
            let row = row.map_err(syntax)?;
            let line = row.position().map_or(0, csv::Position::line);
            if row.iter().all(str::is_empty) {
                problems.push(Problem {
                    line,
                    column: 0,
                    kind: ProblemKind::EmptyRow,
                    detail: String::new(),
                });
                continue;
            }
            let term = read_row(&row, line, &columns, &mut problems)?;
            let kind = match term.entries.len() {
                0 => Some(ProblemKind::NoWords),
                1 => Some(ProblemKind::OneLanguage),
                _ => None,
            };
            problems.extend(kind.map(|kind| Problem {
                line,
                column: 0,
                kind,
                detail: term.id.clone(),
            }));
            if kind != Some(ProblemKind::NoWords) {
                terms.push(term);
            }
        }
        if terms.is_empty() {
            problems.push(Problem {
                line: 1,
                column: 0,
                kind: ProblemKind::NoRows,
                detail: String::new(),
            });
        }
        let mut glossary = Glossary::new(terms)?;
        glossary.problems = problems;
        glossary.digest = super::digest(bytes);
        Ok(glossary)
    }

    /// Writes the table in the form that [`Glossary::load_csv`] reads. Languages without any term
    /// get no column.
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<(), Error> {
        let langs: Vec<Lang> = Lang::ALL
            .into_iter()
            .filter(|l| self.terms.iter().any(|t| t.entries.contains_key(l)))
            .collect();
        let mut header = vec!["id".to_owned()];
        for lang in &langs {
            header.extend([lang.to_string(), format!("{lang}_source")]);
        }
        header.extend(["review".to_owned(), "case".to_owned(), "note".to_owned()]);
        let mut table = csv::Writer::from_writer(out);
        table
            .write_record(&header)
            .map_err(|e| Error::Write(e.into()))?;
        for term in &self.terms {
            let mut row = vec![term.id.clone()];
            let mut review = Vec::new();
            for lang in &langs {
                let entry = term.entries.get(lang).cloned().unwrap_or_default();
                let accepted = entry.accepted.iter().map(|v| format!("~{v}"));
                let forbidden = entry.forbidden.iter().map(|v| format!("!{v}"));
                let admitted = entry.admitted.iter().cloned();
                let cell: Vec<String> = admitted.chain(accepted).chain(forbidden).collect();
                if !cell.is_empty() {
                    review.push(format!("{lang}:{}", entry.review.as_str()));
                }
                row.extend([cell.join("|"), entry.source]);
            }
            row.extend([review.join(" "), term.case.clone(), term.note.clone()]);
            // No spreadsheet may run a cell of ours.
            let row = row
                .iter()
                .map(|cell| cell.trim_start_matches(is_formula_start));
            table
                .write_record(row)
                .map_err(|e| Error::Write(e.into()))?;
        }
        table.flush().map_err(Error::Write)
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let read = |cause| Error::Read {
        cause,
        path: path.to_owned(),
    };
    // A locked workspace has its own terms sealed.
    let file = vault::open(path).map_err(read)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells a full table from a table that is too large.
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(read)?;
    Ok(bytes)
}

/// The place of the first byte that is no UTF-8.
pub(super) fn not_utf8(bytes: &[u8], valid: usize) -> Error {
    let good = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let line = good.matches('\n').count().saturating_add(1);
    let column = good
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        .saturating_add(1);
    Error::NotUtf8 { line, column }
}

fn syntax(error: csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    let cause = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("it has {len} cells where the header has {expected_len}")
        }
        _ => error.to_string(),
    };
    Error::Syntax { line, cause }
}

fn read_header(
    header: &csv::StringRecord,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Column>, Error> {
    let mut seen: Vec<String> = Vec::new();
    let mut columns = Vec::new();
    for (column, name) in (1..).zip(header) {
        let name = name.trim().to_lowercase();
        if name.chars().count() > MAX_CELL_CHARS {
            return Err(Error::CellTooLong { line: 1, column });
        }
        if seen.contains(&name) && !name.is_empty() {
            return Err(Error::DuplicateColumn { name, column });
        }
        let kind = Column::named(&name);
        if matches!(kind, Column::Unknown) {
            let detail = name.clone();
            problems.push(Problem {
                line: 1,
                column,
                kind: ProblemKind::UnknownColumn,
                detail,
            });
        }
        columns.push(kind);
        seen.push(name);
    }
    if !columns.iter().any(|c| matches!(c, Column::Id)) {
        return Err(Error::MissingColumn("id"));
    }
    if columns
        .iter()
        .filter(|c| matches!(c, Column::Term(_)))
        .count()
        < 2
    {
        return Err(Error::TooFewLanguages);
    }
    Ok(columns)
}

fn read_row(
    row: &csv::StringRecord,
    line: u64,
    columns: &[Column],
    problems: &mut Vec<Problem>,
) -> Result<Term, Error> {
    let mut term = Term {
        line,
        ..Term::default()
    };
    let mut sources: BTreeMap<Lang, String> = BTreeMap::new();
    let mut reviews: BTreeMap<Lang, Review> = BTreeMap::new();
    for ((column, kind), cell) in (1..).zip(columns).zip(row) {
        if cell.chars().count() > MAX_CELL_CHARS {
            return Err(Error::CellTooLong { line, column });
        }
        let mut report = |kind, detail: String| {
            problems.push(Problem {
                line,
                column,
                kind,
                detail,
            });
        };
        match kind {
            Column::Id => {
                term.id = clean(cell, &mut report);
                if term.id.is_empty() {
                    return Err(Error::MissingId { line, column });
                }
            }
            Column::Term(lang) => {
                let entry = read_variants(cell, *lang, &mut report);
                let Entry {
                    admitted,
                    accepted,
                    forbidden,
                    ..
                } = &entry;
                if [admitted, accepted, forbidden]
                    .iter()
                    .any(|v| !v.is_empty())
                {
                    term.entries.insert(*lang, entry);
                }
            }
            Column::Source(lang) => {
                sources.insert(*lang, clean(cell, &mut report));
            }
            Column::Review => reviews = read_reviews(cell, &mut report),
            Column::Case => term.case = clean(cell, &mut report),
            Column::Note => term.note = clean(cell, &mut report),
            Column::Unknown => {}
        }
    }
    for (lang, entry) in &mut term.entries {
        entry.source = sources.remove(lang).unwrap_or_default();
        entry.review = reviews.get(lang).copied().unwrap_or_default();
    }
    Ok(term)
}

pub(super) fn is_formula_start(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@') || c.is_whitespace()
}

/// Drops what shows nothing and what a spreadsheet would run, and reports both.
pub(super) fn clean(cell: &str, report: &mut dyn FnMut(ProblemKind, String)) -> String {
    let hidden: Vec<String> = cell
        .chars()
        .filter(|&c| is_dropped(c))
        .map(|c| format!("U+{:04X}", u32::from(c)))
        .collect();
    if !hidden.is_empty() {
        report(ProblemKind::HiddenCharacters, hidden.join(" "));
    }
    let shown: String = cell.chars().filter(|&c| !is_dropped(c)).collect();
    let shown = shown.trim();
    let plain = shown.trim_start_matches(is_formula_start);
    if plain.len() < shown.len() {
        let dropped = shown
            .get(..shown.len().saturating_sub(plain.len()))
            .unwrap_or_default();
        report(ProblemKind::FormulaCharacters, dropped.to_owned());
    }
    plain.to_owned()
}

fn read_variants(cell: &str, lang: Lang, report: &mut dyn FnMut(ProblemKind, String)) -> Entry {
    let mut entry = Entry::default();
    for variant in cell.split('|') {
        let variant = clean(variant, report);
        let marked = |mark| variant.strip_prefix(mark).map(|rest| rest.to_owned());
        let (kind, variant) = match (marked('!'), marked('~')) {
            (Some(rest), _) => (Variant::Forbidden, clean(&rest, report)),
            (None, Some(rest)) => (Variant::Accepted, clean(&rest, report)),
            (None, None) => (Variant::Admitted, variant),
        };
        add_variant(kind, &variant, lang, &mut entry, report);
    }
    entry
}

/// What a variant is to its concept.
#[derive(Clone, Copy)]
pub(super) enum Variant {
    Preferred,
    Admitted,
    Accepted,
    Forbidden,
}

/// Adds a clean variant to a concept; one that nothing can match is left out and reported.
pub(super) fn add_variant(
    kind: Variant,
    variant: &str,
    lang: Lang,
    entry: &mut Entry,
    report: &mut dyn FnMut(ProblemKind, String),
) {
    if variant.is_empty() {
        return;
    }
    let variant = variant.to_owned();
    if index_tokens(&variant).is_empty() {
        report(ProblemKind::NoLetters, variant);
        return;
    }
    if in_script(&variant, lang) < 1.0 {
        report(ProblemKind::MixedScript, variant.clone());
    }
    match kind {
        Variant::Forbidden => entry.forbidden.push(variant),
        Variant::Accepted => entry.accepted.push(variant),
        Variant::Admitted => entry.admitted.push(variant),
        Variant::Preferred => entry.admitted.insert(0, variant),
    }
}

/// `zh:sourced my:unreviewed`.
fn read_reviews(cell: &str, report: &mut dyn FnMut(ProblemKind, String)) -> BTreeMap<Lang, Review> {
    let mut found = BTreeMap::new();
    for part in cell.split_whitespace() {
        let state = part
            .split_once(':')
            .and_then(|(lang, state)| Some((lang.parse::<Lang>().ok()?, Review::parse(state)?)));
        match state {
            Some((lang, review)) => {
                found.insert(lang, review);
            }
            None => report(ProblemKind::UnknownReview, part.to_owned()),
        }
    }
    found
}
