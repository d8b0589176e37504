//! A clock that was set back: an event that is dated before one it follows. The order of the events is
//! proved by their hashes and stays what it is; only the times are in doubt. That is told and refused
//! to nobody: a recording that does not take place is the greater loss.

use jiff::Timestamp;

use super::check::{Check, Story};

/// Seconds that a clock may go back by itself when it is put right by a time signal.
const SLACK: i64 = 2;

/// By how many seconds the clock was set back between two moments (RFC 3339) of which the second one
/// came later; `None` where it was not, or where one of them cannot be read.
pub fn set_back(before: &str, after: &str) -> Option<i64> {
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    let seconds = moment(before)?
        .as_second()
        .saturating_sub(moment(after)?.as_second());
    (seconds > SLACK).then_some(seconds)
}

impl Story {
    /// Tells of events that are dated before the one they follow; `None` where there are none.
    pub fn clock_check(&self) -> Option<Check> {
        let pairs = self.events.iter().zip(self.events.iter().skip(1));
        let back: Vec<(u64, i64)> = pairs
            .filter_map(|(a, b)| Some((b.number, set_back(&a.at, &b.at)?)))
            .collect();
        let (number, seconds) = back.first()?;
        let more = match back.len() {
            1 => String::new(),
            times => format!(" ({times} times in all)"),
        };
        let detail = format!(
            "the computer's clock was set back by {seconds} s before event {number}{more}; the order \
             of the events is proved, their times are not"
        );
        Some(Check::good("clock", detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{BEGIN, Draft, Kind, Link};

    fn chain(times: &[&str]) -> Story {
        let mut links: Vec<Link> = Vec::new();
        for (number, at) in (1..).zip(times) {
            let previous = links.last().map_or(BEGIN, |l| l.hash.as_str());
            let draft = Draft::of(Kind::Noted, &[]);
            let link = draft.link("a-1", number, previous, at).unwrap();
            links.push(link);
        }
        let (story, check) = Story::of("a-1", &links);
        assert!(check.ok);
        story
    }

    #[test]
    fn a_clock_set_back_is_told_where_and_by_how_much() {
        let even = ["2026-11-24T09:00:00.5Z", "2026-11-24T09:00:00.5Z"];
        assert_eq!(chain(&even).clock_check(), None);
        // A time signal puts a clock right by little.
        let right = ["2026-11-24T09:00:02Z", "2026-11-24T09:00:00Z"];
        assert_eq!(chain(&right).clock_check(), None);
        let once = [
            "2026-11-24T09:00:00Z",
            "2026-11-24T07:59:59.123456789Z",
            "2026-11-24T08:00:00Z",
        ];
        let told = chain(&once).clock_check().unwrap();
        assert!(told.ok, "noticed, never a refusal");
        assert!(
            told.detail.contains("set back by 3601 s before event 2;"),
            "{}",
            told.detail
        );
        let twice = [
            "2026-11-24T09:00:00Z",
            "2025-11-24T09:00:00Z",
            "2024-11-24T09:00:00Z",
        ];
        let told = chain(&twice).clock_check().unwrap();
        assert!(
            told.detail.contains("2 (2 times in all)"),
            "{}",
            told.detail
        );
    }

    #[test]
    fn what_is_no_time_is_no_jump() {
        assert_eq!(set_back("yesterday", "2026-11-24T09:00:00Z"), None);
        assert_eq!(
            set_back("2026-11-24T10:00:00+07:00", "2026-11-24T03:00:00Z"),
            None
        );
    }
}
