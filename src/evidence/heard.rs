//! The sound of a bundle against its links: each second is hashed as it comes by, before the links are read
//! that it is compared with, so that a recording of hours is read once and never kept.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::canonical::hex;
use super::sound::{HEADER, MOST_BYTES, SoundLink, microphone, place};

/// Most seconds that are kept of all parts together: a day of the most microphones that a session has.
const MOST_SECONDS: usize = 8 * 25 * 3600;

/// The seconds of every part that came by.
#[derive(Default)]
pub(super) struct Heard {
    parts: BTreeMap<String, Part>,
    seconds: usize,
}

/// One file of sound.
#[derive(Default)]
struct Part {
    header: Vec<u8>,
    /// Channels and frames a second, where the header is that of a part.
    format: Option<(u16, u32)>,
    /// SHA-256 of each second so far, and what is read of the running one.
    seconds: Vec<[u8; 32]>,
    running: Sha256,
    taken: u64,
    /// All bytes behind the header.
    bytes: u64,
}

impl Heard {
    /// Takes the next bytes of a file.
    pub(super) fn take(&mut self, file: &str, block: &[u8]) {
        if !self.parts.contains_key(file) {
            self.parts.insert(file.to_owned(), Part::default());
        }
        if let Some(part) = self.parts.get_mut(file) {
            part.take(block, &mut self.seconds);
        }
    }

    /// A file has ended: what is left of its last second counts as one.
    pub(super) fn end(&mut self, file: &str) {
        if let Some(part) = self.parts.get_mut(file).filter(|part| part.taken > 0) {
            part.end_second(&mut self.seconds);
        }
    }

    /// Whether the links hold every second that came by, and no other. Returns the length of the sound.
    ///
    /// # Errors
    /// The first place that does not fit.
    pub(super) fn check(&self, links: &[SoundLink]) -> Result<f64, String> {
        let mut chained: BTreeMap<&str, Vec<&SoundLink>> = BTreeMap::new();
        for link in links {
            chained.entry(&link.part).or_default().push(link);
        }
        let mut clocks: BTreeMap<&str, f64> = BTreeMap::new();
        for (name, links) in &chained {
            let clock = clocks.entry(microphone(name)).or_default();
            let part = self.parts.get(*name);
            let part = part.ok_or_else(|| place(*clock, name, "is missing"))?;
            part.check(name, links, clock)?;
        }
        let mut all = self.parts.iter();
        match all.find(|(name, part)| part.bytes > 0 && !chained.contains_key(name.as_str())) {
            Some((loose, _)) => Err(format!("no link covers '{loose}'")),
            None => Ok(clocks.values().sum()),
        }
    }
}

impl Part {
    fn take(&mut self, block: &[u8], all: &mut usize) {
        let missing = usize::try_from(HEADER)
            .unwrap_or(usize::MAX)
            .saturating_sub(self.header.len());
        let (head, mut rest) = block.split_at(missing.min(block.len()));
        self.header.extend_from_slice(head);
        if missing > 0 && head.len() == missing {
            self.format = format_of(&self.header);
        }
        self.bytes = self.bytes.saturating_add(rest.len() as u64);
        while let Some(second) = self.second().filter(|_| !rest.is_empty()) {
            let left = usize::try_from(second.saturating_sub(self.taken)).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(left.min(rest.len()));
            self.running.update(now);
            self.taken = self.taken.saturating_add(now.len() as u64);
            if self.taken >= second {
                self.end_second(all);
            }
            rest = later;
        }
    }

    /// Bytes of a second.
    fn second(&self) -> Option<u64> {
        let (channels, rate) = self.format?;
        Some(frame(channels).saturating_mul(u64::from(rate)))
    }

    fn end_second(&mut self, all: &mut usize) {
        if *all >= MOST_SECONDS {
            // Nothing of it is compared, so no link fits it.
            self.format = None;
            return;
        }
        *all = all.saturating_add(1);
        let digest = std::mem::take(&mut self.running).finalize();
        self.seconds.push(digest.into());
        self.taken = 0;
    }

    fn check(&self, name: &str, links: &[&SoundLink], clock: &mut f64) -> Result<(), String> {
        let mut covered = 0_u64;
        for (at, link) in (0_usize..).zip(links) {
            if self.format != Some((link.channels, link.rate)) {
                return Err(format!("'{name}' is not in the form that its links tell"));
            }
            // Only the last second of a part is shorter than the others.
            let is_last = at.saturating_add(1) == links.len();
            if link.first != u64::from(link.rate).saturating_mul(at as u64)
                || link.frames != u64::from(link.rate) && !is_last
            {
                let number = link.number;
                return Err(format!("link {number} does not begin where a second does"));
            }
            let bytes = link.frames.saturating_mul(frame(link.channels));
            covered = covered.saturating_add(bytes);
            match self.seconds.get(at) {
                Some(_) if self.bytes < covered => return Err(place(*clock, name, "is missing")),
                Some(_) if is_last && self.bytes > covered => {
                    return Err(place(*clock, name, "and what follows were added"));
                }
                Some(found) if hex(found) == link.sha256 => {}
                Some(_) => return Err(place(*clock, name, "was changed")),
                None => return Err(place(*clock, name, "is missing")),
            }
            *clock += link.frames as f64 / f64::from(link.rate.max(1));
        }
        Ok(())
    }
}

fn frame(channels: u16) -> u64 {
    u64::from(channels).saturating_mul(2)
}

/// Channels and rate by the header of a part: a WAV file of 16 bits with nothing between its head and its
/// samples.
fn format_of(header: &[u8]) -> Option<(u16, u32)> {
    let at = |from: usize, to: usize| header.get(from..to);
    let short = |from: usize| {
        let bytes = at(from, from.saturating_add(2))?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    };
    let rate = u32::from_le_bytes(at(24, 28)?.try_into().ok()?);
    let (channels, bits) = (short(22)?, short(34)?);
    let is_part = at(0, 4)? == b"RIFF" && at(8, 16)? == b"WAVEfmt " && bits == 16;
    let second = frame(channels).saturating_mul(u64::from(rate));
    (is_part && second > 0 && second <= MOST_BYTES).then_some((channels, rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{SoundHead, sha256};

    const RATE: u32 = 100;

    /// A part of this many frames in stereo, and the links of its seconds.
    fn part(name: &str, frames: usize, head: &mut SoundHead) -> (Vec<u8>, Vec<SoundLink>) {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
        bytes.extend(RATE.to_le_bytes());
        bytes.extend((RATE * 4).to_le_bytes());
        bytes.extend(b"\x04\0\x10\0data\0\0\0\0");
        let sound: Vec<u8> = (0..frames * 4).map(|n| (n * 7 % 251) as u8).collect();
        let links = (0..).zip(sound.chunks(400)).map(|(second, bytes)| {
            let link = SoundLink {
                at: "2026-11-24T00:00:00Z".into(),
                channels: 2,
                first: second * 100,
                frames: bytes.len() as u64 / 4,
                interview: "a-1".into(),
                late: false,
                number: 0,
                part: name.into(),
                previous: String::new(),
                rate: RATE,
                sha256: sha256(bytes),
            };
            let line = head.append(link).unwrap();
            serde_json::from_str(&line).unwrap()
        });
        let links = links.collect();
        bytes.extend(sound);
        (bytes, links)
    }

    /// Two parts, of 3.5 and of 2 seconds.
    fn session() -> (BTreeMap<&'static str, Vec<u8>>, Vec<SoundLink>) {
        let mut head = SoundHead::default();
        let (one, mut links) = part("part-001.wav", 350, &mut head);
        let (two, more) = part("part-002.wav", 200, &mut head);
        links.extend(more);
        (
            BTreeMap::from([("part-001.wav", one), ("part-002.wav", two)]),
            links,
        )
    }

    fn heard(files: &BTreeMap<&str, Vec<u8>>, block: usize) -> Heard {
        let mut heard = Heard::default();
        for (name, bytes) in files {
            for block in bytes.chunks(block) {
                heard.take(name, block);
            }
            heard.end(name);
        }
        heard
    }

    #[test]
    fn what_was_recorded_fits_in_whatever_pieces_it_comes() {
        let (files, links) = session();
        for block in [1, 7, 44, 45, 400, 1 << 18] {
            assert_eq!(heard(&files, block).check(&links), Ok(5.5), "{block}");
        }
        // A part that was begun and holds nothing needs no link.
        let mut with = files.clone();
        with.insert("part-003.wav", files["part-001.wav"][..44].to_vec());
        assert_eq!(heard(&with, 100).check(&links), Ok(5.5));
    }

    #[test]
    fn every_byte_behind_the_header_counts() {
        let (files, links) = session();
        for name in ["part-001.wav", "part-002.wav"] {
            for at in (44..files[name].len()).step_by(37) {
                let mut bad = files.clone();
                bad.get_mut(name).unwrap()[at] ^= 1;
                let told = heard(&bad, 333).check(&links).unwrap_err();
                assert!(told.contains("was changed"), "{told}");
            }
        }
        let mut bad = files.clone();
        bad.get_mut("part-001.wav").unwrap().truncate(44 + 900);
        let told = heard(&bad, 333).check(&links).unwrap_err();
        assert!(
            told.contains("second 3 of the sound (part-001.wav)"),
            "{told}"
        );
        for more in [4, 400, 4_000] {
            let mut bad = files.clone();
            bad.get_mut("part-002.wav").unwrap().extend(vec![0; more]);
            assert!(heard(&bad, 333).check(&links).is_err(), "{more}");
        }
    }

    #[test]
    fn links_of_half_seconds_missing_parts_and_loose_ones_fit_nothing() {
        let (files, links) = session();
        let mut bad = files.clone();
        bad.remove("part-002.wav");
        assert!(heard(&bad, 99).check(&links).is_err());
        let mut bad = files.clone();
        bad.insert("part-009.wav", files["part-001.wav"].clone());
        let told = heard(&bad, 99).check(&links).unwrap_err();
        assert_eq!(told, "no link covers 'part-009.wav'");
        let mut other = links.clone();
        other[1].first = 50;
        assert!(heard(&files, 99).check(&other).is_err());
        let mut other = links.clone();
        other[1].frames = 50;
        assert!(heard(&files, 99).check(&other).is_err());
        // The form is that of the file and not what a link says.
        let mut bad = files.clone();
        bad.get_mut("part-001.wav").unwrap()[24] = 50;
        let told = heard(&bad, 99).check(&links).unwrap_err();
        assert!(told.contains("not in the form"), "{told}");
    }
}
