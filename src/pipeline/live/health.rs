//! The health of one channel of a live session is what comes out of it: whoever speaks must get text, and
//! sound that is loud must hold speech.

use crate::domain::SamplePos;

/// Speech without any text after which a person is told, in milliseconds.
const NO_TEXT_MS: u64 = 20_000;
/// Speech after which noise without speech is told once more, in milliseconds.
const AGAIN_MS: u64 = 1_000;

/// What a person is to be told of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// So many seconds of speech got no text.
    NoText(u64),
    /// It is loud, and nothing in it is taken for speech.
    OnlyNoise,
}

impl Trouble {
    /// In plain words.
    pub(super) fn what(self) -> String {
        match self {
            Self::NoText(seconds) => format!("{seconds} s of speech and no text"),
            Self::OnlyNoise => "a minute of loud sound in which no speech was found".into(),
        }
    }

    /// The next step.
    pub(super) fn help(self) -> &'static str {
        match self {
            Self::NoText(_) => {
                "The sound is recorded all the same. See whether the right languages were chosen and a model for them is there; 'mekong resume' writes the text later."
            }
            Self::OnlyNoise => {
                "The sound is recorded all the same, but nothing of it becomes text. If somebody speaks there, move the microphone nearer and away from fans, engines and loudspeakers, or use another one."
            }
        }
    }
}

/// What was told of a channel, and when.
#[derive(Default)]
pub(super) struct Health {
    /// Texts there were, and samples of speech when the last one came.
    texts: u64,
    voiced_at_text: u64,
    told_no_text: bool,
    /// Samples of speech when noise was told last.
    voiced_at_noise: Option<u64>,
}

impl Health {
    /// What is to be told now of a channel with so many texts and samples of speech so far; `noise`
    /// where it is loud without speech.
    pub(super) fn look(&mut self, texts: u64, voiced: u64, noise: bool) -> Option<Trouble> {
        if texts != self.texts {
            (self.texts, self.voiced_at_text, self.told_no_text) = (texts, voiced, false);
        }
        let since = |before: u64| SamplePos(voiced.saturating_sub(before)).as_ms();
        let without = since(self.voiced_at_text);
        if without >= NO_TEXT_MS && !self.told_no_text {
            self.told_no_text = true;
            return Some(Trouble::NoText(without / 1000));
        }
        // A stray frame that is taken for speech is no reason to tell the same again.
        let again = self.voiced_at_noise.is_none_or(|at| since(at) >= AGAIN_MS);
        if noise && again {
            self.voiced_at_noise = Some(voiced);
            return Some(Trouble::OnlyNoise);
        }
        None
    }
}
