//! Level meters that any thread may read, and the two faults that a person can still mend while the
//! interview runs: sound beyond full scale, and a line that delivers nothing but zeros.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Samples at full scale in a row that are held to be clipped: one or two may be honest peaks.
const CLIP_RUN: u32 = 3;
/// Lowest level that is shown.
const FLOOR_DB: f32 = -96.0;

/// How loud one channel is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Highest sample since this was last asked, decibels below full scale, -96 to 0.
    pub peak_db: f32,
    /// Mean power of the last block, decibels below full scale, -96 to 0.
    pub mean_db: f32,
    /// Stretches beyond full scale since the start.
    pub clips: u64,
}

/// The meters of one session. The newest value wins; nobody waits for anybody.
#[derive(Debug)]
pub struct Meters {
    channels: Vec<Meter>,
}

#[derive(Debug, Default)]
struct Meter {
    /// 0 to 32,768.
    peak: AtomicU32,
    /// The bits of an `f32`.
    mean_db: AtomicU32,
    clips: AtomicU64,
}

impl Meters {
    /// For so many channels.
    pub fn new(channels: u16) -> Self {
        let meter = |_| Meter {
            mean_db: AtomicU32::new(FLOOR_DB.to_bits()),
            ..Meter::default()
        };
        Self {
            channels: (0..channels).map(meter).collect(),
        }
    }

    /// Reads every channel and lets the peaks fall.
    pub fn read(&self) -> Vec<Level> {
        self.channels
            .iter()
            .map(|m| Level {
                peak_db: decibels(f64::from(m.peak.swap(0, Ordering::Relaxed)) / 32_768.0),
                mean_db: f32::from_bits(m.mean_db.load(Ordering::Relaxed)),
                clips: m.clips.load(Ordering::Relaxed),
            })
            .collect()
    }
}

fn decibels(amplitude: f64) -> f32 {
    (20.0 * amplitude.log10()).max(f64::from(FLOOR_DB)) as f32
}

/// What one channel's watch found in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Sound beyond full scale.
    Clipping,
    /// Nothing but one and the same value for ten seconds.
    Silent,
    /// Sound again after that.
    SoundAgain,
}

/// Watches one channel for what the meters cannot show.
#[derive(Debug)]
pub(super) struct Watch {
    rate: u32,
    /// Frames since the last clip that was told.
    since_clip: u64,
    full_run: u32,
    /// Frames of the same value so far.
    still: u64,
    last: i16,
    told_silent: bool,
}

impl Watch {
    /// One for each channel.
    pub(super) fn all(channels: u16, rate: u32) -> Vec<Self> {
        (0..channels).map(|_| Self::new(rate)).collect()
    }

    pub(super) fn new(rate: u32) -> Self {
        Self {
            rate,
            since_clip: u64::MAX,
            full_run: 0,
            still: 0,
            last: 0,
            told_silent: false,
        }
    }

    /// Looks at one channel of an interleaved block and moves its meter.
    pub(super) fn look(
        &mut self,
        meters: &Meters,
        block: &[i16],
        channel: u16,
        width: u16,
    ) -> Option<Fault> {
        let meter = meters.channels.get(usize::from(channel))?;
        let mut found = None;
        let (mut peak, mut power, mut frames) = (0_u32, 0.0_f64, 0_u64);
        let ten_seconds = u64::from(self.rate) * 10;
        for &sample in block
            .iter()
            .skip(usize::from(channel))
            .step_by(usize::from(width.max(1)))
        {
            let size = u32::from(sample.unsigned_abs());
            peak = peak.max(size);
            power += f64::from(sample).powi(2);
            frames += 1;
            self.since_clip = self.since_clip.saturating_add(1);
            self.full_run = if size >= 32_767 { self.full_run + 1 } else { 0 };
            if self.full_run == CLIP_RUN {
                meter.clips.fetch_add(1, Ordering::Relaxed);
                if self.since_clip > ten_seconds {
                    self.since_clip = 0;
                    found = Some(Fault::Clipping);
                }
            }
            if sample == self.last {
                self.still = self.still.saturating_add(1);
                if self.still == ten_seconds {
                    self.told_silent = true;
                    found = Some(Fault::Silent);
                }
            } else {
                self.still = 0;
                self.last = sample;
                if std::mem::take(&mut self.told_silent) {
                    found = Some(Fault::SoundAgain);
                }
            }
        }
        if frames > 0 {
            meter.peak.fetch_max(peak, Ordering::Relaxed);
            let mean = decibels((power / frames as f64).sqrt() / 32_768.0);
            meter.mean_db.store(mean.to_bits(), Ordering::Relaxed);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_the_sound_and_peaks_fall_when_read() {
        let meters = Meters::new(2);
        let mut watch = Watch::new(48_000);
        let block: Vec<i16> = (0..960)
            .flat_map(|i| [if i % 2 == 0 { 16_384 } else { -16_384 }, 0])
            .collect();
        assert_eq!(watch.look(&meters, &block, 0, 2), None);
        let levels = meters.read();
        assert!((levels[0].peak_db + 6.02).abs() < 0.1 && (levels[0].mean_db + 6.02).abs() < 0.1);
        assert_eq!((levels[1].peak_db, levels[1].clips), (FLOOR_DB, 0));
        assert_eq!(meters.read()[0].peak_db, FLOOR_DB);
    }

    #[test]
    fn clipping_is_told_once_in_ten_seconds_and_counted_always() {
        let meters = Meters::new(1);
        let mut watch = Watch::new(1000);
        let loud = [32_767_i16, 32_767, 32_767, 0, -32_768, -32_768, -32_768, 5];
        assert_eq!(watch.look(&meters, &loud, 0, 1), Some(Fault::Clipping));
        assert_eq!(watch.look(&meters, &loud, 0, 1), None);
        assert_eq!(meters.read()[0].clips, 4);
        assert_eq!(watch.look(&meters, &[32_767, 32_767, 0], 0, 1), None);
        assert_eq!(meters.read()[0].clips, 4);
        let quiet: Vec<i16> = (0..10_001).map(|i| i % 7).collect();
        assert_eq!(watch.look(&meters, &quiet, 0, 1), None);
        assert_eq!(watch.look(&meters, &loud, 0, 1), Some(Fault::Clipping));
    }

    #[test]
    fn ten_seconds_of_nothing_are_told_once_and_so_is_the_end_of_them() {
        let meters = Meters::new(1);
        let mut watch = Watch::new(1000);
        assert_eq!(watch.look(&meters, &[0; 9_999], 0, 1), None);
        assert_eq!(watch.look(&meters, &[0; 1], 0, 1), Some(Fault::Silent));
        assert_eq!(watch.look(&meters, &[0; 20_000], 0, 1), None);
        assert_eq!(watch.look(&meters, &[1], 0, 1), Some(Fault::SoundAgain));
        assert_eq!(watch.look(&meters, &[0, 1, 0], 0, 1), None);
    }
}
