//! A zip file of exactly one form: entries stored as they are, one after another, with their directory
//! behind them and nothing else. Any zip program opens it.
//!
//! Reading is strict on purpose. A reader that takes every zip file must choose between what an entry
//! says and what the directory says of it, and must unpack before it can count; this one works out the
//! only bytes that the header and the directory can have and refuses others. So there is no second
//! entry of a name, no hidden one, no link, no compression and no bomb.

use std::io::{self, Read, Write};

use super::Error;

/// The first bytes of an entry.
pub(super) const MAGIC: [u8; 4] = *b"PK\x03\x04";
/// Longest name of an entry.
const MAX_NAME: usize = 200;
/// Above it a length does not fit its field and stands in an extra one (zip64).
const NARROW: u64 = 0xffff_ffff;
const HEADER: usize = 30;

/// One file in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    pub bytes: u64,
    pub crc: u32,
    offset: u64,
}

impl Entry {
    fn is_wide(&self) -> bool {
        self.bytes >= NARROW || self.offset >= NARROW
    }

    /// What stands before the file's bytes.
    fn header(&self) -> Vec<u8> {
        let wide = self.bytes >= NARROW;
        let mut out = MAGIC.to_vec();
        self.common(wide, &mut out);
        put16(&mut out, if wide { 20 } else { 0 });
        out.extend(self.name.as_bytes());
        if wide {
            put16(&mut out, 1);
            put16(&mut out, 16);
            put64(&mut out, self.bytes);
            put64(&mut out, self.bytes);
        }
        out
    }

    /// What stands in the directory.
    fn directory(&self, out: &mut Vec<u8>) {
        let wide = self.is_wide();
        out.extend(b"PK\x01\x02");
        put16(out, 0x031e); // made on Unix
        self.common(wide, out);
        put16(out, if wide { 28 } else { 0 });
        put16(out, 0); // no comment
        put16(out, 0); // the first disk
        put16(out, 0);
        put32(out, 0o100_644 << 16); // a plain file
        put32(out, if wide { u32::MAX } else { narrow(self.offset) });
        out.extend(self.name.as_bytes());
        if wide {
            put16(out, 1);
            put16(out, 24);
            put64(out, self.bytes);
            put64(out, self.bytes);
            put64(out, self.offset);
        }
    }

    /// The fields from 'version needed' to the length of the name.
    fn common(&self, wide: bool, out: &mut Vec<u8>) {
        let bytes = if wide { u32::MAX } else { narrow(self.bytes) };
        put16(out, if wide { 45 } else { 20 });
        put16(out, 0x0800); // the name is UTF-8
        put16(out, 0); // stored as it is
        put32(out, 0x0021_0000); // the first of January 1980: the time stands in the bag's own files
        put32(out, self.crc);
        put32(out, bytes);
        put32(out, bytes);
        put16(out, u16::try_from(self.name.len()).unwrap_or(u16::MAX));
    }
}

/// Everything behind the last file.
fn ending(entries: &[Entry], start: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        entry.directory(&mut out);
    }
    let (count, bytes) = (entries.len() as u64, out.len() as u64);
    let wide = start >= NARROW || count >= 0xffff || bytes >= NARROW;
    if wide {
        let place = start.saturating_add(bytes);
        out.extend(b"PK\x06\x06");
        put64(&mut out, 44);
        put16(&mut out, 0x031e);
        put16(&mut out, 45);
        put32(&mut out, 0);
        put32(&mut out, 0);
        for number in [count, count, bytes, start] {
            put64(&mut out, number);
        }
        out.extend(b"PK\x06\x07");
        put32(&mut out, 0);
        put64(&mut out, place);
        put32(&mut out, 1);
    }
    out.extend(b"PK\x05\x06");
    put32(&mut out, 0);
    let short = u16::try_from(count).unwrap_or(u16::MAX);
    for number in [short, short] {
        put16(&mut out, if wide { u16::MAX } else { number });
    }
    put32(&mut out, if wide { u32::MAX } else { narrow(bytes) });
    put32(&mut out, if wide { u32::MAX } else { narrow(start) });
    put16(&mut out, 0);
    out
}

/// Writes a container front to back.
pub(super) struct Writer<W> {
    out: W,
    at: u64,
    entries: Vec<Entry>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            at: 0,
            entries: Vec::new(),
        }
    }

    /// Begins a file whose length and CRC-32 are known; exactly so many bytes must be written next.
    pub(super) fn begin(&mut self, name: &str, bytes: u64, crc: u32) -> io::Result<()> {
        let entry = Entry {
            name: name.to_owned(),
            bytes,
            crc,
            offset: self.at,
        };
        let header = entry.header();
        self.out.write_all(&header)?;
        self.at = self
            .at
            .saturating_add(header.len() as u64)
            .saturating_add(bytes);
        self.entries.push(entry);
        Ok(())
    }

    /// The bytes of the file that was begun.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Writes the directory and gives the sink back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&ending(&self.entries, self.at))?;
        Ok(self.out)
    }
}

/// Reads a container front to back; the caller says which name must come next.
pub(super) struct Reader<R> {
    input: R,
    at: u64,
    entries: Vec<Entry>,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            at: 0,
            entries: Vec::new(),
        }
    }

    /// The next entry. All of its bytes must be read with [`Self::bytes`] before the one after it.
    ///
    /// # Errors
    /// [`Error::Form`] says what is not as the program writes it.
    pub(super) fn next(&mut self) -> Result<Entry, Error> {
        let mut head = [0; HEADER];
        self.exactly(&mut head)?;
        if head.get(..4) != Some(&MAGIC) {
            return Err(form("an entry is missing"));
        }
        let word = |at: usize| {
            let byte = |n: usize| head.get(at + n).map_or(0, |b| u32::from(*b));
            byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24
        };
        let half = |at: usize| (word(at) & 0xffff) as usize;
        if half(6) & 1 != 0 {
            return Err(form("an entry is encrypted by itself"));
        }
        if half(8) != 0 {
            return Err(form("an entry is compressed"));
        }
        let (name_bytes, extra_bytes) = (half(26), half(28));
        if name_bytes == 0 || name_bytes > MAX_NAME {
            return Err(form("the name of an entry is empty or too long"));
        }
        if extra_bytes != 0 && extra_bytes != 20 {
            return Err(form("an entry carries unknown fields"));
        }
        let mut rest = vec![0; name_bytes + extra_bytes];
        self.exactly(&mut rest)?;
        let (name, extra) = rest.split_at(name_bytes);
        let name = std::str::from_utf8(name).map_err(|_| form("a name is not valid text"))?;
        let wide = extra.get(4..12).and_then(|b| <[u8; 8]>::try_from(b).ok());
        let entry = Entry {
            name: name.to_owned(),
            bytes: wide.map_or(u64::from(word(22)), u64::from_le_bytes),
            crc: word(14),
            offset: self.at,
        };
        // The lengths and the check sum were read; everything else can only be one way.
        let mut found = head.to_vec();
        found.extend(&rest);
        if entry.header() != found {
            return Err(form("the head of an entry has another form"));
        }
        self.at = self
            .at
            .checked_add(found.len() as u64)
            .and_then(|at| at.checked_add(entry.bytes))
            .ok_or_else(|| form("a length is impossible"))?;
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Hands the bytes of this entry to `take`, block by block, and checks their CRC-32.
    ///
    /// # Errors
    /// [`Error::Form`]; what `take` says.
    pub(super) fn bytes(
        &mut self,
        entry: &Entry,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut left = entry.bytes;
        let mut crc = crc32fast::Hasher::new();
        let mut buffer = vec![0; 1 << 16];
        while left > 0 {
            let most = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let block = buffer.get_mut(..most).unwrap_or_default();
            self.exactly(block)?;
            crc.update(block);
            take(block)?;
            left = left.saturating_sub(most as u64);
        }
        if crc.finalize() == entry.crc {
            Ok(())
        } else {
            Err(form("a check sum does not fit"))
        }
    }

    /// The directory must follow, then nothing.
    ///
    /// # Errors
    /// [`Error::Form`].
    pub(super) fn end(mut self) -> Result<(), Error> {
        let expected = ending(&self.entries, self.at);
        let mut found = vec![0; expected.len()];
        self.exactly(&mut found)?;
        if found.get(..4) == Some(&MAGIC) {
            return Err(form("there is an entry too many"));
        }
        if found != expected {
            return Err(form("the directory is not that of the entries"));
        }
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(form("something stands behind the end")),
            Err(_) => Err(form("it cannot be read to its end")),
        }
    }

    /// Damaged encryption and a cut file look alike from here: bytes that should be there are not.
    fn exactly(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        self.input
            .read_exact(buffer)
            .map_err(|_| form("it is cut off or damaged"))
    }
}

fn form(what: &str) -> Error {
    Error::Form(what.to_owned())
}

/// Fields of the narrow form hold what was compared with [`NARROW`] before.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn put16(out: &mut Vec<u8>, number: u16) {
    out.extend(number.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, number: u32) {
    out.extend(number.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        for (name, bytes) in [("a/one.txt", &b"one"[..]), ("a/two.txt", b"")] {
            let crc = crc32fast::hash(bytes);
            writer.begin(name, bytes.len() as u64, crc).unwrap();
            writer.write(bytes).unwrap();
        }
        writer.finish().unwrap()
    }

    fn names(bytes: &[u8]) -> Result<Vec<String>, Error> {
        let mut reader = Reader::new(bytes);
        let mut names = Vec::new();
        for _ in 0..2 {
            let entry = reader.next()?;
            reader.bytes(&entry, &mut |_| Ok(()))?;
            names.push(entry.name);
        }
        reader.end()?;
        Ok(names)
    }

    #[test]
    fn what_is_written_is_read_and_every_byte_counts() {
        let good = small();
        assert_eq!(names(&good).unwrap(), ["a/one.txt", "a/two.txt"]);
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                // A name may read otherwise in both places only if both were changed.
                assert!(names(&bad).is_err(), "byte {at}, bit {bit}");
            }
            assert!(names(&good[..at]).is_err(), "cut at {at}");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert!(names(&longer).is_err());
    }

    #[test]
    fn lengths_beyond_four_gigabytes_have_their_wide_form() {
        let entry = Entry {
            name: "a".into(),
            bytes: 5 << 30,
            crc: 7,
            offset: 0,
        };
        let header = entry.header();
        let mut reader = Reader::new(&header[..]);
        assert_eq!(reader.next().unwrap(), entry);
        let mut far = entry.clone();
        far.offset = 6 << 30;
        let mut directory = Vec::new();
        far.directory(&mut directory);
        assert_eq!(directory[46 + 1 + 20..], (6_u64 << 30).to_le_bytes());
        assert!(
            ending(&[entry], 5 << 30)
                .windows(4)
                .any(|w| w == b"PK\x06\x06")
        );
    }
}
