//! Which engine serves which language: one recogniser for six languages is the wrong shape, so each
//! language and each direction has its own route, and a channel may have another one by a person's choice.

use crate::domain::{Cancel, Flag, FlagKind, Hypothesis, Lang, LangPair, SpeechModels, Utterance};
use crate::speech::{self, Recognizer};
use crate::store::Maker;
use crate::translate::Translator;

use super::Error;
use super::families::{self, Ground};

/// A recogniser and the languages it was chosen for.
pub struct SpeechRoute {
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the model's list of files; empty for one that no list vouches for.
    pub digest: String,
    /// Languages it serves wherever nobody chose another model.
    pub languages: Vec<Lang>,
    /// Languages for which interviews may have chosen it by its name.
    pub chosen_for: Vec<Lang>,
    /// The engine.
    pub engine: Box<dyn Recognizer>,
    /// Its model knows only the practice sentences.
    pub practice: bool,
    /// Languages that its model tells apart, also those that another one writes here: those of a Whisper
    /// model for several languages; none where the engine does not tell.
    pub detects: Vec<Lang>,
}

/// A translator and the directions it was chosen for.
pub struct TranslationRoute {
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the model's list of files; empty for one that no list vouches for.
    pub digest: String,
    /// Directions it serves here.
    pub pairs: Vec<LangPair>,
    /// The engine.
    pub engine: Box<dyn Translator>,
    /// Its model knows only the practice sentences.
    pub practice: bool,
    /// Another engine that translates the same lines, for comparison.
    pub second: Option<Box<dyn Translator>>,
}

impl SpeechRoute {
    /// Whether it serves speech in `lang` where this model was chosen, or none was.
    fn serves(&self, lang: Lang, chosen: Option<&str>) -> bool {
        match chosen {
            Some(name) => self.model == name && self.chosen_for.contains(&lang),
            None => self.languages.contains(&lang),
        }
    }
}

impl TranslationRoute {
    /// Another one over the same weights, where the engine allows it.
    pub(super) fn beside(&self) -> Option<Self> {
        Some(Self {
            model: self.model.clone(),
            digest: self.digest.clone(),
            pairs: self.pairs.clone(),
            engine: self.engine.beside()?,
            practice: self.practice,
            second: match &self.second {
                Some(second) => Some(second.beside()?),
                None => None,
            },
        })
    }
}

/// The engines of one run.
#[derive(Default)]
pub struct Engines {
    /// Recognisers.
    pub speech: Vec<SpeechRoute>,
    /// Translators.
    pub translation: Vec<TranslationRoute>,
    /// Why models that were wanted are not among them, where the others are to work without them.
    pub without: Vec<String>,
}

impl Engines {
    /// Whether speech in `lang` has a recogniser: the chosen model, where one was chosen.
    pub fn hears(&self, lang: Lang, chosen: Option<&str>) -> bool {
        self.speech.iter().any(|r| r.serves(lang, chosen))
    }

    /// The models, as events name them.
    pub(super) fn makers(&self) -> Vec<Maker> {
        let mut makers = hearers(&self.speech);
        makers.extend(translators(&self.translation));
        makers
    }

    /// Whether `pair` has a translator.
    pub fn translates(&self, pair: LangPair) -> bool {
        self.translation.iter().any(|r| r.pairs.contains(&pair))
    }
}

/// The recognisers' models, as events name them.
pub(super) fn hearers(routes: &[SpeechRoute]) -> Vec<Maker> {
    let maker = |r: &SpeechRoute| maker(r.engine.engine(), &r.model, &r.digest);
    routes.iter().filter_map(maker).collect()
}

/// The translators' models, as events name them.
pub(super) fn translators(routes: &[TranslationRoute]) -> Vec<Maker> {
    let maker = |r: &TranslationRoute| maker(r.engine.engine(), &r.model, &r.digest);
    routes.iter().filter_map(maker).collect()
}

fn maker(engine: &str, model: &str, digest: &str) -> Option<Maker> {
    (!digest.is_empty()).then(|| Maker {
        engine: engine.to_owned(),
        model: model.to_owned(),
        sha256: digest.to_owned(),
    })
}

/// Recognises `utterance` in one of `among`, which must not be empty: each language by the model that was
/// chosen for it where the utterance was said, else by the usual one.
///
/// Where one engine serves all candidates it chooses itself; where several are needed, see [`families`].
///
/// # Errors
/// [`Error::NoRecognizer`] where a language has no engine, [`Error::NoChosen`] where the chosen one is not
/// there: no other takes its place. The engine's own errors.
pub(super) fn recognize(
    routes: &mut [SpeechRoute],
    utterance: &Utterance,
    (among, chosen): (&[Lang], &SpeechModels),
    cancel: &Cancel,
) -> Result<Hypothesis, Error> {
    let name = |lang: Lang| chosen.get(&lang).map(String::as_str);
    let is_missing = |lang: &Lang| !routes.iter().any(|r| r.serves(*lang, name(*lang)));
    if let Some(lang) = among.iter().copied().find(is_missing) {
        return Err(match chosen.get(&lang).cloned() {
            Some(model) => Error::NoChosen { lang, model },
            None => Error::NoRecognizer(lang),
        });
    }
    // For each route the languages that are its own here.
    let mut left: Vec<Lang> = among.to_vec();
    let mut shares = Vec::with_capacity(routes.len());
    for route in routes.iter() {
        let (own, rest): (Vec<Lang>, Vec<Lang>) =
            left.into_iter().partition(|l| route.serves(*l, name(*l)));
        left = rest;
        shares.push(own);
    }
    let several = shares.iter().filter(|own| !own.is_empty()).count() > 1;
    let ground = match several {
        true => ground(routes, &shares, utterance, among, cancel)?,
        false => Ground::Own,
    };
    let (mut texts, mut failed, mut unheard) = (Vec::new(), None, Vec::new());
    for (route, own) in routes.iter_mut().zip(shares) {
        if own.is_empty() {
            continue;
        }
        match run(route, utterance, &own, cancel) {
            Ok(text) => texts.push(text),
            // What another engine writes of this line is not lost for it.
            Err(cause @ speech::Error::Engine { .. }) => {
                failed = failed.or(Some(cause));
                unheard.extend(own);
            }
            // A cancel, or an engine that will write nothing any more: that concerns every line.
            Err(all) => return Err(all.into()),
        }
    }
    match (families::best(texts, &ground), failed) {
        (Some(text), None) => Ok(text),
        // What the other one wrote says nothing: the line waits until both can hear it.
        (Some(text), Some(cause)) if families::is_held(&text) => Err(cause.into()),
        (Some(text), Some(_)) => Ok(uncertain(text, &unheard)),
        (None, Some(cause)) => Err(cause.into()),
        (None, None) => Err(Error::Worker("the recogniser")),
    }
}

/// A text that stands though nobody could say whether it is in one of the `unheard` languages.
fn uncertain(mut text: Hypothesis, unheard: &[Lang]) -> Hypothesis {
    let of = |lang: &Lang| format!(" | {lang} failed");
    let others: String = unheard.iter().map(of).collect();
    let mut flags = text.flags.iter_mut();
    match flags.find(|f| f.kind == FlagKind::LanguageUncertain) {
        Some(flag) => flag.detail.push_str(&others),
        None => {
            let detail = format!("{}{others}", text.lang);
            text.flags
                .push(Flag::with(FlagKind::LanguageUncertain, detail));
        }
    }
    text
}

/// What the texts of several routes are to be compared by.
fn ground(
    routes: &mut [SpeechRoute],
    shares: &[Vec<Lang>],
    utterance: &Utterance,
    among: &[Lang],
    cancel: &Cancel,
) -> Result<Ground, Error> {
    let mut each = routes.iter().zip(shares);
    if each.all(|(route, own)| own.iter().all(|l| route.engine.is_calibrated(*l))) {
        return Ok(Ground::Measured);
    }
    let knows_all = |r: &&mut SpeechRoute| among.iter().all(|lang| r.detects.contains(lang));
    let Some(route) = routes.iter_mut().find(knows_all) else {
        return Ok(Ground::Own);
    };
    if !families::can_be_detected(among) {
        return Ok(Ground::Own);
    }
    let spoken = match route.engine.languages(utterance, among, cancel) {
        Ok(told) => told,
        // The texts are compared without it.
        Err(speech::Error::Engine { .. }) => Vec::new(),
        Err(all) => return Err(all.into()),
    };
    // In silence it has no word.
    let covers = among.iter().all(|lang| spoken.iter().any(|s| s.0 == *lang));
    Ok(match covers {
        true => Ground::Detected(spoken),
        false => Ground::Own,
    })
}

fn run(
    route: &mut SpeechRoute,
    utterance: &Utterance,
    among: &[Lang],
    cancel: &Cancel,
) -> Result<Hypothesis, speech::Error> {
    let mut hypothesis = route.engine.recognize(utterance, among, cancel)?;
    if route.practice {
        hypothesis.flags.push(Flag::new(FlagKind::PracticeModel));
    }
    Ok(hypothesis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SamplePos, Span};

    /// Writes one word, or fails.
    struct Ear(Result<&'static str, fn() -> speech::Error>);

    impl Recognizer for Ear {
        fn engine(&self) -> &str {
            "ear"
        }

        fn max_utterance_ms(&self) -> u64 {
            1000
        }

        fn recognize(
            &mut self,
            _: &Utterance,
            among: &[Lang],
            _: &Cancel,
        ) -> Result<Hypothesis, speech::Error> {
            Ok(Hypothesis {
                lang: among[0],
                text: self.0.map_err(|failed| failed())?.to_owned(),
                confidence: 0.9,
                words: Vec::new(),
                flags: Vec::new(),
                engine: "ear".to_owned(),
            })
        }

        fn languages(
            &mut self,
            _: &Utterance,
            _: &[Lang],
            _: &Cancel,
        ) -> Result<Vec<(Lang, f32)>, speech::Error> {
            Err(failed())
        }
    }

    fn failed() -> speech::Error {
        speech::Error::Engine {
            step: "hearing",
            reason: "no memory".into(),
        }
    }

    fn route(model: &str, lang: Lang, ear: Ear) -> SpeechRoute {
        SpeechRoute {
            model: model.to_owned(),
            digest: String::new(),
            languages: vec![lang],
            chosen_for: Vec::new(),
            engine: Box::new(ear),
            practice: false,
            detects: vec![Lang::Zh, Lang::Km],
        }
    }

    fn heard(zh: Ear, km: Ear) -> Result<Hypothesis, Error> {
        let mut routes = [route("a", Lang::Zh, zh), route("b", Lang::Km, km)];
        let utterance = Utterance {
            channel: 0,
            span: Span::new(SamplePos(0), SamplePos(16_000)),
            pcm: vec![0.1; 16_000],
        };
        let among = [Lang::Zh, Lang::Km];
        recognize(
            &mut routes,
            &utterance,
            (&among, &SpeechModels::new()),
            &Cancel::new(),
        )
    }

    #[test]
    fn an_engine_that_fails_costs_nobody_the_text_of_the_other() {
        for (zh, km, text, detail) in [
            (Ok("我"), Err(failed as fn() -> _), "我", "zh | km failed"),
            (Err(failed as fn() -> _), Ok("ខ្ញុំ"), "ខ្ញុំ", "km | zh failed"),
        ] {
            let found = heard(Ear(zh), Ear(km)).unwrap();
            assert_eq!(found.text, text);
            let doubt = Flag::with(FlagKind::LanguageUncertain, detail);
            assert_eq!(found.flags, [doubt]);
        }
        let neither = heard(Ear(Err(failed)), Ear(Err(failed)));
        assert!(matches!(neither, Err(Error::Speech(_))), "{neither:?}");
        let nothing = heard(Ear(Ok("")), Ear(Err(failed)));
        assert!(matches!(nothing, Err(Error::Speech(_))), "{nothing:?}");
        let stopped = heard(Ear(Ok("我")), Ear(Err(|| speech::Error::Cancelled)));
        assert!(stopped.is_err());
        // It would write none of the lines to come either.
        let gone = || speech::Error::Stopped("its thread has ended".into());
        assert!(heard(Ear(Ok("我")), Ear(Err(gone))).is_err());
        let known = Flag::with(FlagKind::LanguageUncertain, "zh | vi");
        let text = Hypothesis {
            flags: vec![known],
            ..heard(Ear(Ok("我")), Ear(Ok(""))).unwrap()
        };
        let told = uncertain(text, &[Lang::Km]);
        assert_eq!(told.flags[0].detail, "zh | vi | km failed");
    }
}
