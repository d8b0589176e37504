//! The lines of a live session on standard output: the words as soon as they are recognised, marked as a
//! machine's, and the translations as they come.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::domain::{LangPair, Segment, SegmentId, Status};
use crate::export;

use super::print::Out;
use super::read::{print_head, print_segment, print_translations};

/// Behind the speaker of a line that nobody has checked.
const MACHINE: &str = "  [machine]";

/// What was printed of each line.
pub(super) struct LiveLines {
    json: bool,
    /// Directions that are translated here: nobody waits for others.
    translated: Vec<LangPair>,
    /// The translations of each line that were printed.
    shown: BTreeMap<SegmentId, usize>,
    /// The line that was printed last, below which its translations need no heading.
    last: Option<SegmentId>,
}

impl LiveLines {
    pub(super) fn new(json: bool, translated: Vec<LangPair>) -> Self {
        Self {
            json,
            translated,
            shown: BTreeMap::new(),
            last: None,
        }
    }

    /// Whether there is something of the line to print. `anyway`: no more of it comes.
    pub(super) fn has_news(&self, line: &Segment, anyway: bool) -> bool {
        match self.shown.get(&line.id) {
            Some(told) => !self.json && line.translations.len() > *told,
            None if anyway => true,
            None if line.status == Status::Pending => false,
            None => !self.json || line.translations.len() >= self.wanted(line),
        }
    }

    /// Prints what is new of a line. As JSON it is one object a line, once it has all its translations.
    pub(super) fn print(&mut self, line: &Segment, out: &mut Out) -> io::Result<()> {
        let told = self.shown.insert(line.id, line.translations.len());
        let last = self.last.replace(line.id);
        if self.json {
            out.json(&export::segment_value(line))?;
            return out.flush();
        }
        let machine = match line.status {
            Status::Machine => MACHINE,
            _ => "",
        };
        match told {
            None => print_segment(line, machine, out)?,
            Some(told) => {
                if last != Some(line.id) {
                    print_head(line, machine, out)?;
                }
                let new = line.translations.get(told..).unwrap_or_default();
                print_translations(new, out)?;
            }
        }
        out.flush()
    }

    /// Translations that come of it.
    fn wanted(&self, line: &Segment) -> usize {
        let own = self.translated.iter().filter(|p| p.from == line.lang);
        own.count()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::domain::{Lang, SamplePos, Span, Translation};

    /// Standard output that can be read.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(id: i64, lang: Lang, text: &str) -> Segment {
        Segment {
            speaker: "officer".into(),
            text: text.into(),
            confidence: Some(0.9),
            status: match text {
                "" => Status::Pending,
                _ => Status::Machine,
            },
            author: "ear".into(),
            version: 1,
            ..Segment::new(
                SegmentId(id),
                Span::new(SamplePos(16_000), SamplePos(32_000)),
                lang,
            )
        }
    }

    fn into(lang: Lang, text: &str) -> Translation {
        Translation {
            lang,
            text: text.into(),
            engine: "tongue".into(),
            status: Status::Machine,
            log_prob: Some(-0.1),
            terms: Vec::new(),
            flags: Vec::new(),
            of_version: 1,
        }
    }

    /// Tells of lines in turn; what stands on the paper after each.
    fn told(mut lines: LiveLines, steps: &[Segment]) -> Vec<String> {
        let paper = Paper::default();
        let mut out = Out::to(Box::new(paper.clone()));
        let mut tell = |line: &Segment| {
            if lines.has_news(line, false) {
                lines.print(line, &mut out).unwrap();
            }
            let all = std::mem::take(&mut *paper.0.lock().unwrap());
            String::from_utf8(all).unwrap()
        };
        steps.iter().map(&mut tell).collect()
    }

    #[test]
    fn words_are_printed_when_they_are_recognised_and_translations_when_they_come() {
        let heard = line(1, Lang::Km, "ខ្ញុំមិនដឹង");
        let next = line(2, Lang::Lo, "ຂ້ອຍບໍ່ຮູ້");
        let mut half = heard.clone();
        half.translations.push(into(Lang::Lo, "ຂ້ອຍບໍ່ຮູ້"));
        let mut whole = half.clone();
        whole.translations.push(into(Lang::My, "ကျွန်တော် မသိဘူး"));
        let steps = [
            line(1, Lang::Km, ""),
            heard,
            half.clone(),
            next,
            whole.clone(),
            whole,
        ];
        // Nothing is known to translate any of it.
        let told = told(LiveLines::new(false, Vec::new()), &steps);
        assert_eq!(
            told,
            [
                "",
                "   1  00:00:01.0  officer  [machine]\n      km  ខ្ញុំមិនដឹង\n",
                "      lo  ຂ້ອຍບໍ່ຮູ້\n",
                "   2  00:00:01.0  officer  [machine]\n      lo  ຂ້ອຍບໍ່ຮູ້\n",
                "   1  00:00:01.0  officer  [machine]\n      my  ကျွန်တော် မသိဘူး\n",
                "",
            ]
        );
    }

    #[test]
    fn as_json_a_line_is_one_object_with_the_translations_that_come_of_it() {
        let heard = line(1, Lang::Zh, "我不知道");
        let mut whole = heard.clone();
        whole.translations.push(into(Lang::Vi, "tôi không biết"));
        let alone = line(2, Lang::Vi, "tôi không biết");
        let pairs = vec![LangPair::new(Lang::Zh, Lang::Vi)];
        let steps = [heard, whole.clone(), whole, alone];
        let told = told(LiveLines::new(true, pairs), &steps);
        let objects: Vec<usize> = told.iter().map(|t| t.matches('\n').count()).collect();
        assert_eq!(objects, [0, 1, 0, 1], "{told:?}");
        let read: serde_json::Value = serde_json::from_str(&told[1]).unwrap();
        assert_eq!(read["translations"][0]["text"], "tôi không biết");
    }

    #[test]
    fn what_no_words_came_of_is_printed_at_the_end_once() {
        for json in [false, true] {
            let mut lines = LiveLines::new(json, Vec::new());
            let pending = line(1, Lang::Th, "");
            assert!(!lines.has_news(&pending, false) && lines.has_news(&pending, true));
            let mut out = Out::to(Box::new(io::sink()));
            lines.print(&pending, &mut out).unwrap();
            assert!(!lines.has_news(&pending, true));
        }
    }
}
