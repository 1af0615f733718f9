//! A point in time: in UTC, to the minute, with the distance to now beside it.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::stix::time::format_micros;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A point in time as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/moment.html")]
pub struct Moment {
    /// For machines: `2021-03-02T10:00:00.000000Z`.
    pub exact: String,
    /// `2021-03-02 10:00 UTC`.
    pub shown: String,
    /// `3 days ago`, `in 2 hours`.
    pub relative: String,
}

impl HtmlSafe for Moment {}

impl Moment {
    /// The point `at`, seen at the point `now`; both in microseconds since 1970.
    pub fn new(at: u64, now: u64) -> Self {
        let exact = format_micros(at, 6);
        let shown = format!("{} {} UTC", exact.get(..10).unwrap_or_default(), exact.get(11..16).unwrap_or_default());
        Self { exact, shown, relative: distance(at, now) }
    }

    /// The day of it: `2021-03-02`.
    pub fn day(&self) -> &str {
        self.shown.get(..10).unwrap_or_default()
    }
}

fn distance(at: u64, now: u64) -> String {
    let seconds = at.abs_diff(now) / 1_000_000;
    let (count, unit) = match seconds {
        0..MINUTE => return "now".to_owned(),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ if seconds < 60 * DAY => (seconds / DAY, "day"),
        _ if seconds < 730 * DAY => (seconds / (30 * DAY), "month"),
        _ => (seconds / (365 * DAY), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if at < now { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_absolute_and_relative() {
        let now = 1_614_679_200_000_000;
        let second = 1_000_000;
        let moment = Moment::new(now, now + 90 * 60 * second);
        assert_eq!(moment.shown, "2021-03-02 10:00 UTC");
        assert_eq!(moment.day(), "2021-03-02");
        for (at, relative) in [
            (now, "now"),
            (now + 59 * second, "now"),
            (now + 60 * second, "in 1 minute"),
            (now - 7200 * second, "2 hours ago"),
            (now - 86_400 * second, "1 day ago"),
            (now + 86_400 * 90 * second, "in 3 months"),
            (0, "51 years ago"),
        ] {
            assert_eq!(Moment::new(at, now).relative, relative);
        }
    }
}
