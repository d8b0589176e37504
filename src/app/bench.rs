//! Speed and memory on this machine, over a practice interview, with the shapes it used.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::audio::{self, SegmenterLimits};
use crate::domain::{Cancel, LangPair, Utterance};
use crate::glossary::Glossary;
use crate::pipeline::{Engines, Progress, SourceLine, Watcher, translate_line};
use crate::speech::Recognizer;

use super::demo::{self, Script};
use super::engines::{Needs, Prefer};
use super::models::Kind;
use super::speech_models::foreseen;
use super::{App, Error, Options};

/// Parts of one run.
const PARTS: u32 = 7;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// What was measured: a stable word.
    pub name: &'static str,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// The shape it was measured at.
    pub detail: String,
}

/// All figures of one run.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    /// Processor and cores.
    pub machine: String,
    /// The figures.
    pub measurements: Vec<Measurement>,
}

struct Bench<'a> {
    app: &'a App,
    cancel: &'a Cancel,
    watcher: Watcher<'a>,
    /// Parts begun so far, of [`PARTS`].
    begun: u32,
    found: Vec<Measurement>,
}

impl App {
    /// Measures decoding, voice activity, recognition with a fitted and with a full window,
    /// translation, a whole import and the start of a list.
    ///
    /// # Errors
    /// No practice kit; a model that cannot be loaded; a cancel.
    pub fn bench(&self, cancel: &Cancel, watcher: Watcher<'_>) -> Result<BenchReport, Error> {
        self.measure(cancel, watcher)
            .map_err(Error::of_nothing_stored)
    }

    fn measure(&self, cancel: &Cancel, watcher: Watcher<'_>) -> Result<BenchReport, Error> {
        let kit = self.kit.clone().ok_or(Error::NoKit)?;
        let mut bench = Bench {
            app: self,
            cancel,
            watcher,
            begun: 0,
            found: Vec::new(),
        };
        let (folder, script) = demo::scripts(&kit)?
            .into_iter()
            .next()
            .ok_or(Error::NoKit)?;
        bench.sound_and_speech(&folder, &script)?;
        bench.translation(&script)?;
        bench.whole_import(&kit)?;
        Ok(BenchReport {
            machine: machine(),
            measurements: bench.found,
        })
    }
}

impl Bench<'_> {
    fn begin(&mut self, name: &'static str) {
        self.begun = self.begun.saturating_add(1);
        (self.watcher)(Progress::Part {
            name,
            number: self.begun,
            of: PARTS,
        });
    }

    fn add(&mut self, name: &'static str, value: f64, unit: &'static str, detail: String) {
        self.found.push(Measurement {
            name,
            value,
            unit,
            detail,
        });
    }

    fn sound_and_speech(&mut self, folder: &Path, script: &Script) -> Result<(), Error> {
        let scratch = tempfile::tempdir().map_err(|cause| Error::File {
            what: "make a temporary folder",
            cause,
            path: std::env::temp_dir(),
        })?;
        self.begin("decoding");
        let begun = Instant::now();
        let sound = folder.join("audio.flac");
        let working =
            audio::make_working_copy(&sound, scratch.path(), &mut |_, _| {}, self.cancel)?;
        let seconds = working.duration.as_ms() as f64 / 1000.0;
        let shape = format!("{seconds:.0} s, {} channels, FLAC", working.channels);
        self.add(
            "decode",
            seconds / begun.elapsed().as_secs_f64(),
            "x real time",
            shape.clone(),
        );

        let shelf = self.app.shelf();
        let heard = foreseen(&script.languages, &[]);
        let longest = self.app.max_utterance_ms(&shelf, &script.languages, &heard);
        let limits = SegmenterLimits {
            max_ms: longest.among(&script.languages),
            ..SegmenterLimits::default()
        };
        self.begin("finding speech");
        let begun = Instant::now();
        let mut utterances = Vec::new();
        for (channel, file) in (0..).zip(&working.files) {
            let file = scratch.path().join(file);
            for cut in audio::find_utterances(&file, &limits, &mut |_, _| {}, self.cancel)? {
                utterances.push(Utterance {
                    channel,
                    span: cut.span,
                    pcm: audio::read_span(&file, cut.span)?,
                });
            }
        }
        let channel_seconds = seconds * f64::from(working.channels);
        let factor = begun.elapsed().as_secs_f64() / channel_seconds;
        self.add("voice-activity", factor, "real-time factor", shape);
        for (name, fit, part) in [
            ("recognition-fitted", true, "recognition, fitted window"),
            ("recognition-full-window", false, "recognition, full window"),
        ] {
            self.begin(part);
            self.recognition(name, fit, script, &utterances)?;
        }
        Ok(())
    }

    fn recognition(
        &mut self,
        name: &'static str,
        fit: bool,
        script: &Script,
        utterances: &[Utterance],
    ) -> Result<(), Error> {
        let Some(lang) = script.languages.first().copied() else {
            return Ok(());
        };
        let shelf = self.app.shelf();
        let model = shelf.for_speech(lang, None)?;
        if !matches!(model.card.kind, Kind::WhisperGgml | Kind::Whisper) {
            return Ok(());
        }
        model.verify(self.cancel, self.watcher)?;
        // Without names, so that workspaces can be compared.
        let mut engine = self.app.load_whisper(
            &model.weights(),
            &model.card.name,
            model.card.max_utterance_ms,
            fit,
            Prefer::default(),
        )?;
        let heard: f64 = utterances
            .iter()
            .map(|u| u.span.duration_ms() as f64 / 1000.0)
            .sum();
        let begun = Instant::now();
        for utterance in utterances {
            engine.recognize(utterance, &[lang], self.cancel)?;
        }
        let factor = begun.elapsed().as_secs_f64() / heard.max(0.001);
        let detail = format!(
            "{} utterances, {heard:.0} s of speech, {}",
            utterances.len(),
            engine.engine(),
        );
        self.add(name, factor, "real-time factor", detail);
        Ok(())
    }

    fn translation(&mut self, script: &Script) -> Result<(), Error> {
        let [from, to] = script.languages[..] else {
            return Ok(());
        };
        let mut engines = Engines::default();
        let needs = Needs {
            interviews: std::slice::from_ref(&script.languages),
            ..Needs::default()
        };
        self.app
            .add_engines(&mut engines, &needs, self.cancel, self.watcher)?;
        let pair = LangPair::new(from, to);
        for (name, beam, part) in [
            ("translation-greedy", 1, "translation, greedy"),
            ("translation-beam-4", 4, "translation, four beams"),
        ] {
            self.begin(part);
            let options = self.app.line_options(Some(beam), None, true);
            let mut tokens = 0;
            let begun = Instant::now();
            for line in script.segments.iter().filter(|l| l.lang == from) {
                let line = translate_line(
                    &mut engines.translation,
                    &Glossary::default(),
                    &SourceLine {
                        text: &line.text,
                        pauses: &[],
                        pair,
                    },
                    &options,
                    self.cancel,
                )?;
                tokens += line.token_ids.len() + 1;
            }
            let rate = tokens as f64 / begun.elapsed().as_secs_f64();
            let detail = format!("{pair}, {tokens} tokens, one sentence a call");
            self.add(name, rate, "tokens/s", detail);
        }
        Ok(())
    }

    fn whole_import(&mut self, kit: &Path) -> Result<(), Error> {
        let options = Options {
            current: kit.to_owned(),
            env_kit: Some(kit.to_owned()),
            ..Options::default()
        };
        self.begin("import of all practice interviews");
        let cpu = cpu_seconds();
        let begun = Instant::now();
        let report = App::demo(&options, None, self.cancel, self.watcher, &mut |_, _| {})?;
        let wall = begun.elapsed().as_secs_f64();
        let sound: u64 = report.interviews.iter().map(|(i, _)| i.duration_ms).sum();
        let detail = format!(
            "{} interviews, {} s of sound",
            report.interviews.len(),
            sound / 1000
        );
        self.add(
            "import",
            sound as f64 / 1000.0 / wall,
            "x real time",
            detail.clone(),
        );
        if let (Some(before), Some(after)) = (cpu, cpu_seconds()) {
            self.add("cores-busy", (after - before) / wall, "cores", detail);
        }
        let begun = Instant::now();
        let kept = Options {
            workspace: Some(report.workspace.clone()),
            ..options
        };
        let listed = App::open(&kept)?.list(None)?.len();
        let millis = begun.elapsed().as_secs_f64() * 1000.0;
        self.add("list", millis, "ms", format!("{listed} interviews"));
        if let Some(peak) = peak_memory_mb() {
            self.add(
                "peak-memory",
                peak,
                "MB",
                "the whole run, models included".into(),
            );
        }
        Ok(())
    }
}

pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let name = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|l| l.starts_with("model name"))?;
        Some(line.split(':').nth(1)?.trim().to_owned())
    });
    format!(
        "{}, {cores} cores",
        name.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
    )
}

/// Largest resident size so far, in MB; known on Linux.
pub(super) fn peak_memory_mb() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kb: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1024.0)
}

/// Processor time of this process in seconds; known on Linux, where a tick is a hundredth.
fn cpu_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
