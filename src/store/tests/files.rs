//! Files: older and newer forms, other files, full and read-only disks, damage, two at once.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::super::{Error, SearchQuery, Store, open};
use super::Edits as _;
use super::{cut, heard, id, interview, told};
use crate::domain::{Cancel, FlagKind, Lang, SegmentId, Status};

const FORM_1: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/store-form-1.sqlite3"
));

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn query(text: &str) -> SearchQuery {
    SearchQuery {
        text: text.to_owned(),
        limit: 10,
        ..SearchQuery::default()
    }
}

/// A closed database with one interview of two lines.
fn written(path: &Path) {
    let mut store = Store::open(path).unwrap();
    told(
        &mut store,
        "a-1",
        Lang::Vi,
        &["Tôi tên là Hùng.", "Tôi đi Lào Cai."],
    );
}

#[test]
fn what_was_stored_is_there_after_closing() {
    let dir = folder();
    let path = dir.path().join("store.sqlite3");
    written(&path);
    let store = Store::open(&path).unwrap();
    store.check().unwrap();
    assert_eq!(store.segments(&id("a-1")).unwrap().len(), 2);
    assert_eq!(store.search(&query("lào cai")).unwrap().total, 1);
    let reader = Store::open_read_only(&path).unwrap();
    assert_eq!(
        reader.segments(&id("a-1")).unwrap(),
        store.segments(&id("a-1")).unwrap()
    );
}

#[test]
fn an_older_form_opens_and_migrates() {
    let dir = folder();
    let path = dir.path().join("old.sqlite3");
    fs::write(&path, FORM_1).unwrap();
    let refused = Store::open_read_only(&path).unwrap_err();
    assert!(
        matches!(refused, Error::OlderSchema { found: 1, .. }),
        "{refused}"
    );

    let mut store = Store::open(&path).unwrap();
    store.check().unwrap();
    let old = id("2026-01-05-old");
    let lines = store.segments(&old).unwrap();
    let states: Vec<_> = lines.iter().map(|s| (s.status, s.version)).collect();
    assert_eq!(
        states,
        [
            (Status::Machine, 1),
            (Status::Edited, 2),
            (Status::Pending, 0),
            (Status::Failed, 0)
        ]
    );
    assert_eq!(lines[1].text, "Tôi tên là Nguyễn Văn Hùng.");
    assert_eq!(lines[0].translations[0].text, "Anh tên gì?");
    assert_eq!(lines[3].flags[0].kind, FlagKind::EngineFailed);
    let listed = &store.list(None).unwrap()[0];
    assert_eq!((listed.segments, listed.pending, listed.flagged), (4, 2, 2));
    assert_eq!(store.pending_recognition(None, false).unwrap().len(), 1);
    assert_eq!(
        store.pending_translation(None).unwrap()[0].segment,
        SegmentId(2)
    );
    assert_eq!(store.search(&query("nguyen van hung")).unwrap().total, 1);
    store
        .edit_text(&old, SegmentId(3), "好的。", "Li", None)
        .unwrap();
    assert_eq!(
        Store::open_read_only(&path).unwrap().list(None).unwrap()[0].pending,
        2
    );
}

#[test]
fn every_migration_is_applied_once_and_counted() {
    let store = Store::open_in_memory().unwrap();
    let version: i64 = store
        .conn
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, open::SCHEMA);
    assert!(open::MIGRATIONS.len() >= 2);
}

#[test]
fn a_newer_form_is_refused_and_left_alone() {
    let dir = folder();
    let path = dir.path().join("new.sqlite3");
    written(&path);
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let before = fs::read(&path).unwrap();
    for refused in [Store::open(&path), Store::open_read_only(&path)] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, Error::NewerSchema { found: 99, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("new.sqlite3"));
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let dir = folder();
    for (name, content) in [
        (
            "text.sqlite3",
            b"these are the notes of a long day".to_vec(),
        ),
        ("short.sqlite3", b"x".to_vec()),
        ("cut.sqlite3", FORM_1[..10].to_vec()),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, &content).unwrap();
        for refused in [Store::open(&path), Store::open_read_only(&path)] {
            let error = refused.unwrap_err();
            assert!(matches!(error, Error::NotADatabase(_)), "{name}: {error}");
        }
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        3,
        "side files were left behind"
    );
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let dir = folder();
    let path = dir.path().join("other.sqlite3");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE photo (name TEXT)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(Store::open(&path), Err(Error::OtherProgram(_))));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_that_is_not_there_is_not_made_for_reading() {
    let dir = folder();
    let path = dir.path().join("none.sqlite3");
    assert!(matches!(
        Store::open_read_only(&path),
        Err(Error::Open { .. })
    ));
    assert!(!path.exists());
    assert!(matches!(
        Store::open(&dir.path().join("no/folder")),
        Err(Error::Open { .. })
    ));
}

#[test]
fn a_torn_file_is_called_damaged() {
    let dir = folder();
    let path = dir.path().join("torn.sqlite3");
    written(&path);
    let mut bytes = fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(4096 * 2) {
        *byte = 0xAA;
    }
    fs::write(&path, &bytes).unwrap();
    let found = Store::open(&path).and_then(|store| {
        store.check()?;
        store.segments(&id("a-1")).map(|_| ())
    });
    let error = found.unwrap_err();
    assert!(matches!(error, Error::Damaged(_)), "{error:?}");
    assert!(error.help().contains("backup"));
}

#[test]
fn a_reader_cannot_write() {
    let dir = folder();
    let path = dir.path().join("store.sqlite3");
    written(&path);
    let mut reader = Store::open_read_only(&path).unwrap();
    let refused = reader.edit_text(&id("a-1"), SegmentId(1), "x", "Li", None);
    assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
    assert!(matches!(
        reader.rebuild_index(&mut |_, _| {}, &Cancel::new()),
        Err(Error::ReadOnly)
    ));
}

#[test]
fn a_database_on_a_read_only_disk_is_read_without_side_files() {
    let dir = folder();
    let path = dir.path().join("现场 #1?%.sqlite3");
    written(&path);
    let count = fs::read_dir(dir.path()).unwrap().count();
    let conn = open::open_immutable(&path).unwrap();
    let lines: i64 = conn
        .query_row("SELECT count(*) FROM segment", [], |r| r.get(0))
        .unwrap();
    assert_eq!(lines, 2);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), count);
    fs::write(dir.path().join("现场 #1?%.sqlite3-wal"), b"changes").unwrap();
    assert!(matches!(
        open::open_immutable(&path),
        Err(Error::UnmergedChanges(_))
    ));
}

/// A disk in memory, detached when dropped; only the system's administrator may attach one.
struct Disk(tempfile::TempDir);

impl Disk {
    fn attach() -> Option<Self> {
        let disk = Self(folder());
        let attached = disk.mount(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"]);
        if !attached {
            println!("skipped: this user may not attach a disk");
        }
        attached.then_some(disk)
    }

    fn mount(&self, args: &[&str]) -> bool {
        let mounted = std::process::Command::new("mount")
            .args(args)
            .arg(self.0.path())
            .output();
        mounted.is_ok_and(|o| o.status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
    }
}

#[test]
fn a_read_only_disk_is_read_and_searched_and_never_written() {
    let Some(disk) = Disk::attach() else { return };
    let path = disk.0.path().join("store.sqlite3");
    written(&path);
    assert!(disk.mount(&["-o", "remount,ro"]));
    assert!(matches!(Store::open(&path), Err(Error::ReadOnly)));
    let reader = Store::open_read_only(&path).unwrap();
    assert_eq!(reader.list(None).unwrap().len(), 1);
    assert_eq!(reader.search(&query("Lào Cai")).unwrap().total, 1);
    reader.check().unwrap();
}

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let dir = folder();
    let path = dir.path().join("store.sqlite3");
    written(&path);
    let mut store = Store::open(&path).unwrap();
    let before = store.segments(&id("a-1")).unwrap();
    let pages: i64 = store
        .conn
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    let _: i64 = store
        .conn
        .pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
        .unwrap();
    let cuts: Vec<_> = (0..500).map(|n| cut(0, n * 100, Lang::Zh)).collect();
    let error = store
        .create_interview(&interview("b", &[Lang::Zh, Lang::Vi]), &cuts)
        .unwrap_err();
    assert!(matches!(error, Error::Full), "{error:?}");
    assert!(error.to_string().contains("full"));
    assert_eq!(store.list(None).unwrap().len(), 1);
    assert_eq!(store.segments(&id("a-1")).unwrap(), before);
    // Room again: the same step succeeds.
    let _: i64 = store
        .conn
        .pragma_update_and_check(None, "max_page_count", 1_000_000, |row| row.get(0))
        .unwrap();
    store
        .create_interview(&interview("b", &[Lang::Zh, Lang::Vi]), &cuts)
        .unwrap();
    store.check().unwrap();
}

#[test]
fn a_damaged_index_rebuilds_itself() {
    for harm in [
        "DELETE FROM search_data",
        "UPDATE search_data SET block = x'00ff00'",
        "DELETE FROM search_idx; DELETE FROM search_data WHERE id > 10",
        "DROP TABLE search",
        "DELETE FROM search_config",
        "DROP TABLE search_config",
        "DROP TABLE sound",
        "UPDATE search_config SET v = 3",
        "UPDATE setting SET value = '0' WHERE name = 'index'; DELETE FROM search_docsize",
    ] {
        let dir = folder();
        let path = dir.path().join("store.sqlite3");
        written(&path);
        Connection::open(&path)
            .unwrap()
            .execute_batch(harm)
            .unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(store.search(&query("Hùng")).unwrap().total, 1, "{harm}");
        assert_eq!(store.search(&query("cai")).unwrap().total, 1, "{harm}");
        assert_eq!(store.search(&query("Húng")).unwrap().total, 1, "{harm}");
        assert!(
            store.search(&query("zzz zz")).unwrap().hits.is_empty(),
            "{harm}"
        );
        store.check().unwrap();
        assert_eq!(store.segments(&id("a-1")).unwrap().len(), 2);
    }
}

#[test]
fn a_reader_finds_words_without_a_usable_index() {
    let dir = folder();
    let path = dir.path().join("store.sqlite3");
    written(&path);
    Connection::open(&path)
        .unwrap()
        .execute_batch("DELETE FROM search_data")
        .unwrap();
    let reader = Store::open_read_only(&path).unwrap();
    let page = reader.search(&query("Lào Cai")).unwrap();
    assert_eq!((page.total, page.complete), (1, true));
    assert_eq!(page.hits[0].marks, [(7, 14)]);
}

#[test]
fn check_sees_an_index_that_does_not_hold_what_its_table_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite3");
    let mut store = Store::open(&path).unwrap();
    told(&mut store, "a-1", Lang::My, &["တစ်", "နှစ်"]);
    store.check().unwrap();
    drop(store);
    // The rows that an index names are no longer those of the table: every page by itself is sound.
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, '(interview, gone, waits, flagged)',
             '(interview, gone, waits, start_sample)') WHERE name = 'line_counts';",
    )
    .unwrap();
    assert_eq!(db.changes(), 1);
    drop(db);
    let store = Store::open_read_only(&path).unwrap();
    assert!(matches!(store.check(), Err(Error::Damaged(_))));
}

#[test]
fn check_sees_lines_that_the_index_lacks() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a-1", Lang::Vi, &["một", "hai"]);
    store.check().unwrap();
    store
        .conn
        .execute("DELETE FROM search WHERE rowid = 1", [])
        .unwrap();
    assert!(matches!(store.check(), Err(Error::IndexDamaged)));
    assert_eq!(
        store.rebuild_index(&mut |_, _| {}, &Cancel::new()).unwrap(),
        2
    );
    store.check().unwrap();
}

#[test]
fn two_writers_and_a_reader_work_at_once() {
    let dir = folder();
    let path = dir.path().join("store.sqlite3");
    let mut store = Store::open(&path).unwrap();
    let cuts: Vec<_> = (0..60).map(|n| cut(1, n * 2_000, Lang::Vi)).collect();
    store
        .create_interview(&interview("a-1", &[Lang::Zh, Lang::Vi]), &cuts)
        .unwrap();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let path = &path;
            scope.spawn(move || {
                let mut store = Store::open(path).unwrap();
                for n in 0..30 {
                    let line = SegmentId(1 + half * 30 + n);
                    store
                        .record_hypothesis(&id("a-1"), line, &heard(Lang::Vi, "vâng"))
                        .unwrap();
                }
            });
        }
        scope.spawn(|| {
            let reader = Store::open_read_only(&path).unwrap();
            for _ in 0..30 {
                let listed = &reader.list(None).unwrap()[0];
                assert_eq!((listed.segments, listed.pending), (60, 60));
                assert_eq!(reader.segments(&id("a-1")).unwrap().len(), 60);
            }
        });
    });
    assert!(store.pending_recognition(None, true).unwrap().is_empty());
    assert_eq!(store.pending_translation(None).unwrap().len(), 60);
    store.check().unwrap();
}
