//! Recordings in a locked workspace that are cut off at any moment: however few bytes a second has, no more
//! of it is lost than what came since the last sync.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::capture::{Clock, SourceFormat};
use super::disk::SystemDisk;
use super::growing_wav::{GrowingWav, tail_of};
use super::recover::has_apart;
use super::tape::Tape;
use super::{Series, SharedChain, complete_sound_chain, read_sound_chain, recover_parts};
use crate::domain::Cancel;
use crate::evidence::{SoundHead, check_sound};
use crate::vault::{self, WorkspaceKey, hold};

/// A sawtooth that tells every frame from its neighbours.
fn sound(from: u64, frames: u64) -> Vec<i16> {
    (from..from + frames)
        .map(|n| (n % 20_011) as i16 + 1)
        .collect()
}

/// What a kill leaves of a folder: a copy of its files, elsewhere.
fn killed(folder: &Path, into: &Path) {
    fs::create_dir_all(into).unwrap();
    for file in fs::read_dir(folder).unwrap().flatten() {
        fs::copy(file.path(), into.join(file.file_name())).unwrap();
    }
}

fn samples(part: &Path) -> Vec<i16> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut vault::open(part).unwrap(), &mut bytes).unwrap();
    let pairs = bytes[44..].chunks_exact(2);
    pairs.map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

fn links_fit(folder: &Path, told: Option<&SoundHead>) {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let lines = read_sound_chain(folder).unwrap();
    let mut open = |part: &str| {
        let part = vault::open(&folder.join(part))?;
        Ok(Box::new(part) as Box<dyn std::io::Read>)
    };
    let check = check_sound(&name, &lines, told, &[], &mut open, &Cancel::new()).unwrap();
    assert!(check.ok, "{check:?}");
}

#[test]
fn a_kill_at_any_moment_costs_a_locked_recording_no_more_than_a_sync_at_every_rate() {
    for rate in [8_000_u32, 16_000, 48_000] {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("recordings/a-1");
        fs::create_dir_all(&folder).unwrap();
        let _key = hold(dir.path(), WorkspaceKey::generate().unwrap()).unwrap();
        let millis = Arc::new(AtomicU64::new(1_000));
        let read = millis.clone();
        let clock: Clock = Arc::new(move || Duration::from_millis(read.load(Ordering::Relaxed)));
        let format = SourceFormat { rate, channels: 1 };
        let mut tape = Tape::begin(
            Arc::new(SystemDisk),
            clock,
            (&folder, Series::default()),
            format,
            1,
            Duration::from_secs(7),
            SharedChain::default(),
        )
        .unwrap();
        let (mut spoken, mut closed, mut worst) = (0, Vec::new(), 0);
        for step in 1..=140_u64 {
            let frames = u64::from(rate / 10);
            tape.write(&sound(spoken, frames), &mut closed).unwrap();
            spoken += frames;
            tape.keep().unwrap();
            millis.fetch_add(100, Ordering::Relaxed);
            if step % 3 != 0 {
                continue;
            }
            // The name of the folder is the interview's, as it was.
            let torn = dir.path().join(format!("killed-{step}/a-1"));
            killed(&folder, &torn);
            // What was linked while it was recorded is there before anything is mended.
            links_fit(&torn, None);
            let parts = recover_parts(&torn, Series::default()).unwrap();
            let kept: u64 = parts.iter().map(|p| p.frames).sum();
            worst = worst.max((spoken - kept) * 1000 / u64::from(rate));
            let heard: Vec<i16> = parts
                .iter()
                .flat_map(|p| samples(&torn.join(&p.name)))
                .collect();
            assert!(heard == sound(0, kept), "{rate} Hz after {step} steps");
            let head = complete_sound_chain(&torn, &[parts], &Cancel::new()).unwrap();
            links_fit(&torn, Some(&head));
            let names = fs::read_dir(&torn)
                .unwrap()
                .flatten()
                .map(|f| f.file_name());
            let mut tails = names.filter(|n| n.to_string_lossy().contains(".tail"));
            assert!(tails.next().is_none(), "a tail is left");
            for file in fs::read_dir(&torn).unwrap().flatten() {
                let path = file.path();
                let empty = fs::metadata(&path).unwrap().len() == 0;
                assert!(
                    empty || vault::is_sealed(&path).unwrap(),
                    "{path:?} is plain"
                );
            }
        }
        assert!(worst <= 1_000, "{worst} ms at {rate} Hz");
        tape.close().unwrap();
        assert!(!tail_of(&folder.join("part-002.wav")).exists());
        let parts = recover_parts(&folder, Series::default()).unwrap();
        assert_eq!(parts.iter().map(|p| p.frames).sum::<u64>(), spoken);
    }
}

#[test]
fn the_tail_of_another_part_an_old_one_or_one_in_the_clear_adds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let _key = hold(dir.path(), WorkspaceKey::generate().unwrap()).unwrap();
    let format = SourceFormat {
        rate: 8_000,
        channels: 1,
    };
    let grow = |name: &str| {
        let path = dir.path().join(name);
        (
            GrowingWav::create(&SystemDisk, &path, format).unwrap(),
            path,
        )
    };
    let (mut first, path) = grow("part-001.wav");
    let (mut other, other_path) = grow("part-002.wav");
    // Before a chunk is full everything is in the tail, the header too.
    first.append(&sound(0, 8_000)).unwrap();
    first.sync().unwrap();
    first.keep_tail(&SystemDisk).unwrap();
    let early = fs::read(tail_of(&path)).unwrap();
    other.append(&sound(5_000, 9_000)).unwrap();
    other.sync().unwrap();
    other.keep_tail(&SystemDisk).unwrap();
    // A chunk and a half.
    first.append(&sound(8_000, 41_000)).unwrap();
    first.sync().unwrap();
    first.keep_tail(&SystemDisk).unwrap();
    let whole_chunk = (65_536 - 44) / 2;
    let right = fs::read(tail_of(&path)).unwrap();
    let part = fs::read(&path).unwrap();
    let of_other = fs::read(tail_of(&other_path)).unwrap();
    // Killed: what was in memory is gone.
    drop((first, other));
    let apart = path.with_extension("apart");
    let recovered = |tail: &[u8]| {
        fs::write(&path, &part).unwrap();
        fs::write(tail_of(&path), tail).unwrap();
        let parts = recover_parts(dir.path(), Series::default()).unwrap();
        assert!(samples(&path) == sound(0, parts[0].frames));
        assert!(!tail_of(&path).exists());
        // What adds nothing and is not in the part lies beside it, as it was.
        assert_eq!(has_apart(dir.path(), &parts), apart.exists());
        let kept = fs::read(&apart).ok();
        let _ = fs::remove_file(&apart); // as a rule it is not there
        assert!(kept.as_ref().is_none_or(|kept| kept == tail));
        (parts[0].frames, kept.is_some())
    };
    assert_eq!(recovered(&right), (49_000, false));
    // It ends before the chunk that was completed after it.
    assert_eq!(recovered(&early), (whole_chunk, false));
    assert_eq!(recovered(&of_other), (whole_chunk, true));
    let mut twisted = right.clone();
    let last = twisted.len() - 20;
    twisted[last] ^= 1;
    assert_eq!(recovered(&twisted), (whole_chunk, true));
    assert_eq!(
        recovered(b"mekong-tail-1 x/part-001.wav 65536\nsound"),
        (whole_chunk, true)
    );
    assert_eq!(recovered(&right[..right.len() / 2]), (whole_chunk, true));
}

#[test]
fn a_tail_behind_a_chunk_that_is_missing_is_put_aside() {
    let dir = tempfile::tempdir().unwrap();
    let _key = hold(dir.path(), WorkspaceKey::generate().unwrap()).unwrap();
    let format = SourceFormat {
        rate: 8_000,
        channels: 1,
    };
    let path = dir.path().join("part-001.wav");
    let mut grown = GrowingWav::create(&SystemDisk, &path, format).unwrap();
    // Two chunks and a half, of which a power cut takes the second.
    grown.append(&sound(0, 80_000)).unwrap();
    grown.sync().unwrap();
    grown.keep_tail(&SystemDisk).unwrap();
    let (part, tail) = (fs::read(&path).unwrap(), fs::read(tail_of(&path)).unwrap());
    drop(grown);
    fs::write(&path, &part[..part.len() - 30_000]).unwrap();
    let apart = path.with_extension("apart");
    for again in [false, true] {
        let parts = recover_parts(dir.path(), Series::default()).unwrap();
        assert_eq!(parts[0].frames, (65_536 - 44) / 2, "{again}");
        assert!(has_apart(dir.path(), &parts));
        assert!(fs::read(&apart).unwrap() == tail && !tail_of(&path).exists());
    }
    let (begin, bytes) = vault::read_tail(&apart, &path).unwrap().unwrap();
    assert_eq!(begin, 2 * 65_536);
    assert_eq!(bytes.len(), 2 * 80_000 + 44 - 2 * 65_536);
}
