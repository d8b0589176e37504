//! Canonical JSON: one value, one spelling, so that a hash of it means the same everywhere.
//!
//! The rules are those of RFC 8785 (JSON Canonicalization Scheme) without its floats: names sorted by
//! their UTF-16 units, no white space, the shortest escapes. Whole numbers stay within 2^53, which
//! every JSON reader holds exactly; a fraction is refused rather than spelled.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The largest whole number that every JSON reader holds exactly.
const EXACT: u64 = 1 << 53;

/// Why a value has no canonical form, or a text is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCanonical {
    /// A fraction, or a whole number that not every reader holds exactly.
    Number,
    /// The text is not JSON at all.
    Syntax,
    /// The text is JSON, but spelled in another way: white space, order, a name twice.
    Spelling,
}

/// `value` in its one spelling.
///
/// # Errors
/// [`NotCanonical::Number`].
pub fn canonical(value: &Value) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

/// Reads a text that must be in canonical form.
///
/// # Errors
/// Where it is not.
pub fn parse_canonical(text: &str) -> Result<Value, NotCanonical> {
    let value: Value = serde_json::from_str(text).map_err(|_| NotCanonical::Syntax)?;
    if canonical(&value)? == text {
        Ok(value)
    } else {
        Err(NotCanonical::Spelling)
    }
}

/// SHA-256 as 64 lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The bytes of exactly `N` pairs of lower-case hexadecimal digits.
pub fn unhex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let plain = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if digits.len() != N.checked_mul(2)? || !digits.bytes().all(plain) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Digits in groups of four, eight groups a line, as they are read out and written on paper.
pub fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        match at {
            0 => {}
            _ if at % 32 == 0 => out.push('\n'),
            _ if at % 4 == 0 => out.push(' '),
            _ => {}
        }
        out.push(digit);
    }
    out
}

fn write(value: &Value, out: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            let exact = match (number.as_u64(), number.as_i64()) {
                (Some(n), _) => n <= EXACT,
                (None, Some(n)) => n.unsigned_abs() <= EXACT,
                (None, None) => false,
            };
            if !exact {
                return Err(NotCanonical::Number);
            }
            out.push_str(&number.to_string());
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, (name, field)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(field, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_text(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c)); // writing to a string cannot fail
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Adds bytes in base64 (RFC 4648); a count that three does not divide ends in `=`.
pub fn base64(bytes: &[u8], out: &mut String) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.reserve(bytes.len().div_ceil(3).saturating_mul(4));
    for three in bytes.chunks(3) {
        let of = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
        let bits = of(0) << 16 | of(1) << 8 | of(2);
        for at in 0..4u32 {
            let place = (bits >> (18 - 6 * at)) & 63;
            let letter = LETTERS.get(place as usize).copied().unwrap_or(b'A');
            let there = at as usize <= three.len();
            out.push(if there { char::from(letter) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_sorted_by_utf_16_and_text_is_escaped_as_little_as_possible() {
        // The order that RFC 8785, section 3.2.3, gives for these names.
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5,
                           "\u{80}": 6, "\u{f6}": 7});
        assert_eq!(
            canonical(&value).unwrap(),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
        let text = json!("\u{8}\t\n\u{c}\r\"\\/\u{1f}\u{7f}\u{2028}");
        assert_eq!(
            canonical(&text).unwrap(),
            "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u001f\u{7f}\u{2028}\""
        );
    }

    #[test]
    fn all_six_scripts_keep_every_character() {
        let words = "护照 hộ chiếu หนังสือเดินทาง နိုင်ငံကူးလက်မှတ် ໜັງສືຜ່ານແດນ លិខិតឆ្លងដែន";
        let text = canonical(&json!([words])).unwrap();
        assert_eq!(text, format!("[\"{words}\"]"));
        assert_eq!(parse_canonical(&text).unwrap()[0], words);
    }

    #[test]
    fn fractions_and_numbers_that_readers_round_are_refused() {
        for value in [json!(0.5), json!(1e300), json!(EXACT + 1), json!(i64::MIN)] {
            assert_eq!(canonical(&value), Err(NotCanonical::Number), "{value}");
        }
        assert_eq!(
            canonical(&json!([EXACT, -1, 0])).unwrap(),
            format!("[{EXACT},-1,0]")
        );
    }

    #[test]
    fn another_spelling_of_the_same_value_is_told_apart() {
        for text in [
            "{\"a\": 1}",
            "{\"b\":1,\"a\":1}",
            "{\"a\":1,\"a\":1}",
            "[1 ]",
            "\"\\u0041\"",
        ] {
            assert_eq!(parse_canonical(text), Err(NotCanonical::Spelling), "{text}");
        }
        assert_eq!(parse_canonical("{\"a\":"), Err(NotCanonical::Syntax));
        assert_eq!(parse_canonical("{\"a\":1.5}"), Err(NotCanonical::Number));
    }

    #[test]
    fn digits_go_both_ways_and_only_in_one_spelling() {
        assert_eq!(unhex::<3>(&hex(&[0, 171, 255])), Some([0, 171, 255]));
        for wrong in ["00ABff", "00abf", "00abff00", "00abfg", "+1+1+1", ""] {
            assert_eq!(unhex::<3>(wrong), None, "{wrong}");
        }
        // SHA-256 of the empty text, FIPS 180-4.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
        assert!(grouped(empty).starts_with("e3b0 c442 98fc 1c14 9afb f4c8 996f b924\n27ae"));
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut out = String::new();
            base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, text);
        }
    }
}
