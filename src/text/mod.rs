//! The six scripts as pure functions: canonical forms, boundaries, search tokens, numbers, comparison.
//!
//! Three forms of a text are in use:
//! - *canonical* ([`normalise`]): what is stored for machine text. Equal strings look equal.
//! - *folded* ([`fold`]): what is matched. Case, digit systems and known spelling pairs fall together.
//! - *bare* ([`bare`]): folded without Vietnamese diacritics, for people who type without them.

mod alike;
mod compare;
mod day;
mod index;
mod markup;
mod mentions;
pub mod names;
mod normalise;
mod numerals;
mod origin;
mod pieces;
mod script;
mod segment;
mod sentences;
mod skeleton;
mod zawgyi;

pub use alike::{Alike, alike, is_weak, sound_keys};
pub use compare::{
    Chrf, cer, chrf, edit_distance, ends_in_repetition, repetition, said_again, spoken_chars,
};
pub use day::{BUDDHIST, typed_day};
pub use index::{IndexToken, index_tokens};
pub use markup::escape_markup;
pub use mentions::{Mention, birth_year, mentions};
pub use normalise::{bare, composed, fold, is_dropped, normalise};
pub use numerals::{DayHalf, Figure, HALF, Unit, figures, lunar_date};
pub use origin::origin;
pub use pieces::pieces;
pub use script::{capitalised, in_script, numbers};
pub use segment::{common_start, graphemes, line_breaks, words};
pub use sentences::{pauses, sentences, spoken_sentences};
pub use skeleton::QuickLook;
pub use zawgyi::{from_zawgyi, is_zawgyi};

#[cfg(test)]
mod tests;
