//! What a person should know of memory that the system may write to a disk.

use crate::vault;

/// What ends that memory is written to a disk in the clear.
const OPEN_SWAP: &str = "Let the person who looks after this computer encrypt its swap, or turn it off \
                         ('swapoff -a').";
/// The same where this program alone can be kept out of it.
const OUT_OF_SWAP: &str = "Let the person who looks after this computer encrypt its swap, or turn it off \
                           ('swapoff -a'); or begin with 'systemd-run --user --scope -p \
                           MemorySwapMax=0 mekong'.";

/// What a person should know of memory that may be written to a disk in the clear, and the next step.
/// None where it is not.
pub fn swap_told() -> Option<(String, &'static str)> {
    told_of(
        vault::open_swap().as_deref(),
        vault::is_kept(),
        vault::keys_are_kept(),
    )
}

/// The same of a system with these areas in the clear, where the program or its keys are kept out of them.
fn told_of(
    open: Option<&[String]>,
    is_kept: bool,
    keys_are_kept: bool,
) -> Option<(String, &'static str)> {
    let Some(open) = open else {
        let told = "this system does not say whether memory is written to a disk";
        return Some((told.into(), OPEN_SWAP));
    };
    if open.is_empty() {
        return None;
    }
    let open = open.join(", ");
    Some(if is_kept {
        let told = format!(
            "memory may be written in the clear to {open}; that of this program is not, but for a \
             hibernation"
        );
        (told, OPEN_SWAP)
    } else if keys_are_kept {
        let told = format!("text and sound in memory may be written in the clear to {open}");
        (told, OUT_OF_SWAP)
    } else {
        let told = format!("memory, keys too, may be written in the clear to {open}");
        (told, OUT_OF_SWAP)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_swapped_is_told_as_it_is() {
        let open = ["/dev/sda3".to_owned(), "/swapfile".to_owned()];
        assert_eq!(told_of(Some(&[]), true, true), None);
        let told = |kept, keys| told_of(Some(&open), kept, keys).unwrap();
        let (whole, keys, nothing) = (told(true, true), told(false, true), told(false, false));
        for (text, _) in [&whole, &keys, &nothing] {
            assert!(text.contains("/dev/sda3, /swapfile"), "{text}");
        }
        assert!(whole.0.contains("hibernation") && whole.1 == OPEN_SWAP);
        assert!(keys.0.starts_with("text and sound") && keys.1 == OUT_OF_SWAP);
        assert!(nothing.0.contains("keys too") && nothing.1 == OUT_OF_SWAP);
        assert!(told_of(None, false, true).is_some());
    }
}
