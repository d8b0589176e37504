//! The transcript as a paper: a head, then every line in its languages side by side, with who or what
//! wrote it and what is doubtful.

use crate::domain::{Flag, Interpreted, Lang, Segment};

use super::paper::{Look, Paper, Paragraph, Row, Size, Words, lines_or};
use super::record::digits;
use super::{
    Source, is_machine_text, is_machine_translation, one_line, placeholder, target_languages,
    timecode,
};

pub(super) fn paper(source: &Source<'_>) -> Paper {
    let interview = source.interview;
    let title = format!("Interview {}", interview.id);
    let en = |size, look, text: &str| Paragraph::new(size).with(Lang::En, look, text);
    let mut head = vec![en(Size::Title, Look::Strong, &title)];
    for notice in source.notices() {
        head.push(en(Size::Body, Look::Strong, &notice));
    }
    let languages = target_languages(interview, source.segments);
    let names: Vec<&str> = languages.iter().map(|l| l.name()).collect();
    let mut facts = vec![
        ("Languages", names.join(", ")),
        ("Started", interview.started.clone()),
        ("Length", timecode(interview.duration_ms)),
        ("Lines", source.segments.len().to_string()),
    ];
    facts.extend(interview.case.clone().map(|case| ("Case", case)));
    for audio in &interview.audio {
        facts.push(("Recording", audio.original_name.clone()));
        facts.push(("SHA-256", audio.sha256.clone()));
    }
    facts.extend(interview.source.clone().map(|from| ("Source", from)));
    facts.extend(interview.notes.iter().map(|note| ("Note", note.clone())));
    for (name, value) in facts {
        let label = en(Size::Body, Look::Quiet, &format!("{name}: "));
        head.push(label.with(Lang::En, Look::Plain, &value));
    }
    let mut rows = vec![Row::wide(head).ruled()];
    if source.segments.is_empty() {
        let none = en(Size::Body, Look::Plain, "This interview has no lines.");
        rows.push(Row::wide(vec![none]));
    }
    let layers = Interpreted::of(source.segments);
    for segment in source.segments {
        let time = timecode(segment.span.start.as_ms());
        let speaker = one_line(&segment.speaker);
        let rendering = layers.label(segment.id);
        let who = format!("{}  {time}  {speaker}{rendering}", segment.id.0);
        rows.push(Row::wide(vec![en(Size::Small, Look::Strong, &who)]).keep());
        rows.push(sides(segment, &languages).ruled());
    }
    let number = Paragraph::new(Size::Small)
        .with(Lang::En, Look::Quiet, &format!("{title}, page "))
        .number(Lang::En, Words::Page)
        .with(Lang::En, Look::Quiet, " of ")
        .number(Lang::En, Words::Pages);
    let chain = source
        .print
        .head
        .map(|head| format!(", chain {}", digits(head)));
    let number = number
        .with(Lang::En, Look::Quiet, chain.as_deref().unwrap_or_default())
        .centred();
    Paper {
        title,
        lang: Lang::En,
        rows,
        foot: vec![Row::wide(vec![number])],
    }
}

/// What was said and its translations, a column a language.
fn sides(segment: &Segment, languages: &[Lang]) -> Row {
    let mut columns = Vec::new();
    for &lang in languages {
        if lang == segment.lang {
            columns.push(said(segment));
        } else if let Some(t) = segment.translations.iter().find(|t| t.lang == lang) {
            let who = if is_machine_translation(t) {
                "translated, machine"
            } else {
                "translated, person"
            };
            columns.push(side(&t.text, "[no text]", lang, (who, &t.engine, &t.flags)));
        } else {
            columns.push(Vec::new());
        }
    }
    if !languages.contains(&segment.lang) {
        columns.push(said(segment));
    }
    Row::beside(columns)
}

fn said(segment: &Segment) -> Vec<Paragraph> {
    let status = if is_machine_text(segment) {
        "said, machine".to_owned()
    } else {
        format!("said, {}", segment.status.as_str())
    };
    let by = (status.as_str(), segment.author.as_str(), &segment.flags[..]);
    side(&segment.text, placeholder(segment), segment.lang, by)
}

fn side(
    text: &str,
    otherwise: &str,
    lang: Lang,
    (who, author, flags): (&str, &str, &[Flag]),
) -> Vec<Paragraph> {
    let lines = lines_or(text, otherwise);
    let mut column: Vec<Paragraph> = lines
        .iter()
        .map(|line| Paragraph::new(Size::Body).with(lang, Look::Plain, line))
        .collect();
    let small = |text: &str| Paragraph::new(Size::Small).with(Lang::En, Look::Quiet, text);
    column.push(small(&format!("[{who}] {author}")));
    for flag in flags {
        let detail = one_line(&flag.detail);
        let parted = if detail.is_empty() { "" } else { ": " };
        column.push(small(&format!("! {}{parted}{detail}", flag.kind.as_str())));
    }
    column
}
