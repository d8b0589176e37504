//! Plays a stretch of a recording on the system's usual output device.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, SampleFormat, SizedSample, StreamConfig};
use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::domain::SAMPLE_RATE;

use super::Error;
use super::devices::quiet;

/// Input frames of one transform of the rate conversion.
const BLOCK: usize = 1024;

/// What the callback and the owner share. The callback only reads samples and counts.
struct Shared {
    /// Mono, at the device's rate.
    pcm: Vec<f32>,
    at: AtomicUsize,
    lost: AtomicBool,
}

/// A sound that plays until it ends or this is dropped.
pub struct Playback {
    // Dropped first, so that the callback is gone before what it reads.
    _stream: cpal::Stream,
    shared: Arc<Shared>,
    rate: u32,
}

impl Playback {
    /// Starts to play mono sound at 16 kHz, -1.0 to 1.0.
    ///
    /// # Errors
    /// [`Error::NoOutput`] on a machine without loudspeaker or headphones; [`Error::Playback`] when
    /// the device refuses.
    pub fn start(pcm: &[f32]) -> Result<Self, Error> {
        let _quiet = quiet::Quiet::new();
        let device = cpal::default_host()
            .default_output_device()
            .ok_or(Error::NoOutput)?;
        // A machine without a sound card still lists ALSA's default device, which cannot be opened.
        let config = device
            .default_output_config()
            .map_err(|_| Error::NoOutput)?;
        let rate = config.sample_rate();
        let shared = Arc::new(Shared {
            pcm: at_rate(pcm, rate).map_err(refused)?,
            at: AtomicUsize::new(0),
            lost: AtomicBool::new(false),
        });
        let format = config.sample_format();
        let config: StreamConfig = config.into();
        let stream = match format {
            SampleFormat::F32 => build::<f32>(&device, config, &shared),
            SampleFormat::F64 => build::<f64>(&device, config, &shared),
            SampleFormat::I16 => build::<i16>(&device, config, &shared),
            SampleFormat::I32 => build::<i32>(&device, config, &shared),
            SampleFormat::U8 => build::<u8>(&device, config, &shared),
            SampleFormat::U16 => build::<u16>(&device, config, &shared),
            other => Err(Error::Playback {
                detail: format!("the device wants samples as {other}"),
            }),
        }?;
        stream.play().map_err(|e| refused(e.to_string()))?;
        Ok(Self {
            _stream: stream,
            shared,
            rate,
        })
    }

    /// Milliseconds played so far.
    pub fn position_ms(&self) -> u64 {
        let at = self.shared.at.load(Ordering::Relaxed) as u64;
        at.saturating_mul(1000) / u64::from(self.rate.max(1))
    }

    /// Whether the end was reached or the device was taken away.
    pub fn is_over(&self) -> bool {
        self.shared.at.load(Ordering::Relaxed) >= self.shared.pcm.len()
            || self.shared.lost.load(Ordering::Relaxed)
    }
}

fn refused(detail: String) -> Error {
    Error::Playback { detail }
}

fn build<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: StreamConfig,
    shared: &Arc<Shared>,
) -> Result<cpal::Stream, Error> {
    let channels = usize::from(config.channels.max(1));
    let (plays, fails) = (Arc::clone(shared), Arc::clone(shared));
    device
        .build_output_stream(
            config,
            move |out: &mut [T], _| fill(out, channels, &plays),
            move |_| fails.lost.store(true, Ordering::Relaxed),
            None,
        )
        .map_err(|e| refused(e.to_string()))
}

/// Copies the next samples to every channel, then silence.
fn fill<T: SizedSample + FromSample<f32>>(out: &mut [T], channels: usize, shared: &Shared) {
    let mut at = shared.at.load(Ordering::Relaxed);
    for frame in out.chunks_mut(channels) {
        let sample = shared.pcm.get(at).copied().unwrap_or(0.0);
        frame.fill(T::from_sample(sample));
        at = at.saturating_add(1).min(shared.pcm.len());
    }
    shared.at.store(at, Ordering::Relaxed);
}

/// The sound at the device's rate.
fn at_rate(pcm: &[f32], rate: u32) -> Result<Vec<f32>, String> {
    if rate == SAMPLE_RATE || pcm.is_empty() {
        return Ok(pcm.to_vec());
    }
    let mut resampler = Fft::<f32>::new_custom(
        SAMPLE_RATE as usize,
        rate as usize,
        BLOCK,
        1,
        1,
        WindowFunction::BlackmanHarris2,
        FixedSync::Both,
    )
    .map_err(|e| e.to_string())?;
    let channels = [pcm.to_vec()];
    let input =
        SequentialSliceOfVecs::new(&channels[..], 1, pcm.len()).map_err(|e| e.to_string())?;
    let made = resampler
        .process_all(&input, pcm.len(), None)
        .map_err(|e| e.to_string())?;
    Ok(made.take_data())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_follows_the_rate_and_a_tone_keeps_its_level() {
        let tone: Vec<f32> = (0..16_000).map(|i| (i as f32 * 0.3).sin()).collect();
        for rate in [16_000, 44_100, 48_000, 96_000] {
            let out = at_rate(&tone, rate).unwrap();
            let wanted = rate as usize;
            assert!(out.len().abs_diff(wanted) <= 1, "{rate}: {}", out.len());
            let middle = &out[wanted / 4..wanted * 3 / 4];
            let level = (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt();
            assert!(
                (level - std::f32::consts::FRAC_1_SQRT_2).abs() < 0.01,
                "{rate}: {level}"
            );
        }
        assert!(at_rate(&[], 48_000).unwrap().is_empty());
    }

    #[test]
    fn every_channel_hears_the_sound_once_and_then_silence() {
        let shared = Shared {
            pcm: vec![0.5, -0.5, 0.25],
            at: AtomicUsize::new(0),
            lost: AtomicBool::new(false),
        };
        let mut out = [9.0f32; 8];
        fill(&mut out, 2, &shared);
        assert_eq!(out, [0.5, 0.5, -0.5, -0.5, 0.25, 0.25, 0.0, 0.0]);
        fill(&mut out, 2, &shared);
        assert_eq!(out, [0.0; 8]);
    }

    #[test]
    fn a_machine_plays_or_says_that_it_cannot() {
        match Playback::start(&[0.0; 160]) {
            Ok(playback) => drop(playback),
            Err(Error::NoOutput | Error::Playback { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}
