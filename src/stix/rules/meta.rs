//! The meta objects (STIX 2.1 §7).

use super::{Column, Constraint, Form, Group, Shape, TEXT, TIME, Target, Type, extension, marking, may, may_list, must, must_list, vocabulary};

pub(super) static TYPES: &[Type] = &[
    Type {
        name: "language-content",
        column: Column::LanguageContent,
        group: Group {
            section: "§7.1",
            properties: &[must("object_ref", Shape::Id(Target::Any)), may("object_modified", TIME), must("contents", Shape::Translations)],
            constraints: &[],
        },
        extensions: &[],
    },
    Type {
        name: "marking-definition",
        column: Column::MarkingDefinition,
        group: Group {
            section: "§7.2.1",
            properties: &[may("name", TEXT), may("definition_type", TEXT), may("definition", Shape::Dict(&Shape::Any))],
            constraints: &[Constraint::Rule(marking::definition)],
        },
        extensions: &[],
    },
    Type {
        name: "extension-definition",
        column: Column::ExtensionDefinition,
        group: Group {
            section: "§7.3.1",
            properties: &[
                must("name", TEXT),
                may("description", TEXT),
                must("schema", TEXT),
                must("version", Shape::Text(Form::SemanticVersion)),
                must_list("extension_types", Shape::Enum(&vocabulary::EXTENSION_TYPE)),
                may_list("extension_properties", TEXT),
            ],
            constraints: &[Constraint::Should(&["description"]), Constraint::Rule(extension::properties)],
        },
        extensions: &[],
    },
];
