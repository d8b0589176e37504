//! Where each person has a microphone, the words of one stand on the channel of the other too, only
//! quieter. A line of such words is marked; its sound and its text stay what they are.

use std::path::Path;

use crate::audio;
use crate::domain::{Channel, Flag, FlagKind, SAMPLE_RATE, Span};

/// Stretches that are compared with one another: 40 ms.
const FRAME: usize = SAMPLE_RATE as usize / 25;
/// Fewer frames than this say nothing.
const LEAST_FRAMES: usize = 10;
/// Quieter than the loudest frame by more than this is the room and not the voice, in decibels.
const VOICE_DB: f32 = 25.0;
/// A voice is louder by at least so much at the microphone that it is meant for, in decibels.
const LOUDER_DB: f32 = 6.0;
/// One voice is louder there by about the same all the time: the spread of that, in decibels. In rooms of
/// 0.25 to 0.5 s of reverberation it is 2.1 to 4.1, and 5.0 and more where two people speak at once.
const STEADY_DB: f32 = 4.5;

/// The mark of a line that was cut from `own`, where another channel heard the same voice louder.
pub(super) fn heard_beside(
    folder: &Path,
    channels: &[Channel],
    own: u16,
    span: Span,
) -> Option<Flag> {
    let others = channels.iter().map(|c| c.index).filter(|c| *c != own);
    let others: Vec<u16> = others.collect();
    let read = |channel: u16| {
        let path = folder.join(format!("working-{channel}.wav"));
        // What cannot be read marks nothing.
        let pcm = audio::read_span(&path, span).unwrap_or_default();
        loudness(&pcm)
    };
    let here = match others.is_empty() {
        true => return None,
        false => read(own),
    };
    let louder = others.into_iter().find(|c| is_louder(&read(*c), &here))?;
    let number = louder.saturating_add(1).to_string();
    Some(Flag::with(FlagKind::OtherChannel, number))
}

/// Loudness of each frame, decibels below full scale.
fn loudness(pcm: &[f32]) -> Vec<f32> {
    let frames = pcm.chunks_exact(FRAME);
    let power = frames.map(|frame| frame.iter().map(|s| s * s).sum::<f32>() / FRAME as f32);
    power.map(|power| 10.0 * power.max(1e-10).log10()).collect()
}

/// Whether `there` holds the voice of `here`, and louder.
fn is_louder(there: &[f32], here: &[f32]) -> bool {
    let top = here.iter().copied().fold(f32::MIN, f32::max);
    let both = here.iter().zip(there);
    let by: Vec<f32> = both
        .filter(|(here, _)| **here > top - VOICE_DB)
        .map(|(here, there)| there - here)
        .collect();
    let number = by.len() as f32;
    let mean = by.iter().sum::<f32>() / number;
    let spread = (by.iter().map(|d| (d - mean).powi(2)).sum::<f32>() / number).sqrt();
    by.len() >= LEAST_FRAMES && mean >= LOUDER_DB && spread <= STEADY_DB
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many seconds of a voice: syllables of its own length and loudness, by a number that starts it.
    fn voice(seed: u32, seconds: usize) -> Vec<f32> {
        let mut state = seed.max(1);
        let mut dice = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32
        };
        let mut sound = Vec::new();
        while sound.len() < seconds * SAMPLE_RATE as usize {
            let length = 1_600 + (dice() * 4_000.0) as usize;
            let loud = if dice() < 0.25 {
                0.000_5
            } else {
                0.02 + dice() * 0.2
            };
            sound.extend((0..length).map(|_| (dice() - 0.5) * 2.0 * loud));
        }
        sound.truncate(seconds * SAMPLE_RATE as usize);
        sound
    }

    fn mix(parts: &[(&[f32], f32)]) -> Vec<f32> {
        let at = |n: usize| parts.iter().map(|(sound, by)| sound[n] * by).sum::<f32>();
        (0..parts[0].0.len()).map(at).collect()
    }

    fn marked(here: &[f32], there: &[f32]) -> bool {
        is_louder(&loudness(there), &loudness(here))
    }

    #[test]
    fn a_voice_that_another_channel_hears_louder_is_marked_there_and_only_there() {
        let (one, room, hiss) = (
            voice(7, 3),
            voice(99, 3),
            vec![0.000_3; 3 * SAMPLE_RATE as usize],
        );
        let noise = mix(&[(&room, 0.003), (&hiss, 1.0)]);
        let near = mix(&[(&one, 1.0), (&noise, 1.0)]);
        // 14 decibels quieter at the other one's microphone, half a millisecond later.
        let late: Vec<f32> = [vec![0.0; 8], one.clone()].concat();
        let far = mix(&[(&late[..one.len()], 0.2), (&noise, 1.0)]);
        assert!(marked(&far, &near));
        assert!(!marked(&near, &far));
        // Too short to tell.
        assert!(!marked(&far[..FRAME * 5], &near[..FRAME * 5]));
        assert!(!marked(&[], &[]) && !marked(&hiss, &hiss));
    }

    #[test]
    fn two_people_who_speak_at_once_are_both_kept_unmarked() {
        for seed in 1..20 {
            let (one, other) = (voice(seed, 3), voice(seed + 1_000, 3));
            // Each leaks into the other's microphone; the second time the other one is far louder.
            for loudness in [1.0, 0.3] {
                let here = mix(&[(&one, loudness), (&other, 0.1)]);
                let there = mix(&[(&other, 1.0), (&one, 0.03)]);
                assert!(!marked(&here, &there), "{seed}");
            }
        }
    }

    #[test]
    fn one_sound_on_both_channels_is_nobodys_echo() {
        let one = voice(3, 3);
        assert!(!marked(&one, &one));
        assert!(!marked(&one, &mix(&[(&one, 1.5)])), "3.5 decibels");
    }
}
