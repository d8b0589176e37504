//! Puts the used glyphs of a font into the file, with what each stands for, so that text copied from
//! the page is the text that was written (ISO 32000-1, 9.7 and 9.10).
//!
//! A glyph may stand for different characters in different clusters, so codes are given to pairs of
//! a glyph and its text. Fonts with CFF outlines allow one code a glyph; there `/ActualText` says
//! what differs.

use std::collections::HashMap;
use std::fmt::Write as _;

use skrifa::raw::TableProvider as _;
use skrifa::{FontRef, Tag};
use subsetter::GlyphRemapper;

use crate::export::Error;

use super::file::{File, Id, utf16_hex};
use super::shape::Font;

/// What of one font a document uses.
pub(super) struct Used {
    glyphs: GlyphRemapper,
    /// One code a glyph.
    plain: bool,
    /// By glyph in the font and text.
    codes: HashMap<(u16, String), u16>,
    /// By code, from 1: the glyph in the subset, the glyph in the font, the text.
    coded: Vec<(u16, u16, String)>,
}

impl Used {
    pub(super) fn new(font: &Font<'_>) -> Self {
        Self {
            glyphs: GlyphRemapper::new(),
            plain: font.font.glyf().is_err(),
            codes: HashMap::new(),
            coded: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.coded.is_empty()
    }

    /// The code of a glyph, and whether a reader can tell from it that it stands for `text`.
    pub(super) fn code(&mut self, glyph: u16, text: &str) -> (u16, bool) {
        let key = (
            glyph,
            if self.plain {
                String::new()
            } else {
                text.to_owned()
            },
        );
        if let Some(&code) = self.codes.get(&key) {
            let known = self.coded.get(usize::from(code).saturating_sub(1));
            return (code, known.is_some_and(|(.., known)| known == text));
        }
        let inner = self.glyphs.remap(glyph);
        self.coded.push((inner, glyph, text.to_owned()));
        let code = if self.plain {
            inner
        } else {
            u16::try_from(self.coded.len()).unwrap_or(u16::MAX)
        };
        self.codes.insert(key, code);
        (code, true)
    }

    /// Writes the font; returns the object that pages name.
    pub(super) fn write(&self, font: &Font<'_>, file: &mut File) -> Result<Id, Error> {
        let broken = || Error::Font(font.face.lang);
        let subset = subsetter::subset(&font.face.bytes, font.face.index, &self.glyphs)
            .map_err(|_| broken())?;
        let name = self.name(font);
        let program = if self.plain {
            let opened = FontRef::new(&subset).map_err(|_| broken())?;
            let table = opened.table_data(Tag::new(b"CFF ")).ok_or_else(broken)?;
            let stream = file.stream("/Subtype/CIDFontType0C", table.as_bytes())?;
            format!("/FontFile3 {stream}")
        } else {
            let stream = file.stream(&format!("/Length1 {}", subset.len()), &subset)?;
            format!("/FontFile2 {stream}")
        };
        let scale = 1_000.0 / font.units;
        let (ascent, descent) = (font.ascent * scale, font.descent * scale);
        let descriptor = file.add(&format!(
            "<</Type/FontDescriptor/FontName/{name}/Flags 4/FontBBox[-500 {descent:.0} 2000 \
             {ascent:.0}]/ItalicAngle 0/Ascent {ascent:.0}/Descent {descent:.0}/CapHeight 700\
             /StemV 80{program}>>"
        ));
        let (kind, map) = if self.plain {
            ("CIDFontType0", String::new())
        } else {
            let stream = file.stream("", &self.glyph_map())?;
            ("CIDFontType2", format!("/CIDToGIDMap {stream}"))
        };
        let widths = self.widths(font);
        let inner = file.add(&format!(
            "<</Type/Font/Subtype/{kind}/BaseFont/{name}/CIDSystemInfo<</Registry(Adobe)\
             /Ordering(Identity)/Supplement 0>>/FontDescriptor {descriptor}/DW 0/W[{widths}]{map}>>"
        ));
        let unicode = file.stream("", self.to_unicode().as_bytes())?;
        Ok(file.add(&format!(
            "<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H\
             /DescendantFonts[{inner}]/ToUnicode {unicode}>>"
        )))
    }

    /// Six letters, as the standard wants for a part of a font, and a name without odd characters.
    fn name(&self, font: &Font<'_>) -> String {
        let mut sum = self.coded.len() as u32;
        for (_, glyph, _) in &self.coded {
            sum = sum.wrapping_mul(31).wrapping_add(u32::from(*glyph));
        }
        let mut tag = String::new();
        for _ in 0..6 {
            tag.push(char::from(b'A' + (sum % 26) as u8));
            sum /= 26;
        }
        format!("{tag}+Script-{}", font.face.lang)
    }

    /// Two bytes a code, from code 0: the glyph in the subset.
    fn glyph_map(&self) -> Vec<u8> {
        let inner = self.coded.iter().map(|(inner, ..)| *inner);
        std::iter::once(0)
            .chain(inner)
            .flat_map(u16::to_be_bytes)
            .collect()
    }

    fn code_at(&self, at: usize) -> u16 {
        if self.plain {
            return self.coded.get(at).map_or(0, |(inner, ..)| *inner);
        }
        u16::try_from(at.saturating_add(1)).unwrap_or(u16::MAX)
    }

    fn widths(&self, font: &Font<'_>) -> String {
        let mut widths = String::new();
        for (at, (_, glyph, _)) in self.coded.iter().enumerate() {
            let width = font.width(*glyph) * 1_000.0;
            let code = self.code_at(at);
            // Writing to a string cannot fail.
            let _ = write!(widths, "{code}[{width:.1}]");
        }
        widths
    }

    fn to_unicode(&self) -> String {
        let mut map = String::from(
            "/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n\
             /CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n\
             /CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n\
             1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n",
        );
        let told: Vec<(u16, &str)> = (0..)
            .zip(&self.coded)
            .map(|(at, (.., text))| (self.code_at(at), text.as_str()))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        // The standard allows a hundred a block.
        for block in told.chunks(100) {
            let _ = writeln!(map, "{} beginbfchar", block.len());
            for (code, text) in block {
                let _ = writeln!(map, "<{code:04X}><{}>", utf16_hex(text));
            }
            map.push_str("endbfchar\n");
        }
        map.push_str("endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n");
        map
    }
}
