//! What a bundle gives people to read, made of its JSON alone: who sends it and who receives it make
//! the same two files of the same bytes, so that neither can show what the records do not hold.

use super::reading::{JsonInterview, read_json};
use super::{Format, Redacted, Source, clean_lines, is_machine_translation, json, write};
use crate::domain::Translation;
use crate::evidence::Copies;

/// The form of what [`copies`] makes and of the JSON that it is made of. Raised with every change of
/// either, so that copies are compared byte by byte by whoever makes the same ones.
pub const COPIES_FORM: u32 = 1;

/// How a bundle's copies are made here.
pub const COPIES: Copies = Copies {
    form: COPIES_FORM,
    json: json::anew,
    make: copies,
    words,
};

/// The transcript as plain text, and as a page without sound, of an interview in the form that
/// [`Format::Json`] writes; `None` for anything else.
pub fn copies(json: &[u8]) -> Option<[Vec<u8>; 2]> {
    let JsonInterview {
        interview,
        segments,
        covered,
    } = read_json(json)?;
    let copy = covered.as_ref().map(|covered| Redacted {
        interview: interview.clone(),
        segments: Vec::new(),
        covered: Vec::new(),
        heard: covered.silent.then(Vec::new),
        places: covered.places,
        lines: covered.lines,
        parent: covered.parent_sha256.clone(),
    });
    let source = Source {
        with_sound: false,
        redacted: copy.as_ref(),
        ..Source::new(&interview, &segments)
    };
    let made = |format| {
        let mut bytes = Vec::new();
        let done = write(format, &source, &mut bytes, &mut |_, _| Ok(()));
        done.ok().map(|()| bytes)
    };
    Some([made(Format::Txt)?, made(Format::Html)?])
}

/// What people must find in every form of the copies: of each line in its order the words that were said
/// and those of its translations, but for those that are held back. `None` for what is no interview.
fn words(json: &[u8]) -> Option<Vec<Vec<String>>> {
    let segments = read_json(json)?.segments.into_iter();
    let words = segments.map(|line| {
        let held = line.quarantined().is_some();
        let shown = |made: &&Translation| !held || !is_machine_translation(made);
        let translated = line.translations.iter().filter(shown);
        let said = (!held).then_some(&line.text).into_iter();
        let all = said.chain(translated.map(|made| &made.text));
        all.flat_map(|text| clean_lines(text)).collect()
    });
    Some(words.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Flag, FlagKind, Lang, Status};
    use crate::evidence::sha256;
    use crate::export::tests::{SIX, export, interview, line, translation};

    #[test]
    fn the_json_alone_gives_what_the_interview_itself_gives_in_six_scripts() {
        for (lang, words) in SIX {
            let to = if lang == Lang::Vi { Lang::Zh } else { Lang::Vi };
            let mut segments = vec![line(1, lang, words), line(2, lang, "")];
            segments[0].flags = vec![
                Flag::new(FlagKind::PracticeModel),
                Flag::with(FlagKind::Zawgyi, format!("{words} <b>")),
            ];
            segments[0].speaker = "សុខា & co".to_owned();
            segments[1].status = Status::Failed;
            segments[0].translations.push(translation(to, "x\ny <i>"));
            let mut of = interview(&[lang, to]);
            of.notes = vec!["all channels carry the same sound".to_owned()];
            let json = export(Format::Json, &of, &segments);
            let [text, page] = copies(json.as_bytes()).unwrap();
            assert_eq!(
                String::from_utf8(text).unwrap(),
                export(Format::Txt, &of, &segments)
            );
            assert_eq!(
                String::from_utf8(page).unwrap(),
                export(Format::Html, &of, &segments)
            );
        }
    }

    #[test]
    fn what_is_no_interview_gives_nothing() {
        for wrong in ["", "{}", "[1]", "{\"id\":\"a\"}", "\u{0}"] {
            assert_eq!(copies(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_same_form_is_the_same_bytes() {
        let [zh, vi] = [SIX[0], SIX[1]];
        let mut segments = vec![line(1, zh.0, zh.1), line(2, vi.0, vi.1)];
        segments[0].flags = vec![Flag::with(FlagKind::Zawgyi, "x & y")];
        segments[0].translations.push(translation(Lang::Vi, "x\ny"));
        segments[1].status = Status::Certified;
        let json = export(Format::Json, &interview(&[zh.0, vi.0]), &segments);
        let [text, page] = copies(json.as_bytes()).unwrap();
        let made = [json.as_bytes(), &text, &page].map(sha256);
        // Where one of them changes by intent: raise `COPIES_FORM` and write the new ones here.
        assert_eq!(COPIES_FORM, 1);
        let asked = format!("Mekong-Copies: {COPIES_FORM}'");
        assert!(crate::evidence::SCRIPT.contains(&asked), "the script");
        assert_eq!(
            made.map(|digits| digits[..16].to_owned()),
            ["060daade31263771", "6257ec891b7b1f97", "9dbfad8bd3b0060e"]
        );
    }

    #[test]
    fn the_words_to_be_found_are_those_of_every_line() {
        for (lang, said) in SIX {
            let mut segments = vec![line(1, lang, said), line(2, lang, "")];
            segments[0]
                .translations
                .push(translation(Lang::En, " x\n\ny "));
            let json = export(Format::Json, &interview(&[lang, Lang::En]), &segments);
            let [text, _] = copies(json.as_bytes()).unwrap();
            let found = words(json.as_bytes()).unwrap();
            assert_eq!(found.len(), 2);
            assert!(found[0].ends_with(&["x".to_owned(), "y".to_owned()]));
            assert!(found[0].len() > 2 && found[1].is_empty(), "{found:?}");
            let text = String::from_utf8(text).unwrap();
            assert!(found[0].iter().all(|words| text.contains(words)));
        }
        assert!(words(b"{}").is_none());
    }
}
