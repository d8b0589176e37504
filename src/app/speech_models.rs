//! Which speech model hears a language: the one that a person chose for the interview, else the one of the
//! settings. A chosen model that is not there is never replaced by another.

use std::collections::BTreeMap;

use crate::domain::{Channel, Lang, LongestUtterance, SpeechChoice};
use crate::pipeline::{assign_channels, choose_models};
use crate::speech::Profile;

use super::engines::CTC_MAX_UTTERANCE_MS;
use super::models::{self, Card, Kind, Model, Shelf};
use super::{App, Error};

/// A language that is to be heard, and the model that was chosen for it.
pub(super) type Hearing = (Lang, Option<String>);

/// What is to be heard on these channels, each once.
pub(super) fn hearing<'c>(channels: impl IntoIterator<Item = &'c Channel>) -> Vec<Hearing> {
    let all = channels.into_iter().flat_map(Channel::hearing);
    each_once(all.map(|(lang, chosen)| (lang, chosen.map(str::to_owned))))
}

/// What may have to be heard in these languages before the channels are known.
pub(super) fn foreseen(languages: &[Lang], choices: &[SpeechChoice]) -> Vec<Hearing> {
    let for_all = |lang: &Lang| {
        let mut own = choices.iter();
        own.any(|c| c.lang == *lang && c.channel.is_none())
    };
    let usual = languages.iter().filter(|lang| !for_all(lang));
    let chosen = choices.iter().map(|c| (c.lang, Some(c.model.clone())));
    each_once(usual.map(|lang| (*lang, None)).chain(chosen))
}

fn each_once(all: impl Iterator<Item = Hearing>) -> Vec<Hearing> {
    let mut all: Vec<Hearing> = all.collect();
    all.sort();
    all.dedup();
    all
}

impl Shelf {
    /// The model for speech in `lang`: the chosen one and no other where one was chosen, else as
    /// [`Self::for_speech`] says.
    ///
    /// # Errors
    /// [`models::Error::NoSpeech`].
    pub(super) fn hearing(
        &self,
        lang: Lang,
        chosen: Option<&str>,
        preferred: Option<&str>,
    ) -> Result<&Model, models::Error> {
        let Some(name) = chosen else {
            return self.for_speech(lang, preferred);
        };
        let model = self.named(name).ok().filter(|model| model.hears(lang));
        model.ok_or(models::Error::NoSpeech(lang))
    }
}

impl App {
    /// The model that hears a language.
    ///
    /// # Errors
    /// [`models::Error::NoSpeech`].
    pub(super) fn model_for<'s>(
        &self,
        shelf: &'s Shelf,
        (lang, chosen): &Hearing,
    ) -> Result<&'s Model, models::Error> {
        shelf.hearing(*lang, chosen.as_deref(), self.config.speech_for(*lang))
    }

    /// The languages of these that no installed model recognises, and what speaks against the models
    /// that recognise the others.
    pub fn speech_doubts(
        &self,
        languages: &[Lang],
        choices: &[SpeechChoice],
    ) -> (Vec<Lang>, Vec<String>) {
        let shelf = self.shelf();
        let (mut without, mut doubts) = (Vec::new(), Vec::new());
        for heard in foreseen(languages, choices) {
            match self.model_for(&shelf, &heard) {
                Ok(model) => doubts.extend(model.doubt(heard.0)),
                Err(_) => without.push(heard.0),
            }
        }
        (without, doubts)
    }

    /// The longest utterance in each of these languages that every model takes which may hear it; where there
    /// is none yet, what most models of the language would.
    pub(super) fn max_utterance_ms(
        &self,
        shelf: &Shelf,
        languages: &[Lang],
        hearing: &[Hearing],
    ) -> LongestUtterance {
        let longest = |heard: &Hearing| {
            let model = self.model_for(shelf, heard).ok();
            model.map_or(Profile::of(heard.0).longest_ms, |m| {
                longest_ms(&m.card, heard.0)
            })
        };
        let mut each: BTreeMap<Lang, u64> = BTreeMap::new();
        for heard in hearing {
            let own = longest(heard);
            let least = each.entry(heard.0).or_insert(own);
            *least = own.min(*least);
        }
        LongestUtterance::new(Profile::longest_ms(languages), each)
    }

    /// Refuses chosen models that are not installed, that do not serve their language or that the interview
    /// has no use for. `channels` are as they were named; where nobody named any, the recording itself says
    /// later which there are.
    ///
    /// # Errors
    /// [`Error::ChosenLanguage`], [`Error::ChosenUnknown`], [`Error::ChosenUnfit`]; those of
    /// [`choose_models`].
    pub(super) fn check_choices(
        &self,
        languages: &[Lang],
        channels: &[(String, Vec<Lang>)],
        choices: &[SpeechChoice],
    ) -> Result<(), Error> {
        if choices.is_empty() {
            return Ok(());
        }
        let shelf = self.shelf();
        for choice in choices {
            let (lang, model) = (choice.lang, choice.model.clone());
            if !languages.contains(&lang) {
                return Err(Error::ChosenLanguage { lang, model });
            }
            if shelf.hearing(lang, Some(&model), None).is_ok() {
                continue;
            }
            let fit = shelf.models.iter().filter(|m| m.hears(lang));
            let fit: Vec<String> = fit.map(|m| m.card.name.clone()).collect();
            return Err(match shelf.named(&model) {
                Ok(_) => Error::ChosenUnfit { lang, model, fit },
                Err(models::Error::Unknown(_)) => Error::ChosenUnknown { lang, model, fit },
                Err(broken) => broken.into(),
            });
        }
        let count = u16::try_from(channels.len()).unwrap_or(u16::MAX);
        // One name may stand for all channels.
        if count > 1 {
            let mut assigned = assign_channels(languages, channels, count)?;
            choose_models(&mut assigned, choices)?;
        }
        // Of the same place twice is wrong wherever the channels are.
        for (at, choice) in choices.iter().enumerate() {
            let same = |c: &SpeechChoice| c.lang == choice.lang && c.channel == choice.channel;
            if choices.iter().skip(at.saturating_add(1)).any(same) {
                return Err(crate::pipeline::Error::ChosenTwice(choice.lang).into());
            }
        }
        Ok(())
    }
}

/// The longest utterance in `lang` for a model, in milliseconds.
fn longest_ms(card: &Card, lang: Lang) -> u64 {
    let usual = Profile::of(lang).longest_ms;
    if card.kind == Kind::Wav2vec2Ctc {
        return card.max_utterance_ms.unwrap_or(CTC_MAX_UTTERANCE_MS);
    }
    let own = card.max_utterance_ms.unwrap_or(usual);
    // What a Whisper for many languages takes is too long for those that need three times the tokens.
    let alike = |other: &Lang| Profile::of(*other).longest_ms == usual;
    match card.practice || card.languages.iter().all(alike) {
        true => own,
        false => own.min(usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_for_many_languages_takes_is_too_long_for_some() {
        let card = |kind: &str, languages: &str, most: &str| -> Card {
            let text = format!(
                "name = 'm'\nkind = '{kind}'\nlanguages = [{languages}]\nlicense = 'MIT'\nsource = 'x'\n{most}\nfiles = []"
            );
            toml::from_str(&text).unwrap()
        };
        let all = card(
            "whisper",
            "'zh','vi','th','my','lo','km'",
            "max_utterance_ms = 15000",
        );
        for (lang, ms) in Lang::SIX
            .into_iter()
            .zip([15_000, 15_000, 15_000, 6_000, 6_000, 6_000])
        {
            assert_eq!(longest_ms(&all, lang), ms, "{lang}");
        }
        let own = card("whisper", "'my'", "max_utterance_ms = 15000");
        assert_eq!(longest_ms(&own, Lang::My), 15_000);
        let none = card("whisper", "'my'", "");
        assert_eq!(longest_ms(&none, Lang::My), 6_000);
        let ctc = card("wav2vec2-ctc", "'zh','my'", "max_utterance_ms = 20000");
        assert_eq!(longest_ms(&ctc, Lang::My), 20_000);
        assert_eq!(
            longest_ms(&card("wav2vec2-ctc", "'my'", ""), Lang::My),
            6_000
        );
    }
}
