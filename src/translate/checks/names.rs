//! Names of a line against those of its translation, by their writing and by how they are read.
//!
//! Judged are names of two syllables and more that are known, or that both the line and its translation
//! introduce with words for it. A name stands in the translation if one of its bearer's names does, or
//! anything that sounds like it. What was rendered by its sense (曼谷, กรุงเทพ) sounds otherwise and is
//! flagged, unless the register or the terms know that name too.

use std::ops::Range;

use crate::domain::{FactKind, Flag, FlagKind, Lang, LangPair, Place, Side};
use crate::text::names::{Name, score};
use crate::text::{self, IndexToken, Mention};
use crate::translate::known::{Found, KnownNames, joins_a_name};

/// From this score on something in the translation may be the name. Lower than where two names are
/// shown as a possible match, since a false doubt costs a person's time: of 5,500 names of people that
/// stand in the translation of a practice line 7 are flagged, at 0.55 48 would be.
const CARRIED: f32 = 0.5;
/// From this score on a name that is known as somebody else's may be the name.
const ANOTHER: f32 = 0.8;
/// Shorter names are like too much.
const FEWEST_SYLLABLES: usize = 2;
/// Of names beyond this length the ends are guesses, where nobody knows them.
const MOST_SYLLABLES: usize = 10;
/// Tokens of the translation that are looked at: a sentence has fewer.
const MOST_TOKENS: usize = 600;

/// The flag for names that the translation does not hold.
pub(super) fn check(
    source: &str,
    translation: &str,
    pair: LangPair,
    known: &KnownNames,
) -> Option<Flag> {
    let spoken = spoken(source, translation, pair, known);
    if spoken.is_empty() {
        return None;
    }
    let page = Page::read(translation, pair.to, known);
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut missing: Vec<&Spoken> = Vec::new();
    for name in &spoken {
        match page.look_for(name) {
            Looked::There(range) => taken.extend(range),
            Looked::Missing => missing.push(name),
        }
    }
    if missing.is_empty() {
        return None;
    }
    let mut places: Vec<Place> = Vec::new();
    let mut said: Vec<&str> = Vec::new();
    let mut written: Vec<&str> = Vec::new();
    for name in missing {
        let value = source.get(name.range.clone()).unwrap_or_default();
        places.push(Place::of(source, Side::Source, &name.range, value));
        said.push(value);
        if let Some(range) = page.in_its_place(&taken) {
            let value = translation.get(range.clone()).unwrap_or_default();
            places.push(Place::of(translation, Side::Translation, &range, value));
            written.push(value);
            taken.push(range);
        }
    }
    let detail = format!("{} | {}", said.join(", "), written.join(", "));
    places.sort_by_key(|p| p.side == Side::Translation);
    Some(Flag::with(FlagKind::NameDiffers, detail.trim()).at(places))
}

/// A name of the source.
struct Spoken {
    range: Range<usize>,
    /// Its known bearers; empty for one that the line introduces.
    bearers: Vec<usize>,
    /// What it may be called in the translation, by sound.
    readings: Vec<Name>,
    /// How it stands in the source, folded.
    folded: String,
    /// Syllables of the shortest reading.
    syllables: usize,
}

/// The names of a source that can be judged.
fn spoken(source: &str, translation: &str, pair: LangPair, known: &KnownNames) -> Vec<Spoken> {
    let mut found: Vec<Spoken> = Vec::new();
    for Found { range, bearers } in known.find(source, pair.from) {
        let value = source.get(range.clone()).unwrap_or_default();
        // Vietnamese names are words too, which only their capitals tell apart.
        if !starts_every_word_large(value) || known.is_agreed(&bearers, pair.to) {
            continue;
        }
        let also: Vec<Name> = known
            .names(&bearers)
            .map(|(name, lang)| Name::read(name, lang))
            .collect();
        found.extend(Spoken::of(range, value, pair.from, bearers, also));
    }
    let said = introduced(source, pair.from);
    // Words for a name are used of other things too: where the translation does not use them so, it
    // was none.
    if said.is_empty() || introduced(translation, pair.to).is_empty() {
        return found;
    }
    for mention in said {
        if found.iter().any(|s| overlap(&s.range, &mention.range)) {
            continue;
        }
        let also = beginnings(&mention.value, pair.from);
        let name = Spoken::of(mention.range, &mention.value, pair.from, Vec::new(), also);
        found.extend(name.filter(|n| n.syllables <= MOST_SYLLABLES));
    }
    found
}

/// Names that a text introduces with words for it.
fn introduced(text: &str, lang: Lang) -> Vec<Mention> {
    let mut all = text::mentions(text, lang);
    all.retain(|mention| mention.kind == FactKind::Name);
    all
}

impl Spoken {
    fn of(
        range: Range<usize>,
        value: &str,
        lang: Lang,
        bearers: Vec<usize>,
        also: Vec<Name>,
    ) -> Option<Self> {
        let own = Name::read(value, Some(lang));
        let syllables = own.syllables().filter(|n| *n >= FEWEST_SYLLABLES)?;
        let mut readings = vec![own];
        let long = |name: &Name| name.syllables().is_some_and(|n| n >= FEWEST_SYLLABLES);
        readings.extend(also.into_iter().filter(long));
        Some(Self {
            range,
            bearers,
            readings,
            folded: text::fold(value),
            syllables,
        })
    }

    fn nearness(&self, other: &Name) -> f32 {
        let all = self.readings.iter().map(|own| score(own, other));
        all.fold(0.0, f32::max)
    }
}

/// A name that a line introduces may end before its end is noticed, where no space parts the words.
fn beginnings(value: &str, lang: Lang) -> Vec<Name> {
    if matches!(lang, Lang::Vi | Lang::En) {
        return Vec::new();
    }
    let ends = text::words(value, lang).into_iter().map(|w| w.end);
    let shorter = ends.filter(|end| *end < value.len());
    let parts = shorter.filter_map(|end| value.get(..end));
    parts.map(|part| Name::read(part, Some(lang))).collect()
}

fn starts_every_word_large(value: &str) -> bool {
    let mut words = value.split_whitespace();
    words.all(|w| !w.starts_with(char::is_lowercase))
}

/// What became of a name.
enum Looked {
    /// It stands there, where that is known.
    There(Option<Range<usize>>),
    /// Nothing there sounds like it.
    Missing,
}

/// A translation cut for the search.
struct Page<'a> {
    text: &'a str,
    lang: Lang,
    folded: String,
    tokens: Vec<IndexToken>,
    known: Vec<Found>,
    /// Its names begin with capitals.
    capitals: bool,
}

impl<'a> Page<'a> {
    fn read(text: &'a str, lang: Lang, known: &KnownNames) -> Self {
        let mut tokens = text::index_tokens(text);
        tokens.truncate(MOST_TOKENS);
        let large = |t: &IndexToken| !t.cluster && is_large(text, t);
        Self {
            text,
            lang,
            folded: text::fold(text),
            // The first word has one in any case.
            capitals: tokens.iter().skip(1).any(large),
            known: known.find(text, lang),
            tokens,
        }
    }

    fn look_for(&self, name: &Spoken) -> Looked {
        let own = |f: &&Found| f.bearers.iter().any(|b| name.bearers.contains(b));
        if let Some(found) = self.known.iter().find(own) {
            return Looked::There(Some(found.range.clone()));
        }
        if self.folded.contains(&name.folded) {
            return Looked::There(None);
        }
        let near = |range: &Range<usize>| {
            let written = self.text.get(range.clone()).unwrap_or_default();
            name.nearness(&Name::read(written, Some(self.lang)))
        };
        // One person may stand in the register twice, but two people there are mostly two.
        let another = self.known.iter().map(|f| &f.range);
        if let Some(range) = another.clone().find(|range| near(range) >= ANOTHER) {
            return Looked::There(Some(range.clone()));
        }
        let starts = 0..self.tokens.len();
        let windows = starts.flat_map(|from| self.windows(from, name.syllables));
        let mut free = windows.filter(|w| !another.clone().any(|range| overlap(range, w)));
        match free.find(|window| near(window) >= CARRIED) {
            Some(range) => Looked::There(Some(range)),
            None => Looked::Missing,
        }
    }

    /// Stretches from one token on that may be a name of so many syllables.
    fn windows(&self, from: usize, syllables: usize) -> Vec<Range<usize>> {
        let Some(first) = self.tokens.get(from) else {
            return Vec::new();
        };
        if !first.cluster && self.capitals && !is_large(self.text, first) {
            return Vec::new();
        }
        // A syllable is one character in Chinese, a word in Latin letters or a part of one, and up to
        // three clusters elsewhere.
        let (fewest, most) = match (first.cluster, self.lang) {
            (false, _) => (1, syllables.saturating_add(2)),
            (true, Lang::Zh) => (
                syllables.saturating_sub(1).max(2),
                syllables.saturating_add(2),
            ),
            (true, _) => (syllables, syllables.saturating_mul(3).saturating_add(1)),
        };
        let mut found = Vec::new();
        let mut end = first.range.start;
        for (taken, token) in (1..=most).zip(self.tokens.iter().skip(from)) {
            let apart = taken > 1 && !self.joined(end, token.range.start);
            if token.cluster != first.cluster || apart {
                break;
            }
            end = token.range.end;
            if taken >= fewest {
                found.push(first.range.start..end);
            }
        }
        found
    }

    /// What was written in the place of a missing name: a known name, one that is introduced, or words
    /// with capitals.
    fn in_its_place(&self, taken: &[Range<usize>]) -> Option<Range<usize>> {
        let free = |range: &Range<usize>| !taken.iter().any(|t| overlap(t, range));
        let mut known = self.known.iter().map(|f| f.range.clone());
        let introduced = || {
            let all = introduced(self.text, self.lang).into_iter();
            all.map(|mention| mention.range).find(free)
        };
        let large = || self.large().into_iter().find(free);
        known.find(free).or_else(introduced).or_else(large)
    }

    /// Several words in a row that begin with capitals.
    fn large(&self) -> Vec<Range<usize>> {
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        for token in self
            .tokens
            .iter()
            .filter(|t| !t.cluster && is_large(self.text, t))
        {
            let range = token.range.clone();
            match found.last_mut() {
                Some((run, words)) if self.joined(run.end, range.start) => {
                    run.end = range.end;
                    *words = words.saturating_add(1);
                }
                _ => found.push((range, 1)),
            }
        }
        found.retain(|(_, words)| *words > 1);
        found.into_iter().map(|(range, _)| range).collect()
    }

    fn joined(&self, end: usize, start: usize) -> bool {
        self.text.get(end..start).is_some_and(joins_a_name)
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

fn is_large(text: &str, token: &IndexToken) -> bool {
    text.get(token.range.clone())
        .is_some_and(|t| t.starts_with(char::is_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glossary::Glossary;

    /// One person in each script, and a line that speaks of somebody.
    const ZHANG: [(Lang, &str, &str); 6] = [
        (Lang::Zh, "张建国", "昨天{}没有来。"),
        (Lang::Vi, "Trương Kiến Quốc", "Hôm qua {} không đến."),
        (Lang::Th, "จางเจี้ยนกั๋ว", "เมื่อวาน{}ไม่มา"),
        (Lang::My, "ကျန်းကျန်းကော့", "မနေ့က {}မလာဘူး။"),
        (Lang::Lo, "ຈາງຈ້ຽນກົ໋ວ", "ມື້ວານ{}ບໍ່ມາ"),
        (Lang::Km, "ចាងជៀនកូ", "ម្សិលមិញ{}មិនមកទេ។"),
    ];
    /// Another, in the same order.
    const MALEE: [&str; 6] = [
        "玛丽本玛",
        "Malee Boonma",
        "มาลีบุญมา",
        "မာလီဘွန်မာ",
        "ມາລີບຸນມາ",
        "ម៉ាលីប៊ុនម៉ា",
    ];

    fn register(people: &[&[&str]]) -> KnownNames {
        let person = |names: &&[&str]| names.iter().map(|n| ((*n).to_owned(), None)).collect();
        KnownNames::new(people.iter().map(person).collect(), &Glossary::default())
    }

    fn flag(source: &str, translation: &str, pair: LangPair, known: &KnownNames) -> Option<Flag> {
        check(source, translation, pair, known)
    }

    #[test]
    fn another_name_is_named_with_both_places_in_every_direction() {
        for (from, name, line) in ZHANG {
            let known = register(&[&[name]]);
            let source = line.replace("{}", name);
            for ((to, same, line), other) in ZHANG.into_iter().zip(MALEE) {
                if from == to {
                    continue;
                }
                let pair = LangPair::new(from, to);
                let carried = line.replace("{}", same);
                assert_eq!(flag(&source, &carried, pair, &known), None, "{pair}");
                let changed = line.replace("{}", other);
                let found = flag(&source, &changed, pair, &known).unwrap();
                assert_eq!(found.kind, FlagKind::NameDiffers);
                assert!(found.detail.starts_with(&format!("{name} |")), "{pair}");
                let place = &found.places[0];
                assert_eq!((place.side, place.value.as_str()), (Side::Source, name));
                let at = source.chars().skip(place.from).take(place.to - place.from);
                assert_eq!(at.collect::<String>(), name, "{pair}");
            }
        }
    }

    #[test]
    fn a_known_name_in_the_wrong_place_is_shown_as_such() {
        let known = register(&[&["王丽华", "Vương Lệ Hoa"], &["王丽娟", "Vương Lệ Quyên"]]);
        let pair = LangPair::new(Lang::Zh, Lang::Vi);
        let found = flag("我认识王丽华。", "Tôi quen Vương Lệ Quyên.", pair, &known).unwrap();
        assert_eq!(found.detail, "王丽华 | Vương Lệ Quyên");
        let read: Vec<(Side, usize, usize)> = found
            .places
            .iter()
            .map(|p| (p.side, p.from, p.to))
            .collect();
        assert_eq!(read, [(Side::Source, 3, 6), (Side::Translation, 9, 23)]);
        // Both are spoken of, each under a name of its own.
        let both = "Tôi quen Vương Lệ Quyên và Vương Lệ Hoa.";
        assert_eq!(flag("我认识王丽华和王丽娟。", both, pair, &known), None);
    }

    #[test]
    fn an_alias_or_an_agreed_rendering_stands_for_the_name() {
        let pair = LangPair::new(Lang::Zh, Lang::Vi);
        let (source, translation) = ("老虎大哥带我们走。", "Anh Cọp dẫn chúng tôi đi.");
        let alone = register(&[&["老虎大哥"]]);
        assert!(flag(source, translation, pair, &alone).is_some());
        let both = register(&[&["老虎大哥", "Anh Cọp"]]);
        assert_eq!(flag(source, translation, pair, &both), None);
        // What the terms say is theirs to check.
        let table = "id,zh,vi,th\na,西贡港,Cảng Sài Gòn,ท่าเรือไซ่ง่อน\n";
        let glossary = Glossary::read_csv(table.as_bytes()).unwrap();
        let known = KnownNames::new(Vec::new(), &glossary);
        assert_eq!(flag("我在西贡港。", "Tôi ở đó.", pair, &known), None);
        let khmer = LangPair::new(Lang::Zh, Lang::Km);
        assert!(flag("我在西贡港。", "ខ្ញុំនៅទីនោះ។", khmer, &known).is_some());
    }

    #[test]
    fn short_names_and_words_that_look_like_names_are_not_judged() {
        let known = register(&[&["Hùng"], &["Hoa Mai"]]);
        let pair = LangPair::new(Lang::Vi, Lang::Zh);
        assert_eq!(flag("Hùng đưa tôi đi.", "他带我走的。", pair, &known), None);
        let flowers = "Hoa mai nở vào mùa xuân.";
        assert_eq!(flag(flowers, "梅花在春天开放。", pair, &known), None);
        let named = flag("Tôi gặp Hoa Mai.", "我见到了他。", pair, &known);
        assert!(named.is_some());
    }

    #[test]
    fn a_name_is_introduced_by_both_sides_or_it_is_none() {
        let none = KnownNames::default();
        let pair = LangPair::new(Lang::Zh, Lang::Vi);
        let found = flag("我叫张建国。", "Tôi tên là Malee Boonma.", pair, &none).unwrap();
        assert_eq!(found.detail, "张建国 | Malee Boonma");
        let carried = "Tôi tên là Trương Kiến Quốc.";
        assert_eq!(flag("我叫张建国。", carried, pair, &none), None);
        assert_eq!(flag("我叫张建国。", "Tôi gọi taxi.", pair, &none), None);
    }
}
