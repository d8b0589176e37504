//! From characters to placed glyphs: which font shows which letters, and what the font's own tables
//! make of a run of them. Without this step Khmer and Burmese fall apart.

use std::collections::BTreeMap;

use harfrust::{FontRef as ShapeFont, ShapeOptions, ShaperData, UnicodeBuffer};
use skrifa::instance::{LocationRef, Size as FontSize};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

use crate::domain::Lang;
use crate::export::Error;
use crate::fonts::Face;
use crate::text::graphemes;

/// The fonts of a document, one a language.
pub(super) struct Fonts<'a> {
    pub(super) fonts: Vec<Font<'a>>,
}

/// One font, ready to shape.
pub(super) struct Font<'a> {
    pub(super) face: &'a Face,
    pub(super) font: FontRef<'a>,
    shape_font: ShapeFont<'a>,
    shaper: ShaperData,
    /// Units of the design square.
    pub(super) units: f32,
    /// Above and below the line, in units; below is negative.
    pub(super) ascent: f32,
    pub(super) descent: f32,
}

/// A glyph with its place in the line, as shares of the letters' size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyph {
    pub(super) id: u16,
    pub(super) x: f32,
    pub(super) y: f32,
}

/// What cannot be parted: some characters and the glyphs that show them.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// Which font, by its place in [`Fonts`].
    pub(super) font: usize,
    /// Bytes of the paragraph from and to.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Places count from the cluster's start.
    pub(super) glyphs: Vec<Glyph>,
    /// How far the cluster goes, as a share of the letters' size.
    pub(super) advance: f32,
}

impl<'a> Fonts<'a> {
    pub(super) fn new(faces: &'a [Face]) -> Result<Self, Error> {
        let fonts: Result<Vec<Font<'a>>, Error> = faces.iter().map(Font::new).collect();
        Ok(Self { fonts: fonts? })
    }

    /// Shapes a stretch that is in one language. `offset` is its first byte's place in the paragraph.
    pub(super) fn shape(&self, text: &str, lang: Lang, offset: usize) -> Vec<Cluster> {
        let mut clusters = Vec::new();
        let mut run = Run::default();
        for letter in graphemes(text) {
            let script = letter.chars().find_map(script_of).or(run.script);
            let font = self.font_for(letter, lang, script, run.font);
            let same = font == run.font && (script == run.script || run.script.is_none());
            if !same && !run.text.is_empty() {
                self.shape_run(&run, lang, offset, &mut clusters);
                run = Run {
                    from: run.from.saturating_add(run.text.len()),
                    ..Run::default()
                };
            }
            run.font = font;
            run.script = script;
            run.text.push_str(letter);
        }
        if !run.text.is_empty() {
            self.shape_run(&run, lang, offset, &mut clusters);
        }
        clusters
    }

    /// Common signs stay in the font before them; other letters go to their script's font, then the
    /// language's, then any that has them.
    fn font_for(
        &self,
        letter: &str,
        lang: Lang,
        script: Option<Lang>,
        before: Option<usize>,
    ) -> Option<usize> {
        let of = |lang: Lang| self.fonts.iter().position(|f| f.face.lang == lang);
        let common = letter.chars().all(|c| script_of(c).is_none());
        let wanted = [
            before.filter(|_| common),
            script.filter(|_| !common).and_then(of),
            of(lang),
        ];
        let covers = |at: &usize| self.fonts.get(*at).is_some_and(|f| f.covers(letter));
        let any = (0..self.fonts.len()).find(covers);
        wanted
            .into_iter()
            .flatten()
            .find(covers)
            .or(any)
            .or(of(lang))
            .or(before)
    }

    fn shape_run(&self, run: &Run, lang: Lang, offset: usize, clusters: &mut Vec<Cluster>) {
        let Some((at, font)) = run.font.and_then(|at| Some((at, self.fonts.get(at)?))) else {
            return;
        };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&run.text);
        buffer.guess_segment_properties();
        if let Ok(tag) = lang.code().parse() {
            buffer.set_language(tag);
        }
        let shaper = font.shaper.shaper(&font.shape_font).build();
        let shaped = shaper.shape(buffer, ShapeOptions::new());
        // Clusters by their first byte: all six scripts run from left to right.
        let mut starts: BTreeMap<usize, (Vec<Glyph>, f32)> = BTreeMap::new();
        let placed = shaped.glyph_infos().iter().zip(shaped.glyph_positions());
        for (info, place) in placed {
            let (glyphs, pen) = starts.entry(info.cluster as usize).or_default();
            let share = |units: i32| units as f32 / font.units;
            glyphs.push(Glyph {
                id: u16::try_from(info.glyph_id).unwrap_or_default(),
                x: *pen + share(place.x_offset),
                y: share(place.y_offset),
            });
            *pen += share(place.x_advance);
        }
        let base = offset.saturating_add(run.from);
        let edges: Vec<usize> = starts
            .keys()
            .copied()
            .skip(1)
            .chain([run.text.len()])
            .collect();
        let mut from = 0;
        for ((_, (glyphs, advance)), to) in starts.into_iter().zip(edges) {
            clusters.push(Cluster {
                font: at,
                from: base.saturating_add(from),
                to: base.saturating_add(to),
                glyphs,
                advance,
            });
            from = to;
        }
    }
}

#[derive(Default)]
struct Run {
    font: Option<usize>,
    script: Option<Lang>,
    from: usize,
    text: String,
}

impl<'a> Font<'a> {
    fn new(face: &'a Face) -> Result<Self, Error> {
        let broken = || Error::Font(face.lang);
        let font = FontRef::from_index(&face.bytes, face.index).map_err(|_| broken())?;
        let shape_font = ShapeFont::from_index(&face.bytes, face.index).map_err(|_| broken())?;
        let metrics = font.metrics(FontSize::unscaled(), LocationRef::default());
        if metrics.units_per_em == 0 {
            return Err(broken());
        }
        Ok(Self {
            face,
            shaper: ShaperData::new(&shape_font),
            shape_font,
            units: metrics.units_per_em.into(),
            ascent: metrics.ascent,
            descent: metrics.descent,
            font,
        })
    }

    /// Whether every character that shows something has a glyph.
    fn covers(&self, letter: &str) -> bool {
        let map = self.font.charmap();
        let hidden = |c: char| matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}');
        letter.chars().all(|c| hidden(c) || map.map(c).is_some())
    }

    /// How far a glyph goes by itself, as a share of the letters' size.
    pub(super) fn width(&self, glyph: u16) -> f32 {
        let metrics = self
            .font
            .glyph_metrics(FontSize::unscaled(), LocationRef::default());
        let advance = metrics.advance_width(GlyphId::new(glyph.into()));
        advance.unwrap_or_default() / self.units
    }
}

/// The language whose font has this letter's script; none for signs that all scripts share.
fn script_of(c: char) -> Option<Lang> {
    match c {
        '\u{E00}'..='\u{E7F}' => Some(Lang::Th),
        '\u{E80}'..='\u{EFF}' => Some(Lang::Lo),
        '\u{1000}'..='\u{109F}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}' => {
            Some(Lang::My)
        }
        '\u{1780}'..='\u{17FF}' | '\u{19E0}'..='\u{19FF}' => Some(Lang::Km),
        '\u{2E80}'..='\u{303F}'
        | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF00}'..='\u{FFEF}'
        | '\u{20000}'..='\u{3FFFF}' => Some(Lang::Zh),
        'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => Some(Lang::Vi),
        _ => None,
    }
}
