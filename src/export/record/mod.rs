//! The record of questioning: a paper that the person, the interpreter and the officers sign on every
//! page. Its fields are those of the Chinese rules of procedure (2020, articles 201 to 212); the other
//! languages' templates carry the same ones.
//!
//! Nothing is invented: what the store does not know is a blank to write on by hand.

mod clock;
mod happened;
mod read_back;
mod template;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

use crate::domain::{Asked, Flag, FlagKind, Lang, Segment, role};

use super::paper::{Look, Paper, Paragraph, Row, Size, Words, lines_or};
use super::redact::transcript_hash;
use super::{Source, is_machine_text, is_machine_translation, one_line, timecode};

use read_back::Answers;

pub use happened::{Happened, What};
pub use template::{SHIPPED, Template};

/// Blanks up to this length share a row with another.
const SHORT_BLANK: usize = 14;
/// Letters of a line to write on.
const LINE: usize = 36;
/// Most parts of a recording whose hashes stand at the foot of every page.
const FOOT_PARTS: usize = 2;

/// The whole record in the templates' languages: one, or two side by side.
pub(super) fn paper(source: &Source<'_>, templates: &[Template], person: Asked) -> Paper {
    let record = Record {
        source,
        templates,
        person,
        hash: transcript_hash(source.interview, source.segments),
        answers: Answers::of(source.print.read_back),
        home: clock::home(&source.interview.started, TimeZone::system()),
    };
    let mut rows = record.head();
    rows.extend(record.happened());
    rows.extend(source.segments.iter().map(|s| record.line(s)));
    rows.extend(record.close());
    Paper {
        title: format!("Record of interview {}", source.interview.id),
        lang: record.main_lang(),
        rows,
        foot: record.foot(),
    }
}

struct Record<'a> {
    source: &'a Source<'a>,
    templates: &'a [Template],
    person: Asked,
    hash: String,
    answers: Answers<'a>,
    /// The zone in which the interview was held.
    home: TimeZone,
}

impl Record<'_> {
    fn main_lang(&self) -> Lang {
        self.templates.first().map_or(Lang::En, |t| t.language)
    }

    fn head(&self) -> Vec<Row> {
        let titles = self.templates.iter().map(|t| {
            Paragraph::new(Size::Title)
                .with(t.language, Look::Strong, t.title.of(self.person))
                .centred()
        });
        let mut head: Vec<Paragraph> = titles.collect();
        for notice in self.source.notices() {
            let told = Paragraph::new(Size::Small).with(Lang::En, Look::Strong, &notice);
            head.push(told.centred());
        }
        let mut rows = vec![Row::wide(head).ruled()];
        let Some(main) = self.templates.first() else {
            return rows;
        };
        let mut half: Option<Paragraph> = None;
        for field in &main.fields {
            let value = self.value(&field.name);
            let long = field.blank > SHORT_BLANK
                || value
                    .as_ref()
                    .is_some_and(|v| v.chars().count() > 2 * SHORT_BLANK);
            let shown = self.field(&field.name, value, field.blank);
            match (long, half.take()) {
                (false, None) => half = Some(shown),
                (false, Some(left)) => rows.push(Row::beside(vec![vec![left], vec![shown]])),
                (true, left) => {
                    rows.extend(left.map(|left| Row::wide(vec![left])));
                    rows.push(Row::wide(vec![shown]));
                }
            }
        }
        rows.extend(half.map(|left| Row::wide(vec![left])));
        let rights = self.templates.iter().map(|t| {
            Paragraph::new(Size::Body)
                .with(t.language, Look::Plain, t.rights.of(self.person))
                .with(t.language, Look::Plain, &blank(LINE / 2))
        });
        let rights = rights.map(|p| vec![p]).collect();
        rows.push(Row::beside(rights).ruled());
        rows
    }

    /// The label in each language, then what is known or a blank.
    fn field(&self, name: &str, value: Option<String>, length: usize) -> Paragraph {
        let mut paragraph = Paragraph::new(Size::Body);
        for (at, template) in self.templates.iter().enumerate() {
            if let Some(label) = template.label(name) {
                if at > 0 {
                    paragraph = paragraph.with(template.language, Look::Quiet, " / ");
                }
                paragraph = paragraph.with(template.language, Look::Strong, label);
            }
        }
        let Some(main) = self.templates.first() else {
            return paragraph;
        };
        paragraph = paragraph.with(main.language, Look::Strong, &main.words.colon);
        match value {
            Some(value) => paragraph.with(main.language, Look::Plain, &value),
            None => paragraph.with(main.language, Look::Plain, &blank(length)),
        }
    }

    /// What the store knows of a field.
    fn value(&self, name: &str) -> Option<String> {
        let interview = self.source.interview;
        match name {
            "case" => interview.case.clone(),
            "from" => self.time(0),
            "to" => self.time(interview.duration_ms),
            "languages" => {
                let names: Vec<String> = interview
                    .languages
                    .iter()
                    .map(|l| format!("{} {}", l.native_name(), l.name()))
                    .collect();
                Some(names.join(", "))
            }
            "recording" => {
                if self.has_many_parts() {
                    // They are listed at the end.
                    return Some(format!("{} x SHA-256", interview.audio.len()));
                }
                let hashes = interview.audio.iter().map(|a| a.sha256.as_str());
                let hashes = hashes.collect::<Vec<_>>().join(" ");
                Some(hashes).filter(|h| !h.is_empty())
            }
            "interpreter" => self.interpreter(),
            _ => {
                let mut known = self.source.print.known.iter();
                let found = known.find(|(field, _)| *field == name);
                found.map(|(_, value)| value.clone())
            }
        }
    }

    /// A time of day in the interview. Only of what was recorded here: of an imported file it is not
    /// known when it was recorded.
    fn time(&self, ms: u64) -> Option<String> {
        if !self.source.recorded_here {
            return None;
        }
        clock::minute(&self.source.interview.started, ms, &self.home)
    }

    /// One line in each language: said, or translated.
    fn line(&self, segment: &Segment) -> Row {
        let mut columns: Vec<Vec<Paragraph>> = Vec::new();
        for template in self.templates {
            columns.push(self.side(segment, template));
        }
        // What was said in a language without a column is never left out.
        if !self.templates.iter().any(|t| t.language == segment.lang)
            && let (Some(column), Some(main)) = (columns.first_mut(), self.templates.first())
        {
            let mark = machine_mark(is_machine_text(segment), main);
            let code = format!("({}) ", segment.lang);
            let (text, lang) = match main.held_back(segment) {
                Some(held) => (held, main.language),
                None => (segment.text.clone(), segment.lang),
            };
            column.extend(paragraphs(&text, lang, main, (&code, mark)));
        }
        Row::beside(columns)
    }

    fn side(&self, segment: &Segment, template: &Template) -> Vec<Paragraph> {
        let lang = template.language;
        let who = who(&segment.speaker, template);
        let time = timecode(segment.span.start.as_ms());
        let time = time.split('.').next().unwrap_or_default();
        let who = format!("{} [{time}] {who}", segment.id.0);
        let answer = self.answers.mark(segment, template);
        let held = template.held_back(segment);
        if segment.lang == lang {
            let mark = machine_mark(is_machine_text(segment), template) + &answer;
            let text = held.as_deref().unwrap_or(&segment.text);
            return paragraphs(text, lang, template, (&who, mark));
        }
        let Some(t) = segment.translations.iter().find(|t| t.lang == lang) else {
            return paragraphs("", lang, template, (&who, answer));
        };
        let mut mark = machine_mark(is_machine_translation(t), template);
        if is_stale(&t.flags) {
            mark.push(' ');
            mark.push_str(&template.words.stale);
        }
        mark.push_str(&answer);
        let held = held.filter(|_| is_machine_translation(t));
        let text = held.as_deref().unwrap_or(&t.text);
        paragraphs(text, lang, template, (&who, mark))
    }

    fn close(&self) -> Vec<Row> {
        let each = |words: fn(&Template) -> &str, length: usize| {
            let column = |t: &Template| {
                let plain = Paragraph::new(Size::Body).with(t.language, Look::Plain, words(t));
                vec![plain.with(t.language, Look::Plain, &blank(length))]
            };
            Row::beside(self.templates.iter().map(column).collect())
        };
        let refusal = match self.answers.whole {
            None => each(|t| &t.closing.refusal, LINE),
            Some(whole) => {
                let column = |t: &Template| {
                    let words = &t.closing.refusal;
                    let plain = Paragraph::new(Size::Body).with(t.language, Look::Plain, words);
                    // A covered copy withholds the reason, and not that it was refused.
                    vec![match whole.reason.as_deref() {
                        Some(reason) => plain.with(whole.lang, Look::Strong, reason),
                        None => plain.with(t.language, Look::Strong, &t.read_back.refused),
                    }]
                };
                Row::beside(self.templates.iter().map(column).collect())
            }
        };
        let mut rows = self
            .answers
            .rows(self.source.segments, self.templates, &self.home);
        rows.extend([
            each(|t| &t.closing.read, 0).keep(),
            each(|t| &t.closing.formula, 0).keep(),
            each(|t| &t.closing.correction, LINE).keep(),
            refusal.keep(),
            self.signature(|t| t.sign.of(self.person)).keep(),
            each(|t| &t.closing.interpreter, 0).keep(),
            self.signature(|t| &t.sign.interpreter).keep(),
            self.signature(|t| &t.sign.officer).keep(),
            self.signature(|t| &t.sign.officer).keep(),
            self.signature(|t| &t.sign.recorder),
        ]);
        rows.extend(self.parts());
        let unreviewed: Vec<&Template> = self.templates.iter().filter(|t| !t.reviewed).collect();
        if !unreviewed.is_empty() {
            let mut told: Vec<Paragraph> = unreviewed
                .iter()
                .map(|t| Paragraph::new(Size::Small).with(t.language, Look::Quiet, &t.unreviewed))
                .collect();
            told.push(Paragraph::new(Size::Small).with(
                Lang::En,
                Look::Quiet,
                "The words of this form have not been reviewed by a native speaker",
            ));
            rows.push(Row::wide(told));
        }
        rows
    }

    /// A line to sign on, and the date.
    fn signature<'t>(&'t self, words: impl Fn(&'t Template) -> &'t str) -> Row {
        let mut sign = self.joined(Size::Body, words);
        sign = sign.with(self.main_lang(), Look::Plain, &blank(LINE / 2));
        let mut date = self.joined(Size::Body, |t| &t.sign.date);
        date = date.with(self.main_lang(), Look::Plain, &blank(LINE / 3));
        let mut row = Row::beside(vec![vec![sign], vec![date]]);
        if let Some(first) = row.columns.first_mut() {
            first.share = 2;
        }
        row
    }

    /// The same words in each language, in one line.
    fn joined<'t>(&'t self, size: Size, words: impl Fn(&'t Template) -> &'t str) -> Paragraph {
        let mut paragraph = Paragraph::new(size);
        for (at, template) in self.templates.iter().enumerate() {
            if at > 0 {
                paragraph = paragraph.with(template.language, Look::Quiet, " / ");
            }
            paragraph = paragraph.with(template.language, Look::Plain, words(template));
        }
        match self.templates.first() {
            Some(main) => paragraph.with(main.language, Look::Plain, &main.words.colon),
            None => paragraph,
        }
    }

    /// Signatures, hashes and the page's number, on every page.
    fn foot(&self) -> Vec<Row> {
        let place = |words: Paragraph| {
            vec![
                words,
                Paragraph::new(Size::Body).with(Lang::En, Look::Plain, &blank(LINE / 2)),
            ]
        };
        let person = place(self.joined(Size::Small, |t| t.sign.of(self.person)));
        let interpreter = place(self.joined(Size::Small, |t| &t.sign.interpreter));
        let date = place(self.joined(Size::Small, |t| &t.sign.date));
        let mut signs = Row::beside(vec![person, interpreter, date]);
        for (column, share) in signs.columns.iter_mut().zip([3, 3, 2]) {
            column.share = share;
        }
        let pages = self.templates.iter().map(page_number).collect::<Vec<_>>();
        vec![
            signs,
            Row::wide(vec![self.hashes()]),
            Row::beside(vec![pages]),
        ]
    }

    /// The first digits of what is signed: of a recording in many parts the end of its sound's chain
    /// stands for all of them, and [`Self::parts`] lists them once.
    fn hashes(&self) -> Paragraph {
        let hashes = Paragraph::new(Size::Small);
        let Some(main) = self.templates.first() else {
            return hashes;
        };
        let words = &main.words;
        let told = |hashes: Paragraph, word: &str, hash: &str| {
            let hashes = match hashes.pieces.is_empty() {
                true => hashes,
                false => hashes.with(Lang::En, Look::Quiet, " "),
            };
            hashes.with(main.language, Look::Quiet, word).with(
                Lang::En,
                Look::Quiet,
                &format!(" {}", digits(hash)),
            )
        };
        let audio = &self.source.interview.audio;
        let hashes = match (self.has_many_parts(), self.source.print.sound_head) {
            (true, None) => hashes,
            (true, Some(head)) => told(hashes, &words.sound_chain_hash, head),
            (false, _) => audio.iter().fold(hashes, |hashes, audio| {
                told(hashes, &words.recording_hash, &audio.sha256)
            }),
        };
        let hashes = told(hashes, &words.text_hash, &self.hash);
        match self.source.print.head {
            Some(head) => told(hashes, &words.chain_hash, head),
            None => hashes,
        }
    }

    fn has_many_parts(&self) -> bool {
        self.source.interview.audio.len() > FOOT_PARTS
    }

    /// The parts of a recording with their whole hashes, where the foot of a page has no room for them.
    fn parts(&self) -> Vec<Row> {
        let Some(main) = self.templates.first().filter(|_| self.has_many_parts()) else {
            return Vec::new();
        };
        let title = self.joined(Size::Body, |t| &t.words.recording_hash);
        let parts = (1..).zip(&self.source.interview.audio).map(|(n, audio)| {
            let part = Paragraph::new(Size::Small);
            let part = part.with(main.language, Look::Quiet, &format!("{n} "));
            vec![part.with(Lang::En, Look::Quiet, &audio.sha256)]
        });
        let mut rows = vec![Row::wide(vec![title]).keep()];
        rows.extend(parts.map(Row::wide));
        rows
    }
}

/// `第 1 页 共 3 页` with the numbers filled in by whoever lays out the pages.
fn page_number(template: &Template) -> Paragraph {
    let lang = template.language;
    let mut paragraph = Paragraph::new(Size::Small).centred();
    let mut rest = template.words.page.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        paragraph = paragraph.with(lang, Look::Quiet, before);
        let words = if name == "pages" {
            Words::Pages
        } else {
            Words::Page
        };
        paragraph = paragraph.number(lang, words);
        rest = behind;
    }
    paragraph.with(lang, Look::Quiet, rest)
}

/// The first sixteen digits of a hash in groups: what a person can compare.
pub(super) fn digits(hash: &str) -> String {
    let mut shown = String::new();
    for (at, digit) in hash.chars().take(16).enumerate() {
        if at > 0 && at % 4 == 0 {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

/// Question, answer, interpreter's words, or the name of who spoke where the record does not know.
fn who(speaker: &str, template: &Template) -> String {
    let words = &template.words;
    let speaker_word = speaker.trim().to_lowercase();
    match role(&speaker_word).map_or(speaker_word.as_str(), |(word, _)| word) {
        "officer" => words.question.clone(),
        "interviewee" | "suspect" | "victim" | "witness" => words.answer.clone(),
        "interpreter" => words.interpreter.clone(),
        _ => format!("{}{}", one_line(speaker), words.colon),
    }
}

fn machine_mark(machine: bool, template: &Template) -> String {
    if machine {
        format!(" {}", template.words.machine)
    } else {
        String::new()
    }
}

fn is_stale(flags: &[Flag]) -> bool {
    flags.iter().any(|f| f.kind == FlagKind::Stale)
}

/// A text's lines with who speaks before the first and marks behind the last.
fn paragraphs(
    text: &str,
    lang: Lang,
    template: &Template,
    (who, mark): (&str, String),
) -> Vec<Paragraph> {
    let lines = lines_or(text, &template.words.missing);
    let last = lines.len().saturating_sub(1);
    let each = lines.iter().enumerate().map(|(at, line)| {
        let mut paragraph = Paragraph::new(Size::Body);
        if at == 0 {
            paragraph = paragraph.with(template.language, Look::Quiet, who);
        }
        paragraph = paragraph.with(lang, Look::Plain, line);
        if at == last {
            paragraph = paragraph.with(template.language, Look::Quiet, &mark);
        }
        paragraph
    });
    each.collect()
}

/// A blank to write on.
fn blank(length: usize) -> String {
    "_".repeat(length)
}
