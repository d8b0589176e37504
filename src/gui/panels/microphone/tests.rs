//! Tests of the choice of microphones.

use super::*;

#[test]
fn each_microphone_has_a_speaker_and_the_languages_of_the_interview() {
    let all = [Lang::Zh, Lang::Vi, Lang::My];
    let mut choice = MicrophoneChoice::default();
    assert!(choice.channels(&all).is_empty(), "one is for all");
    for role in [1, 2] {
        choice.rows.push(Row {
            role,
            ..Row::default()
        });
    }
    assert_eq!(
        choice.channels(&all),
        [
            ("officer".to_owned(), vec![Lang::Zh]),
            ("interviewee".to_owned(), vec![Lang::Vi, Lang::My]),
            ("interpreter".to_owned(), all.to_vec()),
        ]
    );
    choice.rows.push(Row::default());
    let four = choice.channels(&all);
    assert_eq!(
        four[3],
        ("officer 2".to_owned(), vec![Lang::Zh]),
        "two officers"
    );
    choice.rows.pop();
    choice.rows[1].language = Some(Lang::My);
    choice.rows[2].language = Some(Lang::Km); // no longer one of the interview's
    let channels = choice.channels(&all);
    assert_eq!(channels[1].1, [Lang::My]);
    assert_eq!(channels[2].1, all);
}

#[test]
fn a_microphone_may_have_another_speech_model_than_the_interview() {
    let all = [Lang::Zh, Lang::Vi, Lang::My];
    let choice = |lang, channel: Option<&str>, model: &str| SpeechChoice {
        lang,
        channel: channel.map(str::to_owned),
        model: model.to_owned(),
    };
    let general = vec![choice(Lang::Vi, None, "a"), choice(Lang::My, None, "b")];
    let mut choice_of = MicrophoneChoice::default();
    choice_of.rows[0].models.insert(Lang::Zh, "lost".into());
    assert_eq!(choice_of.choices(&all, general.clone()), general);
    choice_of.rows.push(Row {
        role: 1,
        language: Some(Lang::Vi),
        models: SpeechModels::from([
            (Lang::Vi, "telephone".to_owned()),
            (Lang::My, "not spoken here".to_owned()),
        ]),
        ..Row::default()
    });
    assert_eq!(
        choice_of.choices(&all, general),
        [
            choice(Lang::Vi, None, "a"),
            choice(Lang::Zh, Some("officer"), "lost"),
            choice(Lang::Vi, Some("interviewee"), "telephone"),
        ]
    );
}

#[test]
fn a_test_counts_for_the_microphones_it_was_made_with_and_for_one_session() {
    let mut choice = MicrophoneChoice::default();
    assert_eq!(choice.test(), None);
    let passed = MicrophoneTest::Passed(vec![-12]);
    choice.passed = Some((choice.sources(), passed.clone()));
    assert_eq!(choice.test(), Some(passed));
    choice.rows[0].chosen = Some("alsa:other".into());
    assert_eq!(choice.test(), None);
    choice.reason = "ទីបន្ទាន់".into();
    assert_eq!(choice.test(), Some(MicrophoneTest::Skipped("ទីបន្ទាន់".into())));
    choice.used();
    assert_eq!(choice.test(), None);
}

#[test]
fn tested_microphones_that_ceased_to_listen_are_opened_again_once() {
    let mut choice = MicrophoneChoice::default();
    assert!(!choice.is_to_listen(true));
    assert!(!choice.is_to_listen(false), "nothing was passed");
    choice.passed = Some((choice.sources(), MicrophoneTest::Passed(vec![-9])));
    assert!(!choice.is_to_listen(true));
    assert!(choice.is_to_listen(false));
    assert!(!choice.is_to_listen(false), "once");
    assert!(!choice.is_to_listen(true));
    choice.rows[0].chosen = Some("alsa:other".into());
    assert!(!choice.is_to_listen(false), "another microphone");
    // Without a test too, once somebody said why: what is said before the button is kept.
    choice.reason = "ເສຍ".into();
    assert!(choice.is_to_listen(false));
    assert!(!choice.is_to_listen(false), "once");
    assert!(!choice.is_to_listen(true));
    assert!(choice.is_to_listen(false));
}
