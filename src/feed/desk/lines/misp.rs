//! Events of MISP: each attribute that is meant for detection is an indicator.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{Line, What, value};
use crate::feed::desk::Unfit;
use crate::feed::desk::indicator::{Source, Terms};
use crate::stix::marking::Level;

/// An event, as far as it matters here.
#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    info: String,
    #[serde(rename = "Orgc")]
    creator: Option<Organisation>,
    #[serde(default, rename = "Tag")]
    tags: Vec<Tag>,
    #[serde(default, rename = "Attribute")]
    attributes: Vec<Attribute>,
    #[serde(default, rename = "Object")]
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Organisation {
    name: String,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default, rename = "Attribute")]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "type")]
    kind: String,
    value: String,
    #[serde(default)]
    to_ids: bool,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default, rename = "Tag")]
    tags: Vec<Tag>,
}

/// The attributes of the events in a text; `None` if it holds no event.
pub(super) fn read(text: &str, terms: &Arc<Terms>) -> Option<Result<Vec<Line>, Unfit>> {
    // A file of STIX has no member of this name at its top, and is not worth a tree.
    if !text.contains("\"Event\"") && !text.contains("\"Attribute\"") {
        return None;
    }
    let whole: Value = serde_json::from_str(text).ok()?;
    let events = events(&whole)?;
    let read = events.into_iter().map(|event| Event::deserialize(event).map_err(|error| Unfit::Asked(format!("the event of MISP: {error}"))));
    let mut lines = Vec::new();
    for event in read {
        match event {
            Ok(event) => event.add(terms, &mut lines),
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(lines))
}

/// An event by itself, or one or several in the forms in which MISP answers.
fn events(whole: &Value) -> Option<Vec<&Value>> {
    let list = whole.get("response").unwrap_or(whole);
    let of = |value: &'_ Value| value.get("Event").is_some();
    match list {
        Value::Array(list) if list.iter().any(of) => Some(list.iter().filter_map(|one| one.get("Event")).collect()),
        one if of(one) => one.get("Event").map(|event| vec![event]),
        one if one.get("Attribute").is_some_and(Value::is_array) && one.get("info").is_some() => Some(vec![one]),
        _ => None,
    }
}

impl Event {
    fn add(self, terms: &Arc<Terms>, lines: &mut Vec<Line>) {
        let mut of_event = Terms::clone(terms);
        if let Some(creator) = &self.creator {
            of_event.source = Some(Source { name: creator.name.clone(), url: terms.source.as_ref().and_then(|source| source.url.clone()) });
        }
        tag(&mut of_event, &self.tags);
        let of_event = Arc::new(of_event);
        let attributes = self.attributes.into_iter().chain(self.objects.into_iter().flat_map(|object| object.attributes));
        for attribute in attributes {
            let number = lines.len() + 1;
            lines.push(attribute.line(number, &self.info, &of_event));
        }
    }
}

impl Attribute {
    fn line(self, number: usize, event: &str, terms: &Arc<Terms>) -> Line {
        let what = if self.deleted {
            What::Nothing("deleted in MISP".into())
        } else if self.to_ids {
            let description = if self.comment.is_empty() { event.to_owned() } else { format!("{event}: {}", self.comment) };
            let (kind, telling) = self.telling();
            if self.tags.is_empty() {
                value::of(telling, kind, Some(&description), terms)
            } else {
                let mut own = Terms::clone(terms);
                tag(&mut own, &self.tags);
                value::of(telling, kind, Some(&description), &Arc::new(own))
            }
        } else {
            What::Nothing("context in MISP, not meant for detection".into())
        };
        Line { number, text: self.value, what }
    }

    /// Of a composite the part that tells most: the hash of a named file, the address of a port.
    fn telling(&self) -> (&str, &str) {
        match (self.kind.split_once('|'), self.value.split_once('|')) {
            (Some(("filename", hash)), Some((_, value))) => (hash, value),
            (Some((first, _)), Some((value, _))) => (first, value),
            _ => (&self.kind, &self.value),
        }
    }
}

/// Takes the level that a `tlp:` tag says, and the others as labels.
fn tag(terms: &mut Terms, tags: &[Tag]) {
    for tag in tags {
        match tag.name.to_ascii_lowercase().strip_prefix("tlp:") {
            Some("white") => terms.tlp = terms.tlp.max(Level::Clear),
            Some(level) => terms.tlp = Level::named(level).unwrap_or_default().max(terms.tlp),
            None if !terms.labels.contains(&tag.name) => terms.labels.push(tag.name.clone()),
            None => {}
        }
    }
}
