//! The chain of the sound: while a session is recorded, every second of it becomes a link that holds
//! the SHA-256 of the second's samples and the hash of the link before. So the first second that was
//! changed can be named, and what a cut-off recording still holds can be proved.
//!
//! A link is one line of canonical JSON; `sha256sum` of a line gives what the next one calls
//! `previous`. The samples are the bytes behind the 44 bytes of the part's header.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::canonical::{canonical, hex, parse_canonical, sha256};
use super::chain::BEGIN;
use super::{Check, Error};
use crate::domain::Cancel;

/// Bytes before the samples of a part.
pub(super) const HEADER: u64 = 44;
/// What the check is called.
const NAME: &str = "sound chain";
/// Most bytes of one second: 8 channels of 16 bits at 384 kHz.
pub(super) const MOST_BYTES: u64 = 8 * 2 * 384_000;

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoundLink {
    /// When it was made, RFC 3339.
    pub at: String,
    /// Channels of the part.
    pub channels: u16,
    /// The first frame of the part that it covers, from 0.
    pub first: u64,
    /// Frames that it covers: a second of them, fewer at the end of a part.
    pub frames: u64,
    /// The interview.
    pub interview: String,
    /// Made after the session, from the file: it says nothing about the time before.
    pub late: bool,
    /// 1, 2, 3 ...
    pub number: u64,
    /// File name of the part.
    pub part: String,
    /// Hash of the link before; of the first one [`BEGIN`].
    pub previous: String,
    /// Frames a second.
    pub rate: u32,
    /// SHA-256 of the samples.
    pub sha256: String,
}

impl SoundLink {
    fn bytes(&self) -> u64 {
        let frame = u64::from(self.channels).saturating_mul(2);
        self.frames.saturating_mul(frame)
    }

    fn is_possible(&self) -> bool {
        let second = self.frames > 0 && self.frames <= u64::from(self.rate);
        second && self.channels > 0 && self.bytes() <= MOST_BYTES
    }
}

/// Where a chain of sound has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundHead {
    /// Hash of the last link.
    pub head: String,
    /// Number of links.
    pub links: u64,
}

impl Default for SoundHead {
    fn default() -> Self {
        Self {
            head: BEGIN.to_owned(),
            links: 0,
        }
    }
}

impl SoundHead {
    /// Puts a link behind the last one, with its number, and returns its line.
    pub fn append(&mut self, mut link: SoundLink) -> Option<String> {
        link.number = self.links.saturating_add(1);
        link.previous.clone_from(&self.head);
        let line = canonical(&serde_json::to_value(&link).ok()?).ok()?;
        self.head = sha256(line.as_bytes());
        self.links = link.number;
        Some(line)
    }

    /// Follows a line that is the next link of this interview's chain.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn follow(&mut self, interview: &str, line: &str) -> Result<SoundLink, &'static str> {
        let read = parse_canonical(line).ok();
        let link = read.and_then(|value: Value| SoundLink::deserialize(value).ok());
        let link = link.filter(SoundLink::is_possible);
        let link = link.ok_or("is not in the form that the program writes")?;
        if link.previous != self.head || link.number != self.links.saturating_add(1) {
            return Err("does not follow the one before it");
        }
        if link.interview != interview {
            return Err("belongs to another interview");
        }
        self.head = sha256(line.as_bytes());
        self.links = link.number;
        Ok(link)
    }
}

/// Whether there is anything behind the header of a part: one that was begun when the session was cut off
/// has nothing for a link to cover. What cannot be read is taken for sound.
fn holds_sound(part: &str, open: OpenPart<'_>) -> bool {
    let mut bytes = Vec::new();
    let most = HEADER.saturating_add(1);
    let read = open(part).and_then(|file| file.take(most).read_to_end(&mut bytes));
    !read.is_ok_and(|got| got as u64 <= HEADER)
}

/// Opens a part by its file name.
pub type OpenPart<'a> = &'a mut dyn FnMut(&str) -> io::Result<Box<dyn Read>>;

/// Every second of a session's sound against its link, and the links against one another.
///
/// `told` is where the chain ended by the event of the session's end; without one the session was not
/// ended, and sound behind the last link is no fault. `parts` are the recordings that are stored.
///
/// # Errors
/// [`Error::Cancelled`]. What does not fit is no error.
pub fn check_sound(
    interview: &str,
    lines: &[String],
    told: Option<&SoundHead>,
    parts: &[&str],
    open: OpenPart<'_>,
    cancel: &Cancel,
) -> Result<Check, Error> {
    let links = match follow_all(interview, lines, told) {
        Ok(links) => links,
        Err(why) => return Ok(Check::bad(NAME, why)),
    };
    let mut clocks: BTreeMap<&str, f64> = BTreeMap::new();
    let late = links.iter().filter(|link| link.late).count();
    // Several microphones write into one chain: the links of their parts lie between one another.
    let mut chained: BTreeMap<&str, Vec<&SoundLink>> = BTreeMap::new();
    for link in &links {
        chained.entry(&link.part).or_default().push(link);
    }
    for (part, of_part) in &chained {
        let clock = clocks.entry(microphone(part)).or_default();
        if let Err(why) = check_part(of_part, told.is_some(), clock, open, cancel)? {
            return Ok(Check::bad(NAME, why));
        }
    }
    let mut loose = parts.iter().filter(|part| !chained.contains_key(**part));
    if told.is_some()
        && let Some(loose) = loose.find(|part| holds_sound(part, open))
    {
        return Ok(Check::bad(NAME, format!("no link covers '{loose}'")));
    }
    let seconds: f64 = clocks.values().sum();
    let mut detail = format!("{} links, {seconds:.1} s of sound", links.len());
    if late > 0 {
        detail.push_str(&format!("; {late} were made after the session"));
    }
    if told.is_none() {
        detail.push_str("; the session has not ended");
    }
    Ok(Check::good(NAME, detail))
}

/// What the names of one microphone's parts have in common: each counts its own seconds.
pub(super) fn microphone(part: &str) -> &str {
    part.rsplit_once('-').map_or(part, |(before, _)| before)
}

/// Every line as a link, one after another, to where the chain ended by `told`.
pub(super) fn follow_all(
    interview: &str,
    lines: &[String],
    told: Option<&SoundHead>,
) -> Result<Vec<SoundLink>, String> {
    let mut head = SoundHead::default();
    let mut links: Vec<SoundLink> = Vec::with_capacity(lines.len());
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for line in lines {
        let number = head.links.saturating_add(1);
        let link = head.follow(interview, line);
        let link = link.map_err(|what| format!("link {number} {what}"))?;
        let end = ends.entry(link.part.clone()).or_default();
        let expected = std::mem::replace(end, link.first.saturating_add(link.frames));
        if link.first != expected {
            return Err(format!(
                "link {number} does not begin where the one before ends"
            ));
        }
        links.push(link);
    }
    match told {
        Some(told) if *told != head => Err(format!(
            "{} links are here, and the session ended with {} and another hash",
            head.links, told.links
        )),
        _ => Ok(links),
    }
}

/// The links of one part against its samples; `clock` goes on in seconds of sound.
fn check_part(
    links: &[&SoundLink],
    ended: bool,
    clock: &mut f64,
    open: OpenPart<'_>,
    cancel: &Cancel,
) -> Result<Result<(), String>, Error> {
    let Some(part) = links.first().map(|link| link.part.as_str()) else {
        return Ok(Ok(()));
    };
    let mut file = match open(part) {
        Ok(file) => file,
        Err(cause) => return Ok(Err(format!("'{part}' cannot be read: {cause}"))),
    };
    let mut bytes = Vec::new();
    let head = file.by_ref().take(HEADER).read_to_end(&mut bytes);
    if !head.is_ok_and(|got| got as u64 == HEADER) {
        return Ok(Err(place(*clock, part, "is missing")));
    }
    for link in links {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        bytes.clear();
        let got = file.by_ref().take(link.bytes()).read_to_end(&mut bytes);
        let what = match got {
            Ok(got) if (got as u64) < link.bytes() => "is missing",
            Ok(_) if hex(&Sha256::digest(&bytes)) != link.sha256 => "was changed",
            Ok(_) => {
                *clock += link.frames as f64 / f64::from(link.rate.max(1));
                continue;
            }
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => "is missing",
            Err(_) => "cannot be read",
        };
        return Ok(Err(place(*clock, part, what)));
    }
    bytes.clear();
    let more = file.take(1).read_to_end(&mut bytes).unwrap_or(1);
    if ended && more > 0 {
        return Ok(Err(place(*clock, part, "and what follows were added")));
    }
    Ok(Ok(()))
}

/// `second 13 of the sound (part-001.wav) was changed`; seconds count from 1.
pub(super) fn place(clock: f64, part: &str, what: &str) -> String {
    let second = clock.floor() as u64;
    format!(
        "second {} of the sound ({part}) {what}",
        second.saturating_add(1)
    )
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const RATE: u32 = 100;

    struct Case {
        lines: Vec<String>,
        files: BTreeMap<String, Vec<u8>>,
        head: SoundHead,
    }

    /// Two parts, of 3.5 and of 2 seconds, in stereo.
    fn case() -> Case {
        let (mut head, mut lines, mut files) = (SoundHead::default(), Vec::new(), BTreeMap::new());
        for (part, frames) in [("part-001.wav", 350_u64), ("part-002.wav", 200)] {
            let sound: Vec<u8> = (0..frames * 4).map(|n| (n * 7 % 251) as u8).collect();
            for (second, bytes) in (0..).zip(sound.chunks(400)) {
                let link = SoundLink {
                    at: "2026-11-24T00:00:00Z".into(),
                    channels: 2,
                    first: second * 100,
                    frames: bytes.len() as u64 / 4,
                    interview: "a-1".into(),
                    late: false,
                    number: 0,
                    part: part.into(),
                    previous: String::new(),
                    rate: RATE,
                    sha256: sha256(bytes),
                };
                lines.push(head.append(link).unwrap());
            }
            files.insert(part.into(), [vec![0; 44], sound].concat());
        }
        Case { lines, files, head }
    }

    fn check(case: &Case, told: bool) -> Check {
        let mut open = |name: &str| {
            let bytes = case.files.get(name).ok_or(ErrorKind::NotFound)?.clone();
            Ok(Box::new(Cursor::new(bytes)) as Box<dyn Read>)
        };
        let told = told.then_some(&case.head);
        let mut parts = vec!["part-001.wav", "part-002.wav"];
        parts.extend(case.files.keys().map(String::as_str).skip(2));
        check_sound("a-1", &case.lines, told, &parts, &mut open, &Cancel::new()).unwrap()
    }

    #[test]
    fn what_was_recorded_fits_and_says_how_long_it_is() {
        let found = check(&case(), true);
        assert!(found.ok, "{found:?}");
        assert_eq!(found.detail, "6 links, 5.5 s of sound");
    }

    #[test]
    fn links_of_two_microphones_lie_between_one_another() {
        let whole = case();
        let read = |line: &String| serde_json::from_str(line).unwrap();
        let mut links: Vec<SoundLink> = whole.lines.iter().map(read).collect();
        // 1 5 2 6 3 4: each part's own order is kept.
        links.swap(1, 4);
        links.swap(2, 4);
        links.swap(3, 5);
        let mut woven = case();
        let mut head = SoundHead::default();
        let order: Vec<String> = links.iter().map(|l| l.part.clone()).collect();
        assert!(order.windows(2).filter(|two| two[0] != two[1]).count() >= 3);
        woven.lines = links.into_iter().map(|l| head.append(l).unwrap()).collect();
        woven.head = head;
        let found = check(&woven, true);
        assert!(found.ok, "{found:?}");
        woven.files.get_mut("part-002.wav").unwrap()[44] ^= 1;
        assert!(
            check(&woven, true)
                .detail
                .contains("(part-002.wav) was changed")
        );
    }

    #[test]
    fn every_changed_byte_is_found_in_its_second() {
        let whole = case();
        for part in ["part-001.wav", "part-002.wav"] {
            let start = if part == "part-001.wav" { 0 } else { 350 };
            for at in 44..whole.files[part].len() {
                let mut changed = case();
                changed.files.get_mut(part).unwrap()[at] ^= 1;
                let found = check(&changed, true);
                // Seconds of a part are counted from the part's own beginning.
                let second = (start + (at - 44) / 400 * 100) / 100 + 1;
                let expected = format!("second {second} of the sound ({part}) was changed");
                assert_eq!(found.detail, expected, "{part} {at}");
            }
        }
    }

    #[test]
    fn a_part_that_was_only_begun_needs_no_link_and_one_with_sound_does() {
        for (bytes, fits) in [(0, true), (44, true), (45, false), (444, false)] {
            let mut begun = case();
            begun.files.insert("part-003.wav".into(), vec![0; bytes]);
            let found = check(&begun, true);
            assert_eq!(found.ok, fits, "{bytes}: {found:?}");
        }
    }

    #[test]
    fn sound_that_is_gone_or_was_added_is_found() {
        let mut cut = case();
        cut.files
            .get_mut("part-001.wav")
            .unwrap()
            .truncate(44 + 900);
        let missing = "second 3 of the sound (part-001.wav) is missing";
        assert_eq!(check(&cut, true).detail, missing);
        assert_eq!(check(&cut, false).detail, missing);
        let mut longer = case();
        longer.files.get_mut("part-002.wav").unwrap().push(0);
        let found = check(&longer, true);
        assert!(!found.ok && found.detail.contains("added"), "{found:?}");
        // Before the end of a session there may be more than the links say.
        assert!(check(&longer, false).ok);
        let mut gone = case();
        gone.files.remove("part-002.wav");
        assert!(!check(&gone, true).ok);
    }

    #[test]
    fn links_that_are_cut_swapped_changed_or_written_anew_do_not_fit() {
        for at in 0..6 {
            let mut without = case();
            without.lines.remove(at);
            assert!(!check(&without, true).ok, "{at}");
            // Of a session without an end, what stands before the cut is still proved.
            assert_eq!(check(&without, false).ok, at == 5, "{at}");
            for place in 0..case().lines[at].len() {
                let mut changed = case();
                let mut bytes = changed.lines[at].clone().into_bytes();
                bytes[place] ^= 1;
                let Ok(line) = String::from_utf8(bytes) else {
                    continue;
                };
                changed.lines[at] = line;
                assert!(!check(&changed, true).ok, "link {at}, byte {place}");
            }
        }
        let mut swapped = case();
        swapped.lines.swap(1, 2);
        assert_eq!(
            check(&swapped, false).detail,
            "link 2 does not follow the one before it"
        );
        // All of it written anew over other sound: only the event of the end tells.
        let mut forged = case();
        forged.files.get_mut("part-001.wav").unwrap()[60] ^= 1;
        let mut head = SoundHead::default();
        let lines = forged.lines.clone();
        forged.lines.clear();
        for line in lines {
            let mut link: SoundLink = serde_json::from_str(&line).unwrap();
            if link.number == 1 {
                link.sha256 = sha256(&forged.files["part-001.wav"][44..444]);
            }
            forged.lines.push(head.append(link).unwrap());
        }
        assert!(check(&forged, false).ok && !check(&forged, true).ok);
        let other = check_sound(
            "a-2",
            &case().lines,
            None,
            &[],
            &mut |_| unreachable!(),
            &Cancel::new(),
        );
        assert_eq!(other.unwrap().detail, "link 1 belongs to another interview");
    }

    #[test]
    fn each_microphone_counts_its_own_seconds() {
        let first = case();
        let (mut head, mut lines) = (SoundHead::default(), Vec::new());
        let mut files = first.files.clone();
        let second: Vec<u8> = [vec![0; 44], vec![7; 800]].concat();
        files.insert("part-m2-001.wav".into(), second);
        for (number, line) in first.lines.iter().enumerate() {
            let link: SoundLink = serde_json::from_str(line).unwrap();
            if number < 2 {
                let of_other = SoundLink {
                    part: "part-m2-001.wav".into(),
                    sha256: sha256(&[7; 400]),
                    ..link.clone()
                };
                lines.push(head.append(of_other).unwrap());
            }
            lines.push(head.append(link).unwrap());
        }
        let mut both = Case { lines, files, head };
        let good = check(&both, true);
        assert_eq!(
            (good.ok, good.detail.as_str()),
            (true, "8 links, 7.5 s of sound")
        );
        both.files.get_mut("part-m2-001.wav").unwrap()[44 + 401] ^= 1;
        assert_eq!(
            check(&both, true).detail,
            "second 2 of the sound (part-m2-001.wav) was changed"
        );
    }
}
