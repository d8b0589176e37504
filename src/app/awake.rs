//! Keeps the computer from going to sleep while an interview is recorded. Best effort: where the
//! system offers no way, the person is told.

use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A helper program that refuses before this much time has passed will not help.
const TRIAL: Duration = Duration::from_millis(300);

/// Awake until it is dropped, or until this program ends, however it ends.
pub(super) struct Awake(Mutex<Child>);

impl Awake {
    /// Asks the system to stay awake; `None` where it does not listen. Where it refuses to leave the lid
    /// alone it is asked for the rest.
    pub(super) fn ask() -> Option<Self> {
        inhibitors().into_iter().find_map(Self::start)
    }

    fn start(mut command: Command) -> Option<Self> {
        // The helper ends when its input does, which the system sees to even after a kill.
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let awake = Self(Mutex::new(child));
        thread::sleep(TRIAL);
        awake.holds().then_some(awake)
    }

    /// Whether the helper still stands: the system may refuse late.
    pub(super) fn holds(&self) -> bool {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(child.try_wait(), Ok(None))
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        let child = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(child.stdin.take());
        let _ = child.kill(); // it may have ended already
        let _ = child.wait();
    }
}

#[cfg(target_os = "linux")]
fn inhibitors() -> Vec<Command> {
    let inhibit = |(asks, what): (&[&str], &str)| {
        let mut command = Command::new("systemd-inhibit");
        command.args(asks).arg(what).arg("--who=Mekong Interview");
        command.args([
            "--why=An interview is being recorded",
            "--mode=block",
            "cat",
        ]);
        command
    };
    // Nobody at the machine is to be asked for a password while people talk; older ones never ask, and do not
    // know the word.
    let quietly: &[&str] = &["--no-ask-password"];
    let (all, rest) = ("--what=idle:sleep:handle-lid-switch", "--what=idle:sleep");
    [(quietly, all), (&[], all), (quietly, rest), (&[], rest)]
        .map(inhibit)
        .into()
}

#[cfg(target_os = "macos")]
fn inhibitors() -> Vec<Command> {
    let mut command = Command::new("caffeinate");
    command.args(["-i", "-s", "cat"]);
    vec![command]
}

/// No helper program is known for this system.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn inhibitors() -> Vec<Command> {
    Vec::new()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_helper_that_refuses_is_no_help_and_one_that_stays_is_ended() {
        assert!(Awake::start(Command::new("false")).is_none());
        assert!(Awake::start(Command::new("mekong-no-such-program")).is_none());
        let awake = Awake::start(Command::new("cat")).unwrap();
        assert!(awake.holds());
        let mut late = Command::new("sh");
        late.args(["-c", "sleep 0.5"]);
        let late = Awake::start(late).unwrap();
        let begun = std::time::Instant::now();
        while late.holds() {
            assert!(begun.elapsed() < Duration::from_secs(30));
            thread::sleep(Duration::from_millis(20));
        }
        drop(awake); // hangs if the helper is not ended
    }
}
