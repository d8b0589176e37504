//! Words that stand before or behind a name and are no part of it.
//!
//! Written for this program from common knowledge of the languages; unreviewed by native speakers.

use crate::domain::Lang;

/// A word of address.
struct Title {
    word: &'static str,
    /// It is part of some names too, so a name is tried with it and without it.
    perhaps: bool,
    /// It stands behind the name.
    behind: bool,
}

const fn sure(word: &'static str) -> Title {
    Title {
        word,
        perhaps: false,
        behind: false,
    }
}

const fn perhaps(word: &'static str) -> Title {
    Title {
        word,
        perhaps: true,
        behind: false,
    }
}

const fn behind(word: &'static str) -> Title {
    Title {
        word,
        perhaps: false,
        behind: true,
    }
}

/// The longest of words that begin alike stands first.
#[rustfmt::skip] // a table
fn titles(lang: Lang) -> &'static [Title] {
    match lang {
        Lang::Zh => &const {
            [
                behind("先生"), behind("女士"), behind("小姐"), behind("太太"), behind("同志"), behind("老师"),
                behind("师傅"), behind("老板"), perhaps("阿"), perhaps("老"), perhaps("小"),
            ]
        },
        Lang::Th => &const {
            [
                sure("นางสาว"), sure("น.ส."), sure("นาย"), perhaps("นาง"), sure("เด็กชาย"), sure("เด็กหญิง"), sure("ด.ช."),
                sure("ด.ญ."), sure("คุณ"), perhaps("พี่"), perhaps("น้อง"), sure("พล.อ."), sure("พลเอก"), sure("ดร."), perhaps("ท้าว"),
            ]
        },
        Lang::Lo => &const {
            [
                sure("ທ່ານນາງ"), sure("ທ່ານ"), sure("ທ້າວ"), sure("ນາງສາວ"), perhaps("ນາງ"), sure("ນາຍ"), perhaps("ອ້າຍ"),
                perhaps("ເອື້ອຍ"), perhaps("ນ້ອງ"),
            ]
        },
        Lang::Km => &const {
            [
                sure("លោកស្រី"), sure("លោកជំទាវ"), sure("លោក"), sure("អ្នកស្រី"), sure("អ្នកនាង"), sure("កញ្ញា"), sure("ឯកឧត្តម"),
                sure("សម្តេច"), sure("បង"),
            ]
        },
        Lang::My => &const {
            [
                perhaps("ဦး"), perhaps("ဒေါ်"), perhaps("ကို"), perhaps("မောင်"), perhaps("မ"), perhaps("စိုင်း"),
                perhaps("ဆရာမ"), perhaps("ဆရာ"), perhaps("ဒေါက်တာ"),
            ]
        },
        Lang::Vi => &const {
            [
                sure("ông"), sure("bà"), sure("anh"), sure("chị"), sure("cô"), sure("chú"), sure("bác"), sure("em"),
                sure("đồng chí"),
            ]
        },
        Lang::En => &const {
            [
                sure("mr."), sure("mrs."), sure("ms."), sure("dr."), sure("mr"), sure("mrs"), sure("ms"), sure("miss"), sure("dr"),
                perhaps("u"), perhaps("daw"), perhaps("ko"), perhaps("ma"), perhaps("maung"), perhaps("saw"), perhaps("naw"),
                perhaps("sai"), perhaps("nang"), perhaps("nai"), sure("thao"), sure("lok"), sure("neak srey"), sure("khun"),
            ]
        },
    }
}

/// A name and its titles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bare<'a> {
    /// What is left.
    pub name: &'a str,
    /// The title that was taken off.
    pub title: Option<&'a str>,
    /// It may be part of the name after all.
    pub perhaps: bool,
}

/// Takes one title off a name. In spaced scripts a title is a whole word.
pub(super) fn strip(name: &str, lang: Lang) -> Bare<'_> {
    let whole = Bare {
        name,
        title: None,
        perhaps: false,
    };
    let spaced = matches!(lang, Lang::Vi | Lang::En);
    for title in titles(lang) {
        let cut = if title.behind {
            name.strip_suffix(title.word)
                .map(|rest| (rest, name.get(rest.len()..)))
        } else {
            let length = title.word.len();
            let head = name
                .get(..length)
                .filter(|head| head.to_lowercase() == title.word);
            head.and_then(|head| Some((name.get(length..)?, Some(head))))
        };
        let Some((rest, Some(taken))) = cut else {
            continue;
        };
        let parted = rest.starts_with([' ', '\u{a0}']);
        let left = rest.trim();
        let enough = left.chars().filter(|c| c.is_alphabetic()).count() > usize::from(!parted);
        // Anh, Cô and the like end or open Vietnamese names of two words too.
        let words = left.split_whitespace().count();
        if enough && (!spaced || (parted && (title.perhaps || words > 0))) && !opens_with_mark(left)
        {
            return Bare {
                name: left,
                title: Some(taken),
                perhaps: title.perhaps || (spaced && words < 2),
            };
        }
    }
    whole
}

/// Whether a text begins with a sign that belongs to a letter before it.
fn opens_with_mark(text: &str) -> bool {
    text.chars().next().is_some_and(|c| {
        !c.is_alphanumeric() || matches!(c, '\u{102B}'..='\u{103E}' | '\u{17B6}'..='\u{17D3}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_of_six_languages_go_and_names_stay() {
        for (name, lang, left) in [
            ("张伟先生", Lang::Zh, "张伟"),
            ("นางสาวสมหญิง ใจดี", Lang::Th, "สมหญิง ใจดี"),
            ("ທ້າວ ສົມພອນ", Lang::Lo, "ສົມພອນ"),
            ("លោក ហ៊ុន សែន", Lang::Km, "ហ៊ុន សែន"),
            ("ဦးသန့်", Lang::My, "သန့်"),
            ("Ông Nguyễn Văn Hùng", Lang::Vi, "Nguyễn Văn Hùng"),
            ("Daw Khin San", Lang::En, "Khin San"),
            ("Ubon", Lang::En, "Ubon"),
        ] {
            assert_eq!(strip(name, lang).name, left, "{name}");
        }
    }
}
