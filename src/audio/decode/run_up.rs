//! Goes far into sound whose blocks cannot be decoded alone (MP3, Opus): what lies before the place is passed over
//! as it is in the file, and only the last of it is decoded, as a run-up that is not heard.

use std::collections::VecDeque;

use symphonia::core::packet::Packet;

use super::{Decoder, EXACT_GAP_MS, starts_at};
use crate::domain::Cancel;

/// Blocks of a run-up. A block of MP3 refers to what lies in up to 23 before it; Opus settles in 80 ms, and its
/// shortest block is 2.5 ms.
const RUN_UP: usize = 32;

impl Decoder {
    /// Goes to the block that holds this frame and tells where it begins. `None` unless each block on the way lies
    /// where the one before it ends, as it would be found from the front; too near to the front; or a cancel.
    pub(super) fn pass_to(&mut self, frame: u64, cancel: &Cancel) -> Option<u64> {
        let first = self.waiting.take()?;
        let frames = first.first().map_or(0, Vec::len) as u64;
        self.position = self.position.saturating_add(frames);
        if self.silence_left > 0 || frame < self.position {
            return None;
        }
        let mut passed = VecDeque::new();
        while self.position <= frame {
            let packet = self.next_packet().ok()??;
            if cancel.is_cancelled() || !self.follows(&packet) {
                return None;
            }
            let frames = self.ticks_to_frames(i128::from(packet.dur.get()));
            passed.push_back((self.position, packet));
            self.position = self.position.saturating_add(frames);
            if passed.len() > RUN_UP + 1 {
                passed.pop_front();
            }
        }
        let (at, wanted) = passed.pop_back()?;
        if passed.len() < RUN_UP {
            return None;
        }
        self.codec.reset();
        for (_, packet) in &passed {
            // What the first ones refer to is not there.
            let _ = self.codec.decode(packet);
        }
        let buffer = self.codec.decode(&wanted).ok()?;
        let rate = buffer.spec().rate();
        let mut planes = Vec::new();
        buffer.copy_to_vecs_planar::<f32>(&mut planes);
        let frames = planes.first().map_or(0, Vec::len) as u64;
        if rate != self.rate || at.saturating_add(frames) != self.position {
            return None;
        }
        self.tally.good += 1;
        self.waiting = Some(self.fit(planes, rate).ok()?);
        self.position = at;
        Some(at)
    }

    /// Whether a packet lies where what came before it ends, and gives all that is in it.
    fn follows(&self, packet: &Packet) -> bool {
        let Some(base) = self.base else { return false };
        let due = self.ticks_to_frames(i128::from(starts_at(packet)) - i128::from(base));
        let tolerated = EXACT_GAP_MS.saturating_mul(u64::from(self.rate)) / 1000;
        let trimmed = packet.trim_start.get() > 0 || packet.trim_end.get() > 0;
        let whole = !trimmed && packet.dur.get() > 0;
        let unharmed = self.tally.corrupt == 0 && self.given_ms_before == 0;
        whole && unharmed && due.abs_diff(self.position) <= tolerated
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What is left of the first channel.
    fn rest(decoder: &mut Decoder) -> Vec<f32> {
        let mut all = Vec::new();
        while let Some(mut block) = decoder.next_block().unwrap() {
            all.append(&mut block[0]);
        }
        all
    }

    #[test]
    fn a_far_place_is_where_it_is_from_the_front_and_sounds_alike() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio");
        for (name, most) in [("good.mp3", 1e-6), ("good.opus", 2e-3)] {
            let open = || Decoder::open(&folder.join(name)).unwrap();
            let all = rest(&mut open());
            let rate = u64::from(open().rate());
            // In the tone, near its end, and in the silence behind it.
            for ms in [850, 880, 1_200] {
                let (frame, mut far) = (ms * rate / 1000, open());
                let at = far.go_to(frame, &Cancel::new()).unwrap();
                assert!(at <= frame && frame - at < rate / 8, "{name} {ms}: {at}");
                let wanted = &all[usize::try_from(at).unwrap()..];
                let heard = rest(&mut far);
                assert_eq!(heard.len(), wanted.len(), "{name} {ms}");
                let apart = heard.iter().zip(wanted).map(|(a, b)| (a - b).abs());
                let apart = apart.fold(0.0, f32::max);
                assert!(apart < most, "{name} {ms}: {apart}");
            }
            let none = |frame, cancel: Cancel| open().go_to(frame, &cancel).is_none();
            assert!(none(rate / 5, Cancel::new()), "{name}: too near");
            assert!(none(rate * 9, Cancel::new()), "{name}: behind its end");
            assert!(none(rate, Cancel::raised_at(5)), "{name}: stopped");
        }
    }
}
