//! How long an utterance may become before it is cut without a pause: recognisers differ, and so do
//! languages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Lang;

/// The longest utterance by language, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct LongestUtterance {
    /// For languages of which nothing is known.
    usual_ms: u64,
    by_language: BTreeMap<Lang, u64>,
}

/// As it stands in a plan on the disk; earlier versions wrote one number for all languages.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    One(u64),
    Each {
        usual_ms: u64,
        by_language: BTreeMap<Lang, u64>,
    },
}

impl From<Written> for LongestUtterance {
    fn from(written: Written) -> Self {
        match written {
            Written::One(ms) => Self::from(ms),
            Written::Each {
                usual_ms,
                by_language,
            } => Self::new(usual_ms, by_language),
        }
    }
}

impl From<LongestUtterance> for Written {
    fn from(longest: LongestUtterance) -> Self {
        match longest.by_language.is_empty() {
            true => Written::One(longest.usual_ms),
            false => Written::Each {
                usual_ms: longest.usual_ms,
                by_language: longest.by_language,
            },
        }
    }
}

impl From<u64> for LongestUtterance {
    /// The same for every language.
    fn from(ms: u64) -> Self {
        Self::new(ms, BTreeMap::new())
    }
}

impl LongestUtterance {
    /// `usual_ms` for languages that `by_language` lacks.
    pub fn new(usual_ms: u64, by_language: BTreeMap<Lang, u64>) -> Self {
        Self {
            usual_ms,
            by_language,
        }
    }

    /// Where any of these languages may be spoken; any of all where none is named.
    pub fn among(&self, languages: &[Lang]) -> u64 {
        let of = |lang: &Lang| self.by_language.get(lang).copied();
        let known = languages
            .iter()
            .map(|lang| of(lang).unwrap_or(self.usual_ms));
        known.min().unwrap_or_else(|| self.least())
    }

    /// The least of all languages.
    pub fn least(&self) -> u64 {
        let least = self.by_language.values().copied().min();
        least.unwrap_or(self.usual_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_is_cut_as_its_own_languages_need_it() {
        let each = BTreeMap::from([(Lang::Zh, 15_000), (Lang::My, 6_000)]);
        let longest = LongestUtterance::new(12_000, each);
        assert_eq!(longest.among(&[Lang::Zh]), 15_000);
        assert_eq!(longest.among(&[Lang::My]), 6_000);
        assert_eq!(longest.among(&[Lang::Zh, Lang::My]), 6_000);
        assert_eq!(longest.among(&[Lang::Km, Lang::Zh]), 12_000);
        assert_eq!((longest.among(&[]), longest.least()), (6_000, 6_000));
        let json = serde_json::to_string(&longest).unwrap();
        let read: LongestUtterance = serde_json::from_str(&json).unwrap();
        assert_eq!(read, longest);
    }

    #[test]
    fn a_plan_of_an_earlier_version_has_one_length_for_all() {
        let read: LongestUtterance = serde_json::from_str("7000").unwrap();
        assert_eq!(read, LongestUtterance::from(7000));
        assert_eq!((read.least(), read.among(&[Lang::Lo])), (7000, 7000));
        assert_eq!(serde_json::to_string(&read).unwrap(), "7000");
        assert!(serde_json::from_str::<LongestUtterance>("-1").is_err());
    }
}
