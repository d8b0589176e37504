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
pub(super) fn longest_ms(card: &Card, lang: Lang) -> u64 {
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
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::app::engines::Needs;
    use crate::app::live::{LiveRequest, LiveSource};
    use crate::domain::{Cancel, SpeechModels};
    use crate::pipeline::Engines;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// A workspace with the practice models and with the recogniser once more, called `telephone`, which takes
    /// five seconds at a time.
    fn bed() -> (tempfile::TempDir, App) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("models/telephone");
        fs::create_dir_all(&folder).unwrap();
        let own = root().join("models/practice/asr");
        fs::copy(own.join("model.bin"), folder.join("model.bin")).unwrap();
        let card = fs::read_to_string(own.join("model.toml")).unwrap();
        assert!(card.contains("max_utterance_ms = 7000"));
        let card = card.replace("practice-asr", "telephone");
        let card = card.replace("max_utterance_ms = 7000", "max_utterance_ms = 5000");
        fs::write(folder.join("model.toml"), card).unwrap();
        let app = App::open(&crate::app::Options {
            workspace: Some(dir.path().to_owned()),
            env_kit: Some(root().to_owned()),
            ..crate::app::Options::default()
        });
        (dir, app.unwrap())
    }

    fn chosen(lang: Lang, model: &str) -> Hearing {
        (lang, Some(model.to_owned()))
    }

    #[test]
    fn each_model_is_loaded_once_and_serves_only_where_it_was_chosen() {
        let (_dir, app) = bed();
        let mut engines = Engines::default();
        let mut load = |hearing: &[Hearing]| {
            let needs = Needs {
                hearing,
                ..Needs::default()
            };
            app.add_engines(&mut engines, &needs, &Cancel::new(), &|_| {})
                .unwrap();
            let models = engines.speech.iter().map(|r| r.model.clone());
            let models: Vec<String> = models.collect();
            let hears = [
                engines.hears(Lang::Zh, None),
                engines.hears(Lang::Vi, None),
                engines.hears(Lang::Vi, Some("telephone")),
                engines.hears(Lang::Km, Some("telephone")),
                engines.hears(Lang::Km, None),
                engines.hears(Lang::Zh, Some("telephone")),
                engines.hears(Lang::Lo, Some("gone")),
                engines.hears(Lang::My, Some("practice-asr")),
            ];
            (models, hears.map(u8::from))
        };
        let both = ["practice-asr", "telephone"].map(str::to_owned).to_vec();
        let first = [
            (Lang::Zh, None),
            (Lang::Vi, None),
            chosen(Lang::Vi, "telephone"),
            chosen(Lang::Km, "telephone"),
            chosen(Lang::Lo, "gone"),
        ];
        assert_eq!(load(&first), (both.clone(), [1, 1, 1, 1, 0, 0, 0, 0]));
        let more = [
            chosen(Lang::My, "practice-asr"),
            chosen(Lang::Km, "telephone"),
        ];
        assert_eq!(load(&more), (both, [1, 1, 1, 1, 0, 0, 0, 1]));
    }

    #[test]
    fn lines_are_cut_for_the_model_that_takes_the_least_of_all_that_may_hear_them() {
        let (_dir, app) = bed();
        let (shelf, languages) = (app.shelf(), [Lang::Zh, Lang::Vi]);
        let longest = |hearing: &[Hearing]| {
            let longest = app.max_utterance_ms(&shelf, &languages, hearing);
            languages.map(|lang| longest.among(&[lang]))
        };
        let choice = |channel: Option<&str>| SpeechChoice {
            lang: Lang::Vi,
            channel: channel.map(str::to_owned),
            model: "telephone".into(),
        };
        assert_eq!(longest(&foreseen(&languages, &[])), [7000, 7000]);
        let general = foreseen(&languages, &[choice(None)]);
        assert_eq!(general, [(Lang::Zh, None), chosen(Lang::Vi, "telephone")]);
        assert_eq!(longest(&general), [7000, 5000]);
        let one = foreseen(&languages, &[choice(Some("2"))]);
        assert_eq!((one.len(), longest(&one)), (3, [7000, 5000]));
    }

    #[test]
    fn a_session_hears_a_channel_by_the_model_that_was_chosen_for_it() {
        let (_dir, app) = bed();
        let mut request = LiveRequest {
            languages: vec![Lang::Zh, Lang::Vi],
            sources: vec![LiveSource::Practice {
                path: root().join("recordings/practice/zh-vi/audio.flac"),
                speed: 1.0,
            }],
            speech_models: vec![SpeechChoice {
                lang: Lang::Vi,
                channel: Some("interviewee".into()),
                model: "gone".into(),
            }],
            ..LiveRequest::default()
        };
        assert!(matches!(
            app.arm(&request).map(drop),
            Err(Error::ChosenUnknown { .. })
        ));
        request.speech_models[0].model = "telephone".into();
        let session = app.arm(&request).unwrap().start().unwrap();
        std::thread::sleep(std::time::Duration::from_secs(14));
        let id = session.finish().unwrap().id;
        let (interview, lines) = app.show(&id.0).unwrap();
        let models = interview.channels.iter().map(|c| c.speech_models.clone());
        let telephone = SpeechModels::from([(Lang::Vi, "telephone".to_owned())]);
        assert_eq!(models.collect::<Vec<_>>(), [SpeechModels::new(), telephone]);
        for (channel, model) in [(0, "practice-asr"), (1, "telephone")] {
            let own = lines.iter().filter(|l| l.channel == channel);
            let own: Vec<&str> = own.map(|l| l.author.as_str()).collect();
            assert!(!own.is_empty(), "channel {channel} said nothing");
            assert!(own.iter().all(|author| author.contains(model)), "{own:?}");
        }
    }

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
