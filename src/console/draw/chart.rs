//! Additions per day as bars.

use askama::Template;
use askama::filters::HtmlSafe;

use super::Area;
use crate::console::paths::Href;

const WIDTH: i32 = 1120;
const HEIGHT: i32 = 200;
const LEFT: i32 = 44;
const RIGHT: i32 = 8;
const TOP: i32 = 10;
const BOTTOM: i32 = 24;
/// A label of a day needs this much room.
const LABEL: i32 = 84;

/// What was added on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day: `2021-03-02`.
    pub date: String,
    /// How many objects.
    pub count: u64,
    /// Where they are listed.
    pub href: Option<Href>,
}

/// The drawing. Days stand from left to right in the order they are given.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "draw/chart.svg")]
pub struct Chart {
    /// What it shows, in a sentence for those who do not see it.
    pub summary: String,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Lines across, with their number.
    pub levels: Vec<Mark>,
    /// Days that are written below.
    pub days: Vec<Mark>,
    /// The whole.
    pub area: Area,
    /// Where the bars are.
    pub plot: Area,
}

impl HtmlSafe for Chart {}

/// One day's bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Where it stands; without height when nothing was added.
    pub area: Area,
    /// The day and its number.
    pub title: String,
    /// Where they are listed.
    pub href: Option<Href>,
}

/// A word at an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where on the axis.
    pub at: i32,
    /// The word.
    pub label: String,
}

impl Chart {
    /// Draws the days; those before the last 366 are left out.
    pub fn new(days: &[Day]) -> Self {
        let days = days.get(days.len().saturating_sub(366)..).unwrap_or_default();
        let most = days.iter().map(|day| day.count).max().unwrap_or(0);
        let top = ceiling(most);
        let area = Area { x: 0, y: 0, width: WIDTH, height: HEIGHT };
        let plot = Area { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };
        let bars = days.iter().enumerate().map(|(at, day)| bar(plot, at, days.len(), day, top)).collect();
        let levels = [0, top / 2, top].into_iter().map(|n| Mark { at: plot.y + plot.height - scaled(n, top, plot.height), label: grouped(n) });
        Self { summary: summary(days), bars, levels: levels.collect(), days: labels(plot, days), area, plot }
    }
}

fn bar(plot: Area, at: usize, days: usize, day: &Day, top: u64) -> Bar {
    let (left, right) = (edge(plot, at, days), edge(plot, at + 1, days));
    let gap = i32::from(right - left > 3);
    let height = scaled(day.count, top, plot.height).max(i32::from(day.count > 0));
    let area = Area { x: left, y: plot.y + plot.height - height, width: (right - left - gap).max(1), height };
    Bar { area, title: format!("{}: {} added", day.date, grouped(day.count)), href: day.href.clone() }
}

/// Where the day at a position begins.
fn edge(plot: Area, at: usize, days: usize) -> i32 {
    let share = u64::try_from(at).unwrap_or(0);
    plot.x + scaled(share, u64::try_from(days).unwrap_or(1).max(1), plot.width)
}

/// `of / whole` of a length.
fn scaled(of: u64, whole: u64, length: i32) -> i32 {
    let length = u128::from(length.unsigned_abs());
    i32::try_from(u128::from(of.min(whole)) * length / u128::from(whole.max(1))).unwrap_or(0)
}

/// As many days as have room, the last one always among them.
fn labels(plot: Area, days: &[Day]) -> Vec<Mark> {
    let most = usize::try_from(plot.width / LABEL).unwrap_or(1).max(1);
    let step = days.len().div_ceil(most).max(1);
    let mut marks: Vec<Mark> = Vec::new();
    for (at, day) in days.iter().enumerate().rev().step_by(step) {
        let middle = i32::midpoint(edge(plot, at, days.len()), edge(plot, at + 1, days.len()));
        // A word in the middle of its bar must not leave the drawing; the one before it may then be too near.
        let middle = middle.clamp(LABEL / 2, WIDTH - LABEL / 2);
        if marks.last().is_none_or(|after| after.at - middle >= LABEL) {
            marks.push(Mark { at: middle, label: day.date.clone() });
        }
    }
    marks.reverse();
    marks
}

/// The least of 2, 4, 10, 20, 40, 100, … that is not below `most`, so that the half of it is a number too.
fn ceiling(most: u64) -> u64 {
    let steps = (0..19).flat_map(|power| [2, 4, 10].map(|lead| 10u64.saturating_pow(power).saturating_mul(lead)));
    steps.into_iter().find(|step| *step >= most).unwrap_or(u64::MAX)
}

fn summary(days: &[Day]) -> String {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return "No days to show.".to_owned() };
    let sum = days.iter().fold(0u64, |sum, day| sum.saturating_add(day.count));
    let most = days.iter().max_by_key(|day| day.count).unwrap_or(last);
    format!("{} objects were added from {} to {}, most of them on {} ({}).", grouped(sum), first.date, last.date, most.date, grouped(most.count))
}

/// A number with a narrow blank after each three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202F}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn days(counts: &[u64]) -> Vec<Day> {
        counts.iter().enumerate().map(|(at, count)| Day { date: format!("d{at}"), count: *count, href: None }).collect()
    }

    #[test]
    fn an_empty_chart_says_so() {
        let chart = Chart::new(&[]);
        assert!(chart.bars.is_empty() && chart.days.is_empty());
        assert!(chart.to_string().contains("No days to show."));
    }

    #[test]
    fn the_axis_ends_at_a_round_number() {
        for (most, top) in [(0, 2), (1, 2), (3, 4), (5, 10), (11, 20), (99, 100), (101, 200), (u64::MAX, u64::MAX)] {
            assert_eq!(ceiling(most), top, "{most}");
        }
        assert_eq!(grouped(1_234_567), "1\u{202F}234\u{202F}567");
        assert_eq!(grouped(12), "12");
    }

    #[test]
    fn dates_are_escaped() {
        let chart = Chart::new(&[Day { date: "<script>\"'&".to_owned(), count: 1, href: None }]).to_string();
        assert!(!chart.contains("<script>"));
    }

    proptest! {
        #[test]
        fn bars_lie_in_the_plot_side_by_side_and_rise_with_their_number(counts in prop::collection::vec(any::<u64>(), 0..500)) {
            let chart = Chart::new(&days(&counts));
            prop_assert_eq!(chart.bars.len(), counts.len().min(366));
            for pair in chart.bars.windows(2) {
                prop_assert!(!pair[0].area.overlaps(&pair[1].area));
            }
            let shown = &counts[counts.len() - chart.bars.len()..];
            for (bar, count) in chart.bars.iter().zip(shown) {
                prop_assert!(chart.plot.holds(&bar.area) && chart.area.holds(&bar.area), "{:?}", bar.area);
                prop_assert_eq!(bar.area.height > 0, *count > 0);
            }
            for pair in chart.days.windows(2) {
                prop_assert!(pair[1].at - pair[0].at >= LABEL, "{:?}", pair);
            }
            prop_assert_eq!(chart.to_string(), Chart::new(&days(&counts)).to_string());
        }
    }
}
