//! The chain of the sound beside the parts: written by the recorder a link a second, completed after a
//! crash from what the parts hold. A fault in it is told and never stops the sound.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Error;
use super::capture::SourceFormat;
use super::disk::{Disk, DiskFile, append_all};
use super::growing_wav::HEADER_BYTES;
use super::import::{sync_folder, temporary};
use super::notice::Part;
use crate::domain::Cancel;
use crate::evidence::{SoundHead, SoundLink, hex};
use crate::vault::{self, LineSealer, Writer};

/// File name of the chain.
pub(super) const SOUND_CHAIN: &str = "sound-chain.jsonl";
/// Longest line, and the most of them: three days of seconds.
const MAX_LINE: u64 = 2 << 10;
const MAX_LINES: usize = 3 * 24 * 3600;

/// A second that is complete and waits until its sound is on the disk.
struct Waiting {
    end: u64,
    link: SoundLink,
}

/// The chain of a session that is being recorded.
pub(super) struct SoundChain {
    file: Option<(Box<dyn DiskFile>, LineSealer)>,
    interview: String,
    part: String,
    format: SourceFormat,
    head: SoundHead,
    hasher: Sha256,
    /// The first frame of the running second, and its frames so far.
    first: u64,
    frames: u64,
    waiting: Vec<Waiting>,
    bytes: Vec<u8>,
    fault: Option<String>,
}

impl SoundChain {
    /// Begins the chain of the session in `folder` with the part called `part`.
    pub(super) fn begin(
        disk: &Arc<dyn Disk>,
        folder: &Path,
        part: String,
        format: SourceFormat,
    ) -> Self {
        let path = folder.join(SOUND_CHAIN);
        let opened = LineSealer::new(&path).and_then(|seal| Ok((disk.create(&path)?, seal)));
        let (file, fault) = match opened {
            Ok(file) => (Some(file), None),
            Err(e) => (None, Some(e.to_string())),
        };
        Self {
            file,
            interview: name_of(folder),
            part,
            format,
            head: SoundHead::default(),
            hasher: Sha256::new(),
            first: 0,
            frames: 0,
            waiting: Vec::new(),
            bytes: Vec::new(),
            fault,
        }
    }

    /// Whole frames that were appended to the part.
    pub(super) fn take(&mut self, mut block: &[i16]) {
        if self.file.is_none() {
            return;
        }
        let width = usize::from(self.format.channels.max(1));
        while !block.is_empty() {
            let left = u64::from(self.format.rate).saturating_sub(self.frames);
            let fits = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .saturating_mul(width);
            let (now, later) = block.split_at(fits.min(block.len()));
            self.bytes.clear();
            self.bytes.extend(now.iter().flat_map(|s| s.to_le_bytes()));
            self.hasher.update(&self.bytes);
            self.frames = self.frames.saturating_add((now.len() / width) as u64);
            block = later;
            if self.frames >= u64::from(self.format.rate) {
                self.end_second();
            }
        }
    }

    /// Writes the links of the sound that is on the disk up to this frame of the part.
    pub(super) fn keep(&mut self, on_disk: u64) {
        let ready = self.waiting.iter().take_while(|w| w.end <= on_disk).count();
        let ready: Vec<Waiting> = self.waiting.drain(..ready).collect();
        let (Some((file, seal)), false) = (&mut self.file, ready.is_empty()) else {
            return;
        };
        let mut written = Ok(());
        for Waiting { link, .. } in ready {
            let line = self.head.append(link);
            written = written.and_then(|()| {
                let line = line.ok_or(io::ErrorKind::InvalidData)?;
                append_all(&mut **file, &seal.line(&line)?)
            });
        }
        if let Err(e) = written.and_then(|()| file.sync()) {
            // After a failure nobody knows what is on the disk: the file is given up.
            self.file = None;
            self.waiting.clear();
            self.fault = Some(e.to_string());
        }
    }

    /// The part has ended, whole and on the disk; `next` follows.
    pub(super) fn end_part(&mut self, next: Option<(String, SourceFormat)>) {
        if self.frames > 0 {
            self.end_second();
        }
        self.keep(u64::MAX);
        self.waiting.clear();
        self.first = 0;
        if let Some((part, format)) = next {
            (self.part, self.format) = (part, format);
        }
    }

    /// What is wrong with it, once.
    pub(super) fn take_fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    fn end_second(&mut self) {
        let end = self.first.saturating_add(self.frames);
        let digest = hex(&std::mem::take(&mut self.hasher).finalize());
        let link = SoundLink {
            sha256: digest,
            ..new_link(
                &self.interview,
                &self.part,
                self.format,
                self.first,
                self.frames,
            )
        };
        if self.file.is_some() {
            self.waiting.push(Waiting { end, link });
        }
        (self.first, self.frames) = (end, 0);
    }
}

fn new_link(
    interview: &str,
    part: &str,
    format: SourceFormat,
    first: u64,
    frames: u64,
) -> SoundLink {
    SoundLink {
        at: jiff::Timestamp::now().to_string(),
        channels: format.channels,
        first,
        frames,
        interview: interview.to_owned(),
        late: false,
        number: 0,
        part: part.to_owned(),
        previous: String::new(),
        rate: format.rate,
        sha256: String::new(),
    }
}

/// The lines of a session's chain of sound; none where there is no such file. A line that a power cut
/// tore ends them.
///
/// # Errors
/// `Read`.
pub fn read_sound_chain(folder: &Path) -> Result<Vec<String>, Error> {
    let path = folder.join(SOUND_CHAIN);
    let mut lines = Vec::new();
    let read = vault::read_lines(&path, MAX_LINE, MAX_LINES, &mut |line| {
        lines.push(line.to_owned());
        true
    });
    match read {
        Ok(()) => Ok(lines),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(lines),
        Err(e) => Err(Error::read(&path, e)),
    }
}

/// Gives the sound that no link covers its links, marked as made late, and returns where the chain
/// ends. One that covers everything stays as it is; so do its links, whatever they say.
///
/// # Errors
/// `Read`, `Write`, `Cancelled`.
pub fn complete_sound_chain(
    folder: &Path,
    parts: &[Part],
    cancel: &Cancel,
) -> Result<SoundHead, Error> {
    let interview = name_of(folder);
    let (mut head, mut kept, mut covered) = (SoundHead::default(), Vec::new(), Vec::new());
    for line in read_sound_chain(folder)? {
        // What does not follow is left out here; the sound then shows what is true of it.
        let Ok(link) = head.follow(&interview, &line) else {
            break;
        };
        let end = link.first.saturating_add(link.frames);
        match covered.last_mut() {
            Some((part, frames)) if *part == link.part => *frames = end,
            _ => covered.push((link.part, end)),
        }
        kept.push(line);
    }
    let before = kept.len();
    // Only behind the last link: a chain does not go back.
    let last = covered.last().map(|(part, _)| part.clone());
    let from = parts.iter().position(|p| Some(&p.name) == last.as_ref());
    for part in parts.get(from.unwrap_or(0)..).unwrap_or_default() {
        let known = covered.iter().find(|(name, _)| *name == part.name);
        let done = known.map_or(0, |(_, frames)| *frames);
        link_part(folder, part, done, cancel, &mut |link| {
            let line = head.append(SoundLink {
                interview: interview.clone(),
                ..link
            });
            kept.extend(line);
        })?;
    }
    if kept.len() > before {
        replace(folder, &kept)?;
    }
    Ok(head)
}

/// Late links for the sound of a part from the frame `done` on.
fn link_part(
    folder: &Path,
    part: &Part,
    done: u64,
    cancel: &Cancel,
    take: &mut dyn FnMut(SoundLink),
) -> Result<(), Error> {
    let path = folder.join(&part.name);
    let format = SourceFormat {
        rate: part.rate,
        channels: part.channels,
    };
    let frame = u64::from(part.channels).saturating_mul(2);
    let mut at = done;
    if at >= part.frames {
        return Ok(());
    }
    let read = |e| Error::read(&path, e);
    let mut file = vault::open(&path).map_err(read)?;
    let start = HEADER_BYTES.saturating_add(at.saturating_mul(frame));
    file.seek(SeekFrom::Start(start)).map_err(read)?;
    let mut bytes = Vec::new();
    while at < part.frames {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let frames = u64::from(part.rate).clamp(1, part.frames.saturating_sub(at));
        let want = frames.saturating_mul(frame);
        bytes.clear();
        let got = file.by_ref().take(want).read_to_end(&mut bytes);
        if (got.map_err(read)? as u64) < want {
            return Ok(());
        }
        take(SoundLink {
            late: true,
            sha256: hex(&Sha256::digest(&bytes)),
            ..new_link("", &part.name, format, at, frames)
        });
        at = at.saturating_add(frames);
    }
    Ok(())
}

/// Puts these lines in the place of the file in one step.
fn replace(folder: &Path, lines: &[String]) -> Result<(), Error> {
    let path = folder.join(SOUND_CHAIN);
    let write = |e| Error::write(&path, e);
    let temp = temporary(folder)?;
    let mut out = Writer::new(temp.as_file(), &path).map_err(write)?;
    for line in lines {
        writeln!(out, "{line}").map_err(write)?;
    }
    out.finish().map_err(write)?.sync_all().map_err(write)?;
    temp.persist(&path).map_err(|e| write(e.error))?;
    sync_folder(folder)
}

/// The name of a session's folder, which is the interview's.
fn name_of(folder: &Path) -> String {
    let name = folder.file_name();
    name.map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}
