//! Finds the utterances of one working WAV, block by block, so that four hours need no more memory
//! than four seconds.

use std::path::Path;

use super::import::open_working;
use super::segmenter::{Cut, Segmenter, SegmenterLimits};
use super::vad::VoiceDetector;
use super::{Error, Progress};
use crate::domain::{Cancel, SAMPLE_RATE};

/// Cuts one working WAV into utterances, in order, without overlap. Silence gives no cuts.
/// Progress counts samples, once for each second of sound.
///
/// # Errors
/// `Read`, `WorkingCopy`, `Cancelled`.
pub fn find_utterances(
    working: &Path,
    limits: &SegmenterLimits,
    progress: Progress<'_>,
    cancel: &Cancel,
) -> Result<Vec<Cut>, Error> {
    let mut reader = open_working(working)?;
    let total = u64::from(reader.duration());
    let mut detector = VoiceDetector::default();
    let mut segmenter = Segmenter::new(limits);
    let mut cuts = Vec::new();
    for (done, sample) in (1u64..).zip(reader.samples::<i16>()) {
        let sample = sample.map_err(|e| Error::read_wav(working, e))?;
        if let Some(frame) = detector.push(sample) {
            cuts.extend(segmenter.push(frame));
        }
        if done % u64::from(SAMPLE_RATE) == 0 {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            progress(done, total);
        }
    }
    if let Some(frame) = detector.finish() {
        cuts.extend(segmenter.push(frame));
    }
    cuts.extend(segmenter.finish());
    // The last frame was filled up with silence that the recording does not have.
    for cut in &mut cuts {
        cut.span.end.0 = cut.span.end.0.min(total);
    }
    Ok(cuts)
}
