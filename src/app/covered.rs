//! A covered copy for a partner: a bundle like every other, of an interview whose chain begins with what
//! it is a copy of. It holds nothing of the whole one's chain: the hash of a covered line would let
//! whoever has the copy try names until one fits. The whole one is named by the hash of its last event,
//! in which everything before is folded.

use std::fs::File;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::domain::{AudioFile, Cancel, Interview, InterviewId, Segment};
use crate::evidence::{
    self, BEGIN, Consent, Contents, Draft, Kind, Link, Outgoing, PublicKey, Row, SecretKey,
    Sign as _, To,
};
use crate::export::{self, Format, Redacted, Redaction, Sound, Source};
use crate::pipeline::{Progress, Step, Watcher};
use crate::vault;

use super::bundles::{Bundled, lines};
use super::evidence::Hashing;
use super::leaving::refuse_inside;
use super::scratch::Purpose;
use super::{App, Error};

/// What a copy's name has behind the interview's.
pub(super) const ENDING: &str = "-covered";
/// The name of its sound.
const SOUND: &str = "covered.wav";

/// What is covered in a copy, and what goes with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cover<'a> {
    /// The list of what to cover, beside the names for which a pseudonym stands.
    pub list: Option<&'a Path>,
    /// The sound goes with it, with a tone over what is covered.
    pub sound: bool,
}

/// A covered copy, and the time at which it was made.
struct CoveredCopy<'a> {
    copy: &'a Redacted,
    rules: &'a Redaction,
    interview: Interview,
    segments: Vec<Segment>,
    parent: &'a InterviewId,
    at: String,
}

impl App {
    /// Writes a covered copy of an interview for a partner: signed, and encrypted to `to` unless that
    /// is `None`.
    ///
    /// # Errors
    /// Nothing to cover, a rule that finds nothing; what the person interviewed does not allow;
    /// [`Error::DoesNotFit`] where the whole cannot be vouched for; a file that is there; a cancel.
    pub fn bundle_covered(
        &self,
        id: &str,
        cover: Cover<'_>,
        to: Option<&PublicKey>,
        out: &Path,
        signer: &SecretKey,
        (cancel, watcher): (&Cancel, Watcher<'_>),
    ) -> Result<Bundled, Error> {
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        if store.session(&id)?.is_some_and(|s| s.in_progress) {
            return Err(Error::SessionOpen(id));
        }
        if to.is_none() {
            refuse_inside(out)?;
        }
        let standing = self.standing(&store, &id)?;
        let bound = standing.bound.as_ref();
        let files = self.working_files(&id)?;
        let sound = cover.sound && !files.is_empty();
        let rules = self.covering(&store, bound, cover.list)?;
        let what = Outgoing {
            to: to.map_or(To::Anybody, |key| To::Partner(&key.number)),
            sound,
            named: !rules.as_ref().is_some_and(Redaction::covers_names),
        };
        if let Some(bound) = bound {
            bound.allow(&what)?;
        }
        let rules = rules.ok_or(Error::NothingToCover)?;
        self.insist(&store, &id, cancel, watcher)?;
        let gathered = self.gather(&id, Some(&rules))?;
        let copy = gathered.redacted.ok_or(Error::NothingToCover)?;
        let folder = self.scratch(Purpose::Covering)?;
        let mut made = CoveredCopy {
            interview: Interview {
                id: InterviewId(format!("{id}{ENDING}")),
                audio: Vec::new(),
                ..copy.interview.clone()
            },
            segments: copy.segments.clone(),
            copy: &copy,
            rules: &rules,
            parent: &id,
            at: jiff::Timestamp::now().to_string(),
        };
        for line in &mut made.segments {
            // A line that waits for its words has a version none the less: the block that covers it.
            line.version = line.version.max(1);
        }
        let mut audio = Vec::new();
        if sound {
            let channels = u16::try_from(files.len()).unwrap_or(u16::MAX);
            let source = Source {
                sound: Sound {
                    files: &files,
                    covered: &copy.covered,
                    heard: copy.heard.as_deref(),
                },
                redacted: Some(&copy),
                ..Source::new(&copy.interview, &copy.segments)
            };
            let path = folder.path().join(SOUND);
            let sha256 = write_sound(&source, &path, cancel, watcher)?;
            made.interview.audio = vec![AudioFile {
                path: SOUND.to_owned(),
                sha256: sha256.clone(),
                sample_rate: crate::domain::SAMPLE_RATE,
                channels,
                original_name: SOUND.to_owned(),
            }];
            audio.push((SOUND.to_owned(), path, sha256));
        }
        let consent = bound.map(|b| b.consent.clone());
        let contents = made.contents(consent, signer, audio)?;
        let mut facts = Map::new();
        facts.insert("covered".into(), json!(contents.head));
        facts.insert("places".into(), json!(copy.places));
        facts.insert("lines".into(), json!(copy.lines));
        self.send(
            &mut store,
            &id,
            (&contents, facts),
            (&standing, &what),
            (to, out, signer),
            (cancel, watcher),
        )
    }
}

impl CoveredCopy<'_> {
    /// Everything of the copy, with a chain of its own that says what it is a copy of.
    fn contents(
        &self,
        consent: Option<Consent>,
        signer: &SecretKey,
        audio: Vec<(String, std::path::PathBuf, String)>,
    ) -> Result<Contents, Error> {
        let rows = self.rows();
        let mut first = Draft::of(Kind::Covered, &rows)
            .with("parent", self.parent.0.as_str())
            .with("parent_head", self.copy.parent.as_str())
            .with("places", self.copy.places as u64)
            .with("lines", self.copy.lines as u64)
            .with("silent", self.copy.heard.is_some())
            .with("duration_ms", self.interview.duration_ms);
        if !self.interview.notes.is_empty() {
            first = first.with("notes", self.interview.notes.clone());
        }
        first.signer = Some(signer);
        let mut links = vec![self.link(&first, &[])?];
        if let Some(mut consent) = consent {
            // The field stays: a consent without it allows nothing.
            if self.rules.rule_in(&json!(consent.by)).is_some() {
                consent.by.clear();
            }
            let told = Draft {
                facts: consent.facts(),
                ..Draft::of(Kind::Consented, &[])
            };
            links.push(self.link(&told, &links)?);
        }
        let source = Source {
            redacted: Some(self.copy),
            with_sound: false,
            ..Source::new(&self.interview, &self.segments)
        };
        let mut shown = Vec::new();
        export::write(Format::Json, &source, &mut shown, &mut |_, _| Ok(()))?;
        let [transcript, page] = export::copies(&shown).ok_or(Error::Stopped)?;
        let key = signer.public().to_text();
        if let Some(rule) = self.rules.rule_in(&json!(signer.public().name)) {
            return Err(export::Error::SignerStays(rule).into());
        }
        let bodies = links.iter().map(|link| link.body.as_str());
        for text in bodies.chain([key.as_str()]) {
            let value: Value = serde_json::from_str(text).unwrap_or_default();
            if let Some(rule) = self.rules.rule_in(&value) {
                return Err(export::Error::WordStays(rule).into());
            }
        }
        Ok(Contents {
            interview: self.interview.id.0.clone(),
            head: evidence::head(&links).to_owned(),
            chain: lines(links.iter().map(|link| link.body.as_str())),
            records: lines(rows.iter().map(|row| row.line.as_str())),
            keys: lines(std::iter::once(key.as_str())),
            interview_json: shown,
            transcript,
            page,
            copies: export::COPIES_FORM,
            sound: Vec::new(),
            audio,
        })
    }

    fn link(&self, draft: &Draft<'_>, before: &[Link]) -> Result<Link, Error> {
        let previous = before.last().map_or(BEGIN, |link| link.hash.as_str());
        let number = (before.len() as u64).saturating_add(1);
        let link = draft.link(&self.interview.id.0, number, previous, &self.at);
        // Only a fraction has no canonical form, and there is none.
        link.ok_or(Error::Stopped)
    }

    /// The records of the copy, in the form in which the partner's program compares them.
    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut add = |name: String, columns: &[(&str, Value)]| {
            let columns = columns.iter().cloned();
            let columns = columns.map(|(name, value)| (name.to_owned(), value));
            rows.extend(Row::new(name, columns.collect()));
        };
        let interview = &self.interview;
        let head = [
            ("id", json!(interview.id)),
            ("started", json!(interview.started)),
            ("languages", json!(interview.languages)),
            ("case_name", json!(interview.case)),
            ("source", json!(interview.source)),
        ];
        add("interview".into(), &head);
        for (at, channel) in interview.channels.iter().enumerate() {
            let columns = [
                ("position", json!(at)),
                ("speaker", json!(channel.speaker)),
                ("languages", json!(channel.languages)),
            ];
            add(format!("channel {at}"), &columns);
        }
        for (at, audio) in interview.audio.iter().enumerate() {
            let columns = [
                ("path", json!(audio.path)),
                ("sha256", json!(audio.sha256)),
                ("sample_rate", json!(audio.sample_rate)),
                ("channels", json!(audio.channels)),
                ("original_name", json!(audio.original_name)),
            ];
            add(format!("audio {at}"), &columns);
        }
        for line in &self.segments {
            let (id, version) = (line.id.0, line.version);
            let columns = [
                ("line", json!(id)),
                ("version", json!(version)),
                ("lang", json!(line.lang)),
                ("speaker", json!(line.speaker)),
                ("start", json!(line.span.start.0)),
                ("end", json!(line.span.end.0)),
                ("status", json!(line.status.as_str())),
                ("text", json!(line.text)),
                ("channel", json!(line.channel)),
                ("author", json!(line.author)),
                ("confidence", digits(line.confidence)),
                ("words", within(&line.words)),
                ("flags", within(&line.flags)),
            ];
            add(format!("text {id}.{version}"), &columns);
            for made in &line.translations {
                let columns = [
                    ("line", json!(id)),
                    ("lang", json!(made.lang)),
                    ("text", json!(made.text)),
                    ("author", json!(made.engine)),
                    ("status", json!(made.status.as_str())),
                    ("of_version", json!(made.of_version)),
                    ("log_prob", digits(made.log_prob)),
                    ("terms", within(&made.terms)),
                    ("flags", within(&made.flags)),
                ];
                add(format!("translation {id}.{}.1", made.lang), &columns);
            }
        }
        rows
    }
}

/// A number as a record has it: canonical JSON has no fractions.
fn digits(number: Option<f32>) -> Value {
    json!(number.map(|number| format!("{:?}", f64::from(number))))
}

/// A list as a record has it: in one text.
fn within<T: serde::Serialize>(list: &[T]) -> Value {
    json!(serde_json::to_string(list).unwrap_or_default())
}

/// Writes the covered sound, sealed where the workspace is locked. Returns its SHA-256.
fn write_sound(
    source: &Source<'_>,
    path: &Path,
    cancel: &Cancel,
    watcher: Watcher<'_>,
) -> Result<String, Error> {
    let failed = |cause| Error::File {
        what: "write the file",
        cause,
        path: path.to_owned(),
    };
    let file = File::create_new(path).map_err(failed)?;
    let mut out = vault::Writer::new(file, path).map_err(failed)?;
    let mut hashing = Hashing::new(&mut out);
    let mut tell = |done, total| {
        watcher(Progress::Step {
            step: Step::Writing,
            done,
            total,
        });
        if cancel.is_cancelled() {
            return Err(export::Error::Cancelled);
        }
        Ok(())
    };
    export::write(Format::Audio, source, &mut hashing, &mut tell)?;
    let sha256 = hashing.digest();
    out.finish().map_err(failed)?;
    Ok(sha256)
}
