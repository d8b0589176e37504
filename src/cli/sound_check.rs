//! The microphones' test in the terminal: a few seconds are played back, and the person says whether
//! every speaker was heard, or why there is no test.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::app::live::Armed;
use crate::app::microphone::{MicrophoneTest, TEST_LENGTH, play_back};
use crate::audio::{Hearing, Take};
use crate::domain::Cancel;

use super::Failure;
use super::print::{say, say_error};

/// Between two looks at what was typed.
const STEP: Duration = Duration::from_millis(50);
const ANSWERS: &str = "y: every speaker was heard clearly; Enter: test again; s REASON: record without a test; q: do not record";

/// The test, as it shall stand in the record; `None` where the person does not want to record.
pub(super) fn check(
    armed: &Armed,
    reason: Option<&str>,
    keys: &Receiver<String>,
    cancel: &Cancel,
) -> Result<Option<MicrophoneTest>, Failure> {
    if let Some(test) = left_out(reason, io::stdin().is_terminal())? {
        say(&format!("note: {}", test.label()));
        return Ok(Some(test));
    }
    loop {
        let heard = try_once(armed, cancel)?;
        say(ANSWERS);
        let Some(answer) = answer(keys, cancel) else {
            return Ok(None);
        };
        let (key, rest) = answer.split_once(' ').unwrap_or((&answer, ""));
        match (key, heard) {
            ("y", Some(test)) => return Ok(Some(test)),
            ("y", None) => say("what was heard cannot pass; see above."),
            ("q", _) => return Ok(None),
            ("s", _) => match MicrophoneTest::skipped(rest) {
                Some(test) => return Ok(Some(test)),
                None => say("it needs a reason: s REASON"),
            },
            _ => {}
        }
    }
}

/// The test that was left out for a reason. Where nobody sits at a terminal who could hear a playback, a
/// reason there must be: no microphone is trusted that nobody tried and nobody answers for.
fn left_out(reason: Option<&str>, terminal: bool) -> Result<Option<MicrophoneTest>, Failure> {
    let test = reason.and_then(MicrophoneTest::skipped);
    if test.is_some() || terminal {
        return Ok(test);
    }
    say_error(
        "nobody at a terminal can test the microphones; nothing was recorded",
        "Run it in a terminal, or say why there is no test: --untested REASON. It stands in the record.",
    );
    Err(Failure::Told(1))
}

/// Listens, judges and plays back. What it may pass as, if the person heard it.
fn try_once(armed: &Armed, cancel: &Cancel) -> Result<Option<MicrophoneTest>, Failure> {
    let seconds = TEST_LENGTH.as_secs();
    say(&format!(
        "microphone test: let everybody speak now, {seconds} seconds; nothing of it is kept."
    ));
    let begun = Instant::now();
    while begun.elapsed() < TEST_LENGTH && !cancel.is_cancelled() {
        std::thread::sleep(STEP);
    }
    let takes = armed.takes()?;
    for (number, channel) in (1..).zip(takes.iter().flat_map(|t| &t.channels)) {
        let (peak, word) = (channel.peak_db, channel.hearing.as_str());
        say(&format!("  channel {number}  peak {peak:.0} dB  {word}"));
    }
    let Some(test) = MicrophoneTest::passed(&takes) else {
        say(&format!("  next: {}", advice(&takes)));
        return Ok(None);
    };
    say("this is what was heard:");
    let _ = io::stderr().flush();
    match play_back(&takes, &mut || !cancel.is_cancelled()) {
        Ok(_) => Ok(Some(test)),
        Err(e) => {
            say(&format!("mekong: {e}"));
            say(&format!("  next: {}", e.help()));
            Ok(None)
        }
    }
}

fn advice(takes: &[Take]) -> &'static str {
    match takes.iter().map(Take::hearing).min() {
        Some(Hearing::Clipped) => "Turn the level down or move the microphone away.",
        Some(Hearing::Quiet) => "Speak closer to it, or turn its level up.",
        _ => {
            "See whether it is plugged in, switched on and not muted, and whether the system lets this program listen."
        }
    }
}

/// The next line that is typed; `None` where the input ends or the person interrupts.
fn answer(keys: &Receiver<String>, cancel: &Cancel) -> Option<String> {
    loop {
        match keys.recv_timeout(STEP) {
            Ok(line) => return Some(line),
            Err(RecvTimeoutError::Timeout) if !cancel.is_cancelled() => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microphones_that_nobody_can_test_are_recorded_only_for_a_reason() {
        for without in [None, Some(""), Some(" \t")] {
            assert!(matches!(left_out(without, false), Err(Failure::Told(1))));
            assert!(matches!(left_out(without, true), Ok(None)));
        }
        for reason in ["ບໍ່ມີລຳໂພງ", "没有扬声器"] {
            for terminal in [false, true] {
                let test = left_out(Some(reason), terminal);
                assert!(matches!(&test, Ok(Some(MicrophoneTest::Skipped(why))) if why == reason));
            }
        }
    }
}
