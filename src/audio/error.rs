//! What can go wrong with sound, in words for the person at the desk, each with the next step.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::{next_step, reason};
use crate::vault::{self, Content};

/// A failure of the audio module. The path stands last so that the cause is read first.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read the file: {why}: {}", path.display(), why = reason(.source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written, for another reason than a full disk.
    #[error("cannot write the file: {why}: {}", path.display(), why = reason(.source))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk, or this user's share of it, is full.
    #[error("cannot write the file: the disk is full: {}", path.display())]
    DiskFull {
        /// The file that did not fit.
        path: PathBuf,
    },
    /// Another file stands where the copy should go; it is left as it is.
    #[error("cannot store the copy: another file already has this name: {}", path.display())]
    AlreadyThere {
        /// The file in the way.
        path: PathBuf,
    },
    /// Zero bytes.
    #[error("the file is empty (0 bytes): {}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A folder, named pipe, device or socket: opening one may wait for ever.
    #[error("this is {what}, not a file: {}", path.display())]
    NotAFile {
        /// What it is.
        what: &'static str,
        /// Where it lies.
        path: PathBuf,
    },
    /// The content is no sound, whatever the name says.
    #[error("the file is not a sound recording: {what}: {}", path.display())]
    NotAudio {
        /// What it looks like.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A container, for example a video, without a sound track.
    #[error("the file has no sound track: {}", path.display())]
    NoAudioTrack {
        /// The file.
        path: PathBuf,
    },
    /// Sound in a form that this program cannot decode.
    #[error("the sound is in a form this program cannot read ({detail}): {}", path.display())]
    Unsupported {
        /// Which form.
        detail: String,
        /// The file.
        path: PathBuf,
    },
    /// More channels than the program handles.
    #[error("the recording has {channels} channels, more than 8: {}", path.display())]
    TooManyChannels {
        /// How many it has.
        channels: usize,
        /// The file.
        path: PathBuf,
    },
    /// A sample rate outside 1 kHz to 384 kHz.
    #[error("the sample rate of {rate} Hz is outside 1,000 to 384,000 Hz: {}", path.display())]
    SampleRate {
        /// What the header says.
        rate: u32,
        /// The file.
        path: PathBuf,
    },
    /// A sound file of good form that holds no sound.
    #[error("the recording holds no sound (0 samples): {}", path.display())]
    NoSamples {
        /// The file.
        path: PathBuf,
    },
    /// Nothing in the file can be played.
    #[error("the file is damaged, none of it can be played ({detail}): {}", path.display())]
    Damaged {
        /// What the decoder met.
        detail: String,
        /// The file.
        path: PathBuf,
    },
    /// Longer than a day.
    #[error("the recording is longer than 24 hours: {}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The working copy is missing, cut off or in another form than mono 16 kHz 16-bit.
    #[error("the working copy cannot be used: {detail}: {}", path.display())]
    WorkingCopy {
        /// What is wrong with it.
        detail: String,
        /// The working copy.
        path: PathBuf,
    },
    /// The system's sound service gave no list of devices.
    #[error("cannot list the microphones: {detail}")]
    Devices {
        /// What the sound service said.
        detail: String,
    },
    /// This machine has nothing to play sound with.
    #[error("this machine has no loudspeaker or headphones that work")]
    NoOutput,
    /// The output device refused.
    #[error("the sound cannot be played: {detail}")]
    Playback {
        /// What the sound system said.
        detail: String,
    },
    /// There is no microphone at all.
    #[error("this machine has no microphone, or its sound service does not show one")]
    NoMicrophone,
    /// The microphone that was named is not there.
    #[error("the microphone is not there: {name}")]
    MicrophoneMissing {
        /// What it was named by.
        name: String,
    },
    /// Several microphones have this name.
    #[error("more than one microphone has this name: {name}")]
    MicrophoneAmbiguous {
        /// The name.
        name: String,
    },
    /// The device that has the id of a microphone is another one.
    #[error("another microphone ({found}) is in the place of this one: {name}")]
    MicrophoneOther {
        /// The one that was chosen.
        name: String,
        /// The one that is there.
        found: String,
    },
    /// The system does not let this program listen.
    #[error("the system does not let this program listen to the microphone: {name}")]
    MicrophoneDenied {
        /// Which one.
        name: String,
    },
    /// Fewer channels than people were named.
    #[error("the microphone has {found} channels, and {wanted} were named")]
    MicrophoneChannels {
        /// Channels named.
        wanted: u16,
        /// Channels there are.
        found: u16,
    },
    /// It delivers sound in no form that is understood.
    #[error("the microphone delivers sound in no form that this program understands: {name}")]
    MicrophoneForm {
        /// Which one.
        name: String,
    },
    /// The microphone cannot be opened for another reason.
    #[error("cannot open the microphone: {detail}: {name}")]
    Microphone {
        /// What the sound service said.
        detail: String,
        /// Which one.
        name: String,
    },
    /// A recording stands already where a new one should begin.
    #[error("a recording stands here already: {}", path.display())]
    RecordingThere {
        /// The folder.
        path: PathBuf,
    },
    /// Too little room for the planned length.
    #[error(
        "too little room on the disk: {needed_mb} MB are needed for {minutes} minutes, {free_mb} MB are free: {}",
        path.display()
    )]
    NoRoom {
        /// Megabytes needed, with the reserve.
        needed_mb: u64,
        /// Megabytes free.
        free_mb: u64,
        /// Planned length.
        minutes: u64,
        /// The folder.
        path: PathBuf,
    },
    /// A thread of the recorder has ended before its time.
    #[error("the recorder stopped by a fault of the program; what was recorded is kept")]
    Stopped,
    /// A person asked to stop.
    #[error("stopped on request")]
    Cancelled,
}

impl Error {
    /// A failed read of `path`.
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Error::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// A failed write of `path`; a full disk (or quota) gets its own name.
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::DiskFull { path },
            _ => Error::Write { path, source },
        }
    }

    /// The same error in names that a person knows, where it is about a file in a temporary
    /// `folder`: `source` for what was read, `home` for what was written.
    pub fn renamed(mut self, folder: &Path, source: &Path, home: &Path) -> Self {
        let shown = match self {
            Error::Write { .. } | Error::DiskFull { .. } => home,
            _ => source,
        };
        if let Some(path) = self.path_mut().filter(|path| path.starts_with(folder)) {
            shown.clone_into(path);
        }
        self
    }

    fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Error::Read { path, .. }
            | Error::Write { path, .. }
            | Error::DiskFull { path }
            | Error::AlreadyThere { path }
            | Error::Empty { path }
            | Error::NotAFile { path, .. }
            | Error::NotAudio { path, .. }
            | Error::NoAudioTrack { path }
            | Error::Unsupported { path, .. }
            | Error::TooManyChannels { path, .. }
            | Error::SampleRate { path, .. }
            | Error::NoSamples { path }
            | Error::Damaged { path, .. }
            | Error::TooLong { path }
            | Error::WorkingCopy { path, .. }
            | Error::RecordingThere { path }
            | Error::NoRoom { path, .. } => Some(path),
            Error::Devices { .. }
            | Error::NoMicrophone
            | Error::MicrophoneMissing { .. }
            | Error::MicrophoneAmbiguous { .. }
            | Error::MicrophoneOther { .. }
            | Error::MicrophoneDenied { .. }
            | Error::MicrophoneChannels { .. }
            | Error::MicrophoneForm { .. }
            | Error::Microphone { .. }
            | Error::NoOutput
            | Error::Playback { .. }
            | Error::Stopped
            | Error::Cancelled => None,
        }
    }

    /// A failed read of a working copy through hound, which reports a short file as an error of its
    /// own making: only the system's errors carry a number.
    pub(super) fn read_wav(path: &Path, error: hound::Error) -> Self {
        match error {
            hound::Error::IoError(source) if source.raw_os_error().is_some() => {
                Error::read(path, source)
            }
            other => Error::WorkingCopy {
                detail: other.to_string(),
                path: path.to_owned(),
            },
        }
    }

    /// The next step a person can take.
    pub fn help(&self) -> &'static str {
        use io::ErrorKind;
        match self {
            Error::Read { source, .. } => match source.kind() {
                ErrorKind::NotFound => {
                    "Check the name and the folder, and that the drive is plugged in."
                }
                ErrorKind::PermissionDenied => {
                    "You may not read this file. Ask its owner for access, or copy it to your own folder."
                }
                _ => {
                    "Plug the drive in again and retry. If it fails again, copy the file to this computer first."
                }
            },
            Error::Write { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
                "You may not write into this folder. Choose another workspace or ask for write access."
            }
            Error::Write { source, .. } if source.kind() == ErrorKind::ReadOnlyFilesystem => {
                next_step(source)
            }
            Error::Write { .. } => {
                "Check that the drive is plugged in and not write-protected, then retry."
            }
            Error::DiskFull { .. } => {
                "Free space on the disk (one hour of one channel needs about 115 MB besides the copy), then import again. The recording you imported from is untouched."
            }
            Error::AlreadyThere { .. } => {
                "Move the file that is in the way, or import under another name."
            }
            Error::Empty { .. } => {
                "The recording was not saved or not copied in full. Copy it from the recorder again."
            }
            Error::NotAFile { what: FOLDER, .. } => "Name the recording itself, not its folder.",
            Error::NotAFile { .. } => {
                "Save the recording to a file first, for example a WAV file, and name that."
            }
            Error::NotAudio { .. } => {
                "Choose the recording itself: WAV, FLAC, MP3, M4A, OGG, Opus, MP4 or MKV."
            }
            Error::NoAudioTrack { .. } => {
                "The video was recorded without a microphone. Look for a separate sound file."
            }
            Error::Unsupported { .. } => {
                "Convert the recording to WAV or FLAC with another program and import that. Keep the original."
            }
            Error::TooManyChannels { .. } => {
                "Export the channels with the speakers, at most 8, from the recording program and import that file."
            }
            Error::SampleRate { .. } => {
                "Convert the recording to WAV at 48,000 Hz and import that. Keep the original."
            }
            Error::NoSamples { .. } => {
                "Recording stopped before it began. Check the recorder for another file of the same time."
            }
            Error::Damaged { .. } => {
                "Copy the file from the recorder again. If it stays damaged, keep it and ask for a repair by a specialist."
            }
            Error::TooLong { .. } => {
                "Split the recording into parts of at most 24 hours and import each."
            }
            Error::WorkingCopy { .. } => {
                "Make the working copy again from the stored original; nothing is lost by that."
            }
            Error::Devices { .. } => {
                "Check that the sound service runs, plug the microphone in again and retry."
            }
            Error::NoOutput => "Plug in headphones or a loudspeaker, then play the line again.",
            Error::Playback { .. } => {
                "Close other programs that use the sound, or choose another output in the system's settings."
            }
            Error::NoMicrophone => {
                "Plug in a microphone and see 'mekong devices'. To practise without one: --device file:RECORDING"
            }
            Error::MicrophoneMissing { .. } => {
                "Plug it in, or name another one with --device; 'mekong devices' lists them. Another microphone is never taken silently."
            }
            Error::MicrophoneAmbiguous { .. } => {
                "Name it by its id instead, the second line of 'mekong devices'."
            }
            Error::MicrophoneOther { .. } => {
                "Plug the right one in where it was, or choose the other one by its name."
            }
            Error::MicrophoneDenied { .. } => {
                "Allow it in the system's privacy settings; on Linux, add your user to the group 'audio'. Then try again."
            }
            Error::MicrophoneChannels { .. } => {
                "Name fewer speakers with --channels (one channel may hold several languages, for example all=zh+vi), or connect a device with more inputs."
            }
            Error::MicrophoneForm { .. } => {
                "Set it to 16 bit and 48,000 Hz in the system's sound settings, or choose another with --device."
            }
            Error::Microphone { .. } => {
                "Close other programs that use it, plug it in again, or choose another with --device."
            }
            Error::RecordingThere { .. } => {
                "Nothing was changed. Start again: the new interview gets a new folder."
            }
            Error::NoRoom { .. } => {
                "Free some room, move the workspace to a larger disk, or plan a shorter session with --for SECONDS."
            }
            Error::Stopped => "Run 'mekong resume': it saves the sound and finishes the text.",
            Error::Cancelled => "Start it again whenever you like; it begins anew without harm.",
        }
    }
}

/// How [`Error::NotAFile`] calls a folder.
const FOLDER: &str = "a folder";

/// Opens a file for reading; never waits on what is no plain file.
pub(super) fn open_file(path: &Path) -> Result<Content, Error> {
    let read = |e| Error::read(path, e);
    let kind = std::fs::metadata(path).map_err(read)?.file_type();
    if kind.is_file() {
        return vault::open(path).map_err(read);
    }
    let what = if kind.is_dir() {
        FOLDER
    } else {
        "a pipe, a socket or a device"
    };
    Err(Error::NotAFile {
        what,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_as_such() {
        let error = Error::write(Path::new("/x"), io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        assert!(error.to_string().contains("the disk is full"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_number_for_no_space_is_understood() {
        let error = Error::write(Path::new("/x"), io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
    }

    #[test]
    fn the_path_stands_last() {
        let error = Error::NotAudio {
            what: "a PDF document",
            path: "/tmp/a.wav".into(),
        };
        assert!(error.to_string().ends_with("/tmp/a.wav"));
    }
}
