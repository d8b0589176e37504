//! Keeping a process that opens a locked workspace out of swap: not its keys alone, but the text and the
//! sound that it works on.
//!
//! Only where swap lies in the clear, since memory that cannot be swapped is missing elsewhere. Two ways, the
//! gentler one first: a control group that holds this process alone may use no swap (what was read from
//! files can still be dropped); or, where the system lets this process lock as much as it wants, every
//! page that is in use stays. A lock that is limited is left alone: at the limit memory would be refused,
//! and a recording would end. Neither way holds back a hibernation, which writes everything.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::locked::Locked;
use super::swap::open_swap;

static KEPT: OnceLock<bool> = OnceLock::new();
static ALL_LOCKED: AtomicBool = AtomicBool::new(false);

/// Whether nothing of this process is swapped to a disk in the clear. Tries to bring it about, once.
pub fn is_kept() -> bool {
    *KEPT.get_or_init(|| {
        if open_swap().is_some_and(|open| open.is_empty()) {
            return true;
        }
        if uses_no_swap(Path::new("/"), std::process::id()) {
            return true;
        }
        let all = lock_all();
        ALL_LOCKED.store(all, Ordering::Relaxed);
        all
    })
}

/// Whether the system keeps the keys of this process out of swap, if nothing else.
pub fn keys_are_kept() -> bool {
    is_kept() || Locked::new(()).is_kept()
}

/// Whether every page of this process is locked.
pub(super) fn is_all_locked() -> bool {
    ALL_LOCKED.load(Ordering::Relaxed)
}

/// Whether the control group (version 2) of a process, or one above it, may use no swap. One that holds
/// the process alone is told so; others in it would have to agree.
fn uses_no_swap(root: &Path, process: u32) -> bool {
    let top = root.join("sys/fs/cgroup");
    let Some(group) = group_of(root) else {
        return false;
    };
    let most = |folder: &Path| fs::read_to_string(folder.join("memory.swap.max"));
    let none = |folder: &Path| most(folder).is_ok_and(|text| text.trim() == "0");
    let own = top.join(group);
    if own
        .ancestors()
        .take_while(|f| f.starts_with(&top))
        .any(none)
    {
        return true;
    }
    let there = fs::read_to_string(own.join("cgroup.procs")).unwrap_or_default();
    if there.trim() != process.to_string() || most(&own).is_err() {
        return false;
    }
    fs::write(own.join("memory.swap.max"), "0").is_ok() && none(&own)
}

/// The group of this process, below the folder of all groups.
fn group_of(root: &Path) -> Option<PathBuf> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let inside = |path: &Path| {
        let mut parts = path.components();
        parts.all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    Some(PathBuf::from(path)).filter(|path| inside(path))
}

/// Locks every page that this process uses, now and later, where there is no limit.
#[cfg(target_os = "linux")]
fn lock_all() -> bool {
    use nix::sys::mman::{MlockAllFlags, mlockall};
    use rustix::process::{Resource, getrlimit};

    let limit = getrlimit(Resource::Memlock);
    if limit.current.is_some() && !may_lock(&own_status()) {
        return false;
    }
    // Pages that nobody touches take no memory.
    let on_use = MlockAllFlags::from_bits_retain(nix::libc::MCL_ONFAULT);
    mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | on_use).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn lock_all() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn own_status() -> String {
    fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// Whether a process, by its status, may lock memory beyond every limit (`CAP_IPC_LOCK`).
#[cfg(target_os = "linux")]
fn may_lock(status: &str) -> bool {
    const IPC_LOCK: u32 = 14;
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let rights = line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    rights.is_some_and(|rights| rights >> IPC_LOCK & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: u32 = 4_711;

    /// A system with a group `app.slice/mekong.scope` of these processes and this limit.
    fn system(processes: &str, limit: Option<&str>, above: Option<&str>) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("sys/fs/cgroup/app.slice/mekong.scope");
        fs::create_dir_all(&own).unwrap();
        fs::create_dir_all(dir.path().join("proc/self")).unwrap();
        let groups = "4:memory:/other\n0::/app.slice/mekong.scope\n";
        fs::write(dir.path().join("proc/self/cgroup"), groups).unwrap();
        fs::write(own.join("cgroup.procs"), processes).unwrap();
        for (folder, limit) in [(own.as_path(), limit), (own.parent().unwrap(), above)] {
            if let Some(limit) = limit {
                fs::write(folder.join("memory.swap.max"), limit).unwrap();
            }
        }
        dir
    }

    fn limit_in(dir: &Path) -> String {
        let own = dir.join("sys/fs/cgroup/app.slice/mekong.scope");
        fs::read_to_string(own.join("memory.swap.max")).unwrap_or_default()
    }

    #[test]
    fn a_group_of_this_process_alone_is_told_to_use_no_swap_and_no_other_is() {
        for (processes, limit, above, kept, after) in [
            ("4711\n", Some("max\n"), None, true, "0"),
            ("4711\n", Some("1048576\n"), Some("max\n"), true, "0"),
            // Others live there too: theirs to say.
            ("4711\n4712\n", Some("max\n"), None, false, "max\n"),
            ("4712\n", Some("max\n"), None, false, "max\n"),
            ("4711\n4712\n", Some("0\n"), None, true, "0\n"),
            ("4711\n4712\n", Some("max\n"), Some("0\n"), true, "max\n"),
            // No such limit is kept here.
            ("4711\n", None, None, false, ""),
        ] {
            let dir = system(processes, limit, above);
            assert_eq!(
                uses_no_swap(dir.path(), ALONE),
                kept,
                "{processes:?} {limit:?}"
            );
            assert_eq!(limit_in(dir.path()), after, "{processes:?} {limit:?}");
        }
    }

    #[test]
    fn groups_of_another_form_lead_nowhere() {
        let dir = system("4711\n", Some("max\n"), None);
        let file = dir.path().join("proc/self/cgroup");
        for groups in [
            "",
            "4:memory:/app.slice/mekong.scope\n",
            "0::/../../app.slice/mekong.scope\n",
            "0::/app.slice/gone.scope\n",
        ] {
            fs::write(&file, groups).unwrap();
            assert!(!uses_no_swap(dir.path(), ALONE), "{groups:?}");
        }
        fs::remove_file(&file).unwrap();
        assert!(!uses_no_swap(dir.path(), ALONE));
        assert_eq!(limit_in(dir.path()), "max\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_right_to_lock_is_read_from_the_status() {
        for (line, may) in [
            ("CapEff:\t0000000000004000", true),
            ("CapEff:\t000001ffffffffff", true),
            ("CapEff:\t0000000000000000", false),
            ("CapEff:\t000001ffffffbfff", false),
            ("CapPrm:\t0000000000004000", false),
            ("CapEff:\tžž", false),
            ("", false),
        ] {
            assert_eq!(may_lock(&format!("Name:\tmekong\n{line}\n")), may, "{line}");
        }
    }

    /// In a process of its own: other tests would share its lock.
    #[cfg(target_os = "linux")]
    #[test]
    fn every_page_is_locked_where_there_is_no_limit() {
        const CHILD: &str = "MEKONG_TEST_LOCK_ALL";
        if std::env::var_os(CHILD).is_none() {
            let program = std::env::current_exe().unwrap();
            let name = "vault::resident::tests::every_page_is_locked_where_there_is_no_limit";
            let mut child = std::process::Command::new(program);
            let child = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1");
            let out = child.output().unwrap();
            let told = String::from_utf8_lossy(&out.stdout);
            assert!(out.status.success(), "{told}");
            assert!(told.contains("1 passed"), "{told}");
            return;
        }
        let unlimited = rustix::process::getrlimit(rustix::process::Resource::Memlock);
        let may = unlimited.current.is_none() || may_lock(&own_status());
        assert_eq!(lock_all(), may);
        ALL_LOCKED.store(may, Ordering::Relaxed);
        let locked_kb = || {
            let status = own_status();
            let line = status
                .lines()
                .find_map(|l| l.strip_prefix("VmLck:"))
                .unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
        };
        let before = locked_kb();
        let text = std::hint::black_box(vec![7_u8; 32 << 20]);
        if may {
            assert!(
                locked_kb() >= before + (32 << 10),
                "new memory can be swapped"
            );
            // A secret that goes takes no page out of the lock.
            let with_text = locked_kb();
            drop(Locked::new([1_u8; 64]));
            assert!(locked_kb() >= with_text);
        } else {
            assert_eq!(before, 0);
        }
        drop(text);
    }
}
