//! Chinese characters as sounds: by their Mandarin and by their Sino-Vietnamese readings, from tables.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::latin;
use super::sound::Sounds;
use crate::text::bare;

type Table = HashMap<char, Vec<&'static str>>;

static MANDARIN: LazyLock<Table> =
    LazyLock::new(|| table(&[include_str!("data/han_mandarin.tsv")]));
static VIETNAMESE: LazyLock<Table> = LazyLock::new(|| {
    table(&[
        include_str!("data/han_vietnamese.tsv"),
        include_str!("data/han_vietnamese_more.tsv"),
    ])
});
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    rows(include_str!("data/han_traditional.tsv"))
        .filter_map(|(simple, many)| Some((simple.chars().next()?, many)))
        .flat_map(|(simple, many)| many.chars().map(move |c| (c, simple)))
        .collect()
});
/// What Mandarin makes of a Vietnamese syllable: readings of the common characters that it reads.
static BACK: LazyLock<HashMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let mut back: HashMap<String, Vec<&'static str>> = HashMap::new();
    for (syllable, characters) in rows(include_str!("data/han_vietnamese.tsv")) {
        for c in characters.chars() {
            for reading in MANDARIN.get(&c).into_iter().flatten() {
                for key in [syllable.to_owned(), bare(syllable)] {
                    let known = back.entry(key).or_default();
                    if !known.contains(reading) {
                        known.push(reading);
                    }
                }
            }
        }
    }
    back
});

/// Surnames that are read otherwise than the character alone.
#[rustfmt::skip] // a table
const SURNAME_READINGS: &[(&str, &[&str])] = &[
    ("单", &["shan"]), ("仇", &["qiu"]), ("区", &["ou"]), ("解", &["xie"]), ("查", &["zha"]),
    ("盖", &["ge"]), ("曾", &["zeng"]), ("任", &["ren"]), ("缪", &["miao"]), ("覃", &["qin"]),
    ("翟", &["zhai"]), ("乐", &["yue"]), ("召", &["shao"]), ("折", &["she"]), ("黑", &["he"]),
    ("繁", &["po"]), ("员", &["yun"]), ("祭", &["zhai"]), ("朴", &["piao"]), ("尉迟", &["yu", "chi"]),
    ("万俟", &["mo", "qi"]), ("令狐", &["ling", "hu"]), ("长孙", &["zhang", "sun"]),
    ("澹台", &["tan", "tai"]), ("沈", &["shen"]), ("冼", &["xian"]), ("洗", &["xian"]),
    ("洪", &["hong"]), ("贾", &["jia"]), ("石", &["shi"]), ("尹", &["yin"]), ("车", &["che"]),
    ("葛", &["ge"]), ("句", &["gou"]), ("宁", &["ning"]), ("隗", &["wei"]), ("郗", &["xi"]),
    ("燕", &["yan"]), ("应", &["ying"]), ("哈", &["ha"]), ("褚", &["chu"]), ("种", &["chong"]),
];
/// Surnames of two characters.
#[rustfmt::skip] // a table
const COMPOUND: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐", "慕容", "司徒", "夏侯", "万俟", "长孙",
    "宇文", "轩辕", "南宫", "西门", "独孤", "端木", "百里", "呼延", "闻人", "钟离", "申屠", "太史", "澹台", "濮阳",
    "司空", "拓跋", "赫连",
];
/// Surnames of one character, the common ones of China and of Vietnam.
const SURNAMES: &str = "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏\
钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申\
尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解\
强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井\
练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺农岩玉刀罕侬韩区";

fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once('\t'))
}

fn table(texts: &[&'static str]) -> Table {
    let mut table = Table::new();
    for (reading, characters) in texts.iter().flat_map(|text| rows(text)) {
        for c in characters.chars() {
            table.entry(c).or_default().push(reading);
        }
    }
    table
}

/// The text in simplified characters.
pub(in crate::text) fn simplified(text: &str) -> String {
    text.chars()
        .map(|c| SIMPLIFIED.get(&c).copied().unwrap_or(c))
        .collect()
}

/// How many characters of a name without separators are its surname; 0 where it has none that is
/// known, or is too long to be a Chinese name.
pub(super) fn surname_length(name: &str) -> usize {
    let length = name.chars().count();
    if (3..=5).contains(&length) && COMPOUND.iter().any(|s| name.starts_with(s)) {
        return 2;
    }
    let known = name.chars().next().is_some_and(|c| SURNAMES.contains(c));
    usize::from(known && (2..=4).contains(&length))
}

/// The readings of one character in Hanyu Pinyin without tones; none where it is unknown.
pub(in crate::text) fn pinyin_of(c: char) -> &'static [&'static str] {
    MANDARIN.get(&c).map_or(&[], Vec::as_slice)
}

/// The Mandarin reading, a syllable a character; `None` where a character is unknown.
pub(super) fn mandarin(text: &str, surname: bool) -> Option<Vec<Vec<Sounds>>> {
    if surname && let Some((_, readings)) = SURNAME_READINGS.iter().find(|(s, _)| *s == text) {
        return readings
            .iter()
            .map(|r| Some(vec![latin::mandarin_syllable(r)?]))
            .collect();
    }
    text.chars()
        .map(|c| {
            let readings = MANDARIN.get(&c)?;
            let sounds: Vec<Sounds> = readings
                .iter()
                .filter_map(|r| latin::mandarin_syllable(r))
                .collect();
            (!sounds.is_empty()).then_some(sounds)
        })
        .collect()
}

/// The Sino-Vietnamese reading, a syllable a character, with all that a character may be read as.
pub(super) fn sino_vietnamese(text: &str) -> Option<Vec<Vec<Sounds>>> {
    text.chars()
        .map(|c| {
            let readings = VIETNAMESE.get(&c)?;
            let sounds: Vec<Sounds> = readings
                .iter()
                .filter_map(|r| latin::vietnamese(r))
                .flatten()
                .collect();
            (!sounds.is_empty()).then_some(sounds)
        })
        .collect()
}

/// The Mandarin syllables that a Vietnamese syllable may stand for.
pub(super) fn mandarin_of_vietnamese(syllable: &str) -> Option<Vec<Sounds>> {
    let lower = syllable.to_lowercase();
    let readings = BACK.get(&lower).or_else(|| BACK.get(&bare(&lower)))?;
    Some(
        readings
            .iter()
            .filter_map(|r| latin::mandarin_syllable(r))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surnames_are_read_as_surnames() {
        let read = |text, surname| {
            let all = mandarin(text, surname).unwrap();
            String::from_utf8(all.concat().concat()).unwrap()
        };
        assert_eq!(read("单", true), "Sa2");
        assert_eq!(read("单", false), "ta2");
        assert_eq!(read("仇", true), "C-u");
        assert_eq!(surname_length("欧阳修"), 2);
        assert_eq!(surname_length("阮文雄"), 1);
        assert_eq!(surname_length("昂山素季"), 0);
    }

    #[test]
    fn traditional_characters_read_as_their_simplified_ones() {
        assert_eq!(simplified("陳國強"), "陈国强");
        assert!(sino_vietnamese("阮文雄").is_some());
        assert!(mandarin("☺", false).is_none());
    }

    #[test]
    fn a_vietnamese_syllable_leads_back_to_mandarin() {
        let back = mandarin_of_vietnamese("Quốc").unwrap();
        assert!(back.contains(&b"k+o".to_vec()));
        assert!(mandarin_of_vietnamese("xyz").is_none());
    }
}
