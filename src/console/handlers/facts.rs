//! What an object says, property by property, in plain words.

use serde_json::Value;

use super::scope::{Found, Scope};
use crate::console::pages::object::{Fact, Shown};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Outward;
use crate::feed::object::{Properties, references};
use crate::stix::marking::Tlp;
use crate::stix::time::Instant;
use crate::taxii::stamp::Stamp;

/// Properties that have a place of their own on the page.
const ELSEWHERE: [&str; 9] = ["type", "id", "spec_version", "name", "description", "labels", "confidence", "revoked", "external_references"];
/// Properties that come first, in this order; those that are not named here follow by name.
const FIRST: [&str; 16] = [
    "pattern",
    "pattern_type",
    "pattern_version",
    "indicator_types",
    "valid_from",
    "valid_until",
    "value",
    "hashes",
    "relationship_type",
    "source_ref",
    "target_ref",
    "sighting_of_ref",
    "aliases",
    "first_seen",
    "last_seen",
    "published",
];
/// Properties that come last, in this order.
const LAST: [&str; 6] = ["kill_chain_phases", "object_refs", "object_marking_refs", "created_by_ref", "created", "modified"];
/// Properties whose text is meant for machines.
const CODE: [&str; 10] = ["pattern", "value", "key", "path", "command_line", "payload_bin", "url", "schema", "mime_type", "hashes"];
/// Values of a property that are shown.
const MOST: usize = 200;
/// References that are looked up for one object.
const MOST_REFERENCES: usize = 1_000;

/// The ids that an object refers to, as many as are looked up.
pub fn mentioned(properties: &Properties) -> Vec<&str> {
    let mut ids = references(properties);
    ids.truncate(MOST_REFERENCES);
    ids
}

/// What an object says that has no place of its own on its page.
pub fn facts(scope: &Scope, found: &Found, properties: &Properties, now: Stamp) -> Vec<Fact> {
    let mut members: Vec<(&String, &Value)> = properties.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())).collect();
    members.sort_by(|(a, _), (b, _)| (rank(a), a).cmp(&(rank(b), b)));
    let teller = Teller { scope, found, now };
    let fact = |(name, value): (&String, &Value)| {
        let mut values = Vec::new();
        teller.tell(name, value, &mut values);
        let more = values.len().saturating_sub(MOST);
        values.truncate(MOST);
        if more > 0 {
            values.push(Shown::Text(format!("and {more} more").into()));
        }
        (!values.is_empty()).then(|| Fact { name: words(name).into(), values })
    };
    members.into_iter().filter_map(fact).collect()
}

/// The sources that an object names, each with its address.
pub fn sources(properties: &Properties) -> Vec<Fact> {
    let list = properties.get("external_references").and_then(Value::as_array).into_iter().flatten();
    let fact = |reference: &Value| {
        let text = |name: &str| reference.get(name).and_then(Value::as_str);
        let values = [text("external_id").map(|id| Shown::Code(id.into())), text("description").map(|told| Shown::Text(told.into()))];
        let address = text("url").map(|url| Shown::Address(Outward::of(url)));
        let values: Vec<Shown> = values.into_iter().flatten().chain(address).collect();
        Fact { name: text("source_name").unwrap_or("source").into(), values }
    };
    list.take(MOST).map(fact).collect()
}

/// Writes values as they are shown.
struct Teller<'a> {
    scope: &'a Scope,
    found: &'a Found,
    now: Stamp,
}

impl Teller<'_> {
    fn tell(&self, name: &str, value: &Value, into: &mut Vec<Shown>) {
        match value {
            Value::Null => {}
            Value::Array(values) => values.iter().for_each(|value| self.tell(name, value, into)),
            Value::Bool(yes) => into.push(Shown::Text(if *yes { "yes" } else { "no" }.into())),
            Value::Number(number) => into.push(Shown::Text(number.to_string().into())),
            // The level is shown as a badge.
            Value::String(id) if name == "object_marking_refs" && Tlp::of_id(id).is_some() => {}
            Value::String(text) => into.push(self.text(name, text)),
            Value::Object(members) => match phase(members) {
                Some(phase) => into.push(Shown::Text(phase.into())),
                None if name == "hashes" => {
                    into.extend(members.iter().map(|(kind, digest)| Shown::Code(format!("{kind}: {}", plain(digest)).into())));
                }
                None => into.push(Shown::Code(value.to_string().into())),
            },
        }
    }

    fn text(&self, name: &str, text: &str) -> Shown {
        match Instant::parse(text) {
            _ if name.ends_with("_ref") || name.ends_with("_refs") => Shown::Object(self.found.reference(self.scope, text)),
            Ok(instant) => Shown::Time(Moment::new(instant.micros(), self.now.0)),
            Err(_) if CODE.contains(&name) => Shown::Code(text.into()),
            Err(_) => Shown::Text(text.into()),
        }
    }
}

/// A phase of a kill chain in words.
fn phase(members: &Properties) -> Option<String> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    Some(format!("{}: {}", text("kill_chain_name")?, text("phase_name")?.replace('-', " ")))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn rank(name: &str) -> usize {
    let at = |list: &[&str]| list.iter().position(|its| *its == name);
    at(&FIRST).or_else(|| at(&LAST).map(|at| FIRST.len() + 1 + at)).unwrap_or(FIRST.len())
}

/// The name of a property in plain words.
fn words(name: &str) -> String {
    match name {
        "created_by_ref" => "made by".to_owned(),
        "object_marking_refs" => "marked".to_owned(),
        "object_refs" => "about".to_owned(),
        "sighting_of_ref" => "sighting of".to_owned(),
        "where_sighted_refs" => "seen by".to_owned(),
        name => name.trim_end_matches("_refs").trim_end_matches("_ref").replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_have_plain_names_and_a_stable_order() {
        assert_eq!(words("valid_until"), "valid until");
        assert_eq!((words("created_by_ref").as_str(), words("host_vm_ref").as_str()), ("made by", "host vm"));
        let mut names = ["modified", "zeta", "created", "pattern", "alpha", "valid_from"];
        names.sort_by_key(|name| (rank(name), *name));
        assert_eq!(names, ["pattern", "valid_from", "alpha", "zeta", "created", "modified"]);
    }
}
