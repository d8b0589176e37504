//! Finds the segment of a Matroska or WebM file that is cut off. Its length reaches beyond the file, for
//! which the reader would refuse all of it; the length "not known" keeps what is there. The table of
//! what lies where, which names places that are gone, is shown as an empty stretch.
//!
//! EBML (RFC 8794): an element is an id, a length and its content; both begin with as many zero bits as
//! bytes follow. A length of ones alone is not known.

use std::io::{self, Read, Seek, SeekFrom};

/// Ids of the file's header and of the element that holds everything else.
const HEADER: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];
const SEGMENT: [u8; 4] = [0x18, 0x53, 0x80, 0x67];
/// Elements walked before giving up: the segment is the second.
const MAX_ELEMENTS: usize = 16;
/// The table of what lies where, and the element that means nothing.
const SEEK_HEAD: [u8; 4] = [0x11, 0x4D, 0x9B, 0x74];
const VOID: u8 = 0xEC;

/// The patches that make a cut-off file of `file_len` bytes readable. None are needed for a whole file.
pub(super) fn inspect(
    file: &mut (impl Read + Seek),
    file_len: u64,
) -> io::Result<Vec<(u64, [u8; 4])>> {
    let mut pos = 0_u64;
    for number in 0..MAX_ELEMENTS {
        // An id and a length of eight bytes.
        if pos.saturating_add(12) > file_len {
            break;
        }
        file.seek(SeekFrom::Start(pos))?;
        let (mut id, mut length) = ([0_u8; 4], [0_u8; 8]);
        file.read_exact(&mut id)?;
        file.read_exact(&mut length)?;
        if number == 0 && id != HEADER {
            break;
        }
        let Some((size, width)) = read_length(length) else {
            break;
        };
        let content = pos.saturating_add(4).saturating_add(width as u64);
        let end = content.saturating_add(size);
        if id == SEGMENT {
            if end <= file_len {
                break;
            }
            let mut patches = in_fours(pos.saturating_add(4), &unknown(length, width));
            patches.extend(without_table(file, content, file_len)?);
            return Ok(patches);
        }
        pos = end;
    }
    Ok(Vec::new())
}

/// The patches that make the table at `pos`, if it is one, an element that means nothing.
fn without_table(
    file: &mut (impl Read + Seek),
    pos: u64,
    file_len: u64,
) -> io::Result<Vec<(u64, [u8; 4])>> {
    let mut head = [0_u8; 12];
    if pos.saturating_add(12) > file_len {
        return Ok(Vec::new());
    }
    file.seek(SeekFrom::Start(pos))?;
    file.read_exact(&mut head)?;
    let [a, b, c, d, length @ ..] = head;
    let table = read_length(length).filter(|(_, width)| [a, b, c, d] == SEEK_HEAD && *width <= 5);
    let Some((size, width)) = table else {
        return Ok(Vec::new());
    };
    // One byte of id in place of four leaves three more for the length.
    let wide = width.saturating_add(3);
    let length = (size | 1 << (7 * wide)).to_be_bytes();
    let bytes = [VOID].into_iter().chain(length.into_iter().skip(8 - wide));
    for (place, byte) in head.iter_mut().zip(bytes) {
        *place = byte;
    }
    Ok(in_fours(pos, &head))
}

fn in_fours(at: u64, bytes: &[u8]) -> Vec<(u64, [u8; 4])> {
    let (fours, _) = bytes.as_chunks::<4>();
    (at..).step_by(4).zip(fours.iter().copied()).collect()
}

/// The value of a length and its bytes; `None` where it is not known or has no valid form.
fn read_length(bytes: [u8; 8]) -> Option<(u64, usize)> {
    let [first, ..] = bytes;
    let width = first.leading_zeros() as usize + 1;
    if width > 8 {
        return None;
    }
    let all = u64::from_be_bytes(bytes) >> (64 - 8 * width);
    let most = (1_u64 << (7 * width)) - 1;
    let value = all & most;
    (value != most).then_some((value, width))
}

/// The same bytes with a length of `width` bytes that is not known.
fn unknown(mut bytes: [u8; 8], width: usize) -> [u8; 8] {
    for (at, byte) in bytes.iter_mut().take(width).enumerate() {
        *byte = match at {
            0 => u8::MAX >> (width - 1),
            _ => u8::MAX,
        };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A file with a header of one byte and a segment that says it is `said` bytes long, in a length of
    /// `width` bytes, and holds `held`.
    fn file(width: usize, said: u64, held: usize) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend([0x81, 7]);
        bytes.extend(SEGMENT);
        let length = said | (1 << (7 * width));
        bytes.extend(&length.to_be_bytes()[8 - width..]);
        bytes.extend(vec![9; held]);
        bytes
    }

    fn look(bytes: &[u8]) -> Vec<u8> {
        let mut seen = bytes.to_vec();
        for (at, patch) in inspect(&mut Cursor::new(bytes), bytes.len() as u64).unwrap() {
            seen[at as usize..at as usize + 4].copy_from_slice(&patch);
        }
        seen
    }

    #[test]
    fn the_table_of_a_cut_off_file_becomes_an_empty_stretch() {
        let mut bytes = file(8, 1000, 0);
        let at = bytes.len();
        bytes.extend(SEEK_HEAD);
        bytes.extend([0x83, 1, 2, 3]);
        bytes.extend([7; 20]);
        let seen = look(&bytes);
        assert_eq!(seen[at..at + 8], [VOID, 0x10, 0, 0, 3, 1, 2, 3]);
        assert_eq!(seen[at + 8..], bytes[at + 8..]);
    }

    #[test]
    fn only_a_segment_beyond_the_end_loses_its_length() {
        for width in [2, 3, 4, 8] {
            let whole = file(width, 20, 20);
            assert_eq!(look(&whole), whole);
            let cut = file(width, 21, 20);
            let seen = look(&cut);
            let length = &seen[10..10 + width];
            assert_eq!(length[0], 0xFF >> (width - 1));
            assert!(length[1..].iter().all(|b| *b == 0xFF));
            assert_eq!(seen[10 + width..], cut[10 + width..]);
            assert_eq!(look(&seen), seen, "what is not known stays so");
        }
        for other in [
            &b"RIFF\0\0\0\0WAVEfmt "[..],
            b"\x1A\x45\xDF\xA3",
            b"",
            &[0; 64],
        ] {
            assert_eq!(look(other), other);
        }
    }
}
