//! What the thread of a decoder answers: texts, languages, and again what another's fault may have spoilt.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::{SamplePos, Span};
use crate::speech::fixture;
use crate::speech::special::Token;

/// A model on whose decoder so many faults of others' utterances fall.
struct Disturbed {
    model: Arc<Native>,
    faults: Arc<AtomicUsize>,
}

struct Ear {
    inner: Box<dyn Network>,
    faults: Arc<AtomicUsize>,
    disturbed: bool,
}

impl Weights for Disturbed {
    fn header(&self) -> &Header {
        self.model.header()
    }

    fn bytes_of(&self, token: Token) -> &[u8] {
        self.model.bytes_of(token)
    }

    fn decoder_bytes(&self) -> u64 {
        1
    }

    fn network(self: Arc<Self>) -> Result<Box<dyn Network>, Error> {
        Ok(Box::new(Ear {
            inner: Arc::clone(&self.model).network()?,
            faults: Arc::clone(&self.faults),
            disturbed: false,
        }))
    }
}

impl Network for Ear {
    fn set_threads(&mut self, threads: usize) {
        self.inner.set_threads(threads);
    }

    fn hear(&mut self, pcm: &[f32], window: u32, cancel: &Cancel) -> Result<(), Error> {
        self.inner.hear(pcm, window, cancel)
    }

    fn step(&mut self, tokens: &[Token], past: usize) -> Result<&[f32], Error> {
        let take = |n: usize| n.checked_sub(1);
        let faults = &self.faults;
        if faults
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .is_ok()
        {
            self.disturbed = true;
            return Err(stopped());
        }
        self.inner.step(tokens, past)
    }

    fn rest(&mut self) {
        self.disturbed = false;
    }

    fn disturbed(&self) -> bool {
        self.disturbed
    }
}

#[test]
fn an_utterance_is_heard_again_where_another_may_be_to_blame_but_only_once() {
    let model: Arc<Native> = Arc::new(Native::load(fixture::tiny(), false).unwrap());
    let faults = Arc::new(AtomicUsize::new(0));
    let weights = Arc::new(Disturbed {
        model,
        faults: Arc::clone(&faults),
    });
    let how = How {
        longest_ms: Some(4_000),
        fit_window: true,
        align: false,
        beam: 1,
    };
    let network = Arc::clone(&weights).network().unwrap();
    let known = Known::default();
    let mut whisper = Whisper::start(weights, network, known, "test".into(), how, 1).unwrap();
    let pcm: Vec<f32> = (0..16_000)
        .map(|i| (i as f32 * 0.1).sin() * if i / 1_500 % 3 == 2 { 0.001 } else { 0.3 })
        .collect();
    let utterance = Utterance {
        channel: 0,
        span: Span::new(SamplePos(0), SamplePos(16_000)),
        pcm,
    };
    let mut hear = |count: usize| {
        faults.store(count, Ordering::SeqCst);
        let found = whisper.recognize(&utterance, &[Lang::Lo], &Cancel::new());
        (found, faults.load(Ordering::SeqCst))
    };
    let expected = hear(0).0.unwrap();
    let (again, left) = hear(1);
    assert_eq!((again.unwrap(), left), (expected.clone(), 0));
    let (failed, left) = hear(3);
    assert!(failed.is_err());
    assert_eq!(left, 1);
    assert_eq!(hear(0).0.unwrap(), expected);
}

/// A second with the rhythm of syllables.
fn spoken() -> Utterance {
    let pcm: Vec<f32> = (0..16_000)
        .map(|i| (i as f32 * 0.1).sin() * if i / 1_500 % 3 == 2 { 0.001 } else { 0.3 })
        .collect();
    Utterance {
        channel: 0,
        span: Span::new(SamplePos(0), SamplePos(16_000)),
        pcm,
    }
}

fn options(engine: Engine, names: &[&str], prompt: bool) -> WhisperOptions {
    WhisperOptions {
        model: fixture::tiny().to_owned(),
        name: "tiny".into(),
        engine,
        threads: 1,
        max_utterance_ms: Some(4_000),
        fit_window: true,
        align: true,
        beam: 1,
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        prompt,
    }
}

#[test]
fn all_languages_are_scored_best_first_and_silence_is_none() {
    for engine in [Engine::Native, Engine::WhisperCpp] {
        let mut whisper = Whisper::load(&options(engine, &[], false)).unwrap();
        let ask = |whisper: &mut Whisper, pcm: Option<Vec<f32>>, among: &[Lang]| {
            let said = spoken();
            let pcm = pcm.unwrap_or_else(|| said.pcm.clone());
            whisper.languages(&Utterance { pcm, ..said }, among, &Cancel::new())
        };
        let found = ask(&mut whisper, None, &Lang::SIX).unwrap();
        assert_eq!(found.len(), 6);
        assert!(found.is_sorted_by(|a, b| a.1 >= b.1), "{found:?}");
        assert!((found.iter().map(|s| s.1).sum::<f32>() - 1.0).abs() < 1e-3);
        let silence = ask(&mut whisper, Some(vec![0.0; 16_000]), &Lang::SIX);
        assert_eq!(silence.unwrap(), []);
        assert!(matches!(
            ask(&mut whisper, None, &[]),
            Err(Error::NoLanguage)
        ));
        // The first choice of a text is the same one where it is sure.
        let line = whisper.recognize(&spoken(), &[found[0].0], &Cancel::new());
        assert_eq!(line.unwrap().lang, found[0].0);
    }
}

#[test]
fn a_list_before_each_text_fits_into_the_decoder() {
    // More than the fixture's 64 positions hold.
    let names = ["ສົມຈິດ", "ຊາຍແດນ", "ວຽງຈັນ", "ສຸກສະຫວັນ", "ຫຼີ່ຊິ່ວອິງ"];
    let mut whisper = Whisper::load(&options(Engine::Native, &names, true)).unwrap();
    let line = whisper.recognize(&spoken(), &[Lang::Lo], &Cancel::new());
    assert_eq!(line.unwrap().lang, Lang::Lo);
}
