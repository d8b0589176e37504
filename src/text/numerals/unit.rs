//! What a number measures, and which measures may stand for each other.

/// What a number measures, as far as the words beside it tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Years of somebody's life.
    Age,
    /// A year, or years.
    Year,
    /// A month of the calendar.
    Month,
    /// So many months.
    Months,
    /// Either, where a language has one word for both.
    Moon,
    /// Weeks.
    Week,
    /// A day of the month, or days.
    Day,
    /// A day of the week, Monday 1.
    Weekday,
    /// A time of day, or hours, where a language has one word for both.
    Hour,
    /// A time of day.
    Clock,
    /// So many hours.
    Hours,
    /// Minutes.
    Minute,
    /// People.
    Person,
    /// How many times.
    Times,
    /// Money; the currency's code where it is named.
    Money(&'static str),
    /// Hundredths.
    Percent,
    /// Kilometres.
    Distance,
    /// A weight: kg, g, jin (half a kilogram).
    Weight(&'static str),
    /// A word for kilometres and kilograms.
    Kilo,
    /// Things that are counted with a classifier.
    Thing,
    /// A part of a whole: the number is not checked on its own.
    Fraction,
}

use Unit::{
    Age, Clock, Distance, Fraction, Hour, Hours, Kilo, Money, Month, Months, Moon, Person, Thing,
    Times, Weight, Year,
};

impl Unit {
    /// Whether the same number may stand under both units in a faithful translation.
    pub fn agrees(self, other: Unit) -> bool {
        let one = |a: Unit, b: Unit| match (a, b) {
            (Money(a), Money(b)) => a.is_empty() || b.is_empty() || a == b,
            // zh 点 is an hour and a point of a list.
            (Age, Year)
            | (Person | Times | Clock | Weight(_), Thing)
            | (Hour, Clock | Hours)
            | (Moon, Month | Months)
            | (Kilo, Distance | Weight("kg"))
            | (Fraction, _) => true,
            _ => a == b,
        };
        one(self, other) || one(other, self)
    }

    /// Whether it may be a time of day.
    pub(super) fn is_time(self) -> bool {
        matches!(self, Hour | Clock)
    }
}
