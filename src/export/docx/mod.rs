//! Writes a paper as DOCX: the parts of an Office Open XML package, small and by hand. Every run names
//! its font for complex scripts and its language, without which Khmer and Burmese show as boxes.

mod parts;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::domain::Lang;
use crate::text::escape_markup as x;

use super::paper::{Column, Look, Paper, Paragraph, Piece, Row, Size, Words};
use super::{Error, Progress, one_line};

const NAMESPACES: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
     xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// A4 and its margins, in twentieths of a point; the room between them is for text.
const PAGE: (u32, u32) = (11_906, 16_838);
const MARGIN: u32 = 960;
const ROOM: u32 = PAGE.0 - 2 * MARGIN;

/// Writes the document.
pub(super) fn write(
    paper: &Paper,
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The first day that the format knows: the same document gives the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let document = document(paper, progress)?;
    let (foot, core) = (foot(paper), core(paper));
    let parts = [
        ("[Content_Types].xml", parts::CONTENT_TYPES),
        ("_rels/.rels", parts::PACKAGE_RELATIONS),
        ("word/document.xml", &document),
        ("word/_rels/document.xml.rels", parts::DOCUMENT_RELATIONS),
        ("word/styles.xml", parts::STYLES),
        ("word/fontTable.xml", parts::FONT_TABLE),
        ("word/footer1.xml", &foot),
        ("docProps/core.xml", &core),
    ];
    for (name, content) in parts {
        zip.start_file(name, options)
            .map_err(std::io::Error::from)?;
        zip.write_all(content.as_bytes())?;
    }
    let bytes = zip.finish().map_err(std::io::Error::from)?;
    Ok(out.write_all(&bytes.into_inner())?)
}

fn document(paper: &Paper, progress: Progress<'_>) -> Result<String, Error> {
    let mut text = format!("{DECLARATION}<w:document {NAMESPACES}><w:body>");
    write_rows(&paper.rows, &mut text, progress)?;
    let (width, height) = PAGE;
    // Writing to a string cannot fail, here and below.
    let _ = write!(
        text,
        "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"rId3\"/>\
         <w:pgSz w:w=\"{width}\" w:h=\"{height}\"/><w:pgMar w:top=\"{MARGIN}\" \
         w:right=\"{MARGIN}\" w:bottom=\"{MARGIN}\" w:left=\"{MARGIN}\" w:header=\"480\" \
         w:footer=\"480\" w:gutter=\"0\"/></w:sectPr></w:body></w:document>"
    );
    Ok(text)
}

fn foot(paper: &Paper) -> String {
    let mut text = format!("{DECLARATION}<w:ftr {NAMESPACES}>");
    // Nobody waits for the foot; it cannot be cancelled.
    let _ = write_rows(&paper.foot, &mut text, &mut |_, _| Ok(()));
    text.push_str("</w:ftr>");
    text
}

/// The title and who wrote the file, no name and no date.
fn core(paper: &Paper) -> String {
    format!(
        "{DECLARATION}<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/\
         metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{}\
         </dc:title><dc:creator>mekong-interview</dc:creator></cp:coreProperties>",
        x(&one_line(&paper.title))
    )
}

fn write_rows(rows: &[Row], text: &mut String, progress: Progress<'_>) -> Result<(), Error> {
    let total = rows.len() as u64;
    // The grid of the table that is open.
    let mut grid: Option<Vec<u16>> = None;
    for (done, row) in (1..).zip(rows) {
        let shares: Vec<u16> = row.columns.iter().map(|c| c.share).collect();
        let wanted = (shares.len() > 1).then_some(shares);
        if grid != wanted {
            if grid.is_some() {
                close_table(text);
            }
            if let Some(shares) = &wanted {
                open_table(shares, text);
            }
            grid = wanted;
        }
        match &row.columns[..] {
            [only] => write_column(only, row.keep, row.ruled, text),
            columns => write_table_row(columns, row, text),
        }
        progress(done, total)?;
    }
    if grid.is_some() {
        close_table(text);
    }
    Ok(())
}

fn widths(shares: &[u16]) -> Vec<u32> {
    let sum: u32 = shares.iter().map(|s| u32::from(*s)).sum();
    let part = |share: &u16| ROOM.saturating_mul(u32::from(*share)) / sum.max(1);
    shares.iter().map(part).collect()
}

fn open_table(shares: &[u16], text: &mut String) {
    let _ = write!(
        text,
        "<w:tbl><w:tblPr><w:tblW w:w=\"{ROOM}\" w:type=\"dxa\"/><w:tblLayout w:type=\"fixed\"/>\
         </w:tblPr><w:tblGrid>"
    );
    for width in widths(shares) {
        let _ = write!(text, "<w:gridCol w:w=\"{width}\"/>");
    }
    text.push_str("</w:tblGrid>");
}

/// Word joins tables that nothing parts, and wants a paragraph at the end.
fn close_table(text: &mut String) {
    text.push_str(
        "</w:tbl><w:p><w:pPr><w:spacing w:after=\"0\" w:line=\"40\" w:lineRule=\"exact\"/>\
         </w:pPr></w:p>",
    );
}

fn write_table_row(columns: &[Column], row: &Row, text: &mut String) {
    let shares: Vec<u16> = columns.iter().map(|c| c.share).collect();
    text.push_str("<w:tr>");
    for (column, width) in columns.iter().zip(widths(&shares)) {
        let _ = write!(
            text,
            "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>"
        );
        if row.ruled {
            text.push_str(
                "<w:tcBorders><w:bottom w:val=\"single\" w:sz=\"4\" w:space=\"0\" \
                 w:color=\"999999\"/></w:tcBorders>",
            );
        }
        text.push_str("</w:tcPr>");
        write_column(column, row.keep, false, text);
        text.push_str("</w:tc>");
    }
    text.push_str("</w:tr>");
}

fn write_column(column: &Column, keep: bool, ruled: bool, text: &mut String) {
    let last = column.paragraphs.len().saturating_sub(1);
    for (at, paragraph) in column.paragraphs.iter().enumerate() {
        write_paragraph(paragraph, keep, ruled && at == last, text);
    }
    // A cell without a paragraph is damage to Word.
    if column.paragraphs.is_empty() {
        text.push_str("<w:p/>");
    }
}

fn write_paragraph(paragraph: &Paragraph, keep: bool, ruled: bool, text: &mut String) {
    text.push_str("<w:p><w:pPr>");
    if keep {
        text.push_str("<w:keepNext/>");
    }
    if ruled {
        text.push_str(
            "<w:pBdr><w:bottom w:val=\"single\" w:sz=\"4\" w:space=\"1\" w:color=\"999999\"/>\
             </w:pBdr>",
        );
    }
    if paragraph.centred {
        text.push_str("<w:jc w:val=\"center\"/>");
    }
    text.push_str("</w:pPr>");
    for piece in &paragraph.pieces {
        write_piece(piece, paragraph.size, text);
    }
    text.push_str("</w:p>");
}

fn write_piece(piece: &Piece, size: Size, text: &mut String) {
    let look = run_properties(piece.lang, piece.look, size);
    match &piece.words {
        Words::Text(words) => {
            let words = x(words);
            let _ = write!(
                text,
                "<w:r>{look}<w:t xml:space=\"preserve\">{words}</w:t></w:r>"
            );
        }
        Words::Page => write_field("PAGE", &look, text),
        Words::Pages => write_field("NUMPAGES", &look, text),
    }
}

fn write_field(name: &str, look: &str, text: &mut String) {
    let _ = write!(
        text,
        "<w:fldSimple w:instr=\" {name} \"><w:r>{look}<w:t>1</w:t></w:r></w:fldSimple>"
    );
}

/// In the order of the schema: fonts, weight, colour, size, complex script, language.
fn run_properties(lang: Lang, look: Look, size: Size) -> String {
    let (font, tag) = (font(lang), tag(lang));
    let complex = matches!(lang, Lang::Th | Lang::Lo | Lang::Km | Lang::My);
    let mut text = String::from("<w:rPr>");
    let _ = match (complex, lang) {
        (true, _) => write!(
            text,
            "<w:rFonts w:ascii=\"{font}\" w:hAnsi=\"{font}\" w:eastAsia=\"{font}\" \
             w:cs=\"{font}\" w:hint=\"cs\"/>"
        ),
        (false, Lang::Zh) => write!(
            text,
            "<w:rFonts w:ascii=\"{font}\" w:hAnsi=\"{font}\" w:eastAsia=\"{font}\" \
             w:hint=\"eastAsia\"/>"
        ),
        (false, _) => write!(text, "<w:rFonts w:ascii=\"{font}\" w:hAnsi=\"{font}\"/>"),
    };
    if look == Look::Strong {
        text.push_str("<w:b/><w:bCs/>");
    }
    if look == Look::Quiet {
        text.push_str("<w:color w:val=\"595959\"/>");
    }
    let half_points = match size {
        Size::Title => 32,
        Size::Body => 21,
        Size::Small => 17,
    };
    let _ = write!(
        text,
        "<w:sz w:val=\"{half_points}\"/><w:szCs w:val=\"{half_points}\"/>"
    );
    if complex {
        text.push_str("<w:cs/>");
    }
    let _ = match (complex, lang) {
        (true, _) => write!(text, "<w:lang w:bidi=\"{tag}\"/>"),
        (false, Lang::Zh) => write!(text, "<w:lang w:eastAsia=\"{tag}\"/>"),
        (false, _) => write!(text, "<w:lang w:val=\"{tag}\"/>"),
    };
    text.push_str("</w:rPr>");
    text
}

const fn font(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "Noto Sans CJK SC",
        Lang::Th => "Noto Sans Thai",
        Lang::Lo => "Noto Sans Lao",
        Lang::Km => "Noto Sans Khmer",
        Lang::My => "Noto Sans Myanmar",
        Lang::Vi | Lang::En => "Noto Sans",
    }
}

const fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh-CN",
        Lang::Vi => "vi-VN",
        Lang::Th => "th-TH",
        Lang::Lo => "lo-LA",
        Lang::Km => "km-KH",
        Lang::My => "my-MM",
        Lang::En => "en-US",
    }
}
