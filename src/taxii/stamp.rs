//! `date_added`: the one order of a collection, in microseconds.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::stix::time::{self, Instant, TimeError};

/// Microseconds of a day.
pub const DAY: u64 = 86_400_000_000;

/// A point in a collection's order: microseconds since 1970 (T-006).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(pub u64);

impl Stamp {
    /// Before everything.
    pub const ZERO: Self = Self(0);
    /// The last that the TAXII form can write: 9999-12-31T23:59:59.999999Z.
    pub const END: Self = Self(253_402_300_799_999_999);

    /// Reads a timestamp of 0 to any number of fraction digits; digits beyond the sixth are cut,
    /// because rounding up would skip an object (T-044). The leap second after [`Stamp::END`] is cut to it.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        Instant::parse(text).map(|instant| Self(instant.micros()).min(Self::END))
    }

    /// This stamp as an instant, to be compared with the times inside objects.
    pub fn instant(self) -> Instant {
        Instant::from_micros(self.0)
    }

    /// This stamp or the first whole millisecond after it.
    #[must_use]
    pub fn round_up_to_millisecond(self) -> Self {
        Self(self.0.next_multiple_of(1000))
    }
}

/// The TAXII form: exactly six fraction digits (T-006).
impl fmt::Display for Stamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&time::format_micros(self.0, 6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t006_six_digits_always() {
        assert_eq!(Stamp(1_614_643_200_000_000).to_string(), "2021-03-02T00:00:00.000000Z");
        assert_eq!(Stamp(1_614_643_200_000_001).to_string(), "2021-03-02T00:00:00.000001Z");
    }

    #[test]
    fn t006_no_text_becomes_a_stamp_of_another_form() {
        assert_eq!(Stamp::END.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Stamp::parse("9999-12-31T23:59:60.5Z").unwrap(), Stamp::END);
    }

    #[test]
    fn t044_cuts_and_never_rounds_up() {
        assert_eq!(Stamp::parse("2021-03-02T00:00:00.0000019Z").unwrap(), Stamp(1_614_643_200_000_001));
        assert_eq!(Stamp::parse("2021-03-02T00:00:00Z").unwrap(), Stamp(1_614_643_200_000_000));
    }

    #[test]
    fn q7_rounds_up_to_a_whole_millisecond() {
        assert_eq!(Stamp(1).round_up_to_millisecond(), Stamp(1000));
        assert_eq!(Stamp(1000).round_up_to_millisecond(), Stamp(1000));
    }
}
