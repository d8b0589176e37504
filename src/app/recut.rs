//! Parting, joining and moving lines: the change itself, and where a line is best parted when a
//! person says only a time or only a place in the words.

use std::borrow::Borrow;
use std::ops::Range;

use crate::domain::{InterviewId, Lang, SamplePos, Segment, SegmentId, Word};
use crate::store::{Recut, Recutting, SplitAt};
use crate::text;

use super::{App, Error};

/// What a person knows of the place where a line is to be parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Nothing: somewhere in the middle.
    Middle,
    /// The time, for example where somebody paused the sound, in milliseconds of the recording.
    Time(u64),
    /// The characters before it, for example where the caret stands.
    Text(usize),
}

/// How a line came to stand where it does.
#[derive(Clone, Debug, Default)]
pub struct CutHistory {
    /// Lines that it was made of, and those that they were made of.
    pub origins: Vec<Segment>,
    /// Every change that concerns the line or one that it was made of, the first one first.
    pub changes: Vec<Recut>,
}

impl App {
    /// Parts, joins or moves lines, or takes such a change back. Everything that stood before stays in
    /// the history.
    ///
    /// # Errors
    /// An unknown line; a place that is none; a sealed interview; nobody's name.
    pub fn recut(
        &self,
        id: &str,
        what: &Recutting,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(InterviewId, Recut), Error> {
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        let done = store.recut(&id, what, by, reason)?;
        Ok((id, done))
    }

    /// Every change of the cut of an interview's lines, the first one first.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn recuts(&self, id: &str) -> Result<(InterviewId, Vec<Recut>), Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let all = store.recuts(&id)?;
        Ok((id, all))
    }

    /// How one line came to stand where it does.
    ///
    /// # Errors
    /// An unknown line.
    pub fn cut_history(&self, id: &InterviewId, line: SegmentId) -> Result<CutHistory, Error> {
        let store = self.reading()?;
        let origins = store.origins(id, line)?;
        let concerns = |recut: &Recut| {
            let mut lines = recut.lines.iter().map(|l| l.segment);
            lines.any(|l| l == line || origins.contains(&l))
        };
        let mut changes = store.recuts(id)?;
        changes.retain(concerns);
        let origins = origins.iter().map(|origin| store.segment(id, *origin));
        Ok(CutHistory {
            origins: origins.collect::<Result<_, _>>()?,
            changes,
        })
    }
}

/// The line that follows `line` on its channel, in lines by time, where the two can be joined: the same person
/// goes on in the same language, and both have words or neither has.
pub fn follower<'a, L: Borrow<Segment>>(lines: &'a [L], line: &Segment) -> Option<&'a Segment> {
    let mut all = lines.iter().map(Borrow::borrow);
    let mut behind = all.by_ref().skip_while(|l| l.id != line.id).skip(1);
    let next = behind.find(|l| l.channel == line.channel)?;
    let goes_on = next.speaker == line.speaker && next.lang == line.lang;
    (goes_on && (next.version == 0) == (line.version == 0)).then_some(next)
}

/// Places at which a text can be parted, in characters from its beginning: where the script lets a
/// line end, with words on both sides.
pub fn places(whole: &str, lang: Lang) -> Vec<usize> {
    let fits = |at: &usize| {
        let has_words =
            |half: Option<&str>| half.is_some_and(|h| h.contains(char::is_alphanumeric));
        has_words(whole.get(..*at)) && has_words(whole.get(*at..))
    };
    let ends = text::line_breaks(whole, lang);
    let in_characters = |at: usize| whole.get(..at).unwrap_or_default().chars().count();
    ends.into_iter().filter(fits).map(in_characters).collect()
}

/// Where a line is best parted. Of a line without words only the time counts. `None` where its words
/// cannot be parted.
pub fn suggest(line: &Segment, hint: Hint) -> Option<SplitAt> {
    if line.version == 0 {
        let ms = match hint {
            Hint::Time(ms) => ms,
            _ => at_part(&line_ms(line), 0.5),
        };
        return Some(SplitAt {
            at: inside(line, ms),
            text: None,
            translations: Vec::new(),
        });
    }
    let length = line.text.chars().count();
    let text = match hint {
        Hint::Text(at) => at,
        Hint::Time(ms) => at_time(line, ms),
        Hint::Middle => length / 2,
    };
    let text = match hint {
        Hint::Text(at) => at,
        _ => nearest(&places(&line.text, line.lang), text)?,
    };
    let part = text as f64 / length.max(1) as f64;
    let ms = match hint {
        Hint::Time(ms) => ms,
        _ => time_of(line, text).unwrap_or_else(|| at_part(&line_ms(line), part)),
    };
    let current = line
        .translations
        .iter()
        .filter(|t| t.of_version == line.version);
    let ends_sentence = is_end(&line.text, text);
    let translations = current.filter_map(|t| {
        let all = places(&t.text, t.lang);
        // Where what was said ends a sentence, so does its translation, most likely.
        let ends = all
            .iter()
            .copied()
            .filter(|at| is_end(&t.text, *at))
            .collect();
        let all = if ends_sentence && !Vec::is_empty(&ends) {
            ends
        } else {
            all
        };
        let wanted = (t.text.chars().count() as f64 * part).round();
        nearest(&all, wanted as usize).map(|at| (t.lang, at))
    });
    Some(SplitAt {
        at: inside(line, ms),
        text: Some(text),
        translations: translations.collect(),
    })
}

fn line_ms(line: &Segment) -> Range<u64> {
    line.span.start.as_ms()..line.span.end.as_ms()
}

fn at_part(ms: &Range<u64>, part: f64) -> u64 {
    let length = ms.end.saturating_sub(ms.start) as f64;
    ms.start.saturating_add((length * part) as u64)
}

/// The place of a time, inside the line.
fn inside(line: &Segment, ms: u64) -> SamplePos {
    let (start, end) = (line.span.start.0, line.span.end.0);
    let last = end.saturating_sub(1).max(start);
    let first = start.saturating_add(1).min(last);
    SamplePos(SamplePos::from_ms(ms).0.clamp(first, last))
}

/// The characters before what is said at a time: by the recognised words, else by the share.
fn at_time(line: &Segment, ms: u64) -> usize {
    let places = word_places(line);
    if let Some((at, _)) = places.iter().find(|(_, start)| *start >= ms) {
        return *at;
    }
    let span = line_ms(line);
    let length = span.end.saturating_sub(span.start).max(1);
    let part = ms.saturating_sub(span.start) as f64 / length as f64;
    (line.text.chars().count() as f64 * part.min(1.0)) as usize
}

/// When what stands behind a place is said, where words tell it.
fn time_of(line: &Segment, at: usize) -> Option<u64> {
    let places = word_places(line);
    let found = places.iter().find(|(place, _)| *place >= at);
    found.map(|(_, start)| *start)
}

/// The recognised words' places in characters and when they begin.
fn word_places(line: &Segment) -> Vec<(usize, u64)> {
    let (mut read, mut characters) = (0usize, 0usize);
    let mut found = Vec::new();
    let places = Word::places(&line.words, &line.text);
    for (word, at) in line.words.iter().zip(places) {
        let Some(at) = at else { continue };
        let between = line.text.get(read..at).unwrap_or_default();
        characters = characters.saturating_add(between.chars().count());
        found.push((characters, word.start_ms));
        read = at;
    }
    found
}

fn nearest(places: &[usize], wanted: usize) -> Option<usize> {
    let far = |at: &&usize| at.abs_diff(wanted);
    places.iter().min_by_key(far).copied()
}

/// Whether a sentence ends at this place.
fn is_end(whole: &str, at: usize) -> bool {
    let before: String = whole.chars().take(at).collect();
    before
        .trim_end()
        .ends_with(['.', '?', '!', '。', '？', '！', '…', '။', '។', '៕', '៖'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Span, Status, Translation};

    fn line(lang: Lang, text: &str, other: Lang, translation: &str) -> Segment {
        Segment {
            speaker: "officer".into(),
            text: text.into(),
            status: Status::Machine,
            author: "engine".into(),
            version: 1,
            translations: vec![Translation {
                lang: other,
                text: translation.into(),
                engine: "engine".into(),
                status: Status::Machine,
                log_prob: None,
                terms: Vec::new(),
                flags: Vec::new(),
                of_version: 1,
            }],
            ..Segment::new(
                SegmentId(1),
                Span::new(SamplePos::from_ms(1_000), SamplePos::from_ms(3_000)),
                lang,
            )
        }
    }

    const SIX: [(Lang, &str, &str); 6] = [
        (
            Lang::Zh,
            "你叫什么名字？住在哪里？",
            "Anh tên gì? Anh sống ở đâu?",
        ),
        (
            Lang::Vi,
            "Anh tên là gì? Anh sống ở đâu?",
            "你叫什么名字？住在哪里？",
        ),
        (Lang::Th, "คุณชื่ออะไร คุณอยู่ที่ไหน", "你叫什么名字？住在哪里？"),
        (
            Lang::My,
            "နာမည် ဘယ်လိုခေါ်လဲ။ ဘယ်မှာနေလဲ။",
            "你叫什么名字？住在哪里？",
        ),
        (Lang::Lo, "ເຈົ້າຊື່ຫຍັງ ເຈົ້າຢູ່ໃສ", "你叫什么名字？住在哪里？"),
        (Lang::Km, "អ្នកឈ្មោះអ្វី? អ្នករស់នៅឯណា?", "你叫什么名字？住在哪里？"),
    ];

    fn chars(text: &str, at: usize) -> (String, String) {
        (
            text.chars().take(at).collect(),
            text.chars().skip(at).collect(),
        )
    }

    #[test]
    fn a_suggested_place_parts_words_of_every_script_between_letters() {
        for (lang, said, translated) in SIX {
            let other = if lang == Lang::Zh { Lang::Vi } else { Lang::Zh };
            let line = line(lang, said, other, translated);
            for hint in [
                Hint::Middle,
                Hint::Time(1_200),
                Hint::Time(2_900),
                Hint::Time(9),
            ] {
                let found = suggest(&line, hint).unwrap();
                let at = found.text.unwrap();
                assert!(
                    found.at > line.span.start && found.at < line.span.end,
                    "{lang}"
                );
                assert!(places(said, lang).contains(&at), "{lang} {hint:?}");
                let (left, right) = chars(said, at);
                let whole = [text::graphemes(&left), text::graphemes(&right)].concat();
                assert_eq!(whole, text::graphemes(said), "{lang}: cut inside a letter");
                assert_eq!(found.translations.len(), 1, "{lang} {hint:?}");
            }
        }
    }

    #[test]
    fn where_a_sentence_ends_its_translation_is_parted_at_an_end_too() {
        let line = line(Lang::Zh, SIX[0].1, Lang::Vi, SIX[0].2);
        let found = suggest(&line, Hint::Text(7)).unwrap();
        let (left, right) = chars(SIX[0].2, found.translations[0].1);
        assert_eq!(
            (left.trim(), right.trim()),
            ("Anh tên gì?", "Anh sống ở đâu?")
        );
    }

    #[test]
    fn recognised_words_tell_the_place_of_a_time_and_the_time_of_a_place() {
        let mut line = line(Lang::Vi, SIX[1].1, Lang::Zh, SIX[1].2);
        let word = |text: &str, start_ms| Word {
            text: text.into(),
            start_ms,
            end_ms: start_ms + 90,
            confidence: 0.9,
        };
        line.words = vec![word("Anh", 1_000), word("gì?", 1_500), word("Anh", 2_600)];
        let found = suggest(&line, Hint::Text(15)).unwrap();
        assert_eq!(found.at.as_ms(), 2_600);
        let found = suggest(&line, Hint::Time(2_500)).unwrap();
        assert_eq!((found.text, found.at.as_ms()), (Some(15), 2_500));
    }

    #[test]
    fn a_line_is_joined_with_the_next_one_of_its_channel_or_with_none() {
        let at = |id: i64, channel, speaker: &str, lang| Segment {
            channel,
            speaker: speaker.to_owned(),
            ..Segment {
                id: SegmentId(id),
                ..line(lang, SIX[4].1, Lang::Zh, SIX[4].2)
            }
        };
        let next = |lines: &[Segment]| follower(lines, &lines[0]).map(|l| l.id.0);
        let (a, b) = ("ສົມພອນ", "officer");
        let own = at(1, 0, a, Lang::Lo);
        let beside = at(2, 1, b, Lang::Lo);
        assert_eq!(next(&[own.clone(), beside, at(3, 0, a, Lang::Lo)]), Some(3));
        let between = at(2, 0, b, Lang::Lo);
        assert_eq!(next(&[own.clone(), between, at(3, 0, a, Lang::Lo)]), None);
        assert_eq!(next(&[own.clone(), at(2, 0, a, Lang::Th)]), None);
        let silent = Segment {
            version: 0,
            ..at(2, 0, a, Lang::Lo)
        };
        assert_eq!(next(&[own.clone(), silent]), None);
        assert_eq!(next(&[own]), None);
    }

    #[test]
    fn one_word_cannot_be_parted_and_a_line_without_words_is_by_its_time() {
        let mut short = line(Lang::Zh, "是。", Lang::Vi, "Có.");
        assert_eq!(suggest(&short, Hint::Middle), None);
        short.version = 0;
        short.text.clear();
        let found = suggest(&short, Hint::Middle).unwrap();
        assert_eq!((found.at.as_ms(), found.text), (2_000, None));
    }
}
