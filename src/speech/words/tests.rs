//! Places and confidence of words, spread and aligned, in six scripts.

use super::*;
use crate::speech::text_tokens::assemble;

fn span(start_ms: u64, end_ms: u64) -> Span {
    Span::new(SamplePos::from_ms(start_ms), SamplePos::from_ms(end_ms))
}

#[test]
fn words_are_in_order_and_inside_the_speech() {
    let lines = [
        (Lang::Zh, "你叫什么名字"),
        (Lang::Vi, "Anh tên là gì"),
        (Lang::Th, "คุณชื่ออะไรครับ"),
        (Lang::My, "နာမည်ဘယ်လိုခေါ်ပါသလဲ"),
        (Lang::Lo, "ເຈົ້າຊື່ຫຍັງ"),
        (Lang::Km, "តើអ្នកឈ្មោះអ្វី"),
    ];
    // Half a second of silence, one of speech, half a second of silence.
    let voiced: Vec<bool> = (0..200).map(|f| (50..150).contains(&f)).collect();
    for (lang, line) in lines {
        let raw = assemble(line.as_bytes().chunks(2));
        let log_probs = vec![0.5_f32.ln(); raw.ends.len()];
        let words = place(
            line,
            lang,
            &raw,
            &log_probs,
            None,
            &voiced,
            span(10_000, 12_000),
        );
        assert!(words.len() > 1, "{line}");
        assert!(words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms));
        assert!(words.iter().all(|w| w.start_ms < w.end_ms));
        assert!(
            words.iter().all(|w| (w.confidence - 0.5).abs() < 1e-3),
            "{words:?}"
        );
        let middle = words[words.len() / 2].start_ms;
        assert!((10_450..11_550).contains(&middle), "{middle}");
    }
}

#[test]
fn a_pause_stands_between_two_words() {
    let lines = [
        (Lang::Zh, "我不知道我没有看见"),
        (Lang::Vi, "Tôi không biết tôi không thấy"),
        (Lang::Th, "ผมไม่รู้ ผมไม่เห็น"),
        (Lang::My, "မသိဘူး မတွေ့ဘူး"),
        (Lang::Lo, "ຂ້ອຍບໍ່ຮູ້ ຂ້ອຍບໍ່ເຫັນ"),
        (Lang::Km, "ខ្ញុំមិនដឹង ខ្ញុំមិនឃើញ"),
    ];
    // A second of speech, 0.4 s of silence, a second of speech; 0.2 s are no pause.
    let (long, short) = (100..140, 40..60);
    let voiced: Vec<bool> = (0..240)
        .map(|f| !long.contains(&f) && !short.contains(&f))
        .collect();
    for (lang, line) in lines {
        let raw = assemble(line.as_bytes().chunks(2));
        let log_probs = vec![0.5_f32.ln(); raw.ends.len()];
        let words = place(
            line,
            lang,
            &raw,
            &log_probs,
            None,
            &voiced,
            span(10_000, 12_400),
        );
        let gaps: Vec<(u64, u64)> = words
            .windows(2)
            .map(|w| (w[0].end_ms, w[1].start_ms))
            .filter(|(end, start)| end != start)
            .collect();
        assert_eq!(gaps, [(11_000, 11_400)], "{line}: {words:?}");
        assert!(words.iter().all(|w| w.start_ms < w.end_ms), "{words:?}");
    }
    // One word alone lies where it was said, over the pause.
    let raw = assemble([b"kh\xc3\xb4ng".as_slice()]);
    let words = place(
        "không",
        Lang::Vi,
        &raw,
        &[-0.1],
        None,
        &voiced,
        span(0, 2_400),
    );
    assert!(words[0].start_ms < 1_000 && words[0].end_ms > 1_400);
}

#[test]
fn a_weak_token_weakens_its_own_word_only() {
    let raw = assemble([b" Xin".as_slice(), b" ch", "ào".as_bytes(), b" anh"]);
    let log_probs = [0.9_f32.ln(), 0.1_f32.ln(), 0.3_f32.ln(), 0.9_f32.ln()];
    let words = place(
        "Xin chào anh",
        Lang::Vi,
        &raw,
        &log_probs,
        None,
        &[true; 100],
        span(0, 1000),
    );
    let found: Vec<(String, u32)> = words
        .iter()
        .map(|w| (w.text.clone(), (w.confidence * 10.0).round() as u32))
        .collect();
    assert_eq!(
        found,
        [("Xin".into(), 9), ("chào".into(), 2), ("anh".into(), 9)]
    );
}

#[test]
fn nothing_to_place_gives_nothing() {
    let raw = assemble([]);
    assert!(place("", Lang::Zh, &raw, &[], None, &[], span(0, 0)).is_empty());
    let words = place("好", Lang::Zh, &raw, &[], None, &[], span(5, 5));
    assert_eq!((words[0].start_ms, words[0].end_ms), (5, 5));
}

/// The places of `line`'s words, whose tokens are these, where each begins at these seconds.
fn placed(
    line: &str,
    lang: Lang,
    tokens: &[&[u8]],
    times: &[f32],
    voiced: &[bool],
) -> Vec<(u64, u64)> {
    let raw = assemble(tokens.iter().copied());
    let log_probs = vec![-0.1; tokens.len()];
    let end = voiced.len() as u64 * 10;
    let words = place(
        line,
        lang,
        &raw,
        &log_probs,
        Some(times),
        voiced,
        span(5_000, 5_000 + end),
    );
    words
        .iter()
        .map(|w| (w.start_ms - 5_000, w.end_ms - 5_000))
        .collect()
}

#[test]
fn a_word_begins_and_ends_with_its_tokens() {
    let tokens = [b" Xin".as_slice(), b" ch", "ào".as_bytes(), b" anh", b"."];
    let times = [0.0, 0.3, 0.4, 0.72, 0.95, 1.0];
    let found = placed("Xin chào anh.", Lang::Vi, &tokens, &times, &[true; 100]);
    assert_eq!(found, [(0, 300), (300, 720), (720, 950)]);
    // Two tokens for each character, and a word in the middle of a token.
    let lao = "ຊື່".as_bytes();
    let tokens = [&lao[..4], &lao[4..]];
    let found = placed("ຊື່", Lang::Lo, &tokens, &[0.1, 0.2, 0.5], &[true; 100]);
    assert_eq!(found, [(100, 500)]);
    let found = placed(
        "ab cd",
        Lang::En,
        &[b" ab c", b"d"],
        &[0.0, 0.5, 0.8],
        &[true; 100],
    );
    assert_eq!(found[1].1, 800);
    assert!((200..500).contains(&found[1].0), "{found:?}");
}

#[test]
fn no_word_lasts_over_the_pause_beside_it() {
    // 0.2 s of silence, speech to 0.6 s, 0.15 s of silence, speech to 1.4 s, silence.
    let voiced: Vec<bool> = (0..160)
        .map(|f| (20..60).contains(&f) || (75..140).contains(&f))
        .collect();
    let tokens = [
        b" t\xc3\xb4i".as_slice(),
        b" kh",
        "ông".as_bytes(),
        " biết".as_bytes(),
    ];
    for turn in [0.6, 0.65, 0.74] {
        let times = [0.0, turn, 0.9, 1.1, 1.58];
        let found = placed("tôi không biết", Lang::Vi, &tokens, &times, &voiced);
        assert_eq!(found, [(200, 600), (750, 1100), (1100, 1400)], "{turn}");
    }
    // A word over a pause keeps it, and so does one that was seen in silence alone.
    let found = placed(
        "tôi không biết",
        Lang::Vi,
        &tokens,
        &[0.3, 0.5, 0.9, 1.45, 1.5],
        &voiced,
    );
    assert_eq!(found, [(300, 500), (500, 1400), (1450, 1500)]);
}
