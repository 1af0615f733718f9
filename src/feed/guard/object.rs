//! What an object is about: the values that an indicator's pattern looks for, and those of an observable.

use super::subject::{Algorithm, Subject};
use crate::stix::json::{Json, Members};
use crate::stix::pattern::sought::each_sought;
use crate::stix::pattern::tree::{Path, Pattern, Step};

/// What a property of an observable holds.
#[derive(Clone, Copy)]
enum Holds {
    /// An address or a network.
    Network,
    /// A name of a host.
    Host,
    /// An address, or else a name of a host.
    Place,
    Url,
    Email,
    FileName,
    Other,
}

/// Observables with the property that says what they are (§6).
const VALUES: [(&str, &str, Holds); 15] = [
    ("ipv4-addr", "value", Holds::Network),
    ("ipv6-addr", "value", Holds::Network),
    ("domain-name", "value", Holds::Host),
    ("url", "value", Holds::Url),
    ("email-addr", "value", Holds::Email),
    ("file", "name", Holds::FileName),
    ("directory", "path", Holds::Other),
    ("mac-addr", "value", Holds::Other),
    ("mutex", "name", Holds::Other),
    ("process", "command_line", Holds::Other),
    ("user-account", "account_login", Holds::Other),
    ("user-account", "user_id", Holds::Other),
    ("windows-registry-key", "key", Holds::Other),
    ("email-message", "subject", Holds::Other),
    // Where a reference may lead to several types, see below.
    ("place", "value", Holds::Place),
];

/// Properties by which a pattern goes from one object to another, and the type of the other (§9.7).
const REFERENCES: [(&str, &str); 11] = [
    ("src_ref", "place"),
    ("dst_ref", "place"),
    ("resolves_to_refs", "place"),
    ("from_ref", "email-addr"),
    ("sender_ref", "email-addr"),
    ("to_refs", "email-addr"),
    ("cc_refs", "email-addr"),
    ("bcc_refs", "email-addr"),
    ("image_ref", "file"),
    ("content_ref", "artifact"),
    ("parent_directory_ref", "directory"),
];

/// Hands what a pattern looks for to `each`.
pub(super) fn of_pattern(pattern: &Pattern<'_>, each: &mut dyn FnMut(Subject<'_>)) {
    each_sought(pattern, &mut |path, text| {
        if let Some(subject) = of_path(path, text) {
            each(subject);
        }
    });
}

/// Hands the values of an observable to `each`, with the path of each; any other object has none.
pub(super) fn of_observable(object: &Members<'_>, each: &mut dyn FnMut(&str, Subject<'_>)) {
    let Some(kind) = object.text("type") else { return };
    for (_, property, holds) in VALUES.iter().filter(|(its, ..)| *its == kind) {
        if let Some(subject) = object.text(property).and_then(|text| holds.read(text)) {
            each(property, subject);
        }
    }
    if matches!(kind, "file" | "artifact" | "x509-certificate") {
        let hashes = object.get("hashes").and_then(Json::as_object).into_iter().flat_map(Members::iter);
        for (name, hash) in hashes {
            if let Some(hash) = hash.as_text() {
                each(&format!("hashes.{name}"), Subject::Hash(Algorithm::named(name), hash));
            }
        }
    }
}

/// What a property that a pattern compares with `text` holds.
fn of_path<'t>(path: &Path<'_>, text: &'t str) -> Option<Subject<'t>> {
    let keys = path.steps.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_ref()),
        Step::Item(_) | Step::Any => None,
    });
    let (mut object, mut property) = (path.object.as_ref(), path.property.as_ref());
    for key in keys {
        if property == "hashes" {
            return Some(Subject::Hash(Algorithm::named(key), text));
        }
        object = REFERENCES.iter().find(|(its, _)| *its == property).map_or("", |(_, to)| to);
        property = key;
    }
    let holds = VALUES.iter().find(|(kind, its, _)| *kind == object && *its == property).map(|(.., holds)| holds)?;
    holds.read(text)
}

impl Holds {
    fn read(self, text: &str) -> Option<Subject<'_>> {
        Some(match self {
            Self::Network => Subject::of_network(text)?,
            Self::Place => Subject::of_network(text).unwrap_or(Subject::Host(text)),
            Self::Host => Subject::Host(text),
            Self::Url => Subject::Url(text),
            Self::Email => Subject::Email(text),
            Self::FileName => Subject::FileName(text),
            Self::Other => Subject::Other(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::pattern::parse::parse;

    fn in_pattern(pattern: &str) -> Vec<String> {
        let mut found = Vec::new();
        of_pattern(&parse(pattern).unwrap(), &mut |subject| found.push(format!("{subject:?}")));
        found
    }

    fn in_object(object: &str) -> Vec<String> {
        let mut found = Vec::new();
        of_observable(Json::parse(object).unwrap().as_object().unwrap(), &mut |path, subject| found.push(format!("{path} {subject:?}")));
        found
    }

    #[test]
    fn a_pattern_is_about_the_values_that_it_looks_for() {
        for (test, subject) in [
            ("ipv4-addr:value = '10.0.0.5'", "Address(10.0.0.5)"),
            ("ipv4-addr:value ISSUBSET '10.0.0.5/8'", "Network(10.0.0.0/8)"),
            ("ipv6-addr:value = '2001:DB8::1'", "Address(2001:db8::1)"),
            ("domain-name:value = 'a.example'", r#"Host("a.example")"#),
            ("url:value = 'https://a.example/'", r#"Url("https://a.example/")"#),
            ("email-addr:value = 'a@b.example'", r#"Email("a@b.example")"#),
            ("file:name = 'x.exe'", r#"FileName("x.exe")"#),
            ("file:hashes.'SHA-256' = 'AB'", r#"Hash(Sha256, "AB")"#),
            ("file:hashes.MD5 = 'AB'", r#"Hash(Md5, "AB")"#),
            ("file:content_ref.hashes.'SHA-1' = 'AB'", r#"Hash(Sha1, "AB")"#),
            ("x509-certificate:hashes.'SHA-512' = 'AB'", r#"Hash(Sha512, "AB")"#),
            ("process:image_ref.name = 'x.exe'", r#"FileName("x.exe")"#),
            ("network-traffic:dst_ref.value = '192.0.2.1'", "Address(192.0.2.1)"),
            ("network-traffic:src_ref.value = 'a.example'", r#"Host("a.example")"#),
            ("domain-name:resolves_to_refs[*].value = '192.0.2.1'", "Address(192.0.2.1)"),
            ("email-message:to_refs[0].value = 'a@b.example'", r#"Email("a@b.example")"#),
            ("mutex:name = 'x'", r#"Other("x")"#),
        ] {
            assert_eq!(in_pattern(&format!("[{test}]")), [subject], "{test}");
        }
        for test in ["file:size = 5", "file:mime_type = 'text/plain'", "ipv4-addr:value = 'nonsense'", "x-own:value = 'x'", "software:name = 'x'"] {
            assert!(in_pattern(&format!("[{test}]")).is_empty(), "{test}");
        }
    }

    #[test]
    fn an_observable_is_about_its_value_and_its_hashes() {
        assert_eq!(in_object(r#"{"type": "url", "value": "https://a.example/"}"#), [r#"value Url("https://a.example/")"#]);
        assert_eq!(
            in_object(r#"{"type": "file", "hashes": {"MD5": "AB", "SHA-256": "CD"}, "name": "x"}"#),
            [r#"name FileName("x")"#, r#"hashes.MD5 Hash(Md5, "AB")"#, r#"hashes.SHA-256 Hash(Sha256, "CD")"#]
        );
        assert!(in_object(r#"{"type": "indicator", "value": "x", "name": "y"}"#).is_empty());
        assert!(in_object(r#"{"type": "ipv4-addr", "value": "nonsense"}"#).is_empty());
    }
}
