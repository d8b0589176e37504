//! The numbers of Whisper's special tokens, which follow from the size of the vocabulary.
//!
//! After the text tokens come the end, the start, the languages, then the tasks and marks
//! (openai/whisper `tokenizer.py`). Version 3 knows one language more, so what follows moves by one.

use crate::domain::Lang;

use super::ggml::Header;

/// A token's number.
pub type Token = i32;

/// Text tokens of the multilingual vocabularies; the next one is the end token.
const END: Token = 50_257;
/// Languages of the vocabulary of 51,865 tokens.
const LANGUAGES: Token = 99;
/// Its size.
const VOCABULARY: Token = 51_865;

/// The special tokens of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Special {
    /// End of the text; all text tokens are below.
    pub end: Token,
    /// Start of the transcript.
    pub start: Token,
    /// Write in the language that is spoken.
    pub transcribe: Token,
    /// What follows is text from before the utterance.
    pub start_of_prev: Token,
    /// Nobody speaks.
    pub no_speech: Token,
    /// Write no timestamps.
    pub no_timestamps: Token,
}

impl Special {
    /// Those of a model with this header.
    pub fn of(header: &Header) -> Self {
        let size = Token::try_from(header.vocabulary).unwrap_or(VOCABULARY);
        let languages = LANGUAGES.saturating_add(size.saturating_sub(VOCABULARY));
        // After the languages: translate, transcribe, start of lm, start of prev, no speech.
        let after = END.saturating_add(2).saturating_add(languages);
        Self {
            end: END,
            start: END.saturating_add(1),
            transcribe: after.saturating_add(1),
            start_of_prev: after.saturating_add(3),
            no_speech: after.saturating_add(4),
            no_timestamps: after.saturating_add(5),
        }
    }

    /// The token of a language. Its place among the languages is the same in all models.
    pub fn language(&self, lang: Lang) -> Token {
        let place = match lang {
            Lang::En => 0,
            Lang::Zh => 1,
            Lang::Vi => 19,
            Lang::Th => 30,
            Lang::Km => 64,
            Lang::Lo => 77,
            Lang::My => 87,
        };
        self.start.saturating_add(1).saturating_add(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::fixture::TINY;

    #[test]
    fn languages_stand_where_whisper_cpp_has_them() {
        let special = Special::of(&TINY);
        for lang in Lang::ALL {
            let place = whisper_rs::get_lang_id(lang.code()).unwrap();
            assert_eq!(special.language(lang), special.start + 1 + place, "{lang}");
        }
    }

    #[test]
    fn version_three_has_one_language_more() {
        let old = Special::of(&TINY);
        let new = Special::of(&Header {
            vocabulary: 51_866,
            ..TINY
        });
        assert_eq!((old.end, old.start), (50_257, 50_258));
        assert_eq!(
            (old.transcribe, old.no_speech, old.no_timestamps),
            (50_359, 50_362, 50_363)
        );
        assert_eq!(
            (new.transcribe, new.no_speech, new.no_timestamps),
            (50_360, 50_363, 50_364)
        );
        assert_eq!((old.start_of_prev, new.start_of_prev), (50_361, 50_362));
        assert_eq!(new.language(Lang::Lo), old.language(Lang::Lo));
    }
}
