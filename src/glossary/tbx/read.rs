//! Reads TBX of the 2019 edition in either style, and the older edition that most tools still write
//! (martif, termEntry, tig). A DOCTYPE is refused, so no entity can be declared: nothing outside the
//! file is read and nothing in it grows.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::domain::Lang;

use super::super::read::{
    MAX_BYTES, MAX_CELL_CHARS, MAX_ROWS, Variant, add_variant, clean, is_formula_start, not_utf8,
};
use super::super::{Entry, Error, Glossary, Problem, ProblemKind, Review, Term};
use super::{EVERYDAY, REVIEW, id_of};

/// Elements inside elements; TBX-Basic needs nine.
const MAX_DEPTH: usize = 32;
/// Longest text of one element, in characters: a note may be longer than a term.
const MAX_TEXT_CHARS: usize = 8 * MAX_CELL_CHARS;

impl Glossary {
    /// Whether bytes look like XML rather than a table.
    pub fn is_xml(bytes: &[u8]) -> bool {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        bytes.trim_ascii_start().starts_with(b"<")
    }

    /// Reads a TBX file from memory.
    ///
    /// # Errors
    /// A file that is too large or too deep, no UTF-8, not well-formed, no TBX, or with a DOCTYPE;
    /// two concepts of one id.
    pub fn read_tbx(bytes: &[u8]) -> Result<Self, Error> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
            return Err(Error::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|e| not_utf8(bytes, e.valid_up_to()))?;
        let mut reading = Reading::default();
        reading.file(text.strip_prefix('\u{FEFF}').unwrap_or(text))?;
        let mut glossary = Glossary::new(reading.terms)?;
        glossary.problems = reading.problems;
        Ok(glossary)
    }
}

/// An element that has begun and not ended.
#[derive(Default)]
struct Open {
    name: String,
    /// The attribute that names the data category in the older style.
    kind: String,
    text: String,
}

/// A term section that has not ended.
#[derive(Default)]
struct Section {
    term: String,
    status: String,
    everyday: bool,
}

#[derive(Default)]
struct Reading {
    open: Vec<Open>,
    seen_root: bool,
    line: u64,
    concept: Term,
    /// The language of the open section; `None` inside for one that the program does not know.
    lang: Option<Option<Lang>>,
    section: Option<Section>,
    terms: Vec<Term>,
    problems: Vec<Problem>,
}

impl Reading {
    fn file(&mut self, text: &str) -> Result<(), Error> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let (mut counted, mut lines) = (0usize, 1u64);
        loop {
            let event = reader.read_event();
            // Each byte is counted once: a file of one line costs no more than one of many.
            let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
            let passed = text.as_bytes().get(counted..at).unwrap_or_default();
            self.line = lines;
            lines = lines.saturating_add(passed.iter().filter(|b| **b == b'\n').count() as u64);
            counted = at;
            match event.map_err(|e| self.fault(e.to_string()))? {
                Event::Start(tag) => self.start(&tag)?,
                Event::End(_) => self.end()?,
                Event::Text(piece) => {
                    let piece = piece
                        .xml10_content()
                        .map_err(|e| self.fault(e.to_string()))?;
                    self.add(&piece)?;
                }
                Event::CData(piece) => {
                    let piece = piece
                        .xml10_content()
                        .map_err(|e| self.fault(e.to_string()))?;
                    self.add(&piece)?;
                }
                Event::GeneralRef(reference) => {
                    let c = self.referred(&reference)?;
                    self.add(c.encode_utf8(&mut [0; 4]))?;
                }
                Event::DocType(_) => return Err(Error::Doctype { line: self.line }),
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => {}
            }
        }
        if let Some(open) = self.open.last() {
            let name = shortened(&open.name);
            return Err(self.fault(format!("'{name}' is never closed")));
        }
        if self.seen_root {
            Ok(())
        } else {
            Err(Error::NotTbx)
        }
    }

    fn fault(&self, cause: String) -> Error {
        Error::Xml {
            line: self.line,
            cause,
        }
    }

    fn referred(&self, reference: &BytesRef<'_>) -> Result<char, Error> {
        let named = match &**reference {
            b"lt" => Some('<'),
            b"gt" => Some('>'),
            b"amp" => Some('&'),
            b"quot" => Some('"'),
            b"apos" => Some('\''),
            _ => reference
                .resolve_char_ref()
                .map_err(|e| self.fault(e.to_string()))?,
        };
        named.ok_or_else(|| self.fault("an entity that XML does not define".to_owned()))
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Error> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Error::TooDeep {
                line: self.line,
                depth: MAX_DEPTH,
            });
        }
        let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
        if self.open.is_empty() {
            if !matches!(name.as_str(), "tbx" | "martif") || self.seen_root {
                return Err(Error::NotTbx);
            }
            self.seen_root = true;
        }
        let mut open = Open {
            name,
            ..Open::default()
        };
        let (mut id, mut lang) = (String::new(), String::new());
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| self.fault(e.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|e| self.fault(e.to_string()))?
                .into_owned();
            match attribute.key.as_ref() {
                b"type" => open.kind = value,
                b"id" => id = value,
                b"xml:lang" | b"lang" => lang = value,
                _ => {}
            }
        }
        match open.name.as_str() {
            "conceptEntry" | "termEntry" => self.begin_concept(&id)?,
            "langSec" | "langSet" => self.lang = Some(self.known(&lang)),
            "termSec" | "tig" | "ntig" => self.section = Some(Section::default()),
            _ => {}
        }
        self.open.push(open);
        Ok(())
    }

    fn begin_concept(&mut self, id: &str) -> Result<(), Error> {
        if self.terms.len() >= MAX_ROWS {
            return Err(Error::TooManyRows);
        }
        if id.chars().count() > MAX_CELL_CHARS {
            return Err(self.too_long());
        }
        let mut id = self.cleaned(&id_of(id));
        if id.is_empty() {
            id = format!("concept-{}", self.terms.len().saturating_add(1));
        }
        self.concept = Term {
            id,
            line: self.line,
            ..Term::default()
        };
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        // The parser has made sure that the tags fit.
        let Some(closed) = self.open.pop() else {
            return Ok(());
        };
        let Open { name, kind, text } = closed;
        let category = match name.as_str() {
            "descrip" | "admin" | "termNote" => kind.as_str(),
            own => own,
        };
        match category {
            // Marks inside a term or a note: their text belongs to it.
            "hi" | "foreign" | "ph" | "sc" | "ec" => self.add(&text)?,
            "term" => {
                if let Some(section) = &mut self.section {
                    section.term = text;
                }
            }
            "administrativeStatus" | "normativeAuthorization" => {
                if let Some(section) = &mut self.section {
                    section.status = text;
                }
            }
            "note" => self.note(&text)?,
            "source" => self.source(&text)?,
            "projectSubset" | "customerSubset" if self.lang.is_none() => {
                self.concept.case = self.cell(&text)?;
            }
            "termSec" | "tig" | "ntig" => self.end_term()?,
            "langSec" | "langSet" => self.lang = None,
            "conceptEntry" | "termEntry" => self.end_concept(),
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, piece: &str) -> Result<(), Error> {
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        if open.text.len().saturating_add(piece.len()) > MAX_TEXT_CHARS.saturating_mul(4) {
            return Err(self.too_long());
        }
        open.text.push_str(piece);
        Ok(())
    }

    fn too_long(&self) -> Error {
        Error::CellTooLong {
            line: self.line,
            column: 0,
        }
    }

    /// A text as one line, without what shows nothing.
    fn cleaned(&mut self, text: &str) -> String {
        let line = self.line;
        let problems = &mut self.problems;
        let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        clean(&one_line, &mut |kind, detail| {
            problems.push(Problem {
                line,
                column: 0,
                kind,
                detail,
            });
        })
    }

    /// The same for what goes into a cell of the table.
    fn cell(&mut self, text: &str) -> Result<String, Error> {
        let cell = self.cleaned(text);
        if cell.chars().count() > MAX_CELL_CHARS {
            return Err(self.too_long());
        }
        Ok(cell)
    }

    /// The program's language of a tag such as `zh-CN`; `None` for others, which are reported.
    fn known(&mut self, tag: &str) -> Option<Lang> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let found: Option<Lang> = primary.parse().ok();
        if found.is_none() {
            self.problems.push(Problem {
                line: self.line,
                column: 0,
                kind: ProblemKind::UnknownColumn,
                detail: shortened(tag),
            });
        }
        found
    }

    fn entry(&mut self) -> Option<&mut Entry> {
        let lang = self.lang??;
        Some(self.concept.entries.entry(lang).or_default())
    }

    fn note(&mut self, text: &str) -> Result<(), Error> {
        if let Some(section) = &mut self.section {
            section.everyday |= text.trim() == EVERYDAY;
            return Ok(());
        }
        let note = self.cell(text)?;
        if self.lang.is_some() {
            let review = note.strip_prefix(REVIEW).and_then(Review::parse);
            if let (Some(review), Some(entry)) = (review, self.entry()) {
                entry.review = review;
            }
        } else if !note.is_empty() {
            let concept = &mut self.concept.note;
            if !concept.is_empty() {
                concept.push_str("; ");
            }
            concept.push_str(&note);
            if concept.chars().count() > MAX_CELL_CHARS {
                return Err(self.too_long());
            }
        }
        Ok(())
    }

    fn source(&mut self, text: &str) -> Result<(), Error> {
        let source = self.cell(text)?;
        if let Some(entry) = self.entry().filter(|e| e.source.is_empty()) {
            entry.source = source;
        }
        Ok(())
    }

    fn end_term(&mut self) -> Result<(), Error> {
        let Some(section) = self.section.take() else {
            return Ok(());
        };
        if section.term.chars().count() > MAX_CELL_CHARS {
            return Err(self.too_long());
        }
        let Some(lang) = self.lang.flatten() else {
            return Ok(());
        };
        let status = section.status.trim();
        let kind = match status.split('-').next().unwrap_or_default() {
            "deprecatedTerm" | "supersededTerm" => Variant::Forbidden,
            "preferredTerm" => Variant::Preferred,
            _ if section.everyday => Variant::Accepted,
            _ => Variant::Admitted,
        };
        // The signs of the table mean nothing here and must not come to mean something there.
        let term = section.term.replace('|', " ");
        let term = self.cleaned(&term);
        let sign = |c| matches!(c, '!' | '~') || is_formula_start(c);
        let term = term.trim_start_matches(sign);
        let line = self.line;
        let problems = &mut self.problems;
        let entry = self.concept.entries.entry(lang).or_default();
        add_variant(kind, term, lang, entry, &mut |kind, detail| {
            problems.push(Problem {
                line,
                column: 0,
                kind,
                detail,
            });
        });
        Ok(())
    }

    fn end_concept(&mut self) {
        let mut concept = std::mem::take(&mut self.concept);
        concept.entries.retain(|_, e| {
            [&e.admitted, &e.accepted, &e.forbidden]
                .iter()
                .any(|variants| !variants.is_empty())
        });
        if concept.entries.is_empty() {
            self.problems.push(Problem {
                line: concept.line,
                column: 0,
                kind: ProblemKind::EmptyRow,
                detail: String::new(),
            });
        } else {
            self.terms.push(concept);
        }
    }
}

/// A name from the file, short enough for a message.
fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}
