//! What an object has to do with others: relationships, sightings, and whatever refers to something.
//!
//! Objects are nodes, relationships are edges, and so is every reference. Markings are not drawn: they are the level. A source is drawn
//! for what it made, but not the other way: all that a source made is a listing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;
use uuid::Uuid;

use super::block::{Block, Line};
use super::entry::{Key, RELATIONSHIP};
use super::held::{Answer, Coverage, Held, Pick};
use super::links::Wanted;
use super::listing::Row;
use super::rows::Rows;
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::store::{Record, StoreError};

/// The most nodes of a drawing.
pub const MOST_NODES: usize = 1_000;
/// The most edges for each node that there may be.
const EDGES_PER_NODE: usize = 8;
/// The reference to the source of an object.
const CREATED_BY: &str = "created_by_ref";

/// Objects and what they have to do with each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// First what was asked for, then by distance, then by type and UUID.
    pub nodes: Vec<Node>,
    /// In the order of their ends.
    pub edges: Vec<Edge>,
    /// Whether there is more than was to be drawn.
    pub more: bool,
    /// What is missing.
    pub coverage: Coverage,
}

/// An object, or what is referred to and not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How many edges it is away from what was asked for.
    pub distance: usize,
    /// What is known of it; `None` if it is in none of the collections that the caller may read.
    pub object: Option<Known>,
}

/// What a node shows of its object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The first of the collections that has it.
    pub collection: Uuid,
    /// Its `name`, else its `value`.
    pub name: Option<String>,
    /// Its TLP level.
    pub level: Level,
    /// Whether it is revoked.
    pub revoked: bool,
}

/// From one object to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The id of the node that it comes from.
    pub source: String,
    /// The id of the node that it goes to.
    pub target: String,
    /// A `relationship_type`, or the property that refers.
    pub name: String,
    /// The id of the relationship, if it is one.
    pub relationship: Option<String>,
    /// Whether what says so is revoked.
    pub revoked: bool,
}

/// An object by its identifier, however that is spelled.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Name {
    type_name: Box<str>,
    uuid: Uuid,
}

/// An edge in the making.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Tie {
    source: Name,
    target: Name,
    name: Box<str>,
    relationship: Option<String>,
}

/// The object that says that there is an edge.
#[derive(Debug, Clone)]
struct Evidence {
    pick: Pick,
    revoked: bool,
}

/// A graph by its rows alone.
#[derive(Debug, Default)]
struct Drawing {
    /// With their distances.
    nodes: Vec<(Name, usize)>,
    /// The row of each node, if there is one.
    rows: Vec<Option<Pick>>,
    edges: Vec<(Tie, Evidence)>,
    more: bool,
}

impl Feed {
    /// What some objects have to do with others, in the collections that the caller may read, up to `depth` edges away and up to `most` nodes,
    /// at most [`MOST_NODES`]. A relationship that is asked for stands for its two ends.
    pub async fn neighbours(&self, readings: &[Reading], ids: &[StixId], depth: usize, most: usize) -> Result<Graph, StoreError> {
        let ids: Vec<Key> = ids.iter().filter_map(|id| Key::of(id.as_str())).collect();
        let most = most.clamp(1, MOST_NODES);
        self.ask(readings, move |rows| draw(rows, &ids, depth, most)).await
    }
}

fn draw(rows: &[(&Rows, Level)], ids: &[Key], depth: usize, most: usize) -> Drawing {
    let mut drawing = Drawing::default();
    let mut ties: BTreeMap<Tie, Evidence> = BTreeMap::new();
    let mut seen: HashSet<Name> = HashSet::new();
    let mut next = beginning(rows, ids);
    for distance in 0.. {
        let room = most.saturating_sub(drawing.nodes.len());
        next.retain(|name| !seen.contains(name));
        drawing.more |= next.len() > room;
        next.truncate(room);
        seen.extend(next.iter().cloned());
        drawing.nodes.extend(next.iter().map(|name| (name.clone(), distance)));
        if distance >= depth || next.is_empty() {
            break;
        }
        let mut found = BTreeSet::new();
        for (tie, evidence) in ties_of(rows, &next) {
            found.extend([&tie.source, &tie.target].into_iter().filter(|name| !seen.contains(name)).cloned());
            ties.entry(tie).or_insert(evidence);
        }
        next = found.into_iter().collect();
    }
    let mut edges: Vec<_> = ties.into_iter().filter(|(tie, _)| seen.contains(&tie.source) && seen.contains(&tie.target)).collect();
    drawing.more |= edges.len() > most * EDGES_PER_NODE;
    edges.truncate(most * EDGES_PER_NODE);
    drawing.edges = edges;
    drawing.rows = drawing.nodes.iter().map(|(name, _)| rows_of(rows, name).next().map(|(shelf, line)| pick(shelf, line))).collect();
    drawing
}

/// The nodes that stand for what was asked for, each once.
fn beginning(rows: &[(&Rows, Level)], ids: &[Key]) -> Vec<Name> {
    let mut names = Vec::new();
    for id in ids {
        let name = Name { type_name: id.type_name.clone(), uuid: id.uuid };
        if &*id.type_name == RELATIONSHIP {
            let relationship = rows_of(rows, &name).find_map(|(shelf, line)| relationship(shelf, line));
            names.extend(relationship.into_iter().flat_map(|(tie, _)| [tie.source, tie.target]));
        } else {
            names.push(name);
        }
    }
    let mut once = HashSet::new();
    names.retain(|name| once.insert(name.clone()));
    names
}

/// The rows of an object that may be seen.
fn rows_of<'r>(rows: &'r [(&'r Rows, Level)], name: &'r Name) -> impl Iterator<Item = (usize, Line<'r>)> {
    let line = |(shelf, (rows, level)): (usize, &'r (&'r Rows, Level))| {
        let line = rows.named(&name.type_name, name.uuid).filter(|line| line.level() <= *level)?;
        Some((shelf, line))
    };
    rows.iter().enumerate().filter_map(line)
}

/// All edges from some objects and to them.
fn ties_of(rows: &[(&Rows, Level)], names: &[Name]) -> Vec<(Tie, Evidence)> {
    let mut ties = Vec::new();
    for name in names {
        for (shelf, line) in rows_of(rows, name) {
            let references = line.references().map(|(sort, uuid)| (Name { type_name: sort.type_name.clone(), uuid }, &*sort.kind));
            let source = Key::of(line.source()).map(|key| (Name { type_name: key.type_name, uuid: key.uuid }, CREATED_BY));
            ties.extend(references.chain(source).filter_map(|(target, property)| reference(shelf, line, name.clone(), target, property)));
        }
    }
    let (wanted, names) = (Wanted::new(names.iter().map(|name| name.uuid)), names.iter().collect::<HashSet<_>>());
    let blocks: Vec<_> =
        rows.iter().enumerate().flat_map(|(shelf, (rows, level))| rows.blocks().map(move |(_, block)| (shelf, *level, block))).collect();
    let of_block = |(shelf, level, block): (usize, Level, &Block)| {
        let links = block.links_to(|uuid| wanted.has(uuid)).filter(|(line, ..)| line.level() <= level);
        let tie = |(line, sort, uuid): (Line<'_>, &super::entry::Sort, Uuid)| {
            let target = Name { type_name: sort.type_name.clone(), uuid };
            match line.type_name() {
                _ if !names.contains(&target) => None,
                RELATIONSHIP => relationship(shelf, line).filter(|(tie, _)| names.contains(&tie.source) || names.contains(&tie.target)),
                type_name => reference(shelf, line, Name { type_name: type_name.into(), uuid: line.uuid() }, target, &sort.kind),
            }
        };
        links.filter_map(tie).collect::<Vec<_>>()
    };
    ties.extend(blocks.into_par_iter().map(of_block).collect::<Vec<_>>().into_iter().flatten());
    ties
}

/// The edge that a reference is. A relationship is no node, so no edge leads to it.
fn reference(shelf: usize, line: Line<'_>, source: Name, target: Name, property: &str) -> Option<(Tie, Evidence)> {
    let is_edge = &*target.type_name != RELATIONSHIP && &*source.type_name != RELATIONSHIP;
    is_edge.then(|| (Tie { source, target, name: property.into(), relationship: None }, evidence(shelf, line)))
}

/// The edge that a relationship is.
fn relationship(shelf: usize, line: Line<'_>) -> Option<(Tie, Evidence)> {
    let end = |property: &str| {
        let (sort, uuid) = line.references().find(|(sort, _)| &*sort.kind == property)?;
        Some(Name { type_name: sort.type_name.clone(), uuid }).filter(|name| &*name.type_name != RELATIONSHIP)
    };
    let (source, target) = (end("source_ref")?, end("target_ref")?);
    let name = line.sort().map(|sort| sort.kind.clone()).unwrap_or_default();
    Some((Tie { source, target, name, relationship: Some(line.key().text()) }, evidence(shelf, line)))
}

fn evidence(shelf: usize, line: Line<'_>) -> Evidence {
    Evidence { pick: pick(shelf, line), revoked: line.is_revoked() }
}

fn pick(shelf: usize, line: Line<'_>) -> Pick {
    Pick { shelf, id: line.key().text(), added: line.added() }
}

impl Answer for Drawing {
    type Shown = Graph;

    fn picks(&self) -> Vec<Pick> {
        let mut once = HashSet::new();
        let all = self.rows.iter().flatten().chain(self.edges.iter().map(|(_, evidence)| &evidence.pick));
        all.filter(|pick| once.insert((pick.shelf, &pick.id))).cloned().collect()
    }

    fn shown(self, records: Vec<Option<Record>>, held: &[Held], coverage: Coverage) -> Graph {
        let records: HashMap<(usize, String), Record> =
            self.picks().into_iter().zip(records).filter_map(|(pick, record)| Some(((pick.shelf, pick.id), record?))).collect();
        let mut spellings: HashMap<Name, String> = HashMap::new();
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for ((name, distance), row) in self.nodes.into_iter().zip(self.rows) {
            let id = row.as_ref().map_or_else(|| name.text(), |row| row.id.clone());
            let shown = row.and_then(|row| Row::of(held.get(row.shelf)?.shelf.collection, records.get(&(row.shelf, row.id))?.clone()));
            let object = shown.map(Known::from);
            nodes.push(Node { id: id.clone(), type_name: name.type_name.to_string(), distance, object });
            spellings.insert(name, id);
        }
        let edge = |(tie, evidence): (Tie, Evidence)| {
            records.get(&(evidence.pick.shelf, evidence.pick.id))?;
            let (source, target) = (spellings.get(&tie.source)?.clone(), spellings.get(&tie.target)?.clone());
            Some(Edge { source, target, name: tie.name.into(), relationship: tie.relationship, revoked: evidence.revoked })
        };
        Graph { edges: self.edges.into_iter().filter_map(edge).collect(), nodes, more: self.more, coverage }
    }
}

impl From<Row> for Known {
    fn from(row: Row) -> Self {
        Self { collection: row.collection, name: row.name, level: row.level, revoked: row.revoked }
    }
}

impl Name {
    /// The identifier in its usual spelling.
    fn text(&self) -> String {
        format!("{}--{}", self.type_name, self.uuid)
    }
}
