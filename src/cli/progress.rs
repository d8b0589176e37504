//! How far a long command has come, on standard error: a bar on a terminal, a plain line now and then
//! elsewhere, and nothing for work of less than two seconds.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pipeline::{Progress, Step};

use super::print::say;

/// Work that ends sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two plain lines.
const BETWEEN_LINES: Duration = Duration::from_secs(15);
/// Before this much is done a guess of the time left is worth nothing.
const LEAST_SHARE: f64 = 0.01;

/// Hears of progress from several threads and shows it.
pub(super) struct Watch {
    terminal: bool,
    state: Mutex<State>,
}

/// What is being done now.
struct State {
    stage: &'static str,
    begun: Instant,
    /// Units of this stage; `total` 0 where it is not known.
    done: u64,
    total: u64,
    translated: u64,
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
}

impl Watch {
    /// For one command.
    pub(super) fn new() -> Self {
        let state = State {
            stage: "",
            begun: Instant::now(),
            done: 0,
            total: 0,
            translated: 0,
            bar: None,
            last_line: None,
        };
        Self {
            terminal: io::stderr().is_terminal(),
            state: Mutex::new(state),
        }
    }

    /// Takes note and shows it.
    pub(super) fn hear(&self, progress: Progress) {
        let mut state = self.lock();
        state.take(&progress);
        if let Progress::Part { name, number, of } = progress {
            say(&format!("step {number} of {of}: {name}"));
        }
        if state.begun.elapsed() < PATIENCE {
            return;
        }
        if self.terminal {
            state.draw();
        } else if state
            .last_line
            .is_none_or(|last| last.elapsed() >= BETWEEN_LINES)
        {
            state.last_line = Some(Instant::now());
            say(&state.line());
        }
    }

    /// Takes the bar away while `print` writes to the same terminal.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        let bar = self.lock().bar.clone();
        match bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.lock().clear();
    }
}

impl State {
    fn take(&mut self, progress: &Progress) {
        match progress {
            Progress::Step { step, done, total } => {
                let stage = match step {
                    Step::Copying => "copying",
                    Step::Decoding => "decoding",
                    Step::FindingSpeech => "finding speech",
                    Step::Shrinking => "making smaller",
                    Step::Indexing => "updating the search index",
                    Step::Checking => "checking",
                    Step::Writing => "writing",
                    Step::Protecting => "protecting",
                    Step::Judging => "recognising the test set",
                };
                self.enter(stage, *done, *total);
            }
            Progress::Part { .. } => self.clear(),
            Progress::Recognised {
                done_ms, total_ms, ..
            } => {
                self.enter("recognising", *done_ms, *total_ms);
            }
            Progress::Translated { done, .. } => {
                self.translated = *done;
                // Translation runs beside recognition; its own stage is what is left after that.
                if self.stage != "recognising" || self.done >= self.total {
                    self.enter("translating", *done, 0);
                }
            }
        }
    }

    /// Less done than before means the same step of the next file.
    fn enter(&mut self, stage: &'static str, done: u64, total: u64) {
        if self.stage != stage || done < self.done {
            self.clear();
            self.stage = stage;
            self.begun = Instant::now();
        }
        (self.done, self.total) = (done, total);
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self) {
        let (done, total, note) = (self.done, self.total, self.note());
        let stage = self.stage;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let template = match total {
                0 => "{spinner} {prefix}  {msg}",
                _ => "{prefix} {bar:30} {percent:>3} %  {msg}",
            };
            // The template is fixed; the plain style stands in for a version that refuses it.
            let style = ProgressStyle::with_template(template);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(stage);
            bar
        });
        if total > 0 {
            bar.set_length(total);
            bar.set_position(done.min(total));
        } else {
            bar.tick();
        }
        bar.set_message(note);
    }

    fn line(&self) -> String {
        match self.total {
            0 => format!("{}: {}", self.stage, self.note()),
            total => {
                let percent = share(self.done, total) * 100.0;
                format!("{}: {percent:.0} %, {}", self.stage, self.note())
            }
        }
    }

    fn note(&self) -> String {
        let left = time_left(self.begun.elapsed(), self.done, self.total);
        let written = match self.stage {
            "recognising" | "translating" if self.translated > 0 => {
                Some(format!("{} translations written", self.translated))
            }
            _ => None,
        };
        left.into_iter()
            .chain(written)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn share(done: u64, total: u64) -> f64 {
    if total == 0 {
        0.0
    } else {
        (done as f64 / total as f64).min(1.0)
    }
}

/// In words, from the speed so far; `None` where nobody can tell yet.
fn time_left(elapsed: Duration, done: u64, total: u64) -> Option<String> {
    let share = share(done, total);
    if share < LEAST_SHARE {
        return None;
    }
    let seconds = elapsed.as_secs_f64() * (1.0 - share) / share;
    Some(match seconds {
        s if s < 60.0 => format!("{s:.0} s left"),
        s if s < 3600.0 => format!("{:.0} min left", s / 60.0),
        s => format!("{:.1} h left", s / 3600.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{InterviewId, SegmentId};

    fn step(step: Step, done: u64) -> Progress {
        Progress::Step {
            step,
            done,
            total: 100,
        }
    }

    fn recognised(done_ms: u64) -> Progress {
        let (interview, segment) = (InterviewId("x".into()), SegmentId(1));
        Progress::Recognised {
            interview,
            segment,
            done_ms,
            total_ms: 100,
        }
    }

    fn translated(done: u64) -> Progress {
        Progress::Translated {
            interview: InterviewId("x".into()),
            segment: SegmentId(1),
            done,
        }
    }

    #[test]
    fn the_time_left_follows_from_the_speed_so_far() {
        let minute = Duration::from_secs(60);
        assert_eq!(time_left(minute, 50, 100).as_deref(), Some("1 min left"));
        assert_eq!(time_left(minute, 75, 100).as_deref(), Some("20 s left"));
        assert_eq!(time_left(minute, 1, 100).as_deref(), Some("1.6 h left"));
        assert_eq!(time_left(minute, 0, 100), None);
        assert_eq!(time_left(minute, 5, 0), None);
    }

    #[test]
    fn translation_beside_recognition_does_not_change_the_stage() {
        let watch = Watch::new();
        for (progress, stage) in [
            (step(Step::Copying, 40), "copying"),
            (step(Step::Decoding, 100), "decoding"),
            (recognised(50), "recognising"),
            (translated(3), "recognising"),
            (recognised(100), "recognising"),
            (translated(4), "translating"),
        ] {
            watch.lock().take(&progress);
            assert_eq!(watch.lock().stage, stage, "{progress:?}");
        }
        assert_eq!(watch.lock().note(), "4 translations written");
    }
}
