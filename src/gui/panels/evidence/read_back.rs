//! Reading back: one line after the other in the language of the person interviewed, and what is said to
//! it. Every answer stands in the record at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use eframe::egui::{Button, Id, TextEdit, Ui};

use crate::app::desk::{Custody, Opened, Said, Task};
use crate::domain::{InterviewId, Lang, ReadAnswer, ReadBack, Segment, SegmentId};
use crate::gui::panels::review::speaker;
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::{job, languages};

use super::ask;

/// What is typed into this part.
#[derive(Default)]
pub struct ReadingBack {
    of: String,
    by: String,
    lang: Option<Lang>,
    later: BTreeSet<i64>,
    /// The line that is read, in which language, as what; and its words as they are put right.
    line: Option<(SegmentId, Lang, String)>,
    words: String,
    reason: String,
    whole: String,
    tally: Option<Kept>,
}

/// What was counted, and of what: counted again once one of them is another one.
struct Kept {
    of: (Arc<Opened>, Arc<Custody>, Lang),
    tally: Tally,
}

/// What was said to the lines in one language, counted once.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    right: usize,
    corrected: usize,
    refused: usize,
    /// The lines that were not read, in their order.
    unread: Vec<usize>,
}

impl Tally {
    fn of(lines: &[Arc<Segment>], answers: &[ReadBack], lang: Lang) -> Self {
        // One of words that were changed since is no answer any more.
        let standing = answers.iter().filter(|a| a.stands && a.lang == lang);
        let given: HashMap<SegmentId, ReadAnswer> = standing
            .filter_map(|a| Some((a.segment?, a.answer)))
            .collect();
        let mut tally = Self::default();
        for (at, line) in lines.iter().enumerate() {
            let count = match given.get(&line.id) {
                Some(ReadAnswer::Right) => &mut tally.right,
                Some(ReadAnswer::Corrected) => &mut tally.corrected,
                Some(ReadAnswer::Refused) => &mut tally.refused,
                None => {
                    tally.unread.push(at);
                    continue;
                }
            };
            *count = count.saturating_add(1);
        }
        tally
    }
}

impl Kept {
    fn is_of(&self, opened: &Arc<Opened>, custody: &Arc<Custody>, lang: Lang) -> bool {
        let (lines, answers, own) = &self.of;
        Arc::ptr_eq(lines, opened) && Arc::ptr_eq(answers, custody) && *own == lang
    }
}

impl ReadingBack {
    /// Whether an answer was typed and not entered.
    pub fn is_typed(&self) -> bool {
        let refused = [&self.reason, &self.whole];
        let read = self.line.as_ref().map(|(_, _, read)| read.trim());
        read.is_some_and(|read| !self.words.trim().is_empty() && self.words.trim() != read)
            || refused.into_iter().any(|typed| !typed.trim().is_empty())
    }

    /// The interview of which it is.
    pub fn of(&self) -> Option<InterviewId> {
        (!self.of.is_empty()).then(|| InterviewId(self.of.clone()))
    }

    /// The same without what was counted of the lines.
    pub fn put_by(self) -> Self {
        Self {
            tally: None,
            ..self
        }
    }

    /// Paints this part.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        opened: &Arc<Opened>,
        custody: &Arc<Custody>,
    ) {
        let words = scene.words;
        if self.of != opened.interview.id.0 {
            let by = std::mem::take(&mut self.by);
            *self = Self {
                of: opened.interview.id.0.clone(),
                by,
                lang: opened.interview.languages.get(1).copied(),
                ..Self::default()
            };
        }
        script::label(ui, words.t("read-back-about"), scene.remark(ui));
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("read-back-by"));
            let field = TextEdit::singleline(&mut self.by).id_salt("read-by");
            let field = field.char_limit(200).desired_width(180.0);
            script::line(ui, field).labelled_by(label.id);
            let (name, own) = (words.t("read-back-in"), &opened.interview.languages);
            languages::pick(ui, "read-back", name, own, None, &mut self.lang);
        });
        let Some(lang) = self.lang else {
            return;
        };
        if !self
            .tally
            .as_ref()
            .is_some_and(|kept| kept.is_of(opened, custody, lang))
        {
            self.tally = Some(Kept {
                of: (Arc::clone(opened), Arc::clone(custody), lang),
                tally: Tally::of(&opened.lines, &custody.answers, lang),
            });
        }
        let Some(Kept { tally, .. }) = &self.tally else {
            return;
        };
        let told = [
            ("right", tally.right),
            ("corrected", tally.corrected),
            ("refused", tally.refused),
            ("unread", tally.unread.len()),
        ]
        .map(|(name, count)| (name, words.digits(&count.to_string())));
        let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
        script::label(ui, &words.with("read-back-told", &told), scene.own(ui));
        ui.add_space(theme::GAP);
        let unread = tally.unread.iter().filter_map(|at| opened.lines.get(*at));
        let mut waiting = unread.filter(|line| !self.later.contains(&line.id.0));
        let next = waiting.next().map(Arc::clone);
        match next {
            Some(line) => self.line(ui, scene, (opened, &line), lang),
            None => {
                // Nothing of the last line waits to be entered.
                self.line = None;
                self.reason.clear();
                script::label(ui, words.t("read-back-done"), scene.own(ui));
                if !self.later.is_empty() && ui.button(words.t("read-back-again")).clicked() {
                    self.later.clear();
                }
            }
        }
        ui.separator();
        let refused = custody.answers.iter().any(|a| a.segment.is_none());
        self.whole(ui, scene, (opened, refused), lang);
    }

    fn line(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        (opened, line): (&Opened, &Segment),
        lang: Lang,
    ) {
        let words = scene.words;
        let read = line.words_in(lang).unwrap_or_default();
        // Another language, or words that were changed elsewhere, are another reading.
        let reading = (line.id, lang, read.to_owned());
        if self.line.as_ref() != Some(&reading) {
            read.clone_into(&mut self.words);
            self.line = Some(reading);
            self.reason.clear();
        }
        let (time, who) = (
            safe::clock(line.span.start.as_ms()),
            speaker(words, &line.speaker),
        );
        let place = words.digits(&format!("{}   {time}", line.id.0));
        let head = format!("{place}   {who}");
        script::label(ui, &head, scene.remark(ui));
        if read.is_empty() {
            script::label(ui, words.t("read-back-none"), scene.own(ui));
        } else {
            script::marked(ui, read, Letters::running(ui, lang), &[], true);
        }
        ui.add_space(theme::GAP);
        let free = !job::is_running(scene) && !self.by.trim().is_empty();
        let mut said = None;
        ui.horizontal_wrapped(|ui| {
            let right = Button::new(words.t("read-back-right"));
            if ui.add_enabled(free && !read.is_empty(), right).clicked() {
                said = Some(Said::Right);
            }
            if ui.button(words.t("read-back-later")).clicked() {
                self.later.insert(line.id.0);
            }
        });
        let of = ("read-back-words", &opened.interview.id.0, line.id);
        let (id, name) = (Id::unique(of), words.t("read-back-words"));
        script::label(ui, name, scene.own(ui));
        script::field(ui, id, &mut self.words, Letters::running(ui, lang), name);
        let changed = !self.words.trim().is_empty() && self.words.trim() != read.trim();
        let correct = Button::new(words.t("read-back-correct"));
        if ui.add_enabled(free && changed, correct).clicked() {
            said = Some(Said::Corrected(self.words.trim().to_owned()));
        }
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("read-back-reason"));
            let field = TextEdit::singleline(&mut self.reason).id_salt("refuse");
            let field = field.char_limit(300).desired_width(240.0);
            script::line(ui, field).labelled_by(label.id);
            let refuse = Button::new(words.t("read-back-refuse"));
            let ready = free && !self.reason.trim().is_empty();
            if ui.add_enabled(ready, refuse).clicked() {
                said = Some(Said::Refused(self.reason.trim().to_owned()));
            }
        });
        if let Some(said) = said {
            self.answer(scene, opened, (Some(line.id), lang), said);
        }
    }

    /// A refusal of the whole record, and taking it back.
    fn whole(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        (opened, refused): (&Opened, bool),
        lang: Lang,
    ) {
        let words = scene.words;
        let free = !job::is_running(scene) && !self.by.trim().is_empty();
        if refused {
            let button = Button::new(words.t("read-back-whole-back"));
            if ui.add_enabled(free, button).clicked() {
                self.answer(scene, opened, (None, lang), Said::Right);
            }
        }
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("read-back-whole-reason"));
            let field = TextEdit::singleline(&mut self.whole).id_salt("refuse-whole");
            let field = field.char_limit(300).desired_width(240.0);
            script::line(ui, field).labelled_by(label.id);
            let button = Button::new(words.t("read-back-whole"));
            let ready = free && !self.whole.trim().is_empty();
            if ui.add_enabled(ready, button).clicked() {
                let said = Said::Refused(std::mem::take(&mut self.whole));
                self.answer(scene, opened, (None, lang), said);
            }
        });
    }

    fn answer(
        &self,
        scene: &Scene<'_>,
        opened: &Opened,
        (line, lang): (Option<SegmentId>, Lang),
        said: Said,
    ) {
        let (id, by) = (opened.interview.id.clone(), self.by.trim().to_owned());
        ask(scene, Task::ReadBack(id, line, lang, said, by));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Span, Status};

    #[test]
    fn every_line_is_counted_once_by_the_answer_that_stands_in_the_language() {
        let line = |id: i64| {
            Arc::new(Segment {
                speaker: "officer".to_owned(),
                text: "ສະບາຍດີ".to_owned(),
                status: Status::Machine,
                version: 1,
                ..Segment::new(SegmentId(id), Span::default(), Lang::Lo)
            })
        };
        let answer = |segment: Option<i64>, answer, lang, stands| ReadBack {
            segment: segment.map(SegmentId),
            lang,
            answer,
            reason: None,
            by: "Lan".to_owned(),
            at: "2026-11-24T09:00:00+07:00".to_owned(),
            stands,
        };
        // Numbers that do not follow the order of the lines.
        let lines: Vec<_> = [7, 3, 9, 1, 5].map(line).into();
        let answers = [
            answer(None, ReadAnswer::Refused, Lang::Lo, true),
            answer(Some(1), ReadAnswer::Right, Lang::Lo, true),
            answer(Some(3), ReadAnswer::Refused, Lang::Lo, true),
            answer(Some(5), ReadAnswer::Corrected, Lang::Lo, true),
            answer(Some(7), ReadAnswer::Right, Lang::Lo, false),
            answer(Some(9), ReadAnswer::Right, Lang::Zh, true),
        ];
        let told = Tally::of(&lines, &answers, Lang::Lo);
        let wanted = Tally {
            right: 1,
            corrected: 1,
            refused: 1,
            unread: vec![0, 2],
        };
        assert_eq!(told, wanted);
        let other = Tally::of(&lines, &answers, Lang::Zh);
        assert_eq!((other.right, other.unread), (1, vec![0, 1, 3, 4]));
    }
}
