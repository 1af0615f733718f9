//! The engine: holds an object against the table.

use super::common::{self, COMMON, Common, Need};
use super::form::{self, Verdict};
use super::{Column, Constraint, Form, Group, Precision, Property, Shape, Target, Type, Vocabulary, domain, extension, meta, observable, vocabulary};
use crate::stix::finding::{Clip, Findings, Path};
use crate::stix::id;
use crate::stix::json::{Json, Members};
use crate::stix::kind::{Class, class_of};
use crate::stix::pattern::tree::Pattern;
use crate::stix::time::Instant;

/// Holds an object against the whole standard. `show` is handed a pattern of the language of STIX as soon as it is read.
pub(in crate::stix) fn check(object: &Members<'_>, findings: &mut Findings, show: &mut dyn FnMut(&Pattern<'_>)) {
    let at = Path::Root;
    let Some(name) = type_name(object, findings) else { return };
    if let Some(other) = object.text("spec_version").filter(|version| *version != "2.1") {
        // The rules of one version say nothing about the objects of another.
        let other = Clip(other).to_string();
        return findings.error(&at.key("spec_version"), "§3.2", format_args!("{other:?} is not 2.1, the version this server speaks"));
    }
    let known = Type::named(name);
    if known.is_none() && !name.starts_with("x-") && !extension::makes_new_type(object) {
        findings.warn(&at.key("type"), "§11.2", "a custom type should begin with x-, or have an extension that defines it");
    }
    let kind = known.unwrap_or_else(|| extension::custom_type(object));
    Check { object, kind, adds_properties: extension::adds_properties(object), findings, show }.whole();
}

/// The type of a STIX Object, without which nothing else can be said.
fn type_name<'o>(object: &'o Members<'_>, findings: &mut Findings) -> Option<&'o str> {
    let at = Path::Root.key("type");
    match object.get("type") {
        None => findings.error(&at, "§3.2", "is required"),
        Some(Json::Text(name)) if name == "bundle" => findings.error(&at, "§8", "a bundle is no STIX Object; send the objects in it"),
        Some(Json::Text(name)) => match Form::TypeName.judge(name) {
            Verdict::Wrong(message) => findings.error(&at, "§3.1", format_args!("{:?} {message}", Clip(name).to_string())),
            Verdict::Fits | Verdict::Odd(_) => return Some(name),
        },
        Some(other) => findings.error(&at, "§3.2", format_args!("must be a string, is {}", other.kind())),
    }
    None
}

impl Type {
    /// The type that the standard defines under this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        [domain::TYPES, observable::TYPES, meta::TYPES].into_iter().flatten().find(|kind| kind.name == name)
    }
}

/// One object being held against its type.
pub(super) struct Check<'c, 'j> {
    /// The object as a whole, into which selectors point.
    pub(super) object: &'c Members<'j>,
    pub(super) kind: &'static Type,
    /// Whether an extension of the object may add properties at its top.
    adds_properties: bool,
    pub(super) findings: &'c mut Findings,
    /// Who else wants to see a pattern, so that it is read once.
    pub(super) show: &'c mut dyn FnMut(&Pattern<'_>),
}

impl Check<'_, '_> {
    /// The common properties, then those of the type.
    fn whole(&mut self) {
        let (object, kind, at) = (self.object, self.kind, Path::Root);
        for Common { property, .. } in COMMON.iter().filter(|row| row.need(kind.column) == Need::Required && !object.has(row.property.name)) {
            self.findings.error(&at.key(property.name), "§3.2", "is required");
        }
        for (name, value) in object.iter() {
            self.member(&kind.group, COMMON, object, name, value, &at);
        }
        self.group_rules(&kind.group, object, &at);
        for constraint in common::CONSTRAINTS {
            self.constraint(constraint, "§3.2", object, &at);
        }
        if kind.column == Column::Sco {
            self.deterministic_id();
        }
    }

    /// A nested type or an extension.
    pub(super) fn group(&mut self, group: &'static Group, members: &Members<'_>, at: &Path<'_>) {
        for (name, value) in members.iter() {
            self.member(group, &[], members, name, value, at);
        }
        self.group_rules(group, members, at);
    }

    /// Required properties, and what holds between properties.
    fn group_rules(&mut self, group: &'static Group, members: &Members<'_>, at: &Path<'_>) {
        for property in group.properties.iter().filter(|property| property.required && !members.has(property.name)) {
            self.findings.error(&at.key(property.name), group.section, "is required");
        }
        for constraint in group.constraints {
            self.constraint(constraint, group.section, members, at);
        }
    }

    /// One member, by its row of the table if it has one.
    fn member(&mut self, group: &'static Group, common: &'static [Common], members: &Members<'_>, name: &str, value: &Json<'_>, at: &Path<'_>) {
        let at = at.key(name);
        if let Some(property) = group.property(name) {
            self.property(property, value, &at, group.section);
        } else if let Some(row) = common.iter().find(|row| row.property.name == name) {
            match row.need(self.kind.column) {
                Need::Forbidden => self.findings.error(&at, "§3.2", "is not allowed on this kind of object"),
                Need::Unusual => self.findings.warn(&at, "§3.6", "is for objects with versions, which observables seldom are"),
                Need::Required | Need::Optional => {}
            }
            self.property(&row.property, value, &at, "§3.2");
        } else {
            self.unknown(name, value, &at);
        }
        if name.strip_suffix("_enc").is_some_and(|base| !members.has(base)) {
            self.findings.error(&at, "§3.1", "only together with the property whose encoding it names");
        }
    }

    /// A value or a list of values.
    fn property(&mut self, property: &'static Property, value: &Json<'_>, at: &Path<'_>, section: &'static str) {
        if property.many { self.list(&property.shape, value, at, section) } else { self.value(&property.shape, value, at, section) }
    }

    /// A list of at least one value (§2.12).
    fn list(&mut self, shape: &'static Shape, value: &Json<'_>, at: &Path<'_>, section: &'static str) {
        match value {
            Json::List(list) if list.is_empty() => self.findings.error(at, "§2.12", "a list must not be empty"),
            Json::List(list) => list.iter().enumerate().for_each(|(index, value)| self.value(shape, value, &at.item(index), section)),
            other => self.findings.error(at, "§2.12", format_args!("must be a list, is {}", other.kind())),
        }
    }

    /// One value of a shape.
    fn value(&mut self, shape: &'static Shape, value: &Json<'_>, at: &Path<'_>, section: &'static str) {
        match (shape, value) {
            (Shape::Any, _) => self.free(value, at),
            (Shape::Bool, Json::Bool(_)) | (Shape::IntOrText, Json::Text(_)) => {}
            (Shape::Int(..) | Shape::IntOrText, Json::Integer(_) | Json::Float(_)) => self.integer(shape, value, at),
            (Shape::Float(low, high), Json::Integer(_) | Json::Float(_)) => self.float(*low, *high, value, at, section),
            (Shape::Text(form), Json::Text(text)) => self.verdict(form.judge(text), text, at, section),
            (Shape::Open(vocabulary) | Shape::Enum(vocabulary), Json::Text(text)) => self.word(vocabulary, matches!(shape, Shape::Enum(_)), text, at),
            (Shape::Time(precision), Json::Text(text)) => self.time(*precision, text, at, section),
            (Shape::Hex, Json::Text(text)) => self.verdict(form::hex(text), text, at, "§2.8"),
            (Shape::Binary, Json::Text(text)) => self.verdict(form::binary(text), text, at, "§2.1"),
            (Shape::Hashes, Json::Object(members)) => self.hashes(members, at),
            (Shape::Id(target), Json::Text(text)) => self.reference(*target, text, at, section),
            (Shape::Dict(shape), Json::Object(members)) => self.dictionary(shape, members, at, section),
            (Shape::TextsOrText, Json::Text(_)) => self.findings.warn(at, section, "should be a list of strings"),
            (Shape::TextsOrText, _) => self.list(&super::TEXT, value, at, section),
            (Shape::Group(group), Json::Object(members)) => self.group(group, members, at),
            (Shape::Extensions, Json::Object(members)) => self.extensions(members, at),
            (Shape::Container, Json::Object(members)) => self.container(members, at),
            (Shape::Translations, Json::Object(members)) => self.translations(members, at),
            (Shape::Selector, Json::Text(text)) => self.selector(text, at),
            (shape, value) => {
                let (wanted, section) = shape.wanted();
                self.findings.error(at, section, format_args!("must be {wanted}, is {}", value.kind()));
            }
        }
    }

    /// What a format says of a string.
    fn verdict(&mut self, verdict: Verdict, text: &str, at: &Path<'_>, section: &'static str) {
        match verdict {
            Verdict::Fits => {}
            Verdict::Odd(message) => self.findings.warn(at, section, format_args!("{:?} {message}", Clip(text).to_string())),
            Verdict::Wrong(message) => self.findings.error(at, section, format_args!("{:?} {message}", Clip(text).to_string())),
        }
    }

    /// An integer; one that is written with a fraction of zero is odd (§2.10).
    fn integer(&mut self, shape: &'static Shape, value: &Json<'_>, at: &Path<'_>) {
        let (low, high) = if let Shape::Int(low, high) = shape { (*low, *high) } else { (-super::LARGEST, super::LARGEST) };
        let number = match value {
            Json::Integer(number) => Some(*number),
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the bound is 2^53, within which both are exact")]
            Json::Float(number) if number.fract() == 0.0 && number.abs() <= super::LARGEST as f64 => {
                self.findings.warn(at, "§2.10", "an integer should be written without a fraction");
                Some(*number as i64)
            }
            _ => None,
        };
        match number {
            Some(number) if (low..=high).contains(&number) => {}
            Some(number) => self.findings.error(at, "§2.10", format_args!("must be an integer from {low} to {high}, is {number}")),
            None => self.findings.error(at, "§2.10", "must be an integer, is another number"),
        }
    }

    fn float(&mut self, low: f64, high: f64, value: &Json<'_>, at: &Path<'_>, section: &'static str) {
        #[expect(clippy::cast_precision_loss, reason = "a bound is told from a number beyond it in any case")]
        let number = match value {
            Json::Integer(number) => *number as f64,
            Json::Float(number) => *number,
            _ => f64::NAN,
        };
        if !(low..=high).contains(&number) {
            self.findings.error(at, section, format_args!("must be a number from {low} to {high}, is {number}"));
        }
    }

    /// A word of a vocabulary, open or closed (§2.4, §2.14).
    fn word(&mut self, vocabulary: &Vocabulary, closed: bool, text: &str, at: &Path<'_>) {
        if vocabulary.values.contains(&text) {
            return;
        }
        let word = Clip(text).to_string();
        if closed {
            self.findings.error(at, vocabulary.section, format_args!("{word:?} is not in {}", vocabulary.name));
        } else if text.bytes().all(form::is_hyphened) {
            self.findings.warn(at, vocabulary.section, format_args!("{word:?} is not in {}", vocabulary.name));
        } else {
            self.findings.warn(at, vocabulary.section, format_args!("{word:?} is not in {} and should be lower case with hyphens", vocabulary.name));
        }
    }

    /// A timestamp (§2.16).
    fn time(&mut self, precision: Precision, text: &str, at: &Path<'_>, section: &'static str) {
        if let Err(error) = Instant::parse(text) {
            return self.findings.error(at, "§2.16", format_args!("{:?} is no timestamp: {error}", Clip(text).to_string()));
        }
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction.trim_end_matches('Z'));
        match precision {
            Precision::Milliseconds if fraction.len() < 3 => self.findings.error(at, section, "needs at least three fraction digits"),
            Precision::Second if fraction.bytes().any(|b| b != b'0') => self.findings.error(at, section, "must be precise to the second"),
            _ => {}
        }
    }

    /// Hashes by algorithm (§2.7).
    fn hashes(&mut self, members: &Members<'_>, at: &Path<'_>) {
        if members.is_empty() {
            return self.findings.error(at, "§2.7", "must hold at least one hash");
        }
        for (algorithm, value) in members.iter() {
            let at = at.key(algorithm);
            if algorithm.len() < 3 || !form::is_dictionary_key(algorithm) {
                self.findings.error(&at, "§2.7", "a hash algorithm is 3 to 250 of a-z, A-Z, 0-9, - and _");
            }
            if !vocabulary::HASH_ALGORITHM.values.contains(&algorithm) {
                self.findings.warn(&at, "§10.7", "is not in hash-algorithm-ov");
            }
            match value {
                Json::Text(text) => self.verdict(form::hash(algorithm, text), text, &at, "§10.7"),
                other => self.findings.error(&at, "§2.7", format_args!("must be a string, is {}", other.kind())),
            }
        }
        if !members.has("SHA-256") {
            self.findings.warn(at, "§2.7", "should hold a SHA-256");
        }
    }

    /// An identifier, and the type it may be of (§2.9).
    fn reference(&mut self, target: Target, text: &str, at: &Path<'_>, section: &'static str) {
        if let Err(error) = id::check(text) {
            return self.findings.error(at, "§2.9", format_args!("{:?} is no identifier: {error}", Clip(text).to_string()));
        }
        let kind = id::type_of(text);
        let class = class_of(kind);
        let stix_object = kind != "bundle";
        let fits = match target {
            Target::Itself if self.object.text("type") != Some(kind) => {
                return self.findings.error(at, "§2.9", format_args!("the type before -- is not the object's type: {}", Clip(kind)));
            }
            Target::Itself => true,
            Target::Any => stix_object,
            Target::Sdo => stix_object && matches!(class, Some(Class::Sdo) | None),
            Target::Sco => stix_object && matches!(class, Some(Class::Sco) | None),
            Target::SdoOrSco => stix_object && matches!(class, Some(Class::Sdo | Class::Sco) | None),
            Target::ScoOrSro => stix_object && matches!(class, Some(Class::Sco | Class::Sro) | None),
            Target::Of(kinds) => kinds.contains(&kind),
        };
        if !fits {
            self.findings.error(at, section, format_args!("must not refer to {}", Clip(kind)));
        }
    }

    /// A dictionary (§2.3).
    fn dictionary(&mut self, shape: &'static Shape, members: &Members<'_>, at: &Path<'_>, section: &'static str) {
        if members.is_empty() {
            return self.findings.error(at, "§2.3", "a dictionary must not be empty");
        }
        for (key, value) in members.iter() {
            let at = at.key(key);
            if !form::is_dictionary_key(key) {
                self.findings.error(&at, "§2.3", "a dictionary key is at most 250 of a-z, A-Z, 0-9, - and _");
            } else if key.bytes().any(|b| b.is_ascii_uppercase()) {
                self.findings.warn(&at, "§2.3", "a dictionary key should be lower case");
            }
            self.value(shape, value, &at, section);
        }
    }

    /// Translations by language (§7.1).
    fn translations(&mut self, members: &Members<'_>, at: &Path<'_>) {
        if members.is_empty() {
            return self.findings.error(at, "§2.3", "a dictionary must not be empty");
        }
        for (language, value) in members.iter() {
            let at = at.key(language);
            if !form::is_language(language) {
                self.findings.error(&at, "§7.1", "is no language code of RFC 5646");
            }
            match value {
                Json::Object(translation) if !translation.is_empty() => {
                    for (name, value) in translation.iter() {
                        let at = at.key(name);
                        if !form::is_property_name(name) {
                            self.findings.error(&at, "§7.1", "is the name of no property that could be translated");
                        }
                        self.free(value, &at);
                    }
                }
                Json::Object(_) => self.findings.error(&at, "§7.1", "must translate at least one property"),
                other => self.findings.error(&at, "§7.1", format_args!("must be an object, is {}", other.kind())),
            }
        }
    }

    /// Content that the standard does not describe: no `null` anywhere, and no empty list.
    ///
    /// An empty list is forbidden where a property has a type (§2.12); of custom content nobody here knows the type.
    pub(super) fn free(&mut self, value: &Json<'_>, at: &Path<'_>) {
        match value {
            Json::Null => self.findings.error(at, "§2", "null is no value"),
            Json::List(list) if list.is_empty() => self.findings.warn(at, "§2.12", "a list should not be empty"),
            Json::List(list) => list.iter().enumerate().for_each(|(index, value)| self.free(value, &at.item(index))),
            Json::Object(members) => members.iter().for_each(|(name, value)| self.free(value, &at.key(name))),
            Json::Bool(_) | Json::Integer(_) | Json::Float(_) | Json::Text(_) => {}
        }
    }

    /// A property that no table knows: custom, or of an extension (§7.3, §11.1).
    fn unknown(&mut self, name: &str, value: &Json<'_>, at: &Path<'_>) {
        if !form::is_property_name(name) {
            self.findings.error(at, "§3.1", "is no property name (3 to 250 of a-z, 0-9 and _, beginning with a letter)");
        } else if matches!(at, Path::Key(Path::Root, _)) && common::RESERVED.contains(&name) {
            self.findings.error(at, "§3.8", "is a reserved name");
        } else if !name.starts_with("x_") && !self.adds_properties {
            self.findings.warn(at, "§11.1", "is not a property of the standard; a custom one should begin with x_");
        }
        match name.rsplit_once('_').map(|(_, suffix)| suffix) {
            Some("ref") => self.value(&Shape::Id(Target::Any), value, at, "§3.1"),
            Some("refs") => self.list(&Shape::Id(Target::Any), value, at, "§3.1"),
            Some("bin") => self.value(&Shape::Binary, value, at, "§3.1"),
            Some("hex") => self.value(&Shape::Hex, value, at, "§3.1"),
            _ => self.free(value, at),
        }
    }

    /// What holds between properties.
    fn constraint(&mut self, constraint: &'static Constraint, section: &'static str, members: &Members<'_>, at: &Path<'_>) {
        let present = |names: &[&str]| names.iter().filter(|name| members.has(name)).count();
        match constraint {
            Constraint::AtLeastOne(names) if present(names) == 0 => {
                self.findings.error(at, section, format_args!("needs at least one of {}", names.join(", ")));
            }
            Constraint::ExactlyOne(names) if present(names) != 1 => {
                self.findings.error(at, section, format_args!("needs exactly one of {}", names.join(", ")));
            }
            Constraint::Besides(names) if members.len() <= present(names) => {
                self.findings.error(at, section, "needs at least one property of its own");
            }
            Constraint::Own if !self.has_own(members) => self.findings.error(at, section, "needs at least one property of its own"),
            Constraint::Should(names) => {
                for name in names.iter().filter(|name| !members.has(name)) {
                    self.findings.warn(&at.key(name), section, "should be present");
                }
            }
            Constraint::Needs(name, others) if members.has(name) && present(others) < others.len() => {
                self.findings.error(&at.key(name), section, format_args!("only together with {}", others.join(" and ")));
            }
            Constraint::MustWhen(name, other, value) if members.get(other) == Some(&Json::Bool(*value)) && !members.has(name) => {
                self.findings.error(&at.key(name), section, format_args!("is required if {other} is {value}"));
            }
            Constraint::NotWhen(name, other, value) if members.get(other) == Some(&Json::Bool(*value)) && members.has(name) => {
                self.findings.error(&at.key(name), section, format_args!("is not allowed if {other} is {value}"));
            }
            Constraint::NotBefore(later, earlier) | Constraint::After(later, earlier) => {
                let strict = matches!(constraint, Constraint::After(..));
                let instant = |name: &str| members.text(name).and_then(|text| Instant::parse(text).ok());
                match (instant(later), instant(earlier)) {
                    (Some(late), Some(early)) if late < early => self.findings.error(&at.key(later), section, format_args!("earlier than {earlier}")),
                    (Some(late), Some(early)) if strict && late == early => {
                        self.findings.error(&at.key(later), section, format_args!("must be later than {earlier}"));
                    }
                    _ => {}
                }
            }
            Constraint::Rule(rule) => rule(self, members, at),
            _ => {}
        }
    }

    /// Whether the object has a property of its type, of one of the type's extensions, or, if the type is custom, any that is not common.
    fn has_own(&self, members: &Members<'_>) -> bool {
        let common = |name: &str| COMMON.iter().any(|row| row.property.name == name);
        match self.kind {
            Type { group: Group { properties: [], .. }, .. } => members.iter().any(|(name, _)| !common(name)),
            kind => {
                kind.group.properties.iter().any(|property| members.has(property.name)) || (!kind.extensions.is_empty() && members.has("extensions"))
            }
        }
    }
}

impl Shape {
    /// What a value of this shape is, and the section that says so.
    fn wanted(&self) -> (&'static str, &'static str) {
        match self {
            Self::Any => ("a value", "§2"),
            Self::Bool => ("a boolean", "§2.2"),
            Self::Int(..) => ("an integer", "§2.10"),
            Self::Float(..) => ("a number", "§2.6"),
            Self::Text(_) => ("a string", "§2.15"),
            Self::Open(_) => ("a string", "§2.14"),
            Self::Enum(_) => ("a string", "§2.4"),
            Self::Time(_) => ("a timestamp", "§2.16"),
            Self::Hex => ("a hex string", "§2.8"),
            Self::Binary => ("a base64 string", "§2.1"),
            Self::Hashes => ("an object of hashes", "§2.7"),
            Self::Id(_) => ("an identifier", "§2.9"),
            Self::Dict(_) | Self::Container | Self::Translations => ("a dictionary", "§2.3"),
            Self::IntOrText => ("an integer or a string", "§2.10"),
            Self::TextsOrText => ("a list of strings", "§2.12"),
            Self::Group(group) => ("an object", group.section),
            Self::Extensions => ("a dictionary of extensions", "§7.3"),
            Self::Selector => ("a selector", "§7.2.3"),
        }
    }
}
