//! STIX timestamps: the text is kept by whoever holds it, the instant is what is compared.

use chrono::{DateTime, NaiveDate, SecondsFormat};

/// A point in time with as many fraction digits as its text had (STIX 2.1 §2.16).
///
/// `12:00:01Z`, `12:00:01.0Z` and `12:00:01.000Z` are one instant; digits beyond the nanosecond
/// still tell two instants apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Seconds since 1970-01-01T00:00:00Z.
    seconds: i64,
    /// Decimal digits of the fraction without trailing zeros, so that text order is numeric order.
    fraction: Box<str>,
}

/// Why a text is no STIX timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not of the form `YYYY-MM-DDTHH:mm:ss[.s+]Z`.
    #[error("not of the form YYYY-MM-DDTHH:mm:ss[.s…]Z")]
    Form,
    /// A month 13, a 30th of February, an hour 25.
    #[error("no such date or time")]
    Impossible,
}

impl Instant {
    /// Reads a STIX timestamp (§2.16): upper-case `T` and `Z`, UTC only, any number of digits.
    ///
    /// A leap second (`…:60Z`) is the first instant of the next minute.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let bytes = text.as_bytes();
        let (head, tail) = bytes.split_at_checked(19).ok_or(TimeError::Form)?;
        let shape = b"0000-00-00T00:00:00";
        let fits = head.iter().zip(shape).all(|(b, s)| if *s == b'0' { b.is_ascii_digit() } else { b == s });
        let fraction = match tail {
            [b'Z'] => "",
            [b'.', digits @ .., b'Z'] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => &text[20..text.len() - 1],
            _ => return Err(TimeError::Form),
        };
        if !fits {
            return Err(TimeError::Form);
        }
        let number = |range: std::ops::Range<usize>| head[range].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
        let second = number(17..19);
        let leap = i64::from(second == 60);
        let date = NaiveDate::from_ymd_opt(number(0..4).cast_signed(), number(5..7), number(8..10));
        let time = date.and_then(|d| d.and_hms_opt(number(11..13), number(14..16), second - u32::from(second == 60)));
        let seconds = time.ok_or(TimeError::Impossible)?.and_utc().timestamp() + leap;
        Ok(Self { seconds, fraction: fraction.trim_end_matches('0').into() })
    }

    /// The instant `micros` microseconds after 1970.
    pub fn from_micros(micros: u64) -> Self {
        let fraction = format!("{:06}", micros % 1_000_000);
        Self { seconds: (micros / 1_000_000).cast_signed(), fraction: fraction.trim_end_matches('0').into() }
    }

    /// Whole microseconds since 1970, cut; instants before 1970 give 0.
    pub fn micros(&self) -> u64 {
        let digits = self.fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
        let fraction = digits.fold(0, |micros, digit| micros * 10 + u64::from(digit - b'0'));
        u64::try_from(self.seconds).map_or(0, |s| s * 1_000_000 + fraction)
    }

    /// The instant so many seconds later.
    #[must_use]
    pub fn plus_seconds(&self, seconds: i64) -> Self {
        Self { seconds: self.seconds.saturating_add(seconds), fraction: self.fraction.clone() }
    }

    /// Bytes whose order is the order of instants; the last component of a composed key.
    pub fn to_key(&self) -> Vec<u8> {
        // Flipping the sign bit makes two's complement sort as unsigned bytes.
        let mut key = (self.seconds.cast_unsigned() ^ (1 << 63)).to_be_bytes().to_vec();
        key.extend_from_slice(self.fraction.as_bytes());
        key
    }

    /// Reads [`Instant::to_key`] back.
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (seconds, fraction) = key.split_at_checked(8)?;
        let seconds = (u64::from_be_bytes(seconds.try_into().ok()?) ^ (1 << 63)).cast_signed();
        Some(Self { seconds, fraction: std::str::from_utf8(fraction).ok()?.into() })
    }
}

/// Writes `micros` since 1970 as `YYYY-MM-DDTHH:MM:SS.` with `digits` fraction digits (3 or 6) and `Z`.
pub fn format_micros(micros: u64, digits: usize) -> String {
    let time = DateTime::from_timestamp_micros(micros.cast_signed()).unwrap_or_default();
    time.to_rfc3339_opts(if digits == 3 { SecondsFormat::Millis } else { SecondsFormat::Micros }, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn s010_reads_only_the_form_of_the_standard() {
        for good in [
            "2021-03-02T00:00:00Z",
            "2021-03-02T23:59:59.5Z",
            "2016-12-31T23:59:60Z",
            "2021-03-02T00:00:00.12345678901234567890Z",
            "1969-12-31T23:59:59.000Z",
        ] {
            assert!(Instant::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "2021-03-02",
            "2021-03-02T00:00:00",
            "2021-03-02T00:00:00.Z",
            "2021-03-02t00:00:00Z",
            "2021-03-02T00:00:00z",
            "2021-03-02T00:00:00+00:00",
            "2021-3-2T00:00:00Z",
            "2021-03-02 00:00:00Z",
            "２021-03-02T00:00:00Z",
            "2021-03-02T00:00:0０Z",
        ] {
            assert_eq!(Instant::parse(bad), Err(TimeError::Form), "{bad}");
        }
        for impossible in ["2021-13-01T00:00:00Z", "2021-02-30T00:00:00Z", "2021-01-01T25:00:00Z", "2021-01-01T00:00:61Z", "2021-00-01T00:00:00Z"] {
            assert_eq!(Instant::parse(impossible), Err(TimeError::Impossible), "{impossible}");
        }
    }

    #[test]
    fn t078_spellings_of_one_instant_are_equal() {
        let instant = Instant::parse("2021-03-02T00:00:01Z").unwrap();
        assert_eq!(instant, Instant::parse("2021-03-02T00:00:01.0Z").unwrap());
        assert_eq!(instant, Instant::parse("2021-03-02T00:00:01.000000000Z").unwrap());
        assert!(instant < Instant::parse("2021-03-02T00:00:01.0000000000000000001Z").unwrap());
    }

    #[test]
    fn micros_are_cut_never_rounded() {
        let instant = Instant::parse("2021-03-02T00:00:01.9999999Z").unwrap();
        assert_eq!(format_micros(instant.micros(), 6), "2021-03-02T00:00:01.999999Z");
        assert_eq!(Instant::from_micros(instant.micros()), Instant::parse("2021-03-02T00:00:01.999999Z").unwrap());
    }

    proptest! {
        #[test]
        fn keys_sort_as_instants(a in "[0-9]{0,9}", b in "[0-9]{0,9}", s in -5_000i64..5_000, t in -5_000i64..5_000) {
            let make = |seconds, digits: &str| Instant { seconds, fraction: digits.trim_end_matches('0').into() };
            let (x, y) = (make(s, &a), make(t, &b));
            prop_assert_eq!(x.cmp(&y), x.to_key().cmp(&y.to_key()));
            prop_assert_eq!(Instant::from_key(&x.to_key()), Some(x));
        }

        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = Instant::parse(&text);
        }
    }
}
