//! One object: what it says, its versions, what it is related to, where it was seen and where it came from.

use std::collections::{BTreeSet, HashMap};

use axum::response::Response;
use serde_json::Value;

use super::act;
use super::browse::{instant, state};
use super::edit;
use super::export;
use super::facts;
use super::place;
use super::scope::{Found, Scope, called};
use crate::console::diff;
use crate::console::draw::graph::{self, Edge, Graph, Vertex};
use crate::console::pages::browse::Acts;
use crate::console::pages::object::{Fact, Object, Pull, Relation, Shown, Sighting, Version};
use crate::console::parts::confidence::Confidence;
use crate::console::parts::frame::Place;
use crate::console::parts::kind::Kind;
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::{self, Href};
use crate::console::visit::{Answer, OrPage, Visit};
use crate::door::caller::Segments;
use crate::feed::access::{self, Reading, Seen};
use crate::feed::catalog::graph as neighbours;
use crate::feed::catalog::graph::Graph as Neighbours;
use crate::feed::catalog::listing::Row;
use crate::feed::desk::revise::Held;
use crate::feed::desk::show;
use crate::feed::desk::sight::FALSE_POSITIVE;
use crate::feed::object::Properties;
use crate::stix::id::StixId;
use crate::stix::time::Instant;
use crate::store::audit::Entry;
use crate::store::{Record, Versions};
use crate::taxii::stamp::Stamp;

/// The reference by which a sighting says what was seen.
const SIGHTING_OF: &str = "sighting_of_ref";
/// A write of more versions than these is not looked through for what the visitor may not see: its note is not shown.
const MOST_LOOKED_THROUGH: usize = 100;

/// An object that a path names.
pub struct Target {
    /// Its collection.
    pub seen: Seen,
    /// Leave to read it.
    pub reading: Reading,
    /// Its id.
    pub id: StixId,
    /// Its page.
    pub href: Href,
    root: String,
    name: String,
}

impl Target {
    /// What the path names, as far as the visitor may see the collection.
    pub fn of(visit: &Visit, path: &Segments) -> Result<Self, Response> {
        let (root, name, id) = (path.get("root"), path.get("collection"), path.get("object"));
        let seen = visit.collection(root, name)?;
        let reading = seen.to_browse().or_page(visit)?;
        let id = StixId::parse(id).map_err(|_| visit.missing())?;
        let href = paths::object(root, name, id.as_str());
        Ok(Self { seen, reading, id, href, root: root.to_owned(), name: name.to_owned() })
    }

    /// What is below its page.
    pub fn below(&self, step: &str) -> Href {
        Href::within(&["objects", &self.root, &self.name, self.id.as_str(), step])
    }

    /// The newest version that the visitor may see.
    pub async fn newest(&self, visit: &Visit) -> Result<Record, Response> {
        let records = visit.app.feed.records(&self.reading, vec![self.id.clone()], Versions::LAST).await.or_page(visit)?;
        records.into_iter().next().ok_or_else(|| visit.missing())
    }
}

/// `GET /console/objects/{root}/{collection}/{object}/`
pub async fn show(visit: Visit, path: Segments) -> Answer {
    let target = Target::of(&visit, &path)?;
    Ok(visit.page(&page(&visit, &target).await?))
}

/// `GET /console/objects/{root}/{collection}/{object}/raw/`: the bytes that came.
pub async fn raw(visit: Visit, path: Segments) -> Answer {
    let target = Target::of(&visit, &path)?;
    let record = target.newest(&visit).await?;
    Ok(export::file("application/json", &format!("{}.json", target.id), record.object))
}

/// The page of an object.
pub async fn page(visit: &Visit, target: &Target) -> Result<Object, Response> {
    let (feed, now) = (&visit.app.feed, visit.app.feed.clock().now());
    let Target { seen, reading, id, .. } = target;
    let shown = feed.show(reading, id).await.or_page(visit)?;
    let newest = shown.versions.first().map(|(record, _)| record);
    let held = newest.and_then(Held::read).ok_or_else(|| visit.missing())?;
    // The level of the whole is that of its most restricted part.
    let level = newest.and_then(|record| Row::of(reading.collection, record.clone())).map_or(held.level, |row| row.level);
    let properties = &held.properties;
    let scope = Scope::around(visit, reading.clone())?;
    let around = feed.neighbours(&scope.readings, std::slice::from_ref(id), 1, graph::MOST).await.or_page(visit)?;
    let found = look_up(visit, &scope, &around, properties).await?;
    let sightings = sightings(visit, &scope, &found, &around, id, now).await?;
    let title = called(properties);
    let mut frame = visit.frame(&title, Some(Place::Browse));
    frame.flashes.extend(scope.told(&around.coverage));
    let works = seen.to_work().is_ok();
    Ok(Object {
        frame,
        address: scope.address(reading.collection, id.as_str()),
        object: Reference { kind: Kind::of(id.type_name()), name: title.into(), href: None },
        id: id.as_str().into(),
        collection: seen.collection.title.as_str().into(),
        collection_href: paths::collection(&target.root, &target.name),
        tlp: Tlp(level),
        confidence: Confidence(properties.get("confidence").and_then(Value::as_u64).and_then(|number| u8::try_from(number).ok())),
        state: state(properties, now),
        description: text(properties, "description").map(Into::into),
        labels: properties.get("labels").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect(),
        facts: facts::facts(&scope, &found, properties, now),
        json: serde_json::to_string_pretty(properties).unwrap_or_default().into(),
        raw: target.below("raw"),
        origin: origin(shown.versions.last(), shown.older, properties, now),
        edit: works.then(|| edit::form(target, &held)).flatten(),
        versions: versions(visit, reading, &shown, works, now).await?,
        relations: relations(&scope, &found, &around, id),
        graph: (!around.edges.is_empty()).then(|| draw(&scope, &found, &around)),
        sightings,
        pulls: pulls(visit, &shown, now),
        acts: Acts { single: true, ..act::acts(works, Vec::new(), String::new(), None) },
    })
}

/// A text of an object, if there is anything in it.
pub fn text<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    properties.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// What objects have to do with each other, drawn.
pub fn draw(scope: &Scope, found: &Found, around: &Neighbours) -> Graph {
    let vertex = |node: &neighbours::Node| Vertex { id: node.id.clone(), object: found.reference(scope, &node.id), central: node.distance == 0 };
    let edge = |edge: &neighbours::Edge| Edge {
        from: edge.source.clone(),
        to: edge.target.clone(),
        label: if edge.revoked { format!("{} (revoked)", edge.name).into() } else { edge.name.as_str().into() },
    };
    let vertices: Vec<Vertex> = around.nodes.iter().map(vertex).collect();
    Graph::new(&vertices, &around.edges.iter().map(edge).collect::<Vec<_>>())
}

/// Everything that the page mentions.
async fn look_up(visit: &Visit, scope: &Scope, around: &Neighbours, properties: &Properties) -> Result<Found, Response> {
    let nodes = around.nodes.iter().map(|node| node.id.as_str());
    let relationships = around.edges.iter().filter_map(|edge| edge.relationship.as_deref());
    let ids: Vec<&str> = nodes.chain(relationships).chain(facts::mentioned(properties)).collect();
    scope.find(&visit.app.feed, &ids).await.or_page(visit)
}

fn relations(scope: &Scope, found: &Found, around: &Neighbours, id: &StixId) -> Vec<Relation> {
    let centre: BTreeSet<&str> = around.nodes.iter().filter(|node| node.distance == 0).map(|node| node.id.as_str()).collect();
    let relation = |edge: &neighbours::Edge| {
        let outward = centre.contains(edge.source.as_str());
        // Of a relationship only what it says itself; sightings have a list of their own.
        let ours = if id.type_name() == "relationship" { edge.relationship.as_deref() == Some(id.as_str()) } else { edge.name != SIGHTING_OF };
        let other = if outward { &edge.target } else { &edge.source };
        let href = edge.relationship.as_deref().and_then(|id| found.reference(scope, id).href);
        let verb = edge.name.trim_end_matches("_refs").trim_end_matches("_ref").replace('_', " ");
        let verb: Said = if edge.revoked { format!("{verb} (revoked)").into() } else { verb.into() };
        (ours && (outward || centre.contains(edge.target.as_str()))).then(|| Relation { outward, verb, other: found.reference(scope, other), href })
    };
    around.edges.iter().filter_map(relation).collect()
}

async fn sightings(visit: &Visit, scope: &Scope, found: &Found, around: &Neighbours, id: &StixId, now: Stamp) -> Result<Vec<Sighting>, Response> {
    let of_this = around.edges.iter().filter(|edge| edge.name == SIGHTING_OF && edge.target == id.as_str());
    let told: Vec<&Properties> = of_this.filter_map(|edge| found.get(&edge.source)).map(|(_, held)| &held.properties).collect();
    let observers: Vec<&str> = told.iter().flat_map(|sighting| facts::mentioned(sighting)).collect();
    let observers = scope.find(&visit.app.feed, &observers).await.or_page(visit)?;
    let mut sightings: Vec<Sighting> = told.into_iter().map(|properties| sighting(properties, &observers, now)).collect();
    sightings.sort_by(|a, b| b.last.as_ref().map(|last| &last.exact).cmp(&a.last.as_ref().map(|last| &last.exact)));
    Ok(sightings)
}

fn sighting(properties: &Properties, observers: &Found, now: Stamp) -> Sighting {
    let last = ["last_seen", "first_seen", "created"].iter().find_map(|name| instant(properties, name));
    let count = properties.get("count").and_then(Value::as_u64);
    let labels = properties.get("labels").and_then(Value::as_array);
    let wrong = labels.is_some_and(|labels| labels.iter().any(|label| label == FALSE_POSITIVE));
    let first = |name: &str| properties.get(name).and_then(Value::as_array).and_then(|list| list.first());
    let place = first("where_sighted_refs").and_then(Value::as_str).map(|id| observers.name(id));
    let source = first("external_references").and_then(|source| source.get("source_name")?.as_str()).map(str::to_owned);
    let author = text(properties, "created_by_ref").map(|id| observers.name(id));
    Sighting {
        last: last.map(|last| Moment::new(last, now.0)),
        count: count.unwrap_or(1),
        by: place.or(source).or(author).map(Into::into),
        comment: text(properties, "description").map(Into::into),
        negative: wrong || count == Some(0),
    }
}

/// The versions, the newest first, each with what became different in it. Of more than are shown the last shown one is only compared with.
async fn versions(visit: &Visit, reading: &Reading, shown: &show::Shown, works: bool, now: Stamp) -> Result<Vec<Version>, Response> {
    let read: Vec<Properties> = shown.versions.iter().map(|(record, _)| serde_json::from_slice(&record.object).unwrap_or_default()).collect();
    let mut notes: HashMap<Stamp, Option<String>> = HashMap::new();
    let mut versions = Vec::with_capacity(read.len());
    for (at, ((record, entry), properties)) in shown.versions.iter().zip(&read).enumerate() {
        let before = read.get(at + 1);
        if before.is_none() && shown.older > 0 {
            break;
        }
        let modified = Instant::parse(&record.version).map_or(record.added.0, |instant| instant.micros());
        let revoked = properties.get("revoked") == Some(&Value::Bool(true));
        let comment = match entry {
            Some(entry) if notes.contains_key(&entry.act.at) => notes.get(&entry.act.at).cloned().flatten(),
            Some(entry) => {
                let note = note(visit, reading, entry).await?;
                notes.insert(entry.act.at, note.clone());
                note
            }
            None => None,
        };
        versions.push(Version {
            modified: Moment::new(modified, now.0),
            added: Moment::new(record.added.0, now.0),
            by: entry.as_ref().map(|entry| entry.act.who.as_str().into()),
            comment: comment.map(Into::into),
            revoked,
            changes: before.map(|before| diff::between(before, properties)),
            restore: (works && at > 0 && !revoked && properties.contains_key("modified")).then(|| record.version.clone()),
        });
    }
    Ok(versions)
}

/// Why somebody wrote a version. It may tell of everything that was written with it: who may not see all of that is not told.
async fn note(visit: &Visit, reading: &Reading, entry: &Entry) -> Result<Option<String>, Response> {
    let (Some(note), Some(stored)) = (&entry.act.note, entry.stored) else { return Ok(None) };
    let whose = access::own_acts(visit.principal()).or_page(visit)?;
    if whose.is_none_or(|own| own == entry.act.who) {
        return Ok(Some(note.clone()));
    }
    if stored.count > MOST_LOOKED_THROUGH {
        return Ok(None);
    }
    let written = visit.app.feed.written_by(reading, stored, stored.count).await.or_page(visit)?;
    Ok((written.len() == stored.count).then(|| note.clone()))
}

/// Where the object came from: the write of its first version, and the sources that it names.
fn origin(first: Option<&(Record, Option<Entry>)>, older: usize, properties: &Properties, now: Stamp) -> Vec<Fact> {
    let fact = |name: &str, value: Shown| Fact { name: name.into(), values: vec![value] };
    let mut origin = Vec::new();
    if let Some((record, entry)) = first.filter(|_| older == 0) {
        origin.push(fact("first added", Shown::Time(Moment::new(record.added.0, now.0))));
        if let Some(Entry { act, .. }) = entry {
            origin.push(fact("sent by", Shown::Text(act.who.as_str().into())));
            origin.push(fact("by way of", Shown::Text(place::door(act.through).into())));
            origin.extend(act.import.map(|import| fact("import", Shown::Code(import.to_string().into()))));
        }
    }
    origin.extend(facts::sources(properties));
    origin
}

/// Who was handed the newest version. Who reads what is for administrators to see; others see themselves.
fn pulls(visit: &Visit, shown: &show::Shown, now: Stamp) -> Vec<Pull> {
    let whose = access::own_acts(visit.principal()).unwrap_or_else(|_| Some(String::new()));
    let reached = shown.reached.iter().filter(|standing| whose.as_ref().is_none_or(|own| *own == standing.user));
    reached.map(|standing| Pull { user: Some(standing.user.as_str().into()), at: Moment::new(standing.polled.0, now.0), current: true }).collect()
}
