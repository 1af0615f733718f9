//! The README of a feed's folder, made from the feed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::CuratedFeed;
use super::manifest::{Manifest, Sources};
use super::tables::{Indicator, Milestone, Row};

/// What the README tells besides the collections.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// What a kind is called, how many indicators are of it, how many days they are valid (`None`: for good), whether they are simple.
    pub kinds: Vec<(String, usize, Option<u64>, bool)>,
    /// The publications, by key.
    pub sources: Vec<Publication>,
    /// Date and event, by date.
    pub timeline: Vec<(String, String)>,
    /// Under what the data may be used.
    pub licence: String,
    /// How to cite the feed.
    pub citation: String,
    /// How confidence is given.
    pub method: String,
    /// What is known to be missing.
    pub gaps: Vec<String>,
}

/// A publication behind a feed.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The key in the files.
    pub key: String,
    /// Who published it.
    pub organisation: String,
    /// Its title.
    pub title: String,
    /// Where it is.
    pub url: Option<String>,
    /// A day, a month or a year.
    pub published: String,
    /// The licence of its data, where it states one.
    pub licence: Option<String>,
    /// How many indicators cite it.
    pub indicators: usize,
}

impl Ledger {
    pub(super) fn new(manifest: &Manifest, sources: &Sources, indicators: &[Row<Indicator>], timeline: &[Row<Milestone>]) -> Self {
        let mut kinds = BTreeMap::new();
        for row in indicators {
            *kinds.entry(row.cells.kind).or_insert(0) += 1;
        }
        let cited = |key: &String| indicators.iter().filter(|row| row.cells.sources.contains(key)).count();
        let mut timeline: Vec<_> = timeline.iter().map(|row| (row.cells.date.clone(), row.cells.event.clone())).collect();
        timeline.sort();
        Self {
            kinds: kinds
                .into_iter()
                .map(|(kind, count)| (kind.noun().to_owned(), count, manifest.validity.get(&kind).copied(), kind.is_simple()))
                .collect(),
            sources: sources
                .iter()
                .map(|(key, source)| Publication {
                    key: key.clone(),
                    organisation: source.organisation.clone(),
                    title: source.title.clone(),
                    url: source.url.clone(),
                    published: source.published.clone(),
                    licence: source.licence.clone(),
                    indicators: cited(key),
                })
                .collect(),
            timeline,
            licence: manifest.licence.trim().to_owned(),
            citation: manifest.citation.trim().to_owned(),
            method: manifest.method.trim().to_owned(),
            gaps: manifest.gaps.clone(),
        }
    }
}

/// The README of `feed`'s folder, as Markdown.
pub fn readme(feed: &CuratedFeed) -> String {
    let mut out = format!(
        "# {}\n\n<!-- Made from the files of this folder by a test: TAXIWAY_BLESS=1 cargo test readme -->\n\n{}\n",
        feed.title,
        feed.description.trim()
    );
    let ledger = &feed.ledger;
    section(
        &mut out,
        "Collections",
        &["collection", "what is in it", "objects", "who reads it"],
        feed.collections.iter().map(|c| {
            let who = if c.public { "everyone" } else { "by grant" };
            vec![format!("`/{}/collections/{}/`", feed.root, c.alias), c.description.clone(), c.objects.len().to_string(), who.to_owned()]
        }),
    );
    section(
        &mut out,
        "Indicators by kind",
        &["kind", "indicators", "valid for", "pattern"],
        ledger.kinds.iter().map(|(noun, count, days, simple)| {
            let valid = days.map_or("no end".to_owned(), |days| format!("{days} days"));
            vec![noun.clone(), count.to_string(), valid, if *simple { "simple" } else { "hunting" }.to_owned()]
        }),
    );
    let total: usize = ledger.kinds.iter().map(|(_, count, ..)| count).sum();
    let _ = writeln!(out, "\n{total} indicators in all. Objects of the largest collection by type:");
    if let Some(largest) = feed.collections.iter().max_by_key(|c| c.objects.len()) {
        let mut types = BTreeMap::new();
        for object in &largest.objects {
            *types.entry(object.id.type_name()).or_insert(0) += 1;
        }
        table(&mut out, &["type", "objects"], types.into_iter().map(|(name, count)| vec![format!("`{name}`"), count.to_string()]));
    }
    section(&mut out, "Timeline", &["date", "event"], ledger.timeline.iter().map(|(date, event)| vec![date.clone(), event.clone()]));
    section(
        &mut out,
        "Sources",
        &["key", "publication", "published", "licence of its data", "indicators"],
        ledger.sources.iter().map(|s| {
            let title = s.url.as_ref().map_or(s.title.clone(), |url| format!("[{}]({url})", s.title));
            vec![
                format!("`{}`", s.key),
                format!("{}: {title}", s.organisation),
                s.published.clone(),
                s.licence.clone().unwrap_or_default(),
                s.indicators.to_string(),
            ]
        }),
    );
    for (title, text) in [("Confidence and age", &ledger.method), ("How to cite", &ledger.citation), ("Licence", &ledger.licence)] {
        let _ = write!(out, "\n## {title}\n\n{text}\n");
    }
    let _ = write!(out, "\n## Known gaps\n\n");
    for gap in &ledger.gaps {
        let _ = writeln!(out, "- {gap}");
    }
    out
}

fn section(out: &mut String, title: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(out, "\n## {title}");
    table(out, header, rows);
}

fn table(out: &mut String, header: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(out, "\n| {} |\n|{}", header.join(" | "), " --- |".repeat(header.len()));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    }
}
