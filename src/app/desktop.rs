//! What a person chose for the desktop: kept in the workspace beside the database. A file that
//! cannot be used is put aside, never deleted, and the usual choices are taken.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use crate::audio::SPEED_PERCENT;
use crate::domain::Lang;
use crate::vault;

use super::whole::write_whole;
use super::{App, Error};

/// Largest file of choices that is read.
const MAX_BYTES: u64 = 64 * 1024;
/// Smallest and largest text, in percent of the usual size.
pub const TEXT_PERCENT: (u16, u16) = (80, 250);
/// Shortest and longest side of a window that is remembered, in points.
const WINDOW_SIDE: (u16, u16) = (360, 8_000);
/// Longest name of a person that is kept, in characters.
const MAX_NAME: usize = 300;

/// Colours of the screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Dark letters on a light ground.
    #[default]
    Light,
    /// Light letters on a dark ground.
    Dark,
    /// The strongest contrast.
    Contrast,
}

/// The key that hides everything at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlankKey {
    /// F12.
    #[default]
    F12,
    /// F9, for keyboards whose F12 is taken by the machine.
    F9,
    /// F4.
    F4,
}

/// The key that a foot pedal presses: down plays, up pauses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PedalKey {
    /// There is no pedal.
    #[default]
    None,
    /// F6.
    F6,
    /// F7.
    F7,
    /// F8.
    F8,
    /// F13, which no keyboard has.
    F13,
    /// F14.
    F14,
    /// F15.
    F15,
    /// F16.
    F16,
}

/// How large the window was when it was closed, in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSize {
    /// Width of what is painted.
    pub width: u16,
    /// Its height.
    pub height: u16,
    /// It filled the whole screen.
    pub maximized: bool,
}

impl Default for WindowSize {
    fn default() -> Self {
        Self {
            width: 1100,
            height: 720,
            maximized: false,
        }
    }
}

/// The choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// Colours.
    pub look: Look,
    /// Size of the text in percent, 80 to 250.
    pub text_percent: u16,
    /// Language of the screens.
    pub language: Lang,
    /// Key that hides everything.
    pub blank_key: BlankKey,
    /// Words below this probability are underlined, in percent.
    pub doubt_percent: u16,
    /// Who signs corrections made here.
    pub name: String,
    /// How fast lines are played, in percent, 50 to 200.
    pub play_percent: u16,
    /// Key of a foot pedal.
    pub pedal: PedalKey,
    /// Numbers in the digits of the screens' language.
    pub native_digits: bool,
    /// Years of the Buddhist Era.
    pub buddhist_era: bool,
    /// How large the window was; last, because it is a table of its own in the file.
    pub window: Option<WindowSize>,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            look: Look::Light,
            text_percent: 100,
            language: Lang::En,
            blank_key: BlankKey::F12,
            doubt_percent: 50,
            name: String::new(),
            play_percent: 100,
            pedal: PedalKey::None,
            native_digits: false,
            buddhist_era: false,
            window: None,
        }
    }
}

impl Choices {
    /// The same with every value inside its bounds.
    fn bounded(mut self) -> Self {
        self.text_percent = self.text_percent.clamp(TEXT_PERCENT.0, TEXT_PERCENT.1);
        self.doubt_percent = self.doubt_percent.min(100);
        self.play_percent = self.play_percent.clamp(SPEED_PERCENT.0, SPEED_PERCENT.1);
        if let Some(window) = &mut self.window {
            window.width = window.width.clamp(WINDOW_SIDE.0, WINDOW_SIDE.1);
            window.height = window.height.clamp(WINDOW_SIDE.0, WINDOW_SIDE.1);
        }
        if let Some((end, _)) = self.name.char_indices().nth(MAX_NAME) {
            self.name.truncate(end);
        }
        self
    }
}

/// How the names of files end that could not be used, but for a number.
const ASIDE: &str = "unusable-";

/// What was read, and where a file went that could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadChoices {
    /// The choices in force.
    pub choices: Choices,
    /// Where the unusable file lies now.
    pub put_aside: Option<PathBuf>,
}

impl App {
    /// Reads what was chosen; a missing file gives the usual choices.
    pub fn choices(&self) -> ReadChoices {
        let mut read = self.read_file();
        if let Some(aside) = &read.put_aside
            && vault::guards(aside)
        {
            // Before anybody has given the passphrase it cannot be sealed: that is done then.
            let _ = vault::seal_file(aside);
        }
        let sealed = self.workspace.desktop_name();
        if let Ok(name) = vault::read_small(&sealed, MAX_BYTES) {
            read.choices.name = String::from_utf8(name).unwrap_or_default();
            read.choices = read.choices.bounded();
        }
        read
    }

    /// Where choices went that could not be used, until [`Self::choices_are_told`]: whoever reads the
    /// choices first need not be the one that tells it.
    pub fn choices_aside(&self) -> Option<PathBuf> {
        let aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        aside.clone()
    }

    /// A person has been told that the choices were put aside.
    pub fn choices_are_told(&self) {
        *self.aside.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Says which languages no font shows: the screens do not begin in one of them. What a person
    /// chose stays.
    pub fn cannot_show(&self, languages: &[Lang]) {
        // They were looked for once, when the window opened.
        let _ = self.unshown.set(languages.to_vec());
    }

    fn read_file(&self) -> ReadChoices {
        let unshown = self.unshown.get().map_or(&[][..], Vec::as_slice);
        let first = match self.first_language {
            first if unshown.contains(&first) => Lang::En,
            first => first,
        };
        let read = read(&self.workspace.desktop_file(), first);
        if read.put_aside.is_some() {
            let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
            aside.clone_from(&read.put_aside);
        }
        read
    }

    /// Keeps what was chosen: wholly or not at all.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn keep_choices(&self, choices: &Choices) -> Result<(), Error> {
        self.workspace.make_folders()?;
        let path = self.workspace.desktop_file();
        let mut choices = choices.clone();
        if vault::guards(&path) {
            // The file is read before anybody has given a passphrase: who works here is not in it.
            self.seal_name(&std::mem::take(&mut choices.name))?;
        }
        let text = toml::to_string(&choices).map_err(|e| Error::File {
            what: "write the choices",
            cause: std::io::Error::other(e),
            path: path.clone(),
        })?;
        write_whole(&path, true, &mut |out| {
            out.write_all(text.as_bytes()).map_err(|cause| Error::File {
                what: "write the choices",
                cause,
                path: path.clone(),
            })
        })
    }
}

impl App {
    /// Moves the name out of the plain choices when the workspace is locked.
    pub(super) fn hide_name(&self) -> Result<(), Error> {
        let path = self.workspace.desktop_file();
        let kept = self.read_file().choices;
        self.seal_aside()?;
        if kept.name.is_empty() {
            return Ok(());
        }
        let old = vault::open_over(&path);
        self.keep_choices(&kept)?;
        // The new file has taken the old one's place; its bytes are still on the disk.
        old.and_then(vault::overwrite).map_err(|cause| Error::File {
            what: "write over the file",
            cause,
            path,
        })
    }

    /// Seals what was put aside because it could not be used: a name may stand in it.
    pub(super) fn seal_aside(&self) -> Result<(), Error> {
        let path = self.workspace.desktop_file();
        let Ok(entries) = fs::read_dir(self.workspace.root()) else {
            return Ok(());
        };
        let stem = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!("{stem}.{ASIDE}");
        for entry in entries.flatten() {
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && entry.file_name().to_string_lossy().starts_with(&prefix) {
                vault::seal_file(&entry.path())?;
            }
        }
        Ok(())
    }

    fn seal_name(&self, name: &str) -> Result<(), Error> {
        let path = self.workspace.desktop_name();
        let failed = |cause| Error::File {
            what: "write the choices",
            cause,
            path: path.clone(),
        };
        write_whole(&path, true, &mut |out| {
            let mut out = vault::Writer::new(out, &path).map_err(failed)?;
            out.write_all(name.as_bytes()).map_err(failed)?;
            out.finish().map(|_| ()).map_err(failed)
        })
    }
}

/// What was chosen; `first` is the language where nothing was.
fn read(path: &Path, first: Lang) -> ReadChoices {
    let usual = Choices {
        language: first,
        ..Choices::default()
    };
    let Ok(meta) = fs::metadata(path) else {
        return ReadChoices {
            choices: usual,
            put_aside: None,
        };
    };
    let usable = (meta.len() <= MAX_BYTES)
        .then(|| fs::read_to_string(path).ok())
        .flatten()
        .and_then(|text| toml::from_str::<Choices>(&text).ok());
    match usable {
        Some(choices) => ReadChoices {
            choices: choices.bounded(),
            put_aside: None,
        },
        None => {
            let aside = free_name(path);
            let moved = fs::rename(path, &aside).is_ok();
            ReadChoices {
                choices: usual,
                put_aside: Some(if moved { aside } else { path.to_owned() }),
            }
        }
    }
}

/// `desktop.toml.unusable-1`, `-2` ...: one that is put aside never replaces another.
fn free_name(path: &Path) -> PathBuf {
    let named = |number: u32| path.with_extension(format!("toml.{ASIDE}{number}"));
    (1..1000)
        .map(named)
        .find(|p| !p.exists())
        .unwrap_or_else(|| named(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_kept_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("desktop.toml");
        let chosen = Choices {
            look: Look::Contrast,
            text_percent: 250,
            language: Lang::Km,
            blank_key: BlankKey::F9,
            doubt_percent: 70,
            name: "Nguyễn Thị Lan".into(),
            play_percent: 75,
            pedal: PedalKey::F13,
            native_digits: true,
            buddhist_era: true,
            window: Some(WindowSize::default()),
        };
        fs::write(&path, toml::to_string(&chosen).unwrap()).unwrap();
        assert_eq!(read(&path, Lang::En).choices, chosen);
    }

    #[test]
    fn the_screens_begin_in_the_systems_language_and_stay_in_the_chosen_one() {
        for (tags, first) in [
            (&["km-KH", "en-US"][..], Lang::Km),
            (&["my_MM.UTF-8"], Lang::My),
            (&["fr-FR", "th-TH", "vi-VN"], Lang::Th),
            (&["zh-Hans-CN"], Lang::Zh),
            (&["LO"], Lang::Lo),
            (&["C", "vi"], Lang::Vi),
            (&["fr"], Lang::En),
            (&[], Lang::En),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let app = App::open(&crate::app::Options {
                workspace: Some(dir.path().to_owned()),
                languages: tags.iter().map(|tag| (*tag).to_owned()).collect(),
                ..crate::app::Options::default()
            })
            .unwrap();
            assert_eq!(app.choices().choices.language, first, "{tags:?}");
            let chosen = Choices {
                language: Lang::Zh,
                ..Choices::default()
            };
            app.keep_choices(&chosen).unwrap();
            assert_eq!(app.choices().choices.language, Lang::Zh);
        }
    }

    #[test]
    fn whoever_reads_first_the_person_is_told_of_choices_that_were_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("desktop.toml"), "look = {").unwrap();
        let app = App::open(&crate::app::Options {
            workspace: Some(dir.path().to_owned()),
            languages: vec!["km-KH".to_owned()],
            ..crate::app::Options::default()
        })
        .unwrap();
        let size = app.choices();
        assert!(size.put_aside.is_some());
        assert_eq!(app.choices().put_aside, None, "it is put aside once");
        assert_eq!(app.choices_aside(), size.put_aside);
        app.choices_are_told();
        assert_eq!(app.choices_aside(), None);
        // Where nothing shows the system's language the screens begin in English, if nobody chose.
        assert_eq!(app.choices().choices.language, Lang::Km);
        app.cannot_show(&[Lang::Lo, Lang::Km]);
        assert_eq!(app.choices().choices.language, Lang::En);
        app.keep_choices(&size.choices).unwrap();
        assert_eq!(app.choices().choices.language, Lang::Km);
    }

    #[test]
    fn a_broken_file_is_put_aside_each_time_under_a_new_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("desktop.toml");
        for (number, broken) in [(1, "look = 7"), (2, "not toml at all ["), (3, "colour = 1")] {
            fs::write(&path, broken).unwrap();
            let found = read(&path, Lang::En);
            let aside = dir.path().join(format!("desktop.toml.unusable-{number}"));
            assert_eq!(found.choices, Choices::default());
            assert_eq!(found.put_aside.as_deref(), Some(aside.as_path()));
            assert_eq!(fs::read_to_string(aside).unwrap(), broken);
            assert!(!path.exists());
        }
    }

    #[test]
    fn values_out_of_bounds_are_brought_inside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("desktop.toml");
        let name = "ກ".repeat(4000);
        fs::write(
            &path,
            format!(
                "text_percent = 9000\ndoubt_percent = 101\nplay_percent = 1\nname = \"{name}\""
            ),
        )
        .unwrap();
        let choices = read(&path, Lang::En).choices;
        assert_eq!((choices.text_percent, choices.doubt_percent), (250, 100));
        assert_eq!(choices.play_percent, 50);
        assert_eq!(choices.name.chars().count(), MAX_NAME);
    }
}
