//! Our engine against whisper.cpp: the same scores after the same tokens.

use super::*;
use crate::domain::Lang;
use crate::speech::cpp::Cpp;
use crate::speech::decode::Model;
use crate::speech::fixture::{self, SMALL, TINY};
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
    let mut model = Model::new(Arc::new(Native::load(&path, false).unwrap())).unwrap();
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
