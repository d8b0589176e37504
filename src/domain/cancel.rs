//! One shared 'please stop' that a person's Ctrl-C or a screen's cancel button raises.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that many threads read and any one may raise. Once raised it stays raised.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that nobody has raised yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks all holders to stop at the next safe point.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether somebody asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The bare atomic, for a C callback that can hold no more than a pointer.
    pub fn as_atomic(&self) -> &Arc<AtomicBool> {
        &self.0
    }
}
