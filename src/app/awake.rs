//! Keeps the computer from going to sleep while an interview is recorded. Best effort: where the
//! system offers no way, the person is told.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A helper program that refuses before this much time has passed will not help.
const TRIAL: Duration = Duration::from_millis(300);

/// Awake until it is dropped, or until this program ends, however it ends.
pub(super) struct Awake(Child);

impl Awake {
    /// Asks the system to stay awake; `None` where it does not listen.
    pub(super) fn ask() -> Option<Self> {
        Self::start(inhibitor()?)
    }

    fn start(mut command: Command) -> Option<Self> {
        // The helper ends when its input does, which the system sees to even after a kill.
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut awake = Self(child);
        thread::sleep(TRIAL);
        match awake.0.try_wait() {
            Ok(None) => Some(awake),
            _ => None,
        }
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.kill(); // it may have ended already
        let _ = self.0.wait();
    }
}

#[cfg(target_os = "linux")]
fn inhibitor() -> Option<Command> {
    let mut command = Command::new("systemd-inhibit");
    command.args([
        "--what=idle:sleep:handle-lid-switch",
        "--who=Mekong Interview",
        "--why=An interview is being recorded",
        "--mode=block",
        "cat",
    ]);
    Some(command)
}

#[cfg(target_os = "macos")]
fn inhibitor() -> Option<Command> {
    let mut command = Command::new("caffeinate");
    command.args(["-i", "-s", "cat"]);
    Some(command)
}

/// No helper program is known for this system.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn inhibitor() -> Option<Command> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_helper_that_refuses_is_no_help_and_one_that_stays_is_ended() {
        assert!(Awake::start(Command::new("false")).is_none());
        assert!(Awake::start(Command::new("mekong-no-such-program")).is_none());
        let awake = Awake::start(Command::new("cat")).unwrap();
        drop(awake); // hangs if the helper is not ended
    }
}
