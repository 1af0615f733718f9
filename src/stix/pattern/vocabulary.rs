//! Where a path leads among the cyber-observable objects of the rule table (STIX 2.1 §6, §9.7).

use super::tree::{Path, Step};
use crate::stix::finding::Clip;
use crate::stix::rules::form::Form;
use crate::stix::rules::{Group, Property, Shape, TEXT, Target, Type, observable};

/// The kind of value that stands at a place of an object, as far as patterns tell kinds apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Str,
    Ipv4,
    Ipv6,
    Mac,
    Domain,
    Mail,
    Url,
    /// A string that is the hash of something (§2.7).
    Hash,
    Int,
    Float,
    Bool,
    Ts,
    /// Octets, written as hexadecimal digits.
    Hex,
    /// Octets, written in base64.
    Bin,
    /// The identifier of an object of one of these types, through which a path goes on (§9.7.4).
    Ref(&'static [&'static str]),
    /// The identifier of any cyber-observable object.
    AnyRef,
    /// Algorithms and hashes (§2.7).
    Hashes,
    List(Row<Shape>),
    Dict(Row<Shape>),
    Object(Row<Group>),
    /// The predefined extensions of a type, beside which others may stand (§3.10, §7.3).
    Extensions(Row<Type>),
    Any,
}

use Kind::{Any, AnyRef, Bin, Bool, Dict, Domain, Extensions, Float, Hash, Hashes, Hex, Int, Ipv4, Ipv6, List, Mac, Mail, Object, Ref, Str, Ts, Url};

/// A part of the rule table, equal to itself only: comparing what it holds would take long and tell no more.
pub(super) struct Row<T: 'static>(&'static T);

impl<T> Clone for Row<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Row<T> {}

impl<T> PartialEq for Row<T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl<T> std::fmt::Debug for Row<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:p}", self.0)
    }
}

impl Kind {
    fn of(shape: &'static Shape) -> Self {
        match shape {
            Shape::Bool => Bool,
            Shape::Int(..) => Int,
            Shape::Float(..) => Float,
            Shape::Text(form) => Self::of_text(*form),
            Shape::Open(_) | Shape::Enum(_) | Shape::Selector => Str,
            Shape::Time(_) => Ts,
            Shape::Hex => Hex,
            Shape::Binary => Bin,
            Shape::Hashes => Hashes,
            Shape::Id(target) => Self::of_reference(*target),
            Shape::Dict(values) => Dict(Row(values)),
            Shape::TextsOrText => List(Row(&TEXT)),
            Shape::Group(group) => Object(Row(group)),
            // The last three stand in no observable; extensions have their type beside them.
            Shape::Any | Shape::IntOrText | Shape::Extensions | Shape::Container | Shape::Translations => Any,
        }
    }

    fn of_text(form: Form) -> Self {
        match form {
            Form::Ipv4 => Ipv4,
            Form::Ipv6 => Ipv6,
            Form::Mac => Mac,
            Form::DomainName => Domain,
            Form::EmailAddress => Mail,
            Form::Url => Url,
            _ => Str,
        }
    }

    /// No path goes on through the object's own identifier, or to a marking, which is no observable.
    fn of_reference(target: Target) -> Self {
        match target {
            Target::Of(["marking-definition"]) => Str,
            Target::Of(types) => Ref(types),
            Target::Sco => AnyRef,
            _ => Str,
        }
    }

    fn of_property(property: &'static Property) -> Self {
        match property {
            // Lists of strings since the errata, plain strings before; and readers of PDF hold whatever they find.
            Property { name: "request_header" | "document_info_dict", .. } => Dict(Row(&Shape::Any)),
            Property { many: true, shape, .. } => List(Row(shape)),
            Property { shape, .. } => Self::of(shape),
        }
    }
}

/// Whether a name marks itself as custom (§11): nothing is known about what it names.
fn is_custom(name: &str) -> bool {
    ["x-", "x_", "extension-definition--"].iter().any(|prefix| name.starts_with(prefix))
}

/// A property of a nested object.
fn member(group: &Group, name: &str) -> Option<Kind> {
    // The spelling of some copies of the standard.
    let name = if name == "windows_title" { "window_title" } else { name };
    group.property(name).map(Kind::of_property)
}

/// A property of an object, its own or one that all have.
fn property(object: &'static Type, name: &str) -> Option<Kind> {
    observable::property(object, name).map(|found| match found.shape {
        Shape::Extensions => Extensions(Row(object)),
        _ => Kind::of_property(found),
    })
}

fn extension(object: &Type, name: &str) -> Option<Kind> {
    object.extensions.iter().find(|(its, _)| *its == name).map(|(_, group)| Object(Row(group)))
}

/// Where a path leads.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// To a value of one of these kinds, by the types a reference may have. At least one.
    Known(Vec<Kind>),
    /// Into something custom, of which nothing is known.
    Custom,
    /// Nowhere: there is no such object in the standard.
    NoObject,
    /// Nowhere, and why.
    Nowhere(String),
}

/// Paths are not followed through more references than this.
///
/// Each reference may mean any object, and a pattern is to be judged in a time that its length bounds.
const MOST_STEPS: usize = 16;

/// Follows a path through the rule table (§9.7).
pub(super) fn follow(path: &Path<'_>) -> Place {
    let Some(object) = observable::named(&path.object) else {
        return if is_custom(&path.object) { Place::Custom } else { Place::NoObject };
    };
    let Some(first) = property(object, &path.property) else {
        return if is_custom(&path.property) {
            Place::Custom
        } else {
            Place::Nowhere(format!("{} has no property {}", path.object, Clip(&path.property)))
        };
    };
    if path.steps.len() > MOST_STEPS {
        return Place::Custom;
    }
    let mut kinds = vec![first];
    for step in &path.steps {
        let mut next = Next::default();
        let list = kinds.iter().any(|kind| matches!(kind, List(_)));
        for kind in kinds {
            next.enter(kind, step);
        }
        if next.custom {
            return Place::Custom;
        }
        if next.kinds.is_empty() {
            return Place::Nowhere(misstep(list, step));
        }
        kinds = next.kinds;
    }
    Place::Known(kinds)
}

/// What a step leads to.
#[derive(Default)]
struct Next {
    kinds: Vec<Kind>,
    custom: bool,
}

impl Next {
    fn enter(&mut self, kind: Kind, step: &Step<'_>) {
        match (kind, step) {
            (Any, _) => self.add(Any),
            (List(items), Step::Item(_) | Step::Any) => self.add(Kind::of(items.0)),
            (Dict(values), Step::Key(_)) => self.add(Kind::of(values.0)),
            (Hashes, Step::Key(_)) => self.add(Hash),
            (Object(group), Step::Key(name)) => self.member(member(group.0, name), name),
            (Extensions(object), Step::Key(name)) => self.member(extension(object.0, name), name),
            (Ref(types), Step::Key(name)) => self.through(types.iter().filter_map(|its| observable::named(its)), name),
            (AnyRef, Step::Key(name)) => self.through(observable::TYPES, name),
            _ => {}
        }
    }

    fn through(&mut self, objects: impl IntoIterator<Item = &'static Type>, name: &str) {
        objects.into_iter().for_each(|object| self.member(property(object, name), name));
    }

    fn member(&mut self, kind: Option<Kind>, name: &str) {
        self.custom |= kind.is_none() && is_custom(name);
        if let Some(kind) = kind {
            self.add(kind);
        }
    }

    fn add(&mut self, kind: Kind) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }
}

fn misstep(after_list: bool, step: &Step<'_>) -> String {
    match step {
        Step::Key(name) if after_list => format!("{} comes after a list, which needs [*] or [n] first", Clip(name)),
        Step::Key(name) => format!("there is no {} at this place", Clip(name)),
        Step::Item(_) | Step::Any => "[…] comes after what is no list".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::kind::{Class, class_of};
    use crate::stix::pattern::parse::parse;
    use crate::stix::pattern::tree::{Body, Test};

    fn place(path: &str) -> Place {
        let text = format!("[EXISTS {path}]");
        let pattern = parse(&text).unwrap();
        let Body::Object(comparisons) = &pattern.steps[0].operands[0].operands[0].body else { unreachable!("brackets") };
        let Test::Exists { path, .. } = &comparisons.operands[0].operands[0] else { unreachable!("EXISTS") };
        follow(path)
    }

    #[test]
    fn s207_the_table_has_every_cyber_observable_object_and_nothing_else() {
        assert_eq!(observable::TYPES.len(), 18);
        assert!(observable::TYPES.iter().all(|object| class_of(object.name) == Some(Class::Sco)));
    }

    /// Every group that can be reached, to look at all of them.
    fn groups(group: &'static Group, found: &mut Vec<&'static Group>) {
        found.push(group);
        for property in group.properties {
            if let Shape::Group(inner) = &property.shape {
                groups(inner, found);
            }
        }
    }

    #[test]
    fn s208_names_tell_kinds_and_references_lead_to_objects() {
        let mut all = Vec::new();
        for object in observable::TYPES {
            groups(&object.group, &mut all);
            object.extensions.iter().for_each(|(_, group)| groups(group, &mut all));
        }
        for property in all.into_iter().flat_map(|group| group.properties) {
            let (name, kind) = (property.name, Kind::of_property(property));
            let item = Kind::of(&property.shape);
            assert_eq!(name.ends_with("_ref"), matches!(kind, Ref(_) | AnyRef), "{name}");
            assert_eq!(name.ends_with("_refs"), matches!((kind, item), (List(_), Ref(_) | AnyRef)), "{name}");
            assert_eq!(name.ends_with("_hex"), kind == Hex, "{name}");
            assert_eq!(name.ends_with("_bin"), kind == Bin, "{name}");
            if let Ref(types) = item {
                assert!(types.iter().all(|name| observable::named(name).is_some()), "{name}");
            }
        }
    }

    #[test]
    fn s208_paths_lead_through_lists_dictionaries_and_references() {
        for (path, kind) in [
            ("file:size", Int),
            ("file:hashes.'SHA-256'", Hash),
            ("file:extensions.'windows-pebinary-ext'.sections[*].entropy", Float),
            ("file:parent_directory_ref.path", Str),
            ("network-traffic:protocols[0]", Str),
            ("email-message:from_ref.value", Mail),
            ("email-message:body_multipart[*].body_raw_ref.name", Str),
            ("domain-name:resolves_to_refs[*].resolves_to_refs[0].value", Mac),
            ("user-account:extensions.'unix-account-ext'.groups[*]", Str),
            ("process:environment_variables.PATH", Str),
            ("url:defanged", Bool),
        ] {
            let Place::Known(kinds) = place(path) else { panic!("{path}: {:?}", place(path)) };
            assert!(kinds.contains(&kind), "{path}: {kinds:?}");
        }
        assert_eq!(place("network-traffic:dst_ref.value"), Place::Known(vec![Ipv4, Ipv6, Mac, Domain]));
    }

    #[test]
    fn s208_a_reference_to_anything_does_not_multiply() {
        let Place::Known(kinds) = place(&format!("file:contains_refs[*]{}", ".contains_refs[*]".repeat(7))) else { panic!("not followed") };
        assert_eq!(kinds.len(), 2);
    }

    #[test]
    fn s207_what_is_custom_is_free_and_what_is_unknown_is_not() {
        for custom in [
            "x-mine:a.b[*].c",
            "file:x_mine.a",
            "file:extensions.'x-mine-ext'.a",
            "file:extensions.'extension-definition--1'.a",
            "file:contains_refs[*].x_mine",
        ] {
            assert_eq!(place(custom), Place::Custom, "{custom}");
        }
        assert_eq!(place("win-registry-key:key"), Place::NoObject);
        for (path, why) in [
            ("file:path", "file has no property path"),
            ("file:extensions.'zip-ext'.a", "there is no zip-ext at this place"),
            ("directory:contains_refs.name", "name comes after a list, which needs [*] or [n] first"),
            ("file:name[0]", "[…] comes after what is no list"),
            ("file:hashes[*]", "[…] comes after what is no list"),
            ("email-message:from_ref.name", "there is no name at this place"),
        ] {
            assert_eq!(place(path), Place::Nowhere(why.to_owned()), "{path}");
        }
    }
}
