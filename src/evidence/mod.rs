//! Evidence: what makes a change visible, and what lets a partner across a border see that there is
//! none. Works on values and streams and knows no store: whoever verifies needs to trust nothing else.
//!
//! | file | what it is |
//! |---|---|
//! | `canonical` | one spelling of a JSON value, and its SHA-256 |
//! | `chain` | events, each sealed to the one before; records named by their hashes |
//! | `sound` | the chain of a session's sound, a link a second |
//! | `sign`, `keys`, `passphrase` | people, their Ed25519 keys, who is trusted |
//! | `check` | does everything fit, and if not, where first |
//! | `work` | who worked on which line, and whether they signed for it |
//! | `acts` | people did only what their roles allow; nobody certified their own work |
//! | `order` | what came before a revocation, by the order of events |
//! | `clock` | times that run backwards |
//! | `consent` | what the person interviewed allows, and what that forbids |
//! | `container` | a zip file of exactly one form |
//! | `bag`, `source`, `receive`, `heard`, `inside`, `shown`, `shown_head`, `shown_engines`, `shown_doubts`, `reading` | bundles for a partner (BagIt, RFC 8493), written and taken apart |
//! | `receipt` | a partner's signed word that a bundle came |

mod acts;
mod bag;
mod canonical;
mod chain;
mod check;
mod clock;
mod consent;
mod container;
mod error;
mod heard;
mod inside;
mod keys;
mod order;
mod passphrase;
mod reading;
mod receipt;
mod receive;
mod shown;
mod shown_doubts;
mod shown_engines;
mod shown_head;
mod sign;
mod sound;
mod source;
mod work;

pub use crate::domain::Asked;
pub use acts::{Records, check_acts};
pub use bag::{Contents, Packed, SCRIPT, write_bundle};
pub use canonical::{base64, canonical, grouped, hex, parse_canonical, sha256};
pub use chain::{
    BEGIN, Break, Draft, Event, Kind, Link, Row, Signed, WORKING, WORKSPACE, head, read,
};
pub use check::{Check, Story, Verdict, check_rows, check_signatures, hash_reader};
pub use clock::set_back;
pub use consent::{Audience, Consent, Limit, Outgoing, To, unsigned};
pub use error::Error;
pub use keys::{KeyRing, KnownKey, NewKey};
pub use order::Order;
pub use passphrase::Passphrase;
pub use receipt::Receipt;
pub use receive::{Copies, Opened, Reception, SEALED, open_bundle, open_folder};
pub use sign::{MAX_KEY_FILE, PublicKey, Role, SecretKey, Sign, to_pem};
pub use sound::{OpenPart, SoundHead, SoundLink, check_sound};
pub use work::{Deed, Work, is_same};
