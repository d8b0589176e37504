//! A bundle: one interview for a partner, as a BagIt bag (RFC 8493) in a zip file, signed, and as a
//! rule encrypted to the partner's age key.
//!
//! The signature is Ed25519 over the tag manifest, which holds the hash of the manifest, which holds
//! the hash of every file: stock `openssl` and `sha256sum` check all of it ([`SCRIPT`]).

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::Error;
use super::canonical::{hex, sha256};
use super::container::Writer;
use super::sign::{PublicKey, SecretKey, Sign as _, to_pem};
use crate::domain::Cancel;
use crate::vault;

/// The verifier that needs nothing of ours; it lies in every bundle.
pub const SCRIPT: &str = concat!(
    include_str!("verify/check.sh"),
    include_str!("verify/read.sh"),
    include_str!("verify/read.awk"),
    include_str!("verify/write.awk"),
    include_str!("verify/end.sh")
);
/// The bag's declaration.
pub(super) const BAGIT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// Stands for 'not encrypted'.
pub(super) const NOBODY: &str = "none";

pub(super) const DECLARATION: &str = "bagit.txt";
pub(super) const INFO: &str = "bag-info.txt";
pub(super) const SIGNER: &str = "signer.pem";
pub(super) const VERIFIER: &str = "verify.sh";
pub(super) const MANIFEST: &str = "manifest-sha256.txt";
pub(super) const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
pub(super) const SIGNATURE: &str = "tagmanifest-sha256.sig";
/// Files of the bag that the tag manifest lists, sorted.
pub(super) const TAGS: [&str; 5] = [INFO, DECLARATION, MANIFEST, SIGNER, VERIFIER];

pub(super) const CHAIN: &str = "data/chain.jsonl";
pub(super) const RECORDS: &str = "data/records.jsonl";
pub(super) const KEYS: &str = "data/keys.jsonl";
pub(super) const INTERVIEW: &str = "data/interview.json";
pub(super) const TRANSCRIPT: &str = "data/transcript.txt";
pub(super) const PAGE: &str = "data/transcript.html";
pub(super) const SOUND: &str = "data/sound-chain.jsonl";
pub(super) const AUDIO: &str = "data/audio/";

/// One file of the payload.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    /// Made for the bundle.
    Bytes(Vec<u8>),
    /// A recording, and what its SHA-256 must be.
    File {
        /// Where it lies.
        path: PathBuf,
        /// 64 digits.
        sha256: String,
    },
}

/// What goes into a bundle.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The interview.
    pub interview: String,
    /// The hash of its last event.
    pub head: String,
    /// The events, one canonical line each.
    pub chain: Vec<u8>,
    /// The records, one canonical line each.
    pub records: Vec<u8>,
    /// The public keys of everybody who signed an event, one line each.
    pub keys: Vec<u8>,
    /// `show --json`.
    pub interview_json: Vec<u8>,
    /// For reading.
    pub transcript: Vec<u8>,
    /// The same as one page for a browser.
    pub page: Vec<u8>,
    /// The form of both, by which a receiver knows whether it makes the same ones.
    pub copies: u32,
    /// The links of a session's sound, one canonical line each; none for what was imported.
    pub sound: Vec<u8>,
    /// The recordings, by their plain file names.
    pub audio: Vec<(String, PathBuf, String)>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The bundle's own name, 32 digits.
    pub bundle: String,
    /// SHA-256 of the tag manifest: names this bundle and no other.
    pub manifest: String,
    /// Files of the payload.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The program that writes bundles.
const AGENT: &str = concat!("mekong ", env!("CARGO_PKG_VERSION"));

/// What must be known of a file before its first byte is written.
struct Measured {
    bytes: u64,
    crc: u32,
    sha256: String,
}

/// Writes a bundle of `contents`, signed by `signer`, and encrypted to `to` unless that is `None`.
/// `tell` hears the bytes done and of how many.
///
/// # Errors
/// [`Error::Changed`] where a recording is not what the record says; a disk that refuses; a cancel.
/// What was written to `out` is then of no use.
pub fn write_bundle(
    out: &mut dyn Write,
    contents: &Contents,
    signer: &SecretKey,
    to: Option<&PublicKey>,
    tell: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<Packed, Error> {
    let Some(to) = to else {
        let (_, packed) = write_plain(out, contents, signer, None, tell, cancel)?;
        return Ok(packed);
    };
    let recipient: age::x25519::Recipient = to
        .recipient
        .parse()
        .map_err(|_| Error::NotAKey("its lock cannot be read"))?;
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let sealed = age::Encryptor::with_recipients(recipients).map_err(|_| Error::NoRandomness)?;
    let writer = sealed.wrap_output(out).map_err(written)?;
    let (writer, packed) = write_plain(writer, contents, signer, Some(to), tell, cancel)?;
    writer.finish().map_err(written)?;
    Ok(packed)
}

fn write_plain<W: Write>(
    out: W,
    contents: &Contents,
    signer: &SecretKey,
    to: Option<&PublicKey>,
    tell: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<(W, Packed), Error> {
    let payload = payload(contents);
    let expected: u64 = payload.values().map(Payload::size).sum();
    // Every file is read twice: to be hashed, and to be written.
    let total = expected.saturating_mul(2);
    let mut done = 0;
    let mut measured = BTreeMap::new();
    for (name, file) in &payload {
        let size = measure(file, &mut |n| tell(done + n, total), cancel)?;
        done += size.bytes;
        measured.insert(name.as_str(), size);
    }
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| Error::NoRandomness)?;
    let bundle = hex(&id);
    let bytes = measured.values().map(|m| m.bytes).sum();
    let files = measured.len() as u64;
    let tags = tag_files(contents, signer, to, &bundle, &measured, bytes)?;
    let manifest = tags
        .iter()
        .find(|(name, _)| *name == TAG_MANIFEST)
        .map(|(_, text)| sha256(text))
        .unwrap_or_default();
    let mut zip = Writer::new(out);
    let folder = format!("mekong-{bundle}/");
    for (name, bytes) in &tags {
        let crc = crc32fast::hash(bytes);
        zip.begin(&format!("{folder}{name}"), bytes.len() as u64, crc)
            .and_then(|()| zip.write(bytes))
            .map_err(written)?;
    }
    for (name, file) in &payload {
        let Some(size) = measured.get(name.as_str()) else {
            continue;
        };
        zip.begin(&format!("{folder}{name}"), size.bytes, size.crc)
            .map_err(written)?;
        let again = copy(file, &mut zip, &mut |n| tell(done + n, total), cancel)?;
        if again != *size.sha256 {
            return Err(file.changed());
        }
        done += size.bytes;
    }
    let packed = Packed {
        bundle,
        manifest,
        files,
        bytes,
    };
    Ok((zip.finish().map_err(written)?, packed))
}

fn payload(contents: &Contents) -> BTreeMap<String, Payload> {
    let made = [
        (CHAIN, &contents.chain),
        (RECORDS, &contents.records),
        (KEYS, &contents.keys),
        (INTERVIEW, &contents.interview_json),
        (TRANSCRIPT, &contents.transcript),
        (PAGE, &contents.page),
        (SOUND, &contents.sound),
    ];
    let made = made
        .into_iter()
        .filter(|(name, bytes)| *name != SOUND || !bytes.is_empty())
        .map(|(name, bytes)| (name.to_owned(), Payload::Bytes(bytes.clone())));
    let audio = contents.audio.iter().map(|(name, path, sha256)| {
        let file = Payload::File {
            path: path.clone(),
            sha256: sha256.clone(),
        };
        (format!("{AUDIO}{name}"), file)
    });
    made.chain(audio).collect()
}

/// The bag's own files in the order in which a receiver needs them: the signature before anything
/// that it vouches for is stored.
fn tag_files(
    contents: &Contents,
    signer: &SecretKey,
    to: Option<&PublicKey>,
    bundle: &str,
    measured: &BTreeMap<&str, Measured>,
    bytes: u64,
) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let now = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    let number = &signer.public().number;
    let info = Info {
        agent: AGENT.to_owned(),
        copies: Some(contents.copies),
        interview: contents.interview.clone(),
        oxum: format!("{bytes}.{}", measured.len()),
        bundle: bundle.to_owned(),
        head: contents.head.clone(),
        receiver: to.map_or_else(|| NOBODY.to_owned(), |key| key.number.clone()),
        signer: number.clone(),
        at: now,
    };
    let manifest: String = measured
        .iter()
        .map(|(name, size)| format!("{}  {name}\n", size.sha256))
        .collect();
    let pem = to_pem(number).ok_or(Error::NotAKey("its number is not one"))?;
    let texts: [(&str, String); 5] = [
        (DECLARATION, BAGIT.to_owned()),
        (INFO, info.to_text()),
        (SIGNER, pem),
        (VERIFIER, SCRIPT.to_owned()),
        (MANIFEST, manifest),
    ];
    let tag_manifest = tag_manifest(&|name| {
        let found = texts.iter().find(|(n, _)| *n == name);
        found
            .map(|(_, text)| sha256(text.as_bytes()))
            .unwrap_or_default()
    });
    let signature = signer.sign(tag_manifest.as_bytes()).to_vec();
    let mut files: Vec<(&str, Vec<u8>)> = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    files.push((TAG_MANIFEST, tag_manifest.into_bytes()));
    files.push((SIGNATURE, signature));
    Ok(files)
}

/// The tag manifest where each tag file has the SHA-256 that `digest` says.
pub(super) fn tag_manifest(digest: &dyn Fn(&str) -> String) -> String {
    TAGS.iter()
        .map(|name| format!("{}  {name}\n", digest(name)))
        .collect()
}

/// `bag-info.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Info {
    pub agent: String,
    /// The form of the copies for reading; programs of an earlier version told none.
    pub copies: Option<u32>,
    pub interview: String,
    /// Octets and files of the payload.
    pub oxum: String,
    pub bundle: String,
    pub head: String,
    pub receiver: String,
    pub signer: String,
    pub at: String,
}

impl Info {
    pub(super) fn to_text(&self) -> String {
        let date = self.at.get(..10).unwrap_or_default();
        let copies = self.copies.map(|form| format!("Mekong-Copies: {form}\n"));
        let copies = copies.unwrap_or_default();
        format!(
            "Bag-Software-Agent: {}\nBagging-Date: {date}\nExternal-Identifier: {}\nPayload-Oxum: {}\n\
             Mekong-Bundle: {}\nMekong-Chain-Head: {}\n{copies}Mekong-Receiver: {}\nMekong-Signer: {}\n\
             Mekong-Time: {}\n",
            self.agent,
            self.interview,
            self.oxum,
            self.bundle,
            self.head,
            self.receiver,
            self.signer,
            self.at
        )
    }

    /// The counterpart of [`Self::to_text`]; `None` for every other spelling.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            Some(line?.strip_prefix(": ")?.to_owned())
        };
        let info = Self {
            agent: field("Bag-Software-Agent")?,
            copies: field("Mekong-Copies").and_then(|form| form.parse().ok()),
            interview: field("External-Identifier")?,
            oxum: field("Payload-Oxum")?,
            bundle: field("Mekong-Bundle")?,
            head: field("Mekong-Chain-Head")?,
            receiver: field("Mekong-Receiver")?,
            signer: field("Mekong-Signer")?,
            at: field("Mekong-Time")?,
        };
        (info.to_text() == text).then_some(info)
    }
}

impl Payload {
    /// What it should come to; only for progress.
    fn size(&self) -> u64 {
        match self {
            Payload::Bytes(bytes) => bytes.len() as u64,
            Payload::File { path, .. } => path.metadata().map_or(0, |m| m.len()),
        }
    }

    fn changed(&self) -> Error {
        match self {
            Payload::Bytes(_) => Error::mismatch("what was written"),
            Payload::File { path, .. } => Error::Changed(path.clone()),
        }
    }

    /// Reads it block by block.
    fn each(
        &self,
        cancel: &Cancel,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let path = match self {
            Payload::Bytes(bytes) => return take(bytes),
            Payload::File { path, .. } => path,
        };
        let mut file = vault::open(path).map_err(|e| Error::read(path, e))?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let got = file.read(&mut buffer).map_err(|e| Error::read(path, e))?;
            if got == 0 {
                return Ok(());
            }
            take(buffer.get(..got).unwrap_or_default())?;
        }
    }
}

fn measure(file: &Payload, tell: &mut dyn FnMut(u64), cancel: &Cancel) -> Result<Measured, Error> {
    let (mut bytes, mut crc, mut sha) = (0, crc32fast::Hasher::new(), Sha256::new());
    file.each(cancel, &mut |block| {
        bytes += block.len() as u64;
        crc.update(block);
        sha.update(block);
        tell(bytes);
        Ok(())
    })?;
    let found = hex(&sha.finalize());
    match file {
        Payload::File { sha256, .. } if *sha256 != found => Err(file.changed()),
        _ => Ok(Measured {
            bytes,
            crc: crc.finalize(),
            sha256: found,
        }),
    }
}

/// Copies a file into the container and gives the SHA-256 of what was copied.
fn copy<W: Write>(
    file: &Payload,
    zip: &mut Writer<W>,
    tell: &mut dyn FnMut(u64),
    cancel: &Cancel,
) -> Result<String, Error> {
    let (mut bytes, mut sha) = (0, Sha256::new());
    file.each(cancel, &mut |block| {
        bytes += block.len() as u64;
        sha.update(block);
        zip.write(block).map_err(written)?;
        tell(bytes);
        Ok(())
    })?;
    Ok(hex(&sha.finalize()))
}

fn written(cause: std::io::Error) -> Error {
    Error::Write {
        cause,
        path: PathBuf::from("the bundle"),
    }
}
