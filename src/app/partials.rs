//! What is being said in a live session as far as the machine makes it out: one preview a channel, which
//! stays until the words of its own line are there. What two previews of an utterance in a row agree on
//! is steadier than the rest.

use std::collections::BTreeMap;

use crate::domain::SamplePos;
use crate::text;

use super::live::LiveEvent;

/// The previews of all channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partials {
    running: BTreeMap<u16, Partial>,
    /// Previews of which the words are stored and not on the screen yet, one a channel.
    stored: BTreeMap<u16, Stored>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    until: SamplePos,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Partial {
    /// Where its utterance begins.
    start: SamplePos,
    text: String,
    /// Bytes of it that the preview before had too.
    steady: usize,
}

impl Partials {
    /// Takes in what has happened.
    pub fn hear(&mut self, event: &LiveEvent) {
        match event {
            LiveEvent::Partial {
                channel,
                span,
                text,
            } => {
                let before = self.running.get(channel).filter(|p| p.start == span.start);
                let steady = before.map_or(0, |p| text::common_start(&p.text, text));
                let partial = Partial {
                    start: span.start,
                    text: text.clone(),
                    steady,
                };
                self.running.insert(*channel, partial);
            }
            LiveEvent::Committed { channel, until } => {
                // The next utterance may be under way already.
                self.running
                    .retain(|own, partial| own != channel || partial.start >= *until);
            }
            LiveEvent::Ended => self.clear(),
            _ => {}
        }
    }

    /// The words of a channel are stored up to here, and a screen that reads lines in another thread does
    /// not show them yet: their preview stays until [`Self::settle`] says that it does.
    pub fn keep(&mut self, channel: u16, until: SamplePos) {
        let said = |partial: &&mut Partial| partial.start < until;
        if let Some(partial) = self.running.get_mut(&channel).filter(said) {
            let text = std::mem::take(&mut partial.text);
            self.running.remove(&channel);
            self.stored.insert(channel, Stored { until, text });
        }
    }

    /// Drops the previews of which the words are shown: each is asked for by its channel and its end.
    pub fn settle(&mut self, is_shown: impl Fn(u16, SamplePos) -> bool) {
        self.stored
            .retain(|channel, stored| !is_shown(*channel, stored.until));
    }

    /// Whether a preview waits for its line to be shown.
    pub fn waits(&self) -> bool {
        !self.stored.is_empty()
    }

    /// Forgets all of them, where events were lost.
    pub fn clear(&mut self) {
        self.running.clear();
        self.stored.clear();
    }

    /// The channel of each, counted from 0, what of it is steady, and the rest; in the order of the
    /// channels, what is stored already before what is being said.
    pub fn shown(&self) -> impl Iterator<Item = (u16, &str, &str)> {
        let stored = self.stored.iter();
        let stored = stored.map(|(channel, stored)| (*channel, stored.text.as_str(), ""));
        let running = self.running.iter().map(|(channel, partial)| {
            let parts = partial.text.split_at_checked(partial.steady);
            let (steady, rest) = parts.unwrap_or(("", &partial.text));
            (*channel, steady, rest)
        });
        let mut all: Vec<_> = stored.chain(running).collect();
        all.retain(|(_, steady, rest)| !steady.is_empty() || !rest.is_empty());
        all.sort_by_key(|(channel, ..)| *channel); // stable
        all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::live::LineStep;
    use crate::domain::{SegmentId, Span};

    fn partial(channel: u16, start: u64, text: &str) -> LiveEvent {
        LiveEvent::Partial {
            channel,
            span: Span::new(SamplePos(start), SamplePos(start + 100)),
            text: text.into(),
        }
    }

    fn shown(partials: &Partials) -> Vec<(u16, String, String)> {
        let own =
            |(channel, steady, rest): (u16, &str, &str)| (channel, steady.into(), rest.into());
        partials.shown().map(own).collect()
    }

    #[test]
    fn a_preview_stays_until_its_own_channel_has_the_words() {
        let mut partials = Partials::default();
        partials.hear(&partial(0, 0, "你有权"));
        partials.hear(&partial(1, 50, "Tôi đồng"));
        let step = LineStep::Recognised;
        let segment = SegmentId(1);
        partials.hear(&LiveEvent::Line { segment, step });
        assert_eq!(partials.shown().count(), 2, "a line of any channel");
        let until = SamplePos(160);
        partials.hear(&LiveEvent::Committed { channel: 0, until });
        assert_eq!(shown(&partials), [(1, "".into(), "Tôi đồng".into())]);
        // The words of the line before came late.
        let until = SamplePos(50);
        partials.hear(&LiveEvent::Committed { channel: 1, until });
        assert_eq!(partials.shown().count(), 1);
        partials.hear(&LiveEvent::Ended);
        assert_eq!(partials.shown().count(), 0);
    }

    #[test]
    fn a_preview_whose_words_are_stored_stays_until_its_line_is_shown() {
        let mut partials = Partials::default();
        for (channel, text) in [(0, "ខ្ញុំឈ្មោះ"), (1, "Tôi đồng")] {
            partials.hear(&partial(channel, 0, text));
        }
        partials.keep(0, SamplePos(160));
        partials.keep(1, SamplePos(0)); // another utterance's
        // The next one of the channel does not take its place.
        partials.hear(&partial(0, 200, "ជា"));
        let both = |own: &str| (0, own.to_owned(), String::new());
        let running = |channel, own: &str| (channel, String::new(), own.to_owned());
        assert_eq!(
            shown(&partials),
            [both("ខ្ញុំឈ្មោះ"), running(0, "ជា"), running(1, "Tôi đồng")]
        );
        partials.settle(|channel, until| (channel, until.0) == (0, 100));
        assert!(partials.waits());
        partials.settle(|channel, until| (channel, until.0) == (0, 160));
        assert!(!partials.waits());
        assert_eq!(shown(&partials), [running(0, "ជា"), running(1, "Tôi đồng")]);
    }

    #[test]
    fn what_two_previews_agree_on_is_steady_in_whole_letters() {
        for (before, now, steady) in [
            ("你有权请人", "你有权请律师", "你有权请"),
            ("Tôi đồng", "Tôi đồng ý", "Tôi đồng"),
            ("คุณมีสิท", "คุณมีสิทธิ", "คุณมีสิท"),
            ("ທ່ານມີສິ", "ທ່ານມີສິດ", "ທ່ານມີສິ"),
            ("ខ្ញុំជា", "ខ្ញុំជាប៉ូ", "ខ្ញុំជា"),
            ("ကျွန်တော် သ", "ကျွန်တော် သဘော", "ကျွန်တော် သ"),
            // A mark more makes another letter of the last one.
            ("ก", "กี่", ""),
            ("ក", "ក្ក", ""),
        ] {
            let mut partials = Partials::default();
            partials.hear(&partial(3, 0, before));
            assert_eq!(shown(&partials), [(3, "".into(), before.into())]);
            partials.hear(&partial(3, 0, now));
            let rest = now.strip_prefix(steady).unwrap();
            assert_eq!(shown(&partials), [(3, steady.into(), rest.into())]);
            // Another utterance has nothing to do with it.
            partials.hear(&partial(3, 900, now));
            assert_eq!(shown(&partials), [(3, "".into(), now.into())]);
        }
    }
}
