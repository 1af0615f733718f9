//! What a collection makes of what comes to it: how high it counts, whether that may come in at all, and what others are shown instead.
//!
//! The level is judged here once and kept with the object. A part that is marked higher than the whole makes the whole count as high, unless the
//! collection redacts: then a copy without that part, under an id of its own, stands beside the object for those who are not cleared for it. What a
//! partner sends that has not agreed to be named comes in as the community's.

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::object::{Properties, to_bytes};
use crate::stix::id::StixId;
use crate::stix::marking::{Level, TLP};
use crate::stix::object;
use crate::store::NewObject;
use crate::store::directory::{Collection, Directory};
use crate::taxii::stamp::Stamp;

/// Properties that betray who made an object.
const BETRAYING: [&str; 3] = ["external_references", "authors", "contact_information"];
/// The label of a copy from which something was left out.
const REDACTED: &str = "redacted";

/// The door of a collection for one who writes.
#[derive(Debug, Clone)]
pub(super) struct Door {
    collection: Uuid,
    title: String,
    ceiling: Level,
    unmarked: Level,
    redacts: bool,
    origin: Option<Uuid>,
    /// What others know the writer by, if they are not to know it.
    pseudonym: Option<String>,
}

/// What came through a door.
#[derive(Debug)]
pub(super) struct Admitted {
    /// The object.
    pub(super) object: NewObject,
    /// What is stored with it, of which nobody is told.
    pub(super) also: Vec<NewObject>,
}

impl Door {
    /// The door of `collection` for what comes from `origin`, a partner's id if it is one.
    pub(super) fn of(directory: &Directory, collection: Uuid, origin: Option<Uuid>) -> Self {
        let found = directory.collection(collection).map(|(_, found)| found.clone());
        let Collection { title, sharing, .. } = found.unwrap_or_default();
        let partner = directory.partners.values().find(|partner| Some(partner.id) == origin);
        let hides = sharing.anonymous && partner.is_some_and(|partner| !partner.named);
        // Nobody outside knows the id of a partner, so that nobody can tell whose pseudonym it is.
        let pseudonym = partner.filter(|_| hides).map(|partner| Uuid::new_v5(&partner.id, collection.as_bytes()).simple().to_string());
        let (ceiling, unmarked, redacts) = (sharing.ceiling, sharing.unmarked, sharing.redact);
        Self { collection, title, ceiling, unmarked, redacts, origin, pseudonym: pseudonym.map(|digits| format!("contributor-{digits}")) }
    }

    /// Lets an object in, or says why not.
    pub(super) fn admit(&self, object: NewObject, now: Stamp) -> Result<Admitted, String> {
        let object = match &self.pseudonym {
            Some(pseudonym) => self.unnamed(&object, pseudonym, now)?,
            None => object,
        };
        let object = self.leveled(object);
        if object.level > self.ceiling {
            let (level, ceiling) = (name(object.level), name(self.ceiling));
            return Err(format!("this counts as {level}, and the collection takes nothing above {ceiling}"));
        }
        let mut also = if self.redacts { self.redacted(&object, now).unwrap_or_default() } else { Vec::new() };
        if self.pseudonym.is_some() {
            also.extend(self.community(now));
        }
        Ok(Admitted { object, also })
    }

    fn leveled(&self, object: NewObject) -> NewObject {
        let level = if object.level == Level::Unmarked { self.unmarked } else { object.level };
        NewObject { level, origin: self.origin, ..object }
    }

    /// The object as the community's.
    fn unnamed(&self, object: &NewObject, pseudonym: &str, now: Stamp) -> Result<NewObject, String> {
        if object.id.type_name() == "identity" {
            return Err("identities are not taken from partners that are not to be named".into());
        }
        let mut properties = read(&object.object).ok_or("not an object")?;
        let betraying: Vec<String> = properties.keys().filter(|name| name.starts_with("x_") || BETRAYING.contains(&name.as_str())).cloned().collect();
        for name in betraying {
            properties.remove(&name);
        }
        if object.version.is_some() {
            properties.insert("created_by_ref".into(), self.community_id().as_str().into());
            let labels = properties.entry("labels").or_insert_with(|| json!([]));
            if let Some(labels) = labels.as_array_mut().filter(|labels| !labels.iter().any(|label| label == pseudonym)) {
                labels.push(pseudonym.into());
            }
        }
        tidy_selectors(&mut properties);
        judged(&properties, now).map(|judged| NewObject { warning: object.warning.clone(), ..judged })
    }

    fn community_id(&self) -> StixId {
        StixId::new("identity", Uuid::new_v5(&self.collection, b"community"))
    }

    /// Whose everything is that partners send who are not named.
    fn community(&self, now: Stamp) -> Option<NewObject> {
        let since = "2021-03-02T00:00:00.000Z";
        let properties = json!({
            "type": "identity", "spec_version": "2.1", "id": self.community_id().as_str(), "created": since, "modified": since,
            "name": format!("Contributors to {}", self.title), "identity_class": "group",
        });
        Some(self.leveled(judged(properties.as_object()?, now).ok()?))
    }

    /// The object without the parts that are marked higher than the whole, and for who may see both, that it comes from there. `None` if no part is, or
    /// if nothing that obeys the standard is left.
    fn redacted(&self, object: &NewObject, now: Stamp) -> Option<Vec<NewObject>> {
        object.version.as_ref()?;
        let mut properties = read(&object.object)?;
        let marked = level_of(properties.get("object_marking_refs"));
        let whole = if marked == Level::Unmarked { self.unmarked } else { marked };
        if whole >= object.level || !object.holds.is_empty() {
            return None;
        }
        let markings = properties.remove("granular_markings")?;
        let (mut kept, mut hidden, mut selectors) = (Vec::new(), Level::Unmarked, Vec::new());
        let mut top = None;
        for marking in markings.as_array()? {
            let level = marking.get("marking_ref").and_then(Value::as_str).and_then(Level::of_marking).unwrap_or_default();
            if level > whole {
                selectors.extend(marking.get("selectors")?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned));
                if level > hidden {
                    (hidden, top) = (level, marking.get("marking_ref").cloned());
                }
            } else {
                kept.push(marking.clone());
            }
        }
        // From the last to the first, so that the places of those before do not change.
        selectors.sort_by_cached_key(|selector| std::cmp::Reverse(steps(selector)));
        selectors.dedup();
        for selector in &selectors {
            remove(&mut properties, selector);
        }
        // Selectors into lists from which something went would lead elsewhere: what is left of such a list is marked as a whole.
        let touched = |selector: &str| selectors.iter().any(|gone| first(gone) == first(selector));
        kept.retain(|marking| !marking["selectors"].as_array().is_some_and(|all| all.iter().filter_map(Value::as_str).any(touched)));
        if !kept.is_empty() {
            properties.insert("granular_markings".into(), kept.into());
        }
        let uuid = Uuid::parse_str(object.id.as_str().rsplit_once("--")?.1).ok()?;
        let id = StixId::new(object.id.type_name(), Uuid::new_v5(&uuid, REDACTED.as_bytes()));
        properties.insert("id".into(), id.as_str().into());
        let labels = properties.entry("labels").or_insert_with(|| json!([]));
        labels.as_array_mut()?.push(REDACTED.into());
        let copy = self.leveled(judged(&properties, now).ok()?);
        let from = self.derived(&properties, &id, &object.id, &top?, now);
        Some(std::iter::once(copy).chain(from).collect())
    }

    /// That a copy comes from an object, for those who may see the object.
    fn derived(&self, copy: &Properties, id: &StixId, from: &StixId, marking: &Value, now: Stamp) -> Option<NewObject> {
        let uuid = Uuid::parse_str(id.as_str().rsplit_once("--")?.1).ok()?;
        let relationship = StixId::new("relationship", Uuid::new_v5(&uuid, b"derived-from"));
        let mut properties = json!({
            "type": "relationship", "spec_version": "2.1", "id": relationship.as_str(), "created": copy.get("created")?,
            "modified": copy.get("created")?, "relationship_type": "derived-from", "source_ref": id.as_str(), "target_ref": from.as_str(),
            "object_marking_refs": [marking],
        });
        if let Some(author) = copy.get("created_by_ref") {
            properties["created_by_ref"] = author.clone();
        }
        Some(self.leveled(judged(properties.as_object()?, now).ok()?))
    }
}

fn name(level: Level) -> String {
    format!("TLP:{}", level.name().to_ascii_uppercase())
}

fn read(object: &Bytes) -> Option<Properties> {
    serde_json::from_slice(object).ok()
}

/// An object that we have made of another one, if it obeys the standard.
fn judged(properties: &Properties, now: Stamp) -> Result<NewObject, String> {
    let bytes = to_bytes(properties);
    let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
    let good = object::judge(text, &now.instant()).map_err(|refusal| refusal.findings.first().map(ToString::to_string).unwrap_or_default())?;
    Ok(NewObject::of(good, bytes.into()))
}

/// The highest level of a list of markings.
fn level_of(markings: Option<&Value>) -> Level {
    let ids = markings.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    ids.filter_map(|id| TLP.iter().find(|tlp| tlp.id.eq_ignore_ascii_case(id))).map(|tlp| tlp.level).max().unwrap_or_default()
}

/// The steps of a selector, positions in lists as numbers, so that they sort as they stand.
fn steps(selector: &str) -> Vec<(usize, String)> {
    let step = |step: &str| match step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|at| at.parse().ok()) {
        Some(at) => (at, String::new()),
        None => (0, step.to_owned()),
    };
    selector.split('.').map(step).collect()
}

fn first(selector: &str) -> &str {
    selector.split('.').next().unwrap_or_default()
}

/// Removes what a selector selects, and a list or dictionary that has become empty by it.
fn remove(properties: &mut Properties, selector: &str) {
    let mut path: Vec<&str> = selector.split('.').collect();
    while let Some(last) = path.pop() {
        let Some(name) = path.first().copied() else {
            properties.remove(last);
            return;
        };
        let inner = path.iter().skip(1).try_fold(properties.get_mut(name), |value, step| Some(child(value?, step)));
        match inner.flatten() {
            Some(Value::Object(members)) => drop(members.remove(last)),
            Some(Value::Array(list)) => {
                if let Some(at) = position(last).filter(|at| *at < list.len()) {
                    list.remove(at);
                }
            }
            _ => return,
        }
        // What is empty now must go too (§2.1), and so on upwards.
        let inner = path.iter().skip(1).try_fold(properties.get_mut(name), |value, step| Some(child(value?, step))).flatten();
        if !inner.is_some_and(|value| value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Properties::is_empty)) {
            return;
        }
    }
}

fn child<'v>(value: &'v mut Value, step: &str) -> Option<&'v mut Value> {
    match value {
        Value::Array(list) => list.get_mut(position(step)?),
        Value::Object(members) => members.get_mut(step),
        _ => None,
    }
}

fn position(step: &str) -> Option<usize> {
    step.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Takes selectors out of granular markings that select nothing any more.
fn tidy_selectors(properties: &mut Properties) {
    let Some(Value::Array(mut markings)) = properties.remove("granular_markings") else { return };
    let names: Vec<String> = properties.keys().cloned().collect();
    for marking in &mut markings {
        if let Some(selectors) = marking.get_mut("selectors").and_then(Value::as_array_mut) {
            selectors.retain(|selector| selector.as_str().is_some_and(|selector| names.iter().any(|name| name == first(selector))));
        }
    }
    markings.retain(|marking| marking["selectors"].as_array().is_some_and(|selectors| !selectors.is_empty()));
    if !markings.is_empty() {
        properties.insert("granular_markings".into(), markings.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::directory::{Edit, Partner, Root, Sharing};

    const NOW: Stamp = Stamp(1_800_000_000_000_000);
    const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

    fn indicator(more: &Value) -> NewObject {
        let mut properties = json!({
            "type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-000000000001",
            "created_by_ref": "identity--00000000-0000-4000-8000-000000000009",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "name": "One", "description": "Two",
            "indicator_types": ["malicious-activity"], "pattern": "[domain-name:value = 'evil.example']", "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z", "labels": ["a", "b", "c"],
        });
        for (name, value) in more.as_object().unwrap() {
            properties[name] = value.clone();
        }
        judged(properties.as_object().unwrap(), NOW).unwrap()
    }

    fn door(sharing: Sharing, named: Option<bool>) -> Door {
        let mut directory = Directory::default();
        let id = Uuid::from_u128(0x4000_8000_0000_0000_0007);
        let collection = Collection { id: Uuid::new_v4(), root: "feeds".into(), title: "Shared".into(), sharing, ..Collection::default() };
        let partner = Partner {
            name: "acme".into(),
            id,
            title: "Acme".into(),
            clearance: Level::Amber,
            named: named.unwrap_or_default(),
            expires: None,
            requests_per_minute: None,
            accepted: std::collections::BTreeMap::new(),
            created: NOW,
        };
        let place = collection.id;
        let root = Root { slug: "feeds".into(), title: "Feeds".into(), description: None };
        for edit in [Edit::AddRoot(root), Edit::AddCollection(collection), Edit::AddPartner(partner)] {
            directory.apply(edit).unwrap();
        }
        Door::of(&directory, place, named.map(|_| id))
    }

    #[test]
    fn what_is_not_marked_counts_as_the_collection_says_and_nothing_passes_its_ceiling() {
        let door = door(Sharing { unmarked: Level::Green, ceiling: Level::Amber, ..Sharing::default() }, None);
        assert_eq!(door.admit(indicator(&json!({})), NOW).unwrap().object.level, Level::Green);
        let why = door.admit(indicator(&json!({"object_marking_refs": [RED]})), NOW).unwrap_err();
        assert_eq!(why, "this counts as TLP:RED, and the collection takes nothing above TLP:AMBER");
    }

    #[test]
    fn s096_a_copy_lacks_what_is_marked_higher_than_the_whole() {
        let marked = json!({
            "object_marking_refs": [GREEN],
            "granular_markings": [
                {"marking_ref": RED, "selectors": ["description", "labels.[0]", "labels.[2]"]},
                {"marking_ref": GREEN, "selectors": ["name"]},
            ],
        });
        let whole = door(Sharing::default(), None).admit(indicator(&marked), NOW).unwrap();
        assert_eq!((whole.object.level, whole.also.len()), (Level::Red, 0));
        let Admitted { object, also } = door(Sharing { redact: true, ..Sharing::default() }, None).admit(indicator(&marked), NOW).unwrap();
        let [copy, from] = also.as_slice() else { panic!("{also:?}") };
        let properties = read(&copy.object).unwrap();
        assert_eq!((object.level, copy.level, from.level), (Level::Red, Level::Green, Level::Red));
        assert_eq!((properties.get("description"), &properties["labels"]), (None, &json!(["b", "redacted"])));
        assert_eq!(properties["granular_markings"], json!([{"marking_ref": GREEN, "selectors": ["name"]}]));
        assert_ne!(copy.id, object.id);
        assert!(!std::str::from_utf8(&copy.object).unwrap().contains(object.id.as_str()), "the copy does not tell of the object");
        assert_eq!(read(&from.object).unwrap()["target_ref"], object.id.as_str());
    }

    #[test]
    fn nothing_is_left_of_what_must_be_there() {
        let marked = json!({"object_marking_refs": [GREEN], "granular_markings": [{"marking_ref": RED, "selectors": ["pattern"]}]});
        let admitted = door(Sharing { redact: true, ..Sharing::default() }, None).admit(indicator(&marked), NOW).unwrap();
        assert_eq!((admitted.object.level, admitted.also.len()), (Level::Red, 0));
    }

    #[test]
    fn a_partner_that_does_not_agree_is_not_named() {
        let betraying = json!({
            "external_references": [{"source_name": "acme", "url": "https://acme.example/1"}], "x_acme_id": 7,
            "granular_markings": [{"marking_ref": GREEN, "selectors": ["external_references", "name"]}],
        });
        let sharing = || Sharing { anonymous: true, ..Sharing::default() };
        let Admitted { object, also } = door(sharing(), Some(false)).admit(indicator(&betraying), NOW).unwrap();
        let text = std::str::from_utf8(&object.object).unwrap();
        assert!(!text.contains("acme") && !text.contains("identity--00000000") && text.contains("contributor-"), "{text}");
        assert_eq!(read(&object.object).unwrap()["created_by_ref"], also[0].id.as_str());
        assert_eq!(object.origin, Some(Uuid::from_u128(0x4000_8000_0000_0000_0007)));
        let named = door(sharing(), Some(true)).admit(indicator(&betraying), NOW).unwrap();
        assert!(std::str::from_utf8(&named.object.object).unwrap().contains("acme") && named.also.is_empty());
        let identity = json!({
            "type": "identity", "spec_version": "2.1", "id": "identity--00000000-0000-4000-8000-000000000009",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "name": "Acme",
        });
        assert!(door(sharing(), Some(false)).admit(judged(identity.as_object().unwrap(), NOW).unwrap(), NOW).is_err());
    }
}
