//! Names from outside, shown so that they cannot disguise themselves: what is invisible or turns the
//! direction of writing becomes visible, and what is too long is cut.

use crate::text;

/// Clusters of a name that are shown.
const SHOWN: usize = 48;

/// Words of any length: what is invisible becomes visible, and nothing is cut.
pub fn words(raw: &str) -> String {
    let mut shown = String::with_capacity(raw.len());
    let mut before = None;
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        let joins = before.is_some_and(is_joined) && rest.clone().next().is_some_and(is_joined);
        shown = Shown::of(c, joins).add(shown);
        before = Some(c);
    }
    shown
}

/// A name for one line of a screen.
pub fn name(raw: &str) -> String {
    let visible = words(raw);
    let clusters = text::graphemes(&visible);
    if clusters.len() <= SHOWN {
        return visible;
    }
    let mut cut: String = clusters.into_iter().take(SHOWN).collect();
    cut.push('…');
    cut
}

enum Shown {
    AsIs(char),
    Code(char),
    Space,
}

impl Shown {
    /// `joins` where it stands between letters of a script in which joiners belong to the spelling.
    fn of(c: char, joins: bool) -> Self {
        match c {
            '\u{200B}'..='\u{200D}' if joins => Shown::AsIs(c),
            '\u{200B}'..='\u{200D}' => Shown::Code(c),
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Shown::Space,
            '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' => Shown::Code(c),
            '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}' => Shown::Code(c),
            c if c.is_control() || is_unseen(c) => Shown::Code(c),
            c => Shown::AsIs(c),
        }
    }

    fn add(self, mut text: String) -> String {
        match self {
            Shown::AsIs(c) => text.push(c),
            Shown::Code(c) => text.push_str(&format!("[U+{:04X}]", u32::from(c))),
            Shown::Space => text.push(' '),
        }
        text
    }
}

/// Thai, Lao, Burmese and Khmer: words are not parted by spaces there, so that joiners and breaks of no
/// width stand between letters.
fn is_joined(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}'
        | '\u{1000}'..='\u{109F}'
        | '\u{1780}'..='\u{17FF}'
        | '\u{A9E0}'..='\u{A9FF}'
        | '\u{AA60}'..='\u{AA7F}')
}

/// Letters and signs that show nothing by themselves: fillers, selectors of a form, tags.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{034F}'
        | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}'
        | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Milliseconds as `1:02:03` or `02:03`.
pub fn clock(ms: u64) -> String {
    let s = ms / 1000;
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    if h > 0 {
        format!("{h}:{m:02}:{s:02}")
    } else {
        format!("{m:02}:{s:02}")
    }
}

/// A time to the thousandth of a second: `1:02.345`.
pub fn exact(seconds: f64) -> String {
    let ms = (seconds * 1000.0).round().max(0.0) as u64;
    format!("{}.{:03}", clock(ms), ms % 1000)
}

/// Seconds of a time that a person typed: `62.3`, `1:02.3`, `0:01:02,345`.
pub fn seconds(typed: &str) -> Option<f64> {
    let typed = typed.trim().replace(',', ".");
    let mut whole = 0.0;
    for part in typed.split(':') {
        let part: f64 = part.trim().parse().ok()?;
        if !part.is_finite() || part < 0.0 {
            return None;
        }
        whole = whole * 60.0 + part;
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_the_direction_becomes_visible() {
        assert_eq!(name("K-17\u{202E}gpj.exe"), "K-17[U+202E]gpj.exe");
        assert_eq!(name("a\u{FEFF}b\u{0007}c"), "a[U+FEFF]b[U+0007]c");
        assert_eq!(name("two\nlines"), "two lines");
    }

    #[test]
    fn what_has_no_width_becomes_visible_where_no_spelling_needs_it() {
        for unseen in [
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{034F}',
            '\u{115F}',
            '\u{1160}',
            '\u{17B5}',
            '\u{180E}',
            '\u{3164}',
            '\u{FE00}',
            '\u{FE0F}',
            '\u{E0041}',
            '\u{E0100}',
        ] {
            let code = format!("[U+{:04X}]", u32::from(unseen));
            assert_eq!(name(&format!("K-{unseen}17")), format!("K-{code}17"));
            assert_eq!(name(&format!("{unseen}17")), format!("{code}17"));
            // Beside a letter of such a script, but not between two of them.
            let (before, after) = (format!("សុខ{unseen}"), format!("{unseen}မောင်"));
            assert_eq!(name(&before), format!("សុខ{code}"));
            assert_eq!(name(&after), format!("{code}မောင်"));
        }
        let twice = name("ก\u{200B}\u{200B}ข");
        assert_eq!(twice, "ก[U+200B][U+200B]ข");
    }

    #[test]
    fn names_of_six_scripts_stay_as_they_are() {
        for own in [
            "ភាសា\u{200B}ខ្មែរ",
            "ภาษา\u{200B}ไทย",
            "ພາສາ\u{200B}ລາວ",
            "ဦး\u{200B}မောင်",
            "ស្រី\u{200C}មុំ",
            "က္\u{200D}က",
            "张伟",
            "Nguyễn Thị Lan",
            "สมชาย",
            "ສົມໃຈ",
            "សុខ ស្រីមុំ",
            "မောင်မောင်",
        ] {
            assert_eq!(name(own), own);
        }
    }

    #[test]
    fn a_long_name_is_cut_between_clusters() {
        let cut = name(&"ក្រុម".repeat(100));
        assert_eq!(text::graphemes(&cut).len(), SHOWN + 1);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn times_read_like_a_clock() {
        assert_eq!(
            (clock(0).as_str(), clock(61_999).as_str()),
            ("00:00", "01:01")
        );
        assert_eq!(clock(3_600_000 * 4 + 5_000), "4:00:05");
        assert_eq!(exact(62.345), "01:02.345");
    }

    #[test]
    fn a_typed_time_is_read_as_it_is_shown() {
        for time in [0.0, 0.1, 62.345, 7_205.007] {
            assert_eq!(seconds(&exact(time)), Some(time));
        }
        assert_eq!(seconds(" 1:02,3 "), Some(62.3));
        for wrong in ["", "x", "1:-2", "1:", "inf"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
