//! Standard sentences of an interview in the six languages: rights, consent, usual questions. They are
//! the sentences of the practice corpus that an officer says and that need no name or number; whether a
//! native speaker reviewed one is said beside it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::domain::{Asked, EventKind, Lang, SessionEvent};

/// What a sentence is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topic {
    /// Rights, consent, safety, understanding.
    #[default]
    Rights,
    /// Who somebody is.
    Identity,
    /// Where somebody went, with whom, how.
    Journey,
    /// Work, money, debts.
    Work,
}

impl Topic {
    /// All topics, in the order of an interview.
    pub const ALL: [Topic; 4] = [Topic::Rights, Topic::Identity, Topic::Journey, Topic::Work];

    const fn source(self) -> &'static str {
        match self {
            Topic::Rights => include_str!("../../recordings/practice/corpus/1-rights.tsv"),
            Topic::Identity => include_str!("../../recordings/practice/corpus/2-identity.tsv"),
            Topic::Journey => include_str!("../../recordings/practice/corpus/3-journey.tsv"),
            Topic::Work => include_str!("../../recordings/practice/corpus/4-work.tsv"),
        }
    }
}

/// What a suspect, a victim and a witness are told before the first question, in order.
const SUSPECT: [&str; 13] = [
    "rights-01",
    "rights-02",
    "rights-07",
    "rights-08",
    "rights-10",
    "rights-13",
    "rights-15",
    "rights-16",
    "rights-17",
    "rights-38",
    "rights-21",
    "rights-31",
    "rights-32",
];
const VICTIM: [&str; 14] = [
    "rights-01",
    "rights-02",
    "rights-07",
    "rights-08",
    "rights-10",
    "rights-34",
    "rights-27",
    "rights-37",
    "rights-20",
    "rights-23",
    "rights-24",
    "rights-26",
    "rights-31",
    "rights-32",
];
const WITNESS: [&str; 12] = [
    "rights-01",
    "rights-02",
    "rights-07",
    "rights-08",
    "rights-10",
    "rights-34",
    "rights-35",
    "rights-36",
    "rights-20",
    "rights-24",
    "rights-31",
    "rights-32",
];

/// The sentences that a person of this kind is told before the first question, in order.
pub fn checklist(person: Asked) -> Vec<&'static Phrase> {
    let ids: &[&str] = match person {
        Asked::Suspect => &SUSPECT,
        Asked::Victim => &VICTIM,
        Asked::Witness => &WITNESS,
    };
    let found = |id: &&str| phrases().iter().find(|p| p.id == *id);
    ids.iter().filter_map(found).collect()
}

/// The sentences that entries of a record say were said.
pub fn said(entries: &[SessionEvent]) -> BTreeSet<&'static str> {
    let marks = entries.iter().filter(|e| e.kind == EventKind::Marker);
    let named = marks.filter_map(|e| e.label.split_once(": "));
    let found = |(id, _): (&str, &str)| phrases().iter().find(|p| p.id == id).map(|p| p.id);
    named.filter_map(found).collect()
}

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// Its stable name, for example `rights-13`.
    pub id: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// A native speaker of each language reviewed it.
    pub reviewed: bool,
    texts: Vec<(Lang, &'static str)>,
}

impl Phrase {
    /// Whether it wants a yes or a no.
    pub fn is_question(&self) -> bool {
        self.text(Lang::Zh).ends_with('？')
    }

    /// The sentence in a language; each has all six.
    pub fn text(&self, lang: Lang) -> &'static str {
        let found = self.texts.iter().find(|(own, _)| *own == lang);
        found.map_or("", |(_, text)| text)
    }
}

/// All sentences, by topic.
pub fn phrases() -> &'static [Phrase] {
    static READ: OnceLock<Vec<Phrase>> = OnceLock::new();
    READ.get_or_init(|| Topic::ALL.into_iter().flat_map(read).collect())
}

fn read(topic: Topic) -> Vec<Phrase> {
    let mut lines = topic.source().lines().filter(|l| !l.starts_with('#'));
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    lines
        .filter_map(|line| phrase(topic, &header, line))
        .collect()
}

/// A line of the corpus, where it is a sentence for the phrasebook: an officer's or anybody's, marked
/// as a phrase, in all six languages, with no slot to fill.
fn phrase(topic: Topic, header: &[&str], line: &'static str) -> Option<Phrase> {
    let cells: Vec<&'static str> = line.split('\t').collect();
    let cell = |name: &str| {
        let at = header.iter().position(|own| *own == name)?;
        cells.get(at).copied()
    };
    if cell("role")? == "I" || cell("phrase")? != "1" || line.contains('{') {
        return None;
    }
    let in_lang = |lang: Lang| Some((lang, cell(lang.code()).filter(|t| !t.is_empty())?));
    let texts = Lang::SIX.into_iter().map(in_lang).collect::<Option<_>>()?;
    Some(Phrase {
        id: cell("id")?,
        topic,
        reviewed: cell("review")? == "reviewed",
        texts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Span;
    use crate::text;

    #[test]
    fn every_topic_has_sentences_in_the_letters_of_six_languages() {
        for topic in Topic::ALL {
            let own: Vec<&Phrase> = phrases().iter().filter(|p| p.topic == topic).collect();
            assert!(own.len() >= 15, "{topic:?}: {}", own.len());
            for phrase in own {
                for lang in Lang::SIX {
                    let said = phrase.text(lang);
                    let share = text::in_script(said, lang);
                    assert!(share > 0.4, "{} {lang}: {said}", phrase.id);
                }
            }
        }
    }

    #[test]
    fn each_kind_of_person_has_a_list_of_its_own_that_ends_with_their_consent() {
        let ids = |person| checklist(person).iter().map(|p| p.id).collect::<Vec<_>>();
        let all = [Asked::Suspect, Asked::Victim, Asked::Witness].map(ids);
        assert_eq!(
            all.each_ref().map(Vec::len),
            [SUSPECT.len(), VICTIM.len(), WITNESS.len()],
            "no sentence is missing"
        );
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        for own in &all {
            assert_eq!(own.last(), Some(&"rights-32"));
        }
        assert!(all[0].contains(&"rights-16") && !all[2].contains(&"rights-13"));
        assert!(checklist(Asked::Witness).iter().any(|p| p.is_question()));
    }

    #[test]
    fn what_was_said_is_told_by_the_marks_of_the_record_alone() {
        let entry = |kind, label: &str| SessionEvent {
            id: 1,
            kind,
            label: label.to_owned(),
            channel: None,
            span: Span::default(),
            lasts: false,
            at: "2026-11-24T09:00:00+07:00".to_owned(),
        };
        let entries = [
            entry(EventKind::Marker, "rights-01: ບັນທຶກສຽງ"),
            entry(EventKind::Marker, "rights-02: yes: ຕົກລົງບໍ່"),
            entry(EventKind::Marker, "rights-02: ຕົກລົງບໍ່"),
            entry(EventKind::Marker, "rights-999: ไม่มี"),
            entry(EventKind::Marker, "present: Lan"),
            entry(EventKind::Pause, "rights-07: ทนาย"),
        ];
        let said: Vec<&str> = said(&entries).into_iter().collect();
        assert_eq!(said, ["rights-01", "rights-02"]);
    }

    #[test]
    fn rights_and_consent_are_among_them_and_no_slot_is_left_open() {
        let all = phrases();
        for id in [
            "rights-02",
            "rights-10",
            "rights-13",
            "rights-16",
            "rights-31",
        ] {
            assert!(all.iter().any(|p| p.id == id), "{id}");
        }
        let mut ids: Vec<&str> = all.iter().map(|p| p.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all.len(), "an id stands for one sentence");
        let open = |p: &Phrase| Lang::SIX.iter().any(|l| p.text(*l).contains('{'));
        assert!(!all.iter().any(open));
    }
}
