//! The list of objects: filtered, sorted, a page at a time.

use axum::extract::RawQuery;
use serde_json::Value;

use super::act;
use super::query::{NEWEST, Query, STATES};
use super::scope::{Found, Scope, called};
use crate::console::pages::browse::{Browse, Filter, Row, State};
use crate::console::parts::confidence::Confidence;
use crate::console::parts::frame::Place;
use crate::console::parts::kind::Kind;
use crate::console::parts::list::{Chip, Choice, Heading, Order, Pager};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::{self, Href};
use crate::console::visit::{Answer, OrPage, Visit};
use crate::feed::access;
use crate::feed::catalog::browse as asked;
use crate::feed::catalog::listing;
use crate::feed::catalog::overview::Overview;
use crate::feed::object::Properties;
use crate::stix::pattern::parse::parse;
use crate::stix::pattern::parts::Parts;
use crate::stix::time::Instant;
use crate::taxii::stamp::Stamp;

/// Objects on a page.
const ROWS: usize = 50;
/// Labels that are offered.
const LABELS: usize = 200;
/// Sources that are offered.
const SOURCES: usize = 100;
/// Columns of text of the line below a name.
const DETAIL: usize = 200;
/// The headings, each with the field by which the list is sorted, and whether the greatest come first then.
const HEADINGS: [(&str, Option<(&str, bool)>); 7] = [
    ("Object", Some(("name", false))),
    ("TLP", None),
    ("Confidence", Some(("confidence", true))),
    ("Labels", None),
    ("Source", None),
    ("Valid until", Some(("valid_until", false))),
    ("Added", Some(("added", true))),
];

/// `GET /console/browse/`
pub async fn list(visit: Visit, RawQuery(query): RawQuery) -> Answer {
    let query = Query::read(&query.unwrap_or_default());
    let (feed, now) = (&visit.app.feed, visit.app.feed.clock().now());
    let asked = query.asked(now).or_page(&visit)?;
    let chosen = asked.collection.as_ref().map(|(root, name)| (root.as_str(), name.as_str()));
    let scope = Scope::of(&visit, chosen)?;
    let page = asked::Browse { offset: query.offset, limit: ROWS, ..asked.browse };
    let listing = feed.browse(&scope.readings, &page).await.or_page(&visit)?;
    let facets = feed.overview(&scope.readings, &asked::Browse::default(), 0).await.or_page(&visit)?;
    let offered = facets.sources.most.iter().take(SOURCES).map(|source| source.value.as_str());
    let named: Vec<&str> = offered.chain(listing.rows.iter().filter_map(|row| row.source.as_deref())).chain([query.get("source")]).collect();
    let found = scope.find(feed, &named).await.or_page(&visit)?;
    let mut frame = visit.frame("Browse", Some(Place::Browse));
    frame.flashes.extend(scope.told(&listing.coverage));
    let shown = listing.rows.len();
    let next = query.offset.saturating_add(ROWS);
    let pager = Pager {
        shown,
        total: u64::try_from(listing.total).ok(),
        first: (query.offset > 0).then(|| query.at(0).href()),
        next: (next < listing.total).then(|| query.at(next).href()),
    };
    let writes = scope.readings.iter().any(|reading| works(&visit, reading));
    let filter = filter(&visit, &query, &facets, &found);
    Ok(visit.page(&Browse {
        frame,
        headings: headings(&query),
        acts: act::acts(writes, filter.labels.clone(), query.text(), (listing.total > shown).then_some(listing.total)),
        filter,
        rows: listing.rows.into_iter().map(|listed| row(&scope, &found, listed, now)).collect(),
        pager,
    }))
}

/// Whether an object is in force.
pub fn state(properties: &Properties, now: Stamp) -> State {
    if properties.get("revoked") == Some(&Value::Bool(true)) {
        return State::Revoked;
    }
    let until = instant(properties, "valid_until");
    if until.is_some_and(|until| until <= now.0) { State::Ended } else { State::InForce }
}

/// The microseconds of a timestamp of an object.
pub fn instant(properties: &Properties, name: &str) -> Option<u64> {
    properties.get(name).and_then(Value::as_str).and_then(|text| Instant::parse(text).ok()).map(|instant| instant.micros())
}

fn works(visit: &Visit, reading: &access::Reading) -> bool {
    access::by_id(&visit.app.feed.directory(), visit.principal(), reading.collection).is_ok_and(|seen| seen.to_work().is_ok())
}

fn row(scope: &Scope, found: &Found, listed: listing::Row, now: Stamp) -> Row {
    // What cannot be read has no properties: the gate let it in as JSON.
    let properties: Properties = serde_json::from_slice(&listed.object).unwrap_or_default();
    let name = called(&properties);
    Row {
        address: scope.address(listed.collection, &listed.id),
        detail: detail(&properties, &name).map(Into::into),
        object: Reference { kind: Kind::of(&listed.type_name), name: name.into(), href: scope.href(listed.collection, &listed.id) },
        tlp: Tlp(listed.level),
        confidence: Confidence(listed.confidence),
        labels: listed.labels.iter().map(|label| (&**label).into()).collect(),
        source: listed.source.map(|source| found.name(&source).into()),
        until: instant(&properties, "valid_until").map(|until| Moment::new(until, now.0)),
        added: Moment::new(listed.added.0, now.0),
        state: state(&properties, now),
    }
}

/// What an indicator looks for, if its name does not say it; else the first line of the description.
fn detail(properties: &Properties, name: &str) -> Option<String> {
    let text = |name: &str| properties.get(name).and_then(Value::as_str);
    let sought = text("pattern").and_then(|pattern| {
        let tree = parse(pattern).ok()?;
        Some(Parts::of(&tree).values.join(", "))
    });
    let line = || text("description").and_then(|text| text.lines().find(|line| !line.trim().is_empty())).map(str::to_owned);
    let told = sought.filter(|sought| !sought.is_empty() && sought != name).or_else(line)?;
    let mut cut: String = told.chars().take(DETAIL).collect();
    if cut.len() < told.len() {
        cut.push('…');
    }
    Some(cut)
}

fn headings(query: &Query) -> Vec<Heading> {
    let sort = query.sort();
    let heading = |(label, by): (&'static str, Option<(&str, bool)>)| {
        let Some((field, greatest)) = by else { return Heading { label, href: None, order: None } };
        let order = match sort.strip_prefix('-') {
            Some(falling) if falling == field => Some(Order::Falling),
            None if sort == field => Some(Order::Rising),
            _ => None,
        };
        let falling = order.map_or(greatest, |order| order == Order::Rising);
        let sort = if falling { format!("-{field}") } else { field.to_owned() };
        Heading { label, href: Some(query.with("sort", if sort == NEWEST { "" } else { &sort }).href()), order }
    };
    HEADINGS.into_iter().map(heading).collect()
}

fn filter(visit: &Visit, query: &Query, facets: &Overview, found: &Found) -> Filter {
    let said = |name: &str| query.get(name).to_owned();
    let collections = Scope::choices(visit, query.get("collection"));
    let levels = facets.by_level.iter().map(|level| (level.value.name().to_owned(), Tlp(level.value).label().to_owned()));
    let sources = facets.sources.most.iter().take(SOURCES).map(|source| (source.value.clone(), found.name(&source.value)));
    let chips = query
        .conditions()
        .map(|(name, value)| Chip { label: condition(name, value, &collections, found).into(), without: query.with(name, "").href() });
    let chips: Vec<Chip> = chips.collect();
    Filter {
        text: said("q"),
        kinds: choices("any kind", query.get("kind"), kinds(facets)),
        levels: choices("any level", query.get("tlp"), levels),
        label: said("label"),
        labels: facets.labels.most.iter().take(LABELS).map(|label| label.value.clone()).collect(),
        sources: choices("any source", query.get("source"), sources),
        confidence_from: said("confidence_from"),
        confidence_to: said("confidence_to"),
        from: said("from"),
        to: said("to"),
        states: choices("any state", query.get("state"), STATES.map(|(value, label)| (value.to_owned(), label.to_owned()))),
        sort: query.get("sort").to_owned(),
        clear: (!chips.is_empty()).then(|| cleared(query)),
        chips,
        collections,
    }
}

/// The list without conditions, sorted as it is.
fn cleared(query: &Query) -> Href {
    let sort = query.get("sort");
    paths::browse().with_query((!sort.is_empty()).then_some(("sort", sort)))
}

/// The types in use, and of indicators the types of what they are about.
fn kinds(facets: &Overview) -> Vec<(String, String)> {
    let mut kinds = Vec::new();
    for of_type in &facets.by_type {
        kinds.push((of_type.value.clone(), format!("{} ({})", of_type.value, of_type.count)));
        if of_type.value == "indicator" {
            let of_kind =
                facets.by_kind.iter().map(|kind| (format!("indicator:{}", kind.value), format!("indicator: {} ({})", kind.value, kind.count)));
            kinds.extend(of_kind);
        }
    }
    kinds
}

/// Choices after one that stands for all; what is chosen is among them even if nothing is like that any more.
fn choices(all: &str, chosen: &str, values: impl IntoIterator<Item = (String, String)>) -> Vec<Choice> {
    let every = Choice { value: String::new(), label: all.into(), chosen: chosen.is_empty() };
    let rest = values.into_iter().map(|(value, label)| Choice { chosen: value == chosen, label: label.into(), value });
    let mut choices: Vec<Choice> = std::iter::once(every).chain(rest).collect();
    if !choices.iter().any(|choice| choice.chosen) {
        choices.push(Choice::new(chosen, true));
    }
    choices
}

/// A condition in words.
fn condition(name: &str, value: &str, collections: &[Choice], found: &Found) -> String {
    match name {
        "q" => format!("has {value:?}"),
        "collection" => {
            let title = collections.iter().find(|choice| choice.value == value).map_or(value, |choice| choice.label.raw());
            format!("in {title}")
        }
        "kind" => format!("kind is {}", value.replace(':', ": ")),
        "tlp" => format!("TLP is {value}"),
        "label" => format!("label is {value}"),
        "source" => format!("source is {}", found.name(value)),
        "confidence_from" => format!("confidence at least {value}"),
        "confidence_to" => format!("confidence at most {value}"),
        "from" => format!("added from {value}"),
        "to" => format!("added until {value}"),
        "state" => STATES.iter().find(|(state, _)| *state == value).map_or(value, |(_, words)| words).to_owned(),
        other => format!("{other} is {value}"),
    }
}
