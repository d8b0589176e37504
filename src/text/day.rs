//! Days as people write them: in any digits, by the common or the Buddhist Era.

use jiff::civil::Date;

use super::fold;

/// Years between the common era and the Buddhist Era, as the states of the region count it.
pub const BUDDHIST: i16 = 543;
/// From this year on a typed one is of the Buddhist Era: 1857 of the common one.
const FIRST_BUDDHIST: i16 = 2400;
/// The first year that is meant by whoever types it.
const FIRST: i16 = 1900;

/// The day that somebody typed, `2027-06-30` with the digits and in the era of whoever types:
/// a year as far off as `2570` is one of the Buddhist Era.
pub fn typed_day(typed: &str) -> Option<Date> {
    let typed = fold(typed.trim());
    let mut parts = typed.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let year: i16 = year.parse().ok().filter(|_| parts.next().is_none())?;
    let year = match year {
        FIRST_BUDDHIST.. => year.checked_sub(BUDDHIST)?,
        FIRST.. => year,
        // Two digits are of nobody's era.
        _ => return None,
    };
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_the_digits_and_the_era_of_whoever_types_it() {
        for (typed, day) in [
            ("2027-06-30", Some("2027-06-30")),
            (" 2570-06-30 ", Some("2027-06-30")),
            ("๒๕๗๐-๐๖-๓๐", Some("2027-06-30")),
            ("໒໕໗໐-໐໖-໓໐", Some("2027-06-30")),
            ("២០២៧-០៦-៣០", Some("2027-06-30")),
            ("၂၀၂၇-၀၆-၃၀", Some("2027-06-30")),
            ("２０２７-０６-３０", Some("2027-06-30")),
            // A leap day of the other era.
            ("2571-02-29", Some("2028-02-29")),
            ("2027-02-30", None),
            ("27-06-30", None),
            ("soon", None),
        ] {
            let read = typed_day(typed).map(|day| day.to_string());
            assert_eq!(read.as_deref(), day, "{typed}");
        }
    }
}
