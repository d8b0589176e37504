//! Writes a paper as PDF 1.7: text shaped by the fonts' own tables, fonts embedded in part, and every
//! cluster carrying the characters it stands for.

mod embed;
mod file;
mod lines;
mod shape;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io::Write;

use crate::fonts::Face;

use super::paper::{Look, Paper, Row};
use super::{Error, Progress};
use embed::Used;
use file::{File, Id, text_string};
use lines::{Broken, Line, break_paragraph};
use shape::{Cluster, Fonts};

/// A4, in points.
const PAGE: (f32, f32) = (595.28, 841.89);
/// White on all sides.
const MARGIN: f32 = 48.0;
/// Between columns, and between rows.
const GUTTER: f32 = 14.0;
const ROW_GAP: f32 = 5.0;
/// Most pages; an interview of a day has some hundred.
const MAX_PAGES: usize = 20_000;

/// A row whose lines are known.
struct Laid<'a> {
    row: &'a Row,
    /// For each column its left edge and its paragraphs.
    columns: Vec<(f32, Vec<Broken>)>,
}

/// Writes the document.
pub(super) fn write(
    paper: &Paper,
    faces: &[Face],
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let fonts = Fonts::new(faces)?;
    let mut laid = Vec::new();
    let total = paper.rows.len() as u64;
    for (done, row) in (1..).zip(&paper.rows) {
        laid.push(lay(row, &fonts, (0, 0)));
        progress(done, total)?;
    }
    // The number of pages is part of their foot, whose height does not depend on it but for a digit.
    let foot: Vec<Laid<'_>> = paper
        .foot
        .iter()
        .map(|row| lay(row, &fonts, (888, 888)))
        .collect();
    let foot_height: f32 = foot.iter().map(|l| height(l) + ROW_GAP).sum();
    let bottom = MARGIN + foot_height + ROW_GAP;
    let mut pages = Pages {
        used: fonts.fonts.iter().map(Used::new).collect(),
        fonts: &fonts,
        done: Vec::new(),
        content: String::new(),
        y: PAGE.1 - MARGIN,
        bottom,
    };
    for (at, row) in laid.iter().enumerate() {
        pages.place(row, laid.get(at.saturating_add(1)))?;
    }
    pages.turn()?;
    let count = pages.done.len();
    for number in 0..count {
        pages.y = MARGIN + foot_height;
        pages.rule(pages.y + 2.0);
        for row in &paper.foot {
            let row = lay(row, &fonts, (number.saturating_add(1), count));
            pages.all_lines(&row);
        }
        let foot = std::mem::take(&mut pages.content);
        if let Some(page) = pages.done.get_mut(number) {
            page.push_str(&foot);
        }
    }
    let (done, used) = (pages.done, pages.used);
    assemble(paper, &fonts, &used, &done, out)
}

fn lay<'a>(row: &'a Row, fonts: &Fonts<'_>, numbers: (usize, usize)) -> Laid<'a> {
    let shares: f32 = row.columns.iter().map(|c| f32::from(c.share)).sum();
    let gaps = GUTTER * row.columns.len().saturating_sub(1) as f32;
    let room = PAGE.0 - 2.0 * MARGIN - gaps;
    let mut x = MARGIN;
    let mut columns = Vec::new();
    for column in &row.columns {
        let width = room * f32::from(column.share) / shares.max(1.0);
        let paragraphs = column
            .paragraphs
            .iter()
            .map(|p| break_paragraph(p, fonts, width, numbers))
            .collect();
        columns.push((x, paragraphs));
        x += width + GUTTER;
    }
    Laid { row, columns }
}

fn height(laid: &Laid<'_>) -> f32 {
    let of = |paragraphs: &Vec<Broken>| -> f32 {
        paragraphs
            .iter()
            .flat_map(|p| &p.lines)
            .map(|l| l.height)
            .sum()
    };
    laid.columns.iter().map(|(_, p)| of(p)).fold(0.0, f32::max)
}

/// The lines of a column with their paragraphs.
fn lines_of(paragraphs: &[Broken]) -> Vec<(&Broken, &Line)> {
    let mut lines = Vec::new();
    for paragraph in paragraphs {
        lines.extend(paragraph.lines.iter().map(|line| (paragraph, line)));
    }
    lines
}

/// Pages that fill from the top.
struct Pages<'a, 'f> {
    fonts: &'a Fonts<'f>,
    used: Vec<Used>,
    done: Vec<String>,
    content: String,
    y: f32,
    bottom: f32,
}

impl Pages<'_, '_> {
    /// Ends the page.
    fn turn(&mut self) -> Result<(), Error> {
        if self.done.len() >= MAX_PAGES {
            return Err(Error::TooManyPages(MAX_PAGES));
        }
        self.done.push(std::mem::take(&mut self.content));
        self.y = PAGE.1 - MARGIN;
        Ok(())
    }

    /// Places a row: whole where a page has room for it, else line by line over several pages.
    fn place(&mut self, laid: &Laid<'_>, next: Option<&Laid<'_>>) -> Result<(), Error> {
        let full = PAGE.1 - MARGIN - self.bottom;
        let mut needed = height(laid);
        if laid.row.keep {
            needed += next.map(height).unwrap_or_default() + ROW_GAP;
        }
        let started = self.y < PAGE.1 - MARGIN;
        if self.y - needed < self.bottom && started && needed <= full {
            self.turn()?;
        }
        if needed <= full {
            self.all_lines(laid);
            return Ok(());
        }
        self.line_by_line(laid)
    }

    /// Places all columns side by side from here on down.
    fn all_lines(&mut self, laid: &Laid<'_>) {
        let top = self.y;
        for (x, paragraphs) in &laid.columns {
            let mut y = top;
            for paragraph in paragraphs {
                for line in &paragraph.lines {
                    self.line(paragraph, line, *x, y);
                    y -= line.height;
                }
            }
        }
        self.end_row(laid, top - height(laid));
    }

    /// A row that is longer than a page: of each column what fits, then the next page.
    fn line_by_line(&mut self, laid: &Laid<'_>) -> Result<(), Error> {
        let mut waiting: Vec<(f32, Vec<(&Broken, &Line)>)> = laid
            .columns
            .iter()
            .map(|(x, paragraphs)| (*x, lines_of(paragraphs)))
            .collect();
        loop {
            let top = self.y;
            let mut lowest = top;
            for (x, lines) in &mut waiting {
                let mut y = top;
                let mut placed = 0;
                for (paragraph, line) in lines.iter() {
                    // A line higher than a page is placed all the same.
                    if y - line.height < self.bottom && y < PAGE.1 - MARGIN {
                        break;
                    }
                    self.line(paragraph, line, *x, y);
                    y -= line.height;
                    placed += 1;
                }
                lines.drain(..placed);
                lowest = lowest.min(y);
            }
            if waiting.iter().all(|(_, lines)| lines.is_empty()) {
                self.end_row(laid, lowest);
                return Ok(());
            }
            self.turn()?;
        }
    }

    fn end_row(&mut self, laid: &Laid<'_>, y: f32) {
        self.y = y;
        if laid.row.ruled {
            self.rule(y - ROW_GAP / 2.0);
        }
        self.y -= ROW_GAP;
    }

    fn rule(&mut self, y: f32) {
        let (from, to) = (MARGIN, PAGE.0 - MARGIN);
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            self.content,
            "0.6 G 0.5 w {from:.2} {y:.2} m {to:.2} {y:.2} l S"
        );
    }

    fn line(&mut self, paragraph: &Broken, line: &Line, x: f32, top: f32) {
        let mut pen = Pen {
            x: x + line.indent,
            y: top - line.ascent,
            points: paragraph.points,
            font: None,
            look: None,
            after: None,
            open: false,
        };
        self.content.push_str("BT\n");
        for cluster in &line.clusters {
            self.cluster(paragraph, cluster, &mut pen);
        }
        pen.close(&mut self.content);
        self.content.push_str("ET\n");
    }

    fn cluster(&mut self, paragraph: &Broken, cluster: &Cluster, pen: &mut Pen) {
        let text = paragraph
            .text
            .get(cluster.from..cluster.to)
            .unwrap_or_default();
        let before = paragraph
            .looks
            .iter()
            .rev()
            .find(|(from, _)| *from <= cluster.from);
        let look = before.map_or(Look::Plain, |(_, look)| *look);
        pen.dress(look, cluster.font, &mut self.content);
        let (Some(font), Some(used)) = (
            self.fonts.fonts.get(cluster.font),
            self.used.get_mut(cluster.font),
        ) else {
            return;
        };
        // The characters are dealt out over the glyphs, the rest to the last: read one after the
        // other they give the text even where a reader knows no better.
        let mut letters = text.chars();
        let count = cluster.glyphs.len();
        let mut plain = count == 1;
        let mut coded = Vec::with_capacity(count);
        for at in 1..=count {
            let own: String = if at == count {
                letters.by_ref().collect()
            } else {
                letters.next().map(String::from).unwrap_or_default()
            };
            let (code, tells) = used.code(cluster.glyphs.get(at - 1).map_or(0, |g| g.id), &own);
            plain &= tells && !own.is_empty();
            coded.push(code);
        }
        if !plain {
            pen.close(&mut self.content);
            let _ = writeln!(self.content, "/Span<</ActualText{}>>BDC", text_string(text));
        }
        for (glyph, code) in cluster.glyphs.iter().zip(coded) {
            let place = (pen.x + glyph.x * pen.points, pen.y + glyph.y * pen.points);
            pen.show(
                code,
                place,
                font.width(glyph.id) * pen.points,
                &mut self.content,
            );
        }
        if !plain {
            pen.close(&mut self.content);
            self.content.push_str("EMC\n");
        }
        pen.x += cluster.advance * pen.points;
    }
}

/// Where the next glyph goes, and what the page was told last.
struct Pen {
    x: f32,
    y: f32,
    points: f32,
    font: Option<usize>,
    look: Option<Look>,
    /// Where the glyph after the last shown one would fall by itself.
    after: Option<(f32, f32)>,
    /// A string of codes is open.
    open: bool,
}

impl Pen {
    fn close(&mut self, content: &mut String) {
        if std::mem::take(&mut self.open) {
            content.push_str(">Tj\n");
        }
    }

    fn dress(&mut self, look: Look, font: usize, content: &mut String) {
        if self.font != Some(font) {
            self.close(content);
            let _ = writeln!(content, "/F{font} {} Tf", self.points);
            self.font = Some(font);
        }
        if self.look != Some(look) {
            self.close(content);
            // Strong letters are outlined as well as filled: no second font has to be found.
            let _ = match look {
                Look::Plain => writeln!(content, "0 g 0 Tr"),
                Look::Strong => writeln!(content, "0 g 0 G 0.3 w 2 Tr"),
                Look::Quiet => writeln!(content, "0.35 g 0 Tr"),
            };
            self.look = Some(look);
        }
    }

    fn show(&mut self, code: u16, (x, y): (f32, f32), width: f32, content: &mut String) {
        let near = |(ax, ay): (f32, f32)| (ax - x).abs() < 0.02 && (ay - y).abs() < 0.02;
        if !self.after.is_some_and(near) {
            self.close(content);
            let _ = writeln!(content, "1 0 0 1 {x:.2} {y:.2} Tm");
        }
        if !self.open {
            content.push('<');
            self.open = true;
        }
        let _ = write!(content, "{code:04X}");
        self.after = Some((x + width, y));
    }
}

fn assemble(
    paper: &Paper,
    fonts: &Fonts<'_>,
    used: &[Used],
    pages: &[String],
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut file = File::new();
    let (root, tree) = (file.name(), file.name());
    let mut resources = String::new();
    for (at, (used, font)) in used.iter().zip(&fonts.fonts).enumerate() {
        if !used.is_empty() {
            let id = used.write(font, &mut file)?;
            let _ = write!(resources, "/F{at} {id}");
        }
    }
    let resources = file.add(&format!("<</Font<<{resources}>>>>"));
    let mut kids: Vec<Id> = Vec::new();
    for page in pages {
        let content = file.stream("", page.as_bytes())?;
        let (width, height) = PAGE;
        kids.push(file.add(&format!(
            "<</Type/Page/Parent {tree}/MediaBox[0 0 {width} {height}]/Resources {resources}\
             /Contents {content}>>"
        )));
    }
    let count = kids.len();
    let kids: Vec<String> = kids.iter().map(Id::to_string).collect();
    file.put(
        tree,
        &format!("<</Type/Pages/Count {count}/Kids[{}]>>", kids.join(" ")),
    );
    file.put(
        root,
        &format!(
            "<</Type/Catalog/Pages {tree}/Lang({})/ViewerPreferences<</DisplayDocTitle true>>>>",
            paper.lang
        ),
    );
    let info = file.add(&format!(
        "<</Title{}/Producer{}>>",
        text_string(&paper.title),
        text_string(concat!("mekong-interview ", env!("CARGO_PKG_VERSION")))
    ));
    Ok(file.finish(root, info, out)?)
}
