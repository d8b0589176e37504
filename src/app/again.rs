//! A line once more: heard or translated by another model, or heard in another language. What the
//! machine makes of it is one more version of its own; a person's words go on to count beside it.

use crate::audio;
use crate::domain::{
    Cancel, Channel, Flag, FlagKind, InterviewId, Lang, LangPair, SegmentId, Status, Translation,
    Utterance,
};
use crate::pipeline::{self, Engines, Watcher};
use crate::store::{NewRecord, Record, Store};
use crate::text;

use super::lock::WorkLock;
use super::speak::{Ear, EarRequest};
use super::{App, Error, OpenTranslator, TranslateRequest};

/// What is to be done once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Listen, in this language.
    Hear(Lang),
    /// Translate into this language.
    Translate(Lang),
}

/// Which lines, by which model, and who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgainRequest {
    /// The lines.
    pub lines: Vec<SegmentId>,
    /// What.
    pub what: Again,
    /// Name of a model or a folder; where left out, the one that was chosen for the interview, else the usual
    /// one.
    pub model: Option<String>,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneAgain {
    /// The interview.
    pub interview: InterviewId,
    /// Lines of which the new words count.
    pub count: usize,
    /// Lines whose words, written by a person, go on to count; the machine's stand in the history.
    pub beside: usize,
    /// What the user should know of the models.
    pub notes: Vec<String>,
}

impl App {
    /// Lets a machine hear or translate lines once more. New words of a line are translated too, by
    /// the usual models.
    ///
    /// # Errors
    /// An unknown line, one without sound or without words; an unsuitable model; nobody's name;
    /// another process at work; a cancel, after which what was done stays.
    pub fn again(
        &self,
        id: &str,
        request: &AgainRequest,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<DoneAgain, Error> {
        let by = request.by.trim();
        if by.is_empty() {
            return Err(crate::store::Error::NoAuthor.into());
        }
        let _lock = WorkLock::take(&self.workspace)?;
        let mut store = self.store_watched(cancel, watcher)?;
        let id = store.resolve(id)?;
        let why = match request.reason.as_deref().map(str::trim) {
            Some(reason) if !reason.is_empty() => format!("{by}: {reason}"),
            _ => by.to_owned(),
        };
        let run = Run {
            id: &id,
            request,
            why: &why,
            cancel,
            watcher,
        };
        let notes = match request.what {
            Again::Hear(lang) => self.hear_again(&mut store, &run, lang)?,
            Again::Translate(to) => self.translate_again(&mut store, &run, to)?,
        };
        let mut done = DoneAgain {
            interview: id,
            count: 0,
            beside: 0,
            notes,
        };
        for line in &request.lines {
            if self.counts(&store, &done.interview, *line, request.what)? {
                done.count = done.count.saturating_add(1);
            } else {
                done.beside = done.beside.saturating_add(1);
            }
        }
        if matches!(request.what, Again::Hear(_)) {
            let (only, mut engines) = (Some(&done.interview), Engines::default());
            self.work_off(&store, only, &mut engines, false, cancel, watcher)?;
        }
        Ok(done)
    }

    /// Whether a machine's words count in a line.
    fn counts(
        &self,
        store: &Store,
        id: &InterviewId,
        line: SegmentId,
        what: Again,
    ) -> Result<bool, Error> {
        let segment = store.segment(id, line)?;
        Ok(match what {
            Again::Hear(_) => segment.status == Status::Machine,
            Again::Translate(to) => {
                let found = segment.translations.iter().find(|t| t.lang == to);
                found.is_some_and(|t| t.status == Status::Machine)
            }
        })
    }

    fn hear_again(
        &self,
        store: &mut Store,
        run: &Run<'_>,
        lang: Lang,
    ) -> Result<Vec<String>, Error> {
        let files = self.working_files(run.id)?;
        let interview = store.interview(run.id)?;
        let mut notes: Vec<String> = Vec::new();
        let mut open: Option<(Option<String>, Ear)> = None;
        for line in &run.request.lines {
            let segment = store.segment(run.id, *line)?;
            let own = interview.channels.iter();
            let named = run.request.model.is_some();
            let own = own.filter(|c| !named && c.index == segment.channel);
            let chosen = own.flat_map(Channel::hearing).find(|(own, _)| *own == lang);
            let chosen = chosen.and_then(|(_, model)| model.map(str::to_owned));
            let ear = match &mut open {
                Some((model, ear)) if *model == chosen => ear,
                other => {
                    // One at a time: the former one goes before the next is loaded.
                    *other = None;
                    let case = interview.case.as_deref();
                    let mut ear = self.ear_for(run, (lang, chosen.as_deref()), case)?;
                    store.set_makers(ear.maker.take().into_iter().collect());
                    notes.append(&mut ear.notes);
                    &mut other.insert((chosen, ear)).1
                }
            };
            let file = files.iter().find(|(c, _)| *c == segment.channel);
            let (_, file) = file.ok_or(Error::NoSound)?;
            let utterance = Utterance {
                channel: segment.channel,
                span: segment.span,
                pcm: audio::read_span(file, segment.span)?,
            };
            let mut heard = ear.engine.recognize(&utterance, &[lang], run.cancel)?;
            if ear.practice {
                heard.flags.push(Flag::new(FlagKind::PracticeModel));
            }
            store.record(&[NewRecord {
                interview: run.id,
                segment: *line,
                what: Record::HeardAgain(&heard, run.why),
            }])?;
        }
        notes.dedup();
        Ok(notes)
    }

    /// The model that a person names now, else the one that was chosen for the interview, else the usual one.
    fn ear_for(
        &self,
        run: &Run<'_>,
        (language, chosen): (Lang, Option<&str>),
        case: Option<&str>,
    ) -> Result<Ear, Error> {
        let named = run.request.model.as_deref();
        if let (None, Some(name)) = (named, chosen)
            && self.shelf().hearing(language, chosen, None).is_err()
        {
            let (lang, model) = (language, name.to_owned());
            return Err(pipeline::Error::NoChosen { lang, model }.into());
        }
        let wanted = EarRequest {
            language,
            model: named.or(chosen),
            case,
            raw: false,
        };
        self.recognizer(&wanted, run.cancel, run.watcher)
    }

    fn translate_again(
        &self,
        store: &mut Store,
        run: &Run<'_>,
        to: Lang,
    ) -> Result<Vec<String>, Error> {
        let case = store.interview(run.id)?.case;
        let mut notes: Vec<String> = Vec::new();
        let mut open: Option<(Lang, OpenTranslator)> = None;
        for line in &run.request.lines {
            let segment = store.segment(run.id, *line)?;
            if segment.version == 0 || segment.text.trim().is_empty() {
                return Err(crate::store::Error::NoText.into());
            }
            if segment.lang == to {
                return Err(Error::TranslationLanguage);
            }
            let translator = match &mut open {
                Some((from, translator)) if *from == segment.lang => translator,
                other => {
                    let pair = LangPair::new(segment.lang, to);
                    let translator = self.usual_translator(run, pair, case.clone())?;
                    store.set_makers(translator.makers());
                    store.set_glossary(translator.glossary_digest());
                    notes.extend(translator.notes().iter().cloned());
                    &mut other.insert((segment.lang, translator)).1
                }
            };
            let pauses = text::pauses(&segment.text, &segment.words);
            let made = translator.translate_spoken(&segment.text, &pauses, run.cancel)?;
            let translation = Translation {
                lang: to,
                text: made.text,
                engine: made.engine,
                status: Status::Machine,
                log_prob: Some(made.log_prob),
                terms: made.terms,
                flags: made.flags,
                of_version: segment.version,
            };
            store.record(&[NewRecord {
                interview: run.id,
                segment: *line,
                what: Record::TranslatedAgain(&translation, run.why),
            }])?;
        }
        notes.dedup();
        Ok(notes)
    }

    fn usual_translator(
        &self,
        run: &Run<'_>,
        pair: LangPair,
        case: Option<String>,
    ) -> Result<OpenTranslator, Error> {
        let wanted = TranslateRequest {
            pair,
            model: run.request.model.clone(),
            glossary: None,
            case,
            beam: None,
            max_tokens: None,
            second: None,
            raw: false,
        };
        self.translator(&wanted, run.cancel, run.watcher)
    }
}

/// What both ways need.
struct Run<'a> {
    id: &'a InterviewId,
    request: &'a AgainRequest,
    /// Who wants it and why, as the version says.
    why: &'a str,
    cancel: &'a Cancel,
    watcher: Watcher<'a>,
}
