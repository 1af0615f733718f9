//! What every backend decides alike: which stamp comes next, and which versions are chosen.

use super::{NewObject, Page, Record, Select, Versions};
use crate::stix::succession;
use crate::stix::time::Instant;
use crate::taxii::stamp::Stamp;

/// How far, in microseconds, rounding may carry a stamp ahead of the clock.
const LEAD: u64 = 1_000_000;

/// The stamp that follows `last` at the time `now`: later than both the past and the last stamp.
pub(super) fn next_stamp(last: Stamp, now: Stamp) -> Stamp {
    now.max(Stamp(last.0 + 1))
}

/// The stamp that the last object of a visible write takes instead of `stamp`: a whole millisecond (Q7), unless a burst of
/// writes has already carried the order a second ahead of `now`.
pub(super) fn closing_stamp(stamp: Stamp, now: Stamp) -> Stamp {
    let round = stamp.round_up_to_millisecond();
    if round.0 > now.0.saturating_add(LEAD) { stamp } else { round }
}

/// The stamps of the versions that `versions` chooses among `candidates`, which are one object's versions by ascending instant.
pub(super) fn choose<'a>(versions: &Versions, candidates: impl IntoIterator<Item = (&'a Instant, Stamp)>) -> Vec<Stamp> {
    let mut candidates = candidates.into_iter().enumerate().peekable();
    let mut chosen = Vec::new();
    while let Some((at, (instant, stamp))) = candidates.next() {
        let is_last = candidates.peek().is_none();
        let wanted = match versions {
            Versions::All => true,
            Versions::Some { first, last, at: exact } => (*first && at == 0) || (*last && is_last) || exact.contains(instant),
        };
        if wanted {
            chosen.push(stamp);
        }
    }
    chosen
}

/// What is said to who brings a version again that was deleted for good.
pub(super) fn deleted(at: Stamp, why: &str) -> String {
    let reason = if why.is_empty() { String::new() } else { format!(" ({why})") };
    format!("this version was deleted for good on {at}{reason} and is not taken again; a later version is")
}

/// The warning of a new version, with what is odd about it next to the `latest` version so far.
pub(super) fn warning(new: &NewObject, latest: &[u8]) -> Option<String> {
    let odd = succession::compare(latest, &new.object).into_iter().map(|finding| finding.to_string());
    new.warning.iter().cloned().chain(odd).reduce(|all, next| format!("{all}; {next}"))
}

/// The room on a page: so many objects and octets, but for the first object, which is let in whatever its size.
#[derive(Debug)]
pub(super) struct Room<'a> {
    select: &'a Select,
    count: usize,
    octets: usize,
}

impl<'a> Room<'a> {
    /// The room that a selection allows.
    pub(super) fn of(select: &'a Select) -> Self {
        Self { select, count: 0, octets: 0 }
    }

    /// How many more objects there may be.
    pub(super) fn left(&self) -> usize {
        self.select.limit.saturating_sub(self.count)
    }

    /// Lets an object of so many octets in, unless the page is full.
    pub(super) fn admit(&mut self, octets: usize) -> bool {
        let all = self.octets.saturating_add(octets);
        let admitted = self.count == 0 || (self.left() > 0 && all <= self.select.octets);
        if admitted {
            (self.count, self.octets) = (self.count + 1, all);
        }
        admitted
    }
}

/// A page that is being filled, up to what its selection allows.
#[derive(Debug)]
pub(super) struct Filling<'a> {
    page: Page,
    room: Room<'a>,
}

impl<'a> Filling<'a> {
    /// An empty page.
    pub(super) fn new(select: &'a Select) -> Self {
        Self { page: Page::default(), room: Room::of(select) }
    }

    /// Takes the next record, or notes that there is more and returns `false`: the page is full.
    pub(super) fn take(&mut self, record: Record) -> bool {
        if self.room.admit(record.object.len()) {
            self.page.records.push(record);
            return true;
        }
        self.page.more = true;
        false
    }

    /// The page as it is.
    pub(super) fn done(self) -> Page {
        self.page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q7_rounding_stops_a_second_ahead_of_the_clock() {
        let now = Stamp(1_614_643_200_000_000);
        assert_eq!(closing_stamp(Stamp(now.0 + 1), now), Stamp(now.0 + 1_000));
        assert_eq!(closing_stamp(Stamp(now.0 + 999_001), now), Stamp(now.0 + 1_000_000));
        assert_eq!(closing_stamp(Stamp(now.0 + 1_000_001), now), Stamp(now.0 + 1_000_001));
    }

    #[test]
    fn t088_stamps_increase_when_the_clock_goes_back() {
        assert_eq!(next_stamp(Stamp(10), Stamp(20)), Stamp(20));
        assert_eq!(next_stamp(Stamp(10), Stamp(10)), Stamp(11));
        assert_eq!(next_stamp(Stamp(10), Stamp(5)), Stamp(11));
    }

    #[test]
    fn t073_choices_combine_without_duplicates() {
        let instants: Vec<Instant> = (1..=3).map(Instant::from_micros).collect();
        let choose = |versions| choose(&versions, instants.iter().zip([Stamp(30), Stamp(10), Stamp(20)]));
        assert_eq!(choose(Versions::LAST), [Stamp(20)]);
        assert_eq!(choose(Versions::Some { first: true, last: true, at: vec![instants[2].clone()] }), [Stamp(30), Stamp(20)]);
        assert_eq!(choose(Versions::All).len(), 3);
    }
}
