//! After a kill or a power cut: the parts are read to their true end whatever their headers say, and
//! the working copies are made again from them, so that every position means what it meant before.

use std::fs::{self, OpenOptions};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::capture::SourceFormat;
use super::growing_wav::{HEADER_BYTES, drop_tail, header, tail_of};
use super::headless::read_around;
use super::import::{ChannelWriter, sync_folder, temporary};
use super::notice::{Entry, Part};
use super::series::Series;
use super::tape::JournalLine;
use super::{Error, MAX_LIVE_CHANNELS, MAX_RATE, MIN_RATE, Progress, Resampler};
use crate::domain::{Cancel, SamplePos};
use crate::vault::{self, Content, Writer};

/// Frames that are read at once.
const BLOCK_FRAMES: usize = 8192;
/// Longest line of a journal, with a pause's reason in it, and the most lines that are read: a day has 8,640
/// checkpoints.
const MAX_LINE: u64 = 32 << 10;
const MAX_LINES: usize = 1 << 20;
/// More parts than a day of ten-minute ones has by far.
const MAX_PARTS: u32 = 10_000;

/// The parts of one microphone of a session in order, each with a header that tells its true length.
///
/// # Errors
/// `Read`, `Write`. A part whose header never reached the disk holds no sound and ends the list, and so does
/// one with a damaged header of which nothing else tells the form; see [`unread_part`].
pub fn recover_parts(folder: &Path, series: Series) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    for number in 1..=MAX_PARTS {
        let name = series.part(number);
        let path = folder.join(&name);
        if !path.exists() {
            break;
        }
        let part = match mend_header(&path)? {
            Some((format, frames)) => Some(Part {
                name,
                rate: format.rate,
                channels: format.channels,
                frames,
            }),
            None => read_around(folder, series, &name),
        };
        let Some(part) = part else {
            break;
        };
        parts.push(part);
    }
    Ok(parts)
}

/// The part that ended the list of `parts` though it, or what lies behind it, holds sound: its header is
/// damaged. The last one of a session may never have got its header, and held nothing then.
pub fn unread_part(folder: &Path, series: Series, parts: &[Part]) -> Option<String> {
    let number = u32::try_from(parts.len()).ok()?.checked_add(1)?;
    let name = series.part(number);
    let bytes = fs::metadata(folder.join(&name)).ok()?.len();
    let more = folder.join(series.part(number.checked_add(1)?)).exists();
    (more || bytes >= vault::CHUNK).then_some(name)
}

/// Sets the lengths in a part's header right where they are not, and ends a sealed part that was cut.
fn mend_header(path: &Path) -> Result<Option<(SourceFormat, u64)>, Error> {
    let read = |e| Error::read(path, e);
    let mut file = match vault::open(path) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        opened => opened.map_err(read)?,
    };
    let len = if file.is_whole() {
        file.len().map_err(read)?
    } else {
        readable(&mut file).map_err(read)?
    };
    let (sealed, whole) = (file.is_sealed(), file.is_whole());
    let tail = if whole {
        Tail::default()
    } else {
        tail_behind(path, len)?
    };
    let (tail, is_loose) = (tail.bytes, tail.is_loose);
    let total = len.saturating_add(tail.len() as u64);
    let mut content = file.take(len).chain(Cursor::new(tail));
    let mut head = Vec::new();
    Read::by_ref(&mut content)
        .take(HEADER_BYTES)
        .read_to_end(&mut head)
        .map_err(read)?;
    let Some(format) = read_format(&head) else {
        return Ok(None);
    };
    let block = u64::from(format.channels) * 2;
    let frames = total.saturating_sub(HEADER_BYTES) / block;
    let right = header(format, frames);
    let bytes = HEADER_BYTES.saturating_add(frames.saturating_mul(block));
    if is_loose {
        // Before the part is made whole: beside a whole one a tail is thought to be used up.
        let write = |e| Error::write(path, e);
        fs::rename(tail_of(path), apart_of(path)).map_err(write)?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    }
    if sealed && (head != right || !whole) {
        reseal(path, &mut content, &right, frames.saturating_mul(block))?;
    } else if head != right || total != bytes {
        let write = |e| Error::write(path, e);
        let mut file = OpenOptions::new().write(true).open(path).map_err(write)?;
        file.write_all(&right).map_err(write)?;
        // A piece of a frame, of a write for which there was no room, is no sound.
        file.set_len(bytes).map_err(write)?;
        file.sync_all().map_err(write)?;
    }
    // What stood in it is in the part itself now.
    drop_tail(path);
    Ok(Some((format, frames)))
}

/// Whether the end of one of these parts was kept, and lies apart because the sound before it is missing.
pub fn has_apart(folder: &Path, parts: &[Part]) -> bool {
    let mut paths = parts.iter().map(|part| folder.join(&part.name));
    paths.any(|part| apart_of(&part).exists())
}

fn apart_of(part: &Path) -> PathBuf {
    part.with_extension("apart")
}

/// What the tail of a part adds to it.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    /// It holds sound that cannot be joined to the part: what comes before it was lost, or it cannot be read.
    is_loose: bool,
}

/// What the tail of a part that was cut off holds beyond its whole chunks, which end at `len`. One that
/// begins behind them, or is none, takes nothing of the part away and is put aside: it may be the only copy
/// of something.
///
/// # Errors
/// A tail that cannot be read now: it is the only copy of what it holds, and may be readable later.
fn tail_behind(part: &Path, len: u64) -> Result<Tail, Error> {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    let tail = tail_of(part);
    let (begin, mut bytes) = match vault::read_tail(&tail, part) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Tail::default()),
        Err(e) if matches!(e.kind(), InvalidData | UnexpectedEof) => {
            return Ok(Tail {
                bytes: Vec::new(),
                is_loose: true,
            });
        }
        Err(e) => return Err(Error::read(&tail, e)),
    };
    // Chunks that were completed after the tail was written hold its beginning, or all of it.
    let known = len.checked_sub(begin).map(usize::try_from);
    Ok(Tail {
        bytes: match known {
            Some(Ok(known)) if known <= bytes.len() => bytes.split_off(known),
            _ => Vec::new(),
        },
        is_loose: known.is_none(),
    })
}

/// Bytes of a sealed file before the first chunk that a power cut left without its true content.
pub(super) fn readable(file: &mut Content) -> io::Result<u64> {
    let mut block = vec![0; 1 << 16];
    let mut len = 0_u64;
    while let Ok(got @ 1..) = file.read(&mut block) {
        len = len.saturating_add(got as u64);
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(len)
}

/// A sealed file cannot be mended in place: the same sound, sealed anew, takes its place in one step.
fn reseal(path: &Path, content: &mut dyn Read, head: &[u8], sound: u64) -> Result<(), Error> {
    let write = |e| Error::write(path, e);
    let folder = path.parent().unwrap_or(Path::new("."));
    let temp = temporary(folder)?;
    let mut out = Writer::new(temp.as_file(), path).map_err(write)?;
    out.write_all(head).map_err(write)?;
    let copied = io::copy(&mut content.take(sound), &mut out).map_err(write)?;
    if copied != sound {
        return Err(Error::read(path, io::ErrorKind::UnexpectedEof.into()));
    }
    out.finish().map_err(write)?.sync_all().map_err(write)?;
    temp.persist(path).map_err(|e| write(e.error))?;
    sync_folder(folder)
}

/// Rate and channels of a header that this program wrote.
pub(super) fn read_format(head: &[u8]) -> Option<SourceFormat> {
    let channels = u16::from_le_bytes(head.get(22..24)?.try_into().ok()?);
    let rate = u32::from_le_bytes(head.get(24..28)?.try_into().ok()?);
    let ours = head.starts_with(b"RIFF") && head.get(8..16) == Some(b"WAVEfmt ");
    let usable =
        (1..=MAX_LIVE_CHANNELS).contains(&channels) && (MIN_RATE..=MAX_RATE).contains(&rate);
    (ours && usable && head.len() as u64 == HEADER_BYTES).then_some(SourceFormat { rate, channels })
}

/// Makes the working copies of the first `channels` channels again from the parts and returns their
/// length. Each replaces the old one whole or not at all. Progress counts frames.
///
/// # Errors
/// `Read`, `Write`, `DiskFull`, `Cancelled`.
pub fn rebuild_working(
    folder: &Path,
    series: Series,
    (parts, channels): (&[Part], u16),
    progress: Progress<'_>,
    cancel: &Cancel,
) -> Result<SamplePos, Error> {
    let mut writers = (0..channels)
        .map(|c| ChannelWriter::new(folder, series.working(c)))
        .collect::<Result<Vec<_>, _>>()?;
    let failed = |detail| Error::Unsupported {
        detail,
        path: folder.to_owned(),
    };
    let total = parts
        .iter()
        .map(|p| p.frames)
        .fold(0_u64, u64::saturating_add);
    let mut ready = vec![Vec::new(); writers.len()];
    let mut written = 0_u64;
    let mut done = 0_u64;
    let mut current: Option<(SourceFormat, Resampler)> = None;
    for part in parts {
        let format = SourceFormat {
            rate: part.rate,
            channels: part.channels,
        };
        if current.as_ref().is_none_or(|(f, _)| *f != format) {
            if let Some((_, mut old)) = current.take() {
                old.finish(&mut ready).map_err(failed)?;
                written += write_out(&mut writers, &mut ready)?;
            }
            let new = Resampler::new(format.rate, writers.len()).map_err(failed)?;
            current = Some((format, new));
        }
        let Some((_, resampler)) = &mut current else {
            continue;
        };
        let path = folder.join(&part.name);
        let mut reader = PartReader::open(&path, part)?;
        while let Some(planes) = reader.next(writers.len())? {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            resampler.push(&planes, &mut ready).map_err(failed)?;
            written += write_out(&mut writers, &mut ready)?;
            done += planes.first().map_or(0, Vec::len) as u64;
            progress(done, total);
        }
    }
    if let Some((_, mut last)) = current {
        last.finish(&mut ready).map_err(failed)?;
        written += write_out(&mut writers, &mut ready)?;
    }
    for writer in writers {
        writer.finish()?;
    }
    sync_folder(folder)?;
    Ok(SamplePos(written))
}

fn write_out(writers: &mut [ChannelWriter], ready: &mut [Vec<f32>]) -> Result<u64, Error> {
    let samples = ready.first().map_or(0, Vec::len) as u64;
    for (writer, samples) in writers.iter_mut().zip(ready) {
        writer.write(samples)?;
        samples.clear();
    }
    Ok(samples)
}

/// Reads a part block by block, a vector a channel.
struct PartReader<'a> {
    file: BufReader<Content>,
    path: &'a Path,
    width: usize,
    left: u64,
}

impl<'a> PartReader<'a> {
    fn open(path: &'a Path, part: &Part) -> Result<Self, Error> {
        let mut file = vault::open(path).map_err(|e| Error::read(path, e))?;
        file.seek(SeekFrom::Start(HEADER_BYTES))
            .map_err(|e| Error::read(path, e))?;
        Ok(Self {
            file: BufReader::new(file),
            path,
            width: usize::from(part.channels.max(1)),
            left: part.frames,
        })
    }

    fn next(&mut self, channels: usize) -> Result<Option<Vec<Vec<f32>>>, Error> {
        let frames = self.left.min(BLOCK_FRAMES as u64) as usize;
        if frames == 0 {
            return Ok(None);
        }
        let mut bytes = vec![0_u8; frames * self.width * 2];
        self.file
            .read_exact(&mut bytes)
            .map_err(|e| Error::read(self.path, e))?;
        self.left -= frames as u64;
        let mut planes = vec![Vec::with_capacity(frames); channels];
        for frame in bytes.chunks_exact(self.width * 2) {
            for (plane, sample) in planes.iter_mut().zip(frame.chunks_exact(2)) {
                if let [low, high] = sample {
                    plane.push(f32::from(i16::from_le_bytes([*low, *high])) / 32_768.0);
                }
            }
        }
        Ok(Some(planes))
    }
}

/// The entries of one microphone's journal. A line that the power cut tore apart is left out, and so is
/// whatever follows it.
///
/// # Errors
/// `Read`.
pub fn read_journal(folder: &Path, series: Series) -> Result<Vec<Entry>, Error> {
    let path = folder.join(series.journal());
    let mut entries = Vec::new();
    let read = vault::read_lines(&path, MAX_LINE, MAX_LINES, &mut |line| {
        let read = serde_json::from_str::<JournalLine>(line);
        read.map(|read| entries.extend(read.entry)).is_ok()
    });
    match read {
        Ok(_) => Ok(entries),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(entries),
        Err(e) => Err(Error::read(&path, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::notice::Notice;
    use super::*;

    fn part_bytes(frames: i16) -> Vec<u8> {
        let format = SourceFormat {
            rate: 16_000,
            channels: 2,
        };
        let mut bytes = header(format, 0);
        for n in 0..frames {
            bytes.extend_from_slice(&n.to_le_bytes());
            bytes.extend_from_slice(&(-n).to_le_bytes());
        }
        bytes
    }

    #[test]
    fn a_part_cut_anywhere_is_read_to_its_last_whole_frame() {
        let dir = tempfile::tempdir().unwrap();
        let whole = part_bytes(100);
        for cut in 0..whole.len() {
            fs::write(dir.path().join("part-001.wav"), &whole[..cut]).unwrap();
            let parts = recover_parts(dir.path(), Series::default()).unwrap();
            if cut < 44 {
                assert!(parts.is_empty(), "{cut}");
                continue;
            }
            let frames = (cut as u64 - 44) / 4;
            assert_eq!(parts[0].frames, frames, "{cut}");
            let kept = fs::metadata(dir.path().join("part-001.wav")).unwrap().len();
            assert_eq!(kept, 44 + frames * 4, "a piece of a frame is no sound");
            let length = rebuild_working(
                dir.path(),
                Series::default(),
                (&parts, 2),
                &mut |_, _| {},
                &Cancel::new(),
            );
            assert_eq!(length.unwrap(), SamplePos(frames));
            if frames > 0 {
                let read = hound::WavReader::open(dir.path().join("part-001.wav")).unwrap();
                assert_eq!(u64::from(read.duration()), frames);
            }
        }
        let working = hound::WavReader::open(dir.path().join("working-1.wav")).unwrap();
        let samples: Vec<i16> = working.into_samples().map(Result::unwrap).collect();
        assert_eq!(samples[..4], [0, -1, -2, -3]);
    }

    #[test]
    fn a_foreign_file_under_a_parts_name_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("part-001.wav");
        let text = b"these are notes, and more of them than a header is long".to_vec();
        fs::write(&path, &text).unwrap();
        assert!(
            recover_parts(dir.path(), Series::default())
                .unwrap()
                .is_empty()
        );
        assert_eq!(fs::read(&path).unwrap(), text);
    }

    #[test]
    fn a_damaged_header_is_told_where_sound_lies_behind_it() {
        let dir = tempfile::tempdir().unwrap();
        let (series, path) = (Series::default(), |name| dir.path().join(name));
        let unread = || {
            let parts = recover_parts(dir.path(), series).unwrap();
            unread_part(dir.path(), series, &parts)
        };
        assert_eq!(unread(), None);
        fs::write(path("part-001.wav"), part_bytes(100)).unwrap();
        fs::write(path("part-002.wav"), &part_bytes(100)[..40]).unwrap();
        assert_eq!(unread(), None, "it never held any sound");
        fs::write(path("part-003.wav"), part_bytes(100)).unwrap();
        assert_eq!(unread().as_deref(), Some("part-002.wav"));
        fs::remove_file(path("part-003.wav")).unwrap();
        fs::write(path("part-002.wav"), vec![0; 70_000]).unwrap();
        assert_eq!(unread().as_deref(), Some("part-002.wav"));
    }

    #[test]
    fn a_torn_journal_gives_what_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        assert!(
            read_journal(dir.path(), Series::default())
                .unwrap()
                .is_empty()
        );
        let line = r#"{"at":1,"clock_ms":2,"entry":{"number":1,"wall":"w","notice":{"what":"began","pre_roll":5}},"wall":"w"}"#;
        let checkpoint = r#"{"at":1,"clock_ms":2,"wall":"w"}"#;
        let text = format!("{line}\n{checkpoint}\n{}", &line[..40]);
        fs::write(dir.path().join("journal.jsonl"), text).unwrap();
        let entries = read_journal(dir.path(), Series::default()).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].number, 1);
    }

    #[test]
    fn a_pause_of_a_journal_without_reasons_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let old = r#"{"at":1,"clock_ms":2,"entry":{"number":1,"wall":"w","notice":{"what":"paused","at":5}},"wall":"w"}"#;
        let new = old.replace(r#""at":5"#, r#""at":5,"reason":"អ្នកបកប្រែ""#);
        fs::write(dir.path().join("journal.jsonl"), format!("{old}\n{new}\n")).unwrap();
        let entries = read_journal(dir.path(), Series::default()).unwrap();
        let reasons: Vec<&str> = entries
            .iter()
            .filter_map(|e| match &e.notice {
                Notice::Paused { reason, .. } => Some(reason.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(reasons, ["", "អ្នកបកប្រែ"]);
    }
}
