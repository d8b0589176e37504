//! Memory for secrets: pages of their own, which the system is asked to keep out of swap, and which are
//! wiped before they are given back. Where it refuses (a limit, another system) a secret is used all the
//! same: without it nothing opens.

use std::io::{self, Read as _};
use std::ops::{Deref, DerefMut, Range};
use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

use super::resident;

/// Longest passphrase, in bytes.
const LONGEST: usize = 16 << 10;

/// As large as the largest page of the systems that are served, so that no page is shared: giving back one
/// secret would let its neighbour be swapped.
#[repr(align(16384))]
struct Pages<T>(Option<T>);

/// A secret in memory that is not swapped. `T` wipes itself when it is dropped.
pub struct Locked<T> {
    inside: Box<Pages<T>>,
    guard: Option<region::LockGuard>,
}

impl<T> Locked<T> {
    /// Moves a secret into memory of its own.
    pub fn new(secret: T) -> Self {
        let mut inside = Box::new(Pages(None));
        let address = std::ptr::from_ref(&*inside);
        // Before the secret is there. A refusal is told by `resident::keys_are_kept`.
        let guard = region::lock(address, size_of::<Pages<T>>()).ok();
        inside.0 = Some(secret);
        Self { inside, guard }
    }

    /// Whether the system keeps it out of swap.
    pub(super) fn is_kept(&self) -> bool {
        self.guard.is_some()
    }
}

impl<T> Drop for Locked<T> {
    fn drop(&mut self) {
        self.inside.0 = None;
        let guard = self.guard.take();
        if resident::is_all_locked() {
            // Giving back these pages would take them out of the lock around the whole process.
            std::mem::forget(guard);
        }
    }
}

impl<T> Deref for Locked<T> {
    type Target = T;

    #[expect(clippy::expect_used, reason = "there from `new` until `drop`")]
    fn deref(&self) -> &T {
        self.inside
            .0
            .as_ref()
            .expect("a secret that was not dropped")
    }
}

impl<T> DerefMut for Locked<T> {
    #[expect(clippy::expect_used, reason = "there from `new` until `drop`")]
    fn deref_mut(&mut self) -> &mut T {
        self.inside
            .0
            .as_mut()
            .expect("a secret that was not dropped")
    }
}

/// A secret text, such as a passphrase, at most 16 KiB: what comes after is left out.
pub struct Phrase {
    bytes: Locked<Zeroizing<[u8; LONGEST]>>,
    len: usize,
}

impl Phrase {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            bytes: Locked::new(Zeroizing::new([0; LONGEST])),
            len: 0,
        }
    }

    /// What a small file holds, without the end of its line.
    ///
    /// # Errors
    /// A file that cannot be read, or that is no text.
    pub fn read(path: &Path) -> io::Result<Self> {
        // Room for all of it at once: a string that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(2 * LONGEST));
        let file = std::fs::File::open(path)?;
        file.take(LONGEST as u64).read_to_string(&mut text)?;
        Ok(text.trim_end_matches(['\r', '\n']).chars().collect())
    }

    /// Puts `new` in the place of these letters, counted from 0, without a copy elsewhere. Of `new` as many
    /// letters are taken as there is room for.
    pub fn splice(&mut self, letters: Range<usize>, new: &str) {
        let byte = |letter: usize| {
            let mut places = self.char_indices().map(|(at, _)| at);
            places.nth(letter).unwrap_or(self.len)
        };
        let (from, to) = (byte(letters.start), byte(letters.end.max(letters.start)));
        let behind = self.len.saturating_sub(to);
        let room = LONGEST.saturating_sub(from.saturating_add(behind));
        let ends = new
            .char_indices()
            .map(|(at, c)| at.saturating_add(c.len_utf8()));
        let fits = ends.take_while(|end| *end <= room).last().unwrap_or(0);
        let (middle, before) = (from.saturating_add(fits), self.len);
        // Both lie within the whole: what is before, the new letters and what is behind have room there.
        self.bytes.copy_within(to..before, middle);
        if let (Some(place), Some(new)) = (self.bytes.get_mut(from..middle), new.get(..fits)) {
            place.copy_from_slice(new.as_bytes());
        }
        self.len = middle.saturating_add(behind);
        if let Some(rest) = self.bytes.get_mut(self.len..before) {
            rest.zeroize();
        }
    }

    fn push(&mut self, letter: char) -> bool {
        let len = letter.len_utf8();
        let end = self.len.saturating_add(len);
        let Some(place) = self.bytes.get_mut(self.len..end) else {
            return false;
        };
        letter.encode_utf8(place);
        self.len = end;
        true
    }
}

impl Default for Phrase {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Phrase {
    type Target = str;

    fn deref(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        // Whole letters and nothing else were put there.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Extend<char> for Phrase {
    fn extend<I: IntoIterator<Item = char>>(&mut self, letters: I) {
        for letter in letters {
            if !self.push(letter) {
                break;
            }
        }
    }
}

impl FromIterator<char> for Phrase {
    fn from_iter<I: IntoIterator<Item = char>>(letters: I) -> Self {
        let mut phrase = Self::new();
        phrase.extend(letters);
        phrase
    }
}

/// Takes the text over and wipes where it stood.
impl From<String> for Phrase {
    fn from(text: String) -> Self {
        Zeroizing::new(text).chars().collect()
    }
}

impl PartialEq for Phrase {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl std::fmt::Debug for Phrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Phrase")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_change_in_place_and_what_is_left_over_is_wiped() {
        for (words, place, new, wanted) in [
            ("九只蓝船", 1..3, "条", "九条船"),
            ("chín con", 8..8, " thuyền", "chín con thuyền"),
            ("เรือเก้า", 0..4, "", "เก้า"),
            ("ເຮືອ", 4..9, "ເກົ້າ", "ເຮືອເກົ້າ"),
            ("ទូក", 9..9, "ប្រាំ", "ទូកប្រាំ"),
            ("လှေ", 1..1, "က", "လက\u{103e}\u{1031}"),
        ] {
            let mut phrase: Phrase = words.chars().collect();
            phrase.splice(place, new);
            assert_eq!(&*phrase, wanted);
            assert!(phrase.bytes[phrase.len..].iter().all(|byte| *byte == 0));
        }
        // What there is no room for is left out, and nothing that was there is lost.
        let mut full = Phrase::new();
        full.splice(0..0, &"က".repeat(LONGEST));
        assert_eq!(full.chars().count(), LONGEST / 3);
        full.splice(1..2, "船🏁");
        assert_eq!(full.chars().count(), LONGEST / 3);
        assert!(full.starts_with("က船က"));
        full.splice(0..LONGEST, "");
        assert!(full.is_empty() && full.bytes.iter().all(|byte| *byte == 0));
    }

    /// The pages of this process that are locked, in kB, where the system tells.
    #[cfg(target_os = "linux")]
    fn locked_at(address: usize) -> Option<u64> {
        let maps = std::fs::read_to_string("/proc/self/smaps").ok()?;
        let mut inside = false;
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let first = words.next()?;
            if let Some((from, to)) = first.split_once('-') {
                let number = |digits| usize::from_str_radix(digits, 16).ok();
                if let (Some(from), Some(to)) = (number(from), number(to)) {
                    inside = (from..to).contains(&address);
                }
            } else if inside && first == "Locked:" {
                return words.next()?.parse().ok();
            }
        }
        None
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_secret_lies_in_locked_pages_of_its_own() {
        let secret = Locked::new(Zeroizing::new([7_u8; 32]));
        let other = Locked::new(Zeroizing::new([8_u8; 32]));
        assert!(secret.is_kept(), "the limit on locked memory is too low");
        let address = |secret: &Locked<Zeroizing<[u8; 32]>>| secret.as_ptr() as usize;
        let (one, two) = (address(&secret), address(&other));
        assert_ne!(one / 16_384, two / 16_384, "they share a page");
        assert!(locked_at(one).is_some_and(|kb| kb >= 16), "not locked");
        drop(other);
        assert!(
            locked_at(one).is_some_and(|kb| kb >= 16),
            "unlocked by another"
        );
        assert_eq!(**secret, [7; 32]);
    }

    #[test]
    fn a_secret_is_dropped_before_its_pages_are_given_back() {
        struct Tells<'a>(&'a std::cell::Cell<bool>);
        impl Drop for Tells<'_> {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        let dropped = std::cell::Cell::new(false);
        let secret = Locked::new(Tells(&dropped));
        assert!(!dropped.get());
        drop(secret);
        assert!(dropped.get());
    }

    #[test]
    fn a_phrase_holds_letters_of_every_script_and_never_half_of_one() {
        for words in [
            "桥上七人",
            "bảy người",
            "คนเจ็ดคน",
            "လူခုနစ်ယောက်",
            "ເຈັດຄົນ",
            "មនុស្ស",
        ] {
            assert_eq!(&*Phrase::from(words.to_owned()), words);
        }
        let long: Phrase = std::iter::repeat_n('桥', LONGEST).collect();
        assert_eq!(long.chars().count(), LONGEST / 3);
        assert!(Phrase::new().is_empty());
        assert_eq!(format!("{:?}", Phrase::from("secret".to_owned())), "Phrase");
    }
}
