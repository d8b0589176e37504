//! Taking a bundle apart: first who signed it, then every file against the signed list, then whether
//! the chain, the records and the recordings inside fit one another. Nothing is trusted before it is
//! checked, and nothing is stored by any other name than those of a short list.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::Error;
use super::bag::{
    AUDIO, BAGIT, CHAIN, DECLARATION, INFO, INTERVIEW, Info, KEYS, MANIFEST, NOBODY, PAGE, RECORDS,
    SIGNATURE, SIGNER, SOUND, TAG_MANIFEST, TRANSCRIPT, VERIFIER, tag_manifest,
};
use super::canonical::{hex, sha256, unhex};
use super::chain::Event;
use super::check::Check;
use super::container::MAGIC;
use super::heard::Heard;
use super::inside::{Known, contents, keep, text};
use super::keys::KnownKey;
use super::reading::copies;
use super::sign::{PublicKey, SecretKey, to_pem, verifies};
use super::source::{Bag, Folder, Zip};
use crate::domain::Cancel;
use crate::vault::Writer;

/// What an encrypted bundle begins with.
pub const SEALED: &[u8] = b"age-encryption.org/v1\n";
/// Most bytes before the end of its head: some hundreds of receivers.
const MAX_HEADER: u64 = 1 << 16;
/// Most bytes of one of the bag's own files.
const MAX_TAG: u64 = 1 << 20;
/// Most bytes of a chain, of records or of a transcript: some ten times the longest interview.
const MAX_TEXT: u64 = 256 << 20;
/// Most files of a bundle: parts of ten minutes, three weeks of them.
pub(super) const MAX_FILES: usize = 4096;
/// What every bundle holds beside recordings, sorted.
const REQUIRED: [&str; 5] = [CHAIN, INTERVIEW, KEYS, RECORDS, TRANSCRIPT];
/// What it may hold beside: the page for a browser, and the links of a session's sound. Programs of an
/// earlier version wrote neither.
const OPTIONAL: [&str; 2] = [PAGE, SOUND];
/// The bag's own files in the order in which they come.
const HEAD: [&str; 7] = [
    DECLARATION,
    INFO,
    SIGNER,
    VERIFIER,
    MANIFEST,
    TAG_MANIFEST,
    SIGNATURE,
];

/// Asked once the signature is known to be good and before anything of the payload is read.
pub type Admit<'a> = &'a mut dyn FnMut(&Opened) -> Result<(), Error>;

/// What a bundle's JSON must give people to read.
#[derive(Clone, Copy)]
pub struct Copies {
    /// The form in which they are made here.
    pub form: u32,
    /// The JSON itself, written anew in that form.
    pub json: fn(&[u8]) -> Option<Vec<u8>>,
    /// The text and the page, in that form.
    pub make: fn(&[u8]) -> Option<[Vec<u8>; 2]>,
    /// What they hold in every form: of each line in its order the words and those of its translations.
    pub words: fn(&[u8]) -> Option<Vec<Vec<String>>>,
}

/// How a bundle is taken in.
pub struct Reception<'a> {
    /// The keys of this workspace.
    pub keys: &'a [KnownKey],
    /// Whether a signed event is known to have been there before its key was revoked here; `None` where only
    /// the sender's date tells.
    pub before: &'a dyn Fn(&Event) -> Option<bool>,
    /// Opens an encrypted bundle.
    pub secret: Option<&'a SecretKey>,
    /// An empty folder for its files; `None` only looks.
    pub into: Option<&'a Path>,
    /// May refuse a receiver or a bundle that was seen.
    pub admit: Admit<'a>,
    /// Makes the transcript anew, to compare it with the one that is there.
    pub copies: Copies,
    /// Hears the bytes done.
    pub tell: &'a mut dyn FnMut(u64),
    /// A wish to stop.
    pub cancel: &'a Cancel,
}

/// A bundle of which everything fits.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The bundle's own name, 32 digits.
    pub bundle: String,
    /// The interview in it.
    pub interview: String,
    /// The hash of its last event.
    pub head: String,
    /// Who signed it.
    pub signer: PublicKey,
    /// The number of the key it was made for; `None` for an open one.
    pub receiver: Option<String>,
    /// SHA-256 of its tag manifest.
    pub manifest: String,
    /// When it was made, RFC 3339, by the sender's clock.
    pub made: String,
    /// The hashes of its events, first to last.
    pub hashes: Vec<String>,
    /// Of a covered copy, the name of the interview that it is a copy of.
    pub parent: Option<String>,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// Opens a bundle, encrypted or not, and checks all of it.
///
/// # Errors
/// Whatever does not fit, by name; then files may lie in `into`, of which none is to be used.
pub fn open_bundle(mut input: impl Read, mut how: Reception<'_>) -> Result<Opened, Error> {
    let mut start = Vec::new();
    input
        .by_ref()
        .take(MAX_HEADER)
        .read_to_end(&mut start)
        .map_err(|e| Error::read(Path::new("the bundle"), e))?;
    let is_zip = start.starts_with(&MAGIC);
    // The head of an encrypted file is read whole, so its end must not be far.
    let is_sealed = start.starts_with(SEALED) && start.windows(5).any(|w| w == b"\n--- ");
    let input = std::io::Cursor::new(start).chain(input);
    if is_zip {
        return open(&mut Zip::new(input), &mut how);
    }
    if !is_sealed {
        return Err(Error::NotABundle);
    }
    let sealed = age::Decryptor::new(input).map_err(|_| Error::NotABundle)?;
    let secret = how.secret.ok_or(Error::Encrypted)?;
    let identities = std::iter::once(&*secret.identity as &dyn age::Identity);
    let plain = sealed
        .decrypt(identities)
        .map_err(|_| Error::NotForThisKey)?;
    open(&mut Zip::new(plain), &mut how)
}

/// Checks a bundle that lies unpacked in a folder.
///
/// # Errors
/// Whatever does not fit, by name.
pub fn open_folder(folder: &Path, mut how: Reception<'_>) -> Result<Opened, Error> {
    open(&mut Folder(folder), &mut how)
}

fn open(bag: &mut dyn Bag, how: &mut Reception<'_>) -> Result<Opened, Error> {
    let mut tags = BTreeMap::new();
    for name in HEAD {
        let mut bytes = Vec::new();
        bag.file(name, MAX_TAG, &mut |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        tags.insert(name, bytes);
    }
    let (mut opened, info) = signature(&tags, how.keys)?;
    if bag.called().is_some_and(|name| name != info.bundle) {
        return Err(Error::mismatch("the name of its folder"));
    }
    let manifest = manifest(text(&tags, MANIFEST)?)?;
    (how.admit)(&opened)?;
    if let Some(folder) = how.into {
        for (name, bytes) in &tags {
            write(&folder.join(name), &mut |file| file.write_all(bytes))?;
        }
    }
    let (mut done, mut texts) = (0, BTreeMap::new());
    let mut heard = Heard::default();
    for (name, digest) in &manifest {
        let found = payload(bag, name, (&mut done, &mut heard), how)?;
        if found.digest != *digest {
            return Err(Error::mismatch(format!("'{name}'")));
        }
        texts.insert(name.as_str(), found.bytes);
    }
    let names: Vec<String> = HEAD
        .iter()
        .map(|name| (*name).to_owned())
        .chain(manifest.keys().cloned())
        .collect();
    bag.end(&names)?;
    if info.oxum != format!("{done}.{}", manifest.len()) {
        return Err(Error::mismatch("the number of bytes and files"));
    }
    let size = format!("{} files, {done} bytes", manifest.len());
    opened.checks.push(Check::good("files", size));
    let same_form = info.copies == Some(how.copies.form);
    let known = Known {
        keys: how.keys,
        before: how.before,
        heard: &heard,
        same_form,
    };
    contents(&mut opened, &texts, &manifest, &known)?;
    let copies = copies(info.copies, &texts, how.copies);
    keep(&mut opened, copies)?;
    Ok(opened)
}

/// Who signed it, and that the bag's own files are those that were signed.
fn signature(tags: &BTreeMap<&str, Vec<u8>>, keys: &[KnownKey]) -> Result<(Opened, Info), Error> {
    let info = Info::from_text(text(tags, INFO)?).ok_or_else(|| Error::mismatch("its head"))?;
    let known = keys.iter().find(|k| k.public.number == info.signer);
    let known = known.ok_or_else(|| Error::UntrustedKey(info.signer.clone()))?;
    if known.revoked.is_some() {
        return Err(Error::Revoked(info.signer));
    }
    let signed = text(tags, TAG_MANIFEST)?;
    let signature = tags
        .get(SIGNATURE)
        .map(|bytes| hex(bytes))
        .unwrap_or_default();
    if !verifies(&info.signer, signed.as_bytes(), &signature) {
        return Err(Error::mismatch("the signature"));
    }
    let expected = tag_manifest(&|name| tags.get(name).map(|b| sha256(b)).unwrap_or_default());
    if signed != expected {
        return Err(Error::mismatch("a hash of its own files"));
    }
    let pem = to_pem(&info.signer).unwrap_or_default();
    if text(tags, DECLARATION)? != BAGIT || text(tags, SIGNER)? != pem {
        return Err(Error::mismatch("its declaration"));
    }
    let plain = |digits: &str| unhex::<32>(digits).is_some();
    if unhex::<16>(&info.bundle).is_none()
        || !plain(&info.head)
        || !(info.receiver == NOBODY || plain(&info.receiver))
        || !is_plain(&info.interview)
    {
        return Err(Error::mismatch("its head"));
    }
    let who = format!("{}, {}", known.public.role.as_str(), info.signer);
    let opened = Opened {
        bundle: info.bundle.clone(),
        interview: info.interview.clone(),
        head: info.head.clone(),
        signer: known.public.clone(),
        receiver: (info.receiver != NOBODY).then(|| info.receiver.clone()),
        manifest: sha256(signed.as_bytes()),
        made: info.at.clone(),
        hashes: Vec::new(),
        parent: None,
        checks: vec![Check::good("signature", who)],
    };
    Ok((opened, info))
}

/// The manifest: every name allowed, sorted, once; every file there that must be.
fn manifest(text: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let (digest, name) = line
            .split_once("  ")
            .filter(|(digest, _)| unhex::<32>(digest).is_some())
            .ok_or_else(|| Error::Form("its list of files cannot be read".into()))?;
        if !is_allowed(name) {
            let strange = name.escape_default();
            return Err(Error::Form(format!(
                "'{strange}' is not a file of a bundle"
            )));
        }
        let sorted = files
            .last_key_value()
            .is_none_or(|(last, _)| last.as_str() < name);
        if !sorted || files.len() >= MAX_FILES {
            return Err(Error::Form(
                "its list of files is too long or unsorted".into(),
            ));
        }
        files.insert(name.to_owned(), digest.to_owned());
    }
    match REQUIRED.iter().find(|name| !files.contains_key(**name)) {
        Some(missing) => Err(Error::Form(format!("'{missing}' is missing"))),
        None => Ok(files),
    }
}

fn is_allowed(name: &str) -> bool {
    match name.strip_prefix(AUDIO) {
        Some(file) => is_plain(file) && !is_device(file),
        None => REQUIRED.contains(&name) || OPTIONAL.contains(&name),
    }
}

/// A name that means the same on every system: small letters, digits, and between them `.`, `-`, `_`.
fn is_plain(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    let ends = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    name.len() <= 100
        && name.bytes().all(inner)
        && ends(name.bytes().next())
        && ends(name.bytes().last())
        && !name.contains("..")
}

/// Names that Windows takes for devices, whatever their ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let numbered = |kind: &str| {
        let rest = stem.strip_prefix(kind);
        rest.is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    ["con", "prn", "aux", "nul"].contains(&stem) || numbered("com") || numbered("lpt")
}

/// What was found in the place of a file of the payload; its bytes only where they are text to read.
struct Found {
    digest: String,
    bytes: Vec<u8>,
}

fn payload(
    bag: &mut dyn Bag,
    name: &str,
    (done, heard): (&mut u64, &mut Heard),
    how: &mut Reception<'_>,
) -> Result<Found, Error> {
    let sound = name.strip_prefix(AUDIO);
    let is_sound = sound.is_some();
    let most = if is_sound { u64::MAX } else { MAX_TEXT };
    let (mut sha, mut bytes) = (Sha256::new(), Vec::new());
    let mut read = |sink: &mut dyn FnMut(&[u8]) -> std::io::Result<()>, path: &Path| {
        bag.file(name, most, &mut |block| {
            if how.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            sha.update(block);
            *done = done.saturating_add(block.len() as u64);
            (how.tell)(*done);
            match sound {
                Some(part) => heard.take(part, block),
                None => bytes.extend_from_slice(block),
            }
            sink(block).map_err(|e| Error::write(path, e))
        })
    };
    match how.into {
        None => read(&mut |_| Ok(()), Path::new(name))?,
        Some(folder) => {
            let path = folder.join(name);
            let mut file = create(&path)?;
            read(&mut |block| file.write_all(block), &path)?;
            finish(file, &path)?;
        }
    }
    if let Some(part) = sound {
        heard.end(part);
    }
    Ok(Found {
        digest: hex(&sha.finalize()),
        bytes,
    })
}

fn create(path: &Path) -> Result<Writer<File>, Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| Error::write(parent, e))?;
    }
    // Never over a file that is there, and never through a link.
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|file| Writer::new(file, path))
        .map_err(|e| Error::write(path, e))
}

/// On the disk, and from here on only to be read.
fn finish(file: Writer<File>, path: &Path) -> Result<(), Error> {
    let failed = |e| Error::write(path, e);
    let file = file.finish().map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let mut rights = file.metadata().map_err(failed)?.permissions();
    rights.set_readonly(true);
    file.set_permissions(rights).map_err(failed)
}

fn write(
    path: &Path,
    fill: &mut dyn FnMut(&mut Writer<File>) -> std::io::Result<()>,
) -> Result<(), Error> {
    let mut file = create(path)?;
    fill(&mut file).map_err(|e| Error::write(path, e))?;
    finish(file, path)
}
