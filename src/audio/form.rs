//! The form in which a sound card is asked to deliver: rate, channels, kind of sample and how long it may
//! wait, of those that it offers.

use std::time::Duration;

use cpal::{
    BufferSize, SampleFormat, StreamConfig, SupportedBufferSize, SupportedStreamConfigRange,
};

use super::{Error, MAX_RATE, MIN_RATE};

/// The rate that is asked for; a device without it gives its nearest.
const WANTED_RATE: u32 = 48_000;
/// From here on nothing of what a microphone hears of speech is missing.
const FULL_RATE: u32 = 44_100;
/// How long the system may leave the callback waiting before the device itself loses sound: cpal lets the
/// device hold two such stretches. Longer ones would make the first words come late.
const CALLBACK: Duration = Duration::from_millis(100);

/// The form to record in: at least `channels` channels, above a telephone's rate where the device has one,
/// then as few more channels as it has, 48 kHz or next to it, and 16 bit before anything that must be
/// converted.
pub(super) fn best_of(
    offered: &[SupportedStreamConfigRange],
    id: &str,
    channels: u16,
) -> Result<(StreamConfig, SampleFormat), Error> {
    let usable = |c: &&SupportedStreamConfigRange| {
        FORMATS.contains(&c.sample_format())
            && c.min_sample_rate() <= MAX_RATE
            && c.max_sample_rate() >= MIN_RATE
    };
    let usable: Vec<_> = offered.iter().filter(usable).collect();
    let Some(most) = usable.iter().map(|c| c.channels()).max() else {
        return Err(Error::MicrophoneForm {
            name: id.to_owned(),
        });
    };
    let chosen = usable
        .iter()
        .filter(|c| c.channels() >= channels.max(1))
        .min_by_key(|c| {
            let rate = nearest_rate(c.min_sample_rate(), c.max_sample_rate());
            let format = FORMATS.iter().position(|f| *f == c.sample_format());
            let narrow = rate < FULL_RATE;
            (narrow, c.channels(), rate.abs_diff(WANTED_RATE), format)
        });
    let Some(chosen) = chosen else {
        return Err(Error::MicrophoneChannels {
            wanted: channels,
            found: most,
        });
    };
    let sample_rate = nearest_rate(chosen.min_sample_rate(), chosen.max_sample_rate());
    let config = StreamConfig {
        channels: chosen.channels(),
        sample_rate,
        buffer_size: buffer_size(chosen.buffer_size(), sample_rate),
    };
    Ok((config, chosen.sample_format()))
}

/// As long as [`CALLBACK`], or as near to it as the device allows; its own choice where it does not say.
fn buffer_size(allowed: &SupportedBufferSize, rate: u32) -> BufferSize {
    let wanted = (CALLBACK.as_secs_f64() * f64::from(rate)) as u32;
    match allowed {
        SupportedBufferSize::Range { min, max } if min <= max && *max > 0 => {
            BufferSize::Fixed(wanted.clamp(*min, *max))
        }
        _ => BufferSize::Default,
    }
}

/// Sample formats that are understood, the one that needs no conversion first.
const FORMATS: [SampleFormat; 12] = [
    SampleFormat::I16,
    SampleFormat::I24,
    SampleFormat::I32,
    SampleFormat::F32,
    SampleFormat::F64,
    SampleFormat::U16,
    SampleFormat::U24,
    SampleFormat::U32,
    SampleFormat::I64,
    SampleFormat::U64,
    SampleFormat::I8,
    SampleFormat::U8,
];

fn nearest_rate(min: u32, max: u32) -> u32 {
    WANTED_RATE.clamp(min.max(MIN_RATE), max.min(MAX_RATE).max(min.max(MIN_RATE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_nearest_to_what_is_wanted_and_a_device_without_one_says_so() {
        let offer = |channels, (min, max): (u32, u32), format| {
            let buffer = SupportedBufferSize::Range { min: 64, max: 2048 };
            SupportedStreamConfigRange::new(channels, min, max, buffer, format)
        };
        let bluetooth = [offer(1, (8_000, 8_000), SampleFormat::I16)];
        let (config, _) = best_of(&bluetooth, "alsa:b", 1).unwrap();
        assert_eq!((config.channels, config.sample_rate), (1, 8_000));
        assert_eq!(config.buffer_size, BufferSize::Fixed(800));
        let desk = [
            offer(2, (44_100, 44_100), SampleFormat::I16),
            offer(2, (8_000, 96_000), SampleFormat::F32),
            offer(2, (8_000, 96_000), SampleFormat::I24),
            offer(8, (48_000, 48_000), SampleFormat::I16),
        ];
        let (config, format) = best_of(&desk, "alsa:d", 1).unwrap();
        assert_eq!((config.channels, config.sample_rate), (2, 48_000));
        assert_eq!(format, SampleFormat::I24);
        assert_eq!(config.buffer_size, BufferSize::Fixed(2048));
        let (config, _) = best_of(&desk, "alsa:d", 3).unwrap();
        assert_eq!(config.channels, 8);
        // A headset that is a telephone with one channel and none with two.
        let headset = [
            offer(1, (8_000, 16_000), SampleFormat::I16),
            offer(2, (44_100, 48_000), SampleFormat::I16),
        ];
        let (config, _) = best_of(&headset, "alsa:h", 1).unwrap();
        assert_eq!((config.channels, config.sample_rate), (2, 48_000));
        // A mixing desk that delivers all its inputs or none: the first ones are heard.
        let mixer = [
            offer(32, (48_000, 48_000), SampleFormat::I32),
            offer(18, (48_000, 48_000), SampleFormat::I32),
        ];
        let (config, _) = best_of(&mixer, "alsa:m", 2).unwrap();
        assert_eq!(config.channels, 18);
        let narrow = best_of(&bluetooth, "alsa:b", 2).unwrap_err();
        let told = |e: &Error| matches!(e, Error::MicrophoneChannels { found: 1, .. });
        assert!(told(&narrow), "{narrow}");
        for strange in [
            vec![],
            vec![offer(1, (48_000, 48_000), SampleFormat::DsdU8)],
            vec![offer(1, (500, 900), SampleFormat::I16)],
        ] {
            let error = best_of(&strange, "alsa:s", 1).unwrap_err();
            assert!(matches!(error, Error::MicrophoneForm { .. }), "{error}");
            assert!(!error.help().is_empty());
        }
    }
}
