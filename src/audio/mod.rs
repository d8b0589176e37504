//! Sound: devices, import (copy, decode, resample to a 16 kHz working copy), voice activity and
//! the cutting of a recording into utterances. The only place that names cpal, hound, symphonia,
//! rubato and earshot. The original is never changed, and no mask is laid over what is kept.

mod asking;
mod beginning;
mod capture;
mod choosing;
mod container;
mod decode;
mod devices;
mod disk;
mod ebml_header;
mod error;
mod form;
mod growing_wav;
mod headless;
mod held;
mod import;
mod lag;
mod listener;
mod meter;
mod microphone;
mod mp4_header;
mod note;
mod notice;
mod playback;
mod practice;
mod recorder;
#[cfg(test)]
mod recorder_away_tests;
#[cfg(test)]
mod recorder_fault_tests;
#[cfg(test)]
mod recorder_moment_tests;
#[cfg(test)]
mod recorder_tests;
mod recording;
mod recover;
mod resample;
mod room;
#[cfg(test)]
mod sealed_tail_tests;
mod segmenter;
mod series;
mod sound_chain;
#[cfg(test)]
mod sound_chain_tests;
mod source;
mod stretch;
mod take;
mod tape;
mod untouched;
mod utterances;
mod vad;
mod wav_header;
mod ways;

pub use asking::Asking;
pub use beginning::{Beginning, PRE_ROLL};
pub use capture::{
    AudioSource, Clock, Delivery, MAX_LIVE_CHANNELS, OpenSource, SourceFormat, sleep_clock,
    system_clock,
};
pub use choosing::choose_device;
pub use decode::{Decoder, MAX_CHANNELS, MAX_HOURS, MAX_RATE, MIN_RATE};
pub use devices::{DeviceInfo, devices};
pub use disk::{Disk, DiskFile, SystemDisk, free_bytes};
pub use error::Error;
pub use headless::headless_parts;
pub use import::{
    WorkingCopy, copy_original, hash_file, is_sound, make_working_copy, read_span, working_length,
};
pub use listener::Listener;
pub use meter::{Level, Meters};
pub use microphone::Microphone;
pub use note::Note;
pub use notice::{Entry, Notice, Part, Stop};
pub use playback::Playback;
pub use practice::PracticeFile;
pub use recorder::{Recorder, RecorderPlan, RecorderProgress};
pub use recover::{has_apart, read_journal, rebuild_working, recover_parts, unread_part};
pub use resample::Resampler;
pub use segmenter::{Cut, FRAME_SAMPLES, Frame, Running, Segmenter, SegmenterLimits};
pub use series::Series;
pub use sound_chain::{
    SharedChain, complete_sound_chain, read_sound_chain, read_whole_sound_chain,
};
pub use stretch::{SPEED_PERCENT, at_speed};
pub use take::{Hearing, Take};
pub use untouched::Untouched;
pub use utterances::find_utterances;
pub use vad::VoiceDetector;

/// Told how far a long step has come: done and total, in the same unit (bytes or samples).
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);
