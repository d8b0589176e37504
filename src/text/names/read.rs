//! From a writing of a name to its readings, and from readings to the summary that is searched by.

use super::sound::{self, Sounds};
use super::{burmese, han, khmer, latin, tai, tai_letters, titles};
use crate::domain::Lang;
use crate::text::normalise;

/// Parts beyond this many are not looked at.
const MOST_PARTS: usize = 8;
/// Characters of a name beyond this many are not looked at.
const MOST_CHARACTERS: usize = 120;
/// Syllables of a reading beyond this many are not looked at.
const MOST_SYLLABLES: usize = 24;

/// The script that a name is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Written {
    /// Chinese characters.
    Han,
    /// Latin letters, Vietnamese among them.
    Latin,
    /// Thai.
    Thai,
    /// Lao.
    Lao,
    /// Khmer.
    Khmer,
    /// Burmese.
    Burmese,
}

impl Written {
    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Written::Han => "han",
            Written::Latin => "latin",
            Written::Thai => "thai",
            Written::Lao => "lao",
            Written::Khmer => "khmer",
            Written::Burmese => "burmese",
        }
    }

    /// The script of the first letter that is of one of these.
    pub fn of(text: &str) -> Option<Self> {
        text.chars().find_map(|c| match c {
            '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' => {
                Some(Written::Han)
            }
            '\u{0E01}'..='\u{0E4F}' => Some(Written::Thai),
            '\u{0E81}'..='\u{0EDF}' => Some(Written::Lao),
            '\u{1000}'..='\u{109F}' => Some(Written::Burmese),
            '\u{1780}'..='\u{17D3}' => Some(Written::Khmer),
            c if c.is_alphabetic() && c < '\u{0250}' => Some(Written::Latin),
            '\u{1E00}'..='\u{1EFF}' => Some(Written::Latin),
            _ => None,
        })
    }

    /// The language whose titles are looked for where none is named.
    const fn usual(self) -> Lang {
        match self {
            Written::Han => Lang::Zh,
            Written::Latin => Lang::En,
            Written::Thai => Lang::Th,
            Written::Lao => Lang::Lo,
            Written::Khmer => Lang::Km,
            Written::Burmese => Lang::My,
        }
    }
}

/// What a part of a name is, where its language tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The family name.
    Family,
    /// The given name.
    Given,
    /// A part whose role the writing does not tell.
    Part,
}

impl Role {
    /// The words for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Role::Family => "family name",
            Role::Given => "given name",
            Role::Part => "name",
        }
    }
}

/// How a writing was turned into sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Mandarin,
    SinoVietnamese,
    Pinyin,
    Vietnamese,
    FromVietnamese,
    Loose,
    Spelling,
}

/// One syllable: every way it may sound.
pub(super) type Slot = Vec<Sounds>;

/// One part of a name in one reading.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) role: Role,
    pub(super) text: String,
    pub(super) slots: Vec<Slot>,
}

/// One way to read a name.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) system: System,
    pub(super) parts: Vec<Part>,
    /// The most likely sounds in a row.
    pub(super) flat: Sounds,
    /// A syllable has several sounds.
    pub(super) many: bool,
}

impl Reading {
    fn of(system: System, parts: Vec<Part>) -> Option<Self> {
        let slots = || parts.iter().flat_map(|p| &p.slots);
        let flat: Sounds = slots()
            .filter_map(|s| s.first())
            .flatten()
            .copied()
            .collect();
        let many = slots().any(|s| s.len() > 1);
        let fits = !flat.is_empty() && slots().count() <= MOST_SYLLABLES;
        fits.then_some(Self {
            system,
            parts,
            flat,
            many,
        })
    }
}

/// A name as it is compared.
#[derive(Clone, Debug)]
pub struct Name {
    pub(super) text: String,
    pub(super) written: Option<Written>,
    pub(super) readings: Vec<Reading>,
}

impl Name {
    /// Reads a writing of a name. `lang` is the language it was heard or read in, where that is
    /// known. Any text is taken; one without letters of the six scripts has no reading.
    pub fn read(text: &str, lang: Option<Lang>) -> Self {
        let cut: String = text.chars().take(MOST_CHARACTERS).collect();
        let clean = normalise(&cut, lang.unwrap_or(Lang::En));
        let written = Written::of(&clean);
        let mut name = Self {
            text: clean,
            written,
            readings: Vec::new(),
        };
        let Some(written) = written else {
            return name;
        };
        let lang = match (written, lang) {
            (Written::Latin, Some(lang @ (Lang::Vi | Lang::Zh))) => lang,
            _ => written.usual(),
        };
        let text = name.text.clone();
        let marked = written == Written::Latin && latin::is_marked_vietnamese(&text);
        let title_lang = if marked { Lang::Vi } else { lang };
        let title_lang = if written == Written::Latin && lang == Lang::Zh {
            Lang::En
        } else {
            title_lang
        };
        let bare = titles::strip(&text, title_lang);
        name.add(bare.name, written, lang);
        if bare.perhaps && bare.title.is_some() {
            name.add(&text, written, lang);
        }
        name
    }

    /// The writing in canonical form.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The script it is written in.
    pub fn written(&self) -> Option<Written> {
        self.written
    }

    /// Whether there is anything to compare by.
    pub fn is_readable(&self) -> bool {
        !self.readings.is_empty()
    }

    /// Syllables of the shortest reading, without a title; `None` where there is no reading.
    pub fn syllables(&self) -> Option<usize> {
        let count = |r: &Reading| r.parts.iter().map(|p| p.slots.len()).sum();
        self.readings.iter().map(count).min()
    }

    fn add(&mut self, text: &str, written: Written, lang: Lang) {
        let words = words(text);
        let readings = match written {
            Written::Han => han_readings(&words),
            Written::Latin => latin_readings(&words, lang),
            Written::Thai => vec![spelled(&words, Order::GivenFirst, |w| {
                tai::syllables(w, tai_letters::Tai::Thai)
            })],
            Written::Lao => vec![spelled(&words, Order::GivenFirst, |w| {
                tai::syllables(w, tai_letters::Tai::Lao)
            })],
            Written::Khmer => vec![spelled(&words, Order::FamilyFirst, khmer::syllables)],
            Written::Burmese => vec![spelled(&words, Order::None, burmese::syllables)],
        };
        self.readings.extend(readings.into_iter().flatten());
    }

    /// The summaries of all readings, without those that come twice.
    pub fn signatures(&self) -> Vec<Signature> {
        let mut all: Vec<Signature> = Vec::new();
        for reading in &self.readings {
            let signature = Signature::of(reading);
            if !all.contains(&signature) {
                all.push(signature);
            }
        }
        all
    }
}

/// The parts of a writing.
fn words(text: &str) -> Vec<&str> {
    let parted = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '·' | '•' | '・' | '‧' | '-' | '.' | ',' | '،' | '၊' | '(' | ')' | '"' | '\u{2010}'
                    ..='\u{2015}' | '\u{200B}'
            )
    };
    text.split(parted)
        .filter(|w| w.chars().any(char::is_alphabetic))
        .take(MOST_PARTS)
        .collect()
}

/// Where the family name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    FamilyFirst,
    GivenFirst,
    None,
}

fn role(order: Order, at: usize, count: usize) -> Role {
    let last = at + 1 == count;
    match order {
        _ if count < 2 => Role::Part,
        Order::FamilyFirst if at == 0 => Role::Family,
        Order::GivenFirst if last => Role::Family,
        Order::None => Role::Part,
        _ => Role::Given,
    }
}

/// A reading whose syllables have one sound each.
fn spelled(words: &[&str], order: Order, read: impl Fn(&str) -> Vec<Sounds>) -> Option<Reading> {
    let parts = words
        .iter()
        .enumerate()
        .map(|(i, word)| Part {
            role: role(order, i, words.len()),
            text: (*word).to_owned(),
            slots: read(word).into_iter().map(|s| vec![s]).collect(),
        })
        .filter(|part| !part.slots.is_empty())
        .collect();
    Reading::of(System::Spelling, parts)
}

fn han_readings(words: &[&str]) -> Vec<Option<Reading>> {
    let simple: Vec<String> = words.iter().map(|w| han::simplified(w)).collect();
    let mut pieces: Vec<(Role, String)> = Vec::new();
    if let [one] = simple.as_slice() {
        let family = han::surname_length(one);
        let cut = one.char_indices().nth(family).map_or(one.len(), |(i, _)| i);
        let (surname, given) = one.split_at(cut);
        if family > 0 {
            pieces.push((Role::Family, surname.to_owned()));
        }
        let role = if family > 0 { Role::Given } else { Role::Part };
        pieces.push((role, given.to_owned()));
    } else {
        pieces.extend(simple.into_iter().map(|w| (Role::Part, w)));
    }
    let read = |system, slots: &dyn Fn(&str, bool) -> Option<Vec<Slot>>| {
        let parts: Option<Vec<Part>> = pieces
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(role, text)| {
                let slots = slots(text, *role == Role::Family)?;
                Some(Part {
                    role: *role,
                    text: text.clone(),
                    slots,
                })
            })
            .collect();
        Reading::of(system, parts?)
    };
    vec![
        read(System::Mandarin, &han::mandarin),
        read(System::SinoVietnamese, &|text, _| {
            han::sino_vietnamese(text)
        }),
    ]
}

fn latin_readings(words: &[&str], lang: Lang) -> Vec<Option<Reading>> {
    let marked = words.iter().any(|w| latin::is_marked_vietnamese(w));
    let read = |system, order, slots: &dyn Fn(&str) -> Option<Vec<Slot>>| {
        let parts: Option<Vec<Part>> = words
            .iter()
            .enumerate()
            .map(|(i, word)| {
                let role = role(order, i, words.len());
                Some(Part {
                    role,
                    text: (*word).to_owned(),
                    slots: slots(word)?,
                })
            })
            .collect();
        Reading::of(system, parts?)
    };
    let alone = |syllables: Vec<Sounds>| {
        syllables
            .into_iter()
            .map(|s| vec![s])
            .collect::<Vec<Slot>>()
    };
    let mut readings = Vec::new();
    if !marked && lang != Lang::Vi {
        readings.push(read(System::Pinyin, Order::FamilyFirst, &|w| {
            latin::pinyin(w).map(alone)
        }));
    }
    if lang != Lang::Zh || marked {
        let whole = |w: &str| latin::vietnamese(w).map(|sounds| vec![sounds]);
        readings.push(read(System::Vietnamese, Order::FamilyFirst, &whole));
        let back = |w: &str| han::mandarin_of_vietnamese(w).map(|sounds| vec![sounds]);
        readings.push(read(System::FromVietnamese, Order::FamilyFirst, &back));
    }
    let vietnamese = readings
        .iter()
        .flatten()
        .any(|r| r.system == System::Vietnamese);
    if !(marked && vietnamese) {
        readings.push(read(System::Loose, Order::None, &|w| {
            Some(alone(latin::loose(w)))
        }));
    }
    readings
}

/// A summary of one reading: which classes of consonants follow one another, and which vowels.
/// Names that sound alike share most of its bits, however they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signature(pub u128);

/// Classes of opening consonants, none among them.
const CLASSES: u32 = 9;

impl Signature {
    fn of(reading: &Reading) -> Self {
        let mut bits = 0u128;
        let mut before: Vec<u32> = vec![CLASSES];
        for slot in reading.parts.iter().flat_map(|p| &p.slots) {
            let mut here: Vec<u32> = Vec::new();
            for sounds in slot {
                let first = sounds.first().copied().unwrap_or(b'a');
                let class = u32::from(sound::class(first));
                if !here.contains(&class) {
                    here.push(class);
                }
                bits |= 1 << (90 + class * 3 + height(sounds));
            }
            for from in &before {
                for to in &here {
                    bits |= 1 << (from * CLASSES + to);
                }
            }
            before = here;
        }
        Self(bits)
    }

    /// How much two summaries share, 0.0 to 1.0.
    pub fn likeness(self, other: Self) -> f32 {
        let both = (self.0 & other.0).count_ones();
        let all = self.0.count_ones() + other.0.count_ones();
        if all == 0 {
            0.0
        } else {
            2.0 * both as f32 / all as f32
        }
    }
}

/// The vowel of a syllable: high, middle or low.
fn height(sounds: &[u8]) -> u32 {
    sounds
        .iter()
        .find_map(|s| match s {
            b'i' | b'u' | b'&' => Some(0),
            b'e' | b'o' | b'@' => Some(1),
            b'a' => Some(2),
            _ => None,
        })
        .unwrap_or(1)
}
