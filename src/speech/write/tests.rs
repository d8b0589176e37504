//! Texts of a model that follows written rules: which one stands, with names and without.

use std::sync::atomic::Ordering;

use super::*;
use crate::speech::fixture::TINY;
use crate::speech::prompt::Prompts;
use crate::speech::ruled::{Hearing, Ruled, Rules};
use crate::speech::special::Special;

impl Ruled {
    /// What it writes with these names, the draft, and the steps that it took.
    fn write(self: &Arc<Self>, names: &[&str]) -> (String, Draft, usize) {
        self.write_where(names, false)
    }

    /// The same where the text may be empty, or not.
    fn write_where(self: &Arc<Self>, names: &[&str], may_be_empty: bool) -> (String, Draft, usize) {
        self.write_beside(names, may_be_empty, 1)
    }

    /// The same with so many texts side by side.
    fn write_beside(
        self: &Arc<Self>,
        names: &[&str],
        may_be_empty: bool,
        beam: usize,
    ) -> (String, Draft, usize) {
        let mut model = Model::new(self.clone(), self.clone().network().unwrap());
        model.follow_side_by_side(beam);
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

const GARDEN: Rules = &[
    ("", &[("我", 0.6), ("你", 0.4)]),
    ("我", &[("没", 0.4), ("不", 0.3), ("很", 0.3)]),
    ("你", &[("好", 1.0)]),
];

#[test]
fn several_texts_side_by_side_find_the_likelier_whole() {
    let model = Ruled::new(GARDEN);
    assert_eq!(model.write(&[]).0, "我没");
    for beam in 2..=5 {
        let (text, draft, _) = model.write_beside(&[], false, beam);
        assert_eq!(text, "你好", "{beam}");
        assert!((draft.log_prob().0.exp() - 0.4).abs() < 1e-4);
        assert_eq!(draft.ending, Ending::Complete);
        assert_eq!(draft.plain, draft.log_prob().0);
    }
}

#[test]
fn a_short_text_is_not_preferred_for_being_short() {
    // The end after one token has 0.5 of the probability, the whole of five tokens 0.46.
    const LONG: Rules = &[
        ("", &[("我", 1.0)]),
        ("我", &[("", 0.5), ("叫", 0.5)]),
        ("我叫", &[("张", 0.97), ("章", 0.03)]),
        ("我叫张", &[("建", 0.97), ("", 0.03)]),
        ("我叫张建", &[("国", 0.98), ("", 0.02)]),
    ];
    assert_eq!(Ruled::new(LONG).write_beside(&[], false, 3).0, "我叫张建国");
}

#[test]
fn names_are_looked_for_along_the_best_of_several_texts() {
    for beam in [1, 2, 5] {
        let model = Ruled::new(CALLED);
        let (text, draft, _) = model.write_beside(&["张建国"], false, beam);
        assert_eq!(text, "我叫张建国。", "{beam}");
        assert!((draft.log_prob().0.exp() - 0.216).abs() < 1e-4);
        assert_eq!(
            model.write_beside(&["张建设"], false, beam).0,
            "我叫章建国。"
        );
        assert_eq!(
            Ruled::new(CLEAR).write_beside(&["张建国"], false, beam).0,
            "我叫章建国"
        );
    }
    // What several texts found stays where no name is near.
    assert_eq!(
        Ruled::new(GARDEN).write_beside(&["张建国"], false, 3).0,
        "你好"
    );
}

#[test]
fn several_texts_in_a_circle_come_to_an_end_and_say_so() {
    let round = (0..TINY.text_ctx as usize).map(|n| {
        let before: &'static str = Box::leak("x".repeat(n).into_boxed_str());
        (before, &[("x", 1.0)][..])
    });
    let model = Ruled::new(Box::leak(round.collect::<Box<[_]>>()));
    let (plain, without, _) = model.write(&[]);
    let (text, draft, _) = model.write_beside(&["张建国"], false, 5);
    assert_ne!(draft.ending, Ending::Complete);
    assert_eq!((text, draft.ending), (plain, without.ending));
    const SILENT: Rules = &[("", &[("", 0.6), ("张建国", 0.4)])];
    assert_eq!(Ruled::new(SILENT).write_beside(&[], true, 4).0, "");
    assert_eq!(Ruled::new(SILENT).write_beside(&[], false, 4).0, "张建国");
    // A word is likelier than silence, however doubtful the rest of its line.
    const DOUBTFUL: Rules = &[
        ("", &[("", 0.45), ("张建国", 0.55)]),
        ("张建国", &[("", 0.3), ("你", 0.25), ("好", 0.25)]),
    ];
    assert_ne!(Ruled::new(DOUBTFUL).write_beside(&[], true, 4).0, "");
}

#[test]
fn a_list_of_names_stands_before_the_text_as_openais_decoder_lays_it_out() {
    let model = Ruled::new(CALLED);
    let special = Special::of(&TINY);
    let usual = [
        special.language(Lang::Zh),
        special.transcribe,
        special.no_timestamps,
    ];
    let (plain, draft, _) = model.write(&[]);
    assert_eq!(*model.opening.lock().unwrap(), (1, usual.to_vec()));
    let list = vec![special.start_of_prev, 2, 3, 1];
    let prompts = Arc::new(Prompts::fixed(Lang::Zh, list.clone()));
    for beam in [1, 3] {
        for prompting in [true, false] {
            let mut hand = Model::new(model.clone(), model.clone().network().unwrap());
            hand.follow_side_by_side(beam);
            hand.know(Arc::clone(&prompts));
            hand.prompt(prompting);
            let found = hand.write(Lang::Zh, 5.0, false, &Cancel::new()).unwrap();
            // The rules do not look at it: nothing else of the text changes.
            if beam == 1 {
                assert_eq!((&found.tokens, found.plain), (&draft.tokens, draft.plain));
            }
            let expected = match prompting {
                true => (0, [&list[..], &[special.start], &usual].concat()),
                false => (1, usual.to_vec()),
            };
            assert_eq!(*model.opening.lock().unwrap(), expected);
            // A language that has no list.
            hand.write(Lang::Lo, 5.0, false, &Cancel::new()).unwrap();
            assert_eq!(model.opening.lock().unwrap().0, 1);
        }
    }
    assert!(!plain.is_empty());
}

#[test]
fn a_full_list_leaves_the_text_its_half_of_the_context() {
    const ENDLESS: Rules = &[
        ("", &[("张", 1.0)]),
        ("张", &[("建", 0.9), ("", 0.1)]),
        ("张建", &[("国", 0.9), ("", 0.1)]),
        ("张建国", &[("建国", 0.9), ("", 0.1)]),
    ];
    let model = Ruled::new(ENDLESS);
    let list = TINY.text_ctx as usize / 2;
    let prompts = Arc::new(Prompts::fixed(Lang::Zh, vec![1; list]));
    let mut hand = Model::new(model.clone(), model.clone().network().unwrap());
    hand.know(prompts);
    hand.prompt(true);
    // `step` above asserts that no position lies beyond the context.
    let found = hand.write(Lang::Zh, 60.0, false, &Cancel::new()).unwrap();
    assert!(found.tokens.len() <= TINY.text_ctx as usize - list - 4);
}

#[test]
fn a_loop_of_many_tokens_is_left_as_soon_as_its_letters_show_it() {
    let unit = "天地人你我他上下左右大小多少山石田土金木";
    let looped = unit.repeat(12);
    let ends: Vec<usize> = looped.char_indices().map(|(at, _)| at).collect();
    let looped: &'static str = Box::leak(looped.into_boxed_str());
    let rules = ends.windows(2).map(|two| {
        let next: &'static [_] = Box::leak(Box::new([(&looped[two[0]..two[1]], 1.0_f32)]));
        (&looped[..two[0]], next)
    });
    let model = Ruled::hearing(vec![Hearing::of(Box::leak(rules.collect::<Box<[_]>>()))]);
    let (text, draft, _) = model.write(&[]);
    assert_eq!(draft.ending, Ending::Loop);
    // Four times are enough; by its tokens alone it would have gone on to all that 5 s may hold.
    assert_eq!((draft.tokens.len(), text.chars().count()), (96, 96));
}
