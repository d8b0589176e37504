//! Verbs of evidence: keys, certify, seal, bundle, receive, received, verify.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::app::{self, App, Cover, TOLD_OF_A_BUNDLE};
use crate::domain::{InterviewId, SegmentId};
use crate::evidence::{
    self, KnownKey, Passphrase, PublicKey, Role, SCRIPT, SecretKey, Verdict, grouped,
};

use super::evidence_args::{Bundle, Certify, Keys, Receive, Seal, Verify};
use super::interrupt::cancel_on_ctrl_c;
use super::print::{Look, Out, count, plain, say, size};
use super::progress::Watch;
use super::{Failure, args, secret, usage};

/// Verification found a mismatch.
const MISMATCH: u8 = 3;
const NOTHING_KEPT: &str = "nothing was stored.";
/// How scripts give a passphrase: a file that holds it, or the words.
const GIVEN: [&str; 2] = ["MEKONG_PASSPHRASE_FILE", "MEKONG_PASSPHRASE"];
/// The same of whoever vouches for a new key, whose own passphrase is another one.
const VOUCHER: [&str; 2] = [
    "MEKONG_VOUCHER_PASSPHRASE_FILE",
    "MEKONG_VOUCHER_PASSPHRASE",
];

pub(super) fn keys(app: &App, typed: Keys, out: &mut Out) -> Result<(), Failure> {
    match typed {
        Keys::New {
            name,
            role,
            by,
            form,
        } => {
            let role = Role::from(role);
            let voucher = administrator(app, by.as_deref(), Some(VOUCHER))?;
            let phrase = new_passphrase(&name)?;
            let key = app.make_key(&name, role, phrase, voucher.as_ref())?;
            print_key(&key, form.json, out)?;
            say("Keep the passphrase: nobody can open the key without it.");
            if role == Role::Administrator && voucher.is_none() {
                say(
                    "Make a key for a second administrator: only one of them vouches for the next.",
                );
            }
            Ok(())
        }
        Keys::List(form) => list_keys(app, form.json, out),
        Keys::Show {
            key,
            out: file,
            form,
        } => {
            let key = app.keys()?.find(&key).map_err(app::Error::from)?;
            match file {
                Some(file) => {
                    app.write_text(&file, &format!("{}\n", key.public.to_text()))?;
                    print_key(&key.public, form.json, out)
                }
                None if form.json => print_key(&key.public, true, out),
                None => {
                    print_key(&key.public, false, out)?;
                    Ok(writeln!(out, "{}", key.public.to_text())?)
                }
            }
        }
        Keys::Trust { file, by, form } => {
            let signer = administrator(app, by.as_deref(), None)?;
            let key = app.trust_key(&file, signer.as_ref())?;
            print_key(&key, form.json, out)?;
            say("Trusted from now on. Compare these digits with the partner by another way.");
            Ok(())
        }
        Keys::Revoke {
            key,
            reason,
            by,
            form,
        } => {
            let signer = administrator(app, by.as_deref(), None)?;
            let key = app.revoke_key(&key, reason.as_deref(), signer.as_ref())?;
            print_key(&key.public, form.json, out)?;
            say("Revoked: what it signs from now on does not count.");
            Ok(())
        }
    }
}

/// Who vouches for a key or signs which are trusted, where somebody has to; `first` as [`opened`] has it.
fn administrator(
    app: &App,
    typed: Option<&str>,
    first: Option<[&str; 2]>,
) -> Result<Option<SecretKey>, Failure> {
    match (app.asks_for_voucher()?, typed) {
        (true, _) => opened(app, typed, first).map(Some),
        (false, None) => Ok(None),
        (false, Some(_)) => Err(usage(
            "--by names the administrator who signs this, and the workspace has none yet: leave it \
             out, or make an administrator's key first",
        )),
    }
}

fn list_keys(app: &App, json: bool, out: &mut Out) -> Result<(), Failure> {
    let keys = app.keys()?.list().map_err(app::Error::from)?;
    if json {
        let all: Vec<_> = keys
            .iter()
            .map(|key| {
                let mut value = key_value(&key.public);
                value["own"] = json!(key.own);
                value["revoked"] = json!(key.revoked);
                value
            })
            .collect();
        return Ok(out.json(&all)?);
    }
    if keys.is_empty() {
        say("No keys; 'mekong keys new NAME --role officer' makes one.");
    }
    for key in &keys {
        let name = out.paint(Look::Strong, &key.public.name);
        let start: String = key.public.number.chars().take(16).collect();
        let whose = if key.own { "own" } else { "partner's" };
        write!(
            out,
            "{name}  {}  {whose}  {}",
            key.public.role.as_str(),
            grouped(&start)
        )?;
        if let Some(at) = &key.revoked {
            let text = format!("revoked {at}");
            write!(out, "  {}", out.paint(Look::Warning, &text))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn key_value(key: &PublicKey) -> serde_json::Value {
    json!({"name": key.name, "role": key.role.as_str(), "number": key.number,
           "recipient": key.recipient, "made": key.made, "text": key.to_text()})
}

fn print_key(key: &PublicKey, json: bool, out: &mut Out) -> Result<(), Failure> {
    if json {
        return Ok(out.json(&key_value(key))?);
    }
    let name = out.paint(Look::Strong, &key.name);
    Ok(writeln!(
        out,
        "{name}  {}\n{}",
        key.role.as_str(),
        grouped(&key.number)
    )?)
}

pub(super) fn certify(app: &App, typed: &Certify, out: &mut Out) -> Result<(), Failure> {
    let signer = signer(app, typed.by.as_deref())?;
    let segments: Vec<SegmentId> = typed.segments.iter().copied().map(SegmentId).collect();
    let (id, versions) = app.certify(&typed.id, &segments, &signer, typed.despite.as_deref())?;
    if typed.form.json {
        let lines: Vec<_> = segments
            .iter()
            .zip(&versions)
            .map(|(segment, version)| json!({"segment": segment, "version": version}))
            .collect();
        return Ok(out.json(&json!({"interview": id, "certified": lines}))?);
    }
    let lines = count(versions.len() as u64, "line");
    Ok(writeln!(out, "{lines} certified in {id}")?)
}

pub(super) fn seal(app: &App, typed: &Seal, out: &mut Out) -> Result<(), Failure> {
    let signer = signer(app, typed.by.as_deref())?;
    let cancel = cancel_on_ctrl_c(NOTHING_KEPT);
    let watch = Watch::new();
    let sealed = app.seal(&typed.id, &signer, &cancel, &|p| watch.hear(p))?;
    drop(watch);
    if sealed.pending > 0 {
        let lines = count(sealed.pending, "line");
        say(&format!(
            "note: {lines} without text; it will stand behind the seal."
        ));
    }
    if typed.form.json {
        return Ok(out.json(&json!({
            "interview": sealed.interview, "event": sealed.number, "head": sealed.head,
            "pending": sealed.pending
        }))?);
    }
    writeln!(
        out,
        "{} is sealed as event {}.",
        sealed.interview, sealed.number
    )?;
    writeln!(out, "{}", grouped(&sealed.head))?;
    say(
        "Write these digits on the signed page; 'mekong verify ID --head DIGITS' finds them again.",
    );
    Ok(())
}

pub(super) fn bundle(app: &App, typed: &Bundle, out: &mut Out) -> Result<(), Failure> {
    let to = match (typed.to.as_str(), typed.plain) {
        ("none", true) => None,
        ("none", false) => {
            return Err(usage(
                "an unencrypted bundle must be asked for: --to none --plain",
            ));
        }
        (_, true) => return Err(usage("--plain goes with --to none only")),
        (name, false) => Some(partner(app, name)?),
    };
    let is_copy = typed.covered || typed.redact.is_some();
    if typed.no_sound && !is_copy {
        return Err(usage(
            "only a covered copy can leave the sound out: add --redact or --covered",
        ));
    }
    let signer = signer(app, typed.by.as_deref())?;
    let cancel = cancel_on_ctrl_c(NOTHING_KEPT);
    let watch = Watch::new();
    let hear = |p| watch.hear(p);
    let to = to.as_ref().map(|key| &key.public);
    let (id, file) = (&typed.id, &typed.out);
    let made = if is_copy {
        let cover = Cover {
            list: typed.redact.as_deref(),
            sound: !typed.no_sound,
        };
        app.bundle_covered(id, cover, to, file, &signer, (&cancel, &hear))?
    } else {
        app.bundle(id, to, file, &signer, &cancel, &hear)?
    };
    drop(watch);
    if typed.form.json {
        return Ok(out.json(&json!({
            "interview": made.interview, "bundle": made.packed.bundle, "head": made.head,
            "manifest": made.packed.manifest, "files": made.packed.files,
            "bytes": made.packed.bytes, "encrypted": to.is_some(), "covered": is_copy
        }))?);
    }
    let files = count(made.packed.files, "file");
    let path = typed.out.display().to_string();
    let size = size(made.packed.bytes);
    writeln!(
        out,
        "bundle {}: {files}, {size}: {}",
        made.packed.bundle,
        plain(&path)
    )?;
    if to.is_none() {
        say("note: it is not encrypted; whoever gets the file reads it.");
    }
    if is_copy {
        say("It is a covered copy; 'mekong export --redact' shows what the partner will read.");
    } else if app.consent(id)?.1.is_none() {
        say("note: no consent was entered for this interview ('mekong consent'); none binds it.");
    }
    Ok(())
}

pub(super) fn partner(app: &App, name: &str) -> Result<KnownKey, Failure> {
    let key = app.keys()?.find(name).map_err(app::Error::from)?;
    match key.revoked {
        Some(_) => Err(app::Error::from(evidence::Error::Revoked(key.public.number)).into()),
        None => Ok(key),
    }
}

pub(super) fn receive(app: &App, typed: &Receive, out: &mut Out) -> Result<(), Failure> {
    let app = &match typed.beside {
        true => app.beside_other_histories(),
        false => app.clone(),
    };
    let needs_key = typed.receipt.is_some() || app.is_encrypted(&typed.file)?;
    let secret = match needs_key {
        true => Some(signer(app, typed.key.as_deref())?),
        false => None,
    };
    let cancel = cancel_on_ctrl_c(NOTHING_KEPT);
    let watch = Watch::new();
    let hear = |p| watch.hear(p);
    let (opened, foreign) = match (&typed.receipt, &secret) {
        (Some(path), Some(signer)) => {
            app.receive_and_sign(&typed.file, signer, path, (&cancel, &hear))?
        }
        _ => app.receive(&typed.file, secret.as_ref(), &cancel, &hear)?,
    };
    drop(watch);
    if typed.form.json {
        return Ok(out.json(&json!({"received": foreign, "checks": opened.checks}))?);
    }
    writeln!(out, "interview {} received", plain(&foreign.interview))?;
    let by = opened.signer.role.as_str();
    writeln!(out, "signed by {}, {by}", plain(&opened.signer.name))?;
    writeln!(out, "{}", grouped(&opened.head))?;
    for told in TOLD_OF_A_BUNDLE {
        if let Some(check) = opened.checks.iter().find(|c| c.name == told) {
            writeln!(out, "{told}: {}", plain(&check.detail))?;
        }
    }
    Ok(writeln!(out, "{}", foreign.folder.display())?)
}

pub(super) fn received(app: &App, typed: &args::Json, out: &mut Out) -> Result<(), Failure> {
    let all = app.received()?;
    if typed.json {
        return Ok(out.json(&all)?);
    }
    if all.is_empty() {
        say("Nothing was received; 'mekong receive FILE' takes a partner's bundle in.");
    }
    for foreign in &all {
        let id = out.paint(Look::Strong, &foreign.interview);
        let when = out.paint(Look::Faint, &foreign.received);
        writeln!(out, "{id}  {when}  {}", foreign.folder.display())?;
    }
    Ok(())
}

pub(super) fn verify(app: &App, typed: &Verify, out: &mut Out) -> Result<(), Failure> {
    if typed.all {
        return verify_all(app, typed.head.as_deref(), typed.form.json, out);
    }
    let Some(what) = typed.what.as_deref() else {
        return Ok(out.write_all(SCRIPT.as_bytes())?);
    };
    let cancel = cancel_on_ctrl_c("nothing is changed.");
    let watch = Watch::new();
    let hear = |p| watch.hear(p);
    let path = Path::new(what);
    let verdict = if path.exists() && !app.has_interview(what)? {
        let secret = match path.is_file() && app.is_encrypted(path)? {
            true => Some(signer(app, typed.key.as_deref())?),
            false => None,
        };
        app.verify_file(path, secret.as_ref(), &cancel, &hear)?
    } else {
        app.verify_interview(what, typed.head.as_deref(), &cancel, &hear)?
    };
    drop(watch);
    let printed = print_verdict(&verdict, typed.form.json, out);
    // Whether or not anybody read what did not fit.
    if verdict.ok {
        printed
    } else {
        Err(Failure::Told(MISMATCH))
    }
}

/// The workspace itself, each of its interviews, and what partners sent.
fn verify_all(app: &App, head: Option<&str>, json: bool, out: &mut Out) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c("nothing is changed.");
    let watch = Watch::new();
    let mut workspace = app.verify_workspace()?.checks;
    if let Some(digits) = head {
        workspace.push(app.find_digits(digits)?);
    }
    let mut all = Vec::new();
    for InterviewId(id) in app.interview_ids()? {
        let verdict = app.verify_interview(&id, None, &cancel, &|p| watch.hear(p))?;
        all.push((id, verdict));
    }
    let mut foreign = Vec::new();
    let received = app.received().or_else(|e| {
        // Which ones came in is told by the workspace's own chain.
        workspace.push(e.finding("received")?);
        Ok::<_, app::Error>(Vec::new())
    })?;
    for bundle in received {
        let verdict = match app.verify_received(&bundle, &cancel, &|p| watch.hear(p)) {
            Ok(verdict) => verdict,
            Err(e) => Verdict::from(vec![e.finding("bundle")?]),
        };
        foreign.push((bundle, verdict));
    }
    drop(watch);
    let workspace = Verdict::from(workspace);
    let ok = workspace.ok
        && all.iter().all(|(_, verdict)| verdict.ok)
        && foreign.iter().all(|(_, verdict)| verdict.ok);
    let printed = if json {
        let each = all
            .iter()
            .map(|(id, v)| json!({"interview": id, "ok": v.ok, "checks": v.checks}));
        let each: Vec<_> = each.collect();
        let received = foreign.iter().map(|(of, v)| {
            json!({"bundle": of.bundle, "interview": of.interview, "ok": v.ok, "checks": v.checks})
        });
        let received: Vec<_> = received.collect();
        let told = json!({"ok": ok, "workspace": workspace.checks, "interviews": each,
            "received": received});
        out.json(&told).map_err(Failure::from)
    } else {
        let own = all.iter().map(|(id, verdict)| (id, verdict));
        let others = foreign.iter().map(|(of, verdict)| (&of.bundle, verdict));
        print_verdict(&workspace, false, out).and_then(|()| {
            own.chain(others).try_for_each(|(name, verdict)| {
                writeln!(out, "{}", out.paint(Look::Strong, name))?;
                print_verdict(verdict, false, out)
            })
        })
    };
    if ok {
        printed
    } else {
        Err(Failure::Told(MISMATCH))
    }
}

fn print_verdict(verdict: &Verdict, json: bool, out: &mut Out) -> Result<(), Failure> {
    if json {
        return Ok(out.json(verdict)?);
    }
    for check in &verdict.checks {
        let word = if check.ok {
            "ok ".to_owned()
        } else {
            out.paint(Look::Warning, "BAD")
        };
        let name = out.paint(Look::Strong, &check.name);
        writeln!(out, "{word}  {name}  {}", plain(&check.detail))?;
    }
    if !verdict.ok {
        say("mekong: something does not fit.");
        say("  next: Change nothing, and show this to whoever looks after the evidence.");
    }
    Ok(())
}

/// Opens the key of the person who signs.
pub(super) fn signer(app: &App, typed: Option<&str>) -> Result<SecretKey, Failure> {
    opened(app, typed, None)
}

/// Opens the key of whoever does something, where it is to be signed.
pub(super) fn sit_down(app: &App, sign: bool, by: &str) -> Result<(), Failure> {
    if sign {
        let key = signer(app, Some(by))?;
        app.sit_down(Some(Arc::new(key)))?;
    }
    Ok(())
}

/// Opens a key; `first` names the variables that hold its passphrase for scripts before the usual ones.
fn opened(app: &App, typed: Option<&str>, first: Option<[&str; 2]>) -> Result<SecretKey, Failure> {
    let ring = app.keys()?;
    let key = ring.own(typed).map_err(app::Error::from)?;
    let prompt = format!("Passphrase of {}: ", plain(&key.public.name));
    let phrase = passphrase(&prompt, first)?;
    let wait = ring.wait_before_unlocking(&key).as_secs_f32().ceil();
    if wait > 0.0 {
        say(&secret::waits(wait));
    }
    Ok(ring.unlock(&key, phrase).map_err(app::Error::from)?)
}

/// A new passphrase, typed twice.
fn new_passphrase(name: &str) -> Result<Passphrase, Failure> {
    let phrase = match secret::given(None, GIVEN)? {
        Some(phrase) => phrase,
        None => secret::typed_twice(&format!("New passphrase of {}: ", plain(name)), GIVEN[0])?,
    };
    Ok(Passphrase::from(phrase))
}

/// A passphrase; `first` are variables that are asked before the usual ones.
fn passphrase(prompt: &str, first: Option<[&str; 2]>) -> Result<Passphrase, Failure> {
    let own = first.map(|given| secret::given(None, given)).transpose()?;
    let phrase = match own.flatten() {
        Some(phrase) => Some(phrase),
        None => secret::given(None, GIVEN)?,
    };
    let phrase = match phrase {
        Some(phrase) => phrase,
        None => secret::typed_unseen(prompt, GIVEN[0])?,
    };
    Ok(Passphrase::from(phrase))
}
