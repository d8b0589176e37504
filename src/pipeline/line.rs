//! One line through translation: sentences one by one, the glossary's terms put through and checked,
//! doubts flagged.

use std::sync::Arc;

use crate::domain::{Cancel, Flag, FlagKind, LangPair, Side, TermUse};
use crate::glossary::Glossary;
use crate::text;
use crate::translate::{self, DecodeOptions, Decoded, KnownNames};

use super::{Error, TranslationRoute, opinion};

/// How a line is translated.
#[derive(Clone, Debug)]
pub struct LineOptions {
    /// Beam, lengths.
    pub decode: DecodeOptions,
    /// The model alone: no normalising, no sentence splitting, no terms, no checks.
    pub raw: bool,
    /// Names that the lines may speak of; a name that the translation does not carry over is flagged.
    pub names: Arc<KnownNames>,
}

/// A line to be translated.
#[derive(Clone, Copy, Debug)]
pub struct SourceLine<'a> {
    /// What was said.
    pub text: &'a str,
    /// Where its speaker paused, in bytes of the text; none where that is not known.
    pub pauses: &'a [usize],
    /// From which language into which.
    pub pair: LangPair,
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

/// Translates one line with the route that serves its pair.
///
/// # Errors
/// [`Error::NoTranslator`]; the engine's own errors.
pub fn translate_line(
    routes: &mut [TranslationRoute],
    glossary: &Glossary,
    source: &SourceLine<'_>,
    options: &LineOptions,
    cancel: &Cancel,
) -> Result<TranslatedLine, Error> {
    let pair = source.pair;
    let route = routes
        .iter_mut()
        .find(|r| r.pairs.contains(&pair))
        .ok_or(Error::NoTranslator(pair))?;
    let practice = route.practice;
    let mut line = if options.raw {
        let decoded = route
            .engine
            .translate(source.text, pair, &options.decode, cancel)?;
        join(vec![decoded], pair, route.engine.engine())
    } else {
        checked(route, glossary, source, options, cancel)?
    };
    if practice {
        line.flags.push(Flag::new(FlagKind::PracticeModel));
    }
    Ok(line)
}

fn checked(
    route: &mut TranslationRoute,
    glossary: &Glossary,
    line: &SourceLine<'_>,
    options: &LineOptions,
    cancel: &Cancel,
) -> Result<TranslatedLine, Error> {
    if !has_words(line.text) {
        return Ok(carried_over(line.text));
    }
    let pair = line.pair;
    let source = text::normalise(line.text, pair.from);
    // Words with times come with a machine's text, which is in canonical form.
    let known = source == line.text;
    let pauses = if known { line.pauses } else { &[] };
    let sentences = text::spoken_sentences(&source, pair.from, pauses);
    let (mut parts, mut others) = (Vec::new(), Vec::new());
    let (mut flags, mut term_flags): (Vec<Flag>, Vec<Flag>) = (Vec::new(), Vec::new());
    let mut terms: Vec<TermUse> = Vec::new();
    let mut starts = Starts::default();
    for &sentence in &sentences {
        let (mut decoded, other) = with_terms(route, glossary, sentence, pair, options, cancel)?;
        decoded.text = text::normalise(&decoded.text, pair.to);
        starts.advance(&source, sentence);
        let found = translate::check(sentence, &decoded.text, pair, &decoded, &options.names);
        // A term of two sentences must stand in both: each is held against its own.
        let required = glossary.required(sentence, pair);
        let (uses, missed) = glossary.check(&required, decoded.text.trim(), pair.to);
        for (all, found) in [(&mut flags, found), (&mut term_flags, missed)] {
            for mut flag in found {
                starts.shift(&mut flag);
                if !all.contains(&flag) {
                    all.push(flag);
                }
            }
        }
        uses.into_iter().for_each(|used| add_use(&mut terms, used));
        starts.behind(&decoded.text, pair);
        others.push(other);
        parts.push(decoded);
    }
    let other = other_candidate(&parts, &others, pair);
    let mut line = join(parts, pair, route.engine.engine());
    for term in &mut terms {
        term.alternative.clone_from(&other);
    }
    line.terms = terms;
    line.flags.extend(flags);
    line.flags.extend(term_flags);
    if let Some(second) = &mut route.second {
        let second = second.as_mut();
        let flag = opinion::diverges(
            second,
            (&source, &sentences),
            &line.text,
            pair,
            &options.decode,
            cancel,
        )?;
        line.flags.extend(flag);
    }
    Ok(line)
}

/// Tells a term once a line: satisfied if it is in each of its sentences.
fn add_use(terms: &mut Vec<TermUse>, used: TermUse) {
    match terms.iter_mut().find(|known| known.source == used.source) {
        Some(known) if known.satisfied => *known = used,
        Some(_) => {}
        None => terms.push(used),
    }
}

/// Where the sentence in hand begins in the line and in its translation: flags name places by sentence.
#[derive(Default)]
struct Starts {
    /// Bytes of the source that are behind us.
    read: usize,
    source: usize,
    translation: usize,
}

impl Starts {
    fn advance(&mut self, source: &str, sentence: &str) {
        let rest = source.get(self.read..).unwrap_or_default();
        let at = self.read.saturating_add(rest.find(sentence).unwrap_or(0));
        self.source = source.get(..at).map_or(0, |s| s.chars().count());
        self.read = at.saturating_add(sentence.len());
    }

    fn shift(&self, flag: &mut Flag) {
        for place in &mut flag.places {
            let start = match place.side {
                Side::Source => self.source,
                Side::Translation => self.translation,
            };
            place.from = place.from.saturating_add(start);
            place.to = place.to.saturating_add(start);
        }
    }

    fn behind(&mut self, translation: &str, pair: LangPair) {
        let written = translation
            .chars()
            .count()
            .saturating_add(separator(pair).len());
        self.translation = self.translation.saturating_add(written);
    }
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

/// One sentence: decoded freely, and where that misses a term, once more with the terms. What does
/// not stand is the second value.
fn with_terms(
    route: &mut TranslationRoute,
    glossary: &Glossary,
    sentence: &str,
    pair: LangPair,
    options: &LineOptions,
    cancel: &Cancel,
) -> Result<(Decoded, Option<Decoded>), Error> {
    let engine = &mut route.engine;
    let free = engine.translate(sentence, pair, &options.decode, cancel)?;
    let required = glossary.required(sentence, pair);
    if required.is_empty() {
        return Ok((free, None));
    }
    let made = engine.enforce(sentence, pair, &required, &free, &options.decode, cancel)?;
    Ok(match made {
        Some(made) if made.accepted => (made.decoded, Some(free)),
        Some(made) => (free, Some(made.decoded)),
        None => (free, None),
    })
}

/// The whole line with the candidates that do not stand; empty where there are none.
fn other_candidate(parts: &[Decoded], others: &[Option<Decoded>], pair: LangPair) -> String {
    if others.iter().all(Option::is_none) {
        return String::new();
    }
    let chosen = |(part, other): (&Decoded, &Option<Decoded>)| {
        other.as_ref().unwrap_or(part).text.trim().to_owned()
    };
    let texts: Vec<String> = parts.iter().zip(others).map(chosen).collect();
    texts.join(separator(pair))
}

/// What stands between two sentences.
pub(super) fn separator(pair: LangPair) -> &'static str {
    if pair.to == crate::domain::Lang::Zh {
        ""
    } else {
        " "
    }
}

fn join(parts: Vec<Decoded>, pair: LangPair, engine: &str) -> TranslatedLine {
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
            .join(separator(pair)),
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
