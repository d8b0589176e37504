//! One parser under libFuzzer; which one says the name of the program.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "targets.rs"]
mod targets;

fuzz_target!(|bytes: &[u8]| {
    let named = targets::TARGETS.iter().find(|t| t.name == env!("CARGO_BIN_NAME"));
    (named.expect("no such target").run)(bytes);
});
