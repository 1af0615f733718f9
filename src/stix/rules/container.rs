//! The observables inside observed data, the deprecated way (STIX 2.1 §2.13).

use super::check::Check;
use crate::stix::finding::{Clip, Path};
use crate::stix::id;
use crate::stix::json::{Json, Members};
use crate::stix::kind::{Class, class_of};

/// References that lead out of the container.
const OUTWARD: &[&str] = &["object_marking_refs", "created_by_ref", "marking_ref"];

/// Observed data refers to at least one observable.
pub(super) fn observes(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let Some(list) = object.get("object_refs").and_then(Json::as_list) else { return };
    let observable = |id: &str| matches!(class_of(id::type_of(id)), Some(Class::Sco) | None);
    if !list.iter().filter_map(Json::as_text).any(observable) {
        check.findings.error(&at.key("object_refs"), "§4.14", "must refer to at least one observable");
    }
}

impl Check<'_, '_> {
    /// Observables of STIX 2.0 or 2.1 that refer to each other by their keys.
    pub(super) fn container(&mut self, objects: &Members<'_>, at: &Path<'_>) {
        if objects.is_empty() {
            self.findings.error(at, "§2.13", "must hold at least one object");
        }
        for (key, value) in objects.iter() {
            let at = at.key(key);
            let kind = value.as_object().and_then(|object| object.text("type"));
            if !kind.is_some_and(|kind| id::is_type_name(kind) && matches!(class_of(kind), Some(Class::Sco) | None)) {
                self.findings.error(&at, "§2.13", "must be an observable");
            }
            self.free(value, &at);
            self.inward(objects, value, &at);
        }
    }

    /// Every reference inside resolves to a key of the container.
    fn inward(&mut self, objects: &Members<'_>, value: &Json<'_>, at: &Path<'_>) {
        match value {
            Json::List(list) => list.iter().enumerate().for_each(|(index, value)| self.inward(objects, value, &at.item(index))),
            Json::Object(members) => {
                for (name, value) in members.iter() {
                    let at = at.key(name);
                    match value {
                        _ if OUTWARD.contains(&name) => {}
                        _ if name.ends_with("_ref") => self.resolves(objects, value, &at),
                        Json::List(list) if name.ends_with("_refs") => {
                            list.iter().enumerate().for_each(|(index, value)| self.resolves(objects, value, &at.item(index)));
                        }
                        _ => self.inward(objects, value, &at),
                    }
                }
            }
            _ => {}
        }
    }

    fn resolves(&mut self, objects: &Members<'_>, value: &Json<'_>, at: &Path<'_>) {
        match value {
            Json::Text(key) if objects.has(key) => {}
            Json::Text(key) => self.findings.error(at, "§2.13", format_args!("no object of the container has the key {:?}", Clip(key).to_string())),
            other => self.findings.error(at, "§2.13", format_args!("must be a key of the container, is {}", other.kind())),
        }
    }
}
