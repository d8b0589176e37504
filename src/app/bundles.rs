//! Bundles: an interview for a partner across a border, and what a partner sent. What came from
//! elsewhere lies in a folder of its own, apart from the store, and can only be read.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::audio;
use crate::domain::{Cancel, InterviewId};
use crate::evidence::{
    self, Check, Contents, Kind, KnownKey, Opened, Outgoing, Packed, PublicKey, Receipt, Reception,
    SEALED, SecretKey, Sign as _, To, Verdict, open_bundle, open_folder, write_bundle,
};
use crate::export::{self, Format, Source};
use crate::pipeline::{Progress, Step, Watcher};
use crate::store::{self, Store};
use crate::vault;

use super::anchors::{OWN_HEAD, own_head};
use super::exported::looks_like_bundle;
use super::leaving::{Standing, TRIES, refuse_inside};
use super::scratch::Purpose;
use super::whole::write_noted;
use super::{App, Error};

/// Most bytes of a receipt.
const MAX_RECEIPT: u64 = 1 << 16;

/// The checks of a received bundle that say more than that all of it fits.
pub const TOLD_OF_A_BUNDLE: [&str; 4] = ["covered copy", "earlier bundles", "consent", "clock"];

/// A bundle that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// The interview.
    pub interview: InterviewId,
    /// Name, manifest and size.
    pub packed: Packed,
    /// The hash of the last event in it.
    pub head: String,
}

/// An interview that a partner sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Foreign {
    /// The bundle's own name.
    pub bundle: String,
    /// The interview's name where it was made.
    pub interview: String,
    /// The number of the key that signed the bundle.
    pub signer: String,
    /// The hash of the last event in it.
    pub head: String,
    /// When it came, RFC 3339.
    pub received: String,
    /// Where it lies.
    pub folder: PathBuf,
}

impl App {
    /// Writes an interview for a partner: signed, and encrypted to `to` unless that is `None`.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] for what cannot be vouched for; what the person interviewed does not
    /// allow; a file that is there; a cancel.
    pub fn bundle(
        &self,
        id: &str,
        to: Option<&PublicKey>,
        out: &Path,
        signer: &SecretKey,
        cancel: &Cancel,
        watcher: Watcher<'_>,
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
        let what = Outgoing {
            to: to.map_or(To::Anybody, |key| To::Partner(&key.number)),
            sound: !store.interview(&id)?.audio.is_empty(),
            named: true,
        };
        if let Some(bound) = &standing.bound {
            bound.allow(&what)?;
        }
        self.insist(&store, &id, cancel, watcher)?;
        let contents = self.contents(&store, &id)?;
        self.send(
            &mut store,
            &id,
            (&contents, Map::new()),
            (&standing, &what),
            (to, out, signer),
            (cancel, watcher),
        )
    }

    /// Writes the bundle and notes it in the chain, with these facts beside what is always told. The
    /// consent is asked once more when all is written: that took minutes. The entry comes before the
    /// file's name.
    pub(super) fn send(
        &self,
        store: &mut Store,
        id: &InterviewId,
        (contents, facts): (&Contents, Map<String, Value>),
        before: (&Standing, &Outgoing<'_>),
        (to, out, signer): (Option<&PublicKey>, &Path, &SecretKey),
        (cancel, watcher): (&Cancel, Watcher<'_>),
    ) -> Result<Bundled, Error> {
        let mut tell = |done, total| {
            watcher(Progress::Step {
                step: Step::Copying,
                done,
                total,
            });
        };
        self.may_sign(signer)?;
        let packed = write_noted(
            out,
            false,
            &mut |mut file| {
                Ok(write_bundle(
                    &mut file, contents, signer, to, &mut tell, cancel,
                )?)
            },
            &mut |packed: &Packed| {
                let mut facts = facts.clone();
                facts.insert("bundle".into(), json!(packed.bundle));
                facts.insert("manifest".into(), json!(packed.manifest));
                facts.insert("receiver".into(), json!(to.map(|key| &key.number)));
                facts.insert("signer".into(), json!(signer.public().number));
                facts.insert("sound".into(), json!(before.1.sound));
                facts.insert(OWN_HEAD.into(), json!(own_head(store)?));
                self.note_leaving(store, id, before, (Kind::Bundled, &facts))
            },
        )?;
        Ok(Bundled {
            interview: InterviewId(contents.interview.clone()),
            packed,
            head: contents.head.clone(),
        })
    }

    fn contents(&self, store: &Store, id: &InterviewId) -> Result<Contents, Error> {
        for _ in 0..TRIES {
            let (links, rows) = store.proofs(id)?;
            let (interview, segments) = self.show(&id.0)?;
            let source = Source::new(&interview, &segments);
            let mut shown = Vec::new();
            export::write(Format::Json, &source, &mut shown, &mut |_, _| Ok(()))?;
            let [transcript, page] = export::copies(&shown).ok_or(Error::Stopped)?;
            let head = evidence::head(&links).to_owned();
            // Somebody may have corrected a line between the two readings.
            if evidence::head(&store.chain(id)?) != head {
                continue;
            }
            let folder = self.workspace.recording(id);
            let sound = audio::read_sound_chain(&folder)?;
            let audio = interview.audio.iter();
            return Ok(Contents {
                interview: id.0.clone(),
                chain: lines(links.iter().map(|link| link.body.as_str())),
                records: lines(rows.iter().map(|row| row.line.as_str())),
                keys: self.signers(&id.0, &links)?,
                interview_json: shown,
                transcript,
                page,
                copies: export::COPIES_FORM,
                sound: lines(sound.iter().map(String::as_str)),
                audio: audio
                    .map(|a| (a.path.clone(), folder.join(&a.path), a.sha256.clone()))
                    .collect(),
                head,
            });
        }
        Err(store::Error::Busy.into())
    }

    /// The public keys of everybody who signed an event.
    fn signers(&self, id: &str, links: &[evidence::Link]) -> Result<Vec<u8>, Error> {
        let events = evidence::read(id, links).unwrap_or_default();
        let signed = |key: &&KnownKey| {
            let number = &key.public.number;
            let by = |e: &evidence::Event| e.signed.as_ref().is_some_and(|s| s.key == *number);
            events.iter().any(by)
        };
        let keys = self.keys()?.list()?;
        let texts: Vec<String> = keys
            .iter()
            .filter(signed)
            .map(|key| key.public.to_text())
            .collect();
        Ok(lines(texts.iter().map(String::as_str)))
    }

    /// Whether a bundle needs a key to be opened.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn is_encrypted(&self, file: &Path) -> Result<bool, Error> {
        let mut start = Vec::new();
        let most = SEALED.len() as u64;
        open_file(file)?
            .take(most)
            .read_to_end(&mut start)
            .map_err(|cause| unreadable(file, cause))?;
        Ok(start == SEALED)
    }

    /// Takes a partner's bundle in: checked to the last byte before it lies where it can be read, and beside
    /// those of the same interview that came before.
    ///
    /// # Errors
    /// Whatever does not fit, by name; then nothing is stored.
    pub fn receive(
        &self,
        file: &Path,
        secret: Option<&SecretKey>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<(Opened, Foreign), Error> {
        let mut store = self.store()?;
        let home = self.workspace.received();
        let failed = |cause| Error::File {
            what: "store the bundle",
            cause,
            path: home.clone(),
        };
        let folder = self.scratch(Purpose::Receiving)?;
        let (keys, into) = (self.believed_keys()?, Some((folder.path(), &store)));
        let mut opened = self.look_into(&keys, file, secret, into, cancel, watcher)?;
        self.insist_on_history(&mut opened)?;
        let place = home.join(&opened.bundle);
        let mut facts = Map::new();
        facts.insert("bundle".into(), json!(opened.bundle));
        facts.insert("foreign".into(), json!(opened.interview));
        facts.insert("signer".into(), json!(opened.signer.number));
        facts.insert("last".into(), json!(opened.head));
        facts.insert("manifest".into(), json!(opened.manifest));
        let noted = store.note_received(&opened.bundle, facts, || {
            // What a kill left there before it was noted was never received.
            remove_if_there(&place)
                .and_then(|()| fs::rename(folder.path(), &place))
                .and_then(|()| vault::sync_folder(&home))
                .map_err(failed)
        });
        if noted.is_err()
            && store
                .has_own(Kind::Received, "bundle", &opened.bundle)
                .is_ok_and(|noted| !noted)
        {
            // Without its event it was not received.
            let _ = remove_if_there(&place);
        }
        if !noted? {
            return Err(evidence::Error::Replay(opened.bundle).into());
        }
        let all = self.received()?;
        let found = all.into_iter().find(|f| f.bundle == opened.bundle);
        Ok((opened, found.ok_or(Error::Stopped)?))
    }

    /// Takes a partner's bundle in and writes a receipt for it, signed by `signer`. One that came before
    /// is checked again and gets its receipt now: the disk may have been full then.
    ///
    /// # Errors
    /// A receipt that is there, before anything is taken in; what [`App::receive`] says.
    pub fn receive_and_sign(
        &self,
        file: &Path,
        signer: &SecretKey,
        receipt: &Path,
        (cancel, watcher): (&Cancel, Watcher<'_>),
    ) -> Result<(Opened, Foreign), Error> {
        if receipt.symlink_metadata().is_ok() {
            return Err(Error::Exists(receipt.to_owned()));
        }
        self.may_sign(signer)?;
        let (opened, foreign) = match self.receive(file, Some(signer), cancel, watcher) {
            Err(Error::Evidence(evidence::Error::Replay(_))) => {
                self.received_before(file, signer, (cancel, watcher))?
            }
            done => done?,
        };
        self.write_text(receipt, &format!("{}\n", Receipt::sign(&opened, signer)))?;
        Ok((opened, foreign))
    }

    /// A bundle that was received before, from the same file, checked whole.
    fn received_before(
        &self,
        file: &Path,
        secret: &SecretKey,
        (cancel, watcher): (&Cancel, Watcher<'_>),
    ) -> Result<(Opened, Foreign), Error> {
        let keys = self.believed_keys()?;
        let opened = self.look_into(&keys, file, Some(secret), None, cancel, watcher)?;
        let same = &opened.manifest;
        let came = self.reading()?.has_own(Kind::Received, "manifest", same)?;
        let all = self.received()?;
        let found = all.into_iter().find(|f| came && f.bundle == opened.bundle);
        let other = || evidence::Error::Replay(opened.bundle.clone());
        let foreign = found.ok_or_else(other)?;
        Ok((opened, foreign))
    }

    /// What partners sent, the first one first.
    ///
    /// # Errors
    /// An unreadable store; [`Error::DoesNotFit`] where its own chain is broken.
    pub fn received(&self) -> Result<Vec<Foreign>, Error> {
        let links = self.reading()?.own_chain()?;
        let events = evidence::read(evidence::WORKSPACE, &links)
            .map_err(|e| Error::DoesNotFit(Check::bad("workspace", e.to_string())))?;
        let fact = |e: &evidence::Event, name| e.fact(name).unwrap_or_default().to_owned();
        let received = events.iter().filter(|e| e.kind == Kind::Received.as_str());
        Ok(received
            .map(|e| Foreign {
                bundle: fact(e, "bundle"),
                interview: fact(e, "foreign"),
                signer: fact(e, "signer"),
                head: fact(e, "last"),
                received: e.at.clone(),
                folder: self.workspace.received().join(fact(e, "bundle")),
            })
            .collect())
    }

    /// A bundle, an unpacked one, or a receipt against the keys of this workspace; any other file against
    /// what was exported from it.
    ///
    /// # Errors
    /// A file that cannot be read; a cancel. What does not fit is no error.
    pub fn verify_file(
        &self,
        file: &Path,
        secret: Option<&SecretKey>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Verdict, Error> {
        let checks = match read_receipt(file) {
            Some(line) => self.check_receipt(&line),
            None => self
                .look_into(&self.believed_keys()?, file, secret, None, cancel, watcher)
                .and_then(|opened| {
                    let earlier = self.beside_earlier(&opened, &self.received()?);
                    Ok(opened.checks.into_iter().chain(earlier).collect())
                }),
        };
        let not_a_bundle = |e: &evidence::Error| matches!(e, evidence::Error::NotABundle);
        match checks {
            Ok(checks) => Ok(checks.into()),
            Err(Error::Evidence(e))
                if (e.is_mismatch() || not_a_bundle(&e))
                    && file.is_file()
                    && !looks_like_bundle(file) =>
            {
                let found = self.as_exported(file, cancel)?;
                let is_receipt = !found.ok && read_receipt(file).is_some();
                let told = is_receipt.then(|| Check::bad("file", e.to_string()));
                Ok(vec![told.unwrap_or(found)].into())
            }
            Err(Error::Evidence(e)) if e.is_mismatch() => {
                let name = if file.is_dir() { "folder" } else { "file" };
                Ok(vec![Check::bad(name, e.to_string())].into())
            }
            Err(e) => Err(e),
        }
    }

    pub(super) fn look_into(
        &self,
        keys: &[KnownKey],
        file: &Path,
        secret: Option<&SecretKey>,
        into: Option<(&Path, &Store)>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Opened, Error> {
        let total = file.metadata().map_or(0, |m| m.len());
        let mut tell = |done| {
            watcher(Progress::Step {
                step: Step::Checking,
                done,
                total,
            });
        };
        let mut trouble = None;
        let mut admit = |opened: &Opened| match into {
            None => Ok(()),
            Some((_, store)) => admit(opened, keys, store, &mut trouble),
        };
        let before = self.before_revocations();
        let how = Reception {
            keys,
            before: &|event| before.tells(event),
            secret,
            into: into.map(|(folder, _)| folder),
            admit: &mut admit,
            copies: export::COPIES,
            tell: &mut tell,
            cancel,
        };
        let opened = if file.is_dir() {
            open_folder(file, how)
        } else {
            open_bundle(BufReader::new(open_file(file)?), how)
        };
        match trouble {
            Some(store) => Err(store.into()),
            None => Ok(opened?),
        }
    }
}

/// Refuses a bundle that was seen before or is for somebody else, before its payload is read.
fn admit(
    opened: &Opened,
    keys: &[KnownKey],
    store: &Store,
    trouble: &mut Option<store::Error>,
) -> Result<(), evidence::Error> {
    if let Some(receiver) = &opened.receiver
        && !keys.iter().any(|k| k.own && k.public.number == *receiver)
    {
        return Err(evidence::Error::OtherReceiver(receiver.clone()));
    }
    match store.has_own(Kind::Received, "bundle", &opened.bundle) {
        Ok(false) => Ok(()),
        Ok(true) => Err(evidence::Error::Replay(opened.bundle.clone())),
        Err(e) => {
            *trouble = Some(e);
            Err(evidence::Error::Cancelled)
        }
    }
}

/// The line of a receipt, where the file is one.
fn read_receipt(file: &Path) -> Option<String> {
    let mut text = String::new();
    let input = File::open(file).ok().filter(|_| file.is_file())?;
    input.take(MAX_RECEIPT).read_to_string(&mut text).ok()?;
    text.starts_with('{').then_some(text)
}

pub(super) fn lines<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

/// Removes a folder, or what stands in its place.
fn remove_if_there(path: &Path) -> io::Result<()> {
    let gone = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match gone {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn open_file(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|cause| unreadable(path, cause))
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    Error::File {
        what: "read the file",
        cause,
        path: path.to_owned(),
    }
}
