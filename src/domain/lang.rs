//! The six languages of the Mekong countries, and English where a model has it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language the program works in. The codes are ISO 639-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Chinese, Mandarin, simplified script.
    Zh,
    /// Vietnamese.
    Vi,
    /// Thai.
    Th,
    /// Burmese.
    My,
    /// Lao.
    Lo,
    /// Khmer.
    Km,
    /// English: only as a help where a model has it, never required.
    En,
}

impl Lang {
    /// The six languages an interview may be held in.
    pub const SIX: [Lang; 6] = [Lang::Zh, Lang::Vi, Lang::Th, Lang::My, Lang::Lo, Lang::Km];
    /// All languages, English last.
    pub const ALL: [Lang; 7] = [
        Lang::Zh,
        Lang::Vi,
        Lang::Th,
        Lang::My,
        Lang::Lo,
        Lang::Km,
        Lang::En,
    ];

    /// The two-letter code used on the command line, in JSON and in the store.
    pub const fn code(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::Vi => "vi",
            Lang::Th => "th",
            Lang::My => "my",
            Lang::Lo => "lo",
            Lang::Km => "km",
            Lang::En => "en",
        }
    }

    /// The English name, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Lang::Zh => "Chinese",
            Lang::Vi => "Vietnamese",
            Lang::Th => "Thai",
            Lang::My => "Burmese",
            Lang::Lo => "Lao",
            Lang::Km => "Khmer",
            Lang::En => "English",
        }
    }

    /// The language's name in itself, for choosing it on a screen.
    pub const fn native_name(self) -> &'static str {
        match self {
            Lang::Zh => "中文",
            Lang::Vi => "Tiếng Việt",
            Lang::Th => "ไทย",
            Lang::My => "မြန်မာ",
            Lang::Lo => "ລາວ",
            Lang::Km => "ខ្មែរ",
            Lang::En => "English",
        }
    }

    /// Whether words are written without spaces between them.
    pub const fn unspaced(self) -> bool {
        !matches!(self, Lang::Vi | Lang::En)
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A code that names none of the languages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a language this program knows (use zh, vi, th, my, lo, km or en)")]
pub struct UnknownLang(pub String);

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(code: &str) -> Result<Self, UnknownLang> {
        let lower = code.trim().to_ascii_lowercase();
        Lang::ALL
            .into_iter()
            .find(|l| l.code() == lower)
            .ok_or_else(|| UnknownLang(code.to_owned()))
    }
}

/// A direction of translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LangPair {
    /// The language that was said.
    pub from: Lang,
    /// The language that is wanted.
    pub to: Lang,
}

impl LangPair {
    /// The direction `from` to `to`.
    pub const fn new(from: Lang, to: Lang) -> Self {
        Self { from, to }
    }
}

impl fmt::Display for LangPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for lang in Lang::ALL {
            assert_eq!(lang.code().parse::<Lang>(), Ok(lang));
            assert_eq!(lang.code().to_uppercase().parse::<Lang>(), Ok(lang));
        }
        assert!("xx".parse::<Lang>().is_err());
    }
}
