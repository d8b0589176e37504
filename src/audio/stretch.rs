//! Sound slower or faster without another pitch, for listening: short overlapping pieces are laid
//! closer together or further apart, each moved a little to where it continues the one before
//! (waveform-similarity overlap-add, Verhelst and Roelands 1993). What is stored is never touched.

use std::f32::consts::TAU;

/// Samples of one piece: 40 ms at 16 kHz, two to eight periods of a voice.
const PIECE: usize = 640;
/// Between the pieces of what is made. Half a piece, so that the windows add up to one.
const HOP: usize = PIECE / 2;
/// How far a piece may be moved to fit: the longest period of a deep voice (80 Hz).
const SEEK: usize = 200;
/// Every so many samples are compared first; the best place is then looked at sample by sample.
const COARSE: usize = 4;
/// Slowest and fastest, in percent of the real speed.
pub const SPEED_PERCENT: (u16, u16) = (50, 200);

/// Mono sound at `percent` of its speed, brought inside [`SPEED_PERCENT`]. The result has
/// `100 / percent` as many samples, rounded; 100 gives the same samples.
pub fn at_speed(pcm: &[f32], percent: u16) -> Vec<f32> {
    let percent = usize::from(percent.clamp(SPEED_PERCENT.0, SPEED_PERCENT.1));
    if percent == 100 || pcm.is_empty() {
        return pcm.to_vec();
    }
    let length = pcm.len().saturating_mul(100).div_ceil(percent);
    let window: Vec<f32> = (0..PIECE)
        .map(|at| 0.5 - 0.5 * (TAU * at as f32 / PIECE as f32).cos())
        .collect();
    let mut made = vec![0.0; length.saturating_add(PIECE)];
    // The first piece begins half a piece early, so that the sound does not fade in.
    let mut follows: Option<isize> = None;
    let mut to = 0;
    while to < length.saturating_add(HOP) {
        let nominal = (to.saturating_mul(percent) / 100) as isize - HOP as isize;
        let from = match follows {
            None => nominal,
            Some(wanted) => best(pcm, nominal, wanted),
        };
        lay(pcm, from, &window, &mut made, to);
        follows = Some(from.saturating_add(HOP as isize));
        to = to.saturating_add(HOP);
    }
    // What the first piece laid before the beginning.
    made.drain(..HOP.min(made.len()));
    made.truncate(length);
    made
}

/// Adds one windowed piece of the sound.
fn lay(pcm: &[f32], from: isize, window: &[f32], made: &mut [f32], to: usize) {
    let Some(place) = made.get_mut(to..) else {
        return;
    };
    for ((out, weight), at) in place.iter_mut().zip(window).zip(from..) {
        *out += weight * sample(pcm, at);
    }
}

/// The place near `nominal` whose sound is most like what would follow at `wanted`.
fn best(pcm: &[f32], nominal: isize, wanted: isize) -> isize {
    let seek = SEEK as isize;
    let mut best = nominal;
    let mut score = f32::NEG_INFINITY;
    for place in (nominal - seek..=nominal + seek).step_by(COARSE) {
        let found = alike(pcm, place, wanted, COARSE);
        if found > score {
            (best, score) = (place, found);
        }
    }
    let (middle, step) = (best, COARSE as isize);
    score = f32::NEG_INFINITY;
    for place in (middle - step).max(nominal - seek)..=(middle + step).min(nominal + seek) {
        let found = alike(pcm, place, wanted, 1);
        if found > score {
            (best, score) = (place, found);
        }
    }
    best
}

/// How alike the sound at two places is, -1.0 to 1.0, over half a piece, every `step`th sample.
fn alike(pcm: &[f32], one: isize, other: isize, step: usize) -> f32 {
    let (mut both, mut own, mut theirs) = (0.0f32, 0.0f32, 0.0f32);
    for offset in (0..HOP as isize).step_by(step) {
        let (a, b) = (sample(pcm, one + offset), sample(pcm, other + offset));
        both += a * b;
        own += a * a;
        theirs += b * b;
    }
    both / (own * theirs).sqrt().max(f32::MIN_POSITIVE)
}

/// The sample there; silence before the beginning and behind the end.
fn sample(pcm: &[f32], at: isize) -> f32 {
    let found = usize::try_from(at).ok().and_then(|at| pcm.get(at));
    found.copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(hertz: f32, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|at| 0.5 * (TAU * hertz * at as f32 / 16_000.0).sin())
            .collect()
    }

    /// The share of the sound's power that lies at this pitch (Goertzel).
    fn share_at(pcm: &[f32], hertz: f32) -> f32 {
        let step = TAU * hertz / 16_000.0;
        let (mut re, mut im, mut power) = (0.0f64, 0.0f64, 0.0f64);
        for (at, value) in pcm.iter().enumerate() {
            let turn = f64::from(step) * at as f64;
            re += f64::from(*value) * turn.cos();
            im += f64::from(*value) * turn.sin();
            power += f64::from(*value) * f64::from(*value);
        }
        (2.0 * (re * re + im * im) / (power * pcm.len() as f64).max(1e-12)) as f32
    }

    #[test]
    fn a_tone_keeps_its_pitch_at_every_speed() {
        for hertz in [90.0, 140.0, 220.0, 440.0, 1_000.0] {
            let sound = tone(hertz, 16_000);
            for percent in [50, 60, 75, 90, 110, 125, 150, 175, 200] {
                let made = at_speed(&sound, percent);
                // Over stretches of a tenth of a second: the phase may turn slowly.
                let middle = &made[1_600..made.len() - 1_600];
                for part in middle.chunks_exact(1_600) {
                    let share = share_at(part, hertz);
                    assert!(share > 0.9, "{hertz} Hz at {percent} %: {share}");
                    let level = part.iter().map(|s| s * s).sum::<f32>() / 1_600.0;
                    assert!((0.09..=0.14).contains(&level), "{hertz} {percent}: {level}");
                }
            }
        }
    }

    #[test]
    fn the_real_speed_is_the_sound_itself() {
        let sound = tone(333.0, 5_000);
        assert_eq!(at_speed(&sound, 100), sound);
    }

    #[test]
    fn the_beginning_is_not_faded() {
        let steady = vec![0.25; 4_000];
        for percent in [50, 80, 150, 200] {
            let made = at_speed(&steady, percent);
            for (at, value) in made.iter().take(600).enumerate().skip(1) {
                assert!((value - 0.25).abs() < 0.26, "{percent} at {at}: {value}");
            }
            let later = &made[600..made.len() - 700];
            assert!(later.iter().all(|v| (v - 0.25).abs() < 1e-3), "{percent}");
        }
    }

    proptest! {
        #[test]
        fn any_sound_gets_its_length_and_grows_no_louder(
            sound in prop::collection::vec(-1.0f32..1.0, 0..6_000), percent in 0u16..300,
        ) {
            let made = at_speed(&sound, percent);
            let bounded = usize::from(percent.clamp(50, 200));
            prop_assert_eq!(made.len(), (sound.len() * 100).div_ceil(bounded));
            let loudest = |pcm: &[f32]| pcm.iter().fold(0.0f32, |top, s| top.max(s.abs()));
            prop_assert!(loudest(&made) <= loudest(&sound) + 1e-4);
        }

        #[test]
        fn silence_stays_silence(samples in 0usize..6_000, percent in 50u16..=200) {
            let made = at_speed(&vec![0.0; samples], percent);
            prop_assert!(made.iter().all(|s| *s == 0.0));
        }
    }
}
