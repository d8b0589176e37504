//! Glossaries as TBX-Basic, the terminologists' exchange form (ISO 30042:2019, the style with
//! 'data categories as tags'). What the table knows and TBX has no category for stands in notes,
//! so that a glossary comes back from its own TBX as it was.

mod read;
#[cfg(test)]
mod tests;
mod write;

/// Marks a variant that is written with `~` in the table.
const EVERYDAY: &str = "accepted in a translation, never looked for in a source";
/// Stands before the state of review of a language.
const REVIEW: &str = "review: ";
/// Parts the id from the case of a row that is bound to one.
const BOUND: char = '\u{1F}';

/// A row's name as an XML name: what cannot stand there becomes `_x` and the code point and `_`.
fn xml_id(id: &str, case: &str) -> String {
    let whole = if case.is_empty() {
        id.to_owned()
    } else {
        format!("{id}{BOUND}{case}")
    };
    let mut name = String::new();
    let mut rest = whole.chars().peekable();
    while let Some(c) = rest.next() {
        let plain = c.is_ascii_alphabetic()
            || (c == '_' && rest.peek() != Some(&'x'))
            || (!name.is_empty() && (c.is_ascii_digit() || matches!(c, '-' | '.')));
        if plain {
            name.push(c);
        } else {
            name.push_str(&format!("_x{:X}_", u32::from(c)));
        }
    }
    name
}

/// The id that [`xml_id`] made a name of; other names stay as they are.
fn id_of(name: &str) -> String {
    let mut id = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("_x") {
        id.push_str(before);
        let coded = after
            .split_once('_')
            .filter(|(code, _)| (1..=6).contains(&code.len()))
            .and_then(|(code, behind)| {
                let c = u32::from_str_radix(code, 16)
                    .ok()
                    .and_then(char::from_u32)?;
                Some((c, behind))
            });
        match coded {
            Some((c, behind)) => {
                id.push(c);
                rest = behind;
            }
            None => {
                id.push_str("_x");
                rest = after;
            }
        }
    }
    id.push_str(rest);
    // The case of a bound row stands in its own element.
    id.split(BOUND).next().unwrap_or_default().to_owned()
}
