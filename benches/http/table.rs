//! The table that comes out.

use std::time::Duration;

/// A line of the table.
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) other: String,
    pub(crate) ratio: String,
    pub(crate) wanted: String,
    /// Whether what was wanted is met, if it was measured.
    pub(crate) met: Option<bool>,
}

impl Line {
    pub(crate) fn unmeasured(what: &str, why: &str) -> Self {
        let why = why.lines().collect::<Vec<_>>().join(" ").replace('|', "/");
        let none = || "–".to_owned();
        Self { what: what.into(), ours: format!("not measured: {why}"), other: none(), ratio: none(), wanted: none(), met: None }
    }
}

pub(crate) fn head() {
    println!("| what | Taxiway | other side | ratio | wanted | met? |");
    println!("| --- | --- | --- | --- | --- | --- |");
}

pub(crate) fn print(line: &Line) {
    let Line { what, ours, other, ratio, wanted, met } = line;
    let met = met.map_or("–", |met| if met { "yes" } else { "no" });
    println!("| {what} | {ours} | {other} | {ratio} | {wanted} | {met} |");
}

/// A number with three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value {
        ..0.1 => format!("{value:.4}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        ..10_000.0 => format!("{value:.0}"),
        ..10_000_000.0 => format!("{:.0} thousand", value / 1e3),
        _ => format!("{:.0} million", value / 1e6),
    }
}

pub(crate) fn per_second(value: f64) -> String {
    format!("{} a second", number(value))
}

pub(crate) fn megabytes(bytes: f64) -> String {
    format!("{} MB", number(bytes / 1e6))
}

pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{} ms", number(time.as_secs_f64() * 1e3))
}
