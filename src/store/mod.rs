//! The store: one SQLite file that holds interviews, their lines, every version and the search index.
//!
//! Records only grow (`migrations/0001_records.sql`); what can be worked out from them
//! (`migrations/0002_derived.sql` and the search index) is kept beside them in the same transaction
//! and can be rebuilt at any time. A person's words always stand before a machine's: a later machine
//! version is kept, but it never becomes the one that counts.

mod across;
mod certify;
mod chain;
mod codec;
mod derived;
mod error;
mod filter;
mod halves;
mod heads;
mod interviews;
mod lines;
mod near;
mod open;
mod pending;
mod people;
mod people_match;
mod proofs;
mod provenance;
mod put_back;
mod query;
mod rank;
mod read_back;
mod rebuild;
mod rechecked;
mod recut;
mod recuts;
mod register;
mod remake;
mod scan;
mod schema;
mod sealed;
mod search;
mod sessions;
mod speakers;
mod speech_models;
mod terms;
mod types;
mod versions;

#[cfg(test)]
mod tests;

pub use across::Other;
pub use error::Error;
pub use provenance::Maker;
pub use put_back::Former;
pub use read_back::{Answer, NewReadBack};
pub use recut::{Recutting, SplitAt};
pub use recuts::{Recut, RecutKind, RecutLine};
pub use speakers::{BY_VOICE, Listened, SpeakerVersion};
pub use types::{
    Corrected, Correction, Hit, ImportedLine, ImportedTranslation, Index, Matched, NameMatch,
    Neighbour, NewAudio, NewEvent, NewFact, NewInterview, NewRecord, NewSegment, NewSession, Offer,
    PendingTranslation, PendingUtterance, Record, SearchPage, SearchQuery, Shared, TextVersion,
    Via, Why, Working,
};

/// An open interview database. One connection: share it between threads behind a lock, or open one
/// for each thread; writers wait up to ten seconds for one another.
pub struct Store {
    conn: rusqlite::Connection,
    /// What machines work with, for their events.
    provenance: provenance::Provenance,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.conn.path())
            .finish()
    }
}
