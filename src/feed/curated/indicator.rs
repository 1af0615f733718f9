//! What an indicator says, from the cells of its row.

use chrono::{Days, NaiveDate};

use super::manifest::Source;
use super::tables::Indicator;
use crate::stix::id::StixId;

/// The name, by hand or from the context, those it is about (`called`) and the value; a hash is cut to what still tells it apart.
pub(super) fn name(cells: &Indicator, called: &[&str]) -> String {
    if !cells.name.is_empty() {
        return cells.name.clone();
    }
    let value = if cells.kind.is_hash() { cells.value.get(..16).unwrap_or_default() } else { &cells.value };
    let whom = untold(cells, called);
    let whom = if whom.is_empty() { whom } else { format!(" ({whom})") };
    format!("{}{whom}: {value}", cells.context)
}

/// One sentence, by hand or from the cells, and what else the pattern is known to match.
pub(super) fn description(cells: &Indicator, called: &[&str], sources: &[&Source]) -> String {
    let mut organisations: Vec<_> = sources.iter().map(|source| source.organisation.as_str()).collect();
    organisations.dedup();
    let whom = untold(cells, called);
    let whom = if whom.is_empty() { whom } else { format!(", tied to {whom}") };
    let sentence = if cells.description.is_empty() {
        format!("{}{whom}: {} first seen on {}, reported by {}.", cells.context, cells.kind.noun(), cells.first_seen, organisations.join(", "))
    } else {
        cells.description.clone()
    };
    if cells.false_positives.is_empty() { sentence } else { format!("{sentence} Known false positives: {}.", cells.false_positives) }
}

/// Those it is about whom the context does not name already.
fn untold(cells: &Indicator, called: &[&str]) -> String {
    let context = cells.context.to_lowercase();
    called.iter().copied().filter(|name| !context.contains(&name.to_lowercase())).collect::<Vec<_>>().join(" and ")
}

/// The indicator types: what the row says, else malicious, and telling of a group where one is named.
pub(super) fn types(cells: &Indicator, targets: &[StixId]) -> Vec<String> {
    if !cells.types.is_empty() {
        return cells.types.clone();
    }
    let mut types = vec!["malicious-activity".to_owned()];
    if targets.iter().any(|id| id.type_name() == "intrusion-set") {
        types.push("attribution".to_owned());
    }
    types
}

/// The label of the feed, the kind, the keys it is about, and what a reader should filter by.
pub(super) fn labels(cells: &Indicator, feed: &str) -> Vec<String> {
    let mut labels = vec![feed.to_owned(), cells.kind.name().to_owned()];
    labels.extend(cells.about.iter().cloned());
    if !cells.false_positives.is_empty() {
        labels.push("known-false-positives".to_owned());
    }
    if !cells.kind.is_simple() {
        labels.push("expert-pattern".to_owned());
    }
    labels
}

/// `valid_from` and, for a kind that ages in `days`, `valid_until`; or what is wrong with the dates.
pub(super) fn validity(cells: &Indicator, days: Option<u64>) -> Result<(String, Option<String>), String> {
    let first = day("first_seen", &cells.first_seen)?;
    let last = if cells.last_seen.is_empty() { first } else { day("last_seen", &cells.last_seen)? };
    if last < first {
        return Err("last_seen is before first_seen".to_owned());
    }
    let until = match days {
        Some(days) => Some(last.checked_add_days(Days::new(days)).ok_or("the validity ends after all days")?),
        None => None,
    };
    Ok((midnight(first), until.map(midnight)))
}

/// A cell of the form `YYYY-MM-DD`.
pub(super) fn day(column: &str, text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| format!("{column}: {text:?} is no day of the form YYYY-MM-DD"))
}

fn midnight(day: NaiveDate) -> String {
    format!("{day}T00:00:00.000Z")
}
