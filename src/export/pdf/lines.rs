//! Paragraphs into lines: shape once, break where the script allows, or between clusters where a word
//! is longer than the line.

use crate::text::line_breaks;

use super::super::paper::{Look, Paragraph, Words};
use super::shape::{Cluster, Fonts};

/// Lines are at least this much of the letters' size apart.
const LEAST_HEIGHT: f32 = 1.4;

/// One line, ready to be placed.
pub(super) struct Line {
    pub(super) clusters: Vec<Cluster>,
    /// Points from the left edge of the column.
    pub(super) indent: f32,
    /// Points from the line's top to its letters' foot, and the whole height.
    pub(super) ascent: f32,
    pub(super) height: f32,
}

/// A paragraph that was broken into lines.
pub(super) struct Broken {
    /// What the clusters' bytes count in.
    pub(super) text: String,
    /// Where looks change: the first byte of each, ascending.
    pub(super) looks: Vec<(usize, Look)>,
    pub(super) points: f32,
    pub(super) lines: Vec<Line>,
}

/// Breaks a paragraph into lines of at most `width` points. `page` and `pages` stand for their
/// pieces.
pub(super) fn break_paragraph(
    paragraph: &Paragraph,
    fonts: &Fonts<'_>,
    width: f32,
    (page, pages): (usize, usize),
) -> Broken {
    let points = paragraph.size.points();
    let mut text = String::new();
    let mut looks = Vec::new();
    let mut clusters = Vec::new();
    for piece in &paragraph.pieces {
        let words = match &piece.words {
            Words::Text(words) => words.clone(),
            Words::Page => page.to_string(),
            Words::Pages => pages.to_string(),
        };
        looks.push((text.len(), piece.look));
        clusters.extend(fonts.shape(&words, piece.lang, text.len()));
        text.push_str(&words);
    }
    let lang = paragraph
        .pieces
        .first()
        .map(|p| p.lang)
        .unwrap_or(crate::domain::Lang::En);
    let breaks = line_breaks(&text, lang);
    let mut lines = Vec::new();
    for clusters in split(clusters, &text, &breaks, width / points) {
        lines.push(measure(clusters, fonts, paragraph, &text, width));
    }
    Broken {
        text,
        looks,
        points,
        lines,
    }
}

/// Parts clusters into lines; widths are shares of the letters' size.
fn split(clusters: Vec<Cluster>, text: &str, breaks: &[usize], width: f32) -> Vec<Vec<Cluster>> {
    let mut lines = Vec::new();
    let mut line: Vec<Cluster> = Vec::new();
    // How many clusters of the line may stay when it is full, and how wide the line is.
    let mut good = 0;
    let mut used = 0.0;
    for cluster in clusters {
        if breaks.binary_search(&cluster.from).is_ok() && !line.is_empty() {
            good = line.len();
        }
        let blank = text
            .get(cluster.from..cluster.to)
            .is_some_and(|t| t.trim().is_empty());
        // White space hangs over the edge.
        if used + cluster.advance > width && !line.is_empty() && !blank {
            let kept = if good == 0 { line.len() } else { good };
            let rest = line.split_off(kept);
            lines.push(std::mem::replace(&mut line, rest));
            used = line.iter().map(|c| c.advance).sum();
            good = 0;
        }
        used += cluster.advance;
        line.push(cluster);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn measure(
    clusters: Vec<Cluster>,
    fonts: &Fonts<'_>,
    paragraph: &Paragraph,
    text: &str,
    width: f32,
) -> Line {
    let points = paragraph.size.points();
    let (mut ascent, mut descent) = (0.0f32, 0.0f32);
    for cluster in &clusters {
        if let Some(font) = fonts.fonts.get(cluster.font) {
            ascent = ascent.max(font.ascent / font.units * points);
            descent = descent.max(-font.descent / font.units * points);
        }
    }
    let height = (ascent + descent).max(LEAST_HEIGHT * points);
    let spare = height - ascent - descent;
    let blank = |c: &&Cluster| text.get(c.from..c.to).is_some_and(|t| t.trim().is_empty());
    let hanging: f32 = clusters
        .iter()
        .rev()
        .take_while(blank)
        .map(|c| c.advance)
        .sum();
    let whole: f32 = clusters.iter().map(|c| c.advance).sum();
    let seen = (whole - hanging) * points;
    Line {
        indent: if paragraph.centred {
            ((width - seen) / 2.0).max(0.0)
        } else {
            0.0
        },
        clusters,
        ascent: ascent + spare / 2.0,
        height,
    }
}
