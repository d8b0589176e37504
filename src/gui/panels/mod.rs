//! The screens, one file each. A screen paints, remembers what is typed into it, and asks.

mod evidence;
mod glossary;
mod happened;
mod intake;
mod live;
mod microphone;
mod models;
mod people;
mod phrasebook;
mod review;
mod search;
mod settings;
mod shown;

pub use evidence::Evidence;
pub use glossary::Glossary;
pub use happened::MARKS;
pub use intake::Intake;
pub use models::Models;
pub use people::People;
pub use phrasebook::{Everywhere, Pressed};
pub use review::{Drafts, Place, Review};
pub use search::Search;
pub use settings::Settings;
