//! Whether a machine still has something to do in an interview: lines without words, words without a
//! translation, or with one of earlier words.

use std::sync::Arc;

use crate::app::desk::Opened;
use crate::domain::{Lang, Segment, Status};

/// What was worked out last: of thousands of lines not in every frame.
#[derive(Default)]
pub struct Waits(Option<(Arc<Opened>, bool)>);

impl Waits {
    /// Whether anything of this interview is to be finished.
    pub fn of(&mut self, opened: &Arc<Opened>) -> bool {
        if let Some((of, waits)) = &self.0
            && Arc::ptr_eq(of, opened)
        {
            return *waits;
        }
        let cut_off = opened.session.as_ref().is_some_and(|s| s.in_progress);
        let languages = &opened.interview.languages;
        let waits = cut_off || opened.lines.iter().any(|line| is_open(line, languages));
        self.0 = Some((Arc::clone(opened), waits));
        waits
    }
}

/// Whether a line waits for a machine. A person's translation stays as it is, of whatever words it is.
fn is_open(line: &Segment, languages: &[Lang]) -> bool {
    if matches!(line.status, Status::Pending | Status::Failed) {
        return true;
    }
    let is_there = |to: &Lang| {
        line.translations
            .iter()
            .any(|t| t.lang == *to && (t.status != Status::Machine || t.of_version == line.version))
    };
    let mut others = languages.iter().filter(|lang| **lang != line.lang);
    !line.text.trim().is_empty() && others.any(|lang| !is_there(lang))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SegmentId, Span, Translation};

    #[test]
    fn a_translation_of_earlier_words_waits_unless_a_person_wrote_it() {
        let line = |status, of_version| Segment {
            text: "ខ្ញុំជាប៉ូលិស។".to_owned(),
            version: 2,
            status: Status::Edited,
            translations: vec![Translation {
                lang: Lang::Zh,
                text: "我是警察。".to_owned(),
                engine: String::new(),
                status,
                log_prob: None,
                terms: Vec::new(),
                flags: Vec::new(),
                of_version,
            }],
            ..Segment::new(SegmentId(1), Span::default(), Lang::Km)
        };
        let two = [Lang::Km, Lang::Zh];
        assert!(!is_open(&line(Status::Machine, 2), &two));
        assert!(is_open(&line(Status::Machine, 1), &two), "of earlier words");
        assert!(!is_open(&line(Status::Edited, 1), &two), "a person's");
        let three = [Lang::Km, Lang::Zh, Lang::Vi];
        assert!(is_open(&line(Status::Machine, 2), &three), "one is missing");
        let mut silent = line(Status::Machine, 1);
        silent.text.clear();
        assert!(!is_open(&silent, &three), "nothing to translate");
        silent.status = Status::Pending;
        assert!(is_open(&silent, &two));
    }
}
