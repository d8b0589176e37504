//! One shared 'please stop' that a person's Ctrl-C or a screen's cancel button raises.

use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::AtomicU32;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that many threads read and any one may raise. Once raised it stays raised.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    raised: Arc<AtomicBool>,
    #[cfg(test)]
    looks: Option<Arc<Looks>>,
}

/// How often a flag was looked at, and which look raises it: tests count steps by it, not time.
#[cfg(test)]
#[derive(Debug)]
struct Looks {
    seen: AtomicU32,
    raising: u32,
}

impl Cancel {
    /// A flag that nobody has raised yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks all holders to stop at the next safe point.
    pub fn cancel(&self) {
        self.raised.store(true, Ordering::Release);
    }

    /// Whether somebody asked to stop.
    pub fn is_cancelled(&self) -> bool {
        #[cfg(test)]
        if let Some(looks) = &self.looks
            && looks.seen.fetch_add(1, Ordering::AcqRel) + 1 == looks.raising
        {
            self.cancel();
        }
        self.raised.load(Ordering::Acquire)
    }

    /// A flag that the look with this number raises; the first is 1.
    #[cfg(test)]
    pub(crate) fn raised_at(look: u32) -> Self {
        let looks = Looks {
            seen: AtomicU32::new(0),
            raising: look,
        };
        Self {
            looks: Some(Arc::new(looks)),
            ..Self::default()
        }
    }

    /// How often such a flag was looked at.
    #[cfg(test)]
    pub(crate) fn looks(&self) -> u32 {
        let looks = self.looks.as_ref();
        looks.map_or(0, |looks| looks.seen.load(Ordering::Acquire))
    }

    /// The bare atomic, for a C callback that can hold no more than a pointer.
    pub fn as_atomic(&self) -> &Arc<AtomicBool> {
        &self.raised
    }
}
