//! The program: without a verb, or with `gui`, the window; else the command line.

use std::process::ExitCode;

use mekong_interview::{cli, gui};

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os(), gui::run))
}
