//! What a person should know of microphones and models before an interview depends on them.

use super::super::engines::pairs_of;
use super::super::live_engines::{TooLarge, own_engine};
use super::Armed;
use crate::audio::{MAX_LIVE_CHANNELS, Recorder};
use crate::domain::{LangPair, SAMPLE_RATE};

impl Armed {
    /// What a person should know of microphones and models before they depend on them, each with the next
    /// step.
    pub fn remarks(&self) -> Vec<(String, &'static str)> {
        let several = self.recorders.len() > 1;
        let narrow = |recorder: &&Recorder| recorder.format().rate < SAMPLE_RATE;
        let remark = |recorder: &Recorder| {
            let own = several.then(|| format!(" {}", recorder.series().number()));
            let (own, rate) = (own.unwrap_or_default(), recorder.format().rate);
            (
                format!(
                    "microphone{own} delivers {rate} Hz, like a telephone: more words will be misheard"
                ),
                "Use a microphone with a cable, or one that the system does not use for calls.",
            )
        };
        let narrow = self.recorders.iter().filter(narrow).map(remark);
        // A practice file beside them has no device.
        let all = self.devices.len() == self.recorders.len();
        let wide = self
            .devices
            .iter()
            .zip(&self.recorders)
            .filter(|(device, recorder)| {
                let cut = recorder.format().channels == MAX_LIVE_CHANNELS;
                all && cut && device.channels > MAX_LIVE_CHANNELS
            });
        let wide = wide.map(|(device, _)| {
            let (found, name) = (device.channels, device.title());
            (
                format!("of the {found} channels of {name} no more than the first 8 are recorded"),
                "Put everybody who speaks on one of its inputs 1 to 8.",
            )
        });
        let too_large = self.too_large();
        narrow
            .chain(wide)
            .chain(too_large.iter().map(TooLarge::remark))
            .chain(own_engine(self.app.config.engine))
            .collect()
    }

    /// Microphones with more channels than somebody was named for: what the others hear is recorded, and
    /// nothing shows it. Each with the next step.
    pub fn unheard(&self) -> Vec<(String, &'static str)> {
        let all = self.devices.len() == self.recorders.len();
        let name = |(at, id): (usize, &String)| match self.devices.get(at) {
            Some(device) if all => device.title(),
            _ => id.clone(),
        };
        let names = self.ids.iter().enumerate().map(name);
        let both = names.zip(&self.recorders);
        let more = both.filter(|(_, own)| own.format().channels > own.channels());
        let told = more.map(|(name, own)| {
            let (found, bound) = (own.format().channels, own.channels());
            (
                format!(
                    "{name} has {found} channels, and {bound} with a level and text: what the others hear is only recorded"
                ),
                "Where different people speak on them, name one for each channel, in order: --channels officer=zh,interviewee=vi.",
            )
        });
        told.collect()
    }

    /// Directions that an installed model translates: lines of others wait for one.
    pub fn translated(&self) -> Vec<LangPair> {
        let shelf = self.app.shelf();
        let chosen = self.app.config.translation_model.as_deref();
        let mut all: Vec<LangPair> = pairs_of(&self.plan.languages).collect();
        all.retain(|pair| shelf.for_translation(*pair, chosen).is_ok());
        all
    }
}
