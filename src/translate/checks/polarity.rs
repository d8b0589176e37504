//! Whether both sides deny, and whether both sides ask. Marks are data; not reviewed by native speakers.

mod denial;
mod ending;
mod marks;
mod question;
mod words;

use std::ops::Range;

use denial::denial;
use question::question;

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
