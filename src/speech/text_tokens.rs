//! From tokens to text. In Burmese, Khmer and Lao nearly every token is a part of a character, so no
//! token is ever read as text: their bytes are joined first.

/// Text made of the bytes of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembled {
    /// Whole characters, in order.
    pub text: String,
    /// For each token, the length of `text` in bytes after it. A token that only begins a character
    /// adds nothing until the character is whole.
    pub ends: Vec<usize>,
    /// Sequences in the middle that were no UTF-8; each stands in the text as U+FFFD.
    pub replaced: usize,
    /// Bytes of an unfinished character at the end, which are not in the text.
    pub unfinished: usize,
}

/// Joins the bytes of `tokens`.
pub fn assemble<'a>(tokens: impl IntoIterator<Item = &'a [u8]>) -> Assembled {
    let mut result = Assembled::default();
    let mut open: Vec<u8> = Vec::new();
    for token in tokens {
        open.extend_from_slice(token);
        result.drain_whole(&mut open);
        result.ends.push(result.text.len());
    }
    result.unfinished = open.len();
    result
}

impl Assembled {
    /// Moves all whole characters from `open` to the text; an unfinished one stays.
    fn drain_whole(&mut self, open: &mut Vec<u8>) {
        let mut rest = open.as_slice();
        while let Some(chunk) = rest.utf8_chunks().next() {
            self.text.push_str(chunk.valid());
            let bad = chunk.invalid();
            let used = chunk.valid().len() + bad.len();
            let after = rest.get(used..).unwrap_or_default();
            // An error at the very end may only be a character that goes on in the next token.
            let may_go_on = after.is_empty()
                && std::str::from_utf8(bad).is_err_and(|e| e.error_len().is_none());
            if may_go_on && !bad.is_empty() {
                rest = bad;
                break;
            }
            if !bad.is_empty() {
                self.text.push(char::REPLACEMENT_CHARACTER);
                self.replaced += 1;
            }
            rest = after;
        }
        let keep = open.len() - rest.len();
        open.drain(..keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: [&str; 6] = [
        "你叫什么名字？",
        "Anh tên là gì ạ?",
        "คุณชื่ออะไรครับ",
        "နာမည်ဘယ်လိုခေါ်ပါသလဲ။",
        "ເຈົ້າຊື່ຫຍັງ",
        "តើអ្នកឈ្មោះអ្វី?",
    ];

    #[test]
    fn any_cut_of_the_bytes_gives_the_text_back() {
        for text in SAMPLES {
            for size in 1..=5 {
                let made = assemble(text.as_bytes().chunks(size));
                assert_eq!(made.text, text);
                assert_eq!((made.replaced, made.unfinished), (0, 0));
                assert_eq!(made.ends.len(), text.len().div_ceil(size));
                assert_eq!(made.ends.last(), Some(&text.len()));
                assert!(made.ends.iter().all(|&at| text.is_char_boundary(at)));
            }
        }
    }

    #[test]
    fn an_unfinished_end_is_counted_and_not_shown() {
        for text in SAMPLES {
            let whole = text.len() - text.chars().last().unwrap().len_utf8();
            for cut in whole..text.len() {
                let made = assemble(text.as_bytes()[..cut].chunks(2));
                assert_eq!(made.text, text[..whole]);
                assert_eq!(made.unfinished, cut - whole);
            }
        }
    }

    #[test]
    fn bad_bytes_in_the_middle_are_replaced_and_counted() {
        let made = assemble([b"a\xe0\xba".as_slice(), b"b\xff", b"\x80c", b""]);
        assert_eq!(made.text, "a\u{fffd}b\u{fffd}\u{fffd}c");
        assert_eq!(made.replaced, 3);
        assert_eq!(made.unfinished, 0);
        assert_eq!(made.ends.len(), 4);
        assert_eq!(assemble([]), Assembled::default());
    }
}
