//! Puts the speech models that a person chose onto the channels of an interview, before anything is stored.

use super::Error;
use crate::domain::{Channel, SpeechChoice};
use crate::text;

/// Gives each channel the models that were chosen for it: a choice for one channel stands before one for
/// all. Channels are known by their speaker, else by their number from 1 on.
///
/// # Errors
/// [`Error::ChosenChannel`], [`Error::ChosenUnspoken`], [`Error::ChosenTwice`].
pub fn choose_models(channels: &mut [Channel], choices: &[SpeechChoice]) -> Result<(), Error> {
    for choice in choices.iter().filter(|c| c.channel.is_some()) {
        let named = choice.channel.as_deref().unwrap_or_default();
        let (lang, model) = (choice.lang, choice.model.clone());
        let Some(channel) = named_channel(channels, named) else {
            return Err(Error::ChosenChannel { lang, model });
        };
        if !channel.languages.contains(&lang) {
            return Err(Error::ChosenUnspoken { lang, model });
        }
        if channel.speech_models.insert(lang, model).is_some() {
            return Err(Error::ChosenTwice(lang));
        }
    }
    let mut general = choices.iter().filter(|c| c.channel.is_none());
    let mut seen = Vec::new();
    general.try_for_each(|choice| {
        let (lang, model) = (choice.lang, choice.model.clone());
        if seen.contains(&lang) {
            return Err(Error::ChosenTwice(lang));
        }
        seen.push(lang);
        if !channels.iter().any(|c| c.languages.contains(&lang)) {
            return Err(Error::ChosenUnspoken { lang, model });
        }
        for channel in channels.iter_mut().filter(|c| c.languages.contains(&lang)) {
            let own = channel.speech_models.entry(lang);
            own.or_insert_with(|| model.clone());
        }
        Ok(())
    })
}

fn named_channel<'c>(channels: &'c mut [Channel], named: &str) -> Option<&'c mut Channel> {
    let wanted = text::fold(named.trim());
    let by_speaker = channels
        .iter()
        .position(|c| text::fold(&c.speaker) == wanted);
    let by_number = || named.trim().parse::<usize>().ok()?.checked_sub(1);
    channels.get_mut(by_speaker.or_else(by_number)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Lang;

    fn channels() -> Vec<Channel> {
        let channel = |index, speaker: &str, languages: &[Lang]| Channel {
            index,
            speaker: speaker.into(),
            languages: languages.to_vec(),
            speech_models: Default::default(),
        };
        vec![
            channel(0, "officer", &[Lang::Zh]),
            channel(1, "អ្នកបកប្រែ", &[Lang::Zh, Lang::Km]),
            channel(2, "interviewee", &[Lang::Km]),
        ]
    }

    fn choice(lang: Lang, channel: Option<&str>, model: &str) -> SpeechChoice {
        SpeechChoice {
            lang,
            channel: channel.map(str::to_owned),
            model: model.to_owned(),
        }
    }

    #[test]
    fn one_channel_may_have_another_model_than_the_others() {
        let chosen = |choices: &[SpeechChoice]| {
            let mut all = channels();
            choose_models(&mut all, choices).unwrap();
            let of = |c: &Channel| {
                let named = |(lang, model): (Lang, Option<&str>)| {
                    model.map(|model| format!("{lang}={model}"))
                };
                let own: Vec<String> = c.hearing().filter_map(named).collect();
                own.join(" ")
            };
            all.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(chosen(&[]), ["", "", ""]);
        let all = choice(Lang::Km, None, "a");
        assert_eq!(chosen(std::slice::from_ref(&all)), ["", "km=a", "km=a"]);
        // The narrower choice stands, in whichever order they come.
        for by in ["Interviewee", "3"] {
            let one = choice(Lang::Km, Some(by), "b");
            for both in [[all.clone(), one.clone()], [one.clone(), all.clone()]] {
                assert_eq!(chosen(&both), ["", "km=a", "km=b"]);
            }
        }
        let khmer = choice(Lang::Zh, Some("អ្នកបកប្រែ"), "c");
        assert_eq!(chosen(&[khmer]), ["", "zh=c", ""]);
    }

    #[test]
    fn what_fits_no_channel_or_fits_it_twice_is_refused() {
        let refused = |choices: &[SpeechChoice]| {
            let mut all = channels();
            let error = choose_models(&mut all, choices).unwrap_err();
            assert!(!error.help().is_empty());
            error
        };
        for missing in ["4", "0", "", "ຜູ້ແປ", "-1", "99999999999999999999"] {
            let error = refused(&[choice(Lang::Km, Some(missing), "a")]);
            assert!(matches!(error, Error::ChosenChannel { .. }), "{missing}");
            assert!(missing.is_empty() || !error.to_string().contains(missing));
        }
        let officer = refused(&[choice(Lang::Km, Some("officer"), "a")]);
        assert!(matches!(officer, Error::ChosenUnspoken { .. }));
        let nowhere = refused(&[choice(Lang::Lo, None, "a")]);
        assert!(matches!(nowhere, Error::ChosenUnspoken { .. }));
        for pair in [[None, None], [Some("2"), Some("អ្នកបកប្រែ")]] {
            let twice = pair.map(|channel| choice(Lang::Km, channel, "a"));
            assert!(matches!(refused(&twice), Error::ChosenTwice(Lang::Km)));
        }
    }
}
