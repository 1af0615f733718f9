//! Campaigns: the list, and each with its time, its techniques and everything that hangs on it.

use axum::response::Response;
use futures_util::future::try_join_all;
use serde_json::Value;

use super::browse::instant;
use super::facts;
use super::object::{Target, draw, text};
use super::scope::{Found, Scope, called};
use crate::console::draw::matrix::{Matrix, Technique};
use crate::console::draw::timeline::{Dated, Timeline};
use crate::console::pages::campaign::{Campaign, Campaigns, Row};
use crate::console::parts::frame::{Flash, Place, Tone};
use crate::console::parts::kind::{Family, Kind};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::tlp::Tlp;
use crate::console::paths;
use crate::console::visit::{Answer, OrPage, Visit};
use crate::door::caller::Segments;
use crate::feed::catalog::browse::Browse;
use crate::feed::catalog::graph::{Edge, Graph, MOST_NODES, Node};
use crate::feed::catalog::listing;
use crate::feed::object::Properties;
use crate::stix::id::StixId;
use crate::taxii::stamp::Stamp;

/// The type of campaigns.
const CAMPAIGN: &str = "campaign";
/// Campaigns in the list; what hangs on each is counted.
const MOST: usize = 50;
/// How many edges away from the campaign its drawings reach.
const DEPTH: usize = 2;
/// The name of ATT&CK in kill chains and references; it begins the names of its other matrices, too.
const ATTACK: &str = "mitre-attack";
/// The lanes of the timeline from top to bottom.
const LANES: [(&str, &[Family]); 5] = [
    ("Campaigns", &[Family::Who]),
    ("Weaknesses", &[Family::Weak]),
    ("Malware, tools", &[Family::How]),
    ("Indicators", &[Family::Sign, Family::Fact]),
    ("Reports", &[Family::Paper, Family::Other]),
];
/// Types whose `created` says nothing about when something happened.
const TIMELESS: [&str; 8] =
    ["identity", "location", "attack-pattern", "course-of-action", "tool", "marking-definition", "extension-definition", "language-content"];

/// `GET /console/campaigns/`
pub async fn list(visit: Visit) -> Answer {
    let feed = &visit.app.feed;
    let scope = Scope::of(&visit, None)?;
    let wanted = Browse { types: vec![CAMPAIGN.into()], limit: MOST, ..Browse::default() };
    let listing = feed.browse(&scope.readings, &wanted).await.or_page(&visit)?;
    let mut frame = visit.frame("Campaigns", Some(Place::Campaigns));
    frame.flashes.extend(scope.told(&listing.coverage));
    if listing.total > listing.rows.len() {
        let text = format!("These are the {} that were added last; all {} are in the list of objects.", listing.rows.len(), listing.total);
        frame.flashes.push(Flash { tone: Tone::Warning, text: text.into() });
    }
    let now = feed.clock().now();
    let rows = try_join_all(listing.rows.iter().map(|listed| row(&visit, &scope, listed, now))).await?;
    Ok(visit.page(&Campaigns { frame, rows }))
}

/// `GET /console/campaigns/{root}/{collection}/{campaign}/`
pub async fn show(visit: Visit, path: Segments) -> Answer {
    let target = Target::of(&visit, &path)?;
    if target.id.type_name() != CAMPAIGN {
        return Err(visit.missing());
    }
    let record = target.newest(&visit).await?;
    let feed = &visit.app.feed;
    let now = feed.clock().now();
    let listed = listing::Row::of(target.reading.collection, record).ok_or_else(|| visit.missing())?;
    let properties: Properties = serde_json::from_slice(&listed.object).unwrap_or_default();
    let scope = Scope::around(&visit, target.reading.clone())?;
    let around = feed.neighbours(&scope.readings, std::slice::from_ref(&target.id), DEPTH, MOST_NODES).await.or_page(&visit)?;
    let nodes = around.nodes.iter().map(|node| node.id.as_str());
    let ids: Vec<&str> = nodes.chain(facts::mentioned(&properties)).collect();
    let found = scope.find(feed, &ids).await.or_page(&visit)?;
    let title = called(&properties);
    let mut frame = visit.frame(&title, Some(Place::Campaigns));
    frame.flashes.extend(scope.told(&around.coverage));
    if around.more {
        let text = format!("More hangs on this campaign than is shown here: the {} nearest objects are.", around.nodes.len());
        frame.flashes.push(Flash { tone: Tone::Warning, text: text.into() });
    }
    Ok(visit.page(&Campaign {
        frame,
        campaign: Reference { kind: Kind::of(CAMPAIGN), name: title.into(), href: Some(target.href.clone()) },
        tlp: Tlp(listed.level),
        description: text(&properties, "description").map(Into::into),
        facts: facts::facts(&scope, &found, &properties, now),
        timeline: Timeline::new(&dated(&scope, &found, &around)),
        matrix: Matrix::new(&techniques(&scope, &found, &around)),
        graph: draw(&scope, &found, &around),
        list: target.href.at("relations"),
    }))
}

async fn row(visit: &Visit, scope: &Scope, listed: &listing::Row, now: Stamp) -> Result<Row, Response> {
    let properties: Properties = serde_json::from_slice(&listed.object).unwrap_or_default();
    let id: Vec<StixId> = StixId::parse(&listed.id).into_iter().collect();
    let around = visit.app.feed.neighbours(&scope.readings, &id, 1, MOST_NODES).await.or_page(visit)?;
    let moment = |name: &str| instant(&properties, name).map(|at| Moment::new(at, now.0));
    let href = scope.place(listed.collection).map(|(root, name)| paths::campaign(root, &name, &listed.id));
    Ok(Row {
        campaign: Reference { kind: Kind::of(&listed.type_name), name: called(&properties).into(), href },
        collection: scope.title(listed.collection).into(),
        tlp: Tlp(listed.level),
        first: moment("first_seen"),
        last: moment("last_seen"),
        objects: u64::try_from(around.nodes.iter().filter(|node| node.distance > 0).count()).unwrap_or(0),
    })
}

/// What is around the campaign and has a date, lane by lane.
fn dated(scope: &Scope, found: &Found, around: &Graph) -> Vec<Dated> {
    let known = around.nodes.iter().filter_map(|node| Some((node, &found.get(&node.id)?.1.properties)));
    let mut all: Vec<(usize, Dated)> = known
        .filter_map(|(node, properties)| {
            let (place, lane) = lane(Kind::of(&node.type_name).family);
            let (at, until, what) = date(&node.type_name, properties)?;
            Some((place, Dated { at, until, what, object: found.reference(scope, &node.id), lane }))
        })
        .collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, dated)| dated).collect()
}

/// Which lane is that of a family, from the top, and its name.
fn lane(family: Family) -> (usize, &'static str) {
    let found = LANES.iter().enumerate().find(|(_, (_, families))| families.contains(&family));
    found.map_or((LANES.len(), "Others"), |(place, (name, _))| (place, name))
}

/// When something was, or began, and ended; and what that date is.
fn date(type_name: &str, properties: &Properties) -> Option<(u64, Option<u64>, &'static str)> {
    const DATES: [(&str, Option<&str>, &str); 5] = [
        ("first_seen", Some("last_seen"), "first seen"),
        ("first_observed", Some("last_observed"), "first observed"),
        ("published", None, "published"),
        ("valid_from", Some("valid_until"), "valid from"),
        ("start_time", Some("stop_time"), "begun"),
    ];
    let own = DATES.iter().find_map(|(from, to, what)| {
        let at = instant(properties, from)?;
        Some((at, to.and_then(|to| instant(properties, to)), *what))
    });
    let created = || instant(properties, "created").filter(|_| !TIMELESS.contains(&type_name)).map(|at| (at, None, "created"));
    own.or_else(created)
}

/// The techniques around the campaign.
fn techniques(scope: &Scope, found: &Found, around: &Graph) -> Vec<Technique> {
    let patterns = around.nodes.iter().filter(|node| node.type_name == "attack-pattern");
    let technique = |node: &Node| {
        let properties = &found.get(&node.id)?.1.properties;
        let ends_here = |edge: &&Edge| edge.relationship.is_some() && (edge.target == node.id || edge.source == node.id);
        Some(Technique {
            number: number(properties).unwrap_or_default().into(),
            name: called(properties).into(),
            tactics: tactics(properties),
            uses: around.edges.iter().filter(ends_here).count(),
            href: found.reference(scope, &node.id).href,
        })
    };
    patterns.filter_map(technique).collect()
}

/// The number of a technique.
fn number(properties: &Properties) -> Option<&str> {
    let of_attack = |reference: &&Value| reference.get("source_name").and_then(Value::as_str).is_some_and(|name| name.starts_with(ATTACK));
    values(properties, "external_references").find(of_attack)?.get("external_id")?.as_str()
}

/// The tactics that a technique serves.
fn tactics(properties: &Properties) -> Vec<String> {
    let member = |phase: &Value, name: &str| phase.get(name).and_then(Value::as_str).map(str::to_owned);
    let of_attack = |phase: &&Value| member(phase, "kill_chain_name").is_some_and(|name| name.starts_with(ATTACK));
    values(properties, "kill_chain_phases").filter(of_attack).filter_map(|phase| member(phase, "phase_name")).collect()
}

fn values<'a>(properties: &'a Properties, name: &str) -> impl Iterator<Item = &'a Value> {
    properties.get(name).and_then(Value::as_array).into_iter().flatten()
}
