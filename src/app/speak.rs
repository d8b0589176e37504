//! Recognition alone and translation alone: nothing is stored.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::audio::{self, SegmenterLimits};
use crate::domain::{Cancel, Flag, FlagKind, Lang, LangPair, Utterance, Word};
use crate::glossary::Glossary;
use crate::pipeline::{
    LineOptions, Progress, SourceLine, Step, TranslatedLine, TranslationRoute, Watcher,
    translate_line,
};
use crate::speech::{Profile, Recognizer};
use crate::store::Maker;
use crate::vault;

use super::engines::{Prefer, open_translator, unlisted_name, unlisted_note};
use super::models::{self, Kind};
use super::named::Named;
use super::scratch::{Purpose, Scratch};
use super::speech_models::longest_ms;
use super::{App, Error};

/// One recognised utterance.
#[derive(Clone, Debug, Serialize)]
pub struct SpokenSegment {
    /// Channel of the recording, 0 for the first.
    pub channel: u16,
    /// Milliseconds from the start.
    pub start_ms: u64,
    /// Milliseconds from the start.
    pub end_ms: u64,
    /// The words.
    pub text: String,
    /// Geometric mean token probability.
    pub confidence: f32,
    /// Doubts.
    pub flags: Vec<Flag>,
    /// Its words, where the engine tells them apart.
    #[serde(skip)]
    pub words: Vec<Word>,
}

/// A recognised recording.
#[derive(Clone, Debug)]
pub struct Transcribed {
    /// The language that was asked for.
    pub language: Lang,
    /// By time.
    pub segments: Vec<SpokenSegment>,
    /// Engine and model.
    pub engine: String,
    /// Seconds of work for a second of sound, decoding included.
    pub realtime_factor: f64,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// What is to be translated, and how.
#[derive(Clone, Debug)]
pub struct TranslateRequest {
    /// The direction.
    pub pair: LangPair,
    /// Name of a model or a folder; the usual one where left out.
    pub model: Option<String>,
    /// Name of a glossary; all in force where left out.
    pub glossary: Option<String>,
    /// The case whose terms and names are in force beside those of no case.
    pub case: Option<String>,
    /// Beam, 1 to 8.
    pub beam: Option<usize>,
    /// Longest translation of a sentence, in tokens.
    pub max_tokens: Option<usize>,
    /// Name or path of a second model; where it translates quite differently the line is flagged.
    pub second: Option<String>,
    /// The model alone.
    pub raw: bool,
}

/// Which recogniser is wanted.
pub(super) struct EarRequest<'a> {
    /// What it is to hear.
    pub(super) language: Lang,
    /// Name of a model or a folder; the usual one where left out.
    pub(super) model: Option<&'a str>,
    /// The case whose names are preferred beside those of no case.
    pub(super) case: Option<&'a str>,
    /// With the confidence of the words as the model gives it.
    pub(super) raw: bool,
}

/// A loaded recogniser.
pub(super) struct Ear {
    pub(super) engine: Box<dyn Recognizer>,
    pub(super) practice: bool,
    /// The longest utterance that it is given, in milliseconds: as in casework.
    pub(super) longest_ms: u64,
    /// The model as events name it; none for one that no list vouches for.
    pub(super) maker: Option<Maker>,
    /// What the user should know of the model.
    pub(super) notes: Vec<String>,
}

/// What was said in one recording.
pub(super) struct Heard {
    /// By time.
    pub(super) segments: Vec<SpokenSegment>,
    /// Length of the recording.
    pub(super) seconds: f64,
    /// What the user should know of the recording.
    notes: Vec<String>,
}

/// A loaded translator for one direction.
pub struct OpenTranslator {
    routes: Vec<TranslationRoute>,
    glossary: Glossary,
    pair: LangPair,
    options: LineOptions,
    notes: Vec<String>,
}

impl OpenTranslator {
    /// Translates one text.
    ///
    /// # Errors
    /// The engine's own; a cancel.
    pub fn translate(&mut self, text: &str, cancel: &Cancel) -> Result<TranslatedLine, Error> {
        self.translate_spoken(text, &[], cancel)
    }

    /// Translates one text whose speaker paused at these places, in bytes.
    ///
    /// # Errors
    /// The engine's own; a cancel.
    pub(super) fn translate_spoken(
        &mut self,
        text: &str,
        pauses: &[usize],
        cancel: &Cancel,
    ) -> Result<TranslatedLine, Error> {
        let Self {
            routes,
            glossary,
            pair,
            options,
            ..
        } = self;
        let source = SourceLine {
            text,
            pauses,
            pair: *pair,
        };
        Ok(translate_line(routes, glossary, &source, options, cancel)?)
    }

    /// The models as events name them, those that a list vouches for.
    pub(super) fn makers(&self) -> Vec<Maker> {
        let listed = self.routes.iter().filter(|r| !r.digest.is_empty());
        let maker = |r: &TranslationRoute| Maker {
            engine: r.engine.engine().to_owned(),
            model: r.model.clone(),
            sha256: r.digest.clone(),
        };
        listed.map(maker).collect()
    }

    /// The glossary in force, by its hash.
    pub(super) fn glossary_digest(&self) -> &str {
        self.glossary.digest()
    }

    /// Whether a model is one for practice, which knows a few sentences only.
    pub fn is_practice(&self) -> bool {
        self.routes.iter().any(|r| r.practice)
    }

    /// What the user should know of the models, for example that one is not listed.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// A recogniser for which no list vouches.
fn unlisted(engine: Box<dyn Recognizer>, longest_ms: u64, path: &Path) -> Ear {
    Ear {
        engine,
        practice: false,
        longest_ms,
        maker: None,
        notes: vec![unlisted_note(path)],
    }
}

impl App {
    /// Recognises a recording without storing anything.
    ///
    /// # Errors
    /// An unsuitable file or model; a cancel.
    pub fn transcribe(
        &self,
        source: &Path,
        language: Lang,
        model: Option<&str>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Transcribed, Error> {
        self.transcribe_inner(source, language, model, cancel, watcher)
            .map_err(Error::of_nothing_stored)
    }

    fn transcribe_inner(
        &self,
        source: &Path,
        language: Lang,
        model: Option<&str>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Transcribed, Error> {
        let wanted = EarRequest {
            language,
            model,
            case: None,
            raw: false,
        };
        let mut ear = self.recognizer(&wanted, cancel, watcher)?;
        let begun = Instant::now();
        let heard = self.hear(&mut ear, source, language, cancel, watcher)?;
        let mut notes = ear.notes;
        notes.extend(heard.notes);
        Ok(Transcribed {
            language,
            segments: heard.segments,
            engine: ear.engine.engine().to_owned(),
            realtime_factor: begun.elapsed().as_secs_f64() / heard.seconds,
            notes,
        })
    }

    /// Decodes one recording, finds its speech and recognises it.
    pub(super) fn hear(
        &self,
        ear: &mut Ear,
        source: &Path,
        language: Lang,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Heard, Error> {
        let scratch = self.hearing_place()?;
        let mut tell = |done, total| {
            watcher(Progress::Step {
                step: Step::Decoding,
                done,
                total,
            })
        };
        let working = audio::make_working_copy(source, scratch.path(), &mut tell, cancel)?;
        let limits = SegmenterLimits {
            max_ms: ear.longest_ms,
            ..SegmenterLimits::default()
        };
        let mut segments = Vec::new();
        for (channel, file) in (0..).zip(&working.files) {
            let file = scratch.path().join(file);
            let mut tell = |done, total| {
                watcher(Progress::Step {
                    step: Step::FindingSpeech,
                    done,
                    total,
                })
            };
            for cut in audio::find_utterances(&file, &limits, &mut tell, cancel)? {
                let pcm = audio::read_span(&file, cut.span)?;
                let utterance = Utterance {
                    channel,
                    span: cut.span,
                    pcm,
                };
                let mut h = ear.engine.recognize(&utterance, &[language], cancel)?;
                if ear.practice {
                    h.flags.push(Flag::new(FlagKind::PracticeModel));
                }
                segments.push(SpokenSegment {
                    channel,
                    start_ms: cut.span.start.as_ms(),
                    end_ms: cut.span.end.as_ms(),
                    text: h.text,
                    confidence: h.confidence,
                    flags: h.flags,
                    words: h.words,
                });
            }
        }
        segments.sort_by_key(|s| (s.start_ms, s.channel));
        Ok(Heard {
            segments,
            seconds: working.duration.as_ms().max(1) as f64 / 1000.0,
            notes: working.notes.iter().map(ToString::to_string).collect(),
        })
    }

    /// A folder for the working copy, gone when this is dropped. The sound of a case stays inside the
    /// workspace, unless that cannot be written; that of a locked one always does.
    fn hearing_place(&self) -> Result<Scratch, Error> {
        let recordings = self.workspace.recordings();
        match self.scratch(Purpose::Hearing) {
            Err(_) if !vault::guards(&recordings) => {
                Scratch::elsewhere().map_err(|cause| Error::File {
                    what: "make a temporary folder",
                    cause,
                    path: std::env::temp_dir(),
                })
            }
            made => made,
        }
    }

    /// Loads a recogniser for one language: the named one, or the usual one.
    pub(super) fn recognizer(
        &self,
        wanted: &EarRequest<'_>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Ear, Error> {
        let EarRequest {
            language,
            model,
            case,
            raw,
        } = *wanted;
        let shelf = self.shelf();
        let prefer = Prefer {
            languages: &[language],
            case,
        };
        let named = match model {
            Some(text) => Named::find(&shelf, text)?,
            None => Named::listed(shelf.for_speech(language, self.config.speech_for(language))?),
        };
        match named.wanted(Kind::WhisperGgml)? {
            Named::Unlisted(Kind::Wav2vec2Ctc, folder) => {
                let name = unlisted_name(&folder);
                let engine = self.load_ctc(&folder, &name, Default::default(), prefer)?;
                let longest = engine.max_utterance_ms();
                Ok(unlisted(Box::new(engine), longest, &folder))
            }
            Named::Unlisted(_, file) => {
                let name = unlisted_name(&file);
                let engine = self.load_whisper(&file, &name, None, true, prefer)?;
                // Nobody says for which languages it was made.
                let longest = engine.max_utterance_ms();
                let longest = longest.min(Profile::of(language).longest_ms);
                Ok(unlisted(Box::new(engine), longest, &file))
            }
            Named::Listed(model) if !model.hears(language) => {
                Err(models::Error::NoSpeech(language).into())
            }
            Named::Listed(model) => {
                model.verify(cancel, watcher)?;
                let mut engine = self.load_listed(&model, case)?;
                if !raw {
                    engine = self.calibrated(engine, &model);
                }
                Ok(Ear {
                    maker: Some(Maker {
                        engine: engine.engine().to_owned(),
                        model: model.card.name.clone(),
                        sha256: model.digest(),
                    }),
                    longest_ms: longest_ms(&model.card, language).min(engine.max_utterance_ms()),
                    engine,
                    practice: model.card.practice,
                    notes: model.doubt(language).into_iter().collect(),
                })
            }
        }
    }

    /// Loads a translator for one direction.
    ///
    /// # Errors
    /// An unknown or unsuitable model; an unknown glossary; an unreadable register; a cancel.
    pub fn translator(
        &self,
        request: &TranslateRequest,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<OpenTranslator, Error> {
        let shelf = self.shelf();
        let named = match &request.model {
            Some(text) => Named::find(&shelf, text)?,
            None => Named::listed(
                shelf.for_translation(request.pair, self.config.translation_model.as_deref())?,
            ),
        };
        let opened = open_translator(named, cancel, watcher)?;
        let second = request.second.as_ref().or_else(|| {
            let set = self.config.second_translation_model.as_ref();
            set.filter(|name| !request.raw && **name != opened.model)
        });
        let second = match second {
            Some(text) => {
                let named = Named::find(&shelf, text)?;
                Some(open_translator(named, cancel, watcher)?)
            }
            None => None,
        };
        let notes = [Some(&opened), second.as_ref()];
        let notes = notes.into_iter().flatten();
        let notes = notes.filter_map(|o| o.note.clone()).collect();
        let route = TranslationRoute {
            model: opened.model,
            digest: opened.digest,
            pairs: vec![request.pair],
            engine: opened.engine,
            practice: opened.practice,
            second: second.map(|o| o.engine),
        };
        let case = request.case.as_deref();
        let glossary = match (&request.glossary, request.raw) {
            (_, true) => Glossary::default(),
            (Some(name), _) => self.glossary_named(name)?.for_case(case),
            (None, _) => self.glossary_for(case)?,
        };
        let mut options = self.line_options(request.beam, request.max_tokens, request.raw);
        if !request.raw {
            options.names = self.names_for(case, &glossary)?;
        }
        Ok(OpenTranslator {
            routes: vec![route],
            glossary,
            pair: request.pair,
            options,
            notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_model_is_judged_at_the_utterances_that_it_gets_in_casework() {
        let dir = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = root.join("models/practice/asr");
        if !own.join("model.bin").exists() {
            println!("skipped: no practice recogniser at {}", own.display());
            return;
        }
        let folder = dir.path().join("models/many");
        fs::create_dir_all(&folder).unwrap();
        fs::copy(own.join("model.bin"), folder.join("model.bin")).unwrap();
        let card = fs::read_to_string(own.join("model.toml")).unwrap();
        let card = card.replace("practice-asr", "many");
        let card = card.replace("practice = true", "practice = false");
        let card = card.replace("max_utterance_ms = 7000", "max_utterance_ms = 6900");
        fs::write(folder.join("model.toml"), card).unwrap();
        let app = App::open(&crate::app::Options {
            workspace: Some(dir.path().to_owned()),
            ..crate::app::Options::default()
        })
        .unwrap();
        let longest = |language, model| {
            let wanted = EarRequest {
                language,
                model: Some(model),
                case: None,
                raw: true,
            };
            let ear = app.recognizer(&wanted, &Cancel::new(), &|_| {}).unwrap();
            ear.longest_ms
        };
        // A Whisper for many languages gets shorter ones where a letter is several tokens.
        assert_eq!(longest(Lang::Zh, "many"), 6900);
        assert_eq!(longest(Lang::Lo, "many"), 6000);
        let file = folder.join("model.bin");
        assert_eq!(longest(Lang::Km, &file.to_string_lossy()), 6000);
    }
}
