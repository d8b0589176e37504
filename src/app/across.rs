//! A question in the other languages, as installed translators make it of the words that were typed.

use std::collections::BTreeSet;

use crate::domain::{Cancel, Lang, LangPair};
use crate::pipeline::{LineOptions, SourceLine, TranslationRoute, translate_line};
use crate::store::{Other, SearchPage, SearchQuery, Via};
use crate::text::in_script;

use super::engines::open_translator;
use super::find::bare_words;
use super::named::Named;
use super::{App, Error};

/// Translators of questions, a model each, kept for the next question. Dropping it frees their memory.
#[derive(Default)]
pub struct Translators {
    routes: Vec<TranslationRoute>,
    /// Models that could not be opened: they are not tried again for every question.
    refused: BTreeSet<String>,
}

impl App {
    /// The whole search in other languages too, with what translators that are `kept` make of the question;
    /// `tell`s in which language it searches now.
    ///
    /// # Errors
    /// Those of [`App::search`]; a cancel.
    pub fn search_translated(
        &self,
        query: &SearchQuery,
        kept: &mut Translators,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Lang),
    ) -> Result<SearchPage, Error> {
        let translate = &mut |typed: &str| self.translated(typed, kept, cancel, tell);
        // An index that cannot be used was mended for the plain answer, or cannot be now.
        let mend = Cancel::new();
        mend.cancel();
        let page = self.find(query, true, translate, (&mend, &|_| {}));
        if cancel.is_cancelled() {
            return Err(Error::Stopped);
        }
        page
    }

    /// The question in every language that an installed model, not one for practice, translates it
    /// into. A model that fails gives nothing: the words themselves are found all the same.
    pub(super) fn translated(
        &self,
        typed: &str,
        kept: &mut Translators,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Lang),
    ) -> Vec<Other> {
        let words = bare_words(typed);
        let share = |lang: &Lang| (in_script(&words, *lang) * 1000.0) as u32;
        let Some(from) = Lang::SIX.into_iter().max_by_key(share) else {
            return Vec::new();
        };
        let Ok(glossary) = self.glossary_for(None) else {
            return Vec::new();
        };
        let mut options: LineOptions = self.line_options(None, None, false);
        let Ok(names) = self.names_for(None, &glossary) else {
            return Vec::new();
        };
        options.names = names;
        let mut others = Vec::new();
        for to in Lang::SIX.into_iter().filter(|to| *to != from) {
            if cancel.is_cancelled() {
                break;
            }
            let pair = LangPair { from, to };
            if !self.opens(kept, pair, cancel, tell) {
                continue;
            }
            let source = SourceLine {
                text: &words,
                pauses: &[],
                pair,
            };
            let made = translate_line(&mut kept.routes, &glossary, &source, &options, cancel);
            if let Ok(line) = made {
                others.push(Other {
                    part: None,
                    words: line.text,
                    via: Via::Translated(to),
                });
            }
        }
        others
    }

    /// Has a translator of this direction among those that are kept, and `tell`s its language; whether there
    /// is one.
    fn opens(
        &self,
        kept: &mut Translators,
        pair: LangPair,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Lang),
    ) -> bool {
        if kept.routes.iter().any(|route| route.pairs.contains(&pair)) {
            tell(pair.to);
            return true;
        }
        let shelf = self.shelf();
        let preferred = self.config.translation_model.as_deref();
        let Ok(model) = shelf.for_translation(pair, preferred) else {
            return false;
        };
        let name = &model.card.name;
        if model.card.practice || kept.refused.contains(name) {
            return false;
        }
        // Before it is read from the disk, which takes a while.
        tell(pair.to);
        // One model often serves several directions: it is opened once.
        if let Some(route) = kept.routes.iter_mut().find(|route| route.model == *name) {
            route.pairs.push(pair);
            return true;
        }
        match open_translator(Named::listed(model), cancel, &|_| {}) {
            Ok(opened) => {
                kept.routes.push(TranslationRoute {
                    model: opened.model,
                    digest: opened.digest,
                    pairs: vec![pair],
                    engine: opened.engine,
                    practice: opened.practice,
                    second: None,
                });
                true
            }
            Err(error) => {
                if !error.is_cancelled() {
                    kept.refused.insert(name.clone());
                }
                false
            }
        }
    }
}
