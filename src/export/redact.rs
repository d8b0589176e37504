//! Copies of an interview in which names, places and numbers are covered. A list says what and why;
//! the store is never touched, and the copy names the whole it was made of by the hash of its chain's
//! last event. (Not by a hash of the words: who has the copy could try names until it fits.)
//!
//! It fails closed: a rule that finds nothing is an error, because a misspelt name would stay; and
//! where only one side of a line holds a word, the other side is covered whole.

mod across;
mod facts;
mod heard;
mod proof;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::domain::{Interview, SamplePos, Segment, SegmentId, Span};

use super::places::{needle, places};
use super::{Error, json, one_line};
use proof::holds;

/// Largest list that is read.
const MAX_BYTES: u64 = 1 << 20;
/// Most rules, and most spellings a rule.
const MAX_RULES: usize = 1_000;

/// One thing to cover, as written in the list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// All spellings, in every language of the interview.
    #[serde(default)]
    words: Vec<String>,
    /// A whole line, by its number.
    line: Option<i64>,
    /// A stretch of the recording, for example `00:01:02.500`.
    from: Option<String>,
    to: Option<String>,
    /// What kind of thing it is; stands in its place.
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    redact: Vec<Rule>,
}

/// A list of what to cover.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    rules: Vec<Checked>,
}

/// A rule that was understood.
#[derive(Clone, Debug)]
struct Checked {
    needles: Vec<Vec<char>>,
    line: Option<i64>,
    span: Option<Span>,
    /// What stands in place of what is covered.
    block: String,
    /// The register has them: one of them must stand in the interview, whichever rule covers it.
    names: bool,
    /// It need not stand in the interview.
    may_miss: bool,
}

/// A covered copy.
#[derive(Clone, Debug)]
pub struct Redacted {
    /// The interview, its names covered.
    pub interview: Interview,
    /// Its lines.
    pub segments: Vec<Segment>,
    /// What must not be heard.
    pub covered: Vec<Span>,
    /// What of each channel may be heard; nothing else, as nobody wrote down what is said there. `None`
    /// where no words are covered: then all of it.
    pub heard: Option<Vec<(u16, Span)>>,
    /// How many places were covered, and in how many lines.
    pub places: usize,
    /// Lines in which something was covered.
    pub lines: usize,
    /// Hash of the last event of the whole interview's chain, 64 digits.
    pub parent: String,
}

impl Redacted {
    /// Stands at the head of the copy.
    pub(super) fn notice(&self) -> String {
        let silent = match self.heard {
            Some(_) => " Sound outside of the lines is left out.",
            None => "",
        };
        format!(
            "Redacted copy: {} places in {} lines are covered.{silent} Last event of the whole record: {}",
            self.places, self.lines, self.parent
        )
    }
}

/// Names the transcript that paper was made of: SHA-256 of its JSON, every character.
pub(super) fn transcript_hash(interview: &Interview, segments: &[Segment]) -> String {
    let text = json::json_value(interview, segments).to_string();
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

impl Redaction {
    /// Reads a list; `-` is standard input, so that it need not lie in the clear on any disk.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let failed = |cause: String| Error::Redaction {
            cause,
            path: path.to_owned(),
        };
        let mut text = String::new();
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|e| failed(e.to_string()))?)
        };
        let read = input
            .take(MAX_BYTES.saturating_add(1))
            .read_to_string(&mut text);
        let length = read.map_err(|e| failed(e.to_string()))?;
        if length as u64 > MAX_BYTES {
            return Err(failed("it is larger than 1 MB".to_owned()));
        }
        Self::parse(&text).map_err(failed)
    }

    fn parse(text: &str) -> Result<Self, String> {
        // The message alone: its excerpt would show the words in a log.
        let list: List = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        if list.redact.is_empty() {
            return Err("it names nothing to cover".to_owned());
        }
        if list.redact.len() > MAX_RULES {
            return Err(format!("it has more than {MAX_RULES} rules"));
        }
        let rules = (1..)
            .zip(&list.redact)
            .map(|(number, rule)| check(rule).map_err(|cause| format!("rule {number} {cause}")));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }

    /// Covers a person's names too, and writes another name in their place. Names without letters or
    /// digits are none.
    pub fn add_names(&mut self, names: &[String], pseudonym: &str) {
        let needles = names.iter().map(|name| needle(name));
        let needles: Vec<Vec<char>> = needles.filter(|n| !n.is_empty()).collect();
        if needles.is_empty() {
            return;
        }
        self.rules.push(Checked {
            needles,
            line: None,
            span: None,
            block: format!("[{}]", one_line(pseudonym)),
            names: true,
            may_miss: false,
        });
    }

    /// Whether a person's names are among what it covers.
    pub fn covers_names(&self) -> bool {
        self.rules.iter().any(|rule| rule.names)
    }

    /// A text with what it holds covered.
    pub fn covered(&self, text: &str) -> String {
        let mut work = Work::new(&self.rules);
        let mut text = text.to_owned();
        for at in 0..self.rules.len() {
            work.cover(at, &mut text);
        }
        text
    }

    /// Makes the covered copy. `stood` are all stretches that lines, or those that they were made of,
    /// ever had; `parent` is the hash of the last event of the interview's chain.
    ///
    /// # Errors
    /// A rule that finds nothing; a person none of whose names is found; a word that would stay.
    pub fn apply(
        &self,
        interview: &Interview,
        segments: &[Segment],
        stood: &[(SegmentId, Span)],
        parent: &str,
    ) -> Result<Redacted, Error> {
        let mut work = Work::new(&self.rules);
        let mut copy = Redacted {
            parent: parent.to_owned(),
            interview: interview.clone(),
            segments: segments.to_vec(),
            covered: Vec::new(),
            heard: None,
            places: 0,
            lines: 0,
        };
        let end = SamplePos::from_ms(interview.duration_ms);
        let places = heard::Places::new(stood, end);
        let by_word = self.rules.iter().any(|rule| !rule.needles.is_empty());
        copy.heard = by_word.then(|| places.of_lines(segments));
        let shared = work.across(&mut copy.segments);
        for (segment, shared) in copy.segments.iter_mut().zip(shared) {
            let spans = places.of(segment);
            if work.line(segment) || shared {
                strip(segment);
                copy.covered.extend(spans);
                copy.lines = copy.lines.saturating_add(1);
            } else if by_word && !has_words(segment) {
                // Nobody knows yet what is said there: a name may be.
                copy.covered.extend(spans);
            }
        }
        // Of the whole: a rule of the list may cover a name before its turn comes.
        let whole = json::json_value(interview, segments);
        let mut rules = self.rules.iter().zip(&work.used);
        if rules.any(|(rule, used)| rule.names && !*used && !holds(&whole, rule)) {
            return Err(Error::NamesNowhere);
        }
        let sound = Span::new(SamplePos::default(), end);
        for (rule, used) in self.rules.iter().zip(&mut work.used) {
            // Silence without words is a stretch too; behind the end there is nothing.
            if let Some(span) = rule.span {
                copy.covered.push(span);
                *used |= span.overlap(sound) > 0;
            }
        }
        copy.covered = heard::merged(copy.covered);
        work.head(&mut copy.interview);
        copy.places = work.places;
        let unused: Vec<usize> = (1..)
            .zip(self.rules.iter().zip(&work.used))
            .filter(|(_, (rule, used))| !**used && !rule.names && !rule.may_miss)
            .map(|(n, _)| n)
            .collect();
        if !unused.is_empty() {
            return Err(Error::RedactsNothing(unused));
        }
        self.prove(&copy)?;
        Ok(copy)
    }

    /// Looks through everything that an export may write.
    fn prove(&self, copy: &Redacted) -> Result<(), Error> {
        let value = json::json_value(&copy.interview, &copy.segments);
        match self.rule_in(&value) {
            Some(number) => Err(Error::WordStays(number)),
            None => Ok(()),
        }
    }

    /// The number of the first rule of which a word stands in any text of a JSON value.
    pub fn rule_in(&self, value: &serde_json::Value) -> Option<usize> {
        let mut rules = (1..).zip(&self.rules);
        rules.find_map(|(number, rule)| holds(value, rule).then_some(number))
    }
}

/// Whether anything was written of a line, in any language.
fn has_words(segment: &Segment) -> bool {
    let mut texts = segment.translations.iter().map(|t| &t.text);
    !segment.text.trim().is_empty() || texts.any(|text| !text.trim().is_empty())
}

fn check(rule: &Rule) -> Result<Checked, String> {
    let reason = one_line(&rule.reason);
    if reason.is_empty() {
        return Err("gives no reason".to_owned());
    }
    if rule.words.len() > MAX_RULES {
        return Err(format!("has more than {MAX_RULES} spellings"));
    }
    let needles: Vec<Vec<char>> = rule.words.iter().map(|word| needle(word)).collect();
    if needles.iter().any(Vec::is_empty) {
        return Err("has a spelling without letters or digits".to_owned());
    }
    let span = match (&rule.from, &rule.to) {
        (None, None) => None,
        (Some(from), Some(to)) => {
            let at =
                |text: &str| time(text).ok_or("has a time that is not written as 00:01:02.500");
            let (from, to) = (at(from)?, at(to)?);
            if to <= from {
                return Err("ends before it begins".to_owned());
            }
            Some(Span::new(SamplePos::from_ms(from), SamplePos::from_ms(to)))
        }
        _ => return Err("needs both from and to".to_owned()),
    };
    let kinds = [!needles.is_empty(), rule.line.is_some(), span.is_some()];
    if kinds.iter().filter(|k| **k).count() != 1 {
        return Err("needs one of: words, line, or from and to".to_owned());
    }
    Ok(Checked {
        needles,
        line: rule.line,
        span,
        block: format!("[redacted: {reason}]"),
        names: false,
        may_miss: false,
    })
}

/// `hh:mm:ss`, with milliseconds or without.
fn time(text: &str) -> Option<u64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let mut seconds = 0u64;
    let mut fields = 0;
    for field in whole.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(field.parse().ok()?)?;
        fields += 1;
    }
    let digits = part.bytes().all(|b| b.is_ascii_digit()) && (1..=3).contains(&part.len());
    if fields != 3 || !digits {
        return None;
    }
    let ms: u64 = format!("{part:0<3}").parse().ok()?;
    seconds.checked_mul(1_000)?.checked_add(ms)
}

struct Work<'a> {
    rules: &'a [Checked],
    used: Vec<bool>,
    places: usize,
}

impl<'a> Work<'a> {
    fn new(rules: &'a [Checked]) -> Self {
        Self {
            rules,
            used: vec![false; rules.len()],
            places: 0,
        }
    }

    /// Covers what a line holds; whether anything was covered.
    fn line(&mut self, segment: &mut Segment) -> bool {
        let mut touched = false;
        for at in 0..self.rules.len() {
            let Some(rule) = self.rules.get(at) else {
                break;
            };
            let whole = rule.line == Some(segment.id.0)
                || rule.span.is_some_and(|span| span.overlap(segment.span) > 0);
            let found = if whole {
                let texts = segment.translations.iter_mut().map(|t| &mut t.text);
                let texts = std::iter::once(&mut segment.text).chain(texts);
                for text in texts.filter(|t| !t.is_empty() || rule.line.is_some()) {
                    text.clone_from(&rule.block);
                    self.places = self.places.saturating_add(1);
                }
                true
            } else {
                self.words(at, segment)
            };
            if found && let Some(used) = self.used.get_mut(at) {
                *used = true;
            }
            touched |= found;
            // Who speaks and who wrote may be names too; the sound does not say them.
            for name in [&mut segment.speaker, &mut segment.author] {
                self.cover(at, name);
            }
            for translation in &mut segment.translations {
                self.cover(at, &mut translation.engine);
            }
        }
        touched
    }

    /// Covers the words of one rule on both sides of a line.
    fn words(&mut self, at: usize, segment: &mut Segment) -> bool {
        let Some(block) = self.rules.get(at).map(|r| r.block.clone()) else {
            return false;
        };
        let mut sides: Vec<(&mut String, bool)> = Vec::new();
        let texts = segment.translations.iter_mut().map(|t| &mut t.text);
        for text in std::iter::once(&mut segment.text).chain(texts) {
            let found = self.cover(at, text);
            sides.push((text, found));
        }
        if !sides.iter().any(|(_, found)| *found) {
            return self.in_details(at, segment);
        }
        // The other side says the same thing in words that nobody listed.
        for (text, _) in sides
            .into_iter()
            .filter(|(text, found)| !found && !text.is_empty())
        {
            // A rule before may have covered it whole already.
            if *text != block {
                text.clone_from(&block);
                self.places = self.places.saturating_add(1);
            }
        }
        true
    }

    /// Whether a doubt repeats a word that neither side has, such as another engine's translation.
    fn in_details(&mut self, at: usize, segment: &mut Segment) -> bool {
        let flags = segment.translations.iter_mut().flat_map(|t| &mut t.flags);
        let mut found = false;
        for flag in segment.flags.iter_mut().chain(flags) {
            found |= self.cover(at, &mut flag.detail);
        }
        found
    }

    /// Covers the words of one rule in one text; whether there were any.
    fn cover(&mut self, at: usize, text: &mut String) -> bool {
        let Some(rule) = self.rules.get(at) else {
            return false;
        };
        let found = places(text, &rule.needles);
        for (from, to) in found.iter().rev() {
            text.replace_range(*from..*to, &rule.block);
        }
        self.places = self.places.saturating_add(found.len());
        if !found.is_empty()
            && let Some(used) = self.used.get_mut(at)
        {
            *used = true;
        }
        !found.is_empty()
    }

    /// Covers what the interview itself says.
    fn head(&mut self, interview: &mut Interview) {
        for channel in &mut interview.channels {
            // What a person called a model may name somebody too, and no reader needs it.
            channel.speech_models.clear();
        }
        for at in 0..self.rules.len() {
            let case = interview.case.iter_mut();
            let source = interview.source.iter_mut();
            let speakers = interview.channels.iter_mut().map(|c| &mut c.speaker);
            let files = interview.audio.iter_mut();
            let files = files.flat_map(|a| [&mut a.original_name, &mut a.path]);
            let notes = interview.notes.iter_mut();
            let all = case.chain(source).chain(speakers).chain(files).chain(notes);
            for text in all {
                self.cover(at, text);
            }
        }
    }
}

/// Removes from a touched line what repeats its words: single words, details of doubts, terms.
fn strip(segment: &mut Segment) {
    segment.words.clear();
    let flags = segment.translations.iter_mut().flat_map(|t| {
        t.terms.clear();
        &mut t.flags
    });
    for flag in segment.flags.iter_mut().chain(flags) {
        flag.detail.clear();
        flag.places.clear();
    }
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;

#[cfg(test)]
mod kept_tests;
