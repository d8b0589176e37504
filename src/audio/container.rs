//! Opens a file as a container: which format it is, which of its tracks is the sound, which decoder
//! reads it, how long it claims to be; and what to tell a person when that fails.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error as Vendor;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, MediaInfo, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::source::Source;
use super::{Error, Note};

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

/// A file whose sound track was found.
pub(super) struct Opened {
    pub format: Box<dyn FormatReader>,
    pub track: Track,
    pub codec: Box<dyn AudioDecoder>,
    /// What the header says, 0 where it says nothing.
    pub rate: u32,
    /// What the header says, 0 where it says nothing.
    pub channels: usize,
    /// Bytes read so far, kept up to date by the reader.
    pub read_pos: Arc<AtomicU64>,
    pub file_len: u64,
    /// What was wrong with the header.
    pub header: Vec<Note>,
}

/// Opens a file and finds its default or else its first sound track.
pub(super) fn open(path: &Path) -> Result<Opened, Error> {
    let (source, header) = Source::open(path)?;
    let (read_pos, file_len) = (source.pos.clone(), source.end);
    let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
    let (options, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, options, metadata)
        .map_err(|e| probe_error(path, e))?;
    let track = format.default_track(TrackType::Audio);
    let track = track
        .or_else(|| format.first_track(TrackType::Audio))
        .cloned();
    let track = track.ok_or_else(|| Error::NoAudioTrack {
        path: path.to_owned(),
    })?;
    let codec = make_codec(path, &track)?;
    let params = codec.codec_params();
    let rate = params.sample_rate.unwrap_or(0);
    let channels = params.channels.as_ref().map_or(0, |c| c.count());
    Ok(Opened {
        format,
        track,
        codec,
        rate,
        channels,
        read_pos,
        file_len,
        header,
    })
}

/// The decoder of a track.
pub(super) fn make_codec(path: &Path, track: &Track) -> Result<Box<dyn AudioDecoder>, Error> {
    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
        return Err(Error::NoAudioTrack {
            path: path.to_owned(),
        });
    };
    let made = CODECS.make_audio_decoder(params, &AudioDecoderOptions::default());
    made.map_err(|e| match e {
        Vendor::Unsupported(what) => unsupported(path, what),
        other => Error::Unsupported {
            detail: other.to_string(),
            path: path.to_owned(),
        },
    })
}

/// Length that the header promises to the frame. An MP3 without an encoder's tag promises nothing:
/// its count is guessed from the first frame's bit rate.
pub(super) fn promised_ms(track: &Track, rate: u32) -> Option<u64> {
    let mp3 =
        matches!(&track.codec_params, Some(CodecParameters::Audio(p)) if p.codec == CODEC_ID_MP3);
    let frames = track.num_frames.filter(|_| !mp3 || track.delay.is_some())?;
    u64::try_from((u128::from(frames) * 1000).checked_div(u128::from(rate))?).ok()
}

/// Length that the container claims; rounded, or the picture's, so no more than a hint.
pub(super) fn claimed_ms(track: &Track, media: &MediaInfo) -> Option<u64> {
    let own = track.time_base.zip(track.duration);
    let (base, duration) = own.or_else(|| media.time_base.zip(media.duration))?;
    let ms = u128::from(duration.get()) * 1000 * u128::from(base.numer.get());
    u64::try_from(ms / u128::from(base.denom.get())).ok()
}

fn unsupported(path: &Path, what: &str) -> Error {
    Error::Unsupported {
        detail: what.to_owned(),
        path: path.to_owned(),
    }
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::Damaged {
        detail: what.to_owned(),
        path: path.to_owned(),
    }
}

fn probe_error(path: &Path, error: Vendor) -> Error {
    match error {
        Vendor::Unsupported(what) if what.starts_with("core (probe)") => Error::NotAudio {
            what: "no known sound format",
            path: path.to_owned(),
        },
        Vendor::Unsupported(what) if what.contains("missing moov") => damaged(
            path,
            "the index at its end is missing, so it was never closed or not copied in full",
        ),
        Vendor::Unsupported(what) => unsupported(path, what),
        // The WAV reader calls a sample size that it does not know malformed.
        Vendor::DecodeError(what) if what.contains("bits per sample") => unsupported(path, what),
        Vendor::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            damaged(path, "it ends before its sound begins")
        }
        Vendor::IoError(e) => Error::read(path, e),
        other => damaged(path, &other.to_string()),
    }
}
