//! Sealed files: read from any place, while they grow, after every cut, and only with their key.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::*;

const CHUNK: usize = 64 << 10;

fn unlocked(root: &Path) -> Arc<Unlocked> {
    hold(root, WorkspaceKey::generate().unwrap()).unwrap()
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
}

fn write_sealed(path: &Path, content: &[u8]) {
    let mut writer = Writer::new(fs::File::create(path).unwrap(), path).unwrap();
    assert!(writer.is_sealed());
    writer.write_all(content).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_sealed_file_is_read_from_any_place_and_its_length_is_true() {
    let dir = tempfile::tempdir().unwrap();
    let _key = unlocked(dir.path());
    let path = dir.path().join("a");
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
        let content = bytes(len);
        write_sealed(&path, &content);
        assert!(is_sealed(&path).unwrap());
        let mut file = open(&path).unwrap();
        assert_eq!((file.len().unwrap(), file.is_whole()), (len as u64, true));
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        assert!(all == content, "{len}");
        for at in [0, 1, len / 2, CHUNK, 2 * CHUNK, CHUNK + 5, len]
            .into_iter()
            .rev()
        {
            file.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut rest = Vec::new();
            file.read_to_end(&mut rest).unwrap();
            assert!(rest == content.get(at..).unwrap_or_default(), "{len} {at}");
        }
        file.seek(SeekFrom::End(-(len.min(3) as i64))).unwrap();
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, content[len - len.min(3)..]);
    }
}

#[test]
fn a_file_cut_anywhere_gives_every_whole_chunk() {
    let dir = tempfile::tempdir().unwrap();
    let _key = unlocked(dir.path());
    let path = dir.path().join("a");
    let content = bytes(3 * CHUNK + 100);
    write_sealed(&path, &content);
    let whole = fs::read(&path).unwrap();
    let head = whole.len() - (3 * (CHUNK + 16) + 116);
    for cut in (head..whole.len())
        .step_by(4_999)
        .chain([head + CHUNK + 16, whole.len() - 1])
    {
        fs::write(&path, &whole[..cut]).unwrap();
        let mut file = open(&path).unwrap();
        let chunks = (cut - head) / (CHUNK + 16);
        let len = chunks * CHUNK;
        assert_eq!((file.len().unwrap(), file.is_whole()), (len as u64, false));
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        assert!(all == content[..len], "{cut}");
    }
    for cut in 0..head {
        fs::write(&path, &whole[..cut]).unwrap();
        // Nothing of it is readable; that is an error or nothing, never a panic. And it is no foreign file.
        let error = open(&path).err().map(|e| e.kind());
        assert!(
            error.is_none_or(|kind| kind == std::io::ErrorKind::UnexpectedEof),
            "{cut}: {error:?}"
        );
        if let Ok(mut file) = open(&path) {
            let mut all = Vec::new();
            let _ = file.read_to_end(&mut all);
            assert!(all == whole[..all.len()] || all.is_empty());
        }
    }
}

#[test]
fn a_changed_bit_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let _key = unlocked(dir.path());
    let path = dir.path().join("a");
    write_sealed(&path, &bytes(2 * CHUNK));
    let whole = fs::read(&path).unwrap();
    let mut twisted = whole.clone();
    let at = whole.len() - CHUNK - 200;
    twisted[at] ^= 1;
    fs::write(&path, &twisted).unwrap();
    let mut all = Vec::new();
    assert!(open(&path).unwrap().read_to_end(&mut all).is_err());
}

#[test]
fn a_growing_file_is_read_to_its_last_byte_by_its_own_process() {
    let dir = tempfile::tempdir().unwrap();
    let _key = unlocked(dir.path());
    let path = dir.path().join("working-0.wav");
    let content = bytes(3 * CHUNK);
    let mut writer = Writer::growing(fs::File::create(&path).unwrap(), &path).unwrap();
    writer.write_all(&content[..10]).unwrap();
    let mut reader = open(&path).unwrap();
    let mut heard = Vec::new();
    let mut at = 10;
    for step in [1_usize, 100, CHUNK, 5, CHUNK - 111, 20_000, 40_000]
        .into_iter()
        .cycle()
    {
        let end = (at + step).min(content.len());
        writer.write_all(&content[at..end]).unwrap();
        at = end;
        assert_eq!(reader.len().unwrap(), at as u64);
        reader.read_to_end(&mut heard).unwrap();
        assert_eq!(heard.len(), at);
        // Somebody who opens it now, and starts in the middle.
        let mut other = open(&path).unwrap();
        other.seek(SeekFrom::Start(at as u64 / 2)).unwrap();
        let mut rest = Vec::new();
        other.read_to_end(&mut rest).unwrap();
        assert!(rest == content[at / 2..at], "{at}");
        if at == content.len() {
            break;
        }
    }
    writer.finish().unwrap();
    assert!(heard == content);
    assert!(read_small(&path, 1 << 20).unwrap() == content);
}

#[test]
fn a_locked_workspace_takes_and_gives_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("recordings/a/b");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let key = WorkspaceKey::generate().unwrap();
    let recovery = RecoveryIdentity::generate();
    let lock = LockFile::make(&key, "a long enough passphrase", &recovery.recipient());
    lock.unwrap().write(dir.path()).unwrap();
    let held = hold(dir.path(), key).unwrap();
    write_sealed(&path, b"secret");
    drop(held);
    assert!(guards(&path));
    let denied = std::io::ErrorKind::PermissionDenied;
    assert_eq!(open(&path).err().unwrap().kind(), denied);
    let other = fs::File::create(dir.path().join("c")).unwrap();
    let writer = Writer::new(other, &path);
    assert_eq!(writer.err().unwrap().kind(), denied);
    // Another key is not enough.
    let _wrong = unlocked(dir.path());
    let refused = open(&path).err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidData);
}

#[test]
fn sealing_leaves_no_plain_byte_and_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let _key = unlocked(dir.path());
    let path = dir.path().join("original.wav");
    let content = b"RIFF words that must not be found ".repeat(5_000);
    fs::write(&path, &content).unwrap();
    let mut old = fs::File::open(&path).unwrap();
    seal_file(&path).unwrap();
    let sealed = fs::read(&path).unwrap();
    seal_file(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), sealed);
    assert!(read_small(&path, 1 << 20).unwrap() == content);
    let mut left = Vec::new();
    old.read_to_end(&mut left).unwrap();
    assert!(
        left.iter().all(|b| *b == 0),
        "the old bytes are still there"
    );
    let found = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(found, 1);
}
