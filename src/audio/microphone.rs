//! Recording from a sound card through cpal. The callback converts to 16 bit and pushes into a
//! lock-free ring; it allocates nothing, takes no lock and writes nothing. What finds no room is
//! counted, so that the recorder can put equal silence in its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Data, ErrorKind, FromSample, InputCallbackInfo, SampleFormat, StreamConfig,
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::Error;
use super::capture::{AudioSource, Delivery, MAX_LIVE_CHANNELS, OpenSource, SourceFormat};
use super::devices::{DeviceInfo, place_now, quiet};
use super::form::best_of;
use super::held::{Held, Maker};

/// How long the recorder may be held up, by a slow disk for example, before sound is lost.
const RING_SECONDS: usize = 10;
/// Losses that wait to be read. Each is a stretch, not a frame, so few are enough.
const LOSS_SLOTS: usize = 256;
/// Most seconds that one overrun of the device itself is held to have lost.
const MAX_OVERRUN: Duration = Duration::from_secs(60);

/// Part of a block that the callback rests after it, and the longest block for which it does so: the
/// device keeps two blocks, so it must be back well before the second is full.
const RESTS: f64 = 0.8;
const LONGEST_BLOCK: Duration = Duration::from_millis(500);

/// What the callback's error handler has seen; the worst stays.
const WELL: u8 = 0;
const GONE: u8 = 1;
const DENIED: u8 = 2;

/// Frames lost after `after` frames had been pushed into the ring.
#[derive(Clone, Copy)]
struct Loss {
    after: u64,
    frames: u64,
}

/// One open microphone.
pub struct Microphone {
    heard: Heard,
    /// Frames taken out of the ring so far.
    taken: u64,
    next_loss: Option<Loss>,
    _stream: Held,
}

/// What the callback hands over.
struct Heard {
    format: SourceFormat,
    ring: Consumer<i16>,
    losses: Consumer<Loss>,
    state: Arc<AtomicU8>,
}

impl Microphone {
    /// What opens this device for at least `channels` channels and begins to listen, as often as it is called.
    /// Of one with more than 8 the first 8 are heard.
    ///
    /// Its errors are `MicrophoneMissing`, `MicrophoneOther` where another device has its id now,
    /// `MicrophoneDenied`, `MicrophoneChannels`, and `Microphone`, also while the sound service does not answer.
    pub fn opener(wanted: DeviceInfo, channels: u16) -> OpenSource {
        let mut maker = Maker::default();
        Box::new(move || {
            let same = wanted.clone();
            let made = maker.make(move || Self::listen(&same, channels))?;
            let (stream, heard) = made.ok_or_else(|| Error::Microphone {
                detail: "it took too long".to_owned(),
                name: wanted.id.clone(),
            })?;
            Ok(Box::new(Self {
                heard,
                taken: 0,
                next_loss: None,
                _stream: stream,
            }))
        })
    }

    fn listen(wanted: &DeviceInfo, channels: u16) -> Result<(cpal::Stream, Heard), Error> {
        let _quiet = quiet::Quiet::new();
        let id = wanted.id.as_str();
        let missing = || Error::MicrophoneMissing {
            name: id.to_owned(),
        };
        let parsed: cpal::DeviceId = id.parse().map_err(|_| missing())?;
        let device = cpal::default_host()
            .device_by_id(&parsed)
            .ok_or_else(missing)?;
        let name = device.description().map(|d| d.name().to_owned());
        wanted.require_same(&name.unwrap_or_default(), &place_now(id))?;
        let offered = device.supported_input_configs();
        let offered: Vec<_> = offered.map_err(|e| refused(id, &e))?.collect();
        let (config, sample_format) = best_of(&offered, id, channels)?;
        let begun = Self::begin(&device, config, sample_format).or_else(|e| {
            // A device may refuse the length of a block that it named itself.
            let own = StreamConfig {
                buffer_size: BufferSize::Default,
                ..config
            };
            let again = matches!(
                e.kind(),
                ErrorKind::UnsupportedConfig | ErrorKind::InvalidInput
            );
            let again = again.then(|| Self::begin(&device, own, sample_format));
            again.unwrap_or(Err(e))
        });
        begun.map_err(|e| refused(id, &e))
    }

    /// Begins to listen in this form.
    fn begin(
        device: &cpal::Device,
        config: StreamConfig,
        sample_format: SampleFormat,
    ) -> Result<(cpal::Stream, Heard), cpal::Error> {
        let format = SourceFormat {
            rate: config.sample_rate,
            channels: config.channels.min(MAX_LIVE_CHANNELS),
        };
        let kept = usize::from(format.channels);
        let (ring_in, ring) = RingBuffer::new(RING_SECONDS * config.sample_rate as usize * kept);
        let (losses_in, losses) = RingBuffer::new(LOSS_SLOTS);
        let state = Arc::new(AtomicU8::new(WELL));
        let overrun = Arc::new(AtomicBool::new(false));
        let mut push = Push {
            ring: ring_in,
            losses: losses_in,
            overrun: overrun.clone(),
            width: usize::from(config.channels),
            kept,
            rate: config.sample_rate,
            pushed: 0,
            lost: 0,
            ends_at: None,
            called_at: None,
        };
        let seen = state.clone();
        let stream = device.build_input_stream_raw(
            config,
            sample_format,
            move |data, info| {
                let length = push.take(data, info);
                push.rest(length);
            },
            move |error| match error.kind() {
                ErrorKind::Xrun => overrun.store(true, Ordering::Release),
                ErrorKind::PermissionDenied => seen.store(DENIED, Ordering::Release),
                ErrorKind::DeviceNotAvailable
                | ErrorKind::StreamInvalidated
                | ErrorKind::HostUnavailable
                | ErrorKind::DeviceChanged => seen.store(GONE, Ordering::Release),
                // Whatever else is true shows in the frames: the recorder misses them at once.
                _ => {}
            },
            Some(Duration::from_millis(500)),
        )?;
        stream.play()?;
        let heard = Heard {
            format,
            ring,
            losses,
            state,
        };
        Ok((stream, heard))
    }
}

impl AudioSource for Microphone {
    fn format(&self) -> SourceFormat {
        self.heard.format
    }

    fn may_hide_losses(&self) -> bool {
        true
    }

    fn take(&mut self, into: &mut Vec<i16>) -> Delivery {
        let Heard {
            format,
            ring,
            losses,
            state,
        } = &mut self.heard;
        let width = usize::from(format.channels);
        // Room is read before the losses: a loss is pushed before the frames that follow it, so
        // every loss that lies before these frames is visible by now.
        let half_a_second = (format.rate as usize / 2).max(1);
        let mut frames = (ring.slots() / width).min(half_a_second);
        if self.next_loss.is_none() {
            self.next_loss = losses.pop().ok();
        }
        if let Some(loss) = self.next_loss {
            let before = loss.after.saturating_sub(self.taken);
            if before == 0 {
                self.next_loss = None;
                return Delivery::Lost(loss.frames);
            }
            frames = frames.min(usize::try_from(before).unwrap_or(usize::MAX));
        }
        if frames == 0 {
            return match state.load(Ordering::Acquire) {
                WELL => Delivery::Nothing,
                DENIED => Delivery::Gone("the system no longer lets this program listen".into()),
                _ => Delivery::Gone("the microphone was unplugged or switched off".into()),
            };
        }
        match ring.read_chunk(frames * width) {
            Ok(chunk) => {
                let (first, second) = chunk.as_slices();
                into.extend_from_slice(first);
                into.extend_from_slice(second);
                chunk.commit_all();
                self.taken = self.taken.saturating_add(frames as u64);
                Delivery::Sound
            }
            Err(_) => Delivery::Nothing,
        }
    }
}

/// The callback's side of the ring.
struct Push {
    ring: Producer<i16>,
    losses: Producer<Loss>,
    overrun: Arc<AtomicBool>,
    /// Channels that the device delivers, and how many of them, the first ones, are kept.
    width: usize,
    kept: usize,
    rate: u32,
    pushed: u64,
    /// Frames lost since the last one that was pushed.
    lost: u64,
    /// When the sound pushed so far ends, by the device's clock.
    ends_at: Option<cpal::StreamInstant>,
    called_at: Option<Instant>,
}

impl Push {
    /// Takes one block in, and says how long it is.
    fn take(&mut self, data: &Data, info: &InputCallbackInfo) -> Duration {
        let frames = data.len() / self.width.max(1);
        let starts_at = info.timestamp().capture;
        if self.overrun.swap(false, Ordering::AcqRel)
            && let Some(ended) = self.ends_at
        {
            // The device itself lost sound: its clock says how much.
            let gap = starts_at.saturating_duration_since(ended).min(MAX_OVERRUN);
            let lost = (gap.as_secs_f64() * f64::from(self.rate)) as u64;
            self.lost = self.lost.saturating_add(lost);
        }
        let length = Duration::from_secs_f64(frames as f64 / f64::from(self.rate.max(1)));
        self.ends_at = starts_at.checked_add(length);
        match data.sample_format() {
            SampleFormat::I16 => self.push(data.as_slice::<i16>(), frames),
            SampleFormat::F32 => self.push(data.as_slice::<f32>(), frames),
            SampleFormat::I32 => self.push(data.as_slice::<i32>(), frames),
            SampleFormat::I24 => self.push(data.as_slice::<cpal::I24>(), frames),
            SampleFormat::U16 => self.push(data.as_slice::<u16>(), frames),
            SampleFormat::U8 => self.push(data.as_slice::<u8>(), frames),
            SampleFormat::I8 => self.push(data.as_slice::<i8>(), frames),
            SampleFormat::U24 => self.push(data.as_slice::<cpal::U24>(), frames),
            SampleFormat::U32 => self.push(data.as_slice::<u32>(), frames),
            SampleFormat::I64 => self.push(data.as_slice::<i64>(), frames),
            SampleFormat::U64 => self.push(data.as_slice::<u64>(), frames),
            SampleFormat::F64 => self.push(data.as_slice::<f64>(), frames),
            _ => self.lost = self.lost.saturating_add(frames as u64),
        }
        length
    }

    /// Sleeps until the next block is near. A sound service wakes this thread again and again while
    /// a block is incomplete, which keeps most of a core busy.
    fn rest(&mut self, length: Duration) {
        let now = Instant::now();
        let before = self.called_at.replace(now);
        let rest = rest_of(before.map(|at| now.duration_since(at)), length);
        if cfg!(target_os = "linux") && !rest.is_zero() {
            std::thread::sleep(rest);
        }
    }

    fn push<T: Copy>(&mut self, samples: Option<&[T]>, frames: usize)
    where
        i16: FromSample<T>,
    {
        let room = self.ring.slots() / self.kept.max(1);
        // After a loss nothing is pushed before the loss itself has been noted down.
        if room > 0 && self.lost > 0 {
            let loss = Loss {
                after: self.pushed,
                frames: self.lost,
            };
            if self.losses.push(loss).is_ok() {
                self.lost = 0;
            }
        }
        let fits = if self.lost == 0 { frames.min(room) } else { 0 };
        if fits > 0
            && let (Some(samples), Ok(chunk)) =
                (samples, self.ring.write_chunk_uninit(fits * self.kept))
        {
            let frames = samples.chunks_exact(self.width.max(1));
            let heard = frames.flat_map(|frame| frame.iter().take(self.kept));
            chunk.fill_from_iter(heard.map(|s| i16::from_sample_(*s)));
            self.pushed = self.pushed.saturating_add(fits as u64);
        }
        self.lost = self.lost.saturating_add((frames - fits) as u64);
    }
}

/// How long to rest after a block of this length that came so long after the one before: not at all
/// while blocks come late, or in a hurry because they were late.
fn rest_of(since: Option<Duration>, block: Duration) -> Duration {
    let steady =
        since.is_some_and(|since| since > block.mul_f64(0.9) && since < block.mul_f64(1.2));
    if steady && block <= LONGEST_BLOCK {
        block.mul_f64(RESTS)
    } else {
        Duration::ZERO
    }
}

/// Why a device cannot be used, as the system has it.
pub(super) fn refused(id: &str, error: &cpal::Error) -> Error {
    match error.kind() {
        ErrorKind::PermissionDenied => Error::MicrophoneDenied {
            name: id.to_owned(),
        },
        ErrorKind::DeviceNotAvailable => Error::MicrophoneMissing {
            name: id.to_owned(),
        },
        _ => Error::Microphone {
            detail: error.to_string(),
            name: id.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callback_rests_only_while_blocks_come_in_time() {
        let ms = Duration::from_millis;
        let rest = |since: u64| rest_of(Some(ms(since)), ms(100));
        assert_eq!(rest(100), ms(80));
        assert_eq!(rest(95), ms(80));
        for hurried_or_late in [0, 20, 80, 125, 3000] {
            assert_eq!(rest(hurried_or_late), Duration::ZERO, "{hurried_or_late}");
        }
        assert_eq!(rest_of(None, ms(100)), Duration::ZERO);
        assert_eq!(rest_of(Some(ms(1000)), ms(1000)), Duration::ZERO);
    }

    fn push(ring: usize, losses: usize) -> (Push, Consumer<i16>, Consumer<Loss>) {
        let (ring_in, ring) = RingBuffer::new(ring);
        let (losses_in, losses) = RingBuffer::new(losses);
        let push = Push {
            ring: ring_in,
            losses: losses_in,
            overrun: Arc::new(AtomicBool::new(false)),
            width: 2,
            kept: 2,
            rate: 48_000,
            pushed: 0,
            lost: 0,
            ends_at: None,
            called_at: None,
        };
        (push, ring, losses)
    }

    #[test]
    fn what_finds_no_room_is_counted_where_it_was_lost() {
        let (mut push, mut ring, mut losses) = push(8, 4);
        push.push(Some(&[1_i16, 2, 3, 4]), 2);
        push.push(Some(&[5_i16, 6, 7, 8, 9, 10]), 3); // one frame too many
        push.push(Some(&[11_i16, 12]), 1);
        assert_eq!((push.pushed, push.lost), (4, 2));
        assert!(losses.pop().is_err(), "noted before it is over");
        for expected in 1..=8_i16 {
            assert_eq!(ring.pop(), Ok(expected));
        }
        push.push(Some(&[13_i16, 14]), 1);
        let loss = losses.pop().unwrap();
        assert_eq!((loss.after, loss.frames), (4, 2));
        assert_eq!((ring.pop(), ring.pop()), (Ok(13), Ok(14)));
    }

    #[test]
    fn of_more_channels_than_are_kept_the_first_ones_are() {
        let (mut push, mut ring, _) = push(16, 4);
        (push.width, push.kept) = (10, 8);
        let frames: Vec<i16> = (0..30).collect();
        push.push(Some(&frames), 3);
        let got: Vec<i16> = std::iter::from_fn(|| ring.pop().ok()).collect();
        // Two frames find room; the third is counted.
        let expected: Vec<i16> = (0..8).chain(10..18).collect();
        assert_eq!((got, push.pushed, push.lost), (expected, 2, 1));
    }

    #[test]
    fn losses_beyond_the_list_are_still_counted() {
        let (mut push, mut ring, mut losses) = push(2, 1);
        for frame in 0..6_i16 {
            push.push(Some(&[frame, frame]), 1);
            if frame % 2 == 1 {
                while ring.pop().is_ok() {}
            }
        }
        let mut lost = push.lost;
        while let Ok(loss) = losses.pop() {
            lost += loss.frames;
        }
        assert_eq!(lost + push.pushed, 6);
    }

    #[test]
    fn a_refusal_says_what_the_system_means() {
        let error = |kind| refused("alsa:x", &cpal::Error::new(kind));
        assert!(matches!(
            error(ErrorKind::PermissionDenied),
            Error::MicrophoneDenied { .. }
        ));
        assert!(matches!(
            error(ErrorKind::DeviceNotAvailable),
            Error::MicrophoneMissing { .. }
        ));
        let busy = error(ErrorKind::DeviceBusy);
        assert!(busy.to_string().contains("busy") && busy.help().contains("other programs"));
    }

    #[test]
    fn every_sample_format_becomes_sixteen_bit() {
        let (mut push, mut ring, _) = push(64, 4);
        push.push(Some(&[0.5_f32, -1.0]), 1);
        push.push(Some(&[u16::MAX, 0]), 1);
        push.push(Some(&[i32::MAX, i32::MIN]), 1);
        push.push(Some(&[128_u8, 0]), 1);
        push.push(Some(&[2.0_f64, -2.0]), 1); // beyond full scale: clipped, never wrapped
        let got: Vec<i16> = std::iter::from_fn(|| ring.pop().ok()).collect();
        assert_eq!(
            got,
            [
                16_384, -32_768, 32_767, -32_768, 32_767, -32_768, 0, -32_768, 32_767, -32_768
            ]
        );
    }
}
