//! Tests of the record: its fields, its words in six languages, and that nothing is invented.

use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::domain::Status;
use crate::export::tests::{SIX, interview, line, translation};
use crate::export::{Error, Print};

/// What the Chinese rules ask for.
const REQUIRED: [&str; 17] = [
    "from",
    "to",
    "place",
    "officer-1",
    "officer-2",
    "recorder",
    "interpreter",
    "person",
    "alias",
    "former-name",
    "birth-date",
    "domicile",
    "address",
    "native-place",
    "ethnicity",
    "occupation",
    "documents",
];

fn templates(languages: &[Lang]) -> Vec<Template> {
    let of = |lang: &Lang| Template::of(*lang, None).unwrap();
    languages.iter().map(of).collect()
}

/// All text of rows, a paragraph a line.
fn text_of(rows: &[Row]) -> String {
    let mut text = String::new();
    let paragraphs = rows
        .iter()
        .flat_map(|r| &r.columns)
        .flat_map(|c| &c.paragraphs);
    for paragraph in paragraphs {
        for piece in &paragraph.pieces {
            match &piece.words {
                Words::Text(words) => text.push_str(words),
                Words::Page => text.push_str("<page>"),
                Words::Pages => text.push_str("<pages>"),
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn every_language_has_a_whole_form() {
    let names =
        |t: &Template| -> BTreeSet<String> { t.fields.iter().map(|f| f.name.clone()).collect() };
    let all = templates(&Lang::SIX);
    for template in &all {
        assert_eq!(names(template), names(&all[0]), "{}", template.language);
        for name in REQUIRED {
            assert!(
                template.label(name).is_some(),
                "{} {name}",
                template.language
            );
        }
        // Nobody has read them yet; whoever does changes this line together with the file.
        assert!(!template.reviewed && !template.unreviewed.is_empty());
        let title = |p| template.title.of(p).to_owned();
        assert_ne!(title(Asked::Suspect), title(Asked::Witness));
    }
    assert!(matches!(
        Template::of(Lang::En, None),
        Err(Error::NoTemplate(Lang::En))
    ));
}

#[test]
fn the_record_says_why_words_are_held_back_in_its_own_language() {
    for (lang, text) in SIX {
        let mut said = line(1, lang, text);
        let other = if lang == Lang::Zh { Lang::My } else { Lang::Zh };
        said.translations.push(translation(other, "无中生有"));
        for kind in FlagKind::ALL.into_iter().filter(|k| k.quarantines()) {
            said.status = Status::Machine;
            said.flags = vec![Flag::with(kind, text)];
            let forms = templates(&[lang, other]);
            let shown = interview(&[lang, other]);
            let written = |said: &Segment, forms: &[Template]| {
                let lines = std::slice::from_ref(said);
                let source = Source::new(&shown, lines);
                let record = paper(&source, forms, Asked::Witness);
                // The hash is of what is stored.
                let hash = digits(&transcript_hash(&shown, lines));
                assert!(text_of(&record.foot).contains(&hash));
                text_of(&record.rows)
            };
            let record = written(&said, &forms);
            assert!(!record.contains(text) && !record.contains("无中生有"));
            let told: Vec<String> = forms.iter().filter_map(|f| f.held_back(&said)).collect();
            assert_eq!(told.len(), 2);
            for told in &told {
                assert!(record.contains(told), "{told} {record}");
            }
            // The words are those of the form's language, one for each doubt.
            assert!(
                !told
                    .iter()
                    .any(|t| t.contains("held back") || t.contains(kind.as_str()))
            );
            // In a column of another language too.
            let record = written(&said, &templates(&[other]));
            assert!(!record.contains(text) && !record.contains("无中生有"));
            said.status = Status::Certified;
            let record = written(&said, &forms);
            assert!(record.contains(text) && record.contains("无中生有"));
        }
    }
}

#[test]
fn a_record_in_two_languages_has_all_that_the_rules_ask() {
    let mut shown = interview(&[Lang::Zh, Lang::Km]);
    shown.duration_ms = 3_600_000;
    let mut question = line(1, Lang::Zh, "你叫什么名字？");
    question.status = Status::Certified;
    question
        .translations
        .push(translation(Lang::Km, "តើអ្នកឈ្មោះអ្វី?"));
    let mut answer = line(2, Lang::Km, "ខ្ញុំឈ្មោះ សុខា");
    answer.speaker = "interviewee".to_owned();
    answer
        .translations
        .push(translation(Lang::Zh, "我叫索卡。"));
    answer.translations[0].flags = vec![Flag::new(FlagKind::Stale)];
    let mut third = line(3, Lang::Vi, "Xin chào");
    third.speaker = "bystander".to_owned();
    let lines = [question, answer, third];
    let templates = templates(&[Lang::Zh, Lang::Km]);
    let mut source = Source::new(&shown, &lines);
    source.recorded_here = true;
    let record = paper(&source, &templates, Asked::Suspect);
    let text = text_of(&record.rows);
    for wanted in [
        "讯问笔录",
        "以上笔录我看过（或向我宣读过），和我说的相符。",
        "问：你叫什么名字？",
        "答：我叫索卡。",
        "［机器生成，未经人工核对］ ［译文对应修改前的文字］",
        "សួរ៖ តើអ្នកឈ្មោះអ្វី?",
        "ឆ្លើយ៖ ខ្ញុំឈ្មោះ សុខា",
        "bystander：［无文字］",
        "2026-11-23 14:05",
        "2026-11-23 15:05",
        "拒绝签名",
        "案件一",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert!(text.contains("(vi) Xin chào"));
    // Checked by a person: no mark.
    assert!(text.contains("问：你叫什么名字？\n"));
    assert_eq!(text.matches("记录人签名").count(), 1);
    assert_eq!(text.matches("讯问（询问）人签名").count(), 2);
    assert!(text.contains("本表用语尚未经母语人员审校"));
    let foot = text_of(&record.foot);
    for wanted in [
        "被讯问人签名、捺指印",
        "翻译人员签名",
        "第 <page> 页 共 <pages> 页",
        "ទំព័រ <page> នៃ <pages>",
        "abab abab abab abab",
    ] {
        assert!(foot.contains(wanted), "{wanted}\n{foot}");
    }
    assert!(
        !foot.contains("记录链"),
        "digits of a chain that nobody gave"
    );
    let chained = Source {
        print: Print {
            head: Some("0123456789abcdef0123"),
            ..source.print
        },
        ..source
    };
    let foot = text_of(&paper(&chained, &templates, Asked::Suspect).foot);
    assert!(
        foot.contains("记录链 SHA-256 0123 4567 89ab cdef\n"),
        "{foot}"
    );
    assert!(foot.contains("第 <page> 页 共 <pages> 页"), "{foot}");
    let witness = text_of(&paper(&source, &templates, Asked::Witness).rows);
    assert!(witness.contains("询问笔录") && !witness.contains("讯问笔录"));
}

#[test]
fn the_parts_of_a_long_recording_are_listed_once_and_not_on_every_page() {
    let mut shown = interview(&[Lang::Lo, Lang::My]);
    let part = shown.audio[0].clone();
    let templates = templates(&[Lang::Lo, Lang::My]);
    let made = |parts: usize| {
        let mut shown = shown.clone();
        shown.audio = (0..parts)
            .map(|n| crate::domain::AudioFile {
                path: format!("part-{n}.wav"),
                sha256: format!("{n:04x}").repeat(16),
                ..part.clone()
            })
            .collect();
        let mut source = Source::new(&shown, &[]);
        source.print.head = Some("0123456789abcdef0123");
        source.print.sound_head = Some("fedcba98765432100000");
        let record = paper(&source, &templates, Asked::Witness);
        (text_of(&record.rows), text_of(&record.foot))
    };
    // Two, one a microphone, stand on every page as before.
    let (rows, foot) = made(2);
    assert!(foot.contains("0001 0001 0001 0001") && !foot.contains("fedc ba98"));
    assert!(!rows.contains("\n2 0001"), "{rows}");
    let (rows, foot) = made(96);
    assert!(
        foot.contains("SHA-256 ຂອງສາຍສຽງ fedc ba98 7654 3210"),
        "{foot}"
    );
    assert!(
        foot.contains("0123 4567 89ab cdef") && !foot.contains("0001 0001"),
        "{foot}"
    );
    let (_, few) = made(1);
    assert_eq!(
        foot.lines().count(),
        few.lines().count(),
        "no taller than with one part"
    );
    assert!(foot.len() < few.len() + 100);
    for n in 0..96 {
        let hash = format!("{n:04x}").repeat(16);
        assert_eq!(rows.matches(&hash).count(), 1, "part {n}");
    }
    // Without a chain of the sound that of the record stands for all.
    shown.audio = vec![part; 3];
    let record = paper(&Source::new(&shown, &[]), &templates, Asked::Witness);
    assert!(!text_of(&record.foot).contains("ຂອງສາຍສຽງ"));
}

#[test]
fn what_happened_beside_the_words_stands_in_the_record() {
    let one = |what, from_ms, to_ms, words: &str| Happened {
        what,
        from_ms,
        to_ms,
        words: Some(words.to_owned()).filter(|words| !words.is_empty()),
    };
    for (lang, words) in SIX {
        let form = &templates(&[lang])[0];
        let there = format!("Su, {words} (interpreter)");
        let happened = [
            one(What::Present, 0, None, &there),
            one(What::Rights, 60_000, None, ""),
            one(What::No, 61_000, None, words),
            one(What::Pause, 600_000, Some(900_000), words),
            one(What::Gap, 1_000_000, Some(1_002_000), ""),
            one(What::Pause, 3_000_000, None, ""),
        ];
        let shown = interview(&[lang]);
        let mut source = Source::new(&shown, &[]);
        source.recorded_here = true;
        source.print.happened = &happened;
        let known = [
            ("person", words.to_owned()),
            ("documents", "P1234567".to_owned()),
        ];
        source.print.known = &known;
        let text = text_of(&paper(&source, std::slice::from_ref(form), Asked::Victim).rows);
        let colon = &form.words.colon;
        for wanted in [
            format!(
                "2026-11-23 14:15 [00:10:00 - 00:15:00] {}{colon}{words}",
                form.session.of(What::Pause)
            ),
            format!("[00:16:40 - 00:16:42] {}\n", form.session.of(What::Gap)),
            format!("[00:50:00 - ] {}\n", form.session.of(What::Pause)),
            format!(
                "2026-11-23 14:06 [00:01:00] {}\n",
                form.session.of(What::Rights)
            ),
            format!("[00:01:01] {}{colon}{words}\n", form.session.of(What::No)),
            format!("{}{colon}{there}\n", form.session.of(What::Present)),
            format!("{}{colon}{words}\n", form.label("person").unwrap()),
            format!("{}{colon}P1234567\n", form.label("documents").unwrap()),
            format!(
                "{}{colon}{words} (interpreter)\n",
                form.label("interpreter").unwrap()
            ),
        ] {
            assert!(text.contains(&wanted), "{wanted}\n{text}");
        }
        // The words are the form's own, and nothing is said where nothing happened.
        assert_ne!(form.session.title, "What happened");
        let plain = Source::new(&shown, &[]);
        let text = text_of(&paper(&plain, std::slice::from_ref(form), Asked::Victim).rows);
        assert!(!text.contains(&form.session.title));
        assert!(text.contains(&format!(
            "{}{colon}____",
            form.label("interpreter").unwrap()
        )));
    }
}

#[test]
fn what_is_not_known_is_a_blank() {
    let shown = interview(&[Lang::Zh]);
    let source = Source::new(&shown, &[]);
    let text = text_of(&paper(&source, &templates(&[Lang::Zh]), Asked::Victim).rows);
    for label in [
        "开始时间",
        "结束时间",
        "地点",
        "姓名",
        "出生日期",
        "现住址",
        "曾用名",
    ] {
        assert!(
            text.contains(&format!("{label}：______")),
            "{label}\n{text}"
        );
    }
    // When an imported file was received is not when it was recorded.
    assert!(!text.contains("2026-11-23"));
}

#[test]
fn one_language_carries_what_was_said_in_all() {
    for (lang, words) in SIX {
        let shown = interview(&[lang]);
        let lines = [line(1, lang, words)];
        let source = Source::new(&shown, &lines);
        let text = text_of(&paper(&source, &templates(&[lang]), Asked::Witness).rows);
        assert!(text.contains(words), "{lang}: {text}");
    }
}

#[test]
fn what_was_said_when_it_was_read_back_stands_in_the_record() {
    use crate::domain::{ReadAnswer, ReadBack};
    let shown = interview(&[Lang::Zh, Lang::Lo]);
    let lines: Vec<Segment> = (1..=6).map(|id| line(id, Lang::Lo, "ຂ້ອຍຊື່")).collect();
    let answer = |id: Option<i64>, answer, reason: Option<&str>| ReadBack {
        segment: id.map(crate::domain::SegmentId),
        lang: Lang::Lo,
        answer,
        reason: reason.map(str::to_owned),
        by: "N. Lan".to_owned(),
        at: "2026-11-24T09:00:00Z".to_owned(),
        stands: id != Some(6),
    };
    let answers = [
        answer(None, ReadAnswer::Refused, Some("ຂ້ອຍບໍ່ເຊັນ")),
        answer(Some(1), ReadAnswer::Right, None),
        answer(Some(2), ReadAnswer::Right, None),
        answer(Some(3), ReadAnswer::Corrected, None),
        answer(Some(4), ReadAnswer::Refused, Some("ຂ້ອຍບໍ່ໄດ້ເວົ້າ")),
        answer(Some(6), ReadAnswer::Right, None),
    ];
    let templates = templates(&[Lang::Zh, Lang::Lo]);
    let mut source = Source::new(&shown, &lines);
    let plain = text_of(&paper(&source, &templates, Asked::Victim).rows);
    assert!(!plain.contains("逐行宣读核对"), "nothing was read back");
    source.print.read_back = &answers;
    let text = text_of(&paper(&source, &templates, Asked::Victim).rows);
    for wanted in [
        // One that was changed since counts as not read.
        "逐行宣读核对：确认无误：1-2; 已更正：3; 拒绝：4; 未宣读：5-6",
        "ອ່ານທວນເທື່ອລະແຖວ: ຖືກຕ້ອງ: 1-2; ແກ້ໄຂແລ້ວ: 3; ປະຕິເສດ: 4; ຍັງບໍ່ໄດ້ອ່ານ: 5-6",
        "2026-11-24 N. Lan",
        "4 [拒绝] ຂ້ອຍບໍ່ໄດ້ເວົ້າ",
        "拒绝签名、捺指印的，注明情况：ຂ້ອຍບໍ່ເຊັນ",
        "ກວດ] [ແກ້ໄຂແລ້ວ]",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert_eq!(text.matches("[已更正]").count(), 1, "{text}");
    // A covered copy withholds the reason, never that the record was refused.
    let withheld = [answer(None, ReadAnswer::Refused, None)];
    source.print.read_back = &withheld;
    let covered = text_of(&paper(&source, &templates, Asked::Victim).rows);
    for wanted in ["注明情况：拒绝", "ໃຫ້ລະບຸເຫດຜົນ: ປະຕິເສດ"]
    {
        assert!(covered.contains(wanted), "{wanted}\n{covered}");
    }
    source.print.read_back = &answers;
    // A form of an earlier version has no words of its own for it.
    let folder = tempfile::tempdir().unwrap();
    let (name, shipped) = SHIPPED[0];
    let (before, rest) = shipped.split_once("[read_back]").unwrap();
    let (_, after) = rest.split_once("[sign]").unwrap();
    fs::write(folder.path().join(name), format!("{before}[sign]{after}")).unwrap();
    let older = Template::of(Lang::Zh, Some(folder.path())).unwrap();
    let text = text_of(&paper(&source, &[older], Asked::Victim).rows);
    assert!(
        text.contains("Read back line by line：right：1-2"),
        "{text}"
    );
}

#[test]
fn an_agency_may_change_the_words() {
    let folder = tempfile::tempdir().unwrap();
    let (name, shipped) = SHIPPED[0];
    let path = folder.path().join(name);
    let changed = shipped.replace("讯问笔录", "本局讯问笔录");
    fs::write(&path, changed).unwrap();
    let own = Template::of(Lang::Zh, Some(folder.path())).unwrap();
    assert_eq!(own.title.of(Asked::Suspect), "本局讯问笔录");
    assert!(Template::of(Lang::Vi, Some(folder.path())).is_ok());
    for broken in [
        shipped.replace("{pages}", "x"),
        shipped.replace("language = \"zh\"", "language = \"vi\""),
        shipped.replace("blank = 6", "blank = 100000"),
        shipped.replace("[title]", "[titel]"),
        "\u{0}".to_owned(),
    ] {
        fs::write(&path, broken).unwrap();
        let error = Template::of(Lang::Zh, Some(folder.path())).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.help().contains("templates"));
    }
}

#[test]
fn a_record_must_be_somebodys_and_in_one_language_or_two() {
    let shown = interview(&[Lang::Zh]);
    let templates = templates(&[Lang::Zh, Lang::Vi, Lang::Th]);
    let mut source = Source::new(&shown, &[]);
    let of = |source: &Source<'_>| {
        let mut out = Vec::new();
        crate::export::write(
            crate::export::Format::Record,
            source,
            &mut out,
            &mut |_, _| Ok(()),
        )
    };
    assert!(matches!(of(&source), Err(Error::NoPerson)));
    source.print = Print {
        person: Some(Asked::Suspect),
        templates: &templates,
        ..Print::default()
    };
    assert!(matches!(of(&source), Err(Error::RecordLanguages)));
    source.print.templates = &templates[..2];
    assert!(of(&source).is_ok());
}
