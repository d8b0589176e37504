//! Hears stretches of recordings as they came, where no working copies were made of them: nothing is
//! written. What was heard last stays in memory for some minutes, and where each part begins is remembered, so
//! that a few seconds back, the next line and another speed do not begin at the front.

use std::path::PathBuf;

use super::{Decoder, Error, Resampler};
use crate::domain::{Cancel, SAMPLE_RATE, Span};

/// Samples that stay in memory behind the place that is decoded, five minutes: about 19 MB.
const KEPT: usize = 16_000 * 300;
/// A place that is so much further is looked for in its file; one that is nearer is decoded up to.
const FAR: u64 = 16_000 * 20;
/// So much earlier it begins there, so that what the conversion of its rate makes of a beginning is not heard.
const EARLIER: u64 = 16_000;
/// What that makes of a beginning is over by then.
const SETTLED: u64 = EARLIER / 2;

/// One channel of recordings that lie one behind the other in time.
pub struct Untouched {
    parts: Vec<PathBuf>,
    channel: usize,
    /// Where each part begins, in samples; of the first ones, as far as that is known.
    starts: Vec<u64>,
    /// The part that is being decoded.
    open: Option<Open>,
    /// What was decoded last, and where it begins.
    kept: Vec<f32>,
    from: u64,
    /// From here on it is as if it had been decoded from the front.
    clear: u64,
}

/// A part that is being decoded.
struct Open {
    part: usize,
    decoder: Decoder,
    resampler: Resampler,
    rate: u32,
    /// Frames that are left out, so that the first sample is a whole one.
    skip: u64,
}

impl Untouched {
    /// Nothing is read before something is heard.
    pub fn new(parts: Vec<PathBuf>, channel: u16) -> Self {
        Self {
            parts,
            channel: usize::from(channel),
            starts: vec![0],
            open: None,
            kept: Vec::new(),
            from: 0,
            clear: 0,
        }
    }

    /// Samples at 16 kHz, -1.0 to 1.0. What of `span` lies behind the end is left out; a channel that a part
    /// does not have is silence there.
    ///
    /// # Errors
    /// Those of decoding (see [`Error`]); a cancel: a place that is far in its file may be minutes of decoding
    /// away.
    pub fn hear(&mut self, span: Span, cancel: &Cancel) -> Result<Vec<f32>, Error> {
        let heard = self.gather(span, cancel);
        if heard.is_err() {
            // What is kept may have a hole where it broke off.
            self.open = None;
            self.renew(0, u64::MAX);
        }
        heard
    }

    /// Where what was decoded ends.
    fn at(&self) -> u64 {
        self.from.saturating_add(self.kept.len() as u64)
    }

    fn gather(&mut self, span: Span, cancel: &Cancel) -> Result<Vec<f32>, Error> {
        self.approach(span.start.0, cancel)?;
        while self.at() < span.end.0 && self.more()? {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            self.forget_before(span.start.0);
        }
        let place = |pos: u64| {
            let place = pos.saturating_sub(self.from).min(self.kept.len() as u64);
            usize::try_from(place).unwrap_or(self.kept.len())
        };
        let inside = self.kept.get(place(span.start.0)..place(span.end.0));
        Ok(inside.unwrap_or_default().to_vec())
    }

    /// Goes to the part that holds a place, or into it, unless what is decoded now comes to it soon.
    fn approach(&mut self, place: u64, cancel: &Cancel) -> Result<(), Error> {
        let ended = self.open.is_none() && self.starts.len() > self.parts.len();
        let goes_on = place >= self.clear && (self.open.is_some() || ended);
        if goes_on && place < self.at().saturating_add(FAR) {
            return Ok(());
        }
        let known = self.starts.partition_point(|start| *start <= place);
        let part = known.saturating_sub(1);
        let start = self.starts.get(part).copied().unwrap_or(0);
        let inside = place.saturating_sub(start);
        if inside > FAR && self.enter(part, inside.saturating_sub(EARLIER), cancel)? {
            return Ok(());
        }
        if goes_on && self.open.as_ref().is_some_and(|open| open.part == part) {
            // What is decoded is nearer than the front of its part.
            return Ok(());
        }
        self.open = self.begin(part)?;
        self.renew(start, start);
        Ok(())
    }

    /// Nothing is kept any more; what comes begins here, and is clear from there on.
    fn renew(&mut self, from: u64, clear: u64) {
        self.kept.clear();
        (self.from, self.clear) = (from, clear);
    }

    /// A part at its front; none behind the last one.
    fn begin(&self, part: usize) -> Result<Option<Open>, Error> {
        let Some(path) = self.parts.get(part) else {
            return Ok(None);
        };
        let decoder = Decoder::open(path)?;
        let rate = decoder.rate();
        Ok(Some(Open {
            part,
            resampler: Resampler::new(rate, 1).map_err(|detail| self.refused(part, detail))?,
            decoder,
            rate,
            skip: 0,
        }))
    }

    /// Goes into a part, to a sample of its own; whether that can be.
    fn enter(&mut self, part: usize, sample: u64, cancel: &Cancel) -> Result<bool, Error> {
        let Some(mut open) = self.begin(part)? else {
            return Ok(false);
        };
        let (rate, own) = (u64::from(open.rate), u64::from(SAMPLE_RATE));
        let wanted = sample.saturating_mul(rate).checked_div(own);
        let Some(frame) = wanted.and_then(|frame| open.decoder.go_to(frame, cancel)) else {
            return Ok(false);
        };
        // Both clocks stand at a whole sample only so often.
        let step = rate.checked_div(common(rate, own)).unwrap_or(1).max(1);
        let first = frame.next_multiple_of(step);
        open.skip = first.saturating_sub(frame);
        let begins = first.saturating_mul(own).checked_div(rate).unwrap_or(0);
        let start = self.starts.get(part).copied().unwrap_or(0);
        let from = start.saturating_add(begins);
        self.open = Some(open);
        self.renew(from, from.saturating_add(SETTLED));
        Ok(true)
    }

    fn refused(&self, part: usize, detail: String) -> Error {
        Error::Unsupported {
            detail,
            path: self.parts.get(part).cloned().unwrap_or_default(),
        }
    }

    /// Decodes the next block; false at the end of all.
    fn more(&mut self) -> Result<bool, Error> {
        let Some(open) = &mut self.open else {
            return Ok(false);
        };
        let (part, mut ready) = (open.part, [Vec::new()]);
        let done = open.next(self.channel, &mut ready);
        let done = done.unwrap_or_else(|error| Err(self.refused(part, error)))?;
        self.kept.append(&mut ready[0]);
        if done {
            let next = part.saturating_add(1);
            if self.starts.len() == next {
                self.starts.push(self.at());
            }
            self.open = None;
            self.open = self.begin(next)?;
        }
        Ok(true)
    }

    /// Lets go of what lies long before a place; a little at a time would move the rest too often.
    fn forget_before(&mut self, place: u64) {
        let over = self.kept.len().saturating_sub(KEPT);
        let before = place.saturating_sub(self.from);
        let over = over.min(usize::try_from(before).unwrap_or(over));
        if over > KEPT / 4 {
            self.kept.drain(..over);
            self.from = self.from.saturating_add(over as u64);
            self.clear = self.clear.max(self.from);
        }
    }
}

impl Open {
    /// Decodes a block of one channel; whether the part is over. The outer error is that of the conversion.
    fn next(
        &mut self,
        channel: usize,
        ready: &mut [Vec<f32>],
    ) -> Result<Result<bool, Error>, String> {
        let mut block = match self.decoder.next_block() {
            Ok(Some(block)) => block,
            Ok(None) => {
                self.resampler.finish(ready)?;
                return Ok(Ok(true));
            }
            Err(error) => return Ok(Err(error)),
        };
        if self.decoder.rate() != self.rate {
            self.resampler.finish(ready)?;
            self.rate = self.decoder.rate();
            self.resampler = Resampler::new(self.rate, 1)?;
        }
        let frames = block.first().map_or(0, Vec::len);
        let mut own = if channel < block.len() {
            block.swap_remove(channel)
        } else {
            vec![0.0; frames]
        };
        if self.skip > 0 {
            let skipped = own
                .len()
                .min(usize::try_from(self.skip).unwrap_or(own.len()));
            own.drain(..skipped);
            self.skip = self.skip.saturating_sub(skipped as u64);
        }
        self.resampler.push(&[own], ready)?;
        Ok(Ok(false))
    }
}

/// The largest number that divides both.
fn common(mut one: u64, mut other: u64) -> u64 {
    while let Some(rest) = one.checked_rem(other) {
        (one, other) = (other, rest);
    }
    one.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SamplePos;

    /// Both channels count up, the second one downwards; so a sample tells its place.
    fn part(path: &std::path::Path, from: i16, samples: i16) {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec).unwrap();
        for n in from..from + samples {
            file.write_sample(n).unwrap();
            file.write_sample(-n).unwrap();
        }
        file.finalize().unwrap();
    }

    fn heard(parts: &[PathBuf], channel: u16, from: u64, to: u64) -> Vec<i32> {
        let span = Span::new(SamplePos(from), SamplePos(to));
        let pcm = Untouched::new(parts.to_vec(), channel)
            .hear(span, &Cancel::new())
            .unwrap();
        pcm.iter().map(|s| (s * 32_768.0).round() as i32).collect()
    }

    #[test]
    fn a_stretch_is_found_in_the_right_part_of_the_right_channel_and_over_a_border() {
        let dir = tempfile::tempdir().unwrap();
        let parts = [
            dir.path().join("part-001.wav"),
            dir.path().join("part-002.wav"),
        ];
        part(&parts[0], 0, 10_000);
        part(&parts[1], 10_000, 5_000);
        let all: Vec<i32> = (9_990..10_020).collect();
        assert_eq!(heard(&parts, 0, 9_990, 10_020), all);
        let down: Vec<i32> = all.iter().map(|n| -n).collect();
        assert_eq!(heard(&parts, 1, 9_990, 10_020), down);
        assert_eq!(heard(&parts, 0, 3, 6), [3, 4, 5]);
        assert_eq!(heard(&parts, 0, 14_998, 20_000), [14_998, 14_999]);
        assert_eq!(heard(&parts, 0, 20_000, 20_100), [0; 0]);
        assert_eq!(
            heard(&parts, 5, 3, 6),
            [0; 3],
            "a channel that is not there"
        );
    }

    #[test]
    fn what_is_slower_or_faster_keeps_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("original.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(&path, spec).unwrap();
        // A second of nothing, then a second of a tone.
        for n in 0..96_000u32 {
            let tone = (n as f32 * 0.05).sin() * 12_000.0;
            file.write_sample(if n < 48_000 { 0 } else { tone as i16 })
                .unwrap();
        }
        file.finalize().unwrap();
        let loud = |from, to| {
            let pcm = heard(std::slice::from_ref(&path), 0, from, to);
            pcm.into_iter().map(i32::abs).max().unwrap_or(0)
        };
        assert!(loud(0, 15_500) < 200 && loud(16_500, 32_000) > 10_000);
    }

    /// A minute at this rate, each second of another pitch.
    fn minute(path: &std::path::Path, rate: u32) {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec).unwrap();
        for n in 0..rate * 60 {
            let hertz = 200.0 + 20.0 * (n / rate) as f32;
            let at = (n % rate) as f32 / rate as f32;
            let tone = (std::f32::consts::TAU * hertz * at).sin() * 12_000.0;
            file.write_sample(tone as i16).unwrap();
        }
        file.finalize().unwrap();
    }

    fn seconds(from: u64, to: u64) -> Span {
        Span::new(SamplePos(from * 16_000), SamplePos(to * 16_000))
    }

    #[test]
    fn a_far_place_is_entered_in_its_file_and_sounds_as_from_the_front() {
        let dir = tempfile::tempdir().unwrap();
        let kit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/practice");
        let mut files = vec![kit.join("zh-vi/audio.flac"), kit.join("km-vi/audio.flac")];
        for rate in [16_000, 44_100, 48_000] {
            files.push(dir.path().join(format!("{rate}.wav")));
            minute(files.last().unwrap(), rate);
        }
        for file in files {
            let name = file.display();
            let mut front = Untouched::new(vec![file.clone()], 0);
            let all = front.hear(seconds(0, 600), &Cancel::new()).unwrap();
            assert!(all.len() > 16_000 * 30, "{name} is too short");
            let place = all.len() as u64 - 16_000 * 4 - 5;
            let span = Span::new(SamplePos(place), SamplePos(place + 32_000));
            let mut far = Untouched::new(vec![file.clone()], 0);
            let heard = far.hear(span, &Cancel::new()).unwrap();
            assert!(far.from + 3 * EARLIER > place, "{name} from the front");
            let wanted = &all[place as usize..place as usize + 32_000];
            let apart = heard.iter().zip(wanted).map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f32::max) < 2e-3, "{name}");
            assert_eq!(heard.len(), 32_000, "{name}");
            // To the end it is as long, and then known.
            let end = Span::new(SamplePos(place), SamplePos(all.len() as u64 + 16_000));
            let rest = far.hear(end, &Cancel::new()).unwrap().len();
            assert_eq!(rest, all.len() - place as usize, "{name}");
            assert_eq!(far.starts, [0, all.len() as u64], "{name}");
        }
    }

    #[test]
    fn what_was_heard_last_is_not_decoded_again_and_a_part_begins_at_its_own_front() {
        let dir = tempfile::tempdir().unwrap();
        let parts = ["1.wav", "2.wav", "3.wav"].map(|name| dir.path().join(name));
        parts.iter().for_each(|part| minute(part, 16_000));
        let mut own = Untouched::new(parts.to_vec(), 0);
        own.hear(seconds(0, 130), &Cancel::new()).unwrap();
        assert_eq!(own.starts, [0, 60 * 16_000, 120 * 16_000]);
        let at = own.at();
        let again = own.hear(seconds(58, 62), &Cancel::new()).unwrap();
        assert_eq!((again.len(), own.at()), (64_000, at), "out of memory");
        // Two seconds on goes on where it was.
        own.hear(seconds(130, 132), &Cancel::new()).unwrap();
        assert_eq!(own.from, 0);
        // Somewhere else first; then a part whose beginning is known.
        own.renew(0, u64::MAX);
        let second = own.hear(seconds(65, 66), &Cancel::new()).unwrap();
        assert_eq!(own.from, 60 * 16_000);
        let mut front = Untouched::new(parts[1..].to_vec(), 0);
        assert_eq!(second, front.hear(seconds(5, 6), &Cancel::new()).unwrap());
        // Behind the end there is nothing, and before it everything is still there.
        assert!(
            own.hear(seconds(200, 210), &Cancel::new())
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            own.hear(seconds(179, 182), &Cancel::new()).unwrap().len(),
            16_000
        );
        // Of a long recording some minutes are kept.
        let four: Vec<PathBuf> = parts.iter().cycle().take(12).cloned().collect();
        let many = Untouched::new(four.clone(), 0)
            .hear(seconds(0, 700), &Cancel::new())
            .unwrap();
        assert_eq!(many.len(), 700 * 16_000);
        let mut long = Untouched::new(four, 0);
        (0..70).for_each(|at| {
            drop(
                long.hear(seconds(at * 10, at * 10 + 10), &Cancel::new())
                    .unwrap(),
            )
        });
        assert!(long.kept.len() < KEPT * 3 / 2 && long.kept.len() >= KEPT);
    }

    #[test]
    fn whoever_stops_it_waits_for_one_block_and_it_is_heard_whole_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("part-001.wav");
        minute(&file, 16_000);
        let mut own = Untouched::new(vec![file.clone()], 0);
        let stopped = own.hear(seconds(0, 60), &Cancel::raised_at(3));
        assert!(matches!(stopped, Err(Error::Cancelled)));
        let (heard, mut front) = (
            own.hear(seconds(0, 60), &Cancel::new()),
            Untouched::new(vec![file], 0),
        );
        let whole = front.hear(seconds(0, 60), &Cancel::new()).unwrap();
        assert_eq!(heard.unwrap(), whole);
    }

    #[test]
    fn a_file_that_is_damaged_is_told_every_time() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("part-001.wav");
        std::fs::write(&file, b"RIFF nothing of a sound").unwrap();
        let mut own = Untouched::new(vec![file], 0);
        assert!(
            own.hear(seconds(0, 1), &Cancel::new()).is_err()
                && own.hear(seconds(0, 1), &Cancel::new()).is_err()
        );
    }
}
