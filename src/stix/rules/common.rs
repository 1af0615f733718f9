//! The common properties (STIX 2.1 §3.2), and the types they are made of.

use super::{BOOL, Column, Constraint, Form, Group, HASHES, Precision, Property, Shape, TEXT, Target, may, may_list, must, must_list, to};

/// Whether a class of objects has a common property.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
    Forbidden,
    /// Neither listed nor forbidden; it makes an observable a versioned one (§3.6).
    Unusual,
}

const R: Need = Need::Required;
const O: Need = Need::Optional;
const X: Need = Need::Forbidden;
const U: Need = Need::Unusual;

/// One row of the table of common properties.
pub(super) struct Common {
    pub(super) property: Property,
    needs: [Need; 6],
}

impl Common {
    /// Whether the objects of a column have the property.
    pub(super) fn need(&self, column: Column) -> Need {
        let [sdo, sro, sco, extension, language, marking] = self.needs;
        match column {
            Column::Sdo => sdo,
            Column::Sro => sro,
            Column::Sco => sco,
            Column::ExtensionDefinition => extension,
            Column::LanguageContent => language,
            Column::MarkingDefinition => marking,
        }
    }
}

const fn row(property: Property, needs: [Need; 6]) -> Common {
    Common { property, needs }
}

const EXACT_TIME: Shape = Shape::Time(Precision::Milliseconds);

/// The table of §3.2.
#[rustfmt::skip]
pub(super) static COMMON: &[Common] = &[
    //                                                                       SDO SRO SCO ext lang mark
    row(may("type", Shape::Text(Form::TypeName)),                           [R,  R,  R,  R,  R,  R]),
    row(may("id", Shape::Id(Target::Itself)),                               [R,  R,  R,  R,  R,  R]),
    row(may("spec_version", Shape::Text(Form::SpecVersion)),                [R,  R,  O,  R,  R,  R]),
    row(may("created_by_ref", to(&["identity"])),                           [O,  O,  U,  R,  O,  O]),
    row(may("created", EXACT_TIME),                                         [R,  R,  U,  R,  R,  R]),
    row(may("modified", EXACT_TIME),                                        [R,  R,  U,  R,  R,  X]),
    row(may("revoked", BOOL),                                               [O,  O,  U,  O,  O,  X]),
    row(may_list("labels", TEXT),                                           [O,  O,  X,  O,  O,  X]),
    row(may("confidence", Shape::Int(0, 100)),                              [O,  O,  X,  X,  O,  X]),
    row(may("lang", Shape::Text(Form::Language)),                           [O,  O,  X,  X,  X,  X]),
    row(may_list("external_references", Shape::Group(&EXTERNAL_REFERENCE)), [O,  O,  X,  O,  O,  O]),
    row(may_list("object_marking_refs", to(&["marking-definition"])),       [O,  O,  O,  O,  O,  O]),
    row(may_list("granular_markings", Shape::Group(&GRANULAR_MARKING)),     [O,  O,  O,  O,  O,  O]),
    row(may("defanged", BOOL),                                              [X,  X,  O,  X,  X,  X]),
    row(may("extensions", Shape::Extensions),                               [O,  O,  O,  X,  O,  O]),
];

/// What holds for every object.
pub(super) const CONSTRAINTS: &[Constraint] = &[Constraint::NotBefore("modified", "created")];

/// Property names that nobody may use (§3.8).
pub(super) const RESERVED: &[&str] = &["severity", "username", "phone_number", "action"];

static EXTERNAL_REFERENCE: Group = Group {
    section: "§2.5",
    properties: &[
        must("source_name", TEXT),
        may("description", TEXT),
        may("url", Shape::Text(Form::Url)),
        may("hashes", HASHES),
        may("external_id", TEXT),
    ],
    constraints: &[Constraint::AtLeastOne(&["description", "url", "external_id"])],
};

/// A phase of a kill chain (§2.11).
pub(super) static KILL_CHAIN_PHASE: Group = Group {
    section: "§2.11",
    properties: &[must("kill_chain_name", Shape::Text(Form::Hyphened)), must("phase_name", Shape::Text(Form::Hyphened))],
    constraints: &[],
};

static GRANULAR_MARKING: Group = Group {
    section: "§7.2.3",
    properties: &[may("lang", Shape::Text(Form::Language)), may("marking_ref", to(&["marking-definition"])), must_list("selectors", Shape::Selector)],
    constraints: &[Constraint::ExactlyOne(&["marking_ref", "lang"])],
};
