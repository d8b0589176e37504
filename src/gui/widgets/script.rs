//! Text of the six scripts: lines end where the script allows it, doubtful and found words are
//! marked, and the caret of a field never stands inside a letter.
//!
//! The toolkit shapes clusters but ends lines only at spaces and Han characters, so the rows are cut
//! here, at the opportunities of Unicode's line breaking with the scripts' dictionaries
//! ([`text::line_breaks`]), and given to it one by one.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

mod fields;

pub use fields::{field, line};

use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{Color32, Galley, Id, Label, Response, Stroke, Ui};

use crate::domain::Lang;
use crate::gui::theme;
use crate::text;

/// So often rows that turn out too wide are cut anew.
const TRIES: usize = 4;
/// Places of line ends that are remembered; a screen shows fewer texts than this.
const REMEMBERED: usize = 4_096;
/// Characters of one text that are laid out: the rest of a line this long can be exported and read.
const MOST_CHARACTERS: usize = 20_000;

/// How a stretch of text is marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Marking {
    /// A stroke below.
    Underline(Color32),
    /// A ground behind.
    Ground(Color32),
    /// Letters of another colour.
    Colour(Color32),
}

/// A marked stretch, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where.
    pub range: Range<usize>,
    /// How.
    pub marking: Marking,
}

/// The letters of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letters {
    /// Language, for breaking lines and for their height.
    pub lang: Lang,
    /// Size in points.
    pub size: f32,
    /// Colour.
    pub colour: Color32,
}

impl Letters {
    /// Running text in the colours of the window.
    pub fn running(ui: &Ui, lang: Lang) -> Self {
        Self {
            lang,
            size: theme::TEXT,
            colour: theme::of(ui).text,
        }
    }

    /// What is said about a text.
    pub fn small(ui: &Ui, lang: Lang) -> Self {
        Self {
            lang,
            size: theme::SMALL,
            colour: theme::of(ui).faint,
        }
    }

    /// The same in another colour.
    pub fn coloured(self, colour: Color32) -> Self {
        Self { colour, ..self }
    }

    /// Height of a row: scripts that stack marks above and below need more than others.
    fn row_height(self) -> f32 {
        let factor = match self.lang {
            Lang::My | Lang::Km => 1.8,
            Lang::Th | Lang::Lo => 1.55,
            Lang::Vi | Lang::Zh | Lang::En => 1.4,
        };
        (self.size * factor).round()
    }
}

/// Shows a text in the width that is there.
pub fn label(ui: &mut Ui, text: &str, letters: Letters) -> Response {
    marked(ui, text, letters, &[], false)
}

/// Shows a text with marks; where `selectable`, a person can mark and copy it.
pub fn marked(
    ui: &mut Ui,
    text: &str,
    letters: Letters,
    marks: &[Mark],
    selectable: bool,
) -> Response {
    let galley = lay_out(ui, text, letters, marks, ui.available_width());
    ui.add(Label::new(galley).selectable(selectable))
}

/// Rows of a text, ready to be painted. Their characters add up to `text`.
pub fn lay_out(ui: &Ui, text: &str, letters: Letters, marks: &[Mark], width: f32) -> Arc<Galley> {
    let text = match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    };
    let ends = row_ends(ui, text, letters, width);
    let mut rows = Vec::with_capacity(ends.len());
    let mut from = 0;
    for &to in ends.iter() {
        // The end of a paragraph belongs to no row.
        let row = text.get(from..to).unwrap_or_default();
        let row = row.strip_suffix('\n').unwrap_or(row);
        let job = job(row, from, letters, marks);
        rows.push(ui.fonts_mut(|fonts| fonts.layout_job(job)));
        from = to;
    }
    if let [only] = &rows[..] {
        return Arc::clone(only);
    }
    let mut whole = job(text, 0, letters, marks);
    whole.wrap.max_width = width;
    let mut galley = Galley::concat(Arc::new(whole), &rows, ui.pixels_per_point());
    for (row, &to) in galley.rows.iter_mut().zip(ends.iter()) {
        let hard = text.get(..to).is_some_and(|t| t.ends_with('\n'));
        row.ends_with_newline = hard;
    }
    Arc::new(galley)
}

/// One unbroken row that starts at byte `from` of the text that `marks` speak of.
fn job(row: &str, from: usize, letters: Letters, marks: &[Mark]) -> LayoutJob {
    let plain = TextFormat {
        font_id: theme::font(letters.size),
        color: letters.colour,
        line_height: Some(letters.row_height()),
        ..TextFormat::default()
    };
    let mut edges: Vec<usize> = marks
        .iter()
        .flat_map(|m| [m.range.start, m.range.end])
        .map(|at| at.clamp(from, from.saturating_add(row.len())) - from)
        .chain([0, row.len()])
        .filter(|&at| row.is_char_boundary(at))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let mut job = LayoutJob {
        break_on_newline: false,
        ..LayoutJob::default()
    };
    for (&start, &end) in edges.iter().zip(edges.iter().skip(1)) {
        let mut format = plain.clone();
        let covers = |m: &&Mark| m.range.start <= from + start && from + end <= m.range.end;
        for mark in marks.iter().filter(covers) {
            match mark.marking {
                Marking::Underline(colour) => {
                    format.underline = Stroke::new(theme::UNDERLINE, colour);
                }
                Marking::Ground(colour) => format.background = colour,
                Marking::Colour(colour) => format.color = colour,
            }
        }
        job.append(row.get(start..end).unwrap_or_default(), 0.0, format);
    }
    if row.is_empty() {
        job.append("", 0.0, plain);
    }
    job
}

type Remembered = Arc<Mutex<Memory>>;

/// The newest answers and the ones before them: two halves make an age without keeping times.
#[derive(Default)]
struct Memory {
    new: HashMap<u64, Arc<[usize]>>,
    old: HashMap<u64, Arc<[usize]>>,
}

impl Memory {
    fn get(&mut self, key: u64) -> Option<Arc<[usize]>> {
        if let Some(found) = self.new.get(&key) {
            return Some(Arc::clone(found));
        }
        let found = self.old.remove(&key)?;
        self.put(key, Arc::clone(&found));
        Some(found)
    }

    fn put(&mut self, key: u64, ends: Arc<[usize]>) {
        if self.new.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(key, ends);
    }
}

/// Byte offsets at which rows end, the last at the end of the text. Never empty.
fn row_ends(ui: &Ui, text: &str, letters: Letters, width: f32) -> Arc<[usize]> {
    let mut hasher = DefaultHasher::new();
    (text, letters.lang, letters.size.to_bits(), width.to_bits()).hash(&mut hasher);
    ui.pixels_per_point().to_bits().hash(&mut hasher);
    let key = hasher.finish();
    let memory: Remembered =
        ui.data_mut(|d| d.get_temp_mut_or_default::<Remembered>(Id::NULL).clone());
    let lock = || memory.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = lock().get(key) {
        return found;
    }
    let mut ends = Vec::new();
    let mut from = 0;
    for paragraph in text.split_inclusive('\n') {
        let unbroken = paragraph.strip_suffix('\n').unwrap_or(paragraph);
        let measure = job(unbroken, 0, letters, &[]);
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(measure));
        let glyphs = galley.rows.iter().flat_map(|row| row.glyphs.iter());
        // A mark that stands above a letter ends before it.
        let mut edge = 0.0f32;
        let mut reach = |x: f32| {
            edge = edge.max(x);
            edge
        };
        let right: Vec<f32> = glyphs.map(|g| reach(g.max_x())).collect();
        // A row by itself may be wider than the same letters inside of the paragraph were.
        let (mut cut, mut room) = (Vec::new(), width);
        for _ in 0..TRIES {
            cut.clear();
            cut_rows(unbroken, letters.lang, &right, room, 0, &mut cut);
            let over = widest(ui, unbroken, &cut, letters) - width;
            if over <= 0.5 || cut.is_empty() {
                break;
            }
            room = (room - over).max(letters.size);
        }
        ends.extend(cut.iter().map(|end| from + end));
        from += paragraph.len();
        match ends.last_mut() {
            Some(last) if *last + 1 == from => *last = from,
            _ => ends.push(from),
        }
    }
    if text.is_empty() || text.ends_with('\n') {
        ends.push(text.len());
    }
    let ends: Arc<[usize]> = ends.into();
    lock().put(key, Arc::clone(&ends));
    ends
}

/// The width of the widest row of a paragraph that is cut at `ends`, without the spaces at its end.
fn widest(ui: &Ui, text: &str, ends: &[usize], letters: Letters) -> f32 {
    let (mut from, mut widest) = (0, 0.0f32);
    for to in ends.iter().copied().chain([text.len()]) {
        let measure = job(text.get(from..to).unwrap_or_default(), 0, letters, &[]);
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(measure));
        let glyphs = galley.rows.iter().flat_map(|row| row.glyphs.iter());
        let seen = glyphs.filter(|g| !g.chr.is_whitespace());
        widest = seen.map(|g| g.max_x()).fold(widest, f32::max);
        from = to;
    }
    widest
}

/// Adds the row ends of one paragraph, all but its last; `right` is the right edge of each character.
fn cut_rows(
    text: &str,
    lang: Lang,
    right: &[f32],
    width: f32,
    offset: usize,
    ends: &mut Vec<usize>,
) {
    if right.iter().all(|x| *x <= width) {
        return;
    }
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let edge = |byte: usize| starts.partition_point(|&s| s < byte);
    // Spaces at the end of a row hang over; they need no room.
    let right_of = |byte: usize| {
        let shown = text.get(..byte).unwrap_or_default().trim_end();
        let at = edge(shown.len());
        at.checked_sub(1)
            .and_then(|i| right.get(i))
            .copied()
            .unwrap_or(0.0)
    };
    let left_of = |byte: usize| {
        let at = edge(byte);
        at.checked_sub(1)
            .and_then(|i| right.get(i))
            .copied()
            .unwrap_or(0.0)
    };
    let mut places = text::line_breaks(text, lang);
    let (mut start, mut good) = (0, 0);
    let mut at = 0;
    while let Some(&place) = places.get(at) {
        if right_of(place) - left_of(start) <= width {
            good = place;
            at += 1;
        } else if good > start {
            ends.push(offset + good);
            start = good;
        } else {
            // One word is wider than the row: it is cut between clusters.
            let word = text.get(start..place).unwrap_or_default();
            let mut inner = start;
            let mut clusters = Vec::new();
            for cluster in text::graphemes(word) {
                inner += cluster.len();
                clusters.push(inner);
            }
            if clusters.len() < 2 {
                good = place;
                at += 1;
            } else {
                places.splice(at..=at, clusters);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(text: &str, lang: Lang, width: usize) -> Vec<usize> {
        let right: Vec<f32> = (1..=text.chars().count()).map(|i| i as f32).collect();
        let mut found = Vec::new();
        cut_rows(text, lang, &right, width as f32, 0, &mut found);
        found
    }

    const SIX: [(Lang, &str); 6] = [
        (Lang::Zh, "这次面谈会录音，你有权保持沉默。"),
        (Lang::Vi, "Buổi phỏng vấn này sẽ được ghi âm."),
        (Lang::Th, "การสัมภาษณ์ครั้งนี้จะถูกบันทึกเสียง"),
        (Lang::Lo, "ການສໍາພາດຄັ້ງນີ້ຈະຖືກບັນທຶກສຽງ"),
        (Lang::Km, "ការសម្ភាសន៍នេះនឹងត្រូវបានថតសំឡេង"),
        (Lang::My, "ဤအင်တာဗျူးကို အသံဖမ်းယူပါမည်"),
    ];

    #[test]
    fn rows_end_only_where_the_script_allows() {
        for (lang, text) in SIX {
            let allowed = text::line_breaks(text, lang);
            let cuts = ends(text, lang, 14);
            assert!(!cuts.is_empty(), "{lang}");
            for cut in &cuts {
                assert!(allowed.contains(cut), "{lang}: {:?}", &text[..*cut]);
            }
        }
    }

    #[test]
    fn no_row_is_wider_than_the_column_and_none_is_empty() {
        for (lang, text) in SIX {
            for width in [3, 8, 14, 40] {
                let mut from = 0;
                for to in ends(text, lang, width).into_iter().chain([text.len()]) {
                    let row = &text[from..to];
                    let clusters = text::graphemes(row).len();
                    assert!(!row.is_empty(), "{lang} {width}");
                    let wide = row.trim_end().chars().count();
                    assert!(wide <= width || clusters == 1, "{lang} {width}: {row:?}");
                    from = to;
                }
            }
        }
    }

    #[test]
    fn marks_are_clipped_to_their_row() {
        let letters = Letters {
            lang: Lang::Zh,
            size: 15.0,
            colour: Color32::WHITE,
        };
        let mark = Mark {
            range: 3..9,
            marking: Marking::Ground(Color32::RED),
        };
        let row = job("你好吗", 0, letters, std::slice::from_ref(&mark));
        let grounds: Vec<_> = row.sections.iter().map(|s| s.format.background).collect();
        assert_eq!(grounds, [Color32::TRANSPARENT, Color32::RED]);
        let next = job("张伟", 9, letters, &[mark]);
        assert_eq!(next.sections.len(), 1);
    }

    #[test]
    fn what_is_remembered_stays_bounded() {
        let mut memory = Memory::default();
        for key in 0..(REMEMBERED as u64 * 5) {
            memory.put(key, Arc::from([1usize].as_slice()));
            memory.get(0);
        }
        assert!(memory.new.len() + memory.old.len() <= REMEMBERED * 2 + 1);
        assert!(memory.get(0).is_some(), "what is used stays");
    }
}
