//! Channels as they are typed: who speaks in which languages on each, and which of them stand on one
//! microphone.

use crate::domain::{Lang, SpeechChoice};

/// One channel as typed: who, and in which languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The speaker.
    pub speaker: String,
    /// At least one.
    pub languages: Vec<Lang>,
}

/// The channels of a session, microphone by microphone where strokes part them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealt(Vec<Vec<Channel>>);

impl Dealt {
    pub(super) fn parse(typed: &str) -> Result<Self, String> {
        let microphone = |part: &str| part.split(',').map(parse_channel).collect();
        let parts = typed.split('/').map(microphone);
        Ok(Self(parts.collect::<Result<_, _>>()?))
    }

    /// How many each microphone has; empty where no stroke says it.
    pub(super) fn shares(all: &[Self]) -> Vec<u16> {
        let share = |own: &Vec<Channel>| u16::try_from(own.len()).unwrap_or(u16::MAX);
        let parted = all.iter().any(|typed| typed.0.len() > 1);
        let parts = all.iter().flat_map(|typed| &typed.0);
        parts.filter(|_| parted).map(share).collect()
    }

    /// All of them in order.
    pub(super) fn speakers(all: Vec<Self>) -> Vec<(String, Vec<Lang>)> {
        let all = all.into_iter().flat_map(|typed| typed.0).flatten();
        all.map(|c| (c.speaker, c.languages)).collect()
    }
}

pub(super) fn parse_channel(typed: &str) -> Result<Channel, String> {
    let (speaker, languages) = typed
        .split_once('=')
        .filter(|(speaker, _)| !speaker.trim().is_empty())
        .ok_or("write it as NAME=LANG, for example officer=zh")?;
    let languages = languages
        .split('+')
        .map(str::parse)
        .collect::<Result<_, _>>();
    Ok(Channel {
        speaker: speaker.trim().to_owned(),
        languages: languages.map_err(|e: crate::domain::UnknownLang| e.to_string())?,
    })
}

/// A speech model for a language, on one channel or on all.
pub(super) fn parse_choice(typed: &str) -> Result<SpeechChoice, String> {
    let form =
        "write it as LANG=NAME or LANG@CHANNEL=NAME, for example km=my-model or km@2=my-model";
    let (place, model) = typed.split_once('=').ok_or(form)?;
    let (lang, channel) = match place.split_once('@') {
        Some((lang, channel)) => (lang, Some(channel.trim())),
        None => (place, None),
    };
    if model.trim().is_empty() || channel.is_some_and(str::is_empty) {
        return Err(form.to_owned());
    }
    let lang = lang.trim().parse();
    Ok(SpeechChoice {
        lang: lang.map_err(|e: crate::domain::UnknownLang| e.to_string())?,
        channel: channel.map(str::to_owned),
        model: model.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speech_model_is_for_a_language_or_for_one_channel_of_it() {
        for (typed, lang, channel, model) in [
            ("km=own", Lang::Km, None, "own"),
            ("km@2=own", Lang::Km, Some("2"), "own"),
            ("lo@ຜູ້ແປ=a b=c", Lang::Lo, Some("ຜູ້ແປ"), "a b=c"),
        ] {
            let choice = parse_choice(typed).unwrap();
            assert_eq!((choice.lang, choice.channel.as_deref()), (lang, channel));
            assert_eq!(choice.model, model);
        }
        for wrong in ["", "km", "km=", "=own", "km@=own", "@2=own", "xx=own"] {
            assert!(parse_choice(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stroke_parts_the_channels_of_two_microphones() {
        let typed = |text| vec![Dealt::parse(text).unwrap()];
        let mixed = typed("officer=zh/interviewee=vi,interpreter=zh+vi");
        assert_eq!(Dealt::shares(&mixed), [1, 2]);
        let speakers = Dealt::speakers(mixed);
        assert_eq!(speakers[2].0, "interpreter");
        assert_eq!(speakers[2].1, [Lang::Zh, Lang::Vi]);
        let even = typed("officer=zh,interviewee=vi");
        assert!(Dealt::shares(&even).is_empty());
        assert_eq!(Dealt::speakers(even).len(), 2);
        for wrong in ["officer=zh/", "/officer=zh", "a=zh//b=vi", "", "a=zh,"] {
            assert!(Dealt::parse(wrong).is_err(), "{wrong}");
        }
    }
}
