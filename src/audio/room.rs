//! Room on the disk: enough for the planned length before anything is recorded, and a word in time
//! when it runs low.

use std::path::Path;
use std::time::Duration;

use super::Error;
use super::disk::Disk;

/// Between two looks at the disk.
const LOOK_AT_DISK: Duration = Duration::from_secs(5);
/// Room that must be left beside the planned length.
const RESERVE_BYTES: u64 = 2 << 30;
/// Minutes left at which a person is warned.
const WARN_MINUTES: [u64; 2] = [30, 10];

/// Watches the room of one disk.
#[derive(Debug, Default)]
pub(super) struct Room {
    looked_at: Duration,
    warned: Option<u64>,
}

impl Room {
    /// Refuses a session for which there is too little room.
    pub(super) fn require(
        disk: &dyn Disk,
        folder: &Path,
        planned: Duration,
        bytes_a_second: u64,
    ) -> Result<(), Error> {
        let Some(free) = disk.free(folder) else {
            return Ok(()); // a system that does not tell
        };
        let needed = bytes_a_second
            .saturating_mul(planned.as_secs())
            .saturating_add(RESERVE_BYTES);
        if free >= needed {
            return Ok(());
        }
        Err(Error::NoRoom {
            needed_mb: needed >> 20,
            free_mb: free >> 20,
            minutes: planned.as_secs().div_ceil(60),
            path: folder.to_owned(),
        })
    }

    /// Looks now and then; gives the minutes left where a person must be told. That is said once for
    /// each limit; freed room takes the warning back.
    pub(super) fn look(
        &mut self,
        disk: &dyn Disk,
        folder: &Path,
        now: Duration,
        bytes_a_second: u64,
    ) -> Option<u64> {
        if now.saturating_sub(self.looked_at) < LOOK_AT_DISK {
            return None;
        }
        self.looked_at = now;
        let minutes = disk.free(folder)? / bytes_a_second.max(1) / 60;
        let warning = WARN_MINUTES.into_iter().rfind(|limit| minutes <= *limit);
        let tell = warning.is_some() && (self.warned.is_none() || warning < self.warned);
        self.warned = warning;
        tell.then_some(minutes)
    }
}
