//! `taxiway find` and `taxiway show`

use clap::Args;
use form_urlencoded::Serializer;
use serde::Serialize;
use serde_json::{Map, Value};

use super::address::Address;
use super::exit::{Exit, Trouble};
use super::print;
use super::target::Target;
use crate::desk::find::{Object, Version};
use crate::feed::catalog::listing::{Listing, Row};
use crate::stix::marking::Level;
use crate::store::audit::{Act, Entry};

/// `taxiway find`
#[derive(Debug, Args)]
pub struct Find {
    /// Words that all stand in the name, a value, an alias, an external id or the pattern; or an id
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// In this collection only
    #[arg(long, value_name = "ROOT/ALIAS")]
    collection: Option<Address>,
    /// Objects of this type, like indicator; may come several times
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Indicators about this type of object, like ipv4-addr; may come several times
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// Objects with all of these labels; may come several times
    #[arg(long = "label", value_name = "WORD")]
    labels: Vec<String>,
    /// Objects of this TLP level, or unmarked; may come several times
    #[arg(long, value_name = "LEVEL")]
    tlp: Vec<String>,
    /// Objects of at least this confidence
    #[arg(long, value_name = "NUMBER")]
    confidence_from: Option<u8>,
    /// Only revoked objects, or only others
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes", value_parser = ["yes", "no"])]
    revoked: Option<String>,
    /// Sorted by added, modified, name, confidence or `valid_until` [default: the latest first]
    #[arg(long, value_name = "BY")]
    order: Option<String>,
    /// The greatest first
    #[arg(long, requires = "order")]
    descending: bool,
    /// How many at the most, up to 1000
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    target: Target,
}

/// `taxiway show`
#[derive(Debug, Args)]
pub struct Show {
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    /// An id, or the value or pattern of an indicator
    #[arg(value_name = "TARGET")]
    object: String,
    #[command(flatten)]
    target: Target,
}

impl Find {
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        let lists = [("type", &self.types), ("kind", &self.kinds), ("label", &self.labels), ("tlp", &self.tlp)];
        lists.into_iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value))).for_each(|(name, value)| {
            query.append_pair(name, value);
        });
        let collection = self.collection.as_ref().map(|Address { root, collection }| format!("{root}/{collection}"));
        let confidence = self.confidence_from.map(|number| number.to_string());
        let descending = self.descending.then(|| "yes".to_owned());
        let text = Some(self.text.join(" "));
        let ones = [
            ("collection", collection),
            ("text", text),
            ("confidence_from", confidence),
            ("revoked", self.revoked.clone()),
            ("order", self.order.clone()),
            ("descending", descending),
            ("limit", Some(self.limit.to_string())),
        ];
        ones.into_iter().filter_map(|(name, value)| Some((name, value?))).for_each(|(name, value)| {
            query.append_pair(name, &value);
        });
        query.finish()
    }

    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let found: Listing = self.target.open().await?.find(&["desk", "objects"], &self.query()).await?;
        if self.target.json {
            print::json(&found)?;
            return Ok(Exit::Done);
        }
        let (shown, total) = (found.rows.len(), found.total);
        print::table(["id", "tlp", "confidence", "modified", "", "name"], found.rows.into_iter().map(row).collect())?;
        print::tell(&format!("{shown} of {total}"));
        if !found.coverage.being_read.is_empty() {
            print::tell("the server still reads some collections: ask again in a moment");
        }
        if !found.coverage.left_out.is_empty() {
            print::tell("the oldest objects are left out: see [console] catalog_octets in the settings of the server");
        }
        Ok(Exit::Done)
    }
}

fn row(row: Row) -> [String; 6] {
    let confidence = row.confidence.map(|number| number.to_string()).unwrap_or_default();
    let name = row.name.or(row.pattern).unwrap_or_default();
    let level = if row.level == Level::Unmarked { String::new() } else { row.level.name().to_owned() };
    [row.id, level, confidence, row.modified.unwrap_or_default(), print::word(row.revoked, "revoked"), name]
}

impl Show {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let Self { address: Address { root, collection }, object, target } = self;
        let object: Object = target.open().await?.get(&["desk", &root, &collection, "objects", &object]).await?;
        if target.json {
            print::json(&object)?;
        } else {
            show(object)?;
        }
        Ok(Exit::Done)
    }
}

fn show(object: Object) -> Result<(), Trouble> {
    print::line(&object.id)?;
    let newest = object.versions.first().and_then(|version| serde_json::from_str(version.object.get()).ok());
    for (name, text) in card(&newest.unwrap_or_default()) {
        print::line(&format!("{name:<12} {text}"))?;
    }
    if !object.reached.is_empty() {
        print::line(&format!("{:<12} {}", "has got it", object.reached.join(", ")))?;
    }
    print::line("")?;
    print::table(["version", "added", "by", "act", "from", "note"], object.versions.into_iter().map(version).collect())?;
    if object.older > 0 {
        print::tell(&format!("and {} older versions", object.older));
    }
    Ok(())
}

/// What people want to know of an object, under what they call it.
fn card(object: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let list = |name: &str, inner: &str| {
        let list = object.get(name).and_then(Value::as_array).into_iter().flatten();
        let words: Vec<&str> = list.filter_map(|one| one.as_str().or_else(|| one.get(inner).and_then(Value::as_str))).collect();
        Some(words.join(", ")).filter(|words| !words.is_empty())
    };
    let marked = object.get("object_marking_refs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let level = marked.filter_map(Level::of_marking).max().map(|level| level.name().to_owned());
    let lines = [
        ("name", text("name")),
        ("description", text("description")),
        ("pattern", text("pattern")),
        ("value", text("value")),
        ("tlp", level),
        ("confidence", object.get("confidence").map(Value::to_string)),
        ("valid from", text("valid_from")),
        ("valid until", text("valid_until")),
        ("indicates", list("indicator_types", "")),
        ("phases", list("kill_chain_phases", "phase_name")),
        ("labels", list("labels", "")),
        ("sources", list("external_references", "source_name")),
        ("created by", text("created_by_ref")),
        ("revoked", object.get("revoked").filter(|value| **value == Value::Bool(true)).map(|_| "yes".to_owned())),
    ];
    lines.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

fn version(version: Version) -> [String; 6] {
    let told = version.entry.map(|Entry { act: Act { who, verb, through, from, note, .. }, .. }| {
        let from = from.map_or_else(String::new, |address| address.to_string());
        [who, format!("{} ({})", word(&verb), word(&through)), from, note.unwrap_or_default()]
    });
    let [who, act, from, note] = told.unwrap_or_default();
    [version.version, version.added, who, act, from, note]
}

/// What JSON calls something.
pub fn word(thing: &impl Serialize) -> String {
    serde_json::to_value(thing).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
