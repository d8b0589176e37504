//! Tests of the store: records, files on a disk, search, properties; a measurement.

mod chain;
mod files;
mod measure;
mod people;
mod properties;
mod put_back;
mod questions;
mod records;
mod recut;
mod search;
mod sessions;
mod speakers;
mod speech_models;

use super::{Correction, Error, NewAudio, NewFact, NewInterview, NewSegment, Store, Working};
use crate::domain::{
    AudioFile, Channel, Flag, FlagKind, Hypothesis, InterviewId, Lang, PersonId, SamplePos,
    SegmentId, Span, Status, Translation,
};

/// A sentence in each of the six languages, and a word inside it.
pub(super) const SIX_LINES: [(Lang, &str, &str); 6] = [
    (Lang::Zh, "我叫张伟，住在瑞丽市。", "张伟"),
    (
        Lang::Vi,
        "Tôi tên là Nguyễn Văn Hùng, đi từ Lào Cai.",
        "Nguyễn",
    ),
    (Lang::Th, "ฉันชื่อสมชาย มาจากเชียงรายเมื่อวานนี้", "สมชาย"),
    (Lang::My, "ကျွန်တော့်နာမည် ကိုအောင်ပါ၊ မူဆယ်မှာနေပါတယ်။", "အောင်"),
    (Lang::Lo, "ຂ້ອຍຊື່ສົມພອນ ມາຈາກຫຼວງພະບາງ", "ສົມພອນ"),
    (Lang::Km, "ខ្ញុំឈ្មោះសុខា មកពីប៉ោយប៉ែត", "សុខា"),
];

pub(super) fn id(name: &str) -> InterviewId {
    InterviewId(name.to_owned())
}

pub(super) fn interview(name: &str, languages: &[Lang]) -> NewInterview {
    NewInterview {
        id: id(name),
        case: Some("案件一".to_owned()),
        languages: languages.to_vec(),
        started: "2026-11-23T14:05:00+07:00".to_owned(),
        duration_ms: 60_000,
        audio: vec![NewAudio {
            file: AudioFile {
                path: "original.wav".to_owned(),
                original_name: "现场 1.wav".to_owned(),
                sha256: "ab".repeat(32),
                sample_rate: 48_000,
                channels: 2,
            },
            bytes: 11_520_044,
        }],
        channels: vec![
            Channel {
                index: 0,
                speaker: "officer".to_owned(),
                languages: vec![Lang::Zh],
                speech_models: Default::default(),
            },
            Channel {
                index: 1,
                speaker: "interviewee".to_owned(),
                languages: languages
                    .iter()
                    .copied()
                    .filter(|l| *l != Lang::Zh)
                    .collect(),
                speech_models: Default::default(),
            },
        ],
        working: [0, 1]
            .map(|channel| Working {
                channel,
                file: format!("working-{channel}.wav"),
                sha256: None,
            })
            .to_vec(),
        notes: Vec::new(),
        asked: None,
    }
}

pub(super) fn cut(channel: u16, start_ms: u64, lang: Lang) -> NewSegment {
    NewSegment {
        channel,
        speaker: if channel == 0 {
            "officer"
        } else {
            "interviewee"
        }
        .to_owned(),
        span: Span::new(
            SamplePos::from_ms(start_ms),
            SamplePos::from_ms(start_ms + 1_500),
        ),
        lang,
        flags: Vec::new(),
    }
}

pub(super) fn heard(lang: Lang, text: &str) -> Hypothesis {
    Hypothesis {
        lang,
        text: text.to_owned(),
        confidence: 0.875,
        words: Vec::new(),
        flags: vec![Flag::new(FlagKind::PracticeModel)],
        engine: "engine 1".to_owned(),
    }
}

pub(super) fn translated(lang: Lang, text: &str, of_version: u32) -> Translation {
    Translation {
        lang,
        text: text.to_owned(),
        engine: "translator 1".to_owned(),
        status: Status::Machine,
        log_prob: Some(-0.25),
        terms: Vec::new(),
        flags: Vec::new(),
        of_version,
    }
}

/// An interview in zh and `lang` whose lines, all on channel 1, say `texts`.
pub(super) fn told(store: &mut Store, name: &str, lang: Lang, texts: &[&str]) {
    let languages = if lang == Lang::Zh {
        vec![Lang::Zh]
    } else {
        vec![Lang::Zh, lang]
    };
    let cuts: Vec<_> = (0u64..)
        .zip(texts)
        .map(|(n, _)| cut(1, n * 2_000, lang))
        .collect();
    store
        .create_interview(&interview(name, &languages), &cuts)
        .unwrap();
    for (number, text) in (1i64..).zip(texts) {
        store
            .record_hypothesis(
                &id(name),
                crate::domain::SegmentId(number),
                &heard(lang, text),
            )
            .unwrap();
    }
}

/// A person's version of one side of a line, and one fact of a person.
pub(super) trait Edits {
    /// Of its text; the version's number.
    fn edit_text(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        text: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<u32, Error>;

    /// Of its translation into `lang`; the version's number.
    fn edit_translation(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        lang: Lang,
        text: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<u32, Error>;

    /// One fact of a person; its number.
    fn add_fact(&mut self, person: &PersonId, by: &str, new: &NewFact<'_>) -> Result<i64, Error>;
}

impl Edits for Store {
    fn edit_text(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        text: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<u32, Error> {
        let new = Correction {
            text: Some(text),
            translation: None,
            by,
            reason,
        };
        Ok(self.edit(id, segment, &new)?.text.unwrap_or_default())
    }

    fn edit_translation(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        lang: Lang,
        text: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<u32, Error> {
        let new = Correction {
            text: None,
            translation: Some((lang, text)),
            by,
            reason,
        };
        let made = self.edit(id, segment, &new)?.translation;
        Ok(made.unwrap_or_default())
    }

    fn add_fact(&mut self, person: &PersonId, by: &str, new: &NewFact<'_>) -> Result<i64, Error> {
        let added = self.add_facts(person, by, std::slice::from_ref(new))?;
        Ok(added[0])
    }
}
