//! The segmenter's promises, by example and by property.

use proptest::prelude::*;

use super::*;

const SPEECH: Frame = Frame {
    probability: 0.9,
    level_db: -20.0,
};
const SILENCE: Frame = Frame {
    probability: 0.02,
    level_db: -60.0,
};

fn run(frames: impl IntoIterator<Item = Frame>, limits: &SegmenterLimits) -> Vec<Cut> {
    let mut segmenter = Segmenter::new(limits);
    let mut cuts: Vec<Cut> = frames
        .into_iter()
        .filter_map(|f| segmenter.push(f))
        .collect();
    cuts.extend(segmenter.finish());
    cuts
}

fn ms(frame: Frame, ms: u64) -> Vec<Frame> {
    vec![frame; frames(ms) as usize]
}

#[test]
fn silence_gives_no_cut() {
    assert!(run(ms(SILENCE, 60_000), &SegmenterLimits::default()).is_empty());
    assert!(run([], &SegmenterLimits::default()).is_empty());
}

#[test]
fn one_utterance_gets_its_pre_roll_and_post_roll() {
    let sound = [ms(SILENCE, 2000), ms(SPEECH, 1600), ms(SILENCE, 2000)].concat();
    let cuts = run(sound, &SegmenterLimits::default());
    assert_eq!(cuts.len(), 1);
    let span = cuts[0].span;
    assert!((1680..=1720).contains(&span.start.as_ms()), "{span:?}");
    assert!((3780..=3820).contains(&span.end.as_ms()), "{span:?}");
    assert!(!cuts[0].cut_without_pause);
}

#[test]
fn a_short_pause_does_not_cut_and_a_long_one_does() {
    let with = |pause| {
        let sound = [ms(SPEECH, 1000), ms(SILENCE, pause), ms(SPEECH, 1000)].concat();
        run(sound, &SegmenterLimits::default()).len()
    };
    assert_eq!((with(300), with(800)), (1, 2));
}

#[test]
fn a_click_is_no_utterance_but_a_short_yes_is() {
    let with = |length| {
        let sound = [ms(SILENCE, 1000), ms(SPEECH, length), ms(SILENCE, 1000)].concat();
        run(sound, &SegmenterLimits::default()).len()
    };
    assert_eq!((with(32), with(128)), (0, 1));
}

#[test]
fn a_long_speech_is_cut_at_the_pause_in_its_last_third() {
    let limits = SegmenterLimits::new(9000);
    let sound = [ms(SPEECH, 7200), ms(SILENCE, 320), ms(SPEECH, 4000)].concat();
    let cuts = run(sound, &limits);
    assert_eq!(cuts.len(), 2);
    assert!(
        (7200..=7520).contains(&cuts[0].span.end.as_ms()),
        "{cuts:?}"
    );
    assert_eq!(cuts[0].span.end, cuts[1].span.start);
    assert!(!cuts[0].cut_without_pause);
}

#[test]
fn a_speech_without_a_pause_is_cut_and_says_so() {
    let cuts = run(ms(SPEECH, 60_000), &SegmenterLimits::new(9000));
    assert!(cuts.len() >= 7);
    assert!(cuts[0].cut_without_pause);
    assert!(!cuts.last().unwrap().cut_without_pause);
}

#[test]
fn below_the_floor_nothing_is_speech() {
    let ghost = Frame {
        probability: 0.99,
        level_db: -90.0,
    };
    assert!(run(ms(ghost, 5000), &SegmenterLimits::default()).is_empty());
}

/// Stretches of like frames, as speech comes, with noise in between.
fn sound() -> impl Strategy<Value = Vec<Frame>> {
    let stretch = (0.0f32..=1.0, -80.0f32..0.0, 1usize..120);
    proptest::collection::vec(stretch, 0..60).prop_map(|parts| {
        let frame = |(p, db, n): (f32, f32, usize)| {
            (0..n).map(move |i| Frame {
                probability: p,
                level_db: db - (i % 7) as f32,
            })
        };
        parts.into_iter().flat_map(frame).collect()
    })
}

fn limits() -> impl Strategy<Value = SegmenterLimits> {
    (0u64..12_000, 0u64..600, 0u64..600, 0u64..900, 0u64..200).prop_map(
        |(max_ms, pre_roll_ms, post_roll_ms, hangover_ms, min_speech_ms)| SegmenterLimits {
            max_ms,
            pre_roll_ms,
            post_roll_ms,
            hangover_ms,
            min_speech_ms,
            ..SegmenterLimits::default()
        },
    )
}

fn likely(frame: &Frame, limits: &SegmenterLimits) -> bool {
    frame.probability >= limits.onset && frame.level_db >= limits.floor_db
}

fn inside(index: usize, cuts: &[Cut]) -> bool {
    let at = (index * FRAME_SAMPLES) as u64;
    cuts.iter()
        .any(|c| c.span.start.0 <= at && at + FRAME_SAMPLES as u64 <= c.span.end.0)
}

proptest! {
    #[test]
    fn cuts_are_ordered_disjoint_within_bounds_and_never_too_long(sound in sound(), limits in limits()) {
        let total = (sound.len() * FRAME_SAMPLES) as u64;
        let cuts = run(sound, &limits);
        let longest = frames(limits.max_ms).max(MIN_MAX_FRAMES) * FRAME_SAMPLES as u64;
        let mut before = 0;
        for cut in &cuts {
            prop_assert!(cut.span.start.0 >= before, "overlap in {cuts:?}");
            prop_assert!(cut.span.samples() > 0 && cut.span.samples() <= longest, "{cut:?}");
            before = cut.span.end.0;
        }
        prop_assert!(before <= total);
    }

    #[test]
    fn every_likely_frame_is_inside_a_cut(sound in sound(), limits in limits()) {
        let limits = SegmenterLimits { min_speech_ms: 0, ..limits };
        let cuts = run(sound.clone(), &limits);
        for (index, frame) in sound.iter().enumerate() {
            prop_assert!(!likely(frame, &limits) || inside(index, &cuts), "frame {index}: {cuts:?}");
        }
    }

    #[test]
    fn every_run_of_likely_frames_as_long_as_a_syllable_is_inside(sound in sound(), limits in limits()) {
        let cuts = run(sound.clone(), &limits);
        let needed = frames(limits.min_speech_ms).max(1) as usize;
        for (start, window) in sound.windows(needed).enumerate() {
            if window.iter().all(|f| likely(f, &limits)) {
                for index in start..start + needed {
                    prop_assert!(inside(index, &cuts), "frame {index}: {cuts:?}");
                }
            }
        }
    }

    #[test]
    fn only_a_cut_through_speech_is_flagged(sound in sound(), limits in limits()) {
        let cuts = run(sound, &limits);
        for pair in cuts.windows(2) {
            prop_assert!(!pair[0].cut_without_pause || pair[0].span.end == pair[1].span.start);
        }
    }
}
