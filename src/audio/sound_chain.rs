//! The chain of the sound beside the parts: written by the recorder a link a second, completed after a
//! crash from what the parts hold. A fault in it is told and never stops the sound.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::capture::SourceFormat;
use super::disk::{Disk, DiskFile, append_all};
use super::growing_wav::HEADER_BYTES;
use super::import::{sync_folder, temporary};
use super::notice::Part;
use super::{Error, MAX_LIVE_CHANNELS};
use crate::domain::Cancel;
use crate::evidence::{SoundHead, SoundLink, hex};
use crate::vault::{self, LineSealer, Writer};

/// File name of the chain.
pub(super) const SOUND_CHAIN: &str = "sound-chain.jsonl";
/// Longest line, and the most of them: a second each of the most microphones for a day, and an hour more
/// for seconds that the ends of parts cut in two.
const MAX_LINE: u64 = 2 << 10;
const MAX_LINES: usize = MAX_LIVE_CHANNELS as usize * 25 * 3600;

/// A second that is complete and waits until its sound is on the disk.
struct Waiting {
    end: u64,
    link: SoundLink,
}

/// The file of a session's chain. All its microphones write into it, each for its own parts.
#[derive(Clone, Default)]
pub struct SharedChain(Arc<Mutex<ChainFile>>);

#[derive(Default)]
struct ChainFile {
    begun: bool,
    /// None before it is made, and after a failure.
    file: Option<(Box<dyn DiskFile>, LineSealer)>,
    head: SoundHead,
}

impl SharedChain {
    fn lock(&self) -> MutexGuard<'_, ChainFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the file, unless another microphone has.
    fn begin(&self, disk: &Arc<dyn Disk>, folder: &Path) -> io::Result<()> {
        let mut chain = self.lock();
        if std::mem::replace(&mut chain.begun, true) {
            return Ok(());
        }
        let path = folder.join(SOUND_CHAIN);
        let seal = LineSealer::new(&path)?;
        chain.file = Some((disk.create(&path)?, seal));
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.lock().file.is_some()
    }

    fn append(&self, links: Vec<Waiting>) -> io::Result<()> {
        let mut chain = self.lock();
        let ChainFile { file, head, .. } = &mut *chain;
        let Some((out, seal)) = file else {
            return Ok(());
        };
        let mut written = Ok(());
        for Waiting { link, .. } in links {
            let line = head.append(link);
            written = written.and_then(|()| {
                let line = line.ok_or(io::ErrorKind::InvalidData)?;
                append_all(&mut **out, &seal.line(&line)?)
            });
        }
        written.and_then(|()| out.sync()).inspect_err(|_| {
            // After a failure nobody knows what is on the disk: the file is given up.
            *file = None;
        })
    }
}

/// One microphone's side of the chain of a session that is being recorded.
pub(super) struct SoundChain {
    shared: SharedChain,
    interview: String,
    part: String,
    format: SourceFormat,
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
        shared: SharedChain,
    ) -> Self {
        let fault = shared.begin(disk, folder).err().map(|e| e.to_string());
        Self {
            shared,
            interview: name_of(folder),
            part,
            format,
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
        if !self.shared.is_open() {
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
        if ready.is_empty() {
            return;
        }
        if let Err(e) = self.shared.append(ready) {
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
        if self.shared.is_open() {
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
    Ok(read_whole_sound_chain(folder)?.0)
}

/// The lines, and whether nothing stands behind the last whole link: neither a line that a power cut tore,
/// nor what somebody put there.
///
/// # Errors
/// `Read`.
pub fn read_whole_sound_chain(folder: &Path) -> Result<(Vec<String>, bool), Error> {
    let path = folder.join(SOUND_CHAIN);
    let mut lines = Vec::new();
    let read = vault::read_lines(&path, MAX_LINE, MAX_LINES, &mut |line| {
        lines.push(line.to_owned());
        true
    });
    match read {
        Ok(whole) => Ok((lines, whole)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok((lines, true)),
        Err(e) => Err(Error::read(&path, e)),
    }
}

/// Gives the sound that no link covers its links, marked as made late, and returns where the chain
/// ends. One that covers everything stays as it is; so do its links, whatever they say. `microphones`
/// are the parts of each in their order.
///
/// # Errors
/// `Read`, `Write`, `Cancelled`.
pub fn complete_sound_chain(
    folder: &Path,
    microphones: &[Vec<Part>],
    cancel: &Cancel,
) -> Result<SoundHead, Error> {
    let interview = name_of(folder);
    let (mut head, mut kept) = (SoundHead::default(), Vec::new());
    let mut covered: HashMap<String, u64> = HashMap::new();
    let (lines, whole) = read_whole_sound_chain(folder)?;
    for line in lines {
        // What does not follow is left out here; the sound then shows what is true of it.
        let Ok(link) = head.follow(&interview, &line) else {
            break;
        };
        covered.insert(link.part, link.first.saturating_add(link.frames));
        kept.push(line);
    }
    let before = kept.len();
    for parts in microphones {
        // Only behind a microphone's last link: its chain does not go back.
        let from = parts.iter().rposition(|p| covered.contains_key(&p.name));
        for part in parts.get(from.unwrap_or(0)..).unwrap_or_default() {
            let done = covered.get(&part.name).copied().unwrap_or(0);
            link_part(folder, part, done, cancel, &mut |link| {
                let line = head.append(SoundLink {
                    interview: interview.clone(),
                    ..link
                });
                kept.extend(line);
            })?;
        }
    }
    if kept.len() > before || !whole {
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
