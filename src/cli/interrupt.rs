//! Ctrl-C: the first asks the work to stop at the next safe point, the second ends the program.

use std::process;

use crate::domain::Cancel;

use super::print::say;

/// The exit code of an interrupted command.
pub(super) const INTERRUPTED: u8 = 130;

/// A flag that the first Ctrl-C raises; `kept` tells the person what becomes of the work so far.
/// Where the system takes no handler, Ctrl-C ends the program at once, as it does anyway.
pub(super) fn cancel_on_ctrl_c(kept: &'static str) -> Cancel {
    let cancel = Cancel::new();
    let raised = cancel.clone();
    let handler = move || {
        if raised.is_cancelled() {
            process::exit(INTERRUPTED.into());
        }
        raised.cancel();
        say(&format!(
            "mekong: stopping; {kept} Ctrl-C again ends at once."
        ));
    };
    // Also where the signal was switched off, as for a job in the background: what it would leave
    // half done matters more than the custom.
    let _ = ctrlc::set_handler(handler);
    cancel
}

/// For work that leaves nothing behind and may be waiting for somebody to type.
pub(super) fn exit_on_ctrl_c() {
    let _ = ctrlc::try_set_handler(|| process::exit(INTERRUPTED.into()));
}
