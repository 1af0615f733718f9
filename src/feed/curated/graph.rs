//! From the files of a feed to its objects, and from the objects to what each collection holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};
use uuid::Uuid;

use super::entries::Entry;
use super::indicator::{day, description, labels, name, types, validity};
use super::manifest::{Contents, Manifest, Source, Sources};
use super::pattern::detect;
use super::tables::{Indicator, Milestone, Reference, Row};
use super::{CuratedCollection, CuratedError, CuratedObject};
use crate::feed::object::{Properties, references, to_bytes};
use crate::stix::id::StixId;
use crate::stix::kind::{Class, class_of};
use crate::stix::marking::{Level, TLP, TLP_2_EXTENSION, Tlp};
use crate::stix::sco_id::sco_id;

/// What a feed is made from, besides its head.
pub(super) struct Parts<'a> {
    pub(super) folder: &'a str,
    pub(super) sources: &'a Sources,
    pub(super) indicators: &'a [Row<Indicator>],
    pub(super) attack: &'a [Row<Reference>],
    pub(super) timeline: &'a [Row<Milestone>],
    pub(super) entries: Vec<Entry>,
}

/// All objects of a feed.
pub(super) struct Graph {
    /// The identity that has created them.
    pub(super) publisher: StixId,
    /// By id, so that the order of rows and tables is of no account.
    objects: BTreeMap<String, Made>,
}

/// Which collections an object is wanted in for its own sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// None: it comes along where it is referred to.
    Support,
    /// A simple indicator and what it is based on.
    Simple,
    /// The picture around the indicators.
    Story,
    /// A hunting pattern, what it is based on and what it indicates.
    Hunting,
}

struct Made {
    properties: Properties,
    part: Part,
    entry: String,
}

/// Where an entry stands, for messages.
struct Place {
    file: String,
    line: usize,
}

impl Place {
    fn wrong(&self, what: impl Into<String>) -> CuratedError {
        CuratedError::new(&self.file, self.line, what)
    }
}

/// The two ends of a relationship and what it says.
struct Link<'a> {
    source: &'a StixId,
    kind: &'a str,
    target: &'a StixId,
    /// Empty, or what tells its identity from that of an earlier one.
    generation: &'a str,
}

impl<'a> Link<'a> {
    fn new(source: &'a StixId, kind: &'a str, target: &'a StixId) -> Self {
        Self { source, kind, target, generation: "" }
    }
}

/// What a key stands for.
struct Named {
    id: StixId,
    /// As a sentence says it.
    called: String,
}

/// Makes all objects of a feed.
pub(super) fn build(manifest: &Manifest, parts: &Parts<'_>) -> Result<Graph, CuratedError> {
    let keys = name_all(manifest, parts)?;
    let head = Place { file: format!("{}/feed.toml", parts.folder), line: 0 };
    let publisher =
        keys.get(&manifest.publisher).ok_or_else(|| head.wrong(format!("publisher: nothing has the key {:?}", manifest.publisher)))?.id.clone();
    let mut maker = Maker { manifest, parts, keys: &keys, graph: Graph { publisher, objects: BTreeMap::new() } };
    for entry in &parts.entries {
        if entry.type_name == "relationship" { maker.relationships(entry)? } else { maker.entry(entry)? }
    }
    for row in parts.attack {
        maker.attack(row)?;
    }
    for row in parts.indicators {
        maker.indicator(row)?;
    }
    maker.timeline()?;
    Ok(maker.graph)
}

/// Gives every key its identifier, before anything refers to it.
fn name_all(manifest: &Manifest, parts: &Parts<'_>) -> Result<HashMap<String, Named>, CuratedError> {
    let mut keys = HashMap::new();
    let mut name = |key: &str, id: StixId, called: &str, place: &Place| {
        let named = Named { id, called: called.to_owned() };
        keys.insert(key.to_owned(), named).map_or(Ok(()), |_| Err(place.wrong(format!("the key {key:?} is taken already"))))
    };
    for entry in &parts.entries {
        if entry.type_name != "relationship" {
            let key = entry.text("key")?;
            let called = entry.optional_text("name")?.unwrap_or(key);
            name(key, entry_id(manifest, entry, key)?, called, &Place { file: entry.file.clone(), line: entry.line })?;
        }
    }
    for row in parts.attack {
        let place = Place { file: format!("{}/attack.csv", parts.folder), line: row.line };
        let id = StixId::parse(&row.cells.id).map_err(|error| place.wrong(format!("id: {error}")))?;
        let called = if row.cells.called.is_empty() { &row.cells.name } else { &row.cells.called };
        name(&row.cells.key, id, called, &place)?;
    }
    for row in parts.indicators {
        let place = Place { file: format!("{}/iocs.csv", parts.folder), line: row.line };
        let key = row.cells.natural_key();
        name(&key.replacen('|', ":", 1), our_id(manifest, "indicator", &key), &row.cells.value, &place)?;
    }
    Ok(keys)
}

fn entry_id(manifest: &Manifest, entry: &Entry, key: &str) -> Result<StixId, CuratedError> {
    if let Some(id) = entry.optional_text("id")? {
        return StixId::parse(id).map_err(|error| entry.wrong_at("id", error));
    }
    if class_of(&entry.type_name) == Some(Class::Sco) {
        let properties = entry.properties().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        return sco_id(&entry.type_name, &properties).ok_or_else(|| entry.wrong("nothing here gives the observable an identifier"));
    }
    Ok(our_id(manifest, &entry.type_name, key))
}

fn our_id(manifest: &Manifest, type_name: &str, key: &str) -> StixId {
    StixId::new(type_name, Uuid::new_v5(&manifest.namespace, format!("{type_name}|{key}").as_bytes()))
}

struct Maker<'a> {
    manifest: &'a Manifest,
    parts: &'a Parts<'a>,
    keys: &'a HashMap<String, Named>,
    graph: Graph,
}

impl Maker<'_> {
    /// An object that is written by hand.
    fn entry(&mut self, entry: &Entry) -> Result<(), CuratedError> {
        let place = Place { file: entry.file.clone(), line: entry.line };
        let id = self.named(entry.text("key")?, &place)?.id.clone();
        let mut properties = Properties::new();
        for (name, value) in entry.properties() {
            properties.insert(name.to_owned(), self.resolved(name, value).map_err(|what| entry.wrong_at(name, what))?);
        }
        self.add_object_refs(entry, &mut properties)?;
        self.add_sources(&entry.texts("sources")?, &mut properties, &place)?;
        let borrowed = entry.get("id").is_some();
        let created = entry.optional_text("created")?.unwrap_or(&self.manifest.created).to_owned();
        let class = class_of(&entry.type_name);
        if class != Some(Class::Sco) {
            if !borrowed {
                properties.insert("created_by_ref".into(), json!(self.graph.publisher.as_str()));
            }
            properties.insert("created".into(), json!(created));
        }
        if class != Some(Class::Meta) {
            if class != Some(Class::Sco) {
                properties.insert("modified".into(), json!(created));
            }
            let tlp = entry.optional_text("tlp")?.unwrap_or(&self.manifest.tlp).to_owned();
            properties.insert("object_marking_refs".into(), self.tlp(&tlp, &place)?.into());
        }
        let part = if matches!(class, Some(Class::Meta)) || borrowed || id == self.graph.publisher { Part::Support } else { Part::Story };
        self.put(&id, properties, part, &place)
    }

    /// One relationship for each target of an entry.
    fn relationships(&mut self, entry: &Entry) -> Result<(), CuratedError> {
        let place = Place { file: entry.file.clone(), line: entry.line };
        let kind = entry.text("type")?;
        let source = self.named(entry.text("source")?, &place)?.id.clone();
        let targets = entry.texts("target")?;
        if targets.is_empty() {
            return Err(entry.wrong("target is missing"));
        }
        for target in targets {
            let target = self.named(target, &place)?.id.clone();
            let mut more: Properties = entry.properties().map(|(name, value)| (name.to_owned(), value.clone())).collect();
            more.entry("confidence").or_insert(json!(self.manifest.confidence));
            self.add_sources(&entry.texts("sources")?, &mut more, &place)?;
            let generation = entry.get("generation").map_or(String::new(), |n| format!("|{n}"));
            self.relate(&Link { generation: &generation, ..Link::new(&source, kind, &target) }, more, Part::Story, &place)?;
        }
        Ok(())
    }

    /// A reference copy of an object of ATT&CK, and who uses it by ATT&CK's account.
    fn attack(&mut self, row: &Row<Reference>) -> Result<(), CuratedError> {
        let place = Place { file: format!("{}/attack.csv", self.parts.folder), line: row.line };
        let cells = &row.cells;
        let id = self.named(&cells.key, &place)?.id.clone();
        let page = attack_reference(&cells.attack_id).ok_or_else(|| place.wrong(format!("{:?} is no id of ATT&CK", cells.attack_id)))?;
        let attack = self.manifest.attack.as_ref().ok_or_else(|| place.wrong("feed.toml says nothing of how this is copied: [attack] is missing"))?;
        let created = &attack.created;
        let mut markings = self.tlp(&self.manifest.tlp, &place)?;
        markings.push(self.named(&attack.marking, &place)?.id.to_string());
        let pointer = format!(
            "Reference copy of ATT&CK {}: MITRE's own version has the full text; what this feed says about it stands in the notes and relationships that refer to it.",
            cells.attack_id
        );
        let mut properties = object([
            ("created_by_ref", json!(self.named(&attack.identity, &place)?.id.as_str())),
            ("created", json!(created)),
            ("modified", json!(created)),
            ("name", json!(cells.name)),
            ("description", json!(pointer)),
            ("external_references", json!([page])),
            ("object_marking_refs", markings.into()),
        ]);
        if !cells.aliases.is_empty() {
            properties.insert("aliases".into(), json!(cells.aliases));
        }
        if !cells.tactics.is_empty() {
            properties.insert("kill_chain_phases".into(), phases(&cells.tactics));
        }
        if id.type_name() == "malware" {
            properties.insert("is_family".into(), json!(true));
        }
        self.put(&id, properties, Part::Support, &place)?;
        for user in &cells.used_by {
            let user = self.named(user, &place)?.id.clone();
            let more = object([
                ("description", json!("By ATT&CK's account, which is not limited to this campaign.")),
                ("confidence", json!(attack.confidence)),
                ("external_references", json!([page])),
            ]);
            self.relate(&Link::new(&user, "uses", &id), more, Part::Story, &place)?;
        }
        Ok(())
    }

    /// An indicator, its observables, what it is based on and what it indicates.
    fn indicator(&mut self, row: &Row<Indicator>) -> Result<(), CuratedError> {
        let place = Place { file: format!("{}/iocs.csv", self.parts.folder), line: row.line };
        let cells = &row.cells;
        let simple = cells.kind.is_simple();
        let part = if simple { Part::Simple } else { Part::Hunting };
        let detection = detect(cells.kind, &cells.value).map_err(|what| place.wrong(what))?;
        let id = our_id(self.manifest, "indicator", &cells.natural_key());
        if cells.confidence > 100 {
            return Err(place.wrong("confidence: more than 100"));
        }
        let markings = self.tlp(&cells.tlp, &place)?;
        let about = cells.about.iter().map(|key| self.named(key, &place)).collect::<Result<Vec<_>, _>>()?;
        let targets: Vec<StixId> = about.iter().map(|named| named.id.clone()).collect();
        let (from, until) = validity(cells, self.manifest.validity.get(&cells.kind).copied()).map_err(|what| place.wrong(what))?;
        let technique = if cells.technique.is_empty() { None } else { Some(self.technique(cells, &place)?) };
        let sources = cells.sources.iter().map(|key| self.source(key, &place)).collect::<Result<Vec<_>, _>>()?;
        let cited: Vec<_> = sources.iter().map(|source| source.reference()).collect();
        let called: Vec<_> =
            about.iter().filter(|named| !matches!(named.id.type_name(), "campaign" | "infrastructure")).map(|named| named.called.as_str()).collect();
        let mut properties = object([
            ("created_by_ref", json!(self.graph.publisher.as_str())),
            ("created", json!(self.manifest.created)),
            ("modified", json!(self.manifest.created)),
            ("name", json!(name(cells, &called))),
            ("description", json!(description(cells, &called, &sources))),
            ("indicator_types", json!(types(cells, &targets))),
            ("pattern", json!(detection.pattern)),
            ("pattern_type", json!("stix")),
            ("pattern_version", json!("2.1")),
            ("valid_from", json!(from)),
            ("labels", json!(labels(cells, &self.manifest.label))),
            ("confidence", json!(cells.confidence)),
            ("object_marking_refs", json!(markings)),
        ]);
        let references: Vec<_> = technique.and_then(|t| attack_reference(&t.attack_id)).into_iter().chain(cited.iter().cloned()).collect();
        let lists = [("kill_chain_phases", technique.map(|t| phases(&t.tactics))), ("external_references", Some(json!(references)))];
        properties.extend(not_empty(lists));
        if let Some(until) = until {
            properties.insert("valid_until".into(), json!(until));
        }
        self.put(&id, properties, part, &place)?;
        let base = detection.observables.last().and_then(|observable| StixId::parse(observable.get("id")?.as_str()?).ok());
        for mut observable in detection.observables {
            let sco = observable.get("id").and_then(Value::as_str).and_then(|id| StixId::parse(id).ok());
            let sco = sco.ok_or_else(|| place.wrong("the observable has no identifier"))?;
            observable.insert("object_marking_refs".into(), json!(markings));
            // Two indicators may share an observable, a folder for one.
            if !self.graph.objects.contains_key(sco.as_str()) {
                self.put(&sco, observable, Part::Support, &place)?;
            }
        }
        let linked = |description: &str| object([("description", json!(description)), ("confidence", json!(cells.confidence))]);
        if let Some(base) = base {
            self.relate(&Link::new(&id, "based-on", &base), linked("The observable that the pattern looks for."), part, &place)?;
        }
        let part = if simple { Part::Story } else { Part::Hunting };
        for target in &targets {
            let mut more = linked("By the account of the sources of the indicator.");
            more.extend(not_empty([("external_references", Some(json!(cited)))]));
            self.relate(&Link::new(&id, "indicates", target), more, part, &place)?;
        }
        Ok(())
    }

    /// The timeline as a note on the campaigns.
    fn timeline(&mut self) -> Result<(), CuratedError> {
        let place = Place { file: format!("{}/timeline.csv", self.parts.folder), line: 0 };
        for row in self.parts.timeline {
            day("date", &row.cells.date).map_err(|what| CuratedError::new(&place.file, row.line, what))?;
        }
        let mut events: Vec<_> = self.parts.timeline.iter().map(|row| &row.cells).collect();
        events.sort_by(|a, b| (&a.date, &a.event).cmp(&(&b.date, &b.event)));
        let campaigns: Vec<_> = self.graph.objects.keys().filter(|id| id.starts_with("campaign--")).cloned().collect();
        if events.is_empty() || campaigns.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = events.iter().map(|event| format!("{}: {}", event.date, event.event)).collect();
        let sources: BTreeSet<_> = events.iter().flat_map(|event| event.sources.iter().map(String::as_str)).collect();
        let markings = self.tlp(&self.manifest.tlp, &place)?;
        let mut properties = object([
            ("created_by_ref", json!(self.graph.publisher.as_str())),
            ("created", json!(self.manifest.created)),
            ("modified", json!(self.manifest.created)),
            ("abstract", json!("Timeline of the campaign")),
            ("content", json!(lines.join("\n"))),
            ("object_refs", json!(campaigns)),
            ("object_marking_refs", markings.into()),
        ]);
        self.add_sources(&sources.into_iter().collect::<Vec<_>>(), &mut properties, &place)?;
        self.put(&our_id(self.manifest, "note", "timeline"), properties, Part::Story, &place)
    }

    /// A relationship with what `more` says of it.
    fn relate(&mut self, link: &Link<'_>, more: Properties, part: Part, place: &Place) -> Result<(), CuratedError> {
        let Link { source, kind, target, generation } = link;
        let id = our_id(self.manifest, "relationship", &format!("{source}|{kind}|{target}{generation}"));
        let markings = self.tlp(&self.manifest.tlp, place)?;
        let mut properties = more;
        properties.extend(object([
            ("created_by_ref", json!(self.graph.publisher.as_str())),
            ("created", json!(self.manifest.created)),
            ("modified", json!(self.manifest.created)),
            ("relationship_type", json!(kind)),
            ("source_ref", json!(source.as_str())),
            ("target_ref", json!(target.as_str())),
            ("object_marking_refs", markings.into()),
        ]));
        self.put(&id, properties, part, place)
    }

    fn put(&mut self, id: &StixId, mut properties: Properties, part: Part, place: &Place) -> Result<(), CuratedError> {
        properties.extend(object([("type", json!(id.type_name())), ("spec_version", json!("2.1")), ("id", json!(id.as_str()))]));
        let made = Made { properties, part, entry: format!("{}:{}", place.file, place.line) };
        match self.graph.objects.insert(id.to_string(), made) {
            None => Ok(()),
            Some(other) => Err(place.wrong(format!("the same as {}", other.entry))),
        }
    }

    /// The identifiers of the marking objects of a TLP level, which come along with what they mark: that of TLP 2.0, and after it
    /// its twin of TLP 1 where the feed wants one. `amber+strict` has none: TLP 1 knows nothing that says the same.
    fn tlp(&mut self, name: &str, place: &Place) -> Result<Vec<String>, CuratedError> {
        let level = Level::named(name).ok_or_else(|| place.wrong(format!("tlp: no level {name:?}")))?;
        let versions: &[u8] = if self.manifest.tlp1_twin { &[2, 1] } else { &[2] };
        let markings = versions.iter().filter_map(|version| TLP.iter().find(|tlp| tlp.version == *version && tlp.level == level));
        let mut ids = Vec::new();
        for tlp in markings {
            let made = || Made { properties: tlp_marking(tlp), part: Part::Support, entry: "TLP".to_owned() };
            self.graph.objects.entry(tlp.id.to_owned()).or_insert_with(made);
            ids.push(tlp.id.to_owned());
        }
        Ok(ids)
    }

    fn named(&self, key: &str, place: &Place) -> Result<&Named, CuratedError> {
        self.keys.get(key).ok_or_else(|| place.wrong(format!("nothing has the key {key:?}")))
    }

    fn source(&self, key: &str, place: &Place) -> Result<&Source, CuratedError> {
        self.parts.sources.get(key).ok_or_else(|| place.wrong(format!("no source has the key {key:?}")))
    }

    /// A value with identifiers for keys where its name says that it refers.
    fn resolved(&self, name: &str, value: &Value) -> Result<Value, String> {
        let id_of = |value: &Value| {
            let key = value.as_str().ok_or("not a key")?;
            self.keys.get(key).map(|named| json!(named.id.as_str())).ok_or_else(|| format!("nothing has the key {key:?}"))
        };
        match value {
            Value::Array(keys) if name.ends_with("_refs") => keys.iter().map(id_of).collect::<Result<Vec<_>, _>>().map(Value::Array),
            key if name.ends_with("_ref") => id_of(key),
            plain => Ok(plain.clone()),
        }
    }

    /// `object_refs` from `objects` and `indicators_from`, in the order of ids.
    fn add_object_refs(&self, entry: &Entry, properties: &mut Properties) -> Result<(), CuratedError> {
        let place = Place { file: entry.file.clone(), line: entry.line };
        let mut refs = BTreeSet::new();
        for key in entry.texts("objects")? {
            refs.insert(self.keys.get(key).ok_or_else(|| entry.wrong_at("objects", format!("nothing has the key {key:?}")))?.id.to_string());
        }
        for source in entry.texts("indicators_from")? {
            self.source(source, &place)?;
            let cited = self
                .parts
                .indicators
                .iter()
                .map(|row| &row.cells)
                .filter(|cells| cells.kind.is_simple() && cells.sources.iter().any(|s| s == source));
            refs.extend(cited.map(|cells| our_id(self.manifest, "indicator", &cells.natural_key()).to_string()));
        }
        if !refs.is_empty() {
            properties.insert("object_refs".into(), json!(refs));
        }
        Ok(())
    }

    /// The publications behind `keys`, after the external references that are there.
    fn add_sources(&self, keys: &[&str], properties: &mut Properties, place: &Place) -> Result<(), CuratedError> {
        if keys.is_empty() {
            return Ok(());
        }
        let references = keys.iter().map(|key| Ok(self.source(key, place)?.reference())).collect::<Result<Vec<_>, CuratedError>>()?;
        if let Some(list) = properties.entry("external_references").or_insert(json!([])).as_array_mut() {
            list.extend(references);
        }
        Ok(())
    }

    fn technique(&self, cells: &Indicator, place: &Place) -> Result<&Reference, CuratedError> {
        let row = self.parts.attack.iter().find(|row| row.cells.key == cells.technique);
        row.map(|row| &row.cells).ok_or_else(|| place.wrong(format!("technique: {:?} is not in attack.csv", cells.technique)))
    }
}

impl Graph {
    /// What a collection of these contents holds: what it refers to is in it and stands before it.
    pub(super) fn select(&self, contents: Contents) -> Vec<CuratedObject> {
        let wanted = |part: Part| match contents {
            Contents::Indicators => part == Part::Simple,
            Contents::Graph => matches!(part, Part::Simple | Part::Story),
            Contents::Hunting => part == Part::Hunting,
            Contents::Submissions => false,
        };
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        for (id, made) in &self.objects {
            if wanted(made.part) {
                self.visit(id, &mut seen, &mut order);
            }
        }
        order
    }

    /// Entries of which nothing is in `collections`, as `file:line`, each once. Who publishes and how it is marked go with the rest.
    pub(super) fn left_out(&self, collections: &[CuratedCollection]) -> Vec<String> {
        let held: BTreeSet<&str> = collections.iter().flat_map(|c| &c.objects).map(|object| object.entry.as_str()).collect();
        let said = self.objects.iter().filter(|(id, _)| *id != self.publisher.as_str() && Tlp::of_id(id).is_none());
        let entries: BTreeSet<&str> = said.map(|(_, made)| made.entry.as_str()).collect();
        entries.difference(&held).map(|entry| (*entry).to_owned()).collect()
    }

    /// Depth first: a report may refer to a note that refers to another report, so depth is a handful.
    fn visit<'g>(&'g self, id: &'g str, seen: &mut BTreeSet<&'g str>, order: &mut Vec<CuratedObject>) {
        let Some(made) = self.objects.get(id).filter(|_| seen.insert(id)) else { return };
        for reference in references(&made.properties) {
            self.visit(reference, seen, order);
        }
        if let Ok(id) = StixId::parse(id) {
            order.push(CuratedObject { id, bytes: to_bytes(&made.properties), entry: made.entry.clone() });
        }
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Properties {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The lists that have something in them: an empty one is not written (STIX 2.1 §2.9).
fn not_empty<const N: usize>(members: [(&str, Option<Value>); N]) -> Properties {
    let full = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.filter(full)?))).collect()
}

fn phases(tactics: &[String]) -> Value {
    tactics.iter().map(|tactic| json!({"kill_chain_name": "mitre-attack", "phase_name": tactic})).collect()
}

/// The page of an object of ATT&CK as an external reference; `None` if `id` is no id of ATT&CK.
fn attack_reference(id: &str) -> Option<Value> {
    let folder = match id.as_bytes().first()? {
        b'G' => "groups",
        b'S' => "software",
        b'T' => "techniques",
        _ => return None,
    };
    Some(json!({"source_name": "mitre-attack", "external_id": id, "url": format!("https://attack.mitre.org/{folder}/{}", id.replace('.', "/"))}))
}

/// A marking definition of TLP as it was published: an altered one is refused wherever it arrives (Q28).
fn tlp_marking(tlp: &Tlp) -> Properties {
    let mut marking = object([
        ("type", json!("marking-definition")),
        ("spec_version", json!("2.1")),
        ("id", json!(tlp.id)),
        ("created", json!(tlp.created)),
        ("name", json!(tlp.name)),
    ]);
    if tlp.version == 1 {
        marking.extend(object([("definition_type", json!("tlp")), ("definition", json!({"tlp": tlp.value}))]));
    } else {
        marking.insert("extensions".into(), json!({TLP_2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.value}}));
    }
    marking
}
