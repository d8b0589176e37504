//! One line through translation: sentences one by one, terms of the glossary checked, doubts flagged.

use crate::domain::{Cancel, Flag, FlagKind, LangPair, TermUse};
use crate::glossary::Glossary;
use crate::text;
use crate::translate::{self, DecodeOptions, Decoded};

use super::{Error, TranslationRoute};

/// How a line is translated.
#[derive(Clone, Debug)]
pub struct LineOptions {
    /// Beam, lengths.
    pub decode: DecodeOptions,
    /// The model alone: no normalising, no sentence splitting, no terms, no checks.
    pub raw: bool,
}

/// A translated line.
#[derive(Clone, Debug)]
pub struct TranslatedLine {
    /// The translation.
    pub text: String,
    /// Generated ids of all sentences, after the forced language token, without end tokens.
    pub token_ids: Vec<u32>,
    /// Mean log-probability a token over all sentences.
    pub log_prob: f32,
    /// Glossary terms of the source.
    pub terms: Vec<TermUse>,
    /// Doubts.
    pub flags: Vec<Flag>,
    /// Engine and model.
    pub engine: String,
}

/// Translates one line with the route that serves `pair`.
///
/// # Errors
/// [`Error::NoTranslator`]; the engine's own errors.
pub fn translate_line(
    routes: &mut [TranslationRoute],
    glossary: &Glossary,
    source: &str,
    pair: LangPair,
    options: &LineOptions,
    cancel: &Cancel,
) -> Result<TranslatedLine, Error> {
    let route = routes
        .iter_mut()
        .find(|r| r.pairs.contains(&pair))
        .ok_or(Error::NoTranslator(pair))?;
    let practice = route.practice;
    let mut line = if options.raw {
        let decoded = route
            .engine
            .translate(source, pair, &options.decode, cancel)?;
        join(vec![decoded], pair, route.engine.engine())
    } else {
        checked(route, glossary, source, pair, options, cancel)?
    };
    if practice {
        line.flags.push(Flag::new(FlagKind::PracticeModel));
    }
    Ok(line)
}

fn checked(
    route: &mut TranslationRoute,
    glossary: &Glossary,
    source: &str,
    pair: LangPair,
    options: &LineOptions,
    cancel: &Cancel,
) -> Result<TranslatedLine, Error> {
    if !has_words(source) {
        return Ok(carried_over(source));
    }
    let source = text::normalise(source, pair.from);
    let mut parts = Vec::new();
    let mut flags: Vec<Flag> = Vec::new();
    for sentence in text::sentences(&source, pair.from) {
        let decoded = route
            .engine
            .translate(sentence, pair, &options.decode, cancel)?;
        for flag in translate::check(sentence, &decoded.text, pair, &decoded) {
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
        parts.push(decoded);
    }
    let mut line = join(parts, pair, route.engine.engine());
    let required = glossary.required(&source, pair);
    let (terms, term_flags) = glossary.check(&required, &line.text, pair.to);
    line.terms = terms;
    line.flags.extend(flags);
    line.flags.extend(term_flags);
    Ok(line)
}

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Marks and pictures mean the same in every language, and a model makes nothing of them: the line
/// is carried over as it is and flagged as not translated.
fn carried_over(source: &str) -> TranslatedLine {
    TranslatedLine {
        text: source.to_owned(),
        token_ids: Vec::new(),
        log_prob: 0.0,
        terms: Vec::new(),
        flags: vec![Flag::new(FlagKind::Untranslated)],
        engine: "carried over".to_owned(),
    }
}

fn join(parts: Vec<Decoded>, pair: LangPair, engine: &str) -> TranslatedLine {
    let separator = if pair.to == crate::domain::Lang::Zh {
        ""
    } else {
        " "
    };
    let truncated = parts.iter().any(|p| p.truncated);
    // Each sentence's mean is weighted by its tokens and its end token.
    let tokens = |p: &Decoded| (p.token_ids.len() + 1) as f32;
    let weight: f32 = parts.iter().map(tokens).sum();
    let total: f32 = parts.iter().map(|p| p.log_prob * tokens(p)).sum();
    TranslatedLine {
        text: parts
            .iter()
            .map(|p| p.text.trim())
            .collect::<Vec<_>>()
            .join(separator),
        log_prob: if weight > 0.0 { total / weight } else { 0.0 },
        token_ids: parts.into_iter().flat_map(|p| p.token_ids).collect(),
        terms: Vec::new(),
        flags: truncated
            .then(|| Flag::new(FlagKind::Truncated))
            .into_iter()
            .collect(),
        engine: engine.to_owned(),
    }
}
