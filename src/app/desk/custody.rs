//! The desk's part for exports and evidence: the same functions that the command line calls. A key
//! that a person opened is held here, signs what is asked for, and is forgotten after a while.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::app::{Cover, Error, ExportChoices, Exported, Foreign, Sealed, TOLD_OF_A_BUNDLE};
use crate::domain::{Cancel, InterviewId, Lang, ReadBack, SegmentId};
use crate::evidence::{
    self, Check, Consent, KnownKey, Passphrase, PublicKey, Role, SecretKey, Verdict,
};
use crate::export::Format;
use crate::pipeline::Progress;
use crate::store::{Answer, NewReadBack};
use crate::text;

use super::board::Told;
use super::{Common, reader};

/// An opened key that signs nothing for so long is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// What a person may ask for.
#[derive(Debug)]
pub enum Task {
    /// Write an interview to this file, or under a free name in the usual folder.
    Export(InterviewId, Format, ExportChoices, Option<PathBuf>),
    /// Open a key of this desk, by its number.
    Open(String, Passphrase),
    /// Make a key; the opened one vouches for it where somebody has to.
    Make(String, Role, Passphrase),
    /// Trust a partner's key.
    Trust(PathBuf),
    /// Trust a key no more, with the reason where one was typed.
    Revoke(String, Option<String>),
    /// Write what others need of a key to a file.
    HandOver(String, PathBuf),
    /// Sign the head of an interview's chain.
    Seal(InterviewId),
    /// Write an interview for the holder of this key, to this file or under a free name.
    Bundle(InterviewId, String, Option<PathBuf>),
    /// Write a covered copy of an interview for the holder of this key: what a list names, with the
    /// sound or without, to this file or under a free name.
    BundleCovered(
        InterviewId,
        String,
        (Option<PathBuf>, bool),
        Option<PathBuf>,
    ),
    /// Enter what the person interviewed allows.
    Consent(InterviewId, Box<Consent>),
    /// Lift the limits of a consent for the next file, with the reason.
    Lift(InterviewId, String),
    /// Note what was said to a line, or to the whole record, that this person read out.
    ReadBack(InterviewId, Option<SegmentId>, Lang, Said, String),
    /// Compare an interview with its chain, and with digits from paper.
    Verify(InterviewId, Option<String>),
    /// Compare a bundle or a receipt with the keys of this workspace.
    VerifyFile(PathBuf),
    /// Take a partner's bundle in; where asked, write a receipt beside it.
    Receive(PathBuf, bool),
}

/// What the person interviewed said to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is right.
    Right,
    /// It should read so.
    Corrected(String),
    /// It is refused, and why.
    Refused(String),
}

/// What came of the last one.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Written here; places covered and lines that hold them.
    Exported(PathBuf, Option<(usize, usize)>),
    /// Something was written here.
    Written(PathBuf),
    /// The interview is sealed.
    Sealed(Sealed),
    /// So many lines are certified.
    Certified(usize),
    /// What a comparison found.
    Verdict(Verdict),
    /// A partner's interview came in.
    /// With what is to be known of it beside that all of it fits.
    Received(Foreign, Vec<Check>),
    /// The keys are other ones now.
    Keys,
    /// It stands in the record.
    Noted,
}

/// Keys, and what partners sent.
#[derive(Clone, Debug, Default)]
pub struct Custody {
    /// All keys.
    pub keys: Vec<KnownKey>,
    /// What partners sent.
    pub received: Vec<Foreign>,
    /// The open interview, of which the next two speak.
    pub of: Option<InterviewId>,
    /// What its person allows.
    pub consent: Option<Consent>,
    /// What was said to its lines when they were read back.
    pub answers: Vec<ReadBack>,
    /// What could not be read.
    pub broken: Vec<Told>,
}

/// An opened key, and when it signed last.
type Opened = (Arc<SecretKey>, Instant);

/// The place of the opened key.
#[derive(Clone, Default)]
pub(super) struct Held(Arc<Mutex<Option<Opened>>>);

impl Held {
    fn put(&self, key: Option<SecretKey>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = key.map(|key| (Arc::new(key), Instant::now()));
    }

    /// The key, for one signature more. One that signed nothing for long is gone, however busy the
    /// desk was with other work meanwhile.
    fn get(&self, now: Instant) -> Option<Arc<SecretKey>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|opened| is_stale(opened, now)) {
            *held = None;
        }
        let (key, used) = held.as_mut()?;
        *used = now;
        Some(Arc::clone(key))
    }

    fn is_stale(&self) -> bool {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        held.as_ref().is_some_and(|opened| is_stale(opened, now))
    }
}

fn is_stale((_, used): &Opened, now: Instant) -> bool {
    now.saturating_duration_since(*used) > FORGET_AFTER
}

/// Forgets the opened key.
pub(super) fn forget(common: &Common) {
    common.held.put(None);
    // Nobody sits down without anything that could be refused.
    let _ = common.app.sit_down(None);
    common.board.signer.take();
}

/// The open key, for one signature more.
fn in_use(common: &Common) -> Option<Arc<SecretKey>> {
    forget_stale(common);
    common.held.get(Instant::now())
}

/// Before something is done in this name: it is signed where the key of that name is open, and with no
/// other one, nor with one that nobody used for long.
pub(super) fn at_desk(common: &Common, by: &str) {
    forget_stale(common);
    let open = common.board.signer.get();
    let own = open.is_some_and(|key| text::fold(&key.name) == text::fold(by.trim()));
    let key = own.then(|| in_use(common)).flatten();
    if common.app.sit_down(key).is_err() {
        // A partner's key opens bundles; what is done here is then not signed.
        let _ = common.app.sit_down(None);
    }
}

/// Forgets the opened key when it was not used for long.
pub(super) fn forget_stale(common: &Common) {
    if common.held.is_stale() {
        forget(common);
        (common.wake)();
    }
}

/// Reads keys and what was received.
pub(super) fn read(common: &Common) {
    let mut broken = Vec::new();
    let keys = common.app.keys().and_then(|ring| Ok(ring.list()?));
    let keys = keys.unwrap_or_else(|error| {
        broken.push(Told::of(&error));
        Vec::new()
    });
    let received = common.app.received().unwrap_or_else(|error| {
        broken.push(Told::of(&error));
        Vec::new()
    });
    let of = common.board.opened.get().map(|o| o.interview.id.clone());
    let (mut consent, mut answers) = (None, Vec::new());
    if let Some(id) = &of {
        let read = common.app.consent(&id.0).and_then(|(_, given)| {
            consent = given;
            answers = common.app.read_backs(id)?;
            Ok(())
        });
        broken.extend(read.as_ref().err().map(Told::of));
    }
    common.board.custody.put(Custody {
        keys,
        received,
        of,
        consent,
        answers,
        broken,
    });
}

/// Does it and puts what came of it on the board.
pub(super) fn run(
    common: &Common,
    task: Task,
    cancel: &Cancel,
    watcher: &(dyn Fn(Progress) + Sync),
) -> Result<(), Error> {
    common.board.outcome.take();
    let app = &common.app;
    let outcome = match task {
        Task::Export(id, format, choices, out) => {
            let out = out.unwrap_or_else(|| usual(common, &id, format.extension()));
            let place = (out.as_path(), false);
            let Exported { covered } =
                app.export(&id.0, format, &choices, place, cancel, watcher)?;
            Outcome::Exported(out, covered)
        }
        Task::Seal(id) => Outcome::Sealed(app.seal(&id.0, &*signer(common)?, cancel, watcher)?),
        Task::Bundle(id, to, out) => {
            let to = partner(common, &to)?;
            let out = out.unwrap_or_else(|| usual(common, &id, "mekong"));
            app.bundle(&id.0, Some(&to), &out, &*signer(common)?, cancel, watcher)?;
            Outcome::Written(out)
        }
        Task::BundleCovered(id, to, (list, sound), out) => {
            let to = partner(common, &to)?;
            let out = out.unwrap_or_else(|| usual(common, &id, "mekong"));
            let cover = Cover {
                list: list.as_deref(),
                sound,
            };
            let key = signer(common)?;
            app.bundle_covered(&id.0, cover, Some(&to), &out, &key, (cancel, watcher))?;
            Outcome::Written(out)
        }
        Task::Consent(id, consent) => {
            let key = in_use(common);
            app.give_consent(&id.0, &consent, key.as_deref())?;
            Outcome::Noted
        }
        Task::Lift(id, reason) => {
            app.lift_consent(&id.0, &reason, &*signer(common)?)?;
            Outcome::Noted
        }
        Task::ReadBack(id, segment, lang, said, by) => {
            let answer = match &said {
                Said::Right => Answer::Right,
                Said::Corrected(words) => Answer::Corrected(words),
                Said::Refused(reason) => Answer::Refused(reason),
            };
            let new = NewReadBack {
                segment,
                lang,
                answer,
                by: &by,
            };
            at_desk(common, &by);
            app.note_read_back(&id.0, &new)?;
            Outcome::Noted
        }
        Task::Verify(id, paper) => {
            Outcome::Verdict(app.verify_interview(&id.0, paper.as_deref(), cancel, watcher)?)
        }
        Task::VerifyFile(file) => {
            let key = opener(common, &file)?;
            Outcome::Verdict(app.verify_file(&file, key.as_deref(), cancel, watcher)?)
        }
        Task::Receive(file, receipt) => receive(common, &file, receipt, cancel, watcher)?,
        other => keys(common, other)?,
    };
    read(common);
    common.board.outcome.put(outcome);
    Ok(())
}

/// Signs for lines, whatever job runs.
pub(super) fn certify(
    common: &Common,
    id: &InterviewId,
    lines: &[SegmentId],
    despite: Option<&str>,
) -> Result<(), Error> {
    common.board.outcome.take();
    let key = signer(common)?;
    let (_, versions) = common.app.certify(&id.0, lines, &key, despite)?;
    read(common);
    common.board.outcome.put(Outcome::Certified(versions.len()));
    Ok(())
}

/// What is done with keys.
fn keys(common: &Common, task: Task) -> Result<Outcome, Error> {
    let app = &common.app;
    match task {
        Task::Open(number, phrase) => {
            forget(common);
            let key = app.keys()?.own(Some(&number))?;
            let secret = app.keys()?.unlock(&key, phrase)?;
            common.held.put(Some(secret));
            common.board.signer.put(key.public);
        }
        Task::Make(name, role, phrase) => {
            let voucher = in_use(common);
            app.make_key(name.trim(), role, phrase, voucher.as_deref())?;
        }
        Task::Trust(file) => {
            app.trust_key(&file, in_use(common).as_deref())?;
        }
        Task::Revoke(number, reason) => {
            app.revoke_key(&number, reason.as_deref(), in_use(common).as_deref())?;
            let open = common.board.signer.get();
            if open.is_some_and(|key| key.number == number) {
                forget(common);
            }
        }
        Task::HandOver(number, out) => {
            let key = app.keys()?.find(&number)?;
            app.write_text(&out, &format!("{}\n", key.public.to_text()))?;
            return Ok(Outcome::Written(out));
        }
        _ => {} // every other task was done above
    }
    Ok(Outcome::Keys)
}

fn receive(
    common: &Common,
    file: &Path,
    receipt: bool,
    cancel: &Cancel,
    watcher: &(dyn Fn(Progress) + Sync),
) -> Result<Outcome, Error> {
    let app = &common.app;
    let (opened, foreign) = if receipt {
        let (key, beside) = (signer(common)?, file.with_extension("receipt"));
        app.receive_and_sign(file, &key, &beside, (cancel, watcher))?
    } else {
        let key = opener(common, file)?;
        app.receive(file, key.as_deref(), cancel, watcher)?
    };
    let mut told = opened.checks;
    told.retain(|check| TOLD_OF_A_BUNDLE.contains(&check.name.as_str()));
    Ok(Outcome::Received(foreign, told))
}

/// The key that a person opened.
fn signer(common: &Common) -> Result<Arc<SecretKey>, Error> {
    in_use(common).ok_or(Error::NobodySigns)
}

/// The key that a file needs to be read.
fn opener(common: &Common, file: &Path) -> Result<Option<Arc<SecretKey>>, Error> {
    let encrypted = file.is_file() && common.app.is_encrypted(file)?;
    encrypted.then(|| signer(common)).transpose()
}

fn partner(common: &Common, number: &str) -> Result<PublicKey, Error> {
    let key = common.app.keys()?.find(number)?;
    match key.revoked {
        Some(_) => Err(evidence::Error::Revoked(key.public.number).into()),
        None => Ok(key.public),
    }
}

fn usual(common: &Common, id: &InterviewId, ending: &str) -> PathBuf {
    reader::free_name(&common.app.usual_folder(), &id.0, ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_signed_nothing_for_long_is_gone_also_from_a_busy_desk() {
        let key = SecretKey::new("ကိုအောင်", Role::Officer).unwrap();
        let held = Held::default();
        held.put(Some(key));
        let now = Instant::now();
        // Each signature counts from itself.
        let early = Duration::from_secs(1);
        assert!(held.get(now + FORGET_AFTER - early).is_some());
        assert!(held.get(now + FORGET_AFTER * 2 - early).is_some());
        let late = now + FORGET_AFTER * 3;
        assert!(held.get(late).is_none());
        assert!(held.get(now).is_none(), "it does not come back");
    }
}
