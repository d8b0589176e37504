//! Mekong Interview: an interview is a recording plus rows in a store; worker threads fill in rows;
//! screens and exports read rows.
//!
//! # The map
//!
//! | module | what it is |
//! |---|---|
//! | `compute` | arithmetic of our own engines: packed matrices, inner loops, threads, layers |
//! | [`vault`] | a locked workspace: keys, the lock file, sealed files; the store takes its key there |
//! | [`domain`] | plain data, no I/O: languages, positions in sound, interviews, segments, flags |
//! | [`text`] | the six scripts: normal forms, words, sentences, digits, scores (pure) |
//! | [`glossary`] | terms: load, match in a source, check in a translation |
//! | [`audio`] | the only place that names cpal, hound, symphonia, rubato, earshot |
//! | [`speech`] | the only place that names whisper_rs: recognisers and their doubts |
//! | [`translate`] | the only place that names candle: translators, beam search, checks |
//! | [`store`] | the only place that names rusqlite: what was said, append-only, and search |
//! | [`evidence`] | hashes, the chain of events, keys, seals, bundles, verification; files through `vault` |
//! | [`transcript`] | reads transcripts made elsewhere |
//! | [`export`] | one file a format |
//! | [`pipeline`] | takes recordings in; the backlog turns pending rows into text |
//! | [`fonts`] | fonts of the system that can show the six scripts |
//! | [`workspace`], [`config`] | where things are; settings, resolved once |
//! | [`app`] | what both front ends call: blocking methods |
//! | [`cli`] | arguments, printing, progress |
//! | [`gui`] | the only place that names egui: the window and its screens |
//!
//! Imports point one way: `cli | gui -> app -> pipeline | export -> audio | speech | translate | store |
//! transcript -> text | glossary | evidence | workspace | config | fonts -> domain | compute |
//! vault`. What stands in one row does not import each other, but for [`glossary`], which knows [`text`];
//! only the front ends and [`app`] read [`workspace`] and [`config`]. A test reads the `use crate::` lines and
//! fails on an arrow that runs back.
//!
//! # What must not happen
//!
//! - Nothing said is changed or deleted: a correction is a new version, a doubt is a flag, and a line that
//!   was parted or joined stays beside those that took its place.
//! - No text or name of an interview stands in a log or an error.
//! - No weights are loaded by name unless `model.toml` lists them with their SHA-256.
//! - Nothing that is read from a file decides how much memory is taken before it is checked.
//! - Nothing plain is written into a locked workspace.
//! - No network, ever.
//!
//! # Threads
//!
//! A live session runs nine, and two more for each further microphone: a recorder takes what its sound
//! card's callback pushed into a lock-free ring and writes it down, and another thread holds the card's
//! stream, which may hang; the listener reads what was written and
//! cuts it into rows; the recogniser and the translator fill them in, and the one that got their models waits
//! for both; the clerk keeps the record of what happened, and a hasher reads finished parts for it; the
//! watchdog tells of a disk that takes nothing. While tested microphones listen, the models are loaded in a
//! thread of its own. The files and the store are the queues, so whoever is slow costs no memory and loses
//! nothing.
//!
//! Import and resume run one worker a core (fewer where memory is short), each with a recogniser and
//! a translator over shared weights, and take the next line from one board: translations first. Where
//! recognisers compute their steps together, as those of our own Whisper engine do, there are
//! up to four a core, the further ones in workers that only hear; no more of them compute at a time
//! than there are cores. One thread writes to the store, all that has piled up in one transaction.
//! An untranslated row *is* the work to do, so a kill at any moment loses no more than the lines in
//! hand, and `mekong resume` goes on from the rows.
//!
//! The window adds five ([`app::desk`]): one reads the store and adds corrections, one works on
//! imports, one plays sound, one draws its picture, one asks a question in other languages. A screen asks over a bounded queue, never waits, and paints what lies on
//! the desk's board; what is on the board is replaced whole.

pub mod app;
pub mod audio;
pub mod cli;
mod compute;
pub mod config;
pub mod domain;
pub mod evidence;
pub mod export;
pub mod fonts;
pub mod glossary;
pub mod gui;
pub mod pipeline;
pub mod speech;
pub mod store;
pub mod text;
pub mod transcript;
pub mod translate;
pub mod vault;
pub mod workspace;
