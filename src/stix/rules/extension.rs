//! Extensions and custom content (STIX 2.1 §7.3, §11).

use super::check::Check;
use super::form::{is_hyphened, is_property_name};
use super::{Column, Constraint, Group, Type, observable, vocabulary};
use crate::stix::finding::Path;
use crate::stix::id;
use crate::stix::json::{Json, Members};

/// How the key of an extension begins that an extension definition defines.
const DEFINED: &str = "extension-definition--";

/// Whether an extension of the object says that it is of a type of its own.
pub(super) fn makes_new_type(object: &Members<'_>) -> bool {
    extension_types(object).any(|kind| matches!(kind, "new-sdo" | "new-sco" | "new-sro"))
}

/// Whether an extension of the object may add properties at its top.
pub(super) fn adds_properties(object: &Members<'_>) -> bool {
    extension_types(object).any(|kind| kind != "property-extension")
}

/// What a type that the standard does not know is held against: what its extension says, else a domain object (§11.2).
pub(super) fn custom_type(object: &Members<'_>) -> &'static Type {
    match extension_types(object).find(|kind| kind.starts_with("new-")) {
        Some("new-sco") => &NEW_SCO,
        Some("new-sro") => &NEW_SRO,
        _ => &NEW_SDO,
    }
}

fn extension_types<'o>(object: &'o Members<'_>) -> impl Iterator<Item = &'o str> {
    let extensions = object.get("extensions").and_then(Json::as_object);
    let defined = extensions.into_iter().flat_map(Members::iter).filter(|(key, _)| key.starts_with(DEFINED));
    defined.filter_map(|(_, value)| value.as_object()?.text("extension_type"))
}

static NEW_SDO: Type = new_type(Column::Sdo);
static NEW_SRO: Type = new_type(Column::Sro);
static NEW_SCO: Type = new_type(Column::Sco);

const fn new_type(column: Column) -> Type {
    Type { name: "", column, group: Group { section: "§11.2", properties: &[], constraints: &[Constraint::Own] }, extensions: &[] }
}

impl Check<'_, '_> {
    /// The `extensions` of the object: defined ones, predefined ones, and the custom ones of observables.
    pub(super) fn extensions(&mut self, extensions: &Members<'_>, at: &Path<'_>) {
        if extensions.is_empty() {
            self.findings.error(at, "§2.3", "a dictionary must not be empty");
        }
        for (key, value) in extensions.iter() {
            let at = at.key(key);
            match value {
                Json::Object(members) if members.is_empty() => self.findings.error(&at, "§7.3", "an extension must not be empty"),
                Json::Object(members) => self.extension(key, members, &at),
                other => self.findings.error(&at, "§7.3", format_args!("must be an object, is {}", other.kind())),
            }
        }
    }

    fn extension(&mut self, key: &str, members: &Members<'_>, at: &Path<'_>) {
        let predefined = self.kind.extensions.iter().find(|(name, _)| *name == key);
        if key.starts_with(DEFINED) {
            self.defined_extension(key, members, at);
        } else if let Some((_, group)) = predefined {
            self.group(group, members, at);
        } else if observable::TYPES.iter().any(|kind| kind.extensions.iter().any(|(name, _)| *name == key)) {
            self.findings.error(at, "§7.3", "is the extension of another type");
        } else if self.kind.column == Column::Sco && is_custom_name(key) {
            self.findings.warn(at, "§11.3", "a custom extension without a definition is deprecated");
            self.free_members(members, at);
        } else {
            self.findings.error(at, "§7.3", "is neither the id of an extension definition nor an extension of this type");
        }
    }

    /// An extension that an extension definition defines; the definition itself need not be known here.
    fn defined_extension(&mut self, key: &str, members: &Members<'_>, at: &Path<'_>) {
        if let Err(error) = id::check(key) {
            self.findings.error(at, "§7.3", format_args!("is no identifier: {error}"));
        }
        let kinds = vocabulary::EXTENSION_TYPE.values;
        if !members.text("extension_type").is_some_and(|kind| kinds.contains(&kind)) {
            self.findings.error(&at.key("extension_type"), "§7.3", format_args!("must be one of {}", kinds.join(", ")));
        }
        self.free_members(members, at);
    }

    fn free_members(&mut self, members: &Members<'_>, at: &Path<'_>) {
        for (name, value) in members.iter() {
            let at = at.key(name);
            if !is_property_name(name) {
                self.findings.error(&at, "§7.3", "is no property name (3 to 250 of a-z, 0-9 and _, beginning with a letter)");
            }
            self.free(value, &at);
        }
    }
}

/// An extension definition lists the properties it adds at the top of objects, and only those.
pub(super) fn properties(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let kinds = object.get("extension_types").and_then(Json::as_list).unwrap_or_default();
    let adds = kinds.iter().any(|kind| kind.as_text() == Some("toplevel-property-extension"));
    match (adds, object.has("extension_properties")) {
        (true, false) => check.findings.warn(&at.key("extension_properties"), "§7.3.1", "should be present with toplevel-property-extension"),
        (false, true) => check.findings.error(&at.key("extension_properties"), "§7.3.1", "only together with toplevel-property-extension"),
        _ => {}
    }
}

/// The name of a custom extension (§11.3): ends in `-ext`.
fn is_custom_name(key: &str) -> bool {
    key.ends_with("-ext") && (3..=250).contains(&key.len()) && key.bytes().all(is_hyphened)
}
