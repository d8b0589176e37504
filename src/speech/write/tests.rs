//! Texts of a model that follows written rules: which one stands, with names and without.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::speech::decode::Network;
use crate::speech::fixture::TINY;
use crate::speech::ggml::Header;
use crate::speech::special::Special;

/// After each text the pieces that may follow and their probabilities; an empty piece is the end.
type Rules = &'static [(&'static str, &'static [(&'static str, f32)])];

/// A model that follows rules.
struct Ruled {
    rules: Rules,
    pieces: Vec<&'static str>,
    steps: AtomicUsize,
}

struct Hand {
    model: Arc<Ruled>,
    held: Vec<Token>,
    logits: Vec<f32>,
}

impl Ruled {
    fn new(rules: Rules) -> Arc<Self> {
        let pieces = rules.iter().flat_map(|(_, next)| next.iter().map(|n| n.0));
        let mut pieces: Vec<&str> = pieces.filter(|p| !p.is_empty()).collect();
        pieces.sort_unstable();
        pieces.dedup();
        Arc::new(Self {
            rules,
            pieces,
            steps: AtomicUsize::new(0),
        })
    }

    /// What it writes with these names, the draft, and the steps that it took.
    fn write(self: &Arc<Self>, names: &[&str]) -> (String, Draft, usize) {
        self.write_where(names, false)
    }

    /// The same where the text may be empty, or not.
    fn write_where(self: &Arc<Self>, names: &[&str], may_be_empty: bool) -> (String, Draft, usize) {
        let mut model = Model::new(self.clone()).unwrap();
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        model.prefer(Arc::new(Names::new(&names)));
        self.steps.store(0, Ordering::Relaxed);
        let draft = model
            .write(Lang::Zh, 5.0, may_be_empty, &Cancel::new())
            .unwrap();
        let text = assemble(draft.tokens.iter().map(|&t| self.bytes_of(t))).text;
        (text, draft, self.steps.load(Ordering::Relaxed))
    }
}

impl Weights for Ruled {
    fn header(&self) -> &Header {
        &TINY
    }

    fn bytes_of(&self, token: Token) -> &[u8] {
        let at = usize::try_from(token).unwrap();
        self.pieces.get(at).map_or(&[], |p| p.as_bytes())
    }

    fn decoder_bytes(&self) -> u64 {
        0
    }

    fn network(self: Arc<Self>) -> Result<Box<dyn Network>, Error> {
        Ok(Box::new(Hand {
            model: self,
            held: Vec::new(),
            logits: Vec::new(),
        }))
    }
}

impl Network for Hand {
    fn set_threads(&mut self, _: usize) {}

    fn hear(&mut self, _: &[f32], _: u32, _: &Cancel) -> Result<(), Error> {
        Ok(())
    }

    fn step(&mut self, tokens: &[Token], past: usize) -> Result<&[f32], Error> {
        let model = Arc::clone(&self.model);
        model.steps.fetch_add(1, Ordering::Relaxed);
        match past {
            1 => self.held.clear(),
            _ => {
                assert!(past - PROMPT_TOKENS <= self.held.len());
                self.held.truncate(past - PROMPT_TOKENS);
                self.held.extend_from_slice(tokens);
            }
        }
        let text = assemble(self.held.iter().map(|&t| model.bytes_of(t))).text;
        let next = model.rules.iter().find(|(before, _)| *before == text);
        let end = usize::try_from(Special::of(&TINY).end).unwrap();
        self.logits = vec![-30.0; end + 10];
        for (piece, p) in next.map_or(&[("", 1.0)][..], |(_, next)| next) {
            let at = model.pieces.iter().position(|known| known == piece);
            self.logits[at.unwrap_or(end)] = p.ln();
        }
        Ok(&self.logits)
    }
}

const CALLED: Rules = &[
    ("", &[("我叫", 1.0)]),
    ("我叫", &[("章", 0.7), ("张", 0.3)]),
    ("我叫章", &[("建国", 0.75), ("建华", 0.25)]),
    ("我叫张", &[("建", 0.8), ("x", 0.2)]),
    ("我叫张建", &[("国", 0.9), ("华", 0.1)]),
    ("我叫张建国", &[("。", 1.0)]),
    ("我叫张建华", &[("。", 1.0)]),
    ("我叫章建国", &[("。", 1.0)]),
    ("我叫章建华", &[("。", 1.0)]),
    ("我叫张x", &[("。", 1.0)]),
];

#[test]
fn without_names_the_likeliest_tokens_are_written_once() {
    let (text, draft, steps) = Ruled::new(CALLED).write(&[]);
    assert_eq!(text, "我叫章建国。");
    // The prompt, and each token that was written.
    assert_eq!(steps, 1 + draft.tokens.len());
    assert_eq!(draft.plain, draft.log_prob().0);
}

#[test]
fn a_name_is_written_where_the_sound_leaves_it_open() {
    let model = Ruled::new(CALLED);
    let (text, draft, _) = model.write(&["张建国"]);
    assert_eq!(text, "我叫张建国。");
    // The probabilities are the model's own: 0.3, 0.8 and 0.9 against 0.7 and 0.75.
    assert!((draft.log_prob().0.exp() - 0.216).abs() < 1e-4);
    assert!((draft.plain.exp() - 0.525).abs() < 1e-4);
}

#[test]
fn a_name_that_is_not_finished_gains_nothing() {
    let model = Ruled::new(CALLED);
    for names in [&["张建设"][..], &["张建国庆"], &["章建"], &["张"]] {
        assert_eq!(model.write(names).0, "我叫章建国。", "{names:?}");
    }
}

#[test]
fn of_several_names_the_likelier_one_stands() {
    let model = Ruled::new(CALLED);
    let all = ["张建华", "张建国", "李秀英"];
    assert_eq!(model.write(&all).0, "我叫张建国。");
    // The likeliest text may hold one itself.
    assert_eq!(model.write(&["张建国", "章建国"]).0, "我叫章建国。");
    assert_eq!(model.write(&["章建华"]).0, "我叫章建华。");
}

const CLEAR: Rules = &[
    ("", &[("我叫", 1.0)]),
    ("我叫", &[("章", 0.95), ("张", 0.05)]),
    ("我叫章", &[("建国", 1.0)]),
    ("我叫张", &[("建国", 0.9), ("x", 0.1)]),
];

#[test]
fn what_was_heard_clearly_stays() {
    assert_eq!(Ruled::new(CLEAR).write(&["张建国"]).0, "我叫章建国");
}

const LOOP: Rules = &[
    ("", &[("张建国", 0.9), ("x", 0.1)]),
    ("张建国", &[("", 0.6), ("张建国", 0.4)]),
];

#[test]
fn a_name_is_not_repeated_for_its_gain() {
    assert_eq!(Ruled::new(LOOP).write(&["张建国"]).0, "张建国");
}

#[test]
fn silence_holds_no_name() {
    const SILENT: Rules = &[("", &[("", 0.6), ("张建国", 0.4)])];
    let model = Ruled::new(SILENT);
    assert_eq!(model.write_where(&["张建国"], true).0, "");
    // Where somebody speaks, a text is never empty.
    assert_eq!(model.write(&["张建国"]).0, "张建国");
}

#[test]
fn a_name_does_not_make_an_unfinished_text_look_whole() {
    // It goes round and round; a name, little less likely, would be at its end at once.
    let round = (0..TINY.text_ctx as usize).map(|n| {
        let before: &'static str = Box::leak("x".repeat(n).into_boxed_str());
        let next: &'static [_] = match n {
            0 => &[("x", 0.6), ("张建国", 0.4)],
            _ => &[("x", 1.0)],
        };
        (before, next)
    });
    let model = Ruled::new(Box::leak(round.collect::<Box<[_]>>()));
    let (plain, without, _) = model.write(&[]);
    let (named, with, _) = model.write(&["张建国"]);
    assert_ne!(without.ending, Ending::Complete);
    assert_eq!((named, with.ending), (plain, without.ending));
}
