//! What the files inside a bundle say of one another: events, records, signatures, recordings, links of
//! the sound, and the transcript that people read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::acts::check_acts;
use super::bag::{AUDIO, CHAIN, INTERVIEW, KEYS, RECORDS, SOUND};
use super::canonical::sha256;
use super::chain::{Kind, Link, Row};
use super::check::{Check, Story, check_rows, check_signatures};
use super::keys::KnownKey;
use super::receive::Opened;
use super::shown::transcript;
use super::sign::PublicKey;
use super::sound::SoundHead;
use super::{Error, head};

/// What the files say of one another.
pub(super) fn contents(
    opened: &mut Opened,
    texts: &BTreeMap<&str, Vec<u8>>,
    manifest: &BTreeMap<String, String>,
    known: &[KnownKey],
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
    let mut rows = Vec::new();
    let mut records = BTreeMap::new();
    for line in lines(texts, RECORDS)? {
        let (row, columns) = Row::from_line(line).ok_or_else(|| Error::mismatch("a record"))?;
        records.insert(row.name.clone(), columns);
        rows.push(row);
    }
    keep(opened, check_rows(&story.events, &rows))?;
    let keys = signers(lines(texts, KEYS)?, known)?;
    if let Some(stray) = stray(&keys, &story) {
        return Err(Error::Form(format!(
            "the key {stray} signed nothing, or is there twice"
        )));
    }
    let signed = check_signatures(&story.events, &keys, &|_| None);
    keep(opened, signed)?;
    keep(opened, check_acts(&story.events, &records))?;
    keep(opened, sound(&records, manifest))?;
    if let Some(links) = sound_links(opened, &story, texts)? {
        keep(opened, links)?;
    }
    keep(
        opened,
        transcript(&opened.interview, text(texts, INTERVIEW)?, &records, &story),
    )?;
    if let Some(copy) = covered(&story) {
        keep(opened, copy)?;
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

/// The keys of those who signed events. The sender vouches for them with the bundle's signature; one
/// that was revoked here is revoked for the sender's events too.
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
        Ok(KnownKey {
            own: here.is_some_and(|k| k.own),
            revoked: here.and_then(|k| k.revoked.clone()),
            public,
        })
    };
    lines.map(read).collect()
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

/// The links of the sound follow one another to the end that the session's last event tells. The sound
/// itself is known by the hashes of its files.
fn sound_links(
    opened: &Opened,
    story: &Story,
    texts: &BTreeMap<&str, Vec<u8>>,
) -> Result<Option<Check>, Error> {
    const NAME: &str = "sound chain";
    let there = texts.contains_key(SOUND);
    let Some(told) = story.sound_head() else {
        let stray = Check::bad(NAME, "no event tells of it");
        return Ok(there.then_some(stray));
    };
    let mut head = SoundHead::default();
    for line in lines(texts, SOUND)? {
        let number = head.links.saturating_add(1);
        if let Err(what) = head.follow(&opened.interview, line) {
            return Ok(Some(Check::bad(NAME, format!("link {number} {what}"))));
        }
    }
    Ok(Some(if head == told {
        Check::good(NAME, format!("{} links", head.links))
    } else {
        Check::bad(NAME, "it is not the one that the session ended with")
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
