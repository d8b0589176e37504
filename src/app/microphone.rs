//! Which microphone a session uses: the one that was named, else the one used last, and never
//! silently another.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::audio::{self, DeviceInfo, choose_device};

use super::live::LiveSource;
use super::read::write_whole;
use super::{App, Error};

/// Largest file of a remembered microphone.
const MAX_REMEMBERED: u64 = 16 << 10;

/// A microphone as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    id: String,
    name: String,
}

impl App {
    /// The microphone that a session would use now.
    ///
    /// # Errors
    /// It is not there; there is none; several have its name.
    pub fn choose_microphone(&self, source: &LiveSource) -> Result<DeviceInfo, Error> {
        Ok(match source {
            LiveSource::Device(wanted) => choose_device(Some(wanted))?,
            _ => match self.remembered_microphone() {
                // The one used last or none: never silently another.
                Some(known) => choose_device(Some(&known.id)).map_err(|e| match e {
                    audio::Error::MicrophoneMissing { .. } => audio::Error::MicrophoneMissing {
                        name: format!("{} ({})", known.name, known.id),
                    },
                    other => other,
                })?,
                None => choose_device(None)?,
            },
        })
    }

    fn remembered_microphone(&self) -> Option<Remembered> {
        let path = self.workspace.microphone_file();
        if fs::metadata(&path).ok()?.len() > MAX_REMEMBERED {
            return None;
        }
        serde_json::from_slice(&fs::read(&path).ok()?).ok()
    }

    pub(super) fn remember_microphone(&self, device: &DeviceInfo) -> Result<(), Error> {
        let known = Remembered {
            id: device.id.clone(),
            name: device.name.clone(),
        };
        let path = self.workspace.microphone_file();
        write_whole(&path, true, &mut |file| {
            serde_json::to_writer(file, &known).map_err(|e| Error::File {
                what: "remember the microphone",
                cause: e.into(),
                path: path.clone(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    fn app() -> (tempfile::TempDir, App) {
        let dir = tempfile::tempdir().unwrap();
        let app = App::at(Workspace::at(dir.path()).unwrap(), None).unwrap();
        (dir, app)
    }

    #[test]
    fn a_remembered_microphone_that_is_away_is_never_replaced_by_another() {
        let (_dir, app) = app();
        let known = DeviceInfo {
            id: "alsa:hw:CARD=NotThere,DEV=0".into(),
            name: "Desk".into(),
            default: true,
            channels: 1,
            min_rate: 8000,
            max_rate: 48_000,
        };
        app.remember_microphone(&known).unwrap();
        let refused = app.choose_microphone(&LiveSource::Usual).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("Desk") && text.contains("NotThere"), "{text}");
        assert!(!refused.help().is_empty());
        // A damaged memory is no memory.
        fs::write(app.workspace.microphone_file(), b"{").unwrap();
        assert!(app.remembered_microphone().is_none());
    }
}
