//! What happened in a session beside the words, as it stands in the record: who was there, when rights
//! were explained and what was answered, breaks with their reasons, and where sound is missing.

use crate::domain::Lang;
use crate::export::paper::{Look, Paragraph, Row, Size};
use crate::export::{one_line, timecode};
use crate::text::in_script;

use super::{Record, Template};

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Who is in the room.
    Present,
    /// The person's rights were explained.
    Rights,
    /// A standard sentence was read out.
    Said,
    /// The same, and answered with yes.
    Yes,
    /// The same, and answered with no.
    No,
    /// Nothing was recorded, on somebody's wish.
    Pause,
    /// Sound was lost.
    Gap,
    /// A break, marked and recorded.
    Break,
    /// The interpreter arrived.
    Comes,
    /// The interpreter left.
    Goes,
    /// Somebody came in or left.
    Somebody,
    /// Something was shown.
    Exhibit,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What kind.
    pub what: What,
    /// Where in the sound it began, in milliseconds.
    pub from_ms: u64,
    /// Where it ended, where it lasted and has ended.
    pub to_ms: Option<u64>,
    /// Why, who, or which words; none in a covered copy, for people's words hold names.
    pub words: Option<String>,
}

impl Record<'_> {
    /// One row for each thing that happened, under a title; nothing where nothing did.
    pub(super) fn happened(&self) -> Vec<Row> {
        let all = self.source.print.happened;
        if all.is_empty() {
            return Vec::new();
        }
        let title = Row::wide(vec![self.joined(Size::Body, |t| &t.session.title)]);
        let mut rows = vec![title.keep()];
        rows.extend(all.iter().map(|one| Row::wide(vec![self.told(one)])));
        if let Some(last) = rows.last_mut() {
            last.ruled = true;
        }
        rows
    }

    fn told(&self, one: &Happened) -> Paragraph {
        let main = self.main_lang();
        let mut when = self.time(one.from_ms).map_or(String::new(), |t| t + " ");
        let begun = second(one.from_ms);
        match one.to_ms {
            Some(end) => when.push_str(&format!("[{begun} - {}] ", second(end))),
            None if one.what.lasts() => when.push_str(&format!("[{begun} - ] ")),
            None => when.push_str(&format!("[{begun}] ")),
        }
        let mut paragraph = Paragraph::new(Size::Body).with(main, Look::Quiet, &when);
        for (at, template) in self.templates.iter().enumerate() {
            if at > 0 {
                paragraph = paragraph.with(template.language, Look::Quiet, " / ");
            }
            let word = template.session.of(one.what);
            paragraph = paragraph.with(template.language, Look::Strong, word);
        }
        let words = one.words.as_deref().map(one_line);
        match (
            words.filter(|words| !words.is_empty()),
            self.templates.first(),
        ) {
            (Some(words), Some(template)) => paragraph
                .with(main, Look::Strong, &template.words.colon)
                .with(lang_of(&words, self.templates), Look::Plain, &words),
            _ => paragraph,
        }
    }

    /// The interpreter, where who was there is named with that word; as it was typed.
    pub(super) fn interpreter(&self) -> Option<String> {
        const CALLED: [&str; 9] = [
            "interpreter",
            "翻译",
            "口译",
            "phiên dịch",
            "ล่าม",
            "စကားပြန်",
            "ນາຍພາສາ",
            "ນາຍແປ",
            "អ្នកបកប្រែ",
        ];
        let there = self.source.print.happened.iter();
        let there = there.filter(|one| one.what == What::Present);
        let people = there
            .filter_map(|one| one.words.as_deref())
            .flat_map(|words| words.split([',', ';', '，', '；', '、', '\n']));
        let named: Vec<String> = people
            .filter(|one| CALLED.iter().any(|word| one.to_lowercase().contains(word)))
            .map(one_line)
            .collect();
        Some(named.join(", ")).filter(|named| !named.is_empty())
    }
}

impl What {
    const fn lasts(self) -> bool {
        matches!(self, What::Pause | What::Gap)
    }
}

/// `hh:mm:ss`.
fn second(ms: u64) -> String {
    let time = timecode(ms);
    time.split('.').next().unwrap_or_default().to_owned()
}

/// In which letters words that somebody typed are written: the form's own languages before others.
fn lang_of(words: &str, templates: &[Template]) -> Lang {
    let own = templates.iter().map(|t| t.language);
    let mut all = own.clone().chain(Lang::SIX);
    all.find(|lang| in_script(words, *lang) > 0.5)
        .unwrap_or(Lang::En)
}
