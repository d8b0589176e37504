//! A locked workspace: every verb works, nothing of what was said lies on the disk, kills lose
//! nothing, and whatever is wrong with the lock is refused. `scripts/proof disk` runs the long version.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/dark.rs"]
mod dark;
#[path = "common/kills.rs"]
mod kills;
#[path = "common/thief.rs"]
mod thief;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{PASSPHRASE, assert_helpful_failure, json, lock, mekong, practice_sound, run, stderr};
use mekong_interview::vault;
use thief::{Case, Talk};

#[test]
fn every_verb_works_locked_and_a_thief_finds_no_word() {
    let case = Case::new();
    let recovery = case.lock();
    assert!(
        fs::read_to_string(&recovery)
            .unwrap()
            .contains("AGE-SECRET-KEY-1")
    );
    let talks = case.use_everything();
    case.assert_dark();
    case.assert_nothing_is_written_inside(&case.recorded());
    // The search would have found what lies in the clear.
    let plain = Case::new();
    plain.import(&Talk::ALL[0]);
    assert!(!plain.found().is_empty());
    assert_eq!(talks.len(), Talk::ALL.len());
}

#[test]
fn a_plain_workspace_is_locked_whole_and_says_the_same_afterwards() {
    let case = Case::new();
    case.use_everything();
    case.choose_name();
    let before = case.everything_shown();
    assert!(!case.found().is_empty());
    case.lock();
    case.assert_dark();
    case.assert_name_is_kept();
    case.assert_dark();
    assert_eq!(case.everything_shown(), before);
    let verified = case.run(&["verify", &case.recorded()]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    let status = case.json(&["workspace", "status", "--json"]);
    assert_eq!(status["state"], "locked");
    // Original and working copies are age files that stock tools open with the right identity.
    let original = fs::read(case.sound()).unwrap();
    assert!(original.starts_with(b"age-encryption.org/v1\n"));
}

#[test]
fn a_killed_locking_goes_on_with_the_passphrase_and_loses_nothing() {
    for millis in [0, 60, 150, 250, 350, 450, 600, 800] {
        let case = Case::new();
        let id = case.import(&Talk::ALL[2]);
        case.import_sound();
        let before = case.everything_shown();
        let mut child = case
            .mekong()
            .args(["workspace", "lock", "--new-recovery-key"])
            .arg(case.outside.path().join("recovery.txt"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
        // Whatever the moment: the passphrase opens it, and what was there is there.
        assert_eq!(case.everything_shown(), before, "killed after {millis} ms");
        let state = case.json(&["workspace", "status", "--json"])["state"].clone();
        match state.as_str().unwrap() {
            "locked" => case.assert_dark(),
            "plain" => assert!(case.run(&["show", &id]).status.success()),
            other => panic!("{other} after {millis} ms"),
        }
    }
}

/// What came from a partner may only be read. A second name shows what became of the bytes.
#[cfg(unix)]
#[test]
fn locking_writes_over_what_may_only_be_read() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("workspace");
    let folder = root.join("received/0123456789abcdef0123456789abcdef/data");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(root.join(".covered-a1b2c3")).unwrap();
    let words = "我叫张伟 Hà Nội ที่ไหน ຫຼວງພະບາງ ခေါ်လဲ សុខា";
    let files = [
        folder.join("transcript.txt"),
        root.join(".covered-a1b2c3/covered.wav"),
    ];
    let seconds = [dir.path().join("second-0"), dir.path().join("second-1")];
    for (file, second) in files.iter().zip(&seconds) {
        fs::write(file, words).unwrap();
        fs::hard_link(file, second).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    }
    let mut command = mekong(&root);
    command
        .args(["workspace", "lock", "--new-recovery-key"])
        .arg(dir.path().join("recovery.txt"))
        .env("MEKONG_WORKSPACE_PASSPHRASE", PASSPHRASE)
        .env("HOME", dir.path())
        .stdin(Stdio::null());
    // The system's administrator may write whatever the rights of a file say: be somebody else.
    if chown(dir.path(), Some(65_534), Some(65_534)).is_ok() {
        let all = Command::new("chown")
            .args(["-R", "65534:65534"])
            .arg(dir.path())
            .status();
        assert!(all.unwrap().success());
        command.uid(65_534).gid(65_534);
    }
    let locked = command.output().unwrap();
    assert!(locked.status.success(), "{}", stderr(&locked));
    assert!(vault::is_sealed(&files[0]).unwrap() && !files[1].exists());
    for second in seconds {
        assert!(
            fs::read(&second).unwrap().iter().all(|b| *b == 0),
            "{}",
            second.display()
        );
    }
}

#[test]
fn a_kill_of_a_locked_recording_loses_at_most_a_second_and_a_half() {
    // One channel at 8 kHz fills a chunk in four seconds.
    let slow = kills::kill_recordings(2, true, 1, 8_000);
    assert!(slow.worst_lost_ms <= 1_500, "{slow:?}");
    let report = kills::kill_recordings(3, true, 1, 16_000);
    assert!(report.worst_lost_ms <= 1_500, "{report:?}");
    assert!(report.with_lines > 0, "{report:?}");
    // Every file of the locked workspace was searched for what was said, after each kill and after resume.
    assert!(report.texts > 0 && report.searched > 0, "{report:?}");
}

#[test]
fn kills_of_a_locked_recording_around_the_end_of_a_part_lose_none_of_what_was_written() {
    let later = kills::kill_at_the_end_of_a_part(1, true);
    assert_eq!(later, 1, "the kill came after the part's end");
}

#[test]
fn passphrase_and_recovery_key_change_hands_and_the_chain_tells() {
    let case = Case::new();
    let id = case.import(&Talk::ALL[1]);
    let recovery = case.lock();
    let wrong = case.with_phrase("not the right words at all", &["show", &id]);
    assert_helpful_failure(&wrong, "a wrong passphrase");
    assert!(
        stderr(&wrong).contains("could not be unlocked"),
        "{}",
        stderr(&wrong)
    );
    let none = case.with_phrase("", &["show", &id]);
    assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));
    // The same letters from another keyboard.
    let apart: String = PASSPHRASE
        .replace('í', "i\u{301}")
        .replace('ề', "e\u{302}\u{300}");
    assert_ne!(apart, PASSPHRASE);
    assert!(case.with_phrase(&apart, &["show", &id]).status.success());
    // Without it the terms and the microphones are still there.
    assert!(case.with_phrase("", &["glossary", "list"]).status.success());
    // Terms of its own come in sealed, so it asks, and from then on for reading them too.
    let table = case.file("own-words.csv", "id,zh,km\nx-1,玉石矿老板,ចៅកែរណ្តៅត្បូង\n");
    let bring = ["glossary", "import", &table];
    assert_eq!(case.with_phrase("", &bring).status.code(), Some(2));
    assert!(case.run(&bring).status.success());
    let brought = case.root().join("glossaries/own-words.csv");
    assert!(vault::is_sealed(&brought).unwrap());
    case.assert_dark();
    let none = case.with_phrase("", &["glossary", "list"]);
    assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));
    // Who looks after the machine is told what is locked and not that it is broken.
    let doctor = case.with_phrase("", &["doctor"]);
    let told = String::from_utf8_lossy(&doctor.stdout);
    assert!(told.contains("own terms are locked"), "{told}");
    assert!(!told.contains("玉石"), "{told}");

    let first = std::fs::read(case.root().join("vault.json")).unwrap();
    let second = case.file("second.txt", "another long passphrase\n");
    let args = [
        "workspace",
        "change-passphrase",
        "--new-passphrase-file",
        &second,
    ];
    assert!(case.run(&args).status.success());
    assert_helpful_failure(&case.run(&["show", &id]), "the old passphrase");
    let file = ["show", &id, "--passphrase-file", &second];
    assert!(case.with_phrase("", &file).status.success());

    let stranger = "AGE-SECRET-KEY-1QQQQ";
    let stranger = case.file("stranger.txt", stranger);
    let third = case.file("third.txt", PASSPHRASE);
    let recover = |key: &str| {
        let args = ["workspace", "recover", "--recovery-key-file", key];
        case.run(&[&args[..], &["--new-passphrase-file", &third]].concat())
    };
    assert_helpful_failure(&recover(&stranger), "no recovery key");
    // Whoever kept the file of before the change does not come in with the old words.
    let lock = case.root().join("vault.json");
    let newest = std::fs::read(&lock).unwrap();
    std::fs::write(&lock, &first).unwrap();
    let moving = String::from_utf8(first.clone()).unwrap();
    assert!(moving.contains("\"locked\""), "{moving}");
    let moving = moving.replace("\"locked\"", "\"moving\"");
    // Neither as it was, nor as if it were half done, nor to set other words through it.
    for older in [first.clone(), moving.into_bytes()] {
        for verb in [&["show", &id][..], &args] {
            std::fs::write(&lock, &older).unwrap();
            let old = case.run(verb);
            assert_helpful_failure(&old, "an older lock");
            assert!(stderr(&old).contains("older lock"), "{}", stderr(&old));
        }
    }
    std::fs::write(&lock, newest).unwrap();
    assert!(case.with_phrase("", &file).status.success());
    std::fs::write(&lock, &first).unwrap();
    let opened = recover(recovery.to_str().unwrap());
    assert!(opened.status.success(), "{}", stderr(&opened));
    assert!(case.run(&["show", &id]).status.success());
    let mut chain = case.own_chain();
    let before = chain.len();
    chain.retain(|kind| kind != "workspace-unlocked");
    assert_eq!(
        chain,
        [
            "workspace-locked",
            "glossary-changed",
            "passphrase-changed",
            "workspace-recovered"
        ]
    );
    // Three commands had opened it, and whoever looks at the chain now.
    assert!(before > chain.len() + 3, "{before}");
}

#[test]
fn wrong_passphrases_are_counted_over_processes_until_the_right_one() {
    let case = Case::new();
    case.lock();
    let count = || vault::failed_tries(&vault::tries_file(case.root())).count;
    assert_eq!(count(), 0);
    for failed in 1..=2 {
        let wrong = case.with_phrase("ຄົນລະຄຳ ខុសទាំងអស់ မှားတယ်", &["list"]);
        assert_helpful_failure(&wrong, "a wrong passphrase");
        assert_eq!(count(), failed);
    }
    let right = case.run(&["list"]);
    assert!(right.status.success(), "{}", stderr(&right));
    assert!(stderr(&right).contains("tried in"), "{}", stderr(&right));
    assert_eq!(count(), 0);
    // Whoever ends the program while it tries has tried.
    let lock = vault::LockFile::read(case.root()).unwrap().unwrap();
    let mut tries = vault::Tries::hold(&vault::tries_file(case.root()), vault::Failed::default());
    tries.set(vault::Failed { count: 5, at: 0 });
    drop(tries);
    assert!(lock.open("not the words", case.root()).is_err());
    assert!(case.run(&["list"]).status.success());
    assert_eq!(count(), 0);
}

#[test]
fn locking_leaves_nothing_plain_of_commands_that_were_killed() {
    let case = Case::new();
    case.import(&Talk::ALL[1]);
    let word = "ຫຼວງພະບາງ";
    let left = [
        ".covered-a1b2c3/covered.wav",
        "recordings/.covered-a1b2c3/covered.wav",
        "recordings/.scratch-a1b2c3/working-0.wav",
        "received/.incoming-a1b2c3/data/transcript.txt",
        "models/.tmpA1b2C3/config.json",
        "keys/.tmpA1b2C3",
    ];
    for name in left {
        let path = case.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, word.repeat(9)).unwrap();
    }
    let plain = || -> Vec<_> {
        let found = case.found().into_iter();
        found.filter(|(_, what)| what.contains(word)).collect()
    };
    assert!(plain().len() > left.len(), "the search would have found it");
    case.lock();
    for name in left {
        assert!(!case.root().join(name).exists(), "{name}");
    }
    case.assert_dark();
}

#[test]
fn a_locked_workspace_puts_no_sound_into_the_temporary_folder_of_the_system() {
    let case = Case::new();
    case.lock();
    // A file in the place of the folder: nothing can be written there, whoever runs the test.
    let recordings = case.root().join("recordings");
    fs::remove_dir_all(&recordings).unwrap();
    fs::write(&recordings, "").unwrap();
    let sound = practice_sound("th-lo");
    let refused = case.run(&["transcribe", &sound, "--language", "th"]);
    assert_helpful_failure(&refused, "no place for sound");
    fs::remove_file(&recordings).unwrap();
    let heard = case.run(&["transcribe", &sound, "--language", "th"]);
    assert!(heard.status.success(), "{}", stderr(&heard));
}

#[test]
fn whatever_is_wrong_with_the_lock_is_refused_and_nothing_is_written() {
    let case = Case::new();
    let id = case.import(&Talk::ALL[0]);
    let plain = fs::read(case.store()).unwrap();
    case.lock();
    assert_helpful_failure(&case.run_lock(), "a second lock");
    let sealed = fs::read(case.store()).unwrap();
    let vault = case.root().join("vault.json");
    let whole = fs::read_to_string(&vault).unwrap();

    fs::write(case.store(), &plain).unwrap();
    let swapped = case.run(&["show", &id]);
    assert_helpful_failure(&swapped, "a plain store in the place of the protected one");
    assert!(stderr(&swapped).contains("somebody put it there"));
    assert_eq!(fs::read(case.store()).unwrap(), plain, "it was touched");
    fs::write(case.store(), vec![7; sealed.len()]).unwrap();
    assert_helpful_failure(&case.run(&["show", &id]), "a store of another key");
    fs::write(case.store(), &sealed).unwrap();

    for (what, text) in [
        ("cut", whole[..whole.len() / 2].to_owned()),
        ("empty", String::new()),
        ("large", " ".repeat(20 << 10)),
        ("newer", whole.replace("\"version\": 1", "\"version\": 9")),
        ("greedy", whole.replace("65536", "4000000000")),
    ] {
        fs::write(&vault, text).unwrap();
        assert_helpful_failure(&case.run(&["show", &id]), what);
        assert_helpful_failure(&case.run(&["workspace", "status"]), what);
    }
    // Without its lock file a protected store is no database, and it stays as it is.
    fs::remove_file(&vault).unwrap();
    assert_helpful_failure(&case.run(&["show", &id]), "no lock file");
    assert_eq!(fs::read(case.store()).unwrap(), sealed);
    fs::write(&vault, &whole).unwrap();
    assert!(case.run(&["show", &id]).status.success());
}

#[test]
fn a_lock_needs_a_recovery_key_and_a_long_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let locking = |phrase: &str, args: &[&str]| -> Output {
        mekong(dir.path())
            .env("MEKONG_WORKSPACE_PASSPHRASE", phrase)
            .args(["workspace", "lock"])
            .args(args)
            .output()
            .unwrap()
    };
    assert_eq!(locking(PASSPHRASE, &[]).status.code(), Some(2));
    let bad = ["--recovery-key", "age1nothing"];
    assert_helpful_failure(&locking(PASSPHRASE, &bad), "a broken recovery key");
    let good = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let short = locking("short", &["--recovery-key", good]);
    assert_helpful_failure(&short, "a short passphrase");
    assert!(!dir.path().join("vault.json").exists());
    assert!(
        locking(PASSPHRASE, &["--recovery-key", good])
            .status
            .success()
    );
}

#[test]
fn a_locked_workspace_on_a_disk_that_only_gives_is_read() {
    let case = Case::new();
    let id = case.import(&Talk::ALL[2]);
    case.lock();
    let shown = case.json(&["show", &id, "--json"]);
    let Some(_guard) = read_only(case.root()) else {
        return; // whoever runs the tests may write anywhere
    };
    assert_eq!(case.json(&["show", &id, "--json"]), shown);
    let edited = case.run(&["edit", &id, "1", "--text", "x", "--by", "A"]);
    assert_helpful_failure(&edited, "an edit on a read-only disk");
}

/// Takes the right to write away from a folder for as long as the guard lives.
fn read_only(folder: &Path) -> Option<impl Drop> {
    struct Guard(std::path::PathBuf);
    impl Drop for Guard {
        fn drop(&mut self) {
            set(&self.0, false);
        }
    }
    fn set(folder: &Path, read_only: bool) {
        let mut rights = fs::metadata(folder).unwrap().permissions();
        #[allow(clippy::permissions_set_readonly_false, reason = "a temporary folder")]
        rights.set_readonly(read_only);
        fs::set_permissions(folder, rights).unwrap();
    }
    set(folder, true);
    let guard = Guard(folder.to_owned());
    tempfile::NamedTempFile::new_in(folder)
        .is_err()
        .then_some(guard)
}

#[test]
fn the_program_without_a_lock_is_as_before() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(json(dir.path(), &["list", "--json"]), serde_json::json!([]));
    let status = run(dir.path(), &["workspace", "status"]);
    assert_eq!(String::from_utf8_lossy(&status.stdout), "plain\n");
    let outside = tempfile::tempdir().unwrap();
    lock(dir.path(), outside.path());
    assert_eq!(json(dir.path(), &["list", "--json"]), serde_json::json!([]));
}
