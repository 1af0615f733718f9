//! The type of an object as people see it: a word, an abbreviation, and the family that gives it shape and colour.

use askama::Template;
use askama::filters::HtmlSafe;

use super::said::Said;

/// The type of an object.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/kind.html")]
pub struct Kind {
    /// The type's name as objects have it.
    pub name: Said,
    /// Two to four letters that stand for it where room is scarce.
    pub short: String,
    /// What it belongs to.
    pub family: Family,
}

impl HtmlSafe for Kind {}

/// Types that play one part in a story, and look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// What is looked for: indicators, sightings, observed data.
    Sign,
    /// Who: actors, identities, campaigns, incidents, places.
    Who,
    /// With what: malware, tools, techniques, infrastructure.
    How,
    /// Where it is weak, and what helps: vulnerabilities and courses of action.
    Weak,
    /// What is written about it: reports, notes, opinions, groupings.
    Paper,
    /// What is observed: addresses, names, files.
    Fact,
    /// Relationships, markings, and what the standard does not name.
    Other,
}

impl Family {
    /// The word by which the style sheet knows it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Who => "who",
            Self::How => "how",
            Self::Weak => "weak",
            Self::Paper => "paper",
            Self::Fact => "fact",
            Self::Other => "other",
        }
    }
}

/// Every type with its abbreviation and family.
const KINDS: &[(&str, &str, Family)] = &[
    ("indicator", "IND", Family::Sign),
    ("sighting", "SGT", Family::Sign),
    ("observed-data", "OBS", Family::Sign),
    ("threat-actor", "ACT", Family::Who),
    ("intrusion-set", "SET", Family::Who),
    ("identity", "IDN", Family::Who),
    ("campaign", "CMP", Family::Who),
    ("incident", "INC", Family::Who),
    ("location", "LOC", Family::Who),
    ("malware", "MAL", Family::How),
    ("malware-analysis", "ANA", Family::How),
    ("tool", "TOOL", Family::How),
    ("attack-pattern", "TTP", Family::How),
    ("infrastructure", "INF", Family::How),
    ("vulnerability", "VUL", Family::Weak),
    ("course-of-action", "COA", Family::Weak),
    ("report", "REP", Family::Paper),
    ("note", "NOTE", Family::Paper),
    ("opinion", "OPI", Family::Paper),
    ("grouping", "GRP", Family::Paper),
    ("artifact", "ART", Family::Fact),
    ("autonomous-system", "AS", Family::Fact),
    ("directory", "DIR", Family::Fact),
    ("domain-name", "DOM", Family::Fact),
    ("email-addr", "MAIL", Family::Fact),
    ("email-message", "MSG", Family::Fact),
    ("file", "FILE", Family::Fact),
    ("ipv4-addr", "IP4", Family::Fact),
    ("ipv6-addr", "IP6", Family::Fact),
    ("mac-addr", "MAC", Family::Fact),
    ("mutex", "MTX", Family::Fact),
    ("network-traffic", "NET", Family::Fact),
    ("process", "PROC", Family::Fact),
    ("software", "SW", Family::Fact),
    ("url", "URL", Family::Fact),
    ("user-account", "USER", Family::Fact),
    ("windows-registry-key", "REG", Family::Fact),
    ("x509-certificate", "CERT", Family::Fact),
    ("relationship", "REL", Family::Other),
    ("marking-definition", "MARK", Family::Other),
    ("language-content", "LANG", Family::Other),
    ("extension-definition", "EXT", Family::Other),
];

impl Kind {
    /// The kind of objects of this type. One that the standard does not name is abbreviated by its first letters.
    pub fn of(type_name: &str) -> Self {
        let known = KINDS.iter().find(|(name, ..)| *name == type_name);
        let (short, family) = known.map_or_else(|| (initials(type_name), Family::Other), |(_, short, family)| ((*short).to_owned(), *family));
        Self { name: type_name.into(), short, family }
    }
}

fn initials(name: &str) -> String {
    let short: String = name.trim_start_matches("x-").chars().filter(char::is_ascii_alphanumeric).take(3).collect();
    if short.is_empty() { "?".to_owned() } else { short.to_ascii_uppercase() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::kind::class_of;
    use std::collections::BTreeSet;

    #[test]
    fn every_type_of_the_standard_has_its_own_abbreviation() {
        let shorts: BTreeSet<&str> = KINDS.iter().map(|(_, short, _)| *short).collect();
        assert_eq!(shorts.len(), KINDS.len());
        assert!(KINDS.iter().all(|(name, ..)| class_of(name).is_some()));
        assert_eq!(KINDS.len(), 42);
    }

    #[test]
    fn an_unknown_type_is_named_by_itself() {
        assert_eq!(Kind::of("x-acme-thing").short, "ACM");
        assert_eq!(Kind::of("<b>").short, "B");
        assert_eq!(Kind::of("…").short, "?");
        assert!(!Kind::of("<b>").to_string().contains("<b>"));
    }
}
