//! The program: hands what was typed to the command line and its exit code to the system.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mekong_interview::cli::run(std::env::args_os()))
}
