//! The slow, full proofs: each prints its figures. `scripts/proof` runs them; `tests/practice.rs`
//! holds a short version of the kills.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/kills.rs"]
mod kills;
#[path = "common/long.rs"]
mod long;

use std::time::Instant;

use common::Import;

/// A number from the environment, or the usual one.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(usual)
}

#[test]
#[ignore = "a full proof of some twenty minutes: scripts/proof memory"]
fn memory_stays_flat_over_four_hours() {
    let hours = setting("MEKONG_PROOF_MINUTES", 240) as f64 / 60.0;
    let (short, _, _) = long::import_long(0.05);
    let (long, seconds, lines) = long::import_long(hours);
    println!("memory: 3 minutes of sound peak at {short:.0} MB");
    println!(
        "memory: {hours:.2} hours of sound ({lines} lines) peak at {long:.0} MB, {seconds:.0} s"
    );
    println!(
        "memory: growth {:.0} MB (to reach: at most 300)",
        long - short
    );
    assert!(long - short <= 300.0);
}

#[test]
#[ignore = "a full proof: scripts/proof kills"]
fn a_kill_at_any_moment_loses_nothing_that_resume_does_not_finish() {
    let kills = setting("MEKONG_PROOF_KILLS", 100);
    let import = Import::of("th-lo");
    let begun = Instant::now();
    let expected = import.undisturbed();
    let length = begun.elapsed();
    let (mut stored, mut not_yet) = (0, 0);
    for n in 0..kills {
        // Evenly over the whole run, in an order that mixes early and late.
        let at = length.mul_f64((n * 61 % kills) as f64 / kills as f64);
        match import.killed_and_resumed(at) {
            None => not_yet += 1,
            Some(words) => {
                assert_eq!(words, expected, "killed after {at:?}");
                stored += 1;
            }
        }
    }
    assert!(stored > 0, "no kill came late enough to be resumed");
    println!("kills: {kills} kills of an import of {length:.1?}");
    println!("kills: {stored} finished by resume with the same words as without a kill");
    println!(
        "kills: {not_yet} came before the copy was complete; nothing was stored, the source is whole"
    );
}

#[test]
#[ignore = "a full proof of some hours: scripts/proof record-kills"]
fn a_killed_recording_loses_at_most_a_second() {
    let kills = setting("MEKONG_PROOF_KILLS", 1000);
    let report = kills::kill_recordings(kills);
    println!(
        "record-kills: {} kills of a running recording; the most that one cost is {} ms of sound (to reach: at most 1000)",
        report.kills, report.worst_lost_ms
    );
    println!(
        "record-kills: {} lines stored before a kill (in {} sessions), all there after it; every resume finished",
        report.lines, report.with_lines
    );
    assert!(report.worst_lost_ms <= 1000);
}
