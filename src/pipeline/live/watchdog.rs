//! Sees to it that a disk which takes nothing is told of while it does: the recorder and the clerk wait
//! for that disk themselves then. This thread reads two counters and touches no file.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::{LiveEvent, Shared};

/// Between two looks.
const STEP: Duration = Duration::from_millis(250);
/// So long nothing was forced to the disk, which is done every second.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a person can do while the disk takes nothing.
const HELP: &str = "The sound waits in memory, for 10 s: what comes after that is lost, and the record will say where. Have another recorder ready.";

/// Works until no more sound comes.
pub(super) fn run(shared: &Shared) {
    let mut watches: Vec<Watch> = shared.microphones.iter().map(|_| Watch::new()).collect();
    while !shared.sound_over.load(Ordering::Acquire) {
        thread::sleep(STEP);
        let mut stuck = false;
        for (microphone, watch) in shared.microphones.iter().zip(&mut watches) {
            let progress = &microphone.progress;
            stuck |= watch.look(progress.is_writing(), progress.syncs(), Instant::now());
        }
        // One disk for all microphones: told once, whichever of them waits.
        if stuck {
            shared.tell(LiveEvent::Alarm {
                channel: None,
                text: told(),
                help: HELP,
                ends: false,
            });
        }
    }
}

fn told() -> String {
    format!("the disk has taken no sound for {} s", PATIENCE.as_secs())
}

/// Of one recorder.
struct Watch {
    syncs: u64,
    since: Instant,
    told: bool,
}

impl Watch {
    fn new() -> Self {
        Self {
            syncs: 0,
            since: Instant::now(),
            told: false,
        }
    }

    /// Whether it has stood still for too long now; that is said once each time.
    fn look(&mut self, writing: bool, syncs: u64, now: Instant) -> bool {
        if !writing || syncs != self.syncs {
            (self.syncs, self.since, self.told) = (syncs, now, false);
            return false;
        }
        let stuck = !self.told && now.saturating_duration_since(self.since) >= PATIENCE;
        self.told |= stuck;
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_stands_still_while_it_writes_is_told_once_each_time() {
        let mut watch = Watch::new();
        let begun = watch.since;
        let mut look = |writing, syncs, seconds| {
            watch.look(writing, syncs, begun + Duration::from_secs(seconds))
        };
        // Nothing is written before the session, however long that takes.
        assert!(!look(false, 0, 60));
        assert!(!look(true, 0, 64) && look(true, 0, 65) && !look(true, 0, 90));
        for second in 91..120 {
            assert!(!look(true, second, second), "{second}");
        }
        assert!(!look(true, 119, 123) && look(true, 119, 124) && !look(true, 119, 125));
        assert!(!look(false, 119, 200));
    }
}
