//! Names that a machine may have misheard: words of a line that sound like a name of the register or a
//! place of the glossary and are written otherwise. They are suggested; a person takes or leaves them.

use std::ops::Range;

use crate::domain::{FactKind, InterviewId, Segment, SegmentId, Status};
use crate::speech::MOST_NAMES;
use crate::store::Store;
use crate::text;
use crate::text::names::{self, Name, SHOWN, Signature};

use super::{App, Error};

/// Words that are compared together at most.
const MOST_WORDS: usize = 4;
/// Names of fewer syllables are near to too many common words.
const FEWEST_SYLLABLES: usize = 2;
/// Names that are compared in full with the same words, the likeliest first by their summaries.
const COMPARED: usize = 30;
/// Suggestions for one line.
const MOST: usize = 3;

/// A name that may have been said where a machine wrote something else.
#[derive(Clone, Debug, PartialEq)]
pub struct NearName {
    /// Bytes of the line's text.
    pub place: Range<usize>,
    /// What the machine wrote there.
    pub heard: String,
    /// The name or place as it is known, in the script of the line.
    pub name: String,
    /// A name or a place.
    pub kind: FactKind,
    /// It is known in the interview's own case.
    pub own_case: bool,
    /// How alike they sound, 0.0 to 1.0.
    pub score: f32,
}

impl NearName {
    /// The line's text with the name in its place. `None` where the text is another one by now.
    pub fn put_into(&self, text: &str) -> Option<String> {
        let (before, rest) = text.split_at_checked(self.place.start)?;
        let after = rest.strip_prefix(self.heard.as_str())?;
        Some(format!("{before}{}{after}", self.name))
    }
}

/// A name that is looked for.
struct Known {
    written: String,
    kind: FactKind,
    own_case: bool,
    name: Name,
    signatures: Vec<Signature>,
}

impl Known {
    fn new(written: &str, kind: FactKind, own_case: bool) -> Option<Self> {
        let name = Name::read(written, None);
        // A name of few syllables, or that cannot be read, is not heard in other words.
        name.syllables().filter(|n| *n >= FEWEST_SYLLABLES)?;
        Some(Self {
            written: name.text().to_owned(),
            kind,
            own_case,
            signatures: name.signatures(),
            name,
        })
    }
}

impl App {
    /// Names of the register, those of the interview's case first, and places of the glossary that a
    /// machine's line may mean, without those that a person dismissed; the likeliest first. None for a
    /// line that a person wrote or signed for.
    ///
    /// # Errors
    /// An unknown interview or line; an unreadable store or glossary.
    pub fn near_names(&self, id: &InterviewId, segment: SegmentId) -> Result<Vec<NearName>, Error> {
        let store = self.reading()?;
        let line = store.segment(id, segment)?;
        if line.status != Status::Machine || line.text.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = self.known(&store, id)?;
        let mut lines = store.origins(id, segment)?;
        lines.push(segment);
        for (at, kind, value) in store.answered_offers(id)? {
            if lines.contains(&at) {
                known.retain(|k| k.kind != kind || k.written != value);
            }
        }
        Ok(nearest(&line, &known))
    }

    /// What may be meant: at most [`MOST_NAMES`], those of the interview's case first.
    fn known(&self, store: &Store, id: &InterviewId) -> Result<Vec<Known>, Error> {
        let case = store.interview(id)?.case;
        let own = match &case {
            Some(case) => store.people(Some(case))?,
            None => Vec::new(),
        };
        let others = store.people(None)?;
        let mut found: Vec<(String, FactKind, bool)> = Vec::new();
        let people = own.iter().map(|p| (p, true));
        for (person, own_case) in people.chain(others.iter().map(|p| (p, false))) {
            for kind in [FactKind::Name, FactKind::Place] {
                let values = person.values(kind).map(str::to_owned);
                found.extend(values.map(|value| (value, kind, own_case)));
            }
        }
        for term in self.glossary()?.terms() {
            let own_case = !term.case.is_empty() && case.as_ref() == Some(&term.case);
            if own_case || term.id.starts_with("place") {
                let admitted = term.entries.values().flat_map(|e| &e.admitted);
                found.extend(admitted.map(|v| (v.clone(), FactKind::Place, own_case)));
            }
        }
        let mut seen = std::collections::HashSet::new();
        found.retain(|(value, _, _)| seen.insert(value.clone()));
        let known = found.iter().take(MOST_NAMES);
        Ok(known
            .filter_map(|(value, kind, own)| Known::new(value, *kind, *own))
            .collect())
    }
}

/// Words of the line that sound like a known name and are written otherwise.
fn nearest(line: &Segment, known: &[Known]) -> Vec<NearName> {
    let text = line.text.as_str();
    // Where a known name stands as it is written, nothing was misheard.
    let right: Vec<Range<usize>> = known
        .iter()
        .flat_map(|k| text.match_indices(k.written.as_str()))
        .map(|(at, found)| at..at.saturating_add(found.len()))
        .collect();
    let words = text::words(text, line.lang);
    let mut found: Vec<NearName> = Vec::new();
    for (at, first) in words.iter().enumerate() {
        for last in words.iter().skip(at).take(MOST_WORDS) {
            let place = first.start..last.end;
            if right.iter().all(|r| apart(r, &place))
                && let Some(heard) = text.get(place.clone())
            {
                found.extend(compared(line, heard, &place, known));
            }
        }
    }
    // The shorter place of two that are equally near: a title before the name stays.
    found.sort_by(|a, b| {
        let order = b.own_case.cmp(&a.own_case);
        let order = order.then(b.score.total_cmp(&a.score));
        order.then(a.heard.len().cmp(&b.heard.len()))
    });
    let mut best: Vec<NearName> = Vec::new();
    for near in found {
        if best.len() < MOST && best.iter().all(|b| apart(&b.place, &near.place)) {
            best.push(near);
        }
    }
    best
}

fn apart(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.end <= b.start || b.end <= a.start
}

/// The known names that sound like these words.
fn compared(line: &Segment, heard: &str, place: &Range<usize>, known: &[Known]) -> Vec<NearName> {
    let said = Name::read(heard, Some(line.lang));
    let Some(syllables) = said.syllables().filter(|n| *n >= FEWEST_SYLLABLES) else {
        return Vec::new();
    };
    let folded = text::fold(heard);
    let asked = said.signatures();
    let mut likely: Vec<(f32, &Known)> = Vec::new();
    for one in known {
        let length = one.name.syllables().unwrap_or(0);
        if one.name.written() != said.written() || length.abs_diff(syllables) > 1 {
            continue;
        }
        let all = one.signatures.iter();
        let pairs = all.flat_map(|s| asked.iter().map(move |a| a.likeness(*s)));
        likely.push((pairs.fold(0.0, f32::max), one));
    }
    likely.sort_by(|a, b| b.0.total_cmp(&a.0));
    likely.truncate(COMPARED);
    let near = likely.into_iter().filter_map(|(_, one)| {
        let written = text::fold(&one.written);
        // Whoever is called by a part of the name was heard rightly.
        if written.contains(&folded) || folded.contains(&written) {
            return None;
        }
        let score = names::score(&said, &one.name);
        (score >= SHOWN).then(|| NearName {
            place: place.clone(),
            heard: heard.to_owned(),
            name: one.written.clone(),
            kind: one.kind,
            own_case: one.own_case,
            score,
        })
    });
    near.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lang, SamplePos, Span};

    /// In each script: the name as it is known, a line in which it was misheard, and what stands there.
    pub(super) const MISHEARD: [(Lang, &str, &str, &str); 6] = [
        (Lang::Zh, "张建国", "我叫章建果，住在瑞丽。", "章建果"),
        (
            Lang::Vi,
            "Nguyễn Văn Hùng",
            "Tôi gặp Nguyễn Văn Hung hôm qua.",
            "Nguyễn Văn Hung",
        ),
        (Lang::Th, "สมชาย", "ฉันพบ สมจาย เมื่อวานนี้", "สมจาย"),
        (Lang::My, "ကျော်ဇော", "ကျွန်တော် ကျော်စော နဲ့ တွေ့တယ်။", "ကျော်စော"),
        (Lang::Lo, "ສົມພອນ", "ຂ້ອຍພົບ ສົມປອນ ມື້ວານນີ້", "ສົມປອນ"),
        (Lang::Km, "សុខា", "ខ្ញុំជួប សុកា ម្សិលមិញ", "សុកា"),
    ];

    fn line(lang: Lang, text: &str) -> Segment {
        Segment {
            speaker: "interviewee".into(),
            text: text.to_owned(),
            confidence: Some(0.8),
            status: Status::Machine,
            author: "engine".into(),
            version: 1,
            ..Segment::new(
                SegmentId(1),
                Span::new(SamplePos(0), SamplePos(16_000)),
                lang,
            )
        }
    }

    fn known(names: &[(&str, bool)]) -> Vec<Known> {
        let one = |(name, own): &(&str, bool)| Known::new(name, FactKind::Name, *own);
        names.iter().filter_map(one).collect()
    }

    #[test]
    fn a_misheard_name_is_suggested_in_its_place_in_six_scripts() {
        let all: Vec<(&str, bool)> = MISHEARD.iter().map(|m| (m.1, true)).collect();
        for (lang, name, said, wrong) in MISHEARD {
            let line = line(lang, said);
            let found = nearest(&line, &known(&all));
            assert_eq!(found.len(), 1, "{said}: {found:?}");
            assert_eq!(
                (found[0].heard.as_str(), found[0].name.as_str()),
                (wrong, name)
            );
            let right = found[0].put_into(said).unwrap();
            assert_eq!(right, said.replace(wrong, name));
            // Once it stands there, or where only a part of it is said, nothing is suggested.
            let line = Segment {
                text: right,
                ..line
            };
            assert!(nearest(&line, &known(&all)).is_empty(), "{lang}");
            assert_eq!(found[0].put_into("x"), None);
        }
    }

    #[test]
    fn other_words_of_a_line_are_no_names() {
        let all: Vec<(&str, bool)> = MISHEARD.iter().map(|m| (m.1, true)).collect();
        for (lang, said) in [
            (Lang::Zh, "这次面谈会录音。"),
            (Lang::Vi, "Tôi đồng ý."),
            (Lang::Th, "คุณมีสิทธิที่จะไม่ให้การ"),
            (Lang::Lo, "ທ່ານມີສິດບໍ່ໃຫ້ການ"),
            (Lang::Km, "ខ្ញុំជាប៉ូលិស។"),
            (Lang::My, "ကျွန်တော် သဘောတူပါတယ်။"),
            (Lang::Zh, ""),
        ] {
            let found = nearest(&line(lang, said), &known(&all));
            assert!(found.is_empty(), "{said}: {found:?}");
        }
    }

    #[test]
    fn the_people_of_the_case_come_first_and_short_names_never() {
        let (lang, name, said, _) = MISHEARD[0];
        let found = nearest(
            &line(lang, said),
            &known(&[("章建果儿", false), (name, true)]),
        );
        assert_eq!(found[0].name, name);
        assert!(found[0].own_case);
        assert!(known(&[("张", true), ("An", true), ("", true), ("7", true)]).is_empty());
    }
}
