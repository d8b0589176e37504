//! Which recogniser hears a line: the model that was chosen for its channel, else the usual one, and never
//! another in the place of one that is not there.

use std::fs;
use std::sync::{Arc, Mutex};

use super::tests::{Bed, LINES, ZH_VI, interview, segment, write_wav};
use super::{Engines, SpeechRoute};
use crate::domain::{
    Cancel, Channel, FlagKind, Hypothesis, InterviewId, Lang, SpeechModels, Status, Utterance, Word,
};
use crate::speech::{self, Recognizer};
use crate::store::{NewInterview, NewSegment, Store, Working};

/// Writes its own name as the text, and notes which languages it was asked for.
#[derive(Clone)]
struct NamedEar {
    name: &'static str,
    confidence: f32,
    /// The share of its words that are right, where that was measured.
    measured: Option<f32>,
    /// What it says of the languages.
    spoken: Vec<(Lang, f32)>,
    asked: Arc<Mutex<Vec<Vec<Lang>>>>,
}

impl Recognizer for NamedEar {
    fn engine(&self) -> &str {
        self.name
    }

    fn max_utterance_ms(&self) -> u64 {
        1000
    }

    fn recognize(
        &mut self,
        _: &Utterance,
        among: &[Lang],
        _: &Cancel,
    ) -> Result<Hypothesis, speech::Error> {
        self.asked.lock().unwrap().push(among.to_vec());
        Ok(Hypothesis {
            lang: among[0],
            text: self.name.to_owned(),
            confidence: self.confidence,
            words: self.words(),
            flags: Vec::new(),
            engine: self.name.to_owned(),
        })
    }

    fn languages(
        &mut self,
        _: &Utterance,
        _: &[Lang],
        _: &Cancel,
    ) -> Result<Vec<(Lang, f32)>, speech::Error> {
        Ok(self.spoken.clone())
    }

    fn is_calibrated(&self, _: Lang) -> bool {
        self.measured.is_some()
    }

    fn divide(&mut self, cores: usize, _: u64) -> Vec<Box<dyn Recognizer>> {
        let another = |_| -> Box<dyn Recognizer> { Box::new(self.clone()) };
        (1..cores).map(another).collect()
    }
}

impl NamedEar {
    fn words(&self) -> Vec<Word> {
        let word = |confidence| Word {
            text: self.name.to_owned(),
            start_ms: 0,
            end_ms: 100,
            confidence,
        };
        self.measured.map(word).into_iter().collect()
    }
}

fn ear(name: &'static str, confidence: f32) -> NamedEar {
    NamedEar {
        name,
        confidence,
        measured: None,
        spoken: Vec::new(),
        asked: Arc::default(),
    }
}

fn route(ear: &NamedEar, languages: &[Lang], chosen_for: &[Lang]) -> SpeechRoute {
    SpeechRoute {
        model: ear.name.to_owned(),
        digest: "e".repeat(64),
        languages: languages.to_vec(),
        chosen_for: chosen_for.to_vec(),
        engine: Box::new(ear.clone()),
        practice: false,
        detects: ear.spoken.iter().map(|s| s.0).collect(),
    }
}

/// A second interview of two channels in `languages`, with these models on the second; lines take turns.
fn beside(bed: &Bed, languages: &[Lang], models: &[(Lang, &str)]) -> InterviewId {
    let id = InterviewId("20260101-000000-000009".into());
    let folder = bed.dir.path().join("recordings").join(&id.0);
    fs::create_dir_all(&folder).unwrap();
    let channel = |index, speaker: &str, models: SpeechModels| Channel {
        index,
        speaker: speaker.into(),
        languages: languages.to_vec(),
        speech_models: models,
    };
    let models = models.iter().map(|(lang, name)| (*lang, (*name).into()));
    let working = [0, 1].map(|channel| {
        let file = format!("working-{channel}.wav");
        write_wav(&folder.join(&file), LINES * 100);
        Working {
            channel,
            file,
            sha256: None,
        }
    });
    let new = NewInterview {
        channels: vec![
            channel(0, "officer", SpeechModels::new()),
            channel(1, "interviewee", models.collect()),
        ],
        working: working.to_vec(),
        asked: None,
        ..interview(&id)
    };
    let cut = |n: u64| NewSegment {
        channel: u16::try_from(n % 2).unwrap(),
        ..segment(n)
    };
    let cuts: Vec<NewSegment> = (0..LINES).map(cut).collect();
    let mut store = Store::open(&bed.store()).unwrap();
    store.create_interview(&new, &cuts).unwrap();
    id
}

fn engines(bed: &Bed, speech: Vec<SpeechRoute>) -> Engines {
    Engines {
        speech,
        ..bed.engines(&[], None, &[ZH_VI])
    }
}

/// What was written on each channel, each once, and how many lines wait.
fn written(bed: &Bed, id: &InterviewId) -> ([Vec<String>; 2], usize) {
    let store = Store::open(&bed.store()).unwrap();
    let lines = store.segments(id).unwrap();
    let on = |channel: u16| {
        let own = lines.iter().filter(|l| l.channel == channel);
        let own = own.filter(|l| l.status != Status::Pending);
        let mut texts: Vec<String> = own.map(|l| l.text.clone()).collect();
        texts.dedup();
        texts
    };
    let waits = lines.iter().filter(|l| l.status == Status::Pending);
    ([on(0), on(1)], waits.count())
}

#[test]
fn each_channel_is_heard_by_the_model_that_was_chosen_for_it() {
    for cores in [1, 4] {
        let bed = Bed {
            cores,
            ..Bed::new()
        };
        let id = beside(&bed, &[Lang::Zh], &[(Lang::Zh, "telephone")]);
        let speech = || {
            vec![
                route(&ear("usual", 0.9), &[Lang::Zh], &[]),
                route(&ear("telephone", 0.1), &[], &[Lang::Zh]),
            ]
        };
        let report = bed.run_on(&id, engines(&bed, speech())).unwrap();
        assert_eq!((report.recognised, report.unheard), (LINES, 0));
        let (texts, waits) = written(&bed, &id);
        assert_eq!(
            texts,
            [["usual"], ["telephone"]].map(|t| t.map(str::to_owned).to_vec())
        );
        assert_eq!(waits, 0, "{cores} cores");
        // The interview beside it, of which nothing was chosen, has the usual one alone.
        bed.run(engines(&bed, speech()), false).unwrap();
        assert_eq!(written(&bed, &bed.id).0[0], ["usual"]);
    }
}

#[test]
fn a_chosen_model_that_is_not_there_is_waited_for_and_named() {
    for cores in [1, 4] {
        let bed = Bed {
            cores,
            ..Bed::new()
        };
        let id = beside(&bed, &[Lang::Zh], &[(Lang::Zh, "telephone")]);
        // It is loaded for another interview's Khmer, which does not make it hear Chinese here.
        let speech = || {
            vec![
                route(&ear("usual", 0.9), &[Lang::Zh], &[]),
                route(&ear("telephone", 0.9), &[Lang::Vi], &[Lang::Km]),
            ]
        };
        let report = bed.run_on(&id, engines(&bed, speech())).unwrap();
        assert_eq!((report.recognised, report.unheard), (LINES / 2, LINES / 2));
        assert_eq!((report.translated, report.failed), (LINES / 2, 0));
        let reason = report.reason.unwrap();
        assert!(
            reason.contains("telephone") && reason.contains("Chinese"),
            "{reason}"
        );
        let (texts, waits) = written(&bed, &id);
        assert_eq!(texts, [vec!["usual".to_owned()], Vec::new()]);
        assert_eq!(waits, 6);
        // It comes back: its lines are heard, and nothing is heard again.
        let own = vec![route(&ear("telephone", 0.2), &[], &[Lang::Zh])];
        let report = bed.run_on(&id, engines(&bed, own)).unwrap();
        assert_eq!((report.recognised, report.unheard), (LINES / 2, 0));
        assert_eq!(written(&bed, &id).0[1], ["telephone"]);
    }
}

#[test]
fn without_any_model_lines_wait_and_the_others_are_heard() {
    let bed = Bed::new();
    let id = beside(&bed, &[Lang::Zh], &[(Lang::Zh, "telephone")]);
    let own = vec![route(&ear("telephone", 0.2), &[], &[Lang::Zh])];
    let report = bed.run_on(&id, engines(&bed, own)).unwrap();
    assert_eq!((report.recognised, report.unheard), (LINES / 2, LINES / 2));
    assert!(
        report
            .reason
            .unwrap()
            .contains("no installed model recognises Chinese")
    );
    let (texts, waits) = written(&bed, &id);
    assert_eq!((texts[0].len(), texts[1].len(), waits), (0, 1, 6));
}

#[test]
fn of_two_languages_each_is_tried_by_the_model_of_that_channel() {
    let bed = Bed::new();
    let id = beside(&bed, &[Lang::Zh, Lang::Vi], &[(Lang::Vi, "telephone")]);
    let (usual, telephone) = (ear("usual", 0.4), ear("telephone", 0.8));
    let speech = vec![
        route(&usual, &[Lang::Zh, Lang::Vi], &[]),
        route(&telephone, &[], &[Lang::Vi]),
    ];
    bed.run_on(&id, engines(&bed, speech)).unwrap();
    // On the first channel one engine chooses between both itself, on the second each has its own.
    let mut asked = usual.asked.lock().unwrap().clone();
    asked.sort();
    asked.dedup();
    assert_eq!(asked, [vec![Lang::Zh], vec![Lang::Zh, Lang::Vi]]);
    let asked = telephone.asked.lock().unwrap().clone();
    assert!(asked.len() == 6 && asked.iter().all(|among| among[..] == [Lang::Vi]));
    let store = Store::open(&bed.store()).unwrap();
    for line in store.segments(&id).unwrap() {
        let (text, lang, unsure) = match line.channel {
            0 => ("usual", Lang::Zh, false),
            _ => ("telephone", Lang::Vi, true),
        };
        assert_eq!((line.text.as_str(), line.lang), (text, lang));
        let mut flags = line.flags.iter();
        let found = flags.any(|f| f.kind == FlagKind::LanguageUncertain);
        assert_eq!(found, unsure, "{}", line.id.0);
    }
}

/// What stands of Chinese by one engine and another language by a second: the language, and whether a
/// person is told that it is uncertain.
fn chosen(whisper: &NamedEar, other: Lang, ctc: &NamedEar) -> (Lang, bool) {
    let bed = Bed::new();
    let id = beside(&bed, &[Lang::Zh, other], &[]);
    let speech = vec![route(whisper, &[Lang::Zh], &[]), route(ctc, &[other], &[])];
    bed.run_on(&id, engines(&bed, speech)).unwrap();
    let store = Store::open(&bed.store()).unwrap();
    let lines = store.segments(&id).unwrap();
    let unsure =
        |flags: &[crate::domain::Flag]| flags.iter().any(|f| f.kind == FlagKind::LanguageUncertain);
    let mut found = lines.iter().map(|line| (line.lang, unsure(&line.flags)));
    let first = found.next().unwrap();
    assert!(found.all(|other| other == first));
    first
}

#[test]
fn of_two_families_the_raw_confidence_decides_nothing() {
    for other in [Lang::Km, Lang::My, Lang::Lo, Lang::Vi, Lang::Th] {
        // Whisper gives its own words more, and is wrong.
        let (whisper, ctc) = (ear("whisper", 0.95), ear("ctc", 0.6));
        let measured = |ear: &NamedEar, right: f32| NamedEar {
            measured: Some(right),
            ..ear.clone()
        };
        let found = chosen(&measured(&whisper, 0.3), other, &measured(&ctc, 0.8));
        assert_eq!(found, (other, false));
        let found = chosen(&measured(&whisper, 0.7), other, &measured(&ctc, 0.75));
        assert_eq!(found, (other, true), "near");
        // A calibration of one of them is no common scale; the detector is.
        let hears = |share: f32| NamedEar {
            spoken: vec![(other, share), (Lang::Zh, 1.0 - share)],
            ..measured(&whisper, 0.9)
        };
        assert_eq!(chosen(&hears(0.97), other, &ctc), (other, false));
        assert_eq!(chosen(&hears(0.6), other, &ctc), (other, true));
        assert_eq!(chosen(&hears(0.03), other, &ctc), (Lang::Zh, false));
        // It does not know the other language, or has no word.
        let other_only = NamedEar {
            spoken: vec![(Lang::Zh, 1.0)],
            ..whisper.clone()
        };
        assert!(chosen(&other_only, other, &ctc).1);
    }
}
