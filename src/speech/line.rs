//! From one utterance to one hypothesis: pieces, language, windows, text, words and doubts.

use std::collections::VecDeque;
use std::ops::Range;

use crate::domain::{
    Cancel, Flag, FlagKind, Hypothesis, Lang, MOST_BEAM, SAMPLE_RATE, SamplePos, Span, Word,
};
use crate::text;

use super::Error;
use super::decode::{Draft, Ending, Model};
use super::language::{Ranking, distinct};
use super::profile::Profile;
use super::sound;
use super::suspicion::{self, Evidence};
use super::text_tokens::{Assembled, assemble};
use super::whisper::Job;
use super::words;

/// A piece that filled the decoder is cut in two, down to this length.
const SHORTEST_SPLIT: usize = 2 * SAMPLE_RATE as usize;

/// What came out of one piece of sound.
struct Piece {
    lang: Lang,
    line: String,
    raw: Assembled,
    draft: Draft,
    no_speech: f32,
    doubt: Option<Flag>,
    /// A list of names stood before it, and it only repeats that.
    prompted: bool,
    echo: bool,
    /// It took several texts side by side to come to an end.
    hard: bool,
    voiced: Vec<bool>,
    /// When each token begins and the last one ends, in seconds from the start of the piece.
    times: Option<Vec<f32>>,
}

impl Piece {
    fn confidence(&self) -> f32 {
        let (sum, count) = self.draft.log_prob();
        geometric_mean(sum, count)
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            line: &self.line,
            lang: self.lang,
            confidence: self.confidence(),
            // Words are placed once the piece stands.
            weakest_word: 1.0,
            no_speech: self.no_speech,
            voiced_seconds: sound::voiced_seconds(&self.voiced),
            cut: self.draft.ending != Ending::Complete,
            lost_bytes: self.raw.replaced + self.raw.unfinished,
        }
    }

    /// Whether it has words that were not made of noise.
    fn says_something(&self) -> bool {
        !self.line.is_empty() && !suspicion::nobody_speaks(&self.evidence())
    }
}

/// Recognises the utterance of `job`.
pub fn recognise(model: &mut Model, job: &Job) -> Result<Hypothesis, Error> {
    let among = distinct(&job.among);
    let Some(&first) = among.first() else {
        return Err(Error::NoLanguage);
    };
    let mut hypothesis = Hypothesis {
        lang: first,
        text: String::new(),
        confidence: 0.0,
        words: Vec::new(),
        flags: Vec::new(),
        engine: job.engine.clone(),
    };
    let pcm = &job.utterance.pcm;
    if sound::is_silent(pcm) {
        hypothesis.flags.push(Flag::new(FlagKind::NoText));
        return Ok(hypothesis);
    }
    let pieces = decode_pieces(model, job, pcm, among)?;
    join(&mut hypothesis, pieces, job.utterance.span);
    Ok(hypothesis)
}

/// How likely each of the job's languages is spoken in the utterance's first piece, best first; nothing
/// where nothing can be heard.
pub fn spoken(model: &mut Model, job: &Job) -> Result<Vec<(Lang, f32)>, Error> {
    let among = distinct(&job.among);
    if among.is_empty() {
        return Err(Error::NoLanguage);
    }
    let pcm = &job.utterance.pcm;
    if sound::is_silent(pcm) {
        return Ok(Vec::new());
    }
    let longest = longest(model, job);
    let first = sound::pieces(pcm, longest).into_iter().next();
    let part = first.and_then(|range| pcm.get(range)).unwrap_or_default();
    let part = sound::prepare(part);
    model.hear(&part, window(model, &part, job), &job.cancel)?;
    stop_if(&job.cancel)?;
    let impression = model.impression(&among)?;
    Ok(Ranking::from_logits(&impression.languages).all().to_vec())
}

/// The longest piece, in samples.
fn longest(model: &Model, job: &Job) -> usize {
    let longest_ms = job.longest_ms.min(model.header().window_ms());
    usize::try_from(SamplePos::from_ms(longest_ms).0).unwrap_or(usize::MAX)
}

/// The window of the first try, in positions.
fn window(model: &Model, pcm: &[f32], job: &Job) -> u32 {
    let full = model.header().audio_ctx;
    match job.how.fit_window {
        true => sound::window_for(pcm.len(), full),
        false => full,
    }
}

/// Decodes consecutive pieces. The first in which somebody says something fixes the language of the
/// utterance.
fn decode_pieces(
    model: &mut Model,
    job: &Job,
    pcm: &[f32],
    mut among: Vec<Lang>,
) -> Result<Vec<(Range<usize>, Piece)>, Error> {
    let mut open: VecDeque<Range<usize>> = sound::pieces(pcm, longest(model, job)).into();
    let mut done = Vec::with_capacity(open.len());
    while let Some(range) = open.pop_front() {
        let part = pcm.get(range.clone()).unwrap_or_default();
        let piece = decode_piece(model, part, &among, job)?;
        if piece.says_something() {
            among = vec![piece.lang];
        }
        // The decoder is full and what it wrote makes sense: the rest fits in a second piece.
        if piece.draft.ending == Ending::NoRoom
            && range.len() >= SHORTEST_SPLIT
            && text::repetition(&piece.line).is_none()
        {
            let quarter = range.len() / 4;
            let cut = sound::quietest(pcm, range.start + quarter..range.end - quarter);
            open.push_front(cut..range.end);
            open.push_front(range.start..cut);
        } else {
            done.push((range, piece));
        }
    }
    Ok(done)
}

/// Decodes one piece with the window sized to it; where the text looks wrong again with the full window,
/// and where it is still cut off, too short for the speech, in a loop or no text with several texts side by
/// side. The best one stands. Only the first try has a list of names before it. No try rolls dice, so the
/// same sound always gives the same text. (A text that is only doubtful is not tried again: the likeliest of
/// five wrong ones would look more certain than it is.)
fn decode_piece(
    model: &mut Model,
    part: &[f32],
    among: &[Lang],
    job: &Job,
) -> Result<Piece, Error> {
    let pcm = sound::prepare(part);
    let full = model.header().audio_ctx;
    let fitted = window(model, &pcm, job);
    model.prompt(true);
    let mut best = attempt(model, &pcm, fitted, among, job)?;
    model.prompt(false);
    let looks_wrong =
        |piece: &Piece| piece.echo || suspicion::deserves_full_window(&piece.evidence());
    if (fitted < full || best.prompted) && looks_wrong(&best) {
        best = better(best, attempt(model, &pcm, full, among, job)?);
    }
    let speaks = !suspicion::nobody_speaks(&best.evidence());
    let has_more = model.follows_several() && job.how.beam < MOST_BEAM;
    let (written, sound, ..) = quality(&best);
    let is_good = written && sound && !suspicion::is_slow(&best.evidence());
    if speaks && has_more && !is_good {
        model.follow_side_by_side(MOST_BEAM);
        let last = attempt(model, &pcm, full, among, job);
        model.follow_side_by_side(job.how.beam);
        let last = Piece {
            hard: true,
            ..last?
        };
        best = better(best, last);
    }
    Ok(best)
}

fn better(first: Piece, second: Piece) -> Piece {
    match quality(&second) > quality(&first) {
        true => second,
        false => first,
    }
}

/// Complete texts before broken ones and loops, those that are long enough for the speech before those that
/// leave some of it out (and look as certain as any), then the more probable. A long text that the model
/// itself hardly believes is no better than a short one: a drawn-out yes is not to become an invention.
fn quality(piece: &Piece) -> (bool, bool, bool, f32) {
    let e = piece.evidence();
    let whole = !e.cut && e.lost_bytes == 0 && !piece.echo;
    let loops = suspicion::is_rushed_loop(&e) || text::repetition(e.line).is_some();
    (
        !e.line.is_empty(),
        whole && !loops,
        !suspicion::is_slow(&e) && suspicion::is_believed(&e),
        e.confidence,
    )
}

/// Hears the sound once, and writes it in the likeliest language; in the first two where the
/// detector is not sure, of which the text with the higher joint probability stands.
fn attempt(
    model: &mut Model,
    pcm: &[f32],
    window: u32,
    among: &[Lang],
    job: &Job,
) -> Result<Piece, Error> {
    let cancel = &job.cancel;
    stop_if(cancel)?;
    model.hear(pcm, window, cancel)?;
    stop_if(cancel)?;
    let impression = model.impression(among)?;
    let ranking = Ranking::from_logits(&impression.languages);
    if ranking.contenders().len() > 1 {
        // Lists of two languages would be compared, not what was heard.
        model.prompt(false);
    }
    let seconds = pcm.len() as f32 / SAMPLE_RATE as f32;
    let mut best: Option<(f64, Lang, Draft)> = None;
    for &(lang, probability) in ranking.contenders() {
        // OpenAI's decoder never lets a text be empty. Where the model holds that nobody speaks,
        // that forces it to invent something. It may write nothing then, where it is sure of that.
        let may_be_empty = impression.no_speech >= suspicion::NO_SPEECH;
        let draft = model.write(lang, seconds, may_be_empty, cancel)?;
        let joint = draft.plain + f64::from(probability.max(f32::MIN_POSITIVE)).ln();
        // A text that never ends has no probability yet: it loses against one that does.
        let rank = (draft.ending == Ending::Complete, joint);
        if best
            .as_ref()
            .is_none_or(|b| rank > (b.2.ending == Ending::Complete, b.0))
        {
            best = Some((joint, lang, draft));
        }
    }
    let Some((_, lang, draft)) = best else {
        return Err(Error::NoLanguage);
    };
    let raw = assemble(draft.tokens.iter().map(|&t| model.bytes_of(t)));
    // A text that did not come to its end is written once more, in parts.
    let times = match job.how.align && draft.ending == Ending::Complete {
        true => model.token_times(lang, &draft.tokens, pcm.len(), cancel)?,
        false => None,
    };
    let line = text::normalise(&raw.text, lang);
    let prompted = model.is_prompted(lang);
    Ok(Piece {
        lang,
        echo: prompted && model.prompts.echoes(&line, lang),
        prompted,
        line,
        raw,
        draft,
        no_speech: impression.no_speech,
        doubt: ranking.doubt(lang),
        hard: false,
        voiced: sound::voiced(pcm),
        times,
    })
}

fn stop_if(cancel: &Cancel) -> Result<(), Error> {
    if cancel.is_cancelled() {
        Err(Error::Cancelled)
    } else {
        Ok(())
    }
}

/// Joins the pieces of one utterance to one line.
fn join(hypothesis: &mut Hypothesis, pieces: Vec<(Range<usize>, Piece)>, span: Span) {
    let (mut sum, mut count) = (0.0, 0);
    let (mut voiced_seconds, mut cut, mut lost_bytes) = (0.0, false, 0);
    let hard = pieces.iter().any(|(_, piece)| piece.hard);
    let echo = pieces.iter().any(|(_, piece)| piece.echo);
    let silence = Silence::of(&pieces);
    let says = pieces.iter().find(|(_, piece)| piece.says_something());
    let writes = || pieces.iter().find(|(_, piece)| !piece.line.is_empty());
    if let Some((_, piece)) = says.or_else(writes).or(pieces.first()) {
        hypothesis.lang = piece.lang;
        hypothesis.flags.extend(piece.doubt.clone());
    }
    for (range, piece) in pieces {
        let (piece_sum, piece_count) = piece.draft.log_prob();
        let evidence = piece.evidence();
        sum += piece_sum;
        count += piece_count;
        voiced_seconds += evidence.voiced_seconds;
        cut |= evidence.cut;
        lost_bytes += evidence.lost_bytes;
        hypothesis.words.extend(place(&piece, &range, span));
        if !hypothesis.text.is_empty() && !piece.line.is_empty() {
            hypothesis.text.push_str(Profile::of(piece.lang).joiner);
        }
        hypothesis.text.push_str(&piece.line);
    }
    hypothesis.confidence = if hypothesis.text.is_empty() {
        0.0
    } else {
        geometric_mean(sum, count)
    };
    hypothesis.flags.extend(suspicion::flags(&Evidence {
        line: &hypothesis.text,
        lang: hypothesis.lang,
        confidence: hypothesis.confidence,
        weakest_word: hypothesis
            .words
            .iter()
            .map(|w| w.confidence)
            .fold(1.0, f32::min),
        no_speech: silence.of_line,
        voiced_seconds,
        cut,
        lost_bytes,
    }));
    if echo {
        // Invented like a phrase from elsewhere: it stood before the sound was heard.
        let detail = hypothesis.text.clone();
        hypothesis
            .flags
            .push(Flag::with(FlagKind::PhantomPhrase, detail));
    }
    if let Some(why) = silence.of_a_piece {
        suspicion::doubt(&mut hypothesis.flags, &why);
    }
    let mut known = hypothesis.flags.iter();
    if hard && !known.any(|flag| flag.kind == FlagKind::LowConfidence) {
        // However likely it looks: two tries before it came to nothing.
        hypothesis.flags.push(Flag::new(FlagKind::LowConfidence));
    }
}

/// What the pieces with words hold of whether anybody speaks.
struct Silence {
    /// The probability that nobody speaks in the whole line.
    of_line: f32,
    /// The doubt that remains where words of a piece were most likely made of noise, and others were not.
    of_a_piece: Option<String>,
}

impl Silence {
    fn of(pieces: &[(Range<usize>, Piece)]) -> Self {
        let with_words = pieces.iter().map(|(_, piece)| piece);
        let with_words: Vec<&Piece> = with_words.filter(|p| !p.line.is_empty()).collect();
        let invented = with_words.iter().filter(|p| !p.says_something()).count();
        let least = with_words.iter().map(|p| p.no_speech).fold(1.0, f32::min);
        if invented == 0 || invented == with_words.len() {
            return Self {
                of_line: least,
                of_a_piece: None,
            };
        }
        let all = with_words.len();
        Self {
            of_line: 0.0,
            of_a_piece: Some(format!("no speech in {invented} of {all} parts")),
        }
    }
}

/// The words of a piece at their places in the recording.
fn place(piece: &Piece, range: &Range<usize>, span: Span) -> Vec<Word> {
    let at = |sample: usize| {
        let position = span.start.0.saturating_add(sample as u64);
        SamplePos(position.min(span.end.0))
    };
    let piece_span = Span::new(at(range.start), at(range.end));
    let log_probs = &piece.draft.log_probs;
    words::place(
        &piece.line,
        piece.lang,
        &piece.raw,
        log_probs,
        piece.times.as_deref(),
        &piece.voiced,
        piece_span,
    )
}

fn geometric_mean(sum: f64, count: usize) -> f32 {
    if count == 0 {
        0.0
    } else {
        (sum / count as f64).exp().clamp(0.0, 1.0) as f32
    }
}

#[cfg(test)]
mod tests;
