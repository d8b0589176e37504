//! Taking a recording in: copy and hash the original, decode the working copy, find the utterances,
//! and only then one transaction that makes it an interview. Until that moment everything lies in a
//! folder called `.incoming-ID`, so a bad file leaves nothing behind and a kill can be taken up again.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::audio::{self, SegmenterLimits, WorkingCopy};
use crate::domain::{
    AudioFile, Cancel, Channel, Flag, FlagKind, InterviewId, Lang, LongestUtterance, SpeechChoice,
};
use crate::store::{NewAudio, NewInterview, NewSegment, Store, Working};
use crate::vault;

use super::beside::heard_beside;
use super::{Error, Progress, Step, Watcher, choose_models};

/// The name of a channel, or of all channels, on which everybody speaks.
const EVERYBODY: &str = "all";
const INCOMING: &str = ".incoming-";
const PLAN_FILE: &str = "intake.json";
/// What was odd about the original, in plain words, one note a line, kept beside it.
const NOTES_FILE: &str = "notes.txt";
/// Bytes of two channels that are compared at a time.
const COMPARED_BYTES: u64 = 1 << 18;
/// Most that is read back of them.
const MAX_NOTES_BYTES: u64 = 64 * 1024;
/// Largest plan that is read back.
const MAX_PLAN_BYTES: u64 = 1 << 20;

/// What is known of a recording before it is opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IntakePlan {
    /// Name of the new interview.
    pub id: InterviewId,
    /// The case.
    pub case: Option<String>,
    /// The languages, the officer's first.
    pub languages: Vec<Lang>,
    /// Speaker and languages by channel; empty means: work it out from the number of channels.
    pub channels: Vec<(String, Vec<Lang>)>,
    /// RFC 3339.
    pub started: String,
    /// File name of the original, without folders.
    pub original_name: String,
    /// Longest utterance that the recogniser of each language takes.
    pub max_utterance_ms: LongestUtterance,
    /// Store it also where another interview holds the same recording.
    #[serde(default)]
    pub again: bool,
    /// The speech models that a person chose.
    #[serde(default)]
    pub speech_models: Vec<SpeechChoice>,
    /// As what the person was interviewed.
    #[serde(default)]
    pub asked: Option<crate::domain::Asked>,
}

/// What was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The new interview.
    pub id: InterviewId,
    /// Utterances found.
    pub utterances: usize,
    /// What the user should know of the file, in plain words.
    pub notes: Vec<String>,
    /// The interview held this recording before; nothing was stored.
    pub already: bool,
}

#[derive(Serialize, Deserialize)]
struct Copied {
    plan: IntakePlan,
    file: String,
    sha256: String,
    bytes: u64,
}

/// Where recordings are taken in to.
pub struct Intake<'a> {
    /// The folder with one folder an interview.
    pub recordings: &'a Path,
    /// A person's wish to stop.
    pub cancel: &'a Cancel,
    /// Who is told.
    pub watcher: Watcher<'a>,
}

/// Takes one file in. The source is only read.
///
/// # Errors
/// An unreadable or unsuitable file, one that is held already, a full disk, a cancel. Nothing is left behind but, after a
/// cancel once the copy is complete, a folder that [`resume_intake`] takes up.
pub fn intake_file(
    intake: &Intake<'_>,
    store: &mut Store,
    source: &Path,
    plan: &IntakePlan,
) -> Result<Received, Error> {
    let folder = intake.recordings.join(format!("{INCOMING}{}", plan.id));
    fs::create_dir_all(&folder).map_err(|cause| Error::Folder {
        cause,
        path: folder.clone(),
    })?;
    let result = copy(intake, store, source, plan, &folder)
        .and_then(|copied| finish(intake, store, &folder, &copied))
        .map_err(|e| e.renamed(&folder, source, intake.recordings));
    let resumable =
        result.as_ref().is_err_and(Error::is_cancelled) && folder.join(PLAN_FILE).is_file();
    if result.is_err() && !resumable {
        // The source was open a moment ago and is untouched; the copy may go.
        let _ = fs::remove_dir_all(&folder);
    }
    result
}

/// Folders of recordings whose intake was interrupted after the copy was complete: they still hold
/// their plan. Folders of incomplete copies are removed: the source is still where it was.
pub fn unfinished_intakes(recordings: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(recordings) else {
        return Vec::new();
    };
    let mut complete = Vec::new();
    for folder in entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()) {
        let name = folder
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        if folder.join(PLAN_FILE).is_file() {
            complete.push(folder);
        } else if name.starts_with(INCOMING) {
            // Best effort: a leftover costs room, not evidence.
            let _ = fs::remove_dir_all(folder);
        }
    }
    complete
}

/// An import that was cut off after its copy was complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// The name of the interview that it will be; `None` where the plan cannot be read.
    pub id: Option<InterviewId>,
    /// File name of the original.
    pub original_name: String,
}

/// The imports that [`resume_intake`] would finish. Changes nothing, so it may be asked while an
/// import is running: that one is among them.
pub fn interrupted_intakes(recordings: &Path) -> Vec<Interrupted> {
    let Ok(entries) = fs::read_dir(recordings) else {
        return Vec::new();
    };
    let mut found: Vec<Interrupted> = entries
        .flatten()
        .map(|entry| entry.path().join(PLAN_FILE))
        .filter(|plan| plan.is_file())
        .map(|plan| match read_plan(&plan) {
            Ok(copied) => Interrupted {
                id: Some(copied.plan.id),
                original_name: copied.plan.original_name,
            },
            Err(_) => Interrupted {
                id: None,
                original_name: String::new(),
            },
        })
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

/// What was odd about a recording, as earlier programs kept it beside the sound; empty where nothing was.
pub fn intake_notes(recording: &Path) -> Vec<String> {
    let mut text = String::new();
    let read = vault::open(&recording.join(NOTES_FILE))
        .and_then(|file| file.take(MAX_NOTES_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => text.lines().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

/// Finishes an interrupted intake. Whatever happens, the copy of the original stays: by now it may be
/// the only one.
///
/// # Errors
/// As [`intake_file`]; [`Error::Plan`] where the folder's plan cannot be read.
pub fn resume_intake(
    intake: &Intake<'_>,
    store: &mut Store,
    folder: &Path,
) -> Result<Received, Error> {
    let path = folder.join(PLAN_FILE);
    let copied = read_plan(&path)?;
    if store.interview(&copied.plan.id).is_ok() {
        // The kill came after the row was written: only the plan was left to remove.
        let _ = fs::remove_file(&path);
        return Ok(Received {
            id: copied.plan.id,
            utterances: 0,
            notes: Vec::new(),
            already: false,
        });
    }
    finish(intake, store, folder, &copied)
}

fn read_plan(path: &Path) -> Result<Copied, Error> {
    let unreadable = |cause: io::Error| Error::Plan {
        cause,
        path: path.to_owned(),
    };
    let text = vault::read_small(path, MAX_PLAN_BYTES).map_err(unreadable)?;
    serde_json::from_slice(&text).map_err(|e| unreadable(io::Error::other(e)))
}

fn copy(
    intake: &Intake<'_>,
    store: &Store,
    source: &Path,
    plan: &IntakePlan,
    folder: &Path,
) -> Result<Copied, Error> {
    let file = format!("original.{}", safe_extension(source));
    let mut tell = steps(intake.watcher, Step::Copying);
    let (sha256, bytes) =
        audio::copy_original(source, &folder.join(&file), &mut tell, intake.cancel)?;
    if let Some(holder) = store.holding(&sha256)?.filter(|_| !plan.again) {
        return Err(Error::AlreadyHeld(holder));
    }
    let copied = Copied {
        plan: plan.clone(),
        file,
        sha256,
        bytes,
    };
    let path = folder.join(PLAN_FILE);
    let text = serde_json::to_vec(&copied).map_err(|e| Error::Folder {
        cause: io::Error::other(e),
        path: path.clone(),
    })?;
    write_whole(folder, PLAN_FILE, &text).map_err(|cause| Error::Folder { cause, path })?;
    Ok(copied)
}

fn finish(
    intake: &Intake<'_>,
    store: &mut Store,
    folder: &Path,
    copied: &Copied,
) -> Result<Received, Error> {
    let plan = &copied.plan;
    let original = folder.join(&copied.file);
    let mut tell = steps(intake.watcher, Step::Decoding);
    let working = audio::make_working_copy(&original, folder, &mut tell, intake.cancel)?;
    let mut notes: Vec<String> = working.notes.iter().map(ToString::to_string).collect();
    let mut heard = working.channels;
    if plan.channels.len() < 2 && heard > 1 && all_alike(folder, &working.files) {
        heard = 1;
        notes.push("all channels carry the same sound, so it is taken as one".to_owned());
    }
    let mut channels = assign_channels(&plan.languages, &plan.channels, heard)?;
    choose_models(&mut channels, &plan.speech_models)?;
    let segments = find_segments(intake, folder, plan, &working, &channels)?;
    if segments.is_empty() {
        notes.push("no speech was found in this recording".to_owned());
    }
    let working_copies = (0..heard).zip(&working.files);
    let working_copies = working_copies.map(|(channel, file)| {
        Ok(Working {
            channel,
            sha256: Some(audio::hash_file(&folder.join(file))?.0),
            file: file.clone(),
        })
    });
    let new = NewInterview {
        id: plan.id.clone(),
        case: plan.case.clone(),
        languages: plan.languages.clone(),
        started: plan.started.clone(),
        duration_ms: working.duration.as_ms(),
        audio: vec![NewAudio {
            file: AudioFile {
                path: copied.file.clone(),
                original_name: plan.original_name.clone(),
                sha256: copied.sha256.clone(),
                sample_rate: working.sample_rate,
                channels: working.channels,
            },
            bytes: copied.bytes,
        }],
        channels,
        working: working_copies.collect::<Result<_, audio::Error>>()?,
        notes: notes.clone(),
        asked: plan.asked,
    };
    let home = intake.recordings.join(&plan.id.0);
    // The folder first: a row without sound would be worse than sound without a row. A kill in
    // between leaves a folder that still holds its plan, and the next resume finds it.
    fs::rename(folder, &home).map_err(|cause| Error::Folder {
        cause,
        path: home.clone(),
    })?;
    sync_folder(intake.recordings).map_err(|cause| Error::Folder {
        cause,
        path: intake.recordings.to_owned(),
    })?;
    if let Err(e) = store.create_interview(&new, &segments) {
        let _ = fs::rename(&home, folder);
        return Err(e.into());
    }
    let _ = fs::remove_file(home.join(PLAN_FILE));
    Ok(Received {
        id: plan.id.clone(),
        utterances: segments.len(),
        notes,
        already: false,
    })
}

/// Channels by what the user named, each one or `all` of them; else one channel is everybody, two
/// are officer and interviewee, and further ones are numbered. Unnamed languages mean 'choose among
/// the interview's own'.
///
/// # Errors
/// [`Error::Channels`] where more or fewer are named than there are.
pub fn assign_channels(
    languages: &[Lang],
    channels: &[(String, Vec<Lang>)],
    found: u16,
) -> Result<Vec<Channel>, Error> {
    let named = channels.len();
    let everybody = match channels {
        [(name, languages)] if found > 1 && name == EVERYBODY => Some(languages),
        _ => None,
    };
    if named > 0 && named != usize::from(found) && everybody.is_none() {
        return Err(Error::Channels { named, found });
    }
    let numbered = |index: u16| format!("speaker-{}", index.saturating_add(1));
    let usual = |index: u16| match (found, index) {
        _ if everybody.is_some() => (numbered(index), everybody.cloned().unwrap_or_default()),
        (1, _) => (EVERYBODY.to_owned(), languages.to_vec()),
        (2, 0) => (
            "officer".to_owned(),
            languages.iter().take(1).copied().collect(),
        ),
        (2, 1) => (
            "interviewee".to_owned(),
            languages.iter().skip(1).copied().collect(),
        ),
        _ => (numbered(index), languages.to_vec()),
    };
    Ok((0..found)
        .map(|index| {
            let (speaker, own) = channels
                .get(usize::from(index))
                .filter(|_| everybody.is_none())
                .cloned()
                .unwrap_or_else(|| usual(index));
            Channel {
                index,
                speaker,
                languages: if own.is_empty() {
                    languages.to_vec()
                } else {
                    own
                },
                speech_models: Default::default(),
            }
        })
        .collect())
}

fn find_segments(
    intake: &Intake<'_>,
    folder: &Path,
    plan: &IntakePlan,
    working: &WorkingCopy,
    channels: &[Channel],
) -> Result<Vec<NewSegment>, Error> {
    let limits = |channel: &Channel| SegmenterLimits {
        max_ms: plan.max_utterance_ms.among(&channel.languages),
        ..SegmenterLimits::default()
    };
    // One thread a channel, at most eight: they share nothing but the disk and the progress.
    let progress = &Mutex::new(vec![(0, 0); channels.len()]);
    let cuts = thread::scope(|scope| {
        let searches: Vec<_> = (0..)
            .zip(channels.iter().zip(&working.files))
            .map(|(index, (channel, file))| {
                let (path, limits) = (folder.join(file), limits(channel));
                let mut tell = move |done, total| tell_sum(intake, progress, index, (done, total));
                scope
                    .spawn(move || audio::find_utterances(&path, &limits, &mut tell, intake.cancel))
            })
            .collect();
        let found = searches.into_iter().map(|s| s.join());
        found.collect::<Result<Vec<_>, _>>()
    })
    .map_err(|_| Error::Fault("the search for speech"))?;
    let mut segments = Vec::new();
    for (channel, cuts) in channels.iter().zip(cuts) {
        for cut in cuts? {
            let beside = heard_beside(folder, channels, channel.index, cut.span);
            segments.push(NewSegment {
                channel: channel.index,
                speaker: channel.speaker.clone(),
                span: cut.span,
                lang: channel.languages.first().copied().unwrap_or(Lang::En),
                flags: cut
                    .cut_without_pause
                    .then(|| Flag::new(FlagKind::CutWithoutPause))
                    .into_iter()
                    .chain(beside)
                    .collect(),
            });
        }
    }
    Ok(segments)
}

/// Tells how far the channels have come together.
fn tell_sum(intake: &Intake<'_>, progress: &Mutex<Vec<(u64, u64)>>, index: usize, now: (u64, u64)) {
    // Told under the lock, so that nobody hears of less after more.
    let mut all = progress.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(own) = all.get_mut(index) {
        *own = now;
    }
    let channels = all.len() as u64;
    (intake.watcher)(Progress::Step {
        step: Step::FindingSpeech,
        done: all.iter().map(|(done, _)| done).sum(),
        total: now.1.saturating_mul(channels),
    });
}

fn steps(watcher: Watcher<'_>, step: Step) -> impl FnMut(u64, u64) + '_ {
    move |done, total| watcher(Progress::Step { step, done, total })
}

/// The source's extension if it is short and plain, so that no name from outside reaches the disk.
fn safe_extension(source: &Path) -> String {
    source
        .extension()
        .and_then(|e| e.to_str())
        .filter(|e| e.len() <= 5 && e.bytes().all(|b| b.is_ascii_alphanumeric()))
        .map_or_else(|| "bin".to_owned(), str::to_ascii_lowercase)
}

/// Writes a small file wholly or not at all, so that a kill never leaves half a plan.
pub(super) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let half = folder.join(format!("{name}.part"));
    let mut file = vault::Writer::new(fs::File::create(&half)?, &half)?;
    file.write_all(bytes)?;
    file.finish()?.sync_all()?;
    fs::rename(&half, folder.join(name))?;
    sync_folder(folder)
}

/// Makes a rename inside `folder` survive a power cut.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Whether all channels carry the same samples: one microphone, written twice.
fn all_alike(folder: &Path, files: &[String]) -> bool {
    files.split_first().is_some_and(|(first, others)| {
        others
            .iter()
            .all(|other| same_content(&folder.join(first), &folder.join(other)).unwrap_or(false))
    })
}

fn same_content(a: &Path, b: &Path) -> io::Result<bool> {
    let (mut a, mut b) = (vault::open(a)?, vault::open(b)?);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        for (file, part) in [(&mut a, &mut left), (&mut b, &mut right)] {
            part.clear();
            Read::by_ref(file).take(COMPARED_BYTES).read_to_end(part)?;
        }
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}
