//! Parts whose head is damaged: the journal and the chain of the sound know their form, so that what they hold,
//! and what follows them, is read all the same. The damaged file itself is never changed.

use std::io::Read;
use std::path::Path;

use super::capture::SourceFormat;
use super::growing_wav::HEADER_BYTES;
use super::notice::{Notice, Part};
use super::recover::{read_format, readable};
use super::series::Series;
use super::{MAX_LIVE_CHANNELS, MAX_RATE, MIN_RATE, read_journal, read_sound_chain};
use crate::evidence::SoundHead;
use crate::vault;

/// Those of these parts that have no head that could be read.
pub fn headless_parts(folder: &Path, parts: &[Part]) -> Vec<String> {
    let whole = |part: &&Part| {
        let mut head = Vec::new();
        let file = vault::open(&folder.join(&part.name));
        let read = file.and_then(|file| file.take(HEADER_BYTES).read_to_end(&mut head));
        read.is_ok() && read_format(&head).is_some()
    };
    let headless = parts.iter().filter(|part| !whole(part));
    headless.map(|part| part.name.clone()).collect()
}

/// The part of this name by what is known of it elsewhere; `None` where nothing is, or where it cannot be read
/// to its end.
pub(super) fn read_around(folder: &Path, series: Series, name: &str) -> Option<Part> {
    let format = by_journal(folder, series, name).or_else(|| by_chain(folder, name))?;
    let usable = (1..=MAX_LIVE_CHANNELS).contains(&format.channels)
        && (MIN_RATE..=MAX_RATE).contains(&format.rate);
    let mut file = vault::open(&folder.join(name)).ok().filter(|_| usable)?;
    let len = file.len().ok()?;
    if file.is_sealed() && readable(&mut file).ok()? != len {
        return None;
    }
    let frames = len.checked_sub(HEADER_BYTES)? / (u64::from(format.channels) * 2);
    (frames > 0).then(|| Part {
        name: name.to_owned(),
        rate: format.rate,
        channels: format.channels,
        frames,
    })
}

fn by_journal(folder: &Path, series: Series, name: &str) -> Option<SourceFormat> {
    let entries = read_journal(folder, series).ok()?;
    entries.into_iter().find_map(|entry| match entry.notice {
        Notice::PartClosed { part } if part.name == name => Some(SourceFormat {
            rate: part.rate,
            channels: part.channels,
        }),
        _ => None,
    })
}

fn by_chain(folder: &Path, name: &str) -> Option<SourceFormat> {
    let interview = folder.file_name()?.to_string_lossy();
    let mut head = SoundHead::default();
    for line in read_sound_chain(folder).ok()? {
        let link = head.follow(&interview, &line).ok()?;
        if link.part == name {
            return Some(SourceFormat {
                rate: link.rate,
                channels: link.channels,
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::super::recorder_tests::{Act, Bench, STEREO};
    use super::super::{SystemDisk, rebuild_working, recover_parts, unread_part};
    use super::*;
    use crate::domain::Cancel;

    #[test]
    fn a_damaged_head_in_the_middle_costs_no_sound_and_is_left_as_it_is() {
        let bench = Bench::new(vec![Act::Speak(48_000 * 4)], STEREO).with_short_parts();
        bench.record(Arc::new(SystemDisk)).unwrap();
        let (folder, series) = (bench.dir.path(), Series::default());
        let before = recover_parts(folder, series).unwrap();
        let heard = bench.samples("working-1.wav");
        assert_eq!(before.len(), 4);
        assert!(headless_parts(folder, &before).is_empty());
        let path = folder.join("part-002.wav");
        let mut bytes = fs::read(&path).unwrap();
        bytes[..30].fill(0xA5);
        fs::write(&path, &bytes).unwrap();
        // By the journal, then by the chain alone.
        for known in ["journal.jsonl", "sound-chain.jsonl"] {
            let after = recover_parts(folder, series).unwrap();
            assert_eq!(after, before, "{known}");
            assert_eq!(unread_part(folder, series, &after), None);
            assert_eq!(headless_parts(folder, &after), ["part-002.wav"]);
            fs::remove_file(folder.join("working-1.wav")).unwrap();
            let (parts, cancel) = ((after.as_slice(), 2), Cancel::new());
            rebuild_working(folder, series, parts, &mut |_, _| {}, &cancel).unwrap();
            assert!(bench.samples("working-1.wav") == heard, "{known}");
            assert_eq!(fs::read(&path).unwrap(), bytes);
            fs::remove_file(folder.join(known)).unwrap();
        }
        // Nobody knows its form any more: what follows is told of as before.
        let parts = recover_parts(folder, series).unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!(
            unread_part(folder, series, &parts).as_deref(),
            Some("part-002.wav")
        );
    }
}
