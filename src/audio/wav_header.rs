//! Reads the length fields of a WAV file and says what the decoder should see instead of them.
//! Recorders that lost power leave zeros there, 4 GB files overflow them, RF64 moves them.

use std::io::{self, Read, Seek, SeekFrom};

use super::Note;
use super::source::Shape;

/// Chunks before the sound that are walked before giving up; real files have fewer than twenty.
const MAX_CHUNKS: usize = 256;
const UNKNOWN: u32 = u32::MAX;

/// Looks at the header of a file of `file_len` bytes. `None` when it is no WAV file, or one whose
/// header holds too little to say; the decoder then reports on the file as it is.
pub(super) fn inspect(file: &mut (impl Read + Seek), file_len: u64) -> io::Result<Option<Shape>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = [0u8; 12];
    if file_len < 12 || file.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    let [r, i, f, x, _, _, _, _, w, a, v, e] = head;
    if !matches!(&[r, i, f, x], b"RIFF" | b"RF64" | b"BW64") || [w, a, v, e] != *b"WAVE" {
        return Ok(None);
    }
    let mut pos = 12u64;
    let mut big_data: Option<u64> = None;
    let mut format: Option<Format> = None;
    for _ in 0..MAX_CHUNKS {
        let Some((id, len)) = chunk_at(file, pos, file_len)? else {
            return Ok(None);
        };
        let body = pos.saturating_add(8);
        match &id {
            b"ds64" => big_data = read_ds64(file),
            b"fmt " => format = read_format(file),
            b"data" => {
                let Some(format) = format else {
                    return Ok(None);
                };
                return Ok(Some(shape(file, file_len, body, len, big_data, format)?));
            }
            _ => {}
        }
        pos = body
            .saturating_add(u64::from(len))
            .saturating_add(u64::from(len & 1));
    }
    Ok(None)
}

#[derive(Clone, Copy)]
struct Format {
    block: u64,
    bytes_a_second: u64,
}

fn shape(
    file: &mut (impl Read + Seek),
    file_len: u64,
    body: u64,
    len: u32,
    big_data: Option<u64>,
    format: Format,
) -> io::Result<Shape> {
    let available = file_len.saturating_sub(body);
    let claimed = match (len, big_data) {
        (UNKNOWN, Some(big)) if big > 0 => Some(big),
        (UNKNOWN, _) => None, // written to a pipe: the length was not known, and nobody lied
        (len, _) => Some(u64::from(len)),
    };
    let mut notes = Vec::new();
    let sound = match claimed {
        None => available,
        Some(claimed) if claimed > available => {
            let missing = claimed.saturating_sub(available);
            let missing_ms = missing
                .saturating_mul(1000)
                .checked_div(format.bytes_a_second);
            notes.push(Note::Truncated { missing_ms });
            available
        }
        Some(claimed) => {
            let rest = available.saturating_sub(claimed);
            let next = body.saturating_add(claimed).saturating_add(claimed & 1);
            if rest > 8 && chunk_at(file, next, file_len)?.is_none() {
                notes.push(Note::HeaderLied {
                    detail: format!(
                        "it claims {claimed} bytes of sound, the file holds {available}"
                    ),
                });
                available
            } else {
                claimed
            }
        }
    };
    let sound = sound
        .checked_div(format.block)
        .unwrap_or(0)
        .saturating_mul(format.block);
    let shown = u32::try_from(sound).unwrap_or(UNKNOWN);
    Ok(Shape {
        patches: vec![
            (0, *b"RIFF"),
            (4, UNKNOWN.to_le_bytes()),
            (body.saturating_sub(4), shown.to_le_bytes()),
        ],
        end: body.saturating_add(sound),
        notes,
    })
}

/// The chunk at `pos`, if one of plausible name and length stands there.
fn chunk_at(
    file: &mut (impl Read + Seek),
    pos: u64,
    file_len: u64,
) -> io::Result<Option<([u8; 4], u32)>> {
    let body = pos.saturating_add(8);
    if body > file_len {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(pos))?;
    let (mut id, mut len) = ([0u8; 4], [0u8; 4]);
    file.read_exact(&mut id)?;
    file.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    let named = id
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || *b == b' ' || *b == b'_');
    let fits = &id == b"data" || u64::from(len) <= file_len.saturating_sub(body);
    Ok((named && fits).then_some((id, len)))
}

/// The 64-bit data length of an RF64 file; the reader stands at the chunk's body.
fn read_ds64(file: &mut impl Read) -> Option<u64> {
    let (mut riff, mut data) = ([0u8; 8], [0u8; 8]);
    file.read_exact(&mut riff).ok()?;
    file.read_exact(&mut data).ok()?;
    Some(u64::from_le_bytes(data))
}

/// Block size and byte rate; the reader stands at the body of `fmt `.
fn read_format(file: &mut impl Read) -> Option<Format> {
    let mut b = [0u8; 16];
    file.read_exact(&mut b).ok()?;
    let [_, _, _, _, _, _, _, _, r0, r1, r2, r3, a0, a1, _, _] = b;
    let block = u64::from(u16::from_le_bytes([a0, a1]));
    let bytes_a_second = u64::from(u32::from_le_bytes([r0, r1, r2, r3]));
    (block > 0).then_some(Format {
        block,
        bytes_a_second,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A mono 16-bit 8 kHz file whose length fields say `riff` and `data`.
    fn wav(magic: &[u8; 4], riff: u32, data: u32, body: &[u8]) -> Vec<u8> {
        let mut v = Vec::new();
        v.extend_from_slice(magic);
        v.extend_from_slice(&riff.to_le_bytes());
        v.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        v.extend_from_slice(&8000u32.to_le_bytes());
        v.extend_from_slice(&16000u32.to_le_bytes());
        v.extend_from_slice(b"\x02\0\x10\0data");
        v.extend_from_slice(&data.to_le_bytes());
        v.extend_from_slice(body);
        v
    }

    fn look(bytes: &[u8]) -> Option<Shape> {
        inspect(&mut Cursor::new(bytes), bytes.len() as u64).unwrap()
    }

    #[test]
    fn an_honest_header_gets_no_note() {
        let shape = look(&wav(b"RIFF", 136, 100, &[1; 100])).unwrap();
        assert_eq!((shape.end, shape.notes.len()), (144, 0));
    }

    #[test]
    fn a_header_of_zeros_shows_all_sound() {
        let shape = look(&wav(b"RIFF", 0, 0, &[1; 100])).unwrap();
        assert_eq!(shape.end, 144);
        assert!(matches!(shape.notes[..], [Note::HeaderLied { .. }]));
    }

    #[test]
    fn an_honest_zero_before_another_chunk_stays_zero() {
        let shape = look(&wav(b"RIFF", 0, 0, b"LIST\x04\0\0\0INFO")).unwrap();
        assert_eq!((shape.end, shape.notes.len()), (44, 0));
    }

    #[test]
    fn a_promise_of_more_is_a_truncation_of_known_length() {
        let shape = look(&wav(b"RIFF", 0, 16_100, &[1; 100])).unwrap();
        assert_eq!(
            shape.notes,
            [Note::Truncated {
                missing_ms: Some(1000)
            }]
        );
    }

    #[test]
    fn a_piped_file_is_no_lie_and_half_a_sample_is_dropped() {
        let shape = look(&wav(b"RIFF", UNKNOWN, UNKNOWN, &[1; 101])).unwrap();
        assert_eq!((shape.end, shape.notes.len()), (144, 0));
    }

    #[test]
    fn broken_headers_do_not_panic() {
        let whole = wav(b"RIFF", UNKNOWN, UNKNOWN, &[255; 20]);
        for len in 0..whole.len() {
            let _ = look(&whole[..len]);
            let mut twisted = whole.clone();
            twisted[len] = 255;
            let _ = look(&twisted);
        }
    }
}
