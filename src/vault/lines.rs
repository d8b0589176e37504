//! Files that grow line by line. In a locked workspace each line is sealed by itself, so that it is on
//! the disk as soon as it is written and a power cut costs no more than the last one.
//!
//! A sealed line is an age file as hexadecimal digits: `sed -n 2p FILE | xxd -r -p | age -d -i KEY`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::keyring::Unlocked;
use super::{key_for, open};

/// How a file of sealed lines begins.
pub(super) const SEALED_LINES: &[u8] = b"mekong-sealed-lines-1\n";
/// Bytes that sealing adds to a line, at most, before each byte becomes two digits.
const MOST_ADDED: u64 = 4 << 10;

/// Turns lines into what is appended to one file.
pub struct LineSealer {
    key: Option<Arc<Unlocked>>,
    begun: bool,
}

impl LineSealer {
    /// For the new file at `path`; keeps the key for as long as it lives.
    ///
    /// # Errors
    /// `PermissionDenied` where the workspace of `path` is locked.
    pub fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            key: key_for(path)?,
            begun: false,
        })
    }

    /// The bytes to append for one line, which holds no line break.
    ///
    /// # Errors
    /// Where sealing fails.
    pub fn line(&mut self, text: &str) -> io::Result<Vec<u8>> {
        let Some(key) = &self.key else {
            return Ok(format!("{text}\n").into_bytes());
        };
        let sealed = age::encrypt(&key.identity.to_public(), text.as_bytes());
        let sealed = sealed.map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(sealed.len().saturating_mul(2).saturating_add(64));
        if !std::mem::replace(&mut self.begun, true) {
            bytes.extend_from_slice(SEALED_LINES);
        }
        for byte in sealed {
            bytes.extend([byte >> 4, byte & 15].map(digit));
        }
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Gives the whole lines of a file to `take`, in order, until that says false; at most `most` of them.
/// A line that is longer than `longest` bytes, torn or not readable ends the file. Whether it ended with a
/// whole line, and all of it was taken.
///
/// # Errors
/// The system's; `PermissionDenied` where the workspace is locked.
pub fn read_lines(
    path: &Path,
    longest: u64,
    most: usize,
    take: &mut dyn FnMut(&str) -> bool,
) -> io::Result<bool> {
    let sealed = begins_with_lines(path)?;
    let (key, input): (_, Box<dyn Read>) = if sealed {
        (key_for(path)?, Box::new(File::open(path)?))
    } else {
        (None, Box::new(open(path)?))
    };
    if sealed && key.is_none() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let longest = match key {
        Some(_) => longest.saturating_add(MOST_ADDED).saturating_mul(2),
        None => longest,
    };
    let mut input = BufReader::new(input);
    if sealed {
        input.skip_until(b'\n')?;
    }
    let mut line = Vec::new();
    for _ in 0..most {
        line.clear();
        let got = input.by_ref().take(longest).read_until(b'\n', &mut line);
        match got {
            Ok(_) if line.pop() == Some(b'\n') => {}
            Ok(0) => return Ok(true),
            // A line that a power cut tore, or a sealed chunk that it did.
            Ok(_) => return Ok(false),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(e) => return Err(e),
        }
        let text = match &key {
            Some(key) => opened(key, &line),
            None => std::str::from_utf8(&line).ok().map(str::to_owned),
        };
        match text {
            Some(text) if take(&text) => {}
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// Whether a file holds sealed lines.
pub(super) fn begins_with_lines(path: &Path) -> io::Result<bool> {
    let mut head = Vec::with_capacity(SEALED_LINES.len());
    File::open(path)?
        .take(SEALED_LINES.len() as u64)
        .read_to_end(&mut head)?;
    Ok(head == SEALED_LINES)
}

fn opened(key: &Unlocked, line: &[u8]) -> Option<String> {
    let bytes: Vec<u8> = line
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(value(*high)? << 4 | value(*low)?),
            _ => None,
        })
        .collect::<Option<_>>()?;
    String::from_utf8(age::decrypt(&*key.identity, &bytes).ok()?).ok()
}

fn digit(half: u8) -> u8 {
    match half {
        0..=9 => b'0' + half,
        _ => b'a' - 10 + half,
    }
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::vault::{WorkspaceKey, hold, is_sealed};

    fn read(path: &Path) -> Vec<String> {
        read_all(path).0
    }

    fn read_all(path: &Path) -> (Vec<String>, bool) {
        let mut lines = Vec::new();
        let mut take = |line: &str| {
            lines.push(line.to_owned());
            true
        };
        let whole = read_lines(path, 1 << 10, 100, &mut take).unwrap();
        (lines, whole)
    }

    #[test]
    fn lines_are_sealed_one_by_one_and_a_torn_one_ends_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let lines = ["{\"why\":\"Nguyễn Văn A's microphone\"}", "ខ្មែរ", "third"];
        let held = hold(dir.path(), WorkspaceKey::generate().unwrap()).unwrap();
        let mut sealer = LineSealer::new(&path).unwrap();
        let mut bytes = Vec::new();
        let ends: Vec<usize> = lines
            .iter()
            .map(|line| {
                bytes.extend(sealer.line(line).unwrap());
                bytes.len()
            })
            .collect();
        for cut in 0..=bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count();
            if cut >= SEALED_LINES.len() {
                let ends_there = cut == SEALED_LINES.len() || ends.contains(&cut);
                let read = (lines[..whole].to_vec(), ends_there);
                let found = read_all(&path);
                assert!(found.0 == read.0 && found.1 == read.1, "{cut}: {found:?}");
                assert!(is_sealed(&path).unwrap());
            }
        }
        let on_disk = fs::read(&path).unwrap();
        let shows = |word: &[u8]| on_disk.windows(word.len()).any(|w| w == word);
        assert!(!shows("Nguyễn".as_bytes()) && !shows(b"third"));
        let mut changed = on_disk.clone();
        changed[ends[0] - 9] ^= 1;
        fs::write(&path, changed).unwrap();
        assert!(read(&path).is_empty(), "a changed line was taken");
        fs::write(&path, on_disk).unwrap();
        drop((held, sealer));
        // Nobody holds the key now.
        assert!(read_lines(&path, 1 << 10, 9, &mut |_| true).is_err());
    }

    #[test]
    fn outside_a_locked_workspace_lines_are_what_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut sealer = LineSealer::new(&path).unwrap();
        let mut bytes = sealer.line("a").unwrap();
        bytes.extend(sealer.line("ລາວ").unwrap());
        assert_eq!(bytes, "a\nລາວ\n".as_bytes());
        bytes.extend(b"torn");
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path), ["a", "ລາວ"]);
        assert!(!read_all(&path).1, "torn");
        fs::write(&path, "a\nລາວ\n").unwrap();
        assert!(read_all(&path).1);
    }
}
