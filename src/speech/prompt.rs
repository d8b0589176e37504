//! Names and terms of the case as 'previous text' before what a Whisper model writes: another way than
//! [`super::names`] to make it prefer them, for models that were trained to go on with a text.
//!
//! As OpenAI's decoder lays it out: `<|startofprev|>`, then tokens, at most half of the context with it, then the usual
//! start. What is known of it speaks for caution, so it is off unless a workspace asks for it: text before
//! an utterance feeds repeats, a model may write the list itself where it hears nothing, and what the list
//! takes of the context the text has no longer (in Burmese or Lao the half that is left holds some 76 characters).
//! Therefore
//! - language and 'nobody speaks' are judged without it;
//! - it is left out while two languages are in question, and wherever a text looks wrong it is written
//!   once more without;
//! - a text that only repeats the list is a doubt like other inventions.

use std::collections::HashMap;

use crate::domain::Lang;
use crate::text;

use super::decode::Weights;
use super::special::{Special, Token};

/// A name must have this share of its letters in the script of the language that is written.
const OWN_SCRIPT: f32 = 0.5;
/// Names in an answer that are no echo though they are all in the list, in whichever order.
const FEW: usize = 3;

/// The previous texts of one model, by language.
#[derive(Debug, Default)]
pub struct Prompts(Vec<Prompt>);

#[derive(Debug)]
struct Prompt {
    lang: Lang,
    /// With `<|startofprev|>`.
    tokens: Vec<Token>,
    /// The letters of each name that is in it, in its order.
    names: Vec<Vec<String>>,
}

impl Prompts {
    /// For each language the first of `names` in its script that fit into half of the context.
    pub fn new(names: &[String], weights: &dyn Weights) -> Self {
        let header = weights.header();
        let special = Special::of(header);
        let room = usize::try_from(header.text_ctx / 2).unwrap_or(0);
        let tokens = Tokens::new(weights, special.end);
        let prompt = |lang: Lang| {
            let mut prompt = Prompt {
                lang,
                tokens: vec![special.start_of_prev],
                names: Vec::new(),
            };
            let mut whole = String::new();
            for name in names {
                let name: Vec<&str> = name.split_whitespace().collect();
                let name = name.join(" ");
                if name.is_empty() || text::in_script(&name, lang) < OWN_SCRIPT {
                    continue;
                }
                let gap = match (whole.is_empty(), lang) {
                    (true, _) => " ",
                    (false, Lang::Zh) => "，",
                    (false, _) => ", ",
                };
                whole = format!("{whole}{gap}{name}");
                let found = tokens.of(&whole);
                if found.len().saturating_add(1) > room {
                    break;
                }
                prompt.tokens.truncate(1);
                prompt.tokens.extend(found);
                prompt.names.push(letters(&name));
            }
            (!prompt.names.is_empty()).then_some(prompt)
        };
        Self(Lang::ALL.into_iter().filter_map(prompt).collect())
    }

    #[cfg(test)]
    pub fn fixed(lang: Lang, tokens: Vec<Token>) -> Self {
        let names = Vec::new();
        Self(vec![Prompt {
            lang,
            tokens,
            names,
        }])
    }

    /// What stands before a text in `lang`; nothing where there is no name for it.
    pub fn tokens(&self, lang: Lang) -> &[Token] {
        self.of(lang).map_or(&[], |prompt| &prompt.tokens)
    }

    /// Whether a line only repeats the list: more than one name of it and nothing else, one after the other
    /// as in the list, or more than anybody names in one breath. A name alone is an answer.
    pub fn echoes(&self, line: &str, lang: Lang) -> bool {
        let Some(prompt) = self.of(lang) else {
            return false;
        };
        let line = letters(line);
        let (mut at, mut said) = (0, Vec::new());
        while at < line.len() {
            let rest = line.get(at..).unwrap_or_default();
            let next = said.last().map_or(0, |last: &usize| last.saturating_add(1));
            let fits = |n: &usize| {
                let name = prompt.names.get(*n);
                name.is_some_and(|name| !name.is_empty() && rest.starts_with(name))
            };
            // The one that comes next in the list, else the longest.
            let longest = || {
                let all = (0..prompt.names.len()).filter(fits);
                all.max_by_key(|n| prompt.names.get(*n).map_or(0, Vec::len))
            };
            let Some(name) = Some(next)
                .filter(|n| !said.is_empty() && fits(n))
                .or_else(longest)
            else {
                return false;
            };
            at = at.saturating_add(prompt.names.get(name).map_or(1, Vec::len));
            said.push(name);
        }
        let in_order = said.windows(2).all(|two| match two {
            [a, b] => a.saturating_add(1) == *b,
            _ => true,
        });
        said.len() > 1 && (in_order || said.len() > FEW)
    }

    fn of(&self, lang: Lang) -> Option<&Prompt> {
        self.0.iter().find(|prompt| prompt.lang == lang)
    }
}

/// Letters as a reader counts them, folded, without spaces and marks of punctuation.
fn letters(line: &str) -> Vec<String> {
    let line = text::fold(line);
    let letters = text::graphemes(&line).into_iter();
    letters
        .filter(|g| g.chars().any(char::is_alphanumeric))
        .map(str::to_owned)
        .collect()
}

/// Turns text into tokens as OpenAI's tokenizer does: a token's number is also its rank, so the list of the
/// tokens' bytes, which every model file holds, is all that byte pair encoding needs.
struct Tokens<'a> {
    ranks: HashMap<&'a [u8], Token>,
}

impl<'a> Tokens<'a> {
    fn new(weights: &'a dyn Weights, end: Token) -> Self {
        let mut ranks = HashMap::new();
        for token in 0..end {
            let bytes = weights.bytes_of(token);
            if !bytes.is_empty() {
                ranks.entry(bytes).or_insert(token);
            }
        }
        Self { ranks }
    }

    fn of(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        for piece in text::pieces(text) {
            self.merge(piece.as_bytes(), &mut tokens);
        }
        tokens
    }

    /// The neighbours that make the token of the lowest rank are joined, as long as any do.
    fn merge(&self, piece: &[u8], tokens: &mut Vec<Token>) {
        // Where each part begins, and the end of the last.
        let mut edges: Vec<usize> = (0..=piece.len()).collect();
        let rank = |from: usize, to: usize| {
            let bytes = piece.get(from..to).unwrap_or_default();
            self.ranks.get(bytes).copied()
        };
        loop {
            let pairs = edges.windows(3).enumerate();
            let ranked = pairs.filter_map(|(at, edges)| match edges {
                [from, _, to] => Some((rank(*from, *to)?, at)),
                _ => None,
            });
            let Some((_, at)) = ranked.min() else {
                break;
            };
            edges.remove(at.saturating_add(1));
        }
        let parts = edges.windows(2).filter_map(|edges| match edges {
            [from, to] => rank(*from, *to),
            _ => None,
        });
        tokens.extend(parts);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::speech::decode::Network;
    use crate::speech::ggml::Header;
    use crate::speech::{Error, check_model, native};

    /// The tokens of the practice model, which are those of every multilingual Whisper.
    struct Words(Header, Vec<Box<[u8]>>);

    impl Weights for Words {
        fn header(&self) -> &Header {
            &self.0
        }

        fn bytes_of(&self, token: Token) -> &[u8] {
            let at = usize::try_from(token).unwrap();
            self.1.get(at).map_or(&[], |bytes| bytes)
        }

        fn decoder_bytes(&self) -> u64 {
            0
        }

        fn network(self: Arc<Self>) -> Result<Box<dyn Network>, Error> {
            Err(Error::NoLanguage)
        }
    }

    fn words() -> Words {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/practice/asr/model.bin");
        let header = check_model(&file).unwrap();
        Words(header, native::vocabulary_of(&file).unwrap())
    }

    #[test]
    fn the_tokens_are_those_of_openais_tokenizer() {
        let words = words();
        let tokens = Tokens::new(&words, Special::of(&words.0).end);
        // Made with tiktoken 0.12 over the same list and GPT-2's pattern.
        let expected: [(&str, &[Token]); 8] = [
            ("Hello world", &[15947, 1002]),
            (
                " 张建国，王丽华",
                &[
                    220, 44059, 34157, 16086, 171, 120, 234, 19940, 940, 121, 5322, 236,
                ],
            ),
            (
                " Lý Tú Anh, hộ chiếu",
                &[441, 11822, 46341, 23574, 11, 276, 8047, 13228, 30568],
            ),
            (
                " หวังลี่หัว, ชายแดน",
                &[
                    220, 10982, 7643, 5981, 7212, 10133, 12774, 10982, 5981, 7643, 11, 220, 17080,
                    23398, 11851, 9345, 4131,
                ],
            ),
            (
                " ကျန်းကျန်းကော့",
                &[
                    21879, 222, 222, 157, 222, 119, 157, 222, 242, 157, 222, 118, 157, 222, 116,
                    157, 222, 222, 157, 222, 119, 157, 222, 242, 157, 222, 118, 157, 222, 116, 157,
                    222, 222, 157, 222, 109, 157, 222, 105, 157, 222, 115,
                ],
            ),
            (
                " ຫຼີ່ຊິ່ວອິງ",
                &[
                    220, 156, 118, 104, 156, 118, 120, 156, 118, 113, 156, 119, 230, 156, 118, 232,
                    156, 118, 112, 156, 119, 230, 156, 118, 100, 156, 118, 255, 156, 118, 112, 156,
                    118, 229,
                ],
            ),
            (
                " ចាងជៀនកូ, ភ្នំពេញ",
                &[
                    21879, 252, 227, 37756, 114, 37756, 226, 37756, 229, 157, 253, 222, 37756, 241,
                    157, 18781, 37756, 120, 11, 21879, 252, 245, 157, 253, 240, 37756, 241, 157,
                    253, 228, 37756, 244, 157, 38067, 37756, 231,
                ],
            ),
            (
                " O'Neil's 4th, No. 123-B",
                &[
                    422, 6, 15496, 388, 311, 1017, 392, 11, 883, 13, 34466, 12, 33,
                ],
            ),
        ];
        for (text, expected) in expected {
            assert_eq!(tokens.of(text), expected, "{text}");
            let bytes: Vec<u8> = expected
                .iter()
                .flat_map(|t| words.bytes_of(*t))
                .copied()
                .collect();
            assert_eq!(bytes, text.as_bytes());
        }
        assert!(tokens.of("").is_empty());
    }

    #[test]
    fn the_list_stands_behind_its_mark_and_in_half_of_the_context() {
        let words = words();
        let names: Vec<String> = [
            "张建国",
            "Lý Tú Anh",
            "หวังลี่หัว",
            "ကျန်းကျန်းကော့",
            "ຫຼີ່ຊິ່ວອິງ",
            "ចាងជៀនកូ",
            "  ",
            "王丽华",
        ]
        .map(str::to_owned)
        .to_vec();
        let prompts = Prompts::new(&names, &words);
        for lang in Lang::SIX {
            let tokens = prompts.tokens(lang);
            assert_eq!(tokens.first(), Some(&50_361), "{lang}");
            let bytes = tokens.iter().skip(1).flat_map(|t| words.bytes_of(*t));
            let text = String::from_utf8(bytes.copied().collect()).unwrap();
            let own = names.iter().filter(|n| text::in_script(n, lang) > 0.5);
            let own: Vec<&str> = own
                .map(String::as_str)
                .filter(|n| !n.trim().is_empty())
                .collect();
            let gap = if lang == Lang::Zh { "，" } else { ", " };
            assert_eq!(text, format!(" {}", own.join(gap)), "{lang}");
        }
        // A long list ends where the half of the context does, with a whole name.
        let half = words.0.text_ctx as usize / 2;
        let each = [
            "阿卜杜勒",
            "Nguyễn Văn An",
            "สมชาย",
            "ကျန်းကော့",
            "ສົມຈິດ",
            "សុខា",
        ];
        let many: Vec<String> = (0..120).flat_map(|_| each.map(str::to_owned)).collect();
        let long = each.map(|name| name.repeat(100));
        let (many, long) = (Prompts::new(&many, &words), Prompts::new(&long, &words));
        for lang in Lang::SIX {
            let tokens = many.tokens(lang).len();
            assert!(tokens <= half && tokens * 10 > half * 7, "{lang}: {tokens}");
            assert!(long.tokens(lang).is_empty(), "{lang}");
        }
        assert!(Prompts::new(&[], &words).tokens(Lang::Zh).is_empty());
        assert!(Prompts::default().tokens(Lang::Lo).is_empty());
    }

    #[test]
    fn a_line_that_repeats_the_list_is_an_echo_and_an_answer_is_none() {
        let words = words();
        for (lang, list) in [
            (Lang::Zh, ["张建国", "王丽华", "北京市", "护照"]),
            (
                Lang::Vi,
                ["Lý Tú Anh", "Trần Văn Bình", "Hà Nội", "hộ chiếu"],
            ),
            (Lang::Th, ["หวังลี่หัว", "สมชาย", "ชายแดน", "หนังสือเดินทาง"]),
            (Lang::My, ["ကျန်းကော့", "မောင်မောင်", "ရန်ကုန်", "နယ်စပ်"]),
            (Lang::Lo, ["ຫຼີ່ຊິ່ວອິງ", "ສົມຈິດ", "ວຽງຈັນ", "ຊາຍແດນ"]),
            (Lang::Km, ["ចាងជៀនកូ", "សុខា", "ភ្នំពេញ", "ព្រំដែន"]),
        ] {
            let names = list.map(str::to_owned);
            let prompts = Prompts::new(&names, &words);
            let [a, b, c, d] = list;
            for echo in [
                format!("{a}, {b}"),
                format!("{b} {c} {d}."),
                format!("{a}{b}{c}{d}"),
                format!("{b}, {a}, {b}, {a}"),
            ] {
                assert!(prompts.echoes(&echo, lang), "{echo}");
            }
            for answer in [
                a.to_owned(),
                format!("{d}."),
                format!("{c}, {a}"),
                format!("{a}, {b} 7"),
                String::new(),
            ] {
                assert!(!prompts.echoes(&answer, lang), "{answer}");
            }
            assert!(!Prompts::default().echoes(&format!("{a}, {b}"), lang));
        }
    }
}
