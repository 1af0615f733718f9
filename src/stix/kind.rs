//! The object types that STIX 2.1 defines, by class.

/// What an object is in the terms of the standard (§1.3), which decides its common properties (§3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A STIX Domain Object.
    Sdo,
    /// A STIX Relationship Object.
    Sro,
    /// A STIX Cyber-observable Object.
    Sco,
    /// `language-content`, `marking-definition` or `extension-definition`.
    Meta,
}

const SDO: &[&str] = &[
    "attack-pattern",
    "campaign",
    "course-of-action",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "location",
    "malware",
    "malware-analysis",
    "note",
    "observed-data",
    "opinion",
    "report",
    "threat-actor",
    "tool",
    "vulnerability",
];
const SRO: &[&str] = &["relationship", "sighting"];
const SCO: &[&str] = &[
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];
const META: &[&str] = &["extension-definition", "language-content", "marking-definition"];

/// The class of a type that the standard defines; `None` for a custom one.
pub fn class_of(type_name: &str) -> Option<Class> {
    [(SDO, Class::Sdo), (SRO, Class::Sro), (SCO, Class::Sco), (META, Class::Meta)]
        .into_iter()
        .find(|(names, _)| names.contains(&type_name))
        .map(|(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_class() {
        assert_eq!(class_of("indicator"), Some(Class::Sdo));
        assert_eq!(class_of("sighting"), Some(Class::Sro));
        assert_eq!(class_of("url"), Some(Class::Sco));
        assert_eq!(class_of("marking-definition"), Some(Class::Meta));
        assert_eq!(class_of("bundle"), None);
        assert_eq!(class_of("x-mine"), None);
    }
}
