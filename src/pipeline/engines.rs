//! Which engine serves which language: one recogniser for six languages is the wrong shape, so each
//! language and each direction has its own route.

use crate::domain::{Cancel, Flag, FlagKind, Hypothesis, Lang, LangPair, Utterance};
use crate::speech::{self, Recognizer};
use crate::store::Maker;
use crate::translate::Translator;

use super::Error;

/// A recogniser and the languages it was chosen for.
pub struct SpeechRoute {
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the model's list of files; empty for one that no list vouches for.
    pub digest: String,
    /// Languages it serves here.
    pub languages: Vec<Lang>,
    /// The engine.
    pub engine: Box<dyn Recognizer>,
    /// Its model knows only the practice sentences.
    pub practice: bool,
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
}

impl Engines {
    /// Whether speech in `lang` has a recogniser.
    pub fn hears(&self, lang: Lang) -> bool {
        self.speech.iter().any(|r| r.languages.contains(&lang))
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

/// Recognises `utterance` in one of `among`, which must not be empty.
///
/// Where one engine serves all candidates it chooses itself; where several are needed each tries its
/// own languages and the most confident one wins, marked as uncertain.
///
/// # Errors
/// [`Error::NoRecognizer`] where a language has no engine; the engine's own errors.
pub(super) fn recognize(
    routes: &mut [SpeechRoute],
    utterance: &Utterance,
    among: &[Lang],
    cancel: &Cancel,
) -> Result<Hypothesis, Error> {
    if let Some(missing) = among
        .iter()
        .find(|l| !routes.iter().any(|r| r.languages.contains(l)))
    {
        return Err(Error::NoRecognizer(*missing));
    }
    let mut hypotheses = Vec::new();
    let mut left: Vec<Lang> = among.to_vec();
    for route in routes {
        let (own, rest): (Vec<Lang>, Vec<Lang>) =
            left.into_iter().partition(|l| route.languages.contains(l));
        left = rest;
        if !own.is_empty() {
            hypotheses.push(run(route, utterance, &own, cancel)?);
        }
    }
    let several = hypotheses.len() > 1;
    let best = hypotheses
        .into_iter()
        .max_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let mut best = best.ok_or(Error::Worker("the recogniser"))?;
    if several
        && !best
            .flags
            .iter()
            .any(|f| f.kind == FlagKind::LanguageUncertain)
    {
        best.flags.push(Flag::new(FlagKind::LanguageUncertain));
    }
    Ok(best)
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
