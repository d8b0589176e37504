//! Finds the sound box of an MP4 file that is cut off. Its length reaches beyond the file, for which
//! the reader would refuse all of it; a length of 0 means 'to the end' and keeps what is there.

use std::io::{self, Read, Seek, SeekFrom};

/// Boxes walked before giving up: a fragmented recording of a day with one pair a second.
const MAX_BOXES: usize = 200_000;

/// The patch that makes a cut-off file of `file_len` bytes readable; `None` when none is needed.
pub(super) fn inspect(
    file: &mut (impl Read + Seek),
    file_len: u64,
) -> io::Result<Option<(u64, [u8; 4])>> {
    let mut pos = 0u64;
    for number in 0..MAX_BOXES {
        if pos.saturating_add(16) > file_len {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(pos))?;
        let (mut short, mut kind, mut long) = ([0u8; 4], [0u8; 4], [0u8; 8]);
        file.read_exact(&mut short)?;
        file.read_exact(&mut kind)?;
        file.read_exact(&mut long)?;
        if number == 0 && &kind != b"ftyp" {
            return Ok(None);
        }
        let size = match u32::from_be_bytes(short) {
            1 => u64::from_be_bytes(long),
            size => u64::from(size),
        };
        if size < 8 {
            return Ok(None); // 'to the end of the file', or nonsense that the reader will report
        }
        let end = pos.saturating_add(size);
        if end > file_len {
            return Ok((&kind == b"mdat").then_some((pos, [0; 4])));
        }
        pos = end;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn look(bytes: &[u8]) -> Option<(u64, [u8; 4])> {
        inspect(&mut Cursor::new(bytes), bytes.len() as u64).unwrap()
    }

    #[test]
    fn only_a_sound_box_beyond_the_end_is_patched() {
        let mut file = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x20mdat".to_vec();
        file.extend_from_slice(&[7; 24]);
        assert_eq!(look(&file), None);
        file.truncate(40);
        assert_eq!(look(&file), Some((16, [0; 4])));
    }

    #[test]
    fn other_files_and_nonsense_are_left_alone() {
        assert_eq!(look(b"RIFF\xff\xff\xff\xffWAVEfmt \0\0\0\0"), None);
        assert_eq!(look(b"\0\0\0\x02ftypisom\0\0\0\0\0\0"), None);
        assert_eq!(look(b"\0\0"), None);
    }
}
