//! Certifying, sealing and verifying: the store's chain and records, the workspace's files and keys,
//! brought together for `evidence`, which knows none of them.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::Path;

use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};

use crate::audio;
use crate::domain::{AudioFile, Cancel, Interview, InterviewId, SegmentId};
use crate::evidence::{
    self, Check, Kind, KnownKey, Order, Row, SecretKey, Sign as _, SoundHead, Story, Verdict,
    WORKSPACE, check_acts, check_rows, check_signatures, check_sound, hash_reader,
};
use crate::pipeline::{Progress, Step, Watcher};
use crate::store::{self, Store};
use crate::text;
use crate::vault;

use super::anchors::{OWN_HEAD, lost, own_head};
use super::consent::consent_check;
use super::custody::Findings;
use super::whole::write_whole;
use super::{App, Error};

/// What a person signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The interview.
    pub interview: InterviewId,
    /// Which event of its chain.
    pub number: u64,
    /// The hash of that event: what is written on paper.
    pub head: String,
    /// Lines that still wait for an engine.
    pub pending: u64,
}

impl App {
    /// Signs for lines as a person who wrote none of them. Returns the new version of each. Lines that
    /// are held back, or that somebody changed without a key, are certified `despite` that only for a
    /// reason.
    ///
    /// # Errors
    /// A role that does not certify; a line that the person wrote, or that is held back or holds unsigned
    /// work where no reason is given; an unknown line.
    pub fn certify(
        &self,
        id: &str,
        segments: &[SegmentId],
        signer: &SecretKey,
        despite: Option<&str>,
    ) -> Result<(InterviewId, Vec<u32>), Error> {
        let public = signer.public();
        if !public.role.certifies() {
            let (role, what) = (public.role.as_str(), "certify lines");
            return Err(evidence::Error::Role { role, what }.into());
        }
        self.may_sign(signer)?;
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        let own = KnownKey {
            public: public.clone(),
            own: true,
            revoked: None,
        };
        // By name in any spelling, and by the key's number where a correction was signed with that.
        let name = text::fold(&public.name);
        let wrote = |author: &str| own.is_called(author) || text::fold(author.trim()) == name;
        let versions = store.certify(&id, segments, signer, &wrote, despite)?;
        Ok((id, versions))
    }

    /// The lines under a change of which a name was only typed: nobody signed for it.
    ///
    /// # Errors
    /// An unknown interview; an unreadable store.
    pub fn unsigned_work(&self, id: &InterviewId) -> Result<BTreeSet<SegmentId>, Error> {
        Ok(self.reading()?.unsigned_work(id)?)
    }

    /// Signs the head of an interview's chain, after everything was found to fit. From then on no
    /// sound, line or entry can be added; texts can, and stand behind the seal where all can see it.
    ///
    /// # Errors
    /// A role that does not seal; a session that still runs; [`Error::DoesNotFit`]; a cancel.
    pub fn seal(
        &self,
        id: &str,
        signer: &SecretKey,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Sealed, Error> {
        let role = signer.public().role;
        if !role.seals() {
            let (role, what) = (role.as_str(), "seal an interview");
            return Err(evidence::Error::Role { role, what }.into());
        }
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        if store.session(&id)?.is_some_and(|s| s.in_progress) {
            return Err(Error::SessionOpen(id));
        }
        let head = evidence::head(&store.chain(&id)?).to_owned();
        self.insist(&store, &id, cancel, watcher)?;
        let lines = store.segments(&id)?;
        let waits = |s: &&crate::domain::Segment| s.version == 0;
        let pending = lines.iter().filter(waits).count() as u64;
        let mut facts = Map::new();
        facts.insert("lines".into(), json!(lines.len()));
        facts.insert("pending".into(), json!(pending));
        facts.insert(OWN_HEAD.into(), json!(own_head(&store)?));
        self.may_sign(signer)?;
        // What came in meanwhile was not looked at.
        let link = store.note_behind(&id, &head, Kind::Sealed, facts, Some(signer))?;
        Ok(Sealed {
            number: store.chain(&id)?.len() as u64,
            interview: id,
            head: link.hash,
            pending,
        })
    }

    /// Everything of one interview against its chain: events, records, signatures, recordings, and
    /// the heads that were noted elsewhere. `paper` is a hash that somebody wrote down.
    ///
    /// # Errors
    /// An unknown interview; an unreadable store; a cancel. What does not fit is no error.
    pub fn verify_interview(
        &self,
        id: &str,
        paper: Option<&str>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Verdict, Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let mut checks = self.verify_stored(&store, &id, cancel, watcher)?;
        if let Some(paper) = paper {
            let digits: String = paper.chars().filter(|c| !c.is_whitespace()).collect();
            let (story, _) = Story::of(&id.0, &store.chain(&id).unwrap_or_default());
            checks.push(match story.begins_with(&digits.to_lowercase()) {
                Some(event) => {
                    let number = event.number;
                    Check::good(
                        "head",
                        format!("event {number} of the chain has these digits"),
                    )
                }
                None => Check::bad("head", "no event of the chain has these digits"),
            });
        }
        Ok(checks.into())
    }

    /// Refuses to vouch for what does not fit.
    pub(super) fn insist(
        &self,
        store: &Store,
        id: &InterviewId,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        let checks = self.verify_stored(store, id, cancel, watcher)?;
        match checks.into_iter().find(|check| !check.ok) {
            Some(check) => Err(Error::DoesNotFit(check)),
            None => Ok(()),
        }
    }

    fn verify_stored(
        &self,
        store: &Store,
        id: &InterviewId,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Vec<Check>, Error> {
        let mut checks = Vec::new();
        let mut all = Findings(&mut checks);
        all.read("database", store.check_schema().map_err(Error::from))?;
        let proofs = store.proofs_and_own(id).map_err(Error::from);
        let Some((links, rows, own, rests)) = all.read("database", proofs)? else {
            return Ok(checks);
        };
        let (story, chain) = Story::of(&id.0, &links);
        all.0.push(chain);
        if !story.events.is_empty() {
            all.0.push(check_rows(&story.events, &rows));
            // A broken one is told of by its own check.
            let own = evidence::read(WORKSPACE, &own).unwrap_or_default();
            let order = Order::of(&own, &id.0, &story);
            let keys = self.keys().and_then(|keys| Ok(keys.list()?));
            if let Some(keys) = all.read("signatures", keys)? {
                let before = |event: &evidence::Event| order.before_revocation(event);
                all.0.push(check_signatures(&story.events, &keys, &before));
            }
            let records = rows.iter().filter_map(|row| Row::from_line(&row.line));
            let records = records.map(|(row, columns)| (row.name, columns));
            all.0.push(check_acts(&story.events, &records.collect()));
            all.add(length(store, id, &story))?;
            all.add(shown(store, id))?;
        }
        let fits = self.own_chain(store, &own, id, (&story, rests));
        // A broken one is told of by its own check.
        let read = evidence::read(WORKSPACE, &own).unwrap_or_default();
        let lost = lost(&read, &story);
        all.add(fits.map(|fits| lost.filter(|_| fits.ok).unwrap_or(fits)))?;
        all.0.extend(story.seal_check());
        let consent = consent_check(store, id, (&own, &story));
        let consent = all.read("consent", consent)?;
        all.0.extend(consent.flatten());
        all.0.extend(story.clock_check());
        let interview = store.interview(id).map_err(Error::from);
        let Some(interview) = all.read("database", interview)? else {
            return Ok(checks);
        };
        let total: u64 = interview.audio.iter().map(|a| self.size(id, a)).sum();
        let mut done = 0;
        for audio in &interview.audio {
            let mut tell = |n: u64| {
                watcher(Progress::Step {
                    step: Step::Checking,
                    done: n.saturating_add(done),
                    total,
                });
            };
            all.add(self.sound(id, audio, &mut tell, cancel))?;
            done = done.saturating_add(self.size(id, audio));
        }
        all.0
            .extend(self.sound_chain(&interview, story.sound_head().as_ref(), cancel)?);
        let copies = self.working_copies(store, id, &story, cancel);
        let copies = all.read("database", copies)?;
        all.0.extend(copies.flatten());
        Ok(checks)
    }

    /// Every second of a session's sound against its link, where it was recorded with a chain.
    fn sound_chain(
        &self,
        interview: &Interview,
        told: Option<&SoundHead>,
        cancel: &Cancel,
    ) -> Result<Option<Check>, Error> {
        let folder = self.workspace.recording(&interview.id);
        let (lines, whole) = match audio::read_whole_sound_chain(&folder) {
            Ok(read) => read,
            Err(e) => return Ok(Some(Check::bad("sound chain", e.to_string()))),
        };
        if lines.is_empty() && told.is_none() {
            return Ok(None);
        }
        if told.is_some() && !whole {
            let detail = "something stands behind its last link";
            return Ok(Some(Check::bad("sound chain", detail)));
        }
        let parts: Vec<&str> = interview.audio.iter().map(|a| a.path.as_str()).collect();
        let mut open = |name: &str| {
            if Path::new(name).components().count() != 1 || name == ".." {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            Ok(Box::new(vault::open(&folder.join(name))?) as Box<dyn Read>)
        };
        let id = &interview.id.0;
        Ok(Some(check_sound(
            id, &lines, told, &parts, &mut open, cancel,
        )?))
    }

    fn size(&self, id: &InterviewId, audio: &AudioFile) -> u64 {
        let path = self.workspace.recording(id).join(&audio.path);
        path.metadata().map_or(0, |m| m.len())
    }

    /// One recording against the hash that stands in the record.
    fn sound(
        &self,
        id: &InterviewId,
        audio: &AudioFile,
        tell: &mut dyn FnMut(u64),
        cancel: &Cancel,
    ) -> Result<Check, Error> {
        let name = format!("sound {}", audio.path);
        // A changed record must not lead to a file elsewhere.
        if Path::new(&audio.path).components().count() != 1 || audio.path == ".." {
            return Ok(Check::bad(
                name,
                "the record names a file outside its folder",
            ));
        }
        let path = self.workspace.recording(id).join(&audio.path);
        let mut file = match vault::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Ok(Check::bad(name, "the file is missing"));
            }
            Err(cause) => {
                return Ok(Check::bad(
                    name,
                    format!("the file cannot be read: {cause}"),
                ));
            }
        };
        Ok(match hash_reader(&mut file, tell, cancel)? {
            Ok((found, bytes)) if found == audio.sha256 => {
                Check::good(name, format!("{bytes} bytes, SHA-256 {found}"))
            }
            Ok((found, _)) => Check::bad(name, format!("its SHA-256 is {found} now")),
            Err(cause) => Check::bad(name, format!("the file cannot be read: {cause}")),
        })
    }

    /// Whether an interview is called so.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn has_interview(&self, typed: &str) -> Result<bool, Error> {
        match self.reading()?.resolve(typed) {
            Ok(_) => Ok(true),
            Err(store::Error::NoInterview(_)) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Writes a small text to a file that is not there yet.
    ///
    /// # Errors
    /// A file that is there; a disk that refuses.
    pub fn write_text(&self, out: &Path, text: &str) -> Result<(), Error> {
        write_whole(out, false, &mut |file| {
            file.write_all(text.as_bytes())
                .map_err(|cause| Error::File {
                    what: "write the file",
                    cause,
                    path: out.to_owned(),
                })
        })
    }
}

/// Whether every line shows the version that counts, where it stands.
fn shown(store: &Store, id: &InterviewId) -> Result<Check, Error> {
    const NAME: &str = "shown";
    Ok(match store.wrongly_shown(id)? {
        Some(line) => Check::bad(NAME, format!("line {} shows an older version", line.0)),
        None => Check::good(NAME, "every line shows the version that counts"),
    })
}

/// The length of the sound that is stored against the one that was told at its end.
fn length(store: &Store, id: &InterviewId, story: &Story) -> Result<Check, Error> {
    const NAME: &str = "length";
    if store.session(id)?.is_some_and(|s| s.in_progress) {
        return Ok(Check::good(NAME, "the session has not ended"));
    }
    let stored = store.interview(id)?.duration_ms;
    Ok(match story.duration_ms() {
        Some(told) if told != stored => {
            Check::bad(NAME, format!("{stored} ms are stored, {told} ms were told"))
        }
        _ => Check::good(NAME, format!("{stored} ms")),
    })
}

/// Passes bytes on and hashes them.
pub(super) struct Hashing<'a> {
    out: &'a mut dyn Write,
    hasher: Sha256,
}

impl<'a> Hashing<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            hasher: Sha256::new(),
        }
    }

    /// SHA-256 of what was written.
    pub(super) fn digest(self) -> String {
        evidence::hex(&self.hasher.finalize())
    }
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
