//! Voice activity of one channel: how likely somebody speaks in each 16 ms, by the small network
//! of the `earshot` crate, and how loud it is.

use earshot::Detector;

use super::segmenter::{FRAME_SAMPLES, Frame};

/// Listens to one channel from its start, frame after frame.
pub struct VoiceDetector {
    detector: Box<Detector>,
    frame: Vec<i16>,
}

impl Default for VoiceDetector {
    fn default() -> Self {
        Self {
            detector: Detector::default_boxed(),
            frame: Vec::with_capacity(FRAME_SAMPLES),
        }
    }
}

impl VoiceDetector {
    /// Takes one sample at 16 kHz; every 256th gives a frame.
    pub fn push(&mut self, sample: i16) -> Option<Frame> {
        self.frame.push(sample);
        (self.frame.len() == FRAME_SAMPLES).then(|| self.judge())
    }

    /// The last, partly filled frame, with silence behind it.
    pub fn finish(&mut self) -> Option<Frame> {
        if self.frame.is_empty() {
            return None;
        }
        self.frame.resize(FRAME_SAMPLES, 0);
        Some(self.judge())
    }

    fn judge(&mut self) -> Frame {
        let probability = self.detector.predict_i16(&self.frame);
        let level_db = level_db(&self.frame);
        self.frame.clear();
        Frame {
            probability,
            level_db,
        }
    }
}

/// Root mean square without its steady part, in decibels below full scale; digital silence is -96.
fn level_db(frame: &[i16]) -> f32 {
    let n = frame.len().max(1) as f64;
    let mean = frame.iter().map(|s| f64::from(*s)).sum::<f64>() / n;
    let power = frame
        .iter()
        .map(|s| (f64::from(*s) - mean).powi(2))
        .sum::<f64>()
        / n;
    (10.0 * (power / (32_768.0 * 32_768.0)).max(2.5e-10).log10()) as f32
}
