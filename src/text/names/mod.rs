//! Names in any of the six scripts and in Latin letters, compared by how they are read.
//!
//! One name is written 阮文雄, Nguyễn Văn Hùng and ງວຽນ ວັນ ຫຸງ. [`Name::read`] breaks a writing into
//! [`sound`]s, in every way that it may be read: characters by Mandarin and by Sino-Vietnamese
//! readings, Latin letters as Hanyu Pinyin, as Vietnamese and loosely, Vietnamese also as the
//! characters that it may stand for. [`compare`] aligns the two nearest readings and says part by
//! part how near they are. [`Signature`] is a small summary by which a store finds names to compare.
//!
//! A score is a reason to look, never a decision: nothing here merges people.

mod burmese;
mod compare;
mod han;
mod khmer;
mod latin;
mod read;
mod sound;
mod tai;
mod tai_letters;
mod titles;

pub(super) use han::{pinyin_of, simplified};

pub use compare::{Comparison, PartMatch, SHOWN, compare, score};
pub use read::{Name, Role, Signature, Written};

/// The version of the rules: stored summaries of another version are made anew.
pub const VERSION: i64 = 1;
