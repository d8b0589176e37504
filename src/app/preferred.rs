//! Settings that a person may choose on a screen: which models are preferred, and after how long a
//! workspace locks itself. They are written into `config.toml`, whose remarks and other settings stay,
//! and are in force from the next start.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::{self, Config};
use crate::domain::Lang;

use super::whole::write_whole;
use super::{App, Error};

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferred {
    /// Names of the speech models to prefer, by language.
    pub speech: BTreeMap<Lang, String>,
    /// Name of the translation model to prefer.
    pub translation: Option<String>,
    /// Minutes without a touch after which a workspace with a lock is locked again; 0 is never.
    pub lock_after_minutes: u64,
}

impl Preferred {
    /// As the settings have it.
    pub fn of(config: &Config) -> Self {
        Self {
            speech: config.speech.clone(),
            translation: config.translation_model.clone(),
            lock_after_minutes: config.lock_after_minutes,
        }
    }

    /// The text of the settings with these in it; every other line stays as it is.
    fn put_into(&self, text: &str) -> String {
        let quoted = |name: &str| toml::Value::String(name.to_owned()).to_string();
        let own = self.speech.iter();
        let speech: Vec<String> = own
            .map(|(lang, name)| format!("{} = {}", lang.code(), quoted(name)))
            .collect();
        let (mut top, mut tables) = (Vec::new(), Vec::new());
        let (mut table, mut has_ours) = (None, false);
        for line in text.lines().map(str::to_owned) {
            let bare = line.trim();
            let key = bare.split(['=', '.']).next().unwrap_or_default().trim();
            if let Some(name) = bare.strip_prefix('[') {
                let name = name.split(']').next().unwrap_or_default().trim().to_owned();
                let ours = name == "speech";
                has_ours |= ours;
                table = Some(name);
                tables.push(line);
                if ours {
                    tables.extend_from_slice(&speech);
                }
                continue;
            }
            match table.as_deref() {
                None if matches!(key, "lock_after_minutes" | "translation_model" | "speech") => {}
                None => top.push(line),
                Some("speech") if bare.contains('=') && !bare.starts_with('#') => {}
                Some(_) => tables.push(line),
            }
        }
        let written = top.iter().rposition(|line| !line.trim().is_empty());
        let rest = top.split_off(written.map_or(0, |last| last.saturating_add(1)));
        top.push(format!("lock_after_minutes = {}", self.lock_after_minutes));
        if let Some(name) = &self.translation {
            top.push(format!("translation_model = {}", quoted(name)));
        }
        top.extend(rest);
        if !speech.is_empty() && !has_ours {
            tables.push("[speech]".to_owned());
            tables.extend(speech);
        }
        top.append(&mut tables);
        top.push(String::new());
        top.join("\n")
    }
}

impl App {
    /// The settings as they are written, which may be newer than those in force.
    pub fn preferences(&self) -> Preferred {
        let written = Config::read(&self.workspace.config_file());
        Preferred::of(written.as_ref().unwrap_or(&self.config))
    }

    /// Whether the file of the settings is not valid, so that the usual ones are in force.
    pub fn settings_broken(&self) -> bool {
        let read = Config::read(&self.workspace.config_file());
        matches!(read, Err(config::Error::Invalid { .. }))
    }

    /// Writes the settings: wholly or not at all. A file that is not valid is put aside first; gives
    /// where it lies then.
    ///
    /// # Errors
    /// A file of settings that cannot be read, or in which these have no place; a disk that refuses.
    pub fn prefer(&self, wanted: &Preferred) -> Result<Option<PathBuf>, Error> {
        self.workspace.make_folders()?;
        let path = self.workspace.config_file();
        // What stands there now counts, not what the program began with.
        match Config::read(&path) {
            Ok(before) => self.write_beside(before, wanted).map(|()| None),
            Err(config::Error::Invalid { .. }) => {
                let aside = free_name(&path);
                fs::rename(&path, &aside).map_err(|cause| Error::File {
                    what: "write the choices",
                    cause,
                    path: aside.clone(),
                })?;
                let written = self.write_beside(Config::default(), wanted);
                if written.is_err() {
                    // Nothing has taken its place, so it goes back there.
                    let _ = fs::rename(&aside, &path);
                }
                written.map(|()| Some(aside))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the settings beside the others that stand in the file.
    fn write_beside(&self, before: Config, wanted: &Preferred) -> Result<(), Error> {
        let path = self.workspace.config_file();
        let failed = |cause| Error::File {
            what: "write the choices",
            cause,
            path: path.clone(),
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => String::new(),
            Err(cause) => return Err(failed(cause)),
        };
        let after = Config {
            speech: wanted.speech.clone(),
            translation_model: wanted.translation.clone(),
            lock_after_minutes: wanted.lock_after_minutes,
            ..before
        };
        let text = wanted.put_into(&text);
        // A file in another form than the one that is known here is not written over.
        if toml::from_str::<Config>(&text).ok() != Some(after) {
            return Err(failed(io::Error::from(io::ErrorKind::InvalidData)));
        }
        write_whole(&path, true, &mut |out| {
            out.write_all(text.as_bytes()).map_err(failed)
        })
    }
}

/// `config.toml.broken`, `config.toml.broken-2` ...: one that is put aside never replaces another.
fn free_name(path: &Path) -> PathBuf {
    let named = |number: u32| match number {
        1 => path.with_extension("toml.broken"),
        _ => path.with_extension(format!("toml.broken-{number}")),
    };
    let free = (1..1000).map(named).find(|path| !path.exists());
    free.unwrap_or_else(|| named(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_written_beside_what_stands_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let text = "# ours\nbeam = 2\ntranslation_model = \"old\"\nglossaries = [\n  \"drugs\",\n]\n\n\
                    [speech] # our models\n# the good one\nmy = \"old\"\nth = \"thai\"\n";
        std::fs::write(&file, text).unwrap();
        let open = || {
            App::open(&crate::app::Options {
                workspace: Some(dir.path().to_owned()),
                ..crate::app::Options::default()
            })
            .unwrap()
        };
        let wanted = Preferred {
            speech: BTreeMap::from([(Lang::My, "a \"new\" one".to_owned())]),
            translation: None,
            lock_after_minutes: 3,
        };
        open().prefer(&wanted).unwrap();
        let app = open();
        assert_eq!(Preferred::of(app.config()), wanted);
        assert_eq!((app.config().beam, app.config().glossaries.len()), (2, 1));
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written.starts_with("# ours\n") && written.contains("# the good one"));
        app.prefer(&wanted).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
        // Where there was no file, and none is preferred.
        std::fs::remove_file(&file).unwrap();
        let none = Preferred::default();
        open().prefer(&none).unwrap();
        assert_eq!(Preferred::of(open().config()), none);
        // What is not valid is put aside, each time under another name.
        for name in ["config.toml.broken", "config.toml.broken-2"] {
            std::fs::write(&file, "glossaries = 7").unwrap();
            assert!(app.settings_broken());
            let aside = app.prefer(&wanted).unwrap();
            assert_eq!(aside.as_deref(), Some(dir.path().join(name).as_path()));
            let kept = std::fs::read_to_string(dir.path().join(name)).unwrap();
            assert_eq!(kept, "glossaries = 7");
            assert!(!app.settings_broken());
            assert_eq!(app.preferences(), wanted);
        }
        // What cannot be kept whole is left alone.
        let odd = "\"beam\" = 2\n\"speech_model\" = \"one\"\n[\"speech\"]\nmy = \"a\"\n";
        std::fs::write(&file, odd).unwrap();
        assert!(app.prefer(&wanted).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), odd);
    }
}
