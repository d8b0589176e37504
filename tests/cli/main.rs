//! The command line as a person or a script meets it, one file a verb. Nothing but `sound` needs a
//! model: the transcripts come with their translations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/one_channel.rs"]
mod one_channel;

mod again;
mod bad_models;
mod consent;
mod edit;
mod export;
mod fixture;
mod import;
mod judge;
mod list;
mod messages;
mod people;
mod read_back;
mod recut;
mod search;
mod shelf;
mod show;
mod sound;
mod speech_models;
mod system;
mod translate;
mod usage;
mod voices;
