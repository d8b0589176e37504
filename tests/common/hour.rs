//! A live session heard through the system's sound service while every core is kept busy: PulseAudio with
//! a sink that goes nowhere stands in for the room, a practice interview is played into it over and over,
//! and every frame of the recording is compared with the frame that was played.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{fix_engine, json, mekong};
use crate::long::practice_channels;

const RATE: u64 = 48_000;
/// Frames that name their place: 8 bits each tell it, so 64 of them cannot stand elsewhere.
const WINDOW: usize = 64;
/// Frames of nothing in a row that nobody played.
const NOTHING: usize = 32;
/// How far the next place is looked for.
const REACH: u64 = 30 * RATE;

/// What one session showed.
#[derive(Debug, Default)]
pub struct HourReport {
    pub seconds: f64,
    /// Frames that are, to the bit, the one after the frame before.
    pub same: u64,
    /// Frames that were played and do not stand in the recording.
    pub lost: u64,
    /// Frames of silence between frames that were played: the player came late, or sound was lost.
    pub silent: u64,
    /// Frames that nobody played.
    pub strange: u64,
    /// Gaps that the recorder itself found.
    pub gaps: u64,
    pub lines: u64,
    pub pending: u64,
    /// Mean number of programs that wanted a core, over the last minute, as the system counts.
    pub load: Vec<f64>,
}

/// Records for so long, on busy cores or as they are; `None` where the machine has no PulseAudio, or ALSA no
/// plugin for it.
pub fn record(length: Duration, busy: bool) -> Option<HourReport> {
    let dir = tempfile::tempdir().unwrap();
    let room = Room::open(dir.path())?;
    let workspace = dir.path().join("workspace");
    fs::create_dir(&workspace).unwrap();
    fix_engine(&workspace);
    let played = Arc::new(Played::of(dir.path()));
    let _player = Player::start(&room, &played);
    let _load = busy.then(Load::start);
    thread::sleep(Duration::from_secs(3));

    let begun = Instant::now();
    let mut child = room.session(&workspace, length)?;
    // Nobody reads what it says: else it would wait for a reader.
    let said = child.stderr.take().unwrap();
    thread::spawn(move || std::io::copy(&mut { said }, &mut std::io::sink()));
    let mut report = HourReport::default();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed().as_secs() / 60 > report.load.len() as u64 {
            report.load.extend(system_load());
        }
        thread::sleep(Duration::from_secs(1));
    };
    assert!(status.success(), "the session failed");
    look(&workspace, &played, &mut report);
    Some(report)
}

/// Kills the sound service under a running recording and starts it again; what the program said of it, and
/// the interview as it is shown. `None` as for [`record`].
pub fn restart() -> Option<(Vec<String>, Value)> {
    let dir = tempfile::tempdir().unwrap();
    let mut room = Room::open(dir.path())?;
    let workspace = dir.path().join("workspace");
    fs::create_dir(&workspace).unwrap();
    fix_engine(&workspace);
    let mut child = room.session(&workspace, Duration::from_secs(30))?;
    let mut said = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.starts_with("recording:") {
            thread::sleep(Duration::from_secs(2));
            room.close();
        } else if line.contains(" is gone") {
            room = Room::open(dir.path()).unwrap();
        }
        said.push(line);
    }
    assert!(child.wait().unwrap().success(), "{said:?}");
    let list = json(&workspace, &["list", "--json"]);
    let id = list[0]["id"].as_str().unwrap();
    Some((said, json(&workspace, &["show", id, "--json"])))
}

fn look(workspace: &Path, played: &Played, report: &mut HourReport) {
    let list = json(workspace, &["list", "--json"]);
    report.lines = list[0]["segments"].as_u64().unwrap();
    report.pending = list[0]["pending"].as_u64().unwrap();
    let id = list[0]["id"].as_str().unwrap();
    let shown = json(workspace, &["show", id, "--json"]);
    let events = shown["events"].as_array().unwrap();
    report.gaps = events.iter().filter(|e| e["kind"] == "gap").count() as u64;
    assert_eq!(json(workspace, &["verify", id, "--json"])["ok"], true);
    let folder = workspace.join("recordings").join(id);
    let mut next = None;
    for part in 1.. {
        let path = folder.join(format!("part-{part:03}.wav"));
        if !path.is_file() {
            break;
        }
        let frames = frames(&path);
        report.seconds += frames.len() as f64 / RATE as f64;
        next = Some(compare(played, &frames, next, report));
    }
}

fn frames(path: &Path) -> Vec<[i16; 2]> {
    let bytes = fs::read(path).unwrap().split_off(44);
    bytes
        .chunks_exact(4)
        .map(|b| {
            [
                i16::from_le_bytes([b[0], b[1]]),
                i16::from_le_bytes([b[2], b[3]]),
            ]
        })
        .collect()
}

/// Follows one file from the frame `next` of what was played on; where it ends.
fn compare(played: &Played, heard: &[[i16; 2]], next: Option<u64>, report: &mut HourReport) -> u64 {
    let mut at = 0;
    let mut next = next.unwrap_or_else(|| {
        // The session began somewhere in the sound; a second of it is left to the beginning.
        at = RATE as usize;
        let all = 0..REACH * 4;
        played
            .find(heard, at, all)
            .expect("what was played is not in the recording")
    });
    while let Some(frame) = heard.get(at) {
        if *frame == played.frame(next) {
            (at, next, report.same) = (at + 1, next + 1, report.same + 1);
            continue;
        }
        let silent = heard[at..].iter().take_while(|f| **f == [0, 0]).count();
        let silent = if silent < NOTHING { 0 } else { silent };
        at += silent;
        report.silent += silent as u64;
        if at == heard.len() {
            break;
        }
        let ahead = played.find(heard, at, next..next + REACH);
        match ahead.or_else(|| played.find(heard, at, next.saturating_sub(RATE)..next)) {
            Some(found) => {
                // The last frames before a silence may have been silent themselves.
                let quiet = silent > 0 && found.saturating_sub(next) < 8;
                let own = |n: &u64| !quiet || played.frame(*n) != [0, 0];
                report.lost += (next..found).filter(own).count() as u64;
                next = found;
            }
            None => (at, next, report.strange) = (at + 1, next + 1, report.strange + 1),
        }
    }
    next
}

/// What is played: both channels of a practice interview at 48 kHz, over and over, the lowest four bits
/// of each sample telling which frame it is.
pub struct Played(Vec<[i16; 2]>);

impl Played {
    fn of(folder: &Path) -> Self {
        let (left, right) = practice_channels(folder);
        let sample = |bytes: &[u8]| i16::from_le_bytes([bytes[0], bytes[1]]);
        let slow: Vec<[i16; 2]> = left
            .chunks_exact(2)
            .zip(right.chunks_exact(2))
            .map(|(l, r)| [sample(l), sample(r)])
            .collect();
        let between = |a: i16, b: i16, third: i32| {
            (i32::from(a) + (i32::from(b) - i32::from(a)) * third / 3) as i16
        };
        let pairs = slow.windows(2);
        let fast = pairs
            .flat_map(|p| [0, 1, 2].map(|third| [0, 1].map(|c| between(p[0][c], p[1][c], third))));
        Self(fast.collect())
    }

    fn frame(&self, n: u64) -> [i16; 2] {
        let [left, right] = self.0[(n % self.0.len() as u64) as usize];
        // The finish of splitmix64: neighbours have nothing in common.
        let mut code = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        code = (code ^ (code >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        code = (code ^ (code >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let code = (code >> 56) as i16;
        [(left & !0xF) | (code & 0xF), (right & !0xF) | (code >> 4)]
    }

    /// The first place among `places` at which what stands at `at` was played.
    fn find(&self, heard: &[[i16; 2]], at: usize, mut places: std::ops::Range<u64>) -> Option<u64> {
        let window = &heard[at..heard.len().min(at + WINDOW)];
        places.find(|place| (*place..).zip(window).all(|(n, f)| self.frame(n) == *f))
    }
}

/// PulseAudio with a sink whose monitor is the microphone.
struct Room {
    service: Child,
    server: String,
}

impl Room {
    fn open(folder: &Path) -> Option<Self> {
        // Not "pulse": the service makes a folder of that name for itself.
        let socket: PathBuf = folder.join("sound");
        let _ = fs::remove_file(&socket); // left by one that was killed
        let service = Command::new("pulseaudio")
            .env("XDG_RUNTIME_DIR", folder)
            .env("HOME", folder)
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .args([
                "-L",
                "module-null-sink sink_name=room format=s16le rate=48000 channels=2",
            ])
            .arg("-L")
            .arg(format!(
                "module-native-protocol-unix auth-anonymous=1 socket={}",
                socket.display()
            ))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let room = Self {
            service,
            server: format!("unix:{}", socket.display()),
        };
        let begun = Instant::now();
        while !socket.exists() {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "PulseAudio does not start"
            );
            thread::sleep(Duration::from_millis(100));
        }
        Some(room)
    }

    /// A recording of both channels that ends by itself after so long; none without ALSA's plugin.
    fn session(&self, workspace: &Path, length: Duration) -> Option<Child> {
        let mut command = mekong(workspace);
        command.env("PULSE_SERVER", &self.server);
        let output = command.args(["devices", "--json"]).output().unwrap();
        let devices: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = devices.as_array().unwrap().iter();
        let mut ids = found.filter_map(|d| d["id"].as_str());
        let device = ids.find(|id| id.ends_with(":pulse"))?;
        let child = mekong(workspace)
            .env("PULSE_SERVER", &self.server)
            .args(["record", "--languages", "zh,vi", "--device", device])
            .args(["--channels", "officer=zh,interviewee=vi"])
            .args(["--untested", "a proof; nobody listens"])
            .args(["--for", &length.as_secs().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        Some(child.unwrap())
    }

    fn close(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.close();
    }
}

/// Plays until it is dropped.
struct Player {
    program: Child,
    over: Arc<AtomicBool>,
    feeder: Option<thread::JoinHandle<()>>,
}

impl Player {
    fn start(room: &Room, played: &Arc<Played>) -> Self {
        let mut program = Command::new("pacat")
            .env("PULSE_SERVER", &room.server)
            .args([
                "--playback",
                "--raw",
                "--format=s16le",
                "--rate=48000",
                "--channels=2",
            ])
            .args(["--latency-msec=5000"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pacat of pulseaudio-utils");
        let mut into = program.stdin.take().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let (ends, played) = (over.clone(), played.clone());
        let feeder = thread::spawn(move || {
            for block in 0.. {
                let frames = block * RATE / 10..(block + 1) * RATE / 10;
                let samples = frames.flat_map(|n| played.frame(n));
                let bytes: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
                // The pipe is full until the sound was played: that is the clock.
                if ends.load(Ordering::Relaxed) || into.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        Self {
            program,
            over,
            feeder: Some(feeder),
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.program.kill();
        let _ = self.program.wait();
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}

/// A program on each core that never rests, with the same right to it as the recorder.
struct Load(Vec<Child>);

impl Load {
    fn start() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let busy = |_| {
            Command::new("sh")
                .args(["-c", "while :; do :; done"])
                .stdin(Stdio::null())
                .spawn()
                .unwrap()
        };
        Self((0..cores).map(busy).collect())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for busy in &mut self.0 {
            let _ = busy.kill();
            let _ = busy.wait();
        }
    }
}

fn system_load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}
