//! What the files inside a bundle say of one another: events, records, signatures, recordings, links of
//! the sound, and the transcript that people read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::acts::check_acts;
use super::bag::{AUDIO, CHAIN, INTERVIEW, KEYS, RECORDS, SOUND};
use super::canonical::sha256;
use super::chain::{Event, Kind, Link, Row};
use super::check::{Check, Story, check_rows, check_signatures};
use super::heard::Heard;
use super::keys::KnownKey;
use super::receive::Opened;
use super::shown::transcript;
use super::sign::PublicKey;
use super::sound::follow_all;
use super::{Error, head};

/// What is known here of what a bundle holds.
pub(super) struct Known<'a> {
    /// The keys of this workspace.
    pub keys: &'a [KnownKey],
    /// Whether an event was there before its key was revoked.
    pub before: &'a dyn Fn(&Event) -> Option<bool>,
    /// The sound that came by.
    pub heard: &'a Heard,
    /// This program shows an interview in the form in which the sender did.
    pub same_form: bool,
}

/// What the files say of one another.
pub(super) fn contents(
    opened: &mut Opened,
    texts: &BTreeMap<&str, Vec<u8>>,
    manifest: &BTreeMap<String, String>,
    known: &Known<'_>,
) -> Result<(), Error> {
    let links: Vec<Link> = lines(texts, CHAIN)?
        .map(|line| Link {
            body: line.to_owned(),
            hash: sha256(line.as_bytes()),
        })
        .collect();
    let (story, chain) = Story::of(&opened.interview, &links);
    keep(opened, chain)?;
    if head(&links) != opened.head {
        return Err(Error::mismatch("the last event"));
    }
    opened.hashes = story.events.iter().map(|e| e.hash.clone()).collect();
    let mut rows = Vec::new();
    let mut records = BTreeMap::new();
    for line in lines(texts, RECORDS)? {
        let (row, columns) = Row::from_line(line).ok_or_else(|| Error::mismatch("a record"))?;
        records.insert(row.name.clone(), columns);
        rows.push(row);
    }
    keep(opened, check_rows(&story.events, &rows))?;
    let keys = signers(lines(texts, KEYS)?, known.keys)?;
    if let Some(stray) = stray(&keys, &story) {
        return Err(Error::Form(format!(
            "the key {stray} signed nothing, or is there twice"
        )));
    }
    let mut signed = check_signatures(&story.events, &keys, known.before);
    if signed.ok {
        signed
            .detail
            .push_str(&by_revoked(&keys, &story, known.before));
    }
    keep(opened, signed)?;
    keep(opened, check_acts(&story.events, &records))?;
    keep(opened, sound(&records, manifest))?;
    if let Some(links) = sound_links(opened, &story, texts, known.heard)? {
        keep(opened, links)?;
    }
    let shown = text(texts, INTERVIEW)?;
    let shown = transcript(&opened.interview, shown, &records, &story, known.same_form);
    keep(opened, shown)?;
    if let Some(copy) = covered(&story) {
        keep(opened, copy)?;
        let parent = story.events.first().and_then(|e| e.fact("parent"));
        opened.parent = Some(parent.unwrap_or_default().to_owned());
    }
    let told = [
        story.seal_check(),
        story.consent_check(),
        story.clock_check(),
    ];
    opened.checks.extend(told.into_iter().flatten());
    Ok(())
}

/// Of a covered copy: what it is a copy of, by its first event.
fn covered(story: &Story) -> Option<Check> {
    const NAME: &str = "covered copy";
    let kind = Kind::Covered.as_str();
    let event = story.events.iter().find(|e| e.kind == kind)?;
    let parent = event.fact("parent_head").filter(|digits| is_hash(digits));
    let number = |name: &str| event.facts.get(name).and_then(Value::as_u64);
    let (places, lines) = (number("places"), number("lines"));
    Some(match (event.number, parent, places, lines) {
        (1, Some(head), Some(places), Some(lines)) => {
            let of = event.fact("parent").unwrap_or_default();
            let detail = format!(
                "of {of}, whose last event is {head}; {places} places in {lines} lines are covered"
            );
            Check::good(NAME, detail)
        }
        _ => Check::bad(NAME, "it does not say what it is a copy of"),
    })
}

fn is_hash(digits: &str) -> bool {
    digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

pub(super) fn keep(opened: &mut Opened, check: Check) -> Result<(), Error> {
    if !check.ok {
        return Err(Error::Form(format!("{}: {}", check.name, check.detail)));
    }
    opened.checks.push(check);
    Ok(())
}

/// The keys of those who signed events. The sender vouches for them with the bundle's signature, but one
/// that is known here comes with the name and role that it has here, and one that was revoked here is
/// revoked for the sender's events too.
fn signers<'a>(
    lines: impl Iterator<Item = &'a str>,
    known: &[KnownKey],
) -> Result<Vec<KnownKey>, Error> {
    let read = |line: &str| {
        let public = PublicKey::from_text(line)?;
        if public.to_text() != line {
            return Err(Error::mismatch("a key"));
        }
        let here = known.iter().find(|k| k.public.number == public.number);
        if here.is_some_and(|k| k.public != public) {
            let start: String = public.number.chars().take(16).collect();
            return Err(Error::Form(format!(
                "the key {start}... has another name, role or lock in it than here"
            )));
        }
        Ok(KnownKey {
            own: here.is_some_and(|k| k.own),
            revoked: here.and_then(|k| k.revoked.clone()),
            public,
        })
    };
    lines.map(read).collect()
}

/// What there is to say of events by keys that were revoked here and that nothing tells to have come before:
/// only the sender's dates do.
fn by_revoked(keys: &[KnownKey], story: &Story, before: &dyn Fn(&Event) -> Option<bool>) -> String {
    let revoked = |number: &str| {
        let mut keys = keys.iter().filter(|k| k.revoked.is_some());
        keys.any(|k| k.public.number == number)
    };
    let unproved = story.events.iter().filter(|e| before(e).is_none());
    let signed = unproved.filter_map(|e| e.signed.as_ref());
    match signed.filter(|by| revoked(&by.key)).count() {
        0 => String::new(),
        n => format!(
            "; {n} of them by a key that was revoked here since: that they were made before is the \
             sender's word"
        ),
    }
}

/// The beginning of the number of a key that signed no event, or that came along twice.
fn stray(keys: &[KnownKey], story: &Story) -> Option<String> {
    let signed = |number: &str| {
        let mut signatures = story.events.iter().filter_map(|e| e.signed.as_ref());
        signatures.any(|by| by.key == number)
    };
    let numbers: Vec<&str> = keys.iter().map(|k| k.public.number.as_str()).collect();
    let mut places = numbers.iter().enumerate();
    let (_, stray) = places.find(|(at, number)| {
        let before = numbers.get(..*at).unwrap_or_default();
        before.contains(number) || !signed(number)
    })?;
    Some(stray.chars().take(16).collect())
}

/// Every recording that the records name is in the bundle with the hash that they name, and no other.
fn sound(
    records: &BTreeMap<String, Map<String, Value>>,
    manifest: &BTreeMap<String, String>,
) -> Check {
    const NAME: &str = "sound";
    let column = |row: &Map<String, Value>, name: &str| {
        let found = row.get(name).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let recordings = records
        .iter()
        .filter(|(name, _)| name.starts_with("audio "));
    let mut named = Vec::new();
    for (_, row) in recordings {
        let path = format!("{AUDIO}{}", column(row, "path"));
        if manifest.get(&path) != Some(&column(row, "sha256")) {
            return Check::bad(
                NAME,
                format!("'{path}' is not the recording that was stored"),
            );
        }
        named.push(path);
    }
    let extra = manifest
        .keys()
        .find(|n| n.starts_with(AUDIO) && !named.contains(n));
    match extra {
        Some(extra) => Check::bad(NAME, format!("'{extra}' is in no record")),
        None => Check::good(NAME, format!("{} recordings", named.len())),
    }
}

/// The links of the sound follow one another to the end that the session's last event tells, and hold
/// every second of the recordings that came by.
fn sound_links(
    opened: &Opened,
    story: &Story,
    texts: &BTreeMap<&str, Vec<u8>>,
    heard: &Heard,
) -> Result<Option<Check>, Error> {
    const NAME: &str = "sound chain";
    let there = texts.contains_key(SOUND);
    let Some(told) = story.sound_head() else {
        let stray = Check::bad(NAME, "no event tells of it");
        return Ok(there.then_some(stray));
    };
    let lines: Vec<String> = lines(texts, SOUND)?.map(str::to_owned).collect();
    let links = follow_all(&opened.interview, &lines, Some(&told));
    let fits = links.and_then(|links| Ok((links.len(), heard.check(&links)?)));
    Ok(Some(match fits {
        Ok((links, seconds)) => {
            Check::good(NAME, format!("{links} links, {seconds:.1} s of sound"))
        }
        Err(why) => Check::bad(NAME, why),
    }))
}

/// The lines of a file, each with its end: no byte stands outside of them.
fn lines<'a>(
    files: &'a BTreeMap<&str, Vec<u8>>,
    name: &str,
) -> Result<impl Iterator<Item = &'a str>, Error> {
    let text = text(files, name)?;
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(Error::mismatch(format!("the end of '{name}'")));
    }
    Ok(text.split_terminator('\n'))
}

pub(super) fn text<'a>(files: &'a BTreeMap<&str, Vec<u8>>, name: &str) -> Result<&'a str, Error> {
    let bytes = files.get(name).map(Vec::as_slice).unwrap_or_default();
    std::str::from_utf8(bytes).map_err(|_| Error::mismatch(format!("'{name}'")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Role, SecretKey, Sign as _};

    #[test]
    fn a_key_that_was_revoked_here_is_revoked_inside_a_bundle() {
        let keys = ["李明", "N. Thu"].map(|name| SecretKey::new(name, Role::Officer).unwrap());
        let texts = keys.each_ref().map(|key| key.public().to_text());
        let known = [KnownKey {
            public: keys[0].public().clone(),
            own: false,
            revoked: Some("2026-11-24T00:00:00Z".to_owned()),
        }];
        let read = signers(texts.iter().map(String::as_str), &known).unwrap();
        assert!(!read[0].is_trusted_at("2026-11-25T00:00:00Z"));
        assert!(read[0].is_trusted_at("2026-11-23T00:00:00Z"));
        // One that nobody knows here is vouched for by the sender.
        assert!(read[1].is_trusted_at("2026-11-25T00:00:00Z"));
    }
}
