//! A copy of the sound as one WAV file: 16 kHz, 16 bits, one channel a speaker, with a tone over what
//! is redacted. A comment in the file says what it is a copy of.

use std::io::Write;

use crate::domain::SAMPLE_RATE;

use super::{Error, Progress, Source, one_line};

const HEADER: u64 = 12 + 24 + 8;

pub(super) fn write(
    source: &Source<'_>,
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let channels = u16::try_from(source.sound.files.len()).unwrap_or(u16::MAX);
    if channels == 0 {
        return Err(Error::NoSound);
    }
    let block = channels.saturating_mul(2);
    let data = source.sound.length()?.saturating_mul(block.into());
    let comment = comment(source);
    let total = data.saturating_add(HEADER + comment.len() as u64);
    // The lengths of a WAV file have 32 bits.
    let (Ok(total), Ok(data)) = (u32::try_from(total.saturating_sub(8)), u32::try_from(data))
    else {
        return Err(Error::SoundTooLong {
            minutes: minutes(source.interview.duration_ms),
            help: "Split the recording into interviews of a few hours each.",
        });
    };
    out.write_all(b"RIFF")?;
    out.write_all(&total.to_le_bytes())?;
    out.write_all(b"WAVEfmt ")?;
    out.write_all(&16u32.to_le_bytes())?;
    out.write_all(&1u16.to_le_bytes())?;
    out.write_all(&channels.to_le_bytes())?;
    out.write_all(&SAMPLE_RATE.to_le_bytes())?;
    out.write_all(&SAMPLE_RATE.saturating_mul(block.into()).to_le_bytes())?;
    out.write_all(&block.to_le_bytes())?;
    out.write_all(&16u16.to_le_bytes())?;
    out.write_all(&comment)?;
    out.write_all(b"data")?;
    out.write_all(&data.to_le_bytes())?;
    source.sound.read(progress, &mut |channels| {
        let frames = channels.iter().map(Vec::len).max().unwrap_or_default();
        let mut bytes = Vec::with_capacity(frames.saturating_mul(block.into()));
        for frame in 0..frames {
            for channel in channels {
                let sample = channel.get(frame).copied().unwrap_or_default();
                bytes.extend(sample.to_le_bytes());
            }
        }
        Ok(out.write_all(&bytes)?)
    })
}

pub(super) fn minutes(ms: u64) -> u64 {
    ms / 60_000
}

/// A LIST chunk of the kind INFO with one comment.
fn comment(source: &Source<'_>) -> Vec<u8> {
    let mut text = format!("Working copy of interview {}", source.interview.id);
    for audio in &source.interview.audio {
        text.push_str(&format!("; recording SHA-256 {}", audio.sha256));
    }
    for notice in source.notices() {
        text.push_str("; ");
        text.push_str(&notice);
    }
    let mut text = one_line(&text).into_bytes();
    text.push(0);
    if text.len() % 2 == 1 {
        text.push(0);
    }
    // A few lines of text: far below 32 bits.
    let length = u32::try_from(text.len()).unwrap_or_default();
    let mut chunk = b"LIST".to_vec();
    chunk.extend(length.saturating_add(12).to_le_bytes());
    chunk.extend(b"INFOICMT");
    chunk.extend(length.to_le_bytes());
    chunk.extend(text);
    chunk
}
