//! How long the window takes for a frame (logic, layout and tessellation; not the graphics card): in a
//! transcript of 20,000 rows with sound and doubtful words while it is scrolled, moved through by keys and left
//! alone; and how long a start takes over a store of 1,000 interviews. Prints the frames that take longer than
//! 16 milliseconds, and whether 99 of 100 keep to that.
//!
//! The rows are the sentences of the practice corpus, joined at random. There is no peer in the same
//! run: the other programs of this field paint through a browser.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed bench, and a bench prints what it measured"
)]

mod random;

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{self, Event, Key, Modifiers, MouseWheelUnit, RawInput, pos2, vec2};
use mekong_interview::app::desk::Desk;
use mekong_interview::app::{App, ImportRequest, Options};
use mekong_interview::domain::{
    Cancel, Channel, Flag, FlagKind, Hypothesis, InterviewId, Lang, SamplePos, SegmentId, Span,
    Status, Translation, Word,
};
use mekong_interview::gui::{Desktop, find_fonts};
use mekong_interview::store::{NewInterview, NewRecord, NewSegment, Record, Store, Working};
use mekong_interview::text;
use random::Random;

const ROWS: usize = 20_000;
const INTERVIEWS: usize = 1_000;
const FRAMES: usize = 1_500;
/// What a frame may take, for 99 of 100 of them.
const GOAL_MS: f64 = 16.0;
/// The time of the window from one frame to the next.
const FRAME_MS: f64 = 1000.0 / 60.0;
/// From the beginning of one row of the long transcript to that of the next, in milliseconds, and how long a row
/// is.
const ROW_MS: (u64, u64) = (900, 800);
const SIZE: egui::Vec2 = vec2(1280.0, 800.0);

/// The corpus: for each line what it is in every language, by the header's names.
fn corpus() -> Vec<Vec<(Lang, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/practice/corpus");
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut rows = text.lines().filter(|l| !l.starts_with('#'));
        let header: Vec<Option<Lang>> = rows
            .next()
            .unwrap()
            .split('\t')
            .map(|name| name.parse().ok())
            .collect();
        for row in rows {
            let cells = header.iter().zip(row.split('\t'));
            let line: Vec<(Lang, String)> = cells
                .filter_map(|(lang, text)| Some(((*lang)?, text.to_owned())))
                .collect();
            if Lang::SIX.iter().all(|l| line.iter().any(|(o, _)| o == l)) {
                lines.push(line);
            }
        }
    }
    lines.sort();
    assert!(lines.len() > 50, "the corpus was not found");
    lines
}

/// A transcript of so many rows: one to four sentences a row, said in one language, translated into
/// another.
fn transcript(random: &mut Random, corpus: &[Vec<(Lang, String)>], rows: usize) -> String {
    let first = random.below(6);
    let (from, into) = (
        Lang::SIX[first],
        Lang::SIX[(first + 1 + random.below(5)) % 6],
    );
    let of =
        |line: &[(Lang, String)], lang| line.iter().find(|(l, _)| *l == lang).unwrap().1.clone();
    let segments: Vec<_> = (0..rows)
        .map(|row| {
            let (said, other) = if row % 2 == 0 {
                (from, into)
            } else {
                (into, from)
            };
            let lines: Vec<_> = (0..=random.below(4))
                .map(|_| &corpus[random.below(corpus.len())])
                .collect();
            let join = |lang| {
                lines
                    .iter()
                    .map(|l| of(l, lang))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            serde_json::json!({
                "start_ms": row * 4_000, "end_ms": row * 4_000 + 3_500,
                "speaker": if row % 2 == 0 { "officer" } else { "interviewee" },
                "lang": said.to_string(), "text": join(said),
                "flags": if row % 7 == 0 { vec!["low-confidence"] } else { Vec::new() },
                "translations": [{"lang": other.to_string(), "text": join(other)}],
            })
        })
        .collect();
    serde_json::json!({ "segments": segments, "languages": [from.to_string(), into.to_string()] })
        .to_string()
}

/// A line as a recogniser writes it: words with their times, one in four of them in doubt.
fn heard(random: &mut Random, said: &str, lang: Lang, at_ms: u64) -> Hypothesis {
    let ranges = text::words(said, lang);
    let count = ranges.len().max(1) as u64;
    let word = |(at, range): (u64, std::ops::Range<usize>)| Word {
        text: said[range].to_owned(),
        start_ms: at_ms + ROW_MS.1 * at / count,
        end_ms: at_ms + ROW_MS.1 * (at + 1) / count,
        confidence: if random.below(4) == 0 { 0.2 } else { 0.95 },
    };
    Hypothesis {
        lang,
        text: said.to_owned(),
        confidence: 0.8,
        words: (0..).zip(ranges).map(word).collect(),
        flags: Vec::new(),
        engine: "bench".to_owned(),
    }
}

/// A working copy of a channel with a knock every second; what is silent takes no room on the disk.
fn working_copy(path: &Path, seconds: u64) {
    let bytes = u32::try_from(seconds * 32_000).unwrap();
    let mut header = b"RIFF".to_vec();
    header.extend_from_slice(&(bytes + 36).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&[16, 0, 0, 0, 1, 0, 1, 0]);
    header.extend_from_slice(&16_000u32.to_le_bytes());
    header.extend_from_slice(&32_000u32.to_le_bytes());
    header.extend_from_slice(&[2, 0, 16, 0]);
    header.extend_from_slice(b"data");
    header.extend_from_slice(&bytes.to_le_bytes());
    let mut file = File::create(path).unwrap();
    file.write_all(&header).unwrap();
    file.set_len(44 + u64::from(bytes)).unwrap();
    let knock: Vec<u8> = (0..200).flat_map(|_| 9_000i16.to_le_bytes()).collect();
    for second in 0..seconds {
        file.seek(SeekFrom::Start(44 + second * 32_000)).unwrap();
        file.write_all(&knock).unwrap();
    }
}

/// The long interview as a recording leaves it: sound on two channels, recognised and translated rows.
fn recorded(workspace: &Path) {
    let (mut random, corpus) = (Random(2026), corpus());
    let value: serde_json::Value =
        serde_json::from_str(&transcript(&mut random, &corpus, ROWS)).unwrap();
    let lang = |name: &serde_json::Value| name.as_str().unwrap().parse::<Lang>().unwrap();
    let languages: Vec<Lang> = value["languages"]
        .as_array()
        .unwrap()
        .iter()
        .map(lang)
        .collect();
    let app = app(workspace);
    let id = InterviewId("20261123-0800-1".to_owned());
    let folder = app.workspace().recording(&id);
    fs::create_dir_all(&folder).unwrap();
    let duration_ms = ROWS as u64 * ROW_MS.0;
    let working = |channel: u16| {
        let file = format!("{channel}.wav");
        working_copy(&folder.join(&file), duration_ms / 1000);
        Working {
            channel,
            file,
            sha256: None,
        }
    };
    let channel = |(index, speaker): (u16, &str)| Channel {
        index,
        speaker: speaker.to_owned(),
        languages: languages.clone(),
        speech_models: Default::default(),
    };
    let new = NewInterview {
        id: id.clone(),
        case: Some("K-0".to_owned()),
        asked: None,
        languages: languages.clone(),
        started: "2026-11-23T08:00:00Z".to_owned(),
        duration_ms,
        audio: Vec::new(),
        channels: [(0, "officer"), (1, "interviewee")].map(channel).to_vec(),
        working: vec![working(0), working(1)],
        notes: Vec::new(),
    };
    let rows = value["segments"].as_array().unwrap();
    let start = |row: usize| row as u64 * ROW_MS.0;
    let segment = |(row, line): (usize, &serde_json::Value)| NewSegment {
        channel: u16::try_from(row % 2).unwrap(),
        speaker: line["speaker"].as_str().unwrap().to_owned(),
        span: Span::new(
            SamplePos::from_ms(start(row)),
            SamplePos::from_ms(start(row) + ROW_MS.1),
        ),
        lang: lang(&line["lang"]),
        flags: match row % 7 {
            0 => vec![Flag::new(FlagKind::CutWithoutPause)],
            _ => Vec::new(),
        },
    };
    let segments: Vec<NewSegment> = rows.iter().enumerate().map(segment).collect();
    let mut store = Store::open(&app.workspace().store()).unwrap();
    store.create_interview(&new, &segments).unwrap();
    let made: Vec<(Hypothesis, Translation)> = rows
        .iter()
        .enumerate()
        .map(|(row, line)| {
            let said = line["text"].as_str().unwrap();
            let other = &line["translations"][0];
            let translation = Translation {
                lang: lang(&other["lang"]),
                text: other["text"].as_str().unwrap().to_owned(),
                engine: "bench".to_owned(),
                status: Status::Machine,
                log_prob: Some(-0.3),
                terms: Vec::new(),
                flags: Vec::new(),
                of_version: 1,
            };
            (
                heard(&mut random, said, lang(&line["lang"]), start(row)),
                translation,
            )
        })
        .collect();
    for (batch, made) in made.chunks(500).enumerate() {
        let records = made
            .iter()
            .enumerate()
            .flat_map(|(at, (heard, translated))| {
                let segment = SegmentId(i64::try_from(batch * 500 + at + 1).unwrap());
                let record = |what| NewRecord {
                    interview: &id,
                    segment,
                    what,
                };
                [
                    record(Record::Heard(heard)),
                    record(Record::Translated(translated)),
                ]
            });
        store.record(&records.collect::<Vec<_>>()).unwrap();
    }
}

fn app(workspace: &Path) -> App {
    App::open(&Options {
        workspace: Some(workspace.to_owned()),
        env_kit: Some(env!("CARGO_MANIFEST_DIR").into()),
        ..Options::default()
    })
    .unwrap()
}

/// Fills a workspace with interviews of so many rows each.
fn fill(workspace: &Path, interviews: usize, rows: usize) {
    let (mut random, corpus) = (Random(2026), corpus());
    let folder = tempfile::tempdir().unwrap();
    for at in 0..interviews {
        let text = transcript(&mut random, &corpus, rows);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let names = value["languages"].as_array().unwrap().iter();
        let languages = names
            .map(|l| l.as_str().unwrap().parse().unwrap())
            .collect();
        let file = folder.path().join(format!("{at}.json"));
        fs::write(&file, &text).unwrap();
        let request = ImportRequest {
            languages,
            case: Some(format!("K-{}", at % 40)),
            channels: Vec::new(),
            again: true,
            speech_models: Vec::new(),
            asked: None,
        };
        let app = app(workspace);
        let done = app.import(&[file], &request, &Cancel::new(), &|_| (), &mut |_| ());
        let outcomes = done.unwrap();
        assert!(outcomes[0].result.is_ok(), "{:?}", outcomes[0].result);
    }
}

/// A window without a graphics card.
struct Window {
    ctx: egui::Context,
    desktop: Desktop,
    time: f64,
    shapes: (usize, usize),
}

impl Window {
    fn open(workspace: &Path) -> Self {
        let ctx = egui::Context::default();
        let app = Arc::new(app(workspace));
        let desk = Desk::start(Arc::clone(&app), Arc::new(|| ())).unwrap();
        let desktop = Desktop::new(&app, desk, &ctx, find_fonts());
        Self {
            ctx,
            desktop,
            time: 0.0,
            shapes: (0, 0),
        }
    }

    /// Paints until nothing more comes: the picture of the sound is there.
    fn until_still(&mut self) {
        let (begun, mut since, mut before) = (Instant::now(), Instant::now(), self.shapes);
        while since.elapsed() < Duration::from_secs(5) {
            assert!(begun.elapsed() < Duration::from_secs(300));
            std::thread::sleep(Duration::from_millis(10));
            self.frame(Vec::new());
            if self.shapes != before {
                (since, before) = (Instant::now(), self.shapes);
            }
        }
    }

    /// One frame; how long it took.
    fn frame(&mut self, events: Vec<Event>) -> Duration {
        self.time += FRAME_MS / 1000.0;
        let input = RawInput {
            screen_rect: Some(egui::Rect::from_min_size(pos2(0.0, 0.0), SIZE)),
            time: Some(self.time),
            focused: true,
            events,
            ..RawInput::default()
        };
        let begun = Instant::now();
        let desktop = &mut self.desktop;
        let made = self.ctx.run_ui(input, |ui| desktop.show(ui));
        let shapes = made.shapes.len();
        let primitives = self.ctx.tessellate(made.shapes, made.pixels_per_point);
        let took = begun.elapsed();
        self.shapes = (shapes, primitives.len());
        took
    }

    /// Paints until something more is painted than at first: what was asked for is there.
    fn until(&mut self, shapes: usize) {
        let begun = Instant::now();
        while self.shapes.0 < shapes {
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "{:?}",
                self.shapes
            );
            std::thread::sleep(Duration::from_millis(2));
            self.frame(Vec::new());
        }
    }
}

fn key(key: Key) -> Vec<Event> {
    press(key, Modifiers::NONE)
}

fn press(key: Key, modifiers: Modifiers) -> Vec<Event> {
    let event = |pressed| Event::Key {
        key,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers,
    };
    vec![event(true), event(false)]
}

fn wheel(points: f32) -> Vec<Event> {
    vec![
        Event::PointerMoved(pos2(700.0, 500.0)),
        Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, -points),
            phase: egui::TouchPhase::Move,
            modifiers: Modifiers::NONE,
            source: egui::MouseWheelSource::Wheel,
        },
    ]
}

fn told(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    let late = times
        .iter()
        .filter(|t| t.as_secs_f64() * 1000.0 > GOAL_MS)
        .count();
    println!(
        "{name}: p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms over {} frames; {late} above {GOAL_MS:.0} ms: the goal is {}",
        at(50),
        at(99),
        at(100),
        times.len(),
        if at(99) <= GOAL_MS { "met" } else { "missed" }
    );
}

fn long_transcript() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path());
    let mut window = Window::open(dir.path());
    window.frame(Vec::new());
    window.until(12);
    let before = window.shapes.0;
    // The way a person goes: the list's only interview, by its name.
    window.frame(press(Key::K, Modifiers::COMMAND));
    window.frame(vec![Event::Text("K-0".to_owned())]);
    window.frame(Vec::new());
    window.frame(key(Key::Enter));
    window.until(before + 40);
    window.until_still();
    println!(
        "transcript of {ROWS} rows; a frame holds {} shapes, {} meshes",
        window.shapes.0, window.shapes.1
    );
    let scroll = (0..FRAMES).map(|_| window.frame(wheel(45.0))).collect();
    told("scrolled by the wheel", scroll);
    let fast = (0..FRAMES).map(|_| window.frame(wheel(2_000.0))).collect();
    told("scrolled fast, every frame with rows never seen", fast);
    let keys = [
        Key::PageDown,
        Key::ArrowDown,
        Key::N,
        Key::U,
        Key::End,
        Key::Home,
    ];
    let moved = (0..FRAMES)
        .map(|at| window.frame(key(keys[at % keys.len()])))
        .collect();
    told("moved through by keys", moved);
    let still = (0..FRAMES).map(|_| window.frame(Vec::new())).collect();
    told("at rest", still);
}

fn first_frame() {
    let dir = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    fill(dir.path(), INTERVIEWS, 20);
    println!(
        "store of {INTERVIEWS} interviews of 20 rows, made in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    for round in ["first", "second"] {
        let begun = Instant::now();
        let mut window = Window::open(dir.path());
        window.frame(Vec::new());
        let painted = begun.elapsed();
        window.until(20);
        println!(
            "{round} start: first frame after {:.0} ms, the list of interviews after {:.0} ms (fonts, store, threads included)",
            painted.as_secs_f64() * 1000.0,
            begun.elapsed().as_secs_f64() * 1000.0
        );
    }
}

fn main() {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let name = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text
            .lines()
            .find(|l| l.starts_with("model name"))?
            .to_owned();
        Some(line.split(':').nth(1)?.trim().to_owned())
    });
    let name = name.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    println!(
        "{name}, {cpus} processors; window of {} x {}",
        SIZE.x, SIZE.y
    );
    long_transcript();
    first_frame();
}
