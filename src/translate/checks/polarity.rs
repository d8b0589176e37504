//! Whether both sides deny, and whether both sides ask. Marks are data; not reviewed by native speakers.

use std::ops::Range;

use crate::domain::{Flag, FlagKind, Lang, LangPair, Place, Side};
use crate::text;

/// How clearly a text denies or asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    No,
    /// A word that often does, and answers for a clear mark on the other side.
    Perhaps,
    Clearly,
}

/// What a text says, and the mark that says it clearly, in bytes.
type Said = (Strength, Range<usize>);

/// A text as it is searched: folded, without its numbers in words (vi không is zero too). What is taken out
/// leaves as much white space, so that a place in what is left is one in the text.
struct Searched<'a> {
    text: &'a str,
    side: Side,
    lang: Lang,
    blanked: String,
    folded: String,
}

impl<'a> Searched<'a> {
    fn new(text: &'a str, side: Side, lang: Lang) -> Self {
        let mut blanked = text.to_owned();
        for figure in text::figures(text, lang) {
            if figure.spelled && figure.sure && text.get(figure.range.clone()).is_some() {
                let blank = " ".repeat(figure.range.len());
                blanked.replace_range(figure.range, &blank);
            }
        }
        let folded = text::fold(&blanked);
        Self {
            text,
            side,
            lang,
            blanked,
            folded,
        }
    }

    /// Where the mark stands.
    fn mark(&self, folded: &Range<usize>) -> Place {
        let range = text::origin(&self.blanked, folded);
        let value = self.text.get(range.clone()).unwrap_or_default();
        Place::of(self.text, self.side, &range, value)
    }

    /// Where such a mark would stand: a question's at the end, behind the last word; a denial's anywhere.
    fn gap(&self, kind: FlagKind) -> Place {
        let last = text::words(self.text, self.lang).pop();
        match last.filter(|_| kind == FlagKind::QuestionDiffers) {
            Some(word) => {
                let range = word.start..self.text.trim_end().len();
                Place::of(self.text, self.side, &range, "")
            }
            None => Place::whole(self.text, self.side),
        }
    }
}

/// The doubts about denial and about question and statement, each with its place on both sides.
pub(super) fn check(source: &str, translation: &str, pair: LangPair) -> Vec<Flag> {
    let left = Searched::new(source, Side::Source, pair.from);
    let right = Searched::new(translation, Side::Translation, pair.to);
    let mut flags = Vec::new();
    for kind in [FlagKind::NegationDiffers, FlagKind::QuestionDiffers] {
        let of = match kind {
            FlagKind::NegationDiffers => denial,
            _ => question,
        };
        let (said, mark) = of(&left.folded, pair.from);
        let (written, other) = of(&right.folded, pair.to);
        let (detail, places) = match (said, written) {
            (Strength::Clearly, Strength::No) => {
                ("source only", vec![left.mark(&mark), right.gap(kind)])
            }
            (Strength::No, Strength::Clearly) => {
                ("translation only", vec![left.gap(kind), right.mark(&other)])
            }
            _ => continue,
        };
        flags.push(Flag::with(kind, detail).at(places));
    }
    flags
}

/// Words that deny, words that may, and phrases in which the first are no denial.
struct Denial {
    clear: &'static [&'static str],
    perhaps: &'static [&'static str],
    except: &'static [&'static str],
}

fn denial_words(lang: Lang) -> Denial {
    match lang {
        Lang::Zh => Denial {
            clear: &["不", "没", "未", "别再", "勿", "并非"],
            perhaps: &["无", "非", "别", "禁止", "拒", "缺", "莫", "休想"],
            except: &[
                "不客气",
                "不好意思",
                "对不起",
                "不过",
                "不但",
                "不仅",
                "不错",
                "差不多",
                "不久",
                "不管",
                "不断",
                "不然",
                "不得不",
                "没关系",
                "要不",
                "是不是",
                "有没有",
                "能不能",
                "会不会",
                "要不要",
                "好不好",
                "对不对",
                "可不可以",
                "不同",
                "不少",
                "未来",
                "不一会儿",
                "不论",
                "不便",
                "不满",
                "不幸",
            ],
        },
        Lang::Vi => Denial {
            clear: &["không", "chưa", "chẳng", "đừng", "chả"],
            perhaps: &[
                "cấm",
                "vô",
                "thiếu",
                "phi",
                "mất",
                "từ chối",
                "khỏi",
                "ngoài",
            ],
            except: &[
                "không chỉ",
                "không những",
                "không khí",
                "không gian",
                "hàng không",
                "có phải không",
                "phải không",
                "được không",
                "hay không",
                "rồi chưa",
            ],
        },
        Lang::Th => Denial {
            clear: &["ไม่", "มิได้", "ไม่ใช่"],
            perhaps: &["ห้าม", "อย่า", "ยัง", "ไร้", "ขาด", "ปฏิเสธ", "เปล่า"],
            except: &[
                "หรือไม่",
                "ไม่เพียง",
                "ไม่ว่า",
                "ไม่เป็นไร",
                "ไม่แพ้",
                "ไม่นาน",
                "ใช่หรือไม่",
                "ไม่กี่",
            ],
        },
        Lang::Lo => Denial {
            clear: &["ບໍ່", "ບໍ່ແມ່ນ"],
            perhaps: &["ຫ້າມ", "ຢ່າ", "ຍັງ", "ຂາດ", "ປະຕິເສດ"],
            except: &[
                "ຫຼືບໍ່",
                "ບໍ່ພຽງ",
                "ບໍ່ວ່າ",
                "ບໍ່ເປັນຫຍັງ",
                "ແມ່ນບໍ່",
                "ແລ້ວບໍ່",
                "ບໍ່ດົນ",
                "ບໍ່ເຕັນ",
                "ບໍ່ແກ້ວ",
                "ບໍ່ຫານ",
            ],
        },
        Lang::Km => Denial {
            clear: &["មិន", "គ្មាន", "ពុំ", "អត់", "កុំ"],
            perhaps: &["ហាម", "ទេ", "ខ្វះ", "បដិសេធ", "មិនទាន់"],
            except: &["មិនត្រឹមតែ", "ឬមិន", "មិនយូរ", "អត់ទោស", "អត់ធ្មត់", "មិនអី"],
        },
        Lang::My => Denial {
            clear: &["ဘူး", "မဟုတ်", "မရှိ", "မလို"],
            perhaps: &["တားမြစ်", "ငြင်း"],
            // A younger sister, a niece, a teacher there is; or no younger brother, no nephew, no teacher.
            except: &["ဘူးတောင်း", "ဘူးခွံ", "ညီမရှိ", "တူမရှိ", "ဆရာမရှိ"],
        },
        Lang::En => Denial {
            clear: &[
                "not", "no", "never", "n't", "nobody", "nothing", "cannot", "without", "none",
            ],
            perhaps: &[
                "un", "refus", "deny", "denied", "lack", "fail", "forbid", "neither", "nor",
            ],
            except: &["no.", "not only", "no doubt"],
        },
    }
}

/// Where a word stands in a text first; in languages with spaces between spaces.
fn standing(text: &str, word: &str, lang: Lang) -> Option<Range<usize>> {
    let inside = !matches!(lang, Lang::Vi | Lang::En) || word == "n't";
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    text.match_indices(word).find_map(|(at, found)| {
        let end = at.saturating_add(found.len());
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(end..).and_then(|t| t.chars().next());
        (inside || (!letter(before) && !letter(after))).then_some(at..end)
    })
}

/// Where the first of these words stands, of two that begin together the longer.
fn first(text: &str, words: &[&str], lang: Lang) -> Option<Range<usize>> {
    let places = words.iter().map(|w| standing(text, &text::fold(w), lang));
    places
        .flatten()
        .min_by_key(|r| (r.start, std::cmp::Reverse(r.end)))
}

/// Burmese words that end in the letter of denial. Where another word follows them at once, the two read
/// as if they denied: 'has brothers and sisters', 'I am there' of a woman.
const ENDING_IN_MA: [&str; 9] = [
    "နှမ",
    "အစ်မ",
    "အမ",
    "ကျွန်မ",
    "ကျမ",
    "မိန်းမ",
    "ချွေးမ",
    "ယောက္ခမ",
    "ပထမ",
];

/// The text with blanks in the place of these words, where no sign follows that would make their last
/// letter another syllable.
fn without_words(text: &str, words: &[&str]) -> String {
    let mut rest = text.to_owned();
    for word in words {
        let word = text::fold(word);
        let ends = |at: usize| {
            let after = text.get(at.saturating_add(word.len())..);
            let next = after.and_then(|after| after.chars().next());
            !next.is_some_and(is_mark)
        };
        for (at, found) in text.match_indices(word.as_str()) {
            let range = at..at.saturating_add(found.len());
            if ends(at) && rest.get(range.clone()).is_some() {
                rest.replace_range(range, &" ".repeat(found.len()));
            }
        }
    }
    rest
}

fn denial(text: &str, lang: Lang) -> Said {
    let words = denial_words(lang);
    let mut rest = match lang {
        Lang::My => without_words(text, &ENDING_IN_MA),
        _ => text.to_owned(),
    };
    let mut excepted = false;
    for phrase in words.except {
        let phrase = text::fold(phrase);
        if rest.contains(&phrase) {
            excepted = true;
            rest = rest.replace(&phrase, &" ".repeat(phrase.len()));
        }
    }
    let tail = without_asking(&rest, lang);
    if let Some(mark) = first(tail, words.clear, lang) {
        return (Strength::Clearly, mark);
    }
    let perhaps = first(tail, words.perhaps, lang).is_some();
    let strength = if excepted || perhaps || (lang == Lang::My && prefixed(tail)) {
        Strength::Perhaps
    } else {
        Strength::No
    };
    (strength, 0..0)
}

/// The text without the word at its end that only asks: vi không and chưa, Lao ບໍ່, Khmer ទេ.
fn without_asking(text: &str, lang: Lang) -> &str {
    let asks = text.trim_end().ends_with(['?', '？']);
    let words: &[&str] = match (lang, asks) {
        (Lang::Vi, true) => &["không", "chưa", "không ạ"],
        (Lang::Vi, false) => &["không"],
        (Lang::Lo, _) => &["ບໍ່"],
        (Lang::Km, true) => &["ទេ"],
        _ => &[],
    };
    let end = text.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_mark(c));
    let cut = words
        .iter()
        .find_map(|w| end.strip_suffix(text::fold(w).as_str()));
    // 'Không.' alone is an answer.
    cut.filter(|rest| rest.contains(char::is_alphabetic))
        .unwrap_or(text)
}

/// Whether a syllable is the bare Burmese prefix of denial, which no vowel, medial or final follows.
fn prefixed(text: &str) -> bool {
    const OTHER: [&str; 4] = ["မနက်", "မနေ့", "မလေး", "မကြာ"];
    text.match_indices('မ').any(|(at, _)| {
        let rest = text.get(at..).unwrap_or_default();
        let mut after = rest.chars().skip(1);
        let consonant = after
            .next()
            .is_some_and(|c| ('\u{1000}'..='\u{1021}').contains(&c));
        let closed = after
            .next()
            .is_some_and(|c| matches!(c, '\u{103A}' | '\u{1039}'));
        consonant && !closed && !OTHER.iter().any(|word| rest.starts_with(word))
    })
}

/// Vowel signs and tones, which belong to the word before them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0E31}'..='\u{0E4E}' | '\u{0EB1}'..='\u{0ECD}' | '\u{102B}'..='\u{103E}' | '\u{17B6}'..='\u{17D3}')
}

/// What asks at the end of a sentence, and words that ask more often than not.
fn question_words(lang: Lang) -> (&'static [&'static str], &'static [&'static str]) {
    match lang {
        Lang::Zh => (
            &["吗", "呢"],
            &[
                "什么",
                "谁",
                "哪",
                "几",
                "多少",
                "怎么",
                "为什么",
                "是不是",
                "有没有",
                "能不能",
                "吧",
                "多大",
                "多久",
                "何",
                "是否",
                "多长",
                "多远",
                "怎样",
            ],
        ),
        Lang::Vi => (
            &["không", "chưa", "à", "hả", "chứ", "nhỉ"],
            &[
                "gì",
                "ai",
                "đâu",
                "nào",
                "mấy",
                "bao",
                "sao",
                "thế nào",
                "liệu",
                "phải không",
                "hay",
            ],
        ),
        Lang::Th => (
            &["ไหม", "หรือเปล่า", "หรือไม่", "หรือยัง", "มั้ย", "หรือ", "เหรอ"],
            &[
                "อะไร",
                "ใคร",
                "ไหน",
                "เมื่อไร",
                "เมื่อไหร่",
                "กี่",
                "เท่าไร",
                "เท่าไหร่",
                "ทำไม",
                "อย่างไร",
                "ยังไง",
                "ไหม",
                "หรือ",
            ],
        ),
        Lang::Lo => (
            &["ບໍ", "ບໍ່", "ຫຼືຍັງ", "ຫວາ"],
            &["ຫຍັງ", "ໃຜ", "ໃສ", "ໃດ", "ຈັກ", "ແນວໃດ", "ຍ້ອນຫຍັງ", "ຫຼື"],
        ),
        Lang::Km => (
            &[],
            &[
                "តើ",
                "អ្វី",
                "ណា",
                "ប៉ុន្មាន",
                "ហេតុអ្វី",
                "យ៉ាងម៉េច",
                "មែនទេ",
                "ឬទេ",
                "ឬនៅ",
                "អី",
            ],
        ),
        Lang::My => (&["လား", "လဲ", "လော"], &["ဘာ", "ဘယ်", "လား", "လဲ", "နည်း"]),
        Lang::En => (
            &[],
            &[
                "what", "who", "whose", "where", "when", "which", "why", "how", "whether", "if",
                "do", "did", "is", "are",
            ],
        ),
    }
}

fn question(text: &str, lang: Lang) -> Said {
    let end =
        text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '”' | '」' | ')'));
    if let Some((at, _)) = end
        .char_indices()
        .next_back()
        .filter(|(_, c)| matches!(c, '?' | '？'))
    {
        return (Strength::Clearly, at..end.len());
    }
    let (last, words) = question_words(lang);
    let end = end.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_mark(c));
    // In Vietnamese, không at the end of a line without a question mark may deny.
    let closing = last.iter().find_map(|p| {
        end.strip_suffix(text::fold(p).as_str())
            .filter(|rest| {
                !matches!(lang, Lang::Vi | Lang::En) || rest.ends_with(char::is_whitespace)
            })
            .map(|rest| rest.len()..end.len())
    });
    match closing {
        Some(mark) if lang != Lang::Vi => (Strength::Clearly, mark),
        Some(_) => (Strength::Perhaps, 0..0),
        None if first(text, words, lang).is_some() => (Strength::Perhaps, 0..0),
        None => (Strength::No, 0..0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Strength {
        denial(&text::fold(text), Lang::My).0
    }

    #[test]
    fn the_last_letter_of_a_burmese_word_denies_nothing_and_the_first_of_one_does() {
        for plain in [
            "ခင်ဗျားမှာမောင်နှမရှိပါသလား။",
            "အစ်မရှိတယ်။",
            "ကျွန်မရှိပါတယ်။",
            "ကျွန်မလိုချင်ပါတယ်။",
            "မိန်းမရှိတယ်။",
        ] {
            assert_eq!(said(plain), Strength::No, "{plain}");
        }
        for denies in [
            "ကျွန်တော့်မှာ မောင်နှမမရှိပါဘူး။",
            "မောင်နှမ မရှိပါ။",
            "ကျွန်မမလိုပါ။",
            "ကျွန်မ မဟုတ်ပါဘူး။",
            "အမှန်မဟုတ်ပါ။",
            "အမှုမရှိပါ။",
        ] {
            assert_eq!(said(denies), Strength::Clearly, "{denies}");
        }
        assert_eq!(said("ညီမရှိပါတယ်။"), Strength::Perhaps);
    }
}
