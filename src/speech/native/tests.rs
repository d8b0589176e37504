//! Our engine against whisper.cpp: the same scores after the same tokens.

use super::*;
use crate::domain::Lang;
use crate::speech::cpp::Cpp;
use crate::speech::decode::Model;
use crate::speech::fixture::{self, SMALL, TINY, WIDE};
use crate::speech::special::Special;

/// Tokens that are compared after the prompt.
const STEPS: usize = 24;

/// What the two differ by over a whole text.
#[derive(Debug, Default)]
struct Difference {
    /// The largest of one score.
    most: f32,
    /// The root mean square of all.
    mean: f32,
    /// How far the scores themselves spread (standard deviation).
    spread: f32,
    /// Steps at which both hold the same token for the likeliest.
    alike: usize,
    steps: usize,
}

fn sound(seconds: f32, pitch: f32) -> Vec<f32> {
    (0..(seconds * 16_000.0) as usize)
        .map(|i| {
            let t = i as f32 / 16_000.0;
            let burst = if (t * 4.0).fract() < 0.7 { 0.3 } else { 0.001 };
            (t * pitch * std::f32::consts::TAU).sin() * burst + (t * 900.0).sin() * 0.02
        })
        .collect()
}

fn likeliest(scores: &[f32]) -> Token {
    let best = (0..)
        .zip(scores)
        .reduce(|a, b| if b.1 > a.1 { b } else { a });
    best.unwrap().0
}

/// Both engines write what whisper.cpp, which has the file `reference`, holds for likeliest.
fn compare(
    reference: &Path,
    path: &Path,
    exact: bool,
    pcm: &[f32],
    window: u32,
    lang: Lang,
) -> Difference {
    let header = crate::speech::check_model(reference).unwrap();
    let special = Special::of(&header);
    let mut theirs = Arc::new(Cpp::load(reference, header).unwrap())
        .network()
        .unwrap();
    let mut ours = Arc::new(Native::load(path, exact).unwrap())
        .network()
        .unwrap();
    theirs.hear(pcm, window, &Cancel::new()).unwrap();
    ours.hear(pcm, window, &Cancel::new()).unwrap();
    let mut tokens = vec![special.start];
    let mut past = 0;
    let mut found = Difference::default();
    let mut sums = (0.0f64, 0.0, 0.0, 0.0);
    for step in 0..STEPS {
        let expected = theirs.step(&tokens, past).unwrap().to_vec();
        let scores = ours.step(&tokens, past).unwrap();
        assert_eq!(scores.len(), expected.len());
        for (a, b) in scores.iter().zip(&expected) {
            assert!(a.is_finite());
            found.most = found.most.max((a - b).abs());
            sums.0 += f64::from(a - b).powi(2);
            sums.1 += f64::from(*b);
            sums.2 += f64::from(*b).powi(2);
            sums.3 += 1.0;
        }
        let text = |s: &[f32]| likeliest(&s[..special.end as usize]);
        found.alike += usize::from(text(scores) == text(&expected));
        found.steps += 1;
        past += tokens.len();
        tokens = match step {
            0 => vec![
                special.language(lang),
                special.transcribe,
                special.no_timestamps,
            ],
            _ => vec![text(&expected)],
        };
    }
    let mean = sums.1 / sums.3;
    found.mean = (sums.0 / sums.3).sqrt() as f32;
    found.spread = (sums.2 / sums.3 - mean * mean).sqrt() as f32;
    println!(
        "{} exact {exact}, window {window}: {found:?}",
        path.display()
    );
    found
}

fn written(header: &Header) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.bin");
    std::fs::write(&path, fixture::bytes(header)).unwrap();
    (folder, path)
}

#[test]
fn exact_numbers_give_the_scores_of_whisper_cpp() {
    for header in [TINY, SMALL] {
        // The numbers of both files are the same: each has its place in f16.
        let (_folder, reference) = written(&header);
        for ftype in [0, 1] {
            let (_folder, path) = written(&Header { ftype, ..header });
            for (seconds, window) in [(0.5, 152), (2.0, 200), (3.9, 200)] {
                let pcm = sound(seconds, 200.0 + seconds * 31.0);
                let found = compare(&reference, &path, true, &pcm, window, Lang::Lo);
                assert!(found.most < 1e-2 * found.spread.max(1.0), "{found:?}");
                assert_eq!(found.alike, found.steps);
            }
        }
    }
}

#[test]
fn eight_bits_stay_near() {
    let (_folder, path) = written(&Header { ftype: 7, ..SMALL });
    let (_folder, wide) = written(&SMALL);
    let (_folder, five) = written(&Header { ftype: 9, ..SMALL });
    for (path, near) in [(&path, 0.05), (&wide, 0.05), (&five, 0.05)] {
        let found = compare(path, path, false, &sound(2.0, 260.0), 200, Lang::My);
        assert!(found.mean < near * found.spread, "{found:?}");
    }
}

#[test]
fn each_packed_form_has_the_numbers_that_whisper_cpp_reads() {
    // Q4_0, Q4_1, Q5_0; Q2_K, Q3_K, Q4_K, Q5_K.
    for (ftype, shape) in [
        (2, SMALL),
        (3, SMALL),
        (8, SMALL),
        (10, WIDE),
        (11, WIDE),
        (12, WIDE),
        (13, WIDE),
    ] {
        let (_folder, path) = written(&Header { ftype, ..shape });
        let found = compare(&path, &path, false, &sound(1.0, 260.0), 200, Lang::Lo);
        assert!(found.mean < 0.05 * found.spread, "{ftype}: {found:?}");
    }
}

#[test]
fn the_practice_model_scores_as_in_whisper_cpp() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/practice/asr/model.bin");
    if !path.exists() {
        println!("skipped: no practice recogniser at {}", path.display());
        return;
    }
    for (lang, window) in [(Lang::Km, 280), (Lang::Vi, 400)] {
        let found = compare(&path, &path, true, &sound(3.0, 180.0), window, lang);
        assert!(found.mean < 0.05 * found.spread, "{found:?}");
    }
}

#[test]
fn a_number_that_is_none_is_refused_with_its_tensor() {
    let mut bytes = fixture::bytes(&SMALL);
    let name = b"encoder.blocks.1.mlp.0.weight";
    let at = bytes.windows(name.len()).position(|w| w == name).unwrap() + name.len();
    bytes[at + 10..at + 12].copy_from_slice(&half::f16::NAN.to_le_bytes());
    let (_folder, path) = written(&SMALL);
    std::fs::write(&path, bytes).unwrap();
    let message = Native::load(&path, false).err().unwrap().to_string();
    assert!(
        message.contains("encoder.blocks.1.mlp.0.weight"),
        "{message}"
    );
    assert!(
        message.contains("NaN") && message.ends_with("model.bin"),
        "{message}"
    );
}

#[test]
fn whisper_cpp_is_never_given_what_would_end_it() {
    let header = Header { ftype: 0, ..TINY };
    let (_folder, path) = written(&header);
    let refused = Cpp::load(&path, header).err().unwrap();
    assert!(matches!(refused, Error::ModelRefused { .. }), "{refused}");
}

#[test]
fn a_cancel_stops_the_encoder() {
    let (_folder, path) = written(&SMALL);
    let weights: Arc<Native> = Arc::new(Native::load(&path, false).unwrap());
    let mut model = Model::new(weights.clone(), weights.network().unwrap());
    let cancel = Cancel::new();
    cancel.cancel();
    let heard = model.hear(&sound(2.0, 300.0), 200, &cancel);
    assert!(matches!(heard, Err(Error::Cancelled)));
}

#[test]
fn texts_side_by_side_have_the_scores_of_each_alone() {
    let (_folder, path) = written(&SMALL);
    let model: Arc<Native> = Arc::new(Native::load(&path, true).unwrap());
    let prompt = [50_258, 50_259, 50_359, 50_363];
    let network = || {
        let mut network = Arc::clone(&model).network().unwrap();
        network
            .hear(&sound(2.0, 260.0), 200, &Cancel::new())
            .unwrap();
        network.step(&prompt, 0).unwrap();
        network
    };
    let mut together = network();
    let mut texts: Vec<Vec<Token>> = vec![prompt.to_vec()];
    // Five texts that branch all the time, for longer than twice the positions have rows.
    let mut random = 1u32;
    let mut next = |below: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random as usize / 65_536 % below
    };
    for length in 5..=SMALL.text_ctx as usize {
        let steps: Vec<(usize, Token)> = (0..5)
            .map(|_| (next(texts.len()), Token::try_from(next(50_000)).unwrap()))
            .collect();
        let scores = together.grow(&steps).unwrap().to_vec();
        texts = steps
            .iter()
            .map(|(of, token)| [texts[*of].as_slice(), &[*token]].concat())
            .collect();
        if length % 9 != 0 && length != SMALL.text_ctx as usize {
            continue;
        }
        for (text, scores) in texts
            .iter()
            .zip(scores.chunks_exact(SMALL.vocabulary as usize))
        {
            let mut alone = network();
            let expected = alone.step(&text[prompt.len()..], prompt.len()).unwrap();
            for (a, b) in scores.iter().zip(expected) {
                assert!((a - b).abs() < 1e-3, "{a} is not {b} after {length}");
            }
        }
    }
    // There is no position more, and no sixth text.
    assert!(together.grow(&[(0, 7)]).is_err());
    let mut short = network();
    assert!(short.grow(&[(1, 7)]).is_err());
    assert!(short.grow(&[]).is_err());
    assert!(short.grow(&[(0, 60_000)]).is_err());
}

#[test]
fn where_the_decoder_looked_does_not_change_what_it_writes() {
    let (_folder, path) = written(&SMALL);
    let mut network = Arc::new(Native::load(&path, false).unwrap())
        .network()
        .unwrap();
    let pcm = sound(2.0, 260.0);
    network.hear(&pcm, 200, &Cancel::new()).unwrap();
    let prompt = [50_258, 50_259, 50_359, 50_363];
    let text = [300, 4_000, 77, 9_100];
    let before = network
        .step(&[&prompt[..], &text].concat(), 0)
        .unwrap()
        .to_vec();
    let tokens = [&prompt[..], &text].concat();
    let cancel = Cancel::new();
    let found = network.attended(&tokens, 3, 100, &cancel).unwrap().unwrap();
    assert_eq!((found.frames, found.looks.len()), (100, 5 * 100));
    assert!(found.looks.iter().all(|x| x.is_finite()));
    network.step(&prompt, 0).unwrap();
    assert_eq!(network.step(&text, 4).unwrap().len(), before.len());
    let after = network.step(&[&prompt[..], &text].concat(), 0).unwrap();
    assert_eq!(after, before);
    cancel.cancel();
    let stopped = network.attended(&tokens, 3, 100, &cancel);
    assert!(matches!(stopped, Err(Error::Cancelled)));
}

/// What one decoder wrote: all its scores, in order.
type Story = Vec<Vec<f32>>;

/// Hears and writes a text of its own for each `seed`: sounds, windows and lengths differ, some texts
/// branch. `bad` asks for a token that there is not before it begins.
fn tell(network: &mut dyn Network, seed: usize, bad: bool) -> Story {
    let pcm = sound(0.3 + seed as f32 * 0.37, 170.0 + seed as f32 * 23.0);
    let window = 60 + seed as u32 * 17 % 140;
    network.hear(&pcm, window, &Cancel::new()).unwrap();
    let mut story = Vec::new();
    if bad {
        assert!(network.step(&[60_000], 0).is_err());
        assert!(network.step(&[7], 9_999).is_err());
    }
    story.push(network.step(&[50_258], 0).unwrap().to_vec());
    story.push(network.step(&[50_259, 50_359, 50_363], 1).unwrap().to_vec());
    for at in 0..3 + seed * 5 % 23 {
        let token = Token::try_from(seed * 4_001 + at * 37).unwrap() % 50_000;
        story.push(network.step(&[token], 4 + at).unwrap().to_vec());
    }
    if seed % 2 == 1 {
        for round in 0..seed {
            let text = |of: usize| (of % (round * 3).clamp(1, 3), Token::try_from(of).unwrap());
            let texts: Vec<_> = (0..3).map(|n| text(seed + n)).collect();
            story.push(network.grow(&texts).unwrap().to_vec());
        }
    }
    let tokens = [50_258, 50_259, 50_359, 50_363, 300, 77];
    let looked = network.attended(&tokens, 3, 50, &Cancel::new()).unwrap();
    story.push(looked.unwrap().looks);
    // What was written is forgotten; the sound is not.
    story.push(network.step(&tokens, 0).unwrap().to_vec());
    network.rest();
    story
}

#[test]
fn decoders_that_share_cores_have_exactly_the_scores_of_each_alone() {
    for (header, exact) in [
        (TINY, false),
        (SMALL, true),
        (SMALL, false),
        (Header { ftype: 9, ..SMALL }, false),
    ] {
        let (_folder, path) = written(&header);
        let model: Arc<Native> = Arc::new(Native::load(&path, exact).unwrap());
        let mut alone = Arc::clone(&model).network().unwrap();
        let expected: Vec<Story> = (0..9).map(|n| tell(alone.as_mut(), n, false)).collect();
        for (count, cores) in [(4, 1), (7, 2), (3, 3)] {
            let networks = Arc::clone(&model).networks(count, cores).unwrap();
            std::thread::scope(|scope| {
                for (first, mut network) in networks.into_iter().enumerate() {
                    let expected = &expected;
                    scope.spawn(move || {
                        network.set_threads(1);
                        for seed in (first..).step_by(count).take(3) {
                            let seed = seed % expected.len();
                            let story = tell(network.as_mut(), seed, first % 3 == 2);
                            assert!(story == expected[seed], "{count} on {cores}: {seed}");
                        }
                    });
                }
            });
        }
    }
}

#[test]
fn a_step_is_the_same_whoever_is_beside_it() {
    for (header, exact) in [(TINY, true), (SMALL, true), (SMALL, false)] {
        let (_folder, path) = written(&header);
        let model: Arc<Native> = Arc::new(Native::load(&path, exact).unwrap());
        let begin = |seed: usize| {
            let mut ear = model.ear(None);
            let pcm = sound(0.5 + seed as f32 * 0.2, 200.0 + seed as f32 * 31.0);
            ear.hear(&pcm, 90 + seed as u32 * 9, &Cancel::new())
                .unwrap();
            ear.step(&[50_258, 50_259], 0).unwrap();
            // One token or several, of longer and shorter texts.
            for at in 0..seed {
                ear.step(&[Token::try_from(at).unwrap()], 2 + at).unwrap();
            }
            let tokens = [9, 40_000, 77, 3_000];
            let tokens = &tokens[..1 + seed % 4];
            let wanted = match seed {
                5 => model.decoder.grow(&[(0, 7), (0, 8)], &mut ear.state),
                _ => model.decoder.follow(tokens, 2 + seed, &mut ear.state),
            };
            Writing {
                state: std::mem::take(&mut ear.state),
                wanted: wanted.unwrap(),
            }
        };
        let write = |all: &mut [Writing]| {
            let (mut work, mut scores) = (Activations::default(), Vec::new());
            model.decoder.write(all, &mut work, &mut scores);
            all.iter()
                .map(|one| one.state.scores().to_vec())
                .collect::<Vec<_>>()
        };
        let alone: Vec<Vec<f32>> = (0..11)
            .map(|seed| write(&mut [begin(seed)]).remove(0))
            .collect();
        assert_eq!(alone[5].len(), 2 * SMALL.vocabulary as usize);
        assert!(alone[0] != alone[1]);
        for group in [
            &[0, 1][..],
            &[3, 2, 1, 0],
            &[5, 9],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        ] {
            let mut all: Vec<Writing> = group.iter().map(|seed| begin(*seed)).collect();
            for (seed, scores) in group.iter().zip(write(&mut all)) {
                assert!(scores == alone[*seed], "{seed} of {group:?}, exact {exact}");
            }
        }
    }
}

#[test]
fn an_error_or_a_cancel_of_one_decoder_leaves_the_others_alone() {
    let (_folder, path) = written(&SMALL);
    let model: Arc<Native> = Arc::new(Native::load(&path, false).unwrap());
    let expected = tell(Arc::clone(&model).network().unwrap().as_mut(), 4, false);
    let networks = Arc::clone(&model).networks(4, 1).unwrap();
    std::thread::scope(|scope| {
        for (number, mut network) in networks.into_iter().enumerate() {
            let expected = &expected;
            scope.spawn(move || {
                let cancel = Cancel::new();
                match number {
                    // It asks for a step of what it never heard, and goes.
                    0 => assert!(network.step(&[7], 0).is_err()),
                    1 => {
                        cancel.cancel();
                        let heard = network.hear(&sound(1.0, 300.0), 150, &cancel);
                        assert!(matches!(heard, Err(Error::Cancelled)));
                        network.rest();
                    }
                    _ => assert!(tell(network.as_mut(), 4, number == 2) == *expected),
                }
            });
        }
    });
}
