//! What on this machine would stop an interview, with the next step for each.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::audio;
use crate::config::Config;
use crate::domain::{Cancel, Lang, count, next_step, reason};
use crate::pipeline::Watcher;
use crate::{store, vault};

use super::lock::WorkLock;
use super::models::Kind;
use super::swap::swap_told;
use super::terms::LOCKED;
use super::{App, Error, Options, VaultState, WRONG_KIT};

/// Room that an interview of four hours with a margin needs: two channels of 48 kHz sound and the
/// working copies.
const ROOM_NEEDED: u64 = 4 << 30;
/// Below this even a short interview is at risk.
const ROOM_LEAST: u64 = 1 << 30;

/// How good a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Nothing to do.
    Good,
    /// Works, but a person should know.
    Warning,
    /// Would stop an interview.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at: a stable word.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// In plain words.
    pub detail: String,
    /// The next step, where one is needed.
    pub next: Option<String>,
}

impl Finding {
    fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            health: Health::Good,
            detail: detail.into(),
            next: None,
        }
    }

    fn not_good(
        name: &'static str,
        health: Health,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            name,
            health,
            detail: detail.into(),
            next: Some(next.into()),
        }
    }
}

impl App {
    /// Looks at the workspace, the settings, the store, the disk, the models, the glossary, the
    /// microphone and the fonts. Changes nothing but for a file that is written and removed to try
    /// the disk, and for temporary files of commands that were killed, which are removed. What keeps
    /// other commands from starting at all is a finding here.
    pub fn doctor(options: &Options, cancel: &Cancel, watcher: Watcher<'_>) -> Vec<Finding> {
        let bad = |name, error: &Error| {
            Finding::not_good(name, Health::Bad, error.to_string(), error.help())
        };
        let workspace = match options.find_workspace() {
            Ok(workspace) => workspace,
            Err(error) => return vec![bad("workspace", &error), microphone(), fonts()],
        };
        let read = Config::read(&workspace.config_file()).map_err(Error::from);
        let settings = match &read {
            Ok(_) => Finding::good("settings", "valid"),
            Err(error) => bad("settings", error),
        };
        let kit = options.env_kit.as_deref();
        let app = Self::with(workspace, read.unwrap_or_default(), kit);
        [settings, app.check_kit(options)]
            .into_iter()
            .chain(app.examine(cancel, watcher))
            .collect()
    }

    fn check_kit(&self, options: &Options) -> Finding {
        let warning = |detail: String| {
            let next = "Set MEKONG_KIT to the folder that holds models/practice and \
                        recordings/practice, or leave it unset; only practice needs the kit.";
            Finding::not_good("kit", Health::Warning, detail, next)
        };
        match (options.wrong_kit(), &self.kit) {
            (Some(wrong), _) => warning(format!("{WRONG_KIT}: {}", wrong.display())),
            (None, Some(kit)) => Finding::good("kit", format!("found: {}", kit.display())),
            (None, None) => warning("the practice kit was not found".into()),
        }
    }

    fn examine(&self, cancel: &Cancel, watcher: Watcher<'_>) -> Vec<Finding> {
        vec![
            self.check_writable(),
            self.check_room(),
            self.check_store(),
            self.check_imports(),
            self.check_leftovers(),
            self.check_clock(),
            self.check_swap(),
            self.check_models_whole(cancel, watcher),
            self.check_serves("speech", |model, lang| model.hears(lang)),
            self.check_serves("translation", |model, lang| {
                model.card.kind.purpose() == "translation" && model.card.languages.contains(&lang)
            }),
            self.check_chosen(),
            self.check_engines(),
            self.check_glossary(),
            microphone(),
            fonts(),
        ]
    }

    fn check_clock(&self) -> Finding {
        match self.clock_is_behind() {
            None => Finding::good("clock", "not behind the last thing that was noted"),
            Some(seconds) => Finding::not_good(
                "clock",
                Health::Warning,
                format!("{seconds} s behind the last thing that was noted: it was set back"),
                "Set the computer's clock before an interview. Recording works meanwhile, and the \
                 record says that the clock was set back.",
            ),
        }
    }

    fn check_writable(&self) -> Finding {
        let root = self.workspace().root();
        match tempfile::Builder::new()
            .prefix(".mekong-try-")
            .tempfile_in(root)
        {
            Ok(_) => Finding::good("workspace", format!("can be written: {}", root.display())),
            Err(cause) => Finding::not_good(
                "workspace",
                Health::Bad,
                format!("cannot be written ({}): {}", reason(&cause), root.display()),
                next_step(&cause),
            ),
        }
    }

    fn check_room(&self) -> Finding {
        let root = self.workspace().root();
        let Some(free) = audio::free_bytes(root) else {
            return Finding::not_good(
                "disk",
                Health::Warning,
                "the free room could not be read",
                "Look with the system's own tools: an interview needs about 1 GB an hour.",
            );
        };
        let detail = format!("{:.1} GB free", free as f64 / 1e9);
        let next = "Free some room, or move the workspace to a larger disk.";
        match free {
            f if f >= ROOM_NEEDED => Finding::good("disk", detail),
            f if f >= ROOM_LEAST => Finding::not_good("disk", Health::Warning, detail, next),
            _ => Finding::not_good("disk", Health::Bad, detail, next),
        }
    }

    fn check_store(&self) -> Finding {
        let result = self.reading().and_then(|store| {
            store.check()?;
            Ok(store.list(None)?.len())
        });
        match result {
            Ok(1) => Finding::good("store", "sound; 1 interview"),
            Ok(n) => Finding::good("store", format!("sound; {n} interviews")),
            Err(Error::Store(store::Error::Vault(vault::Error::Locked(_)))) => {
                Finding::good("store", "locked; what is stored was not looked at")
            }
            Err(e) => Finding::not_good("store", Health::Bad, self.words(&e), e.help()),
        }
    }

    fn check_imports(&self) -> Finding {
        let interrupted = self.interrupted_imports();
        match interrupted.len() {
            0 => Finding::good("imports", "none is interrupted"),
            n => Finding::not_good(
                "imports",
                Health::Warning,
                format!("{n} not finished"),
                "Run 'mekong resume', unless an import is running now.",
            ),
        }
    }

    /// Removes what killed commands left, unless somebody is at work.
    fn check_leftovers(&self) -> Finding {
        const NAME: &str = "leftovers";
        let found = self.leftovers().len() as u64;
        if found == 0 {
            return Finding::good(NAME, "none");
        }
        let gone = WorkLock::take(self.workspace()).map_or(0, |lock| self.sweep(&lock));
        if self.leftovers().is_empty() {
            let what = count(gone as u64, "leftover");
            return Finding::good(NAME, format!("{what} of interrupted commands removed"));
        }
        Finding::not_good(
            NAME,
            Health::Warning,
            format!(
                "{} in use, or left by interrupted commands",
                count(found, "temporary file")
            ),
            "Run 'mekong resume' when no other mekong is working; it removes what is left.",
        )
    }

    /// Whether memory with text and sound of a locked workspace may be written to a disk in the clear.
    fn check_swap(&self) -> Finding {
        const NAME: &str = "swap";
        match self.vault_state() {
            Ok(VaultState::Plain) => Finding::good(NAME, "the workspace has no lock"),
            Ok(_) => match swap_told() {
                None => Finding::good(NAME, "memory is not written to a disk in the clear"),
                Some((told, next)) => Finding::not_good(NAME, Health::Warning, told, next),
            },
            Err(e) => Finding::not_good(NAME, Health::Bad, e.to_string(), e.help()),
        }
    }

    fn check_models_whole(&self, cancel: &Cancel, watcher: Watcher<'_>) -> Finding {
        let (models, broken) = self.models();
        let mut first = broken.first().map(|e| (e.to_string(), e.help()));
        let told = self.check_models(None, cancel, watcher, &mut |_, result| {
            if let (Err(e), None) = (result, &first) {
                first = Some((e.to_string(), e.help()));
            }
        });
        if let Err(e) = told {
            first = Some((e.to_string(), e.help()));
        }
        match first {
            None if models.is_empty() => Finding::not_good(
                "models",
                Health::Bad,
                "none is installed",
                "Copy a model's folder here and run 'mekong models import PATH'.",
            ),
            None => Finding::good(
                "models",
                format!("{} installed, all as listed", models.len()),
            ),
            Some((detail, next)) => Finding::not_good("models", Health::Bad, detail, next),
        }
    }

    /// Which engine recognises with each speech model.
    fn check_engines(&self) -> Finding {
        let shelf = self.shelf();
        let of_speech = shelf
            .models
            .iter()
            .filter(|m| m.card.kind.purpose() == "speech");
        let lines: Vec<String> = of_speech
            .map(|model| {
                let known = match model.card.kind {
                    Kind::WhisperGgml => self.speech_engine_known(&model.weights()),
                    _ => "native".into(),
                };
                format!("{}: {known}", model.card.name)
            })
            .collect();
        match lines.is_empty() {
            true => Finding::good("speech-engine", "no speech model is installed"),
            false => Finding::good("speech-engine", lines.join("; ")),
        }
    }

    fn check_serves(
        &self,
        name: &'static str,
        serves: impl Fn(&super::models::Model, Lang) -> bool,
    ) -> Finding {
        let none = self.languages_without(&serves);
        let practice_only =
            self.languages_without(|model, lang| !model.card.practice && serves(model, lang));
        let list = |langs: &[Lang]| {
            langs
                .iter()
                .map(|l| l.name())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let next = "Import a suitable model with 'mekong models import PATH'.";
        if !none.is_empty() {
            let detail = format!("no model for {}", list(&none));
            return Finding::not_good(name, Health::Bad, detail, next);
        }
        if !practice_only.is_empty() {
            let detail = format!(
                "only a practice model for {}: good for learning the program, never for casework",
                list(&practice_only)
            );
            return Finding::not_good(name, Health::Warning, detail, next);
        }
        Finding::good(name, "every language has a model")
    }

    /// Speech models that were chosen for interviews with lines that wait.
    fn check_chosen(&self) -> Finding {
        const NAME: &str = "chosen-models";
        let (shelf, listed) = (self.shelf(), self.list(None).unwrap_or_default());
        let waiting = listed.iter().filter(|i| i.pending > 0);
        let chosen = waiting.flat_map(|i| &i.speech_models);
        let missing = chosen.filter(|m| shelf.hearing(m.lang, Some(&m.model), None).is_err());
        let mut missing: Vec<String> = missing
            .map(|m| format!("{} ({})", m.model, m.lang.name()))
            .collect();
        missing.sort();
        missing.dedup();
        if missing.is_empty() {
            return Finding::good(NAME, "every one that is waited for is installed");
        }
        Finding::not_good(
            NAME,
            Health::Warning,
            format!("lines wait for: {}", missing.join(", ")),
            "Import these models with 'mekong models import PATH', then run 'mekong resume'.",
        )
    }

    fn check_glossary(&self) -> Finding {
        match self.glossaries() {
            Ok(all) if all.is_empty() => Finding::not_good(
                "glossary",
                Health::Warning,
                "none is there",
                "Import one with 'mekong glossary import FILE'.",
            ),
            Ok(all) => {
                let terms: usize = all.iter().map(|g| g.terms).sum();
                let unreviewed: usize = all.iter().map(|g| g.unreviewed).sum();
                let mut detail = format!("{terms} terms, {unreviewed} with unreviewed words");
                if all.iter().any(|g| g.problems == [LOCKED]) {
                    detail.push_str("; own terms are locked with the workspace");
                }
                Finding::good("glossary", detail)
            }
            Err(e) => Finding::not_good("glossary", Health::Bad, e.to_string(), e.help()),
        }
    }
}

fn microphone() -> Finding {
    let next = "Plug in a microphone; recordings made elsewhere can be imported without one.";
    match audio::devices() {
        Ok(list) if list.is_empty() => match audio::choose_device(None) {
            Err(kept @ audio::Error::MicrophoneDenied { .. }) => {
                Finding::not_good("microphone", Health::Warning, kept.to_string(), kept.help())
            }
            _ => Finding::not_good("microphone", Health::Warning, "none was found", next),
        },
        Ok(list) => Finding::good("microphone", format!("{} found", list.len())),
        Err(e) => Finding::not_good("microphone", Health::Warning, e.to_string(), e.help()),
    }
}

fn fonts() -> Finding {
    check_fonts(&[
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "/System/Library/Fonts",
        "C:\\Windows\\Fonts",
    ])
}

/// Looks for a font file of each script by the names that font packages use.
fn check_fonts(folders: &[&str]) -> Finding {
    let scripts: [(&str, &[&str]); 5] = [
        (
            "Chinese",
            &[
                "cjk",
                "wqy",
                "simsun",
                "msyh",
                "pingfang",
                "droidsansfallback",
            ],
        ),
        (
            "Thai",
            &["thai", "leelaw", "thonburi", "garuda", "loma", "waree"],
        ),
        ("Lao", &["lao", "phetsarath"]),
        ("Khmer", &["khmer", "khmeros"]),
        ("Burmese", &["myanmar", "padauk", "mmrtext"]),
    ];
    let mut names = Vec::new();
    for folder in folders {
        collect_names(Path::new(folder), 4, &mut names);
    }
    let has = |words: &[&str]| {
        names
            .iter()
            .any(|n: &String| words.iter().any(|w| n.contains(w)))
    };
    let missing: Vec<&str> = scripts
        .iter()
        .filter(|(_, words)| !has(words))
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Finding::good("fonts", "all scripts beside the Latin one have theirs");
    }
    Finding::not_good(
        "fonts",
        Health::Warning,
        format!("none found for {}", missing.join(", ")),
        "On Debian or Ubuntu: apt-get install fonts-noto-cjk fonts-noto-core.",
    )
}

fn collect_names(folder: &Path, depth: usize, names: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && depth > 0 {
            collect_names(&path, depth - 1, names);
        } else if let Some(name) = path.file_name() {
            let name = name.to_string_lossy().to_ascii_lowercase();
            if [".ttf", ".otf", ".ttc"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                names.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_fonts_are_named_with_the_step_that_brings_them() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().to_str().unwrap();
        for name in [
            "NotoSansCJK.ttc",
            "NotoSansThai.ttf",
            "NotoSansLao.ttf",
            "KhmerOS.ttf",
        ] {
            fs::write(dir.path().join(name), b"").unwrap();
        }
        let finding = check_fonts(&[folder]);
        assert_eq!(finding.health, Health::Warning);
        assert!(
            finding.detail.ends_with("for Burmese"),
            "{}",
            finding.detail
        );
        fs::write(dir.path().join("Padauk-Regular.ttf"), b"").unwrap();
        assert_eq!(check_fonts(&[folder]).health, Health::Good);
    }
}
