//! Pictures of every screen in three languages, and of each script's letters, compared with those in
//! `tests/snapshots`. They are painted in memory: no display and no graphics card is needed.
//!
//! Letters come from the fonts of the system. Where those are others than the ones the stored pictures
//! were painted with, only that every screen can be painted is checked, and the test says so.
//! `MEKONG_PICTURES=write` paints the stored pictures anew; look at them before you commit them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and a test may say what it could not compare"
)]

#[path = "common/paint.rs"]
mod paint;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use eframe::egui::{self, Event, Key, Modifiers, RawInput, Rect, accesskit, pos2, vec2};
use mekong_interview::app::desk::{Desk, Recording};
use mekong_interview::app::live::{LiveEvent, LiveStatus, Partials};
use mekong_interview::app::{App, Options};
use mekong_interview::audio::Level;
use mekong_interview::domain::{
    Asked, Channel, EventKind, InterviewId, Lang, SamplePos, SessionEvent, Span,
};
use mekong_interview::gui::{Desktop, Gate, find_fonts};
use mekong_interview::store::{ImportedLine, ImportedTranslation, NewInterview, Store};
use paint::{Painter, Picture};
use sha2::{Digest as _, Sha256};

/// Pixels of a hundred that may differ: the rounding of another processor, not another button.
const MOST: f64 = 0.1;
/// The screens by the key that leads to them.
const SCREENS: [(Key, &str); 8] = [
    (Key::Num1, "interview"),
    (Key::Num2, "review"),
    (Key::Num3, "search"),
    (Key::Num4, "glossary"),
    (Key::Num5, "models"),
    (Key::Num6, "settings"),
    (Key::Num7, "people"),
    (Key::Num8, "evidence"),
];
/// Syllables with marks above, below, before and behind, stacked and joined.
const LETTERS: [(Lang, &str, &str); 6] = [
    (Lang::Zh, "请说慢一点，你叫什么名字？", "Xin nói chậm lại."),
    (
        Lang::Vi,
        "Nguyễn Thị Ngọc Diễm được nghỉ.",
        "你有权保持沉默。",
    ),
    (Lang::Th, "ผู้ต้องสงสัยมีสิทธิ์ ที่นี่ ปั๊มน้ำมัน", "你有权保持沉默。"),
    (Lang::Lo, "ຜູ້ຕ້ອງສົງໄສມີສິດ ຢູ່ນີ້ ນ້ຳມັນ", "你有权保持沉默。"),
    (Lang::Km, "ជនសង្ស័យមានសិទ្ធិ ស្ត្រី ខ្ញុំឈ្មោះ", "你有权保持沉默。"),
    (Lang::My, "သံသယရှိသူတွင် အခွင့်အရေးရှိသည် မြို့ ကျွန်ုပ်", "你有权保持沉默。"),
];

/// What is painted in a window.
type Show = Box<dyn FnMut(&mut egui::Ui)>;

/// What the last frame of the other window looked like.
type Other = Rc<RefCell<Vec<egui::ClippedPrimitive>>>;

struct Window {
    ctx: egui::Context,
    show: Show,
    painter: Rc<RefCell<Painter>>,
    /// What a screen reader knew of the last frame.
    named: Vec<(accesskit::NodeId, accesskit::Node)>,
    wakes: Arc<AtomicU64>,
    size: [usize; 2],
    time: f64,
}

impl Window {
    fn open(workspace: &Path, settings: &str, size: [usize; 2]) -> Self {
        Self::posing(workspace, settings, size, |_| ())
    }

    /// A window that begins with what `pose` lays on the board.
    fn posing(
        workspace: &Path,
        settings: &str,
        size: [usize; 2],
        pose: impl FnOnce(&Desk),
    ) -> Self {
        let app = app(workspace, settings);
        let wakes = Arc::new(AtomicU64::new(0));
        let own = Arc::clone(&wakes);
        let wake = move || {
            own.fetch_add(1, Ordering::Relaxed);
        };
        let ctx = egui::Context::default();
        let desk = Desk::start(Arc::clone(&app), Arc::new(wake)).unwrap();
        pose(&desk);
        let mut desktop = Desktop::new(&app, desk, &ctx, find_fonts());
        let show = Box::new(move |ui: &mut egui::Ui| desktop.show(ui));
        Self::with(ctx, show, wakes, size)
    }

    /// The window with the question for the passphrase, or the way to the lock.
    fn guarded(workspace: &Path, settings: &str) -> Self {
        let app = app(workspace, settings);
        let ctx = egui::Context::default();
        let mut gate = Gate::new(app, &ctx, find_fonts()).unwrap();
        let show = Box::new(move |ui: &mut egui::Ui| gate.show(ui));
        Self::with(ctx, show, Arc::default(), [900, 600])
    }

    fn with(ctx: egui::Context, show: Show, wakes: Arc<AtomicU64>, size: [usize; 2]) -> Self {
        ctx.enable_accesskit();
        // A caret that comes and goes would be in half of the pictures.
        ctx.all_styles_mut(|style| style.visuals.text_cursor.blink = false);
        let mut window = Self {
            ctx,
            show,
            painter: Rc::default(),
            named: Vec::new(),
            wakes,
            size,
            time: 0.0,
        };
        window.settle();
        window
    }

    fn frame(&mut self, events: Vec<Event>) -> Vec<egui::ClippedPrimitive> {
        self.time += 0.02;
        let size = vec2(self.size[0] as f32, self.size[1] as f32);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), size)),
            time: Some(self.time),
            focused: true,
            events,
            ..RawInput::default()
        };
        let show = &mut self.show;
        let made = self.ctx.run_ui(input, |ui| show(ui));
        self.painter.borrow_mut().take(made.textures_delta);
        if let Some(update) = made.platform_output.accesskit_update {
            self.named = update.nodes;
        }
        self.ctx.tessellate(made.shapes, made.pixels_per_point)
    }

    /// Goes on until the desk has been quiet for a while: everything that was asked for is there.
    fn settle(&mut self) {
        let (mut seen, mut quiet, begun) = (0, Instant::now(), Instant::now());
        while quiet.elapsed() < Duration::from_millis(400) {
            assert!(begun.elapsed() < Duration::from_secs(60), "never at rest");
            self.frame(Vec::new());
            std::thread::sleep(Duration::from_millis(10));
            let wakes = self.wakes.load(Ordering::Relaxed);
            if wakes != seen {
                (seen, quiet) = (wakes, Instant::now());
            }
        }
    }

    fn press(&mut self, key: Key, modifiers: Modifiers) {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers,
        };
        self.frame(vec![event(true), event(false)]);
        self.settle();
    }

    /// Whether anything is called so.
    fn names(&self, words: &str) -> bool {
        self.named.iter().any(|(_, node)| is_called(node, words))
    }

    /// Goes on until something is called so.
    fn until(&mut self, words: &str) {
        let begun = Instant::now();
        while !self.names(words) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "never came: {words}"
            );
            self.frame(Vec::new());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.settle();
    }

    /// Presses what is called so.
    fn press_named(&mut self, words: &str) {
        let pressed = self.named.iter().find(|(_, node)| {
            is_called(node, words) && node.supports_action(accesskit::Action::Click)
        });
        let (target_node, _) = pressed.unwrap_or_else(|| panic!("nothing is called '{words}'"));
        let event = Event::AccessKitActionRequest(accesskit::ActionRequest {
            action: accesskit::Action::Click,
            target_tree: accesskit::TreeId::ROOT,
            target_node: *target_node,
            data: None,
        });
        self.frame(vec![event]);
        self.settle();
    }

    /// From now on the other window is one of its own, of this size.
    fn with_other(&mut self, size: [usize; 2]) -> Other {
        let (seen, painter) = (Other::default(), Rc::clone(&self.painter));
        let own = Rc::clone(&seen);
        self.ctx.set_embed_viewports(false);
        egui::Context::set_immediate_viewport_renderer(move |ctx, mut viewport| {
            let id = viewport.ids.this;
            let size = vec2(size[0] as f32, size[1] as f32);
            let mut input = RawInput {
                viewport_id: id,
                screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), size)),
                ..RawInput::default()
            };
            input.viewports.insert(id, egui::ViewportInfo::default());
            let made = ctx.run_ui(input, |ui| (viewport.viewport_ui_cb)(ui));
            painter.borrow_mut().take(made.textures_delta);
            *own.borrow_mut() = ctx.tessellate(made.shapes, made.pixels_per_point);
        });
        seen
    }

    fn picture(&mut self, shrink: usize) -> Picture {
        let shapes = self.frame(Vec::new());
        let zoom = self.ctx.zoom_factor();
        assert!(
            (zoom - 1.0).abs() < f32::EPSILON,
            "painted at one pixel a point"
        );
        self.painter.borrow().paint(&shapes, self.size, shrink)
    }
}

fn is_called(node: &accesskit::Node, words: &str) -> bool {
    let label = node.label().or(node.value());
    label.is_some_and(|label| label.contains(words))
}

/// The program over a workspace, with these settings of the window.
fn app(workspace: &Path, settings: &str) -> Arc<App> {
    std::fs::write(workspace.join("desktop.toml"), settings).unwrap();
    let app = App::open(&Options {
        workspace: Some(workspace.to_owned()),
        env_kit: Some(env!("CARGO_MANIFEST_DIR").into()),
        ..Options::default()
    });
    Arc::new(app.unwrap())
}

/// A message of a language.
fn word(lang: Lang, id: &str) -> String {
    let file = format!("{}/src/gui/locales/{lang}.ftl", env!("CARGO_MANIFEST_DIR"));
    let words = std::fs::read_to_string(file).unwrap();
    let found = words
        .lines()
        .find_map(|l| l.strip_prefix(&format!("{id} = ")));
    found
        .unwrap_or_else(|| panic!("{lang} has no {id}"))
        .to_owned()
}

/// A recording that stands still: two microphones, a mark and a pause, somebody who is speaking.
fn recording() -> Recording {
    let level = |peak_db, mean_db| Level {
        peak_db,
        mean_db,
        clips: 0,
    };
    let entry = |id, kind, label: &str, from_ms, to_ms| SessionEvent {
        id,
        kind,
        label: label.to_owned(),
        channel: None,
        span: Span::new(SamplePos::from_ms(from_ms), SamplePos::from_ms(to_ms)),
        lasts: false,
        at: "2026-11-23T08:00:10Z".to_owned(),
    };
    let mut partials = Partials::default();
    partials.hear(&LiveEvent::Partial {
        channel: 1,
        span: Span::new(SamplePos::from_ms(26_000), SamplePos::from_ms(28_000)),
        text: "Nguyễn Thị Ngọc".to_owned(),
    });
    Recording {
        interview: InterviewId("20261123-0800-1".into()),
        case: Some("K-17".into()),
        purpose: Some(Asked::Witness),
        said: std::collections::BTreeSet::new(),
        status: LiveStatus {
            recorded_ms: 754_000,
            lag_ms: 3_000,
            lost_frames: 0,
            disk_minutes: Some(812),
            paused: false,
        },
        levels: vec![level(-18.0, -30.0), level(-42.0, -55.0)],
        partials,
        entries: vec![
            entry(1, EventKind::Marker, "exhibit", 4_000, 4_000),
            entry(2, EventKind::Pause, "break", 9_000, 11_000),
        ],
        ending: false,
        source: "USB".into(),
        floating: false,
        practice: false,
        without: Vec::new(),
        awake: true,
    }
}

/// Two interviews whose names, days and lines are always the same.
fn workspace() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(&dir.path().join("store.sqlite3")).unwrap();
    for (number, languages) in [(1, [Lang::Km, Lang::Vi]), (2, [Lang::My, Lang::Th])] {
        let new = NewInterview {
            id: InterviewId(format!("20261123-0800-{number}")),
            case: Some("K-17".into()),
            languages: languages.to_vec(),
            started: "2026-11-23T08:00:00Z".into(),
            duration_ms: 60_000,
            audio: Vec::new(),
            channels: vec![Channel {
                index: 0,
                speaker: "officer".into(),
                languages: languages.to_vec(),
                speech_models: Default::default(),
            }],
            working: Vec::new(),
            notes: Vec::new(),
            asked: None,
        };
        let line = |at: u64| {
            let lang = languages[at as usize % 2];
            let said = LETTERS.iter().find(|(l, ..)| *l == lang).unwrap().1;
            ImportedLine {
                speaker: if at.is_multiple_of(2) {
                    "officer"
                } else {
                    "interviewee"
                }
                .into(),
                span: Span::new(
                    SamplePos::from_ms(at * 5_000),
                    SamplePos::from_ms(at * 5_000 + 3_000),
                ),
                lang,
                text: said.into(),
                translations: vec![ImportedTranslation::new(
                    languages[(at as usize + 1) % 2],
                    "…".into(),
                    true,
                )],
                machine: true,
                flags: Vec::new(),
            }
        };
        let lines: Vec<ImportedLine> = (0..5).map(line).collect();
        store
            .create_from_transcript(&new, &lines, "transcript.json", None)
            .unwrap();
    }
    dir
}

fn snapshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// Whether the system's fonts are those of the stored pictures.
fn fonts_are_known() -> bool {
    let fonts = find_fonts();
    let mut names: Vec<_> = fonts.definitions.font_data.iter().collect();
    names.sort_by_key(|(name, _)| (*name).clone());
    let mut hash = Sha256::new();
    for (name, data) in names {
        hash.update(name.as_bytes());
        hash.update((*data.font).as_ref());
    }
    let now: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    let file = snapshots().join("fonts.txt");
    if writes() {
        std::fs::write(file, format!("{now}\n")).unwrap();
        return true;
    }
    let known = std::fs::read_to_string(file).is_ok_and(|text| text.trim() == now);
    if !known {
        eprintln!("other fonts than those of the stored pictures: the pictures are not compared");
    }
    known
}

fn writes() -> bool {
    std::env::var_os("MEKONG_PICTURES").is_some_and(|v| v == "write")
}

/// Compares with the stored picture, or stores it; what is wrong.
fn compare(picture: &Picture, name: &str, known: bool) -> Option<String> {
    assert!(picture.shades() > 4, "{name} is blank");
    let path = snapshots().join(format!("{name}.png"));
    if writes() {
        picture.write(&path);
        return None;
    }
    if !known {
        return None;
    }
    let Some(stored) = Picture::read(&path) else {
        return Some(format!("there is no picture {}", path.display()));
    };
    let differs = picture.differs(&stored);
    if differs <= MOST {
        return None;
    }
    let now = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
    picture.write(&now);
    Some(format!(
        "{name}: {differs:.2} % of the picture differ, most {MOST} %; as it is now: {}",
        now.display()
    ))
}

#[test]
fn every_screen_looks_as_it_did_in_three_languages() {
    let known = fonts_are_known();
    let mut wrong = Vec::new();
    for lang in [Lang::En, Lang::Km, Lang::My] {
        let dir = workspace();
        let mut window = Window::open(dir.path(), &format!("language = \"{lang}\"\n"), [900, 600]);
        let mut look = |window: &mut Window, name: &str| {
            let picture = window.picture(2);
            wrong.extend(compare(&picture, &format!("screens/{lang}-{name}"), known));
        };
        for (key, name) in SCREENS {
            window.press(key, Modifiers::COMMAND);
            look(&mut window, name);
        }
        window.press(Key::Num3, Modifiers::COMMAND);
        window.frame(vec![Event::Text("K* OR ខ្ញុំ".into())]);
        window.settle();
        look(&mut window, "found");
        // By the palette, as a person without a mouse goes.
        window.press(Key::K, Modifiers::COMMAND);
        window.frame(vec![Event::Text("0800-1".into())]);
        window.settle();
        look(&mut window, "palette");
        window.press(Key::Enter, Modifiers::NONE);
        look(&mut window, "transcript");
        for (key, name) in [
            (Key::E, "correct"),
            (Key::S, "split"),
            (Key::R, "times"),
            (Key::W, "speaker"),
            (Key::A, "again"),
            (Key::G, "term"),
        ] {
            window.press(key, Modifiers::NONE);
            look(&mut window, name);
            window.press(Key::Escape, Modifiers::NONE);
            window.press(Key::Escape, Modifiers::NONE);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_recording_the_other_window_and_the_lock_look_as_they_did_in_three_languages() {
    let known = fonts_are_known();
    let mut wrong = Vec::new();
    for lang in [Lang::En, Lang::Km, Lang::My] {
        let settings = format!("language = \"{lang}\"\n");
        let mut look = |picture: &Picture, name: &str| {
            wrong.extend(compare(picture, &format!("screens/{lang}-{name}"), known));
        };
        let dir = workspace();
        let pose = |desk: &Desk| desk.board().pose(recording());
        let mut window = Window::posing(dir.path(), &settings, [900, 600], pose);
        window.press(Key::Num1, Modifiers::COMMAND);
        window.until("12:34");
        look(&window.picture(2), "recording");
        window.press_named(&word(lang, "live-end"));
        look(&window.picture(2), "recording-end");
        drop(window);

        // What the person interviewed reads, in a window of its own.
        let mut window = Window::open(dir.path(), &settings, [900, 600]);
        let other = window.with_other([800, 480]);
        window.press(Key::Num1, Modifiers::COMMAND);
        window.until("ខ្មែរ – Tiếng Việt");
        window.press_named("ខ្មែរ – Tiếng Việt");
        window.press_named(&word(lang, "phrases-open"));
        window.press_named(&word(lang, "phrases-show"));
        window.settle();
        let painted = window
            .painter
            .borrow()
            .paint(&other.borrow(), [800, 480], 2);
        look(&painted, "other-window");
        look(&window.picture(2), "phrasebook");
        drop(window);

        let mut window = Window::guarded(dir.path(), &settings);
        window.until("K-17");
        window.press(Key::Num6, Modifiers::COMMAND);
        window.until(&word(lang, "lock-begin"));
        window.press_named(&word(lang, "lock-begin"));
        // Without the folders of this computer.
        window.until(&word(lang, "lock-recovery-agency"));
        window.press_named(&word(lang, "lock-recovery-agency"));
        look(&window.picture(2), "lock");
        drop(window);
        let keys = tempfile::tempdir().unwrap();
        let locks = app(dir.path(), &settings);
        let file = keys.path().join("key.txt");
        locks
            .lock_with_new_key("four words and a river", &file, &|_| ())
            .unwrap();
        drop(locks);
        let mut window = Window::guarded(dir.path(), &settings);
        window.until(&word(lang, "vault-locked"));
        look(&window.picture(2), "locked");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn letters_of_each_script_are_joined_and_stacked_as_they_were() {
    let known = fonts_are_known();
    let mut wrong = Vec::new();
    for (lang, said, other) in LETTERS {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("store.sqlite3")).unwrap();
        let into = if lang == Lang::Zh { Lang::Vi } else { Lang::Zh };
        let new = NewInterview {
            id: InterviewId("20261123-0800-1".into()),
            case: None,
            languages: vec![lang, into],
            started: "2026-11-23T08:00:00Z".into(),
            duration_ms: 5_000,
            audio: Vec::new(),
            channels: vec![Channel {
                index: 0,
                speaker: "officer".into(),
                languages: vec![lang],
                speech_models: Default::default(),
            }],
            working: Vec::new(),
            notes: Vec::new(),
            asked: None,
        };
        let line = ImportedLine {
            speaker: "officer".into(),
            span: Span::new(SamplePos(0), SamplePos(16_000)),
            lang,
            text: said.into(),
            translations: vec![ImportedTranslation::new(into, other.into(), true)],
            machine: true,
            flags: Vec::new(),
        };
        store
            .create_from_transcript(&new, &[line], "transcript.json", None)
            .unwrap();
        drop(store);
        let mut window = Window::open(dir.path(), "", [700, 340]);
        window.press(Key::K, Modifiers::COMMAND);
        window.frame(vec![Event::Text("0800".into())]);
        window.press(Key::Enter, Modifiers::NONE);
        let picture = window.picture(1);
        wrong.extend(compare(&picture, &format!("scripts/{lang}"), known));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn another_button_or_letter_is_more_than_a_picture_may_differ() {
    let dir = workspace();
    let mut window = Window::open(dir.path(), "", [900, 600]);
    let before = window.picture(2);
    assert!(window.picture(2).differs(&before) < MOST, "the same twice");
    window.press(Key::Num6, Modifiers::COMMAND);
    assert!(window.picture(2).differs(&before) > 1.0);
    // A picture that was written is read as it was.
    let file = dir.path().join("picture.png");
    before.write(&file);
    assert!(Picture::read(&file).unwrap() == before);
    // One word of a button: eight by eight pixels of the small picture.
    let mut other = before.clone();
    for at in 0..200 {
        let place = (at / 20 + 40) * other.width + at % 20 + 100;
        other.shades[place] = 15 - other.shades[place];
    }
    assert!(other.differs(&before) > MOST);
}
