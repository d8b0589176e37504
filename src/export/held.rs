//! Words that a machine most likely invented stand in no export before a person has decided on them:
//! the reason stands in their place. JSON carries the words, and so does the window.

use std::borrow::Cow;

use crate::domain::{FlagKind, Segment};

use super::html::explain;
use super::is_machine_translation;

/// The lines as people are given them to read: of those that are held back neither the words, nor what
/// a doubt quotes of them, nor what a machine made of them in another language.
pub(super) fn hold_back(segments: &[Segment]) -> Cow<'_, [Segment]> {
    if segments.iter().all(|s| s.quarantined().is_none()) {
        return Cow::Borrowed(segments);
    }
    Cow::Owned(segments.iter().map(held).collect())
}

fn held(segment: &Segment) -> Segment {
    let mut line = segment.clone();
    let Some(kind) = segment.quarantined() else {
        return line;
    };
    line.text = mark(kind);
    line.words.clear();
    line.flags.iter_mut().for_each(|flag| flag.detail.clear());
    let made = line.translations.iter_mut();
    for translation in made.filter(|t| is_machine_translation(t)) {
        translation.text = mark(kind);
        translation.terms.clear();
        let flags = translation.flags.iter_mut();
        flags.for_each(|flag| flag.detail.clear());
    }
    line
}

fn mark(kind: FlagKind) -> String {
    format!("[held back: {}]", explain(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Flag, Lang, Status};
    use crate::export::tests::{SIX, export, interview, line, translation};
    use crate::export::{Format, json_value};

    /// A line with words that no other one has, in each of the six scripts.
    fn invented(flag: FlagKind, (lang, text): (Lang, &str)) -> Segment {
        let mut said = line(1, lang, text);
        said.flags = vec![Flag::with(flag, text)];
        said.translations.push(translation(Lang::En, "invented"));
        said.translations[0].flags = vec![Flag::with(FlagKind::NumberMismatch, "invented")];
        said
    }

    #[test]
    fn words_that_nobody_said_stand_in_no_export_but_json() {
        let formats = [
            Format::Txt,
            Format::Csv,
            Format::Srt,
            Format::Vtt,
            Format::Html,
            Format::Eaf,
            Format::Tmx,
        ];
        for (at, case) in SIX.into_iter().enumerate() {
            let shown = interview(&[case.0, Lang::En]);
            let kinds = FlagKind::ALL.into_iter().filter(|k| k.quarantines());
            let kind = kinds.cycle().nth(at).unwrap();
            let said = invented(kind, case);
            for format in formats {
                let text = export(format, &shown, std::slice::from_ref(&said));
                assert!(!text.contains(case.1), "{format} {text}");
                // The warning at the head speaks of no words.
                assert!(!text.contains("invented"), "{format} {text}");
                let told = text.contains(&format!("[held back: {}]", explain(kind)));
                // A memory of translations has no use for a line without words.
                assert_eq!(told, format != Format::Tmx, "{format} {text}");
            }
            let json = json_value(&shown, std::slice::from_ref(&said));
            assert_eq!(json["segments"][0]["text"], case.1);
        }
    }

    #[test]
    fn what_a_person_decided_on_or_what_is_only_doubtful_stays() {
        let case = SIX[3];
        let shown = interview(&[case.0, Lang::En]);
        let mut lines = Vec::new();
        for status in [Status::Edited, Status::Certified] {
            let mut said = invented(FlagKind::PhantomPhrase, case);
            said.status = status;
            lines.push(said);
        }
        lines.push(invented(FlagKind::LowConfidence, case));
        for said in lines {
            let text = export(Format::Srt, &shown, &[said]);
            assert!(text.contains(case.1) && !text.contains("held back"));
        }
        // A person's translation is a person's decision on its own words only.
        let mut said = invented(FlagKind::PhantomPhrase, case);
        said.translations[0].status = Status::Edited;
        let text = export(Format::Srt, &shown, &[said]);
        assert!(
            text.contains("invented") && !text.contains(case.1),
            "{text}"
        );
    }
}
