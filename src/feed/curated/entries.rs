//! The objects that are written by hand: every `.toml` file of a feed but its head and its sources.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::CuratedError;
use super::files::{Files, line_of};
use super::manifest::{stix_time, toml_error};
use crate::stix::kind::class_of;

/// What an entry may say: properties of the standard, and after them members of our own.
const MEMBERS: &[&str] = &[
    "aliases",
    "authors",
    "abstract",
    "capabilities",
    "confidence",
    "contact_information",
    "content",
    "context",
    "count",
    "country",
    "cpe",
    "created",
    "definition",
    "definition_type",
    "description",
    "explanation",
    "external_references",
    "first_seen",
    "goals",
    "id",
    "identity_class",
    "implementation_languages",
    "infrastructure_types",
    "is_family",
    "labels",
    "last_seen",
    "malware_types",
    "name",
    "object_refs",
    "objective",
    "opinion",
    "primary_motivation",
    "published",
    "region",
    "report_types",
    "resource_level",
    "roles",
    "sectors",
    "sighting_of_ref",
    "sophistication",
    "start_time",
    "stop_time",
    "threat_actor_types",
    "tool_types",
    "tool_version",
    "vendor",
    "version",
    "where_sighted_refs",
    "generation",
    "indicators_from",
    "key",
    "objects",
    "source",
    "sources",
    "target",
    "tlp",
    "type",
];

/// An object as a file has it: references are keys.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) file: String,
    pub(super) line: usize,
    /// The name of the table: a STIX type.
    pub(super) type_name: String,
    /// Members by name, each with its line.
    members: BTreeMap<String, (usize, Value)>,
}

/// Reads every object of a feed.
pub(super) fn read(files: &Files, folder: &str) -> Result<Vec<Entry>, CuratedError> {
    let mut entries = Vec::new();
    for (path, text) in files.iter() {
        let Some((_, name)) = path.split_once('/').filter(|(its, _)| *its == folder) else { continue };
        if name.rsplit('.').next() == Some("toml") && !["feed.toml", "sources.toml"].contains(&name) {
            read_file(path, text, &mut entries)?;
        }
    }
    Ok(entries)
}

fn read_file(path: &str, text: &str, entries: &mut Vec<Entry>) -> Result<(), CuratedError> {
    let table = DeTable::parse(text).map_err(|error| toml_error(path, text, &error))?;
    for (type_name, tables) in table.into_inner() {
        let wrong = |what: String| CuratedError::new(path, line_of(text, type_name.span().start), what);
        if class_of(type_name.get_ref()).is_none() {
            return Err(wrong(format!("{} is no type of STIX 2.1", type_name.get_ref())));
        }
        let DeValue::Array(tables) = tables.into_inner() else {
            return Err(wrong(format!("write [[{}]]: one table for each object", type_name.get_ref())));
        };
        for table in tables {
            entries.push(read_entry(path, text, type_name.get_ref(), table)?);
        }
    }
    Ok(())
}

fn read_entry(path: &str, text: &str, type_name: &str, table: Spanned<DeValue<'_>>) -> Result<Entry, CuratedError> {
    let line = line_of(text, table.span().start);
    let DeValue::Table(table) = table.into_inner() else {
        return Err(CuratedError::new(path, line, "not a table"));
    };
    let mut members = BTreeMap::new();
    for (name, value) in table {
        let line = line_of(text, name.span().start);
        if !MEMBERS.contains(&name.get_ref().as_ref()) {
            return Err(CuratedError::new(path, line, format!("{} is nothing that an entry may say", name.get_ref())));
        }
        let value = to_json(value.get_ref()).map_err(|what| CuratedError::new(path, line, format!("{}: {what}", name.get_ref())))?;
        members.insert(name.get_ref().to_string(), (line, value));
    }
    Ok(Entry { file: path.to_owned(), line, type_name: type_name.to_owned(), members })
}

/// A TOML value as STIX has it: a date becomes a timestamp.
fn to_json(value: &DeValue<'_>) -> Result<Value, &'static str> {
    Ok(match value {
        DeValue::String(text) => json!(text.trim()),
        DeValue::Integer(number) => json!(i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| "too great a number")?),
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().map_err(|_| "no number")?),
        DeValue::Boolean(truth) => json!(truth),
        DeValue::Datetime(time) => json!(stix_time(time).ok_or("neither a date nor a time in UTC")?),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| to_json(item.get_ref())).collect::<Result<_, _>>()?),
        DeValue::Table(members) => Value::Object(
            members.iter().map(|(name, value)| Ok((name.get_ref().to_string(), to_json(value.get_ref())?))).collect::<Result<_, &'static str>>()?,
        ),
    })
}

impl Entry {
    /// What is wrong with the entry as a whole.
    pub(super) fn wrong(&self, what: impl Into<String>) -> CuratedError {
        CuratedError::new(&self.file, self.line, what)
    }

    /// What is wrong with a member.
    pub(super) fn wrong_at(&self, member: &str, what: impl std::fmt::Display) -> CuratedError {
        let line = self.members.get(member).map_or(self.line, |(line, _)| *line);
        CuratedError::new(&self.file, line, format!("{member}: {what}"))
    }

    /// A member that has to be there and to be text.
    pub(super) fn text(&self, member: &str) -> Result<&str, CuratedError> {
        self.optional_text(member)?.ok_or_else(|| self.wrong(format!("{member} is missing")))
    }

    /// A member that has to be text if it is there.
    pub(super) fn optional_text(&self, member: &str) -> Result<Option<&str>, CuratedError> {
        let Some((_, value)) = self.members.get(member) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong_at(member, "not a text"))
    }

    /// A member that is a list of texts; empty if it is not there.
    pub(super) fn texts(&self, member: &str) -> Result<Vec<&str>, CuratedError> {
        let Some((_, value)) = self.members.get(member) else { return Ok(Vec::new()) };
        let texts = value.as_array().and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        texts.ok_or_else(|| self.wrong_at(member, "not a list of texts"))
    }

    /// A member as it stands.
    pub(super) fn get(&self, member: &str) -> Option<&Value> {
        self.members.get(member).map(|(_, value)| value)
    }

    /// The members that are properties of the standard.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&str, &Value)> {
        const OURS: [&str; 9] = ["generation", "indicators_from", "key", "objects", "source", "sources", "target", "tlp", "type"];
        self.members.iter().map(|(name, (_, value))| (name.as_str(), value)).filter(|(name, _)| !OURS.contains(name))
    }
}
