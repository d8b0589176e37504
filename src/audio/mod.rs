//! Sound: devices, import (copy, decode, resample to a 16 kHz working copy), voice activity and
//! the cutting of a recording into utterances. The only place that names cpal, hound, symphonia,
//! rubato and earshot. The original is never changed, and no mask is laid over what is kept.

mod container;
mod decode;
mod devices;
mod error;
mod import;
mod mp4_header;
mod note;
mod playback;
mod resample;
mod segmenter;
mod source;
mod utterances;
mod vad;
mod wav_header;

pub use decode::{Decoder, MAX_CHANNELS, MAX_HOURS, MAX_RATE, MIN_RATE};
pub use devices::{DeviceInfo, devices};
pub use error::Error;
pub use import::{WorkingCopy, copy_original, make_working_copy, read_span, working_length};
pub use note::Note;
pub use playback::Playback;
pub use resample::Resampler;
pub use segmenter::{Cut, FRAME_SAMPLES, Frame, Segmenter, SegmenterLimits};
pub use utterances::find_utterances;
pub use vad::VoiceDetector;

/// Told how far a long step has come: done and total, in the same unit (bytes or samples).
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);
