//! One parser under libFuzzer; which one says the name of the program.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

#[path = "targets.rs"]
mod targets;

fuzz_target!(init: begin(), |bytes: &[u8]| { (target().run)(bytes) });

fn target() -> &'static targets::Target {
    let named = targets::TARGETS
        .iter()
        .find(|t| t.name == env!("CARGO_BIN_NAME"));
    named.expect("no such target")
}

/// Puts the valid files where libFuzzer looks for something to begin with.
fn begin() {
    // A panic of a library that the program catches is an answer; one that gets out ends the run.
    drop(std::panic::take_hook());
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target().name);
    std::fs::create_dir_all(&corpus).unwrap();
    for (number, seed) in (target().seeds)().into_iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{number}")), seed).unwrap();
    }
}
