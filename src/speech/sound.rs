//! The sound of one utterance before recognition: made safe, measured, cut where it is quiet.

use std::ops::Range;

use crate::domain::SAMPLE_RATE;

/// whisper.cpp reads 200 samples ahead and refuses less than 0.1 s; shorter sound is padded to 0.2 s.
const SHORTEST: usize = SAMPLE_RATE as usize / 5;
/// Samples of one encoder position (20 ms).
pub const POSITION: usize = SAMPLE_RATE as usize / 50;
/// Positions beyond the speech: less makes Whisper loop.
const ROOM: usize = 128;
/// Samples of one frame of the energy curve (10 ms).
pub const FRAME: usize = SAMPLE_RATE as usize / 100;
/// Speech has a mean of nearly 0; a larger one is no sound, and is heard as one.
const OFFSET: f32 = 0.01;
/// Peaks below -80 dBFS around the mean are silence: nothing can be heard in them.
const SILENCE: f32 = 1e-4;

/// The sound with no value outside -1.0 to 1.0 and none that is not a number, at least 0.2 s long. A
/// constant offset, as bad sound cards add it, is taken away.
pub fn prepare(pcm: &[f32]) -> Vec<f32> {
    let safe = |offset: f32| -> Vec<f32> {
        let each = pcm.iter();
        each.map(|s| match s.is_finite() {
            true => (s - offset).clamp(-1.0, 1.0),
            false => 0.0,
        })
        .collect()
    };
    let mut sound = safe(0.0);
    let offset = mean(&sound);
    if offset.abs() > OFFSET {
        sound = safe(offset);
    }
    if sound.len() < SHORTEST {
        sound.resize(SHORTEST, 0.0);
    }
    sound
}

/// Whether nothing can be heard: digital silence, or a constant offset.
pub fn is_silent(pcm: &[f32]) -> bool {
    let mean = mean(pcm);
    pcm.iter()
        .filter(|s| s.is_finite())
        .all(|s| (s - mean).abs() < SILENCE)
}

/// Encoder positions for so many samples: the speech and some room, a multiple of 8, at most `full`.
pub fn window_for(samples: usize, full: u32) -> u32 {
    let positions = samples
        .div_ceil(POSITION)
        .saturating_add(ROOM)
        .next_multiple_of(8);
    u32::try_from(positions).unwrap_or(full).min(full)
}

/// Cuts sound into consecutive pieces of at most `longest` samples, each cut at the quietest point
/// of its second half. Nothing is lost between pieces.
pub fn pieces(pcm: &[f32], longest: usize) -> Vec<Range<usize>> {
    let longest = longest.max(SHORTEST);
    let mut pieces = Vec::new();
    let mut start = 0;
    while pcm.len() - start > longest {
        let rest = pcm.len() - start;
        // A cut this early leaves no more than one piece behind where two are enough.
        let earliest = rest
            .saturating_sub(longest)
            .clamp(longest / 2, longest - FRAME);
        let cut = quietest(pcm, start + earliest..start + longest);
        pieces.push(start..cut);
        start = cut;
    }
    pieces.push(start..pcm.len());
    pieces
}

/// The middle of the quietest 50 ms inside `within`; its start where that is shorter.
pub fn quietest(pcm: &[f32], within: Range<usize>) -> usize {
    const SMOOTH: usize = 5;
    let part = pcm.get(within.clone()).unwrap_or_default();
    let energy = energy(part);
    let mut best = (f32::INFINITY, 0);
    for (at, frames) in energy.windows(SMOOTH).enumerate() {
        let sum: f32 = frames.iter().sum();
        if sum < best.0 {
            best = (sum, at * FRAME + SMOOTH * FRAME / 2);
        }
    }
    within.start + best.1
}

/// Root mean square of each 10 ms around the mean of the whole; the last frame may be shorter.
pub fn energy(pcm: &[f32]) -> Vec<f32> {
    let mean = mean(pcm);
    pcm.chunks(FRAME)
        .map(|frame| {
            let sum: f32 = frame.iter().map(|s| (s - mean) * (s - mean)).sum();
            (sum / frame.len() as f32).sqrt()
        })
        .collect()
}

/// For each 10 ms whether somebody speaks, judged by level alone: well above the quietest tenth and
/// not far below the loudest twentieth.
pub fn voiced(pcm: &[f32]) -> Vec<bool> {
    let energy = energy(pcm);
    let mut sorted = energy.clone();
    sorted.sort_by(f32::total_cmp);
    let at = |share: usize| {
        sorted
            .get(sorted.len() * share / 100)
            .copied()
            .unwrap_or(0.0)
    };
    // Speech without any pause has no quiet tenth, so the floor may not rise above a share of the
    // loud parts.
    let threshold = (at(10) * 2.0)
        .min(at(95) * 0.3)
        .max(at(95) * 0.06)
        .max(SILENCE);
    energy.into_iter().map(|e| e > threshold).collect()
}

/// Longest gap within speech, in frames of 10 ms: closed lips, weak syllables, voiceless sounds. Without
/// it ordinary speech of the practice interviews counted as up to half as fast again as it was.
const BRIDGED: usize = 25;

/// Seconds in which somebody speaks, short gaps between sounds included.
pub fn voiced_seconds(voiced: &[bool]) -> f32 {
    let (mut frames, mut last) = (0usize, None::<usize>);
    for at in voiced
        .iter()
        .enumerate()
        .filter_map(|(i, v)| v.then_some(i))
    {
        let gap = last.map_or(1, |last| at - last);
        frames += if gap > BRIDGED { 1 } else { gap };
        last = Some(at);
    }
    frames as f32 / 100.0
}

fn mean(pcm: &[f32]) -> f32 {
    let sum: f64 = pcm
        .iter()
        .filter(|s| s.is_finite())
        .map(|&s| f64::from(s))
        .sum();
    if pcm.is_empty() {
        0.0
    } else {
        (sum / pcm.len() as f64) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(samples: usize) -> Vec<f32> {
        (0..samples).map(|i| (i as f32 * 0.2).sin() * 0.3).collect()
    }

    #[test]
    fn bad_values_become_silence_and_short_sound_is_padded() {
        let safe = prepare(&[f32::NAN, f32::INFINITY, 3.0, -3.0]);
        assert_eq!(safe.len(), SHORTEST);
        assert_eq!(safe[..4], [0.0, 0.0, 1.0, -1.0]);
        assert_eq!(prepare(&[]).len(), SHORTEST);
        assert!(is_silent(&[]));
        assert!(is_silent(&[f32::NAN; 100]));
        assert!(is_silent(&[0.4; 16_000]));
        assert!(!is_silent(&tone(1600)));
        let offset: Vec<f32> = tone(16_000).iter().map(|s| s + 0.25).collect();
        let found = prepare(&offset);
        assert!(
            found
                .iter()
                .zip(tone(16_000))
                .all(|(a, b)| (a - b).abs() < 2e-3)
        );
        assert_eq!(prepare(&tone(16_000)), tone(16_000));
        // A broken sample is not taken for an offset.
        let mut broken = tone(16_000);
        broken[7] = 1e30;
        assert_eq!(prepare(&broken)[8..], tone(16_000)[8..]);
    }

    #[test]
    fn the_window_leaves_room_and_never_exceeds_the_model() {
        assert_eq!(window_for(48_000, 1500), 280); // 3 s: 150 + 128, rounded up
        assert_eq!(window_for(48_000, 250), 250);
        assert_eq!(window_for(480_000, 1500), 1500);
        assert_eq!(window_for(usize::MAX / 2, 1500), 1500);
    }

    #[test]
    fn pieces_cover_everything_and_cut_in_the_pause() {
        let mut pcm = tone(100_000);
        pcm[60_000..63_000].fill(0.0);
        let cut = pieces(&pcm, 80_000);
        assert_eq!(cut.len(), 2);
        assert!((60_000..63_000).contains(&cut[0].end), "{cut:?}");
        for (samples, longest) in [
            (0, 10),
            (5, 10),
            (100_000, 16_000),
            (480_001, 128_000),
            (9000, 1),
            (3201, 3200),
        ] {
            let cut = pieces(&tone(samples), longest);
            assert_eq!(cut.first().unwrap().start, 0);
            assert_eq!(cut.last().unwrap().end, samples);
            assert!(cut.windows(2).all(|p| p[0].end == p[1].start));
            assert!(
                cut.iter().all(|p| p.len() <= longest.max(SHORTEST)),
                "{cut:?}"
            );
        }
    }

    #[test]
    fn speech_is_told_from_the_pause() {
        let mut pcm = tone(32_000);
        pcm[16_000..].iter_mut().for_each(|s| *s *= 0.001);
        let voiced = voiced(&pcm);
        assert!(voiced[..100].iter().all(|&v| v));
        assert!(!voiced[100..].iter().any(|&v| v));
        assert_eq!(voiced_seconds(&voiced), 1.0);
        assert_eq!(voiced_seconds(&super::voiced(&tone(16_000))), 1.0);
        assert_eq!(voiced_seconds(&super::voiced(&[0.0; 16_000])), 0.0);
        assert!(super::voiced(&[]).is_empty());
        let mut gap = vec![true; 50];
        gap.extend(vec![false; 20]);
        gap.extend(vec![true; 30]);
        assert_eq!(voiced_seconds(&gap), 1.0);
        gap.splice(50..70, vec![false; 40]);
        assert_eq!(voiced_seconds(&gap), 0.8);
    }
}
