//! What a page looks at: one collection or all that the visitor may read, and what the objects in them are called.

use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use serde_json::Value;
use uuid::Uuid;

use crate::console::parts::frame::{Flash, Tone};
use crate::console::parts::kind::Kind;
use crate::console::parts::list::Choice;
use crate::console::parts::reference::Reference;
use crate::console::paths::{self, Href};
use crate::console::visit::{OrPage, Visit};
use crate::feed::Feed;
use crate::feed::access::{self, Reading};
use crate::feed::catalog::held::Coverage;
use crate::feed::desk::revise::Held;
use crate::feed::object::{NAMES, Properties};
use crate::stix::id::{StixId, type_of};
use crate::store::StoreError;
use crate::store::directory::Directory;

/// The collections that a page looks at.
pub struct Scope {
    /// Leave to read each of them.
    pub readings: Vec<Reading>,
    directory: Arc<Directory>,
}

/// Objects that were looked up by their ids, as far as they are there and may be seen.
#[derive(Default)]
pub struct Found(HashMap<String, (Uuid, Held)>);

impl Scope {
    /// The chosen collection, by root and name; else all that the visitor may read.
    pub fn of(visit: &Visit, chosen: Option<(&str, &str)>) -> Result<Self, Response> {
        let directory = visit.app.feed.directory();
        let readings = match chosen {
            Some((root, name)) => vec![visit.collection(root, name)?.to_browse().or_page(visit)?],
            None => access::readings(&directory, visit.principal()).or_page(visit)?,
        };
        Ok(Self { readings, directory })
    }

    /// All that the visitor may read, this collection before the others.
    pub fn around(visit: &Visit, reading: Reading) -> Result<Self, Response> {
        let Self { readings: others, directory } = Self::of(visit, None)?;
        let first = reading.collection;
        let readings = std::iter::once(reading).chain(others.into_iter().filter(|other| other.collection != first)).collect();
        Ok(Self { readings, directory })
    }

    /// Root and name of a collection, as paths have them.
    pub fn place(&self, collection: Uuid) -> Option<(&str, String)> {
        let (_, found) = self.directory.collection(collection)?;
        Some((&found.root, found.name()))
    }

    /// The title of a collection.
    pub fn title(&self, collection: Uuid) -> String {
        self.directory.collection(collection).map_or_else(String::new, |(_, found)| found.title.clone())
    }

    /// An object as forms name it: `root/collection/id`.
    pub fn address(&self, collection: Uuid, id: &str) -> String {
        self.place(collection).map_or_else(String::new, |(root, name)| format!("{root}/{name}/{id}"))
    }

    /// Where an object is shown.
    pub fn href(&self, collection: Uuid, id: &str) -> Option<Href> {
        self.place(collection).map(|(root, name)| paths::object(root, &name, id))
    }

    /// The collections to choose from, those that the visitor may read; the first choice stands for all.
    pub fn choices(visit: &Visit, chosen: &str) -> Vec<Choice> {
        let all = access::all(&visit.app.feed.directory(), visit.principal());
        let choice = |seen: access::Seen| {
            let name = seen.collection.alias.unwrap_or_else(|| seen.collection.id.to_string());
            let value = format!("{}/{name}", seen.collection.root);
            Choice { chosen: value == chosen, label: seen.collection.title.into(), value }
        };
        let every = Choice { value: String::new(), label: "All collections".into(), chosen: chosen.is_empty() };
        std::iter::once(every).chain(all.into_iter().filter(|seen| seen.to_browse().is_ok()).map(choice)).collect()
    }

    /// What is to be told where the index does not cover everything.
    pub fn told(&self, coverage: &Coverage) -> Vec<Flash> {
        let being_read = coverage.being_read.iter().map(|collection| {
            let title = self.title(*collection);
            format!("The index of {title:?} is still being built: what is not in it yet is missing here. Ask again in a moment.")
        });
        let left_out = coverage.left_out.iter().map(|(collection, before)| {
            let (title, day) = (self.title(*collection), before.to_string());
            let day = day.get(..10).unwrap_or_default();
            format!("The index has no room for all of {title:?}: of what was added before {day}, some or all is missing here.")
        });
        being_read.chain(left_out).map(|text| Flash { tone: Tone::Warning, text: text.into() }).collect()
    }

    /// Looks objects up, each in the first of the collections that has it.
    pub async fn find(&self, feed: &Feed, ids: &[&str]) -> Result<Found, StoreError> {
        let mut wanted: Vec<StixId> = ids.iter().filter_map(|id| StixId::parse(id).ok()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut found = HashMap::with_capacity(wanted.len());
        for reading in &self.readings {
            if wanted.is_empty() {
                break;
            }
            let held = feed.held(reading, &wanted).await?;
            wanted.retain(|id| !held.contains_key(id));
            found.extend(held.into_iter().map(|(id, object)| (id.to_string(), (reading.collection, object))));
        }
        Ok(Found(found))
    }
}

impl Found {
    /// An object and its collection.
    pub fn get(&self, id: &str) -> Option<(Uuid, &Held)> {
        self.0.get(id).map(|(collection, held)| (*collection, held))
    }

    /// What an object is called; its id where it is not known.
    pub fn name(&self, id: &str) -> String {
        self.get(id).map_or_else(|| id.to_owned(), |(_, held)| called(&held.properties))
    }

    /// A mention of an object; no link where it is not here, or not for this visitor to see.
    pub fn reference(&self, scope: &Scope, id: &str) -> Reference {
        let href = self.get(id).and_then(|(collection, _)| scope.href(collection, id));
        Reference { kind: Kind::of(type_of(id)), name: self.name(id).into(), href }
    }
}

/// What an object is called: its name, else what stands for one, else its id.
pub fn called(properties: &Properties) -> String {
    let said = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let statement = || properties.get("definition").and_then(|definition| said(definition.get("statement")?));
    let digest = || properties.get("hashes").and_then(Value::as_object).and_then(|hashes| hashes.values().find_map(said));
    let number = || properties.get("number").filter(|number| number.is_number()).map(|number| format!("AS{number}"));
    let named = NAMES.iter().find_map(|name| said(properties.get(*name)?));
    named.or_else(statement).or_else(digest).or_else(number).or_else(|| properties.get("id").and_then(said)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_no_name_is_called_by_what_it_says() {
        let called = |value: &Value| called(value.as_object().unwrap());
        assert_eq!(called(&json!({"id": "malware--1", "name": "A"})), "A");
        assert_eq!(called(&json!({"id": "indicator--1", "name": " ", "pattern": "[a:b = 'c']"})), "[a:b = 'c']");
        assert_eq!(called(&json!({"id": "file--1", "hashes": {"MD5": "00"}})), "00");
        assert_eq!(called(&json!({"id": "autonomous-system--1", "number": 64496})), "AS64496");
        assert_eq!(called(&json!({"id": "marking-definition--1", "definition": {"statement": "(c)"}})), "(c)");
        assert_eq!(called(&json!({"id": "x-a--1", "name": 7})), "x-a--1");
    }
}
