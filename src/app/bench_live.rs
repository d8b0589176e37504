//! How long the text takes in a live interview: practice interviews are played in real time, as if
//! they were spoken now, through the same path as a microphone.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::audio::SegmenterLimits;
use crate::domain::{Cancel, FlagKind, Segment, Span};
use crate::workspace::Workspace;

use super::bench::{BenchReport, Measurement, machine};
use super::demo::{self, Script};
use super::live::{LineStep, LiveEvent, LiveRequest, LiveSource, Session};
use super::{App, Error};

/// Between two looks at the clock while events are waited for.
const PATIENCE: Duration = Duration::from_millis(20);

/// When things came, since the sound began.
#[derive(Default)]
struct Times {
    recognised: BTreeMap<i64, Duration>,
    translated: BTreeMap<i64, Duration>,
    /// All previews, as they came.
    partial: Vec<(u16, Span, Duration)>,
}

/// Milliseconds that somebody waited.
#[derive(Default)]
struct Waits {
    text: Vec<f64>,
    translation: Vec<f64>,
    partial: Vec<f64>,
    lines: usize,
    sound: Duration,
}

impl App {
    /// Plays the first `seconds` of each practice interview in real time with the practice models.
    ///
    /// # Errors
    /// No practice kit; whatever a session may meet; a cancel.
    pub fn bench_live(&self, seconds: Duration, cancel: &Cancel) -> Result<BenchReport, Error> {
        let kit = self.kit.clone().ok_or(Error::NoKit)?;
        let mut waits = Waits::default();
        for (folder, script) in demo::scripts(&kit)? {
            if cancel.is_cancelled() {
                break;
            }
            listen_to(&kit, &folder, &script, seconds, cancel, &mut waits)?;
        }
        let detail = format!(
            "{} lines in {} s of practice interviews, two channels",
            waits.lines,
            waits.sound.as_secs()
        );
        let mut measurements = Vec::new();
        for (median, p95, of, waited) in [
            ("live-text-median", "live-text-p95", "", &mut waits.text),
            (
                "live-translation-median",
                "live-translation-p95",
                "",
                &mut waits.translation,
            ),
            (
                "live-first-partial-median",
                "live-first-partial-p95",
                "had a preview, ",
                &mut waits.partial,
            ),
        ] {
            waited.sort_by(f64::total_cmp);
            for (name, share) in [(median, 0.5), (p95, 0.95)] {
                measurements.push(Measurement {
                    name,
                    value: at_share(waited, share),
                    unit: "s",
                    detail: format!("{of}{} of {detail}", waited.len()),
                });
            }
        }
        Ok(BenchReport {
            machine: machine(),
            measurements,
        })
    }
}

fn listen_to(
    kit: &Path,
    folder: &Path,
    script: &Script,
    seconds: Duration,
    cancel: &Cancel,
    waits: &mut Waits,
) -> Result<(), Error> {
    let scratch = tempfile::tempdir().map_err(|cause| Error::File {
        what: "make a temporary folder",
        cause,
        path: std::env::temp_dir(),
    })?;
    let mut app = App::at(Workspace::at(scratch.path())?, Some(kit))?;
    app.model_roots = vec![kit.join("models/practice")];
    let speaker = |name: &str| {
        let lang = script.channels.get(name)?;
        Some((name.to_owned(), vec![*lang]))
    };
    let request = LiveRequest {
        languages: script.languages.clone(),
        case: None,
        channels: ["officer", "interviewee"]
            .into_iter()
            .filter_map(speaker)
            .collect(),
        sources: vec![LiveSource::Practice {
            path: folder.join("audio.flac"),
            speed: 1.0,
        }],
        planned: Some(seconds),
        ..LiveRequest::default()
    };
    let session = app.arm(&request)?.start()?;
    let id = session.id().0.clone();
    let times = follow(&app, &session, seconds, cancel);
    waits.sound += session.begun().elapsed().min(seconds);
    session.finish()?;
    let (_, segments) = app.show(&id)?;
    waits.lines += segments.len();
    for segment in &segments {
        add(waits, &times, segment);
    }
    Ok(())
}

fn follow(app: &App, session: &Session, seconds: Duration, cancel: &Cancel) -> Times {
    let mut times = Times::default();
    let begun: Instant = session.begun();
    loop {
        if begun.elapsed() >= seconds || cancel.is_cancelled() {
            session.stop();
        }
        let Some(event) = session.event(PATIENCE) else {
            if session.has_ended() {
                return times;
            }
            continue;
        };
        if let LiveEvent::Line { segment, .. } = &event {
            // A screen reads the row before it shows it; one that cannot be read shows nothing.
            let Ok(_row) = app.line(session.id(), *segment) else {
                continue;
            };
        }
        let now = begun.elapsed();
        match event {
            LiveEvent::Line { segment, step } => match step {
                LineStep::Heard => {}
                LineStep::Recognised => {
                    times.recognised.insert(segment.0, now);
                }
                LineStep::Translated => {
                    times.translated.insert(segment.0, now);
                }
            },
            LiveEvent::Partial {
                channel,
                span,
                text,
            } if !text.is_empty() => {
                times.partial.push((channel, span, now));
            }
            LiveEvent::Ended => return times,
            _ => {}
        }
    }
}

/// Speech begins after the pre-roll of its cut and ends before the post-roll.
fn add(waits: &mut Waits, times: &Times, segment: &Segment) {
    let limits = SegmenterLimits::default();
    let since = |time: Option<&Duration>, from: Duration| {
        time.map(|t| t.as_secs_f64() - from.as_secs_f64())
    };
    let began = Duration::from_millis(segment.span.start.as_ms() + limits.pre_roll_ms);
    // A short line may be written before any preview of it would have been worth its time.
    let recognised = times.recognised.get(&segment.id.0);
    let first = first_preview(times, segment).or(recognised);
    waits.partial.extend(since(first, began));
    // One that was cut while somebody spoke has no end that anybody waited for.
    if segment
        .flags
        .iter()
        .any(|f| f.kind == FlagKind::CutWithoutPause)
    {
        return;
    }
    let ended = Duration::from_millis(segment.span.end.as_ms().saturating_sub(limits.post_roll_ms));
    waits.text.extend(since(recognised, ended));
    waits
        .translation
        .extend(since(times.translated.get(&segment.id.0), ended));
}

/// When the first preview came that has some of a line in it, wherever its utterance began: where one line
/// is cut from another without a pause, the preview of both counts for both.
fn first_preview<'a>(times: &'a Times, segment: &Segment) -> Option<&'a Duration> {
    let (channel, span) = (segment.channel, segment.span);
    let of_it = times.partial.iter().find(|(own, heard, _)| {
        *own == channel && heard.start < span.end && heard.end > span.start
    });
    of_it.map(|(.., came)| came)
}

/// The value below which `share` of the sorted values lie.
fn at_share(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lang, SamplePos, SegmentId, Status};

    fn line() -> Segment {
        Segment {
            text: "បាទ".into(),
            status: Status::Machine,
            version: 1,
            ..Segment::new(SegmentId(1), Span::default(), Lang::Km)
        }
    }

    #[test]
    fn every_preview_that_has_some_of_a_line_in_it_counts_for_it() {
        let span = |from, to| Span::new(SamplePos(from), SamplePos(to));
        let ms = Duration::from_millis;
        let times = Times {
            partial: vec![
                (1, span(0, 9_000), ms(1)),
                (0, span(1_000, 9_000), ms(2)),
                (0, span(1_000, 30_000), ms(3)),
                (0, span(40_000, 50_000), ms(4)),
            ],
            ..Times::default()
        };
        let first = |from, to| {
            let line = Segment {
                span: span(from, to),
                ..line()
            };
            first_preview(&times, &line).copied()
        };
        // Where the line begins is not where its preview began.
        assert_eq!(first(960, 20_000), Some(ms(2)));
        // The rest of an utterance that was cut while somebody spoke.
        assert_eq!(first(20_000, 32_000), Some(ms(3)));
        assert_eq!(first(39_000, 52_000), Some(ms(4)));
        assert_eq!(first(60_000, 70_000), None);
    }

    #[test]
    fn shares_of_a_list() {
        let waits: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(
            (at_share(&waits, 0.5), at_share(&waits, 0.95)),
            (50.0, 95.0)
        );
        assert!(at_share(&[], 0.5).is_nan());
    }
}
