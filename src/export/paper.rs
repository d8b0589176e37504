//! A document for paper, apart from how it is written: rows of columns of paragraphs, and a foot that
//! stands on every page. DOCX and PDF are two ways to write one down.

use crate::domain::Lang;

use super::{clean_lines, one_line};

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// Labels and headings.
    Strong,
    /// Times, numbers, notes.
    Quiet,
}

/// A stretch of text in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub lang: Lang,
    pub words: Words,
    pub look: Look,
}

/// What a piece says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Text(String),
    /// The number of the page it stands on.
    Page,
    /// How many pages there are.
    Pages,
}

/// How large a paragraph's letters are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Size {
    Title,
    #[default]
    Body,
    Small,
}

impl Size {
    /// Points.
    pub(super) const fn points(self) -> f32 {
        match self {
            Size::Title => 16.0,
            Size::Body => 10.5,
            Size::Small => 8.5,
        }
    }
}

/// One paragraph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paragraph {
    pub pieces: Vec<Piece>,
    pub size: Size,
    pub centred: bool,
}

impl Paragraph {
    pub(super) fn new(size: Size) -> Self {
        Self {
            size,
            ..Self::default()
        }
    }

    /// With another piece; empty text adds nothing.
    pub(super) fn with(mut self, lang: Lang, look: Look, text: &str) -> Self {
        let text = shown(text);
        if !text.is_empty() {
            let words = Words::Text(text);
            self.pieces.push(Piece { lang, words, look });
        }
        self
    }

    /// With another piece that is not text.
    pub(super) fn number(mut self, lang: Lang, words: Words) -> Self {
        let look = Look::Quiet;
        self.pieces.push(Piece { lang, words, look });
        self
    }

    pub(super) fn centred(mut self) -> Self {
        self.centred = true;
        self
    }
}

/// Paragraphs beside others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// Parts of the width, of the sum of all columns' parts.
    pub share: u16,
    pub paragraphs: Vec<Paragraph>,
}

/// One row: a column or several, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub columns: Vec<Column>,
    /// A thin line below.
    pub ruled: bool,
    /// Never parted from the row that follows.
    pub keep: bool,
}

impl Row {
    /// Paragraphs over the whole width.
    pub(super) fn wide(paragraphs: Vec<Paragraph>) -> Self {
        Self {
            columns: vec![Column {
                share: 1,
                paragraphs,
            }],
            ..Self::default()
        }
    }

    /// Equal columns.
    pub(super) fn beside(columns: Vec<Vec<Paragraph>>) -> Self {
        let columns = columns.into_iter().map(|paragraphs| Column {
            share: 1,
            paragraphs,
        });
        Self {
            columns: columns.collect(),
            ..Self::default()
        }
    }

    pub(super) fn ruled(mut self) -> Self {
        self.ruled = true;
        self
    }

    pub(super) fn keep(mut self) -> Self {
        self.keep = true;
        self
    }
}

/// The whole document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paper {
    /// For the list of open documents; no name, no case.
    pub title: String,
    /// The main language.
    pub lang: Lang,
    pub rows: Vec<Row>,
    /// Stands at the foot of every page.
    pub foot: Vec<Row>,
}

impl Paper {
    /// The languages of all its pieces.
    pub(super) fn languages(&self) -> Vec<Lang> {
        let rows = self.rows.iter().chain(&self.foot);
        let paragraphs = rows.flat_map(|r| &r.columns).flat_map(|c| &c.paragraphs);
        let mut languages = Vec::new();
        for piece in paragraphs.flat_map(|p| &p.pieces) {
            if !languages.contains(&piece.lang) {
                languages.push(piece.lang);
            }
        }
        languages
    }
}

/// A text's lines as paragraphs share them: what shows nothing is left out, and blanks at the ends
/// stay, because labels end in one.
fn shown(text: &str) -> String {
    let inner = one_line(text);
    if inner.is_empty() {
        return String::new();
    }
    let (before, after) = (text.starts_with(' '), text.ends_with(' '));
    let blank = |there| if there { " " } else { "" };
    format!("{}{inner}{}", blank(before), blank(after))
}

/// The lines of a transcript's text; at least one, however empty the text is.
pub(super) fn lines_or(text: &str, otherwise: &str) -> Vec<String> {
    match clean_lines(text) {
        lines if lines.is_empty() => vec![otherwise.to_owned()],
        lines => lines,
    }
}
