//! The chain of the sound: written while recording, torn by kills and faults, completed afterwards.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::capture::SourceFormat;
use super::disk::{Disk, DiskFile, SystemDisk};
use super::notice::{Notice, Stop};
use super::recorder_tests::{Act, Bench, STEREO, stopped};
use super::sound_chain::SOUND_CHAIN;
use super::{
    Series, complete_sound_chain, read_sound_chain, read_whole_sound_chain, recover_parts,
};
use crate::domain::Cancel;
use crate::evidence::{Check, SoundHead, SoundLink, check_sound};
use crate::vault::{self, WorkspaceKey, hold};

fn check(folder: &Path, told: Option<&SoundHead>) -> Check {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let lines = read_sound_chain(folder).unwrap();
    let mut open = |part: &str| Ok(Box::new(vault::open(&folder.join(part))?) as Box<dyn Read>);
    check_sound(&name, &lines, told, &[], &mut open, &Cancel::new()).unwrap()
}

fn complete(folder: &Path) -> SoundHead {
    let parts = recover_parts(folder, Series::default()).unwrap();
    complete_sound_chain(folder, &[parts], &Cancel::new()).unwrap()
}

fn links(folder: &Path) -> Vec<SoundLink> {
    let lines = read_sound_chain(folder).unwrap();
    let read = |line: &String| serde_json::from_str(line).unwrap();
    lines.iter().map(read).collect()
}

#[test]
fn every_second_gets_its_link_while_it_is_recorded_plain_and_sealed() {
    for sealed in [false, true] {
        let slow = SourceFormat {
            rate: 16_000,
            channels: 2,
        };
        let acts = vec![
            Act::Speak(48_000 * 2 + 4_800),
            Act::Unplug(700, slow),
            Act::Speak(16_000),
        ];
        let bench = Bench::new(acts, STEREO);
        let folder = bench.dir.path();
        let key = sealed.then(|| hold(folder, WorkspaceKey::generate().unwrap()).unwrap());
        let notices = bench.record(Arc::new(SystemDisk)).unwrap();
        assert_eq!(stopped(&notices), &Stop::SourceEnded);
        let found = links(folder);
        // Two whole seconds and what is left of the part; then a part at another rate.
        assert!(found.len() >= 4, "{found:?}");
        assert!(found.iter().all(|link| !link.late));
        assert_eq!((found[0].frames, found[1].first), (48_000, 48_000));
        assert_eq!(found.last().unwrap().rate, 16_000);
        let head = complete(folder);
        assert_eq!(head.links, found.len() as u64, "links were made late");
        let good = check(folder, Some(&head));
        assert!(good.ok, "{good:?}");
        assert_eq!(vault::is_sealed(&folder.join(SOUND_CHAIN)).unwrap(), sealed);
        drop(key);
    }
}

#[test]
fn a_recording_that_was_cut_anywhere_is_proved_to_its_last_whole_second() {
    let bench = Bench::new(vec![Act::Speak(48_000 * 4)], STEREO);
    let folder = bench.dir.path();
    bench.record(Arc::new(SystemDisk)).unwrap();
    let whole = fs::read(folder.join(SOUND_CHAIN)).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|n| whole[*n] == b'\n').collect();
    assert_eq!(ends.len(), 4);
    // Cut as a kill does: the chain is never longer than the sound.
    for cut in (0..whole.len()).step_by(17) {
        fs::write(folder.join(SOUND_CHAIN), &whole[..cut]).unwrap();
        let proved = ends.iter().filter(|end| **end < cut).count();
        let told = check(folder, None);
        assert!(told.ok, "{cut}: {told:?}");
        assert!(
            told.detail.starts_with(&format!("{proved} links")),
            "{told:?}"
        );
        let head = complete(folder);
        let late: Vec<bool> = links(folder).iter().map(|link| link.late).collect();
        let expected: Vec<bool> = (0..4).map(|n| n >= proved).collect();
        assert_eq!(late, expected, "{cut}");
        assert!(check(folder, Some(&head)).ok);
    }
    // A change in a second that was linked while it was recorded shows, also after a completion.
    fs::write(folder.join(SOUND_CHAIN), &whole[..=ends[2]]).unwrap();
    let part = folder.join("part-001.wav");
    let mut sound = fs::read(&part).unwrap();
    sound[44 + 48_000 * 4 + 5] ^= 1;
    fs::write(&part, sound).unwrap();
    let head = complete(folder);
    assert_eq!(
        check(folder, Some(&head)).detail,
        "second 2 of the sound (part-001.wav) was changed"
    );
}

/// A disk that refuses the chain after so many operations on it, and nothing else.
struct NoChain(u32);

struct Refusing(Box<dyn DiskFile>, u32);

impl Disk for NoChain {
    fn create(&self, path: &Path) -> std::io::Result<Box<dyn DiskFile>> {
        if !path.ends_with(SOUND_CHAIN) {
            return SystemDisk.create(path);
        }
        match self.0 {
            0 => Err(std::io::ErrorKind::StorageFull.into()),
            left => Ok(Box::new(Refusing(SystemDisk.create(path)?, left))),
        }
    }

    fn sync_folder(&self, folder: &Path) -> std::io::Result<()> {
        SystemDisk.sync_folder(folder)
    }

    fn free(&self, _: &Path) -> Option<u64> {
        Some(1 << 40)
    }
}

impl Refusing {
    fn step(&mut self) -> std::io::Result<()> {
        self.1 -= 1;
        if self.1 == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl DiskFile for Refusing {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Err(e) = self.step() {
            let _ = self.0.append(&bytes[..bytes.len() / 2]);
            return Err(e);
        }
        self.0.append(bytes)
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.0.patch(at, bytes)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.step()?;
        self.0.sync()
    }
}

#[test]
fn a_fault_in_the_chain_is_told_once_and_costs_no_sound() {
    for refused in 0..8 {
        let bench = Bench::new(vec![Act::Speak(48_000 * 4)], STEREO);
        let folder = bench.dir.path();
        let notices = bench.record(Arc::new(NoChain(refused))).unwrap();
        assert_eq!(stopped(&notices), &Stop::SourceEnded, "{refused}");
        let told = |n: &&Notice| matches!(n, Notice::Unlinked { .. });
        assert_eq!(notices.iter().filter(told).count(), 1, "{refused}");
        assert_eq!(bench.samples("part-001.wav").len(), 48_000 * 4 * 2);
        let head = complete(folder);
        let found = check(folder, Some(&head));
        assert!(
            found.ok && found.detail.contains("after the session"),
            "{found:?}"
        );
        assert_eq!(head.links, 4);
    }
}

#[test]
fn a_day_of_eight_microphones_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let day = 8 * 24 * 3600;
    fs::write(dir.path().join(SOUND_CHAIN), "{}\n".repeat(day)).unwrap();
    assert_eq!(read_sound_chain(dir.path()).unwrap().len(), day);
    assert!(read_whole_sound_chain(dir.path()).unwrap().1);
}
