//! Days and times of day in a record: as clocks showed them where the interview was held, because a
//! person who signs it compares them with a clock on the wall.

use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The zone in which the interview was held: by the offset that was stored with its beginning. Earlier
/// interviews have none, so they are taken to have been held where this desk stands.
pub(super) fn home(started: &str, desk: TimeZone) -> TimeZone {
    match Pieces::parse(started).ok().and_then(|p| p.offset()) {
        Some(PiecesOffset::Numeric(offset)) => TimeZone::fixed(offset.offset()),
        _ => desk,
    }
}

/// Day, hour and minute of a moment so many milliseconds after another one.
pub(super) fn minute(started: &str, ms: u64, home: &TimeZone) -> Option<String> {
    let passed = SignedDuration::from_millis(i64::try_from(ms).ok()?);
    let at = started
        .parse::<Timestamp>()
        .ok()?
        .checked_add(passed)
        .ok()?;
    let at = at.to_zoned_datetime(home.clone());
    Some(at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The day of a moment.
pub(super) fn day(at: &str, home: &TimeZone) -> Option<String> {
    let at = at.parse::<Timestamp>().ok()?;
    let at = at.to_zoned_datetime(home.clone());
    Some(at.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::Offset;

    #[test]
    fn a_record_says_the_time_of_the_place_where_the_interview_was_held() {
        let desk = || TimeZone::fixed(Offset::constant(8));
        // Held in the west, written out in the east.
        let started = "2026-11-23T23:50:00+07:00";
        let zone = home(started, desk());
        let at = |ms| minute(started, ms, &zone);
        assert_eq!(at(0).as_deref(), Some("2026-11-23 23:50"));
        assert_eq!(at(600_000).as_deref(), Some("2026-11-24 00:00"));
        // Half an hour counts, too.
        let burmese = "2026-11-23T14:05:00+06:30";
        let zone = home(burmese, desk());
        assert_eq!(
            minute(burmese, 0, &zone).as_deref(),
            Some("2026-11-23 14:05")
        );
        assert_eq!(
            day("2026-11-23T18:00:00Z", &zone).as_deref(),
            Some("2026-11-24")
        );
    }

    #[test]
    fn an_earlier_interview_that_knows_no_offset_is_told_in_the_time_of_the_desk() {
        let started = "2026-11-23T17:05:00Z";
        let zone = home(started, TimeZone::fixed(Offset::constant(7)));
        assert_eq!(
            minute(started, 0, &zone).as_deref(),
            Some("2026-11-24 00:05")
        );
        assert_eq!(minute("yesterday", 0, &zone), None);
    }
}
