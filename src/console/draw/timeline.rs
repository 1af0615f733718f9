//! Dated objects on an axis of time, in lanes, each with its name beside it and none on another.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta};

use super::Area;
use crate::console::parts::reference::Reference;
use crate::console::paths::Href;
use crate::taxii::stamp::DAY;

/// More than these are counted and not drawn.
pub const MOST: usize = 300;

const WIDTH: i32 = 1120;
/// Room for the names of lanes.
const LEFT: i32 = 118;
const RIGHT: i32 = 16;
const HEAD: i32 = 28;
const ROW: i32 = 24;
const PADDING: i32 = 8;
const LETTER: i32 = 7;
const COLUMNS: usize = 34;
/// From a dot to its name.
const GAP: i32 = 9;
const RADIUS: i32 = 5;

/// An object with a date.
#[derive(Debug, Clone)]
pub struct Dated {
    /// When it was, or began; microseconds since 1970.
    pub at: u64,
    /// When it ended.
    pub until: Option<u64>,
    /// What the date is: `created`, `first seen`, `published`.
    pub what: &'static str,
    /// The object.
    pub object: Reference,
    /// The lane in which it stands.
    pub lane: &'static str,
}

/// The drawing. Lanes stand in the order in which they are first named.
#[derive(Debug, Clone, Template)]
#[template(path = "draw/timeline.svg")]
pub struct Timeline {
    /// What it shows, in a sentence.
    pub summary: String,
    /// The lanes.
    pub lanes: Vec<Lane>,
    /// What stands in them, in the order of time.
    pub items: Vec<Item>,
    /// Points of the axis.
    pub ticks: Vec<Tick>,
    /// The whole.
    pub area: Area,
    /// How many are not drawn.
    pub left_out: usize,
}

impl HtmlSafe for Timeline {}

/// A lane.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name.
    pub name: &'static str,
    /// Where it lies.
    pub area: Area,
}

/// A point of the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Where.
    pub x: i32,
    /// Its date.
    pub label: String,
}

/// An object as it is drawn.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its date.
    pub x: i32,
    /// Where it ended, if that is further along.
    pub end: Option<i32>,
    /// The middle of its row.
    pub y: i32,
    /// Everything that is drawn of it: dot, bar and name.
    pub area: Area,
    /// Where its name begins, or ends if `left`.
    pub text_x: i32,
    /// Whether its name stands before it, because there is no room behind.
    pub left: bool,
    /// The word by which the style sheet knows its family.
    pub class: &'static str,
    /// Its kind's abbreviation and its name, cut.
    pub name: String,
    /// Date and name in full.
    pub title: String,
    /// Where it is shown.
    pub href: Option<Href>,
}

/// The span of time that is drawn.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: u64,
    to: u64,
}

impl Timeline {
    /// Draws what is given; beyond [`MOST`] the latest are left out.
    pub fn new(dated: &[Dated]) -> Self {
        let mut drawn: Vec<&Dated> = dated.iter().collect();
        drawn.sort_by_key(|one| one.at);
        let left_out = drawn.len().saturating_sub(MOST);
        drawn.truncate(MOST);
        let span = Span::of(&drawn);
        let names: Vec<&'static str> = dated.iter().map(|one| one.lane).collect();
        let mut lanes = Vec::new();
        let mut items = Vec::new();
        let mut top = HEAD;
        for name in firsts(&names) {
            let inside = drawn.iter().filter(|one| one.lane == name).map(|one| item(one, span)).collect();
            let (placed, rows) = stack(inside, top + PADDING / 2);
            let area = Area { x: 0, y: top, width: WIDTH, height: rows * ROW + PADDING };
            if rows > 0 {
                top += area.height;
                lanes.push(Lane { name, area });
                items.extend(placed);
            }
        }
        let area = Area { x: 0, y: 0, width: WIDTH, height: top + PADDING };
        Self { summary: summary(&drawn, left_out), lanes, items, ticks: span.ticks(), area, left_out }
    }
}

/// Each name once, in the order of first appearance.
fn firsts(names: &[&'static str]) -> Vec<&'static str> {
    let mut firsts = Vec::new();
    for name in names {
        if !firsts.contains(name) {
            firsts.push(*name);
        }
    }
    firsts
}

/// An object on its place in time, in no row yet.
fn item(dated: &Dated, span: Span) -> Item {
    let x = span.x(dated.at);
    let end = dated.until.filter(|until| *until > dated.at).map(|until| span.x(until)).filter(|end| *end > x);
    let name = format!("{} {}", dated.object.kind.short, dated.object.name.cut(COLUMNS));
    // Wide characters take two columns; this is on the safe side for all others.
    let columns: i32 = name.chars().map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 }).sum();
    let width = columns * LETTER;
    let tail = end.unwrap_or(x) + GAP;
    let behind = tail + width <= WIDTH - RIGHT;
    let left = !behind && x - GAP - width >= LEFT;
    // A span that leaves no room on either side has its name on itself.
    let text_x = if left {
        x - GAP
    } else if behind {
        tail
    } else {
        x + GAP
    };
    let from = if left { text_x - width } else { x - RADIUS };
    let to = if left { end.unwrap_or(x) + RADIUS } else { (text_x + width).max(end.unwrap_or(x) + RADIUS) };
    let days = [Some(dated.at), dated.until].into_iter().flatten().map(day).collect::<Vec<_>>().join(" to ");
    Item {
        x,
        end,
        y: 0,
        area: Area { x: from, y: 0, width: to - from, height: ROW },
        text_x,
        left,
        class: dated.object.kind.family.class(),
        name,
        title: format!("{days}, {}: {} {}", dated.what, dated.object.kind.name.plain(), dated.object.name.plain()),
        href: dated.object.href.clone(),
    }
}

/// Puts items into rows, each into the first in which it covers nothing; returns how many rows it took.
fn stack(items: Vec<Item>, top: i32) -> (Vec<Item>, i32) {
    let mut rows: Vec<Vec<Area>> = Vec::new();
    let mut placed = Vec::new();
    for mut item in items {
        let free = rows.iter().position(|row| row.iter().all(|taken| !taken.overlaps(&item.area)));
        let at = free.unwrap_or(rows.len());
        if free.is_none() {
            rows.push(Vec::new());
        }
        if let Some(row) = rows.get_mut(at) {
            row.push(item.area);
        }
        item.area.y = top + i32::try_from(at).unwrap_or(0) * ROW;
        item.y = item.area.y + ROW / 2;
        placed.push(item);
    }
    (placed, i32::try_from(rows.len()).unwrap_or(0))
}

impl Span {
    /// From the first date to the last; never empty.
    fn of(dated: &[&Dated]) -> Self {
        let ends = || dated.iter().flat_map(|one| [Some(one.at), one.until]).flatten();
        let from = ends().min().unwrap_or(0);
        let to = ends().max().unwrap_or(0);
        // Something on each side, so that what is on one day only stands in the middle.
        let air = ((to - from) / 40).max(DAY);
        Self { from: from.saturating_sub(air), to: to.saturating_add(air) }
    }

    fn x(self, at: u64) -> i32 {
        let room = u128::from((WIDTH - LEFT - RIGHT).unsigned_abs());
        let past = u128::from(at.clamp(self.from, self.to) - self.from);
        LEFT + i32::try_from(past * room / u128::from((self.to - self.from).max(1))).unwrap_or(0)
    }

    /// Days, months or years, as many as can be read.
    fn ticks(self) -> Vec<Tick> {
        let (Some(from), Some(to)) = (date(self.from), date(self.to)) else { return Vec::new() };
        let days = (to - from).num_days();
        let step = Step::of(days);
        let mut ticks = Vec::new();
        let mut at = step.begin(from);
        while let Some(day) = at.filter(|day| *day <= to) {
            let micros = day.and_hms_opt(0, 0, 0).map_or(0, |time| time.and_utc().timestamp_micros());
            let x = self.x(u64::try_from(micros).unwrap_or(0));
            // A date in the middle of its line must have room on both sides.
            if day >= from && (LEFT + 34..WIDTH - 34).contains(&x) {
                ticks.push(Tick { x, label: step.label(day) });
            }
            at = step.next(day);
        }
        ticks
    }
}

/// How far the points of the axis are from each other.
#[derive(Debug, Clone, Copy)]
enum Step {
    Days(i64),
    Months(u32),
}

impl Step {
    /// The least step that gives at most ten points.
    fn of(days: i64) -> Self {
        let months = [1u32, 3, 6, 12, 24, 60, 120, 600, 1200].into_iter().find(|months| i64::from(*months) * 300 >= days);
        [1, 2, 7, 14].into_iter().find(|step| step * 10 >= days).map_or(Self::Months(months.unwrap_or(12_000)), Self::Days)
    }

    /// The last point that is not after a day.
    fn begin(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Days(_) => Some(day),
            Self::Months(months) if months >= 12 => {
                let years = i32::try_from(months / 12).unwrap_or(1);
                NaiveDate::from_ymd_opt(day.year().div_euclid(years) * years, 1, 1)
            }
            Self::Months(months) => NaiveDate::from_ymd_opt(day.year(), day.month0() / months * months + 1, 1),
        }
    }

    fn next(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Days(days) => day.checked_add_signed(TimeDelta::days(days)),
            Self::Months(months) => day.checked_add_months(Months::new(months)),
        }
    }

    fn label(self, day: NaiveDate) -> String {
        let form = match self {
            Self::Days(_) => "%Y-%m-%d",
            Self::Months(months) if months < 12 => "%Y-%m",
            Self::Months(_) => "%Y",
        };
        day.format(form).to_string()
    }
}

fn date(micros: u64) -> Option<NaiveDate> {
    DateTime::from_timestamp_micros(i64::try_from(micros).ok()?).map(|time| time.date_naive())
}

fn day(micros: u64) -> String {
    date(micros).map_or_else(|| "an unknown day".to_owned(), |day| day.format("%Y-%m-%d").to_string())
}

fn summary(dated: &[&Dated], left_out: usize) -> String {
    let (Some(first), Some(last)) = (dated.first(), dated.last()) else { return "Nothing has a date.".to_owned() };
    let rest = if left_out == 0 { String::new() } else { format!(" {left_out} later ones are not drawn.") };
    format!("{} dated objects from {} to {}.{rest}", dated.len(), day(first.at), day(last.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::parts::kind::Kind;
    use proptest::prelude::*;

    const LANES: [&str; 3] = ["Actors", "Malware", "Reports"];

    fn dated(at: u64, until: Option<u64>, name: &str, lane: usize) -> Dated {
        let object = Reference { kind: Kind::of("malware"), name: name.into(), href: None };
        Dated { at, until, what: "first seen", object, lane: LANES[lane % 3] }
    }

    fn sound(timeline: &Timeline) {
        for (at, item) in timeline.items.iter().enumerate() {
            assert!(timeline.area.holds(&item.area), "{:?} leaves {:?}", item.area, timeline.area);
            assert!(timeline.lanes.iter().any(|lane| lane.area.holds(&item.area)), "{:?} is in no lane", item.area);
            assert!(timeline.items[..at].iter().all(|other| !other.area.overlaps(&item.area)), "{} covers another", item.title);
        }
        for pair in timeline.lanes.windows(2) {
            assert!(!pair[0].area.overlaps(&pair[1].area));
        }
        assert!(timeline.ticks.len() <= 12, "{:?}", timeline.ticks);
        assert!(timeline.ticks.iter().all(|tick| (LEFT..WIDTH).contains(&tick.x)));
    }

    #[test]
    fn none_and_one_and_many_on_one_day_are_drawn() {
        let nothing = Timeline::new(&[]);
        sound(&nothing);
        assert_eq!(nothing.summary, "Nothing has a date.");
        let day = 1_614_643_200_000_000;
        sound(&Timeline::new(&[dated(day, None, "one", 0)]));
        let many: Vec<Dated> = (0..150).map(|at| dated(day, None, "the same day", at)).collect();
        let timeline = Timeline::new(&many);
        sound(&timeline);
        assert_eq!((timeline.items.len(), timeline.lanes.len()), (150, 3));
    }

    #[test]
    fn what_is_beyond_the_most_is_counted() {
        let many: Vec<Dated> = (0..MOST + 7).map(|at| dated(at as u64 * 1_000_000, None, "x", 0)).collect();
        let timeline = Timeline::new(&many);
        assert_eq!((timeline.items.len(), timeline.left_out), (MOST, 7));
    }

    #[test]
    fn ticks_are_days_months_or_years() {
        let day = 86_400_000_000;
        let from = 1_614_643_200_000_000;
        let first = |days: u64| Timeline::new(&[dated(from, Some(from + days * day), "x", 0)]).ticks[0].label.len();
        assert_eq!((first(3), first(200), first(4000)), (10, 7, 4));
    }

    #[test]
    fn names_are_escaped() {
        let svg = Timeline::new(&[dated(0, None, "<script>'\"&\u{202E}", 0)]).to_string();
        assert!(!svg.contains("<script>") && !svg.contains('\u{202E}'), "{svg}");
    }

    proptest! {
        #[test]
        fn nothing_covers_anything_and_all_is_inside(
            all in prop::collection::vec((0u64..4_000_000_000_000_000, prop::option::of(0u64..4_000_000_000_000_000), ".{0,60}", 0usize..3), 0..60),
        ) {
            let all: Vec<Dated> = all.iter().map(|(at, until, name, lane)| dated(*at, *until, name, *lane)).collect();
            let timeline = Timeline::new(&all);
            sound(&timeline);
            prop_assert_eq!(timeline.items.len(), all.len());
            prop_assert_eq!(timeline.to_string(), Timeline::new(&all).to_string());
        }
    }
}
