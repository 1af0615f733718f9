//! The rules of STIX 2.1 as one table: this file is the language the table is written in.
//!
//! `common` (§3.2), `domain` (§4, §5), `observable` (§6), `meta` (§7), `vocabulary` (§10) and `relationship`
//! (Appendix B) are the table and read like the tables of the standard. `check` interprets them, with `form`
//! for the formats of strings, and `identifier`, `marking`, `extension`, `container` and the rest
//! for what fits no table.

pub(super) mod check;
mod common;
mod container;
mod domain;
mod extension;
pub(super) mod form;
mod identifier;
mod indicator;
pub(super) mod marking;
mod meta;
pub(super) mod observable;
mod references;
mod relationship;
#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
mod tests;
mod vocabulary;

use self::check::Check;
use self::form::Form;
use super::finding::Path;
use super::json::Members;

/// One type of object, as its section defines it.
pub(super) struct Type {
    pub(super) name: &'static str,
    column: Column,
    pub(super) group: Group,
    /// The extensions that the standard itself defines for the type.
    pub(super) extensions: &'static [(&'static str, Group)],
}

/// Which column of the table of common properties applies (§3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Sdo,
    Sro,
    Sco,
    ExtensionDefinition,
    LanguageContent,
    MarkingDefinition,
}

/// The properties of a type, of an extension, or of a nested type.
pub(super) struct Group {
    section: &'static str,
    pub(super) properties: &'static [Property],
    constraints: &'static [Constraint],
}

impl Group {
    pub(super) fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// One row of a table of properties.
pub(super) struct Property {
    pub(super) name: &'static str,
    required: bool,
    /// A list of at least one value of the shape (§2.12).
    pub(super) many: bool,
    pub(super) shape: Shape,
}

/// A required property.
const fn must(name: &'static str, shape: Shape) -> Property {
    Property { name, required: true, many: false, shape }
}

/// A required list.
const fn must_list(name: &'static str, shape: Shape) -> Property {
    Property { name, required: true, many: true, shape }
}

/// An optional property.
const fn may(name: &'static str, shape: Shape) -> Property {
    Property { name, required: false, many: false, shape }
}

/// An optional list.
const fn may_list(name: &'static str, shape: Shape) -> Property {
    Property { name, required: false, many: true, shape }
}

/// What a value must look like: the data types of §2, and the nested types.
pub(super) enum Shape {
    /// Anything but `null`.
    Any,
    Bool,
    /// An integer from … to ….
    Int(i64, i64),
    /// A number from … to ….
    Float(f64, f64),
    Text(Form),
    /// A string that should be of a vocabulary.
    Open(&'static Vocabulary),
    /// A string that must be of an enumeration.
    Enum(&'static Vocabulary),
    Time(Precision),
    Hex,
    Binary,
    Hashes,
    Id(Target),
    /// Free keys, values of one shape.
    Dict(&'static Shape),
    IntOrText,
    /// A list of strings; a plain string is found in old content.
    TextsOrText,
    Group(&'static Group),
    /// The `extensions` of an object (§7.3).
    Extensions,
    /// The `objects` of observed data (§2.13).
    Container,
    /// The `contents` of language content (§7.1).
    Translations,
    /// A selector of a granular marking (§7.2.3).
    Selector,
}

pub(super) const TEXT: Shape = Shape::Text(Form::Any);
const BOOL: Shape = Shape::Bool;
const HEX: Shape = Shape::Hex;
const HASHES: Shape = Shape::Hashes;
const TIME: Shape = Shape::Time(Precision::Any);
/// Any integer of §2.10.
const INT: Shape = Shape::Int(-LARGEST, LARGEST);
/// Zero or more.
const COUNT: Shape = Shape::Int(0, LARGEST);
const NUMBER: Shape = Shape::Float(f64::NEG_INFINITY, f64::INFINITY);
/// 2^53 - 1, the largest integer of §2.10.
const LARGEST: i64 = (1 << 53) - 1;

/// A reference to an object of one of these types.
const fn to(types: &'static [&'static str]) -> Shape {
    Shape::Id(Target::Of(types))
}

/// Which digits a timestamp must have.
#[derive(Clone, Copy)]
pub(super) enum Precision {
    Any,
    /// At least three fraction digits (§3.2).
    Milliseconds,
    /// No fraction but zero.
    Second,
}

/// What a reference may lead to. A type the standard does not know passes wherever it may belong to the class.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// The object itself: its own type.
    Itself,
    /// Any STIX Object, so no bundle.
    Any,
    Sdo,
    Sco,
    SdoOrSco,
    ScoOrSro,
    Of(&'static [&'static str]),
}

/// A list of values, open or closed (§10).
pub(super) struct Vocabulary {
    name: &'static str,
    section: &'static str,
    values: &'static [&'static str],
}

/// What the standard says about several properties at once.
enum Constraint {
    AtLeastOne(&'static [&'static str]),
    ExactlyOne(&'static [&'static str]),
    /// At least one property besides these.
    Besides(&'static [&'static str]),
    /// At least one property of the type itself.
    Own,
    /// All of these are advised.
    Should(&'static [&'static str]),
    /// The first only together with all the others.
    Needs(&'static str, &'static [&'static str]),
    /// The first is required if the second has this value.
    MustWhen(&'static str, &'static str, bool),
    /// The first is forbidden if the second has this value.
    NotWhen(&'static str, &'static str, bool),
    /// The first instant is not before the second.
    NotBefore(&'static str, &'static str),
    /// The first instant is after the second.
    After(&'static str, &'static str),
    /// What only a function can say.
    Rule(fn(&mut Check<'_, '_>, &Members<'_>, &Path<'_>)),
}
