//! Tests of the page of the lock.

use std::time::Duration;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::*;
use crate::app::Options;
use crate::domain::Lang;

#[test]
fn while_it_works_the_time_left_is_told_and_that_nothing_stops_it() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        workspace: Some(dir.path().to_owned()),
        ..Options::default()
    };
    let app = Arc::new(App::open(&options).unwrap());
    for (lang, done, told) in [
        (Lang::En, 0, None),
        (Lang::En, 25, Some(("25 %", "About 03:00 left"))),
        (Lang::Th, 25, Some(("๒๕ %", "๐๓:๐๐"))),
    ] {
        let mut page = LockPage::new(&app, &Context::default(), Purpose::First, false).unwrap();
        page.words = Words::chosen(&Choices {
            language: lang,
            native_digits: true,
            ..Choices::default()
        });
        let no_stop = page.words.t("lock-no-stop");
        let (_send, working) = channel();
        page.working = Some(working);
        page.step = (done, 100);
        page.since = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        let app = Arc::clone(&app);
        let harness = Harness::builder()
            .allow_missing_glyphs()
            .with_size((900.0, 600.0))
            .build_ui(move |ui: &mut Ui| {
                page.show(ui, &app);
            });
        let sees = |text: &str| harness.query_all_by_label_contains(text).next().is_some();
        assert!(sees(no_stop), "{lang}");
        let Some((part, left)) = told else {
            assert!(!sees("left"), "nothing is known yet");
            continue;
        };
        assert!(sees(part), "{lang}: {part}");
        assert!(sees(left), "{lang}");
    }
}

#[test]
fn memory_that_may_be_written_in_the_clear_is_told_in_the_language_of_the_screens() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = Some(dir.path().to_owned());
    let options = Options {
        workspace,
        ..Options::default()
    };
    let app = Arc::new(App::open(&options).unwrap());
    let text = "text and sound in memory may be written in the clear to /dev/sda3";
    for (lang, told, shown) in [
        (Lang::En, None, None),
        (Lang::En, Some(text), Some(text)),
        (Lang::Km, Some(text), Some("អ៊ិនគ្រីបទៅ /dev/sda3")),
        (Lang::My, Some(text), Some("ကုဒ်မဝှက်ဘဲ /dev/sda3")),
    ] {
        let ctx = Context::default();
        let mut page = LockPage::new(&app, &ctx, Purpose::First, false).unwrap();
        page.words = Words::of(lang);
        page.swap = told.map(|what| Told {
            what: what.to_owned(),
            next: String::new(),
        });
        let app = Arc::clone(&app);
        let page = move |ui: &mut Ui| {
            page.show(ui, &app);
        };
        let harness = Harness::builder()
            .allow_missing_glyphs()
            .with_size((900.0, 600.0))
            .build_ui(page);
        let named = |text: &str| harness.query_all_by_label_contains(text).count();
        assert_eq!(named("/dev/sda3"), usize::from(told.is_some()), "{lang}");
        assert!(shown.is_none_or(|text| named(text) == 1), "{lang}");
    }
}
