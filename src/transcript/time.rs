//! Clock times of subtitles and tables, as milliseconds.

/// Milliseconds of `[HH:]MM:SS[.mmm]`; the fraction may stand behind a comma. `None` for anything
/// else.
pub(super) fn parse_clock(text: &str) -> Option<u64> {
    let (clock, fraction) = match text.split_once([',', '.']) {
        Some((clock, fraction)) => (clock, parse_fraction(fraction)?),
        None => (text, 0),
    };
    let mut parts = clock.rsplit(':');
    let seconds = parse_digits(parts.next()?, 2).filter(|s| *s < 60)?;
    let minutes = parse_digits(parts.next()?, 2).filter(|m| *m < 60)?;
    let hours = parts.next().map_or(Some(0), |h| parse_digits(h, 4))?;
    if parts.next().is_some() {
        return None;
    }
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction)
}

/// Milliseconds of a number of seconds, with or without a fraction.
pub(super) fn parse_seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, parse_fraction(fraction)?),
        None => (text, 0),
    };
    Some(parse_digits(whole, 9)? * 1000 + fraction)
}

/// The start and the end that a cue's timing line gives; what follows the end (the settings of
/// where the cue stands on the screen) is passed over.
pub(super) fn parse_timing(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    Some((parse_clock(start.trim())?, parse_clock(end)?))
}

/// Whether a line was meant to be a timing line, right or wrong.
pub(super) fn looks_like_timing(line: &str) -> bool {
    line.split_once("-->").is_some_and(|(start, _)| {
        start.trim_start().starts_with(|c: char| c.is_ascii_digit()) && start.contains(':')
    })
}

/// The first three digits of a fraction of a second, as milliseconds.
fn parse_fraction(digits: &str) -> Option<u64> {
    parse_digits(digits, 9)?;
    let milliseconds = digits.bytes().chain(*b"00").take(3);
    Some(milliseconds.fold(0, |sum, digit| {
        sum * 10 + u64::from(digit.saturating_sub(b'0'))
    }))
}

/// One to `most` ASCII digits, and nothing else.
fn parse_digits(text: &str, most: usize) -> Option<u64> {
    let digits = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_with_and_without_hours_and_fractions() {
        for (text, ms) in [
            ("00:00:00,000", 0),
            ("00:00:01.5", 1_500),
            ("01:02:03,004", 3_723_004),
            ("02:03.004", 123_004),
            ("02:03", 123_000),
            ("1000:00:00", 3_600_000_000),
            ("00:00:00.123456", 123),
        ] {
            assert_eq!(parse_clock(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_clock_is_refused() {
        for text in [
            "",
            ":",
            "00:60",
            "60:00",
            "1:2:3:4",
            "00:0x",
            "-1:00",
            "00:00,",
            "00:00:00,٣",
            "5",
        ] {
            assert_eq!(parse_clock(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_are_exact() {
        assert_eq!(parse_seconds("12"), Some(12_000));
        assert_eq!(parse_seconds("0.1"), Some(100));
        assert_eq!(parse_seconds("3.0049"), Some(3_004));
        for text in ["", ".", "1.", "1e3", "-1", "inf", "9999999999"] {
            assert_eq!(parse_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn settings_behind_the_end_are_passed_over() {
        let timing = parse_timing("00:01.000 --> 00:02.000 align:start position:10%");
        assert_eq!(timing, Some((1_000, 2_000)));
    }
}
