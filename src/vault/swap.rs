//! Whether the system may write memory to a disk where a thief could read it. What is done against it
//! stands in `resident`; where that does not go, it is told with the step that ends it.

use std::fs;
use std::path::{Path, PathBuf};

/// Most devices under one another: a volume on a volume on an encrypted disk.
const DEPTH: u32 = 8;

/// The swap areas of this system that are not known to be encrypted or in memory; `None` where the system
/// does not tell.
pub fn open_swap() -> Option<Vec<String>> {
    open_swap_of(Path::new("/"))
}

/// The same of a system whose files lie below `root`.
fn open_swap_of(root: &Path) -> Option<Vec<String>> {
    let areas = fs::read_to_string(root.join("proc/swaps")).ok()?;
    let areas = areas.lines().skip(1).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    let open = areas.filter(|(area, kind)| !is_closed(root, area, kind));
    Some(open.map(|(area, _)| area.to_owned()).collect())
}

fn is_closed(root: &Path, area: &str, kind: &str) -> bool {
    if kind == "file" {
        return holding(root, Path::new(area)).is_some_and(|device| is_encrypted(&device, DEPTH));
    }
    // The system writes the device itself, not a link to it.
    let name = area.rsplit('/').next().unwrap_or_default();
    let device = root.join("sys/class/block").join(name);
    if name.starts_with("zram") {
        // It may write to a disk behind it.
        let behind = fs::read_to_string(device.join("backing_dev")).unwrap_or_default();
        return matches!(behind.trim(), "" | "none");
    }
    is_encrypted(&device, DEPTH)
}

/// Whether a block device, or all that it lies on, is encrypted (dm-crypt).
fn is_encrypted(device: &Path, depth: u32) -> bool {
    let uuid = fs::read_to_string(device.join("dm/uuid")).unwrap_or_default();
    if uuid.starts_with("CRYPT-") {
        return true;
    }
    let below = fs::read_dir(device.join("slaves"))
        .map(|entries| entries.flatten().map(|e| e.path()).collect::<Vec<_>>())
        .unwrap_or_default();
    depth > 0 && !below.is_empty() && below.iter().all(|d| is_encrypted(d, depth - 1))
}

/// The device of the file system that a file lies in: the mount with the longest path above it.
fn holding(root: &Path, file: &Path) -> Option<PathBuf> {
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(2);
        let number = words.next()?;
        Some((number, words.nth(1)?))
    });
    let above = mounts.filter(|(_, place)| file.starts_with(place));
    let (number, _) = above.max_by_key(|(_, place)| place.len())?;
    Some(root.join("sys/dev/block").join(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    fn system(swaps: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let swaps = ("proc/swaps", &*format!("{HEAD}{swaps}"));
        for (name, text) in [swaps].into_iter().chain(files.iter().copied()) {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn a_plain_partition_or_file_is_told_and_an_encrypted_one_or_memory_is_not() {
        let crypt = ("sys/class/block/dm-1/dm/uuid", "CRYPT-LUKS2-abc-swap\n");
        let volume = ("sys/class/block/dm-2/dm/uuid", "LVM-abc\n");
        let below = (
            "sys/class/block/dm-2/slaves/dm-0/dm/uuid",
            "CRYPT-LUKS2-d\n",
        );
        let plain = ("sys/class/block/dm-3/slaves/sda2/size", "1\n");
        let mounts = (
            "proc/self/mountinfo",
            "22 1 8:2 / / rw - ext4 /dev/sda2 rw\n36 22 253:7 / /home rw - ext4 /dev/dm-7 rw\n",
        );
        let home = ("sys/dev/block/253:7/dm/uuid", "CRYPT-LUKS2-home\n");
        let behind = ("sys/class/block/zram1/backing_dev", "/dev/sda4\n");
        let all = [crypt, volume, below, plain, mounts, home, behind];
        for (swaps, told) in [
            ("", 0),
            ("/dev/zram0 partition 1 0 100\n", 0),
            ("/dev/dm-1 partition 1 0 -2\n", 0),
            ("/dev/dm-2 partition 1 0 -2\n", 0),
            ("/home/swap file 1 0 -2\n", 0),
            ("/dev/sda3 partition 1 0 -2\n", 1),
            ("/dev/zram1 partition 1 0 100\n", 1),
            ("/dev/dm-3 partition 1 0 -2\n", 1),
            ("/swapfile file 1 0 -2\n", 1),
            ("/dev/sda3 partition 1 0 -2\n/swapfile file 1 0 -3\n", 2),
        ] {
            let dir = system(swaps, &all);
            assert_eq!(open_swap_of(dir.path()).unwrap().len(), told, "{swaps}");
        }
        let nothing = tempfile::tempdir().unwrap();
        assert_eq!(open_swap_of(nothing.path()), None);
    }
}
