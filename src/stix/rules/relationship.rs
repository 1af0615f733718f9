//! Which relationships the standard lists (STIX 2.1 §3.7 and the tables at each object, Appendix B).

use super::check::Check;
use crate::stix::finding::{Clip, Path};
use crate::stix::id;
use crate::stix::json::Members;
use crate::stix::kind::{Class, class_of};

/// Stands for every observable among the targets.
const ANY_OBSERVABLE: &str = "*";

/// Source, relationship types, targets. Two types have two spellings, because the editions of the standard differ.
#[rustfmt::skip]
static LISTED: &[(&str, &[&str], &[&str])] = &[
    ("attack-pattern", &["delivers"], &["malware"]),
    ("attack-pattern", &["targets"], &["identity", "location", "vulnerability"]),
    ("attack-pattern", &["uses"], &["malware", "tool"]),
    ("campaign", &["attributed-to"], &["intrusion-set", "threat-actor"]),
    ("campaign", &["compromises"], &["infrastructure"]),
    ("campaign", &["originates-from"], &["location"]),
    ("campaign", &["targets"], &["identity", "location", "vulnerability"]),
    ("campaign", &["uses"], &["attack-pattern", "infrastructure", "malware", "tool"]),
    ("course-of-action", &["investigates"], &["indicator"]),
    ("course-of-action", &["mitigates"], &["attack-pattern", "indicator", "malware", "tool", "vulnerability"]),
    ("course-of-action", &["remediates"], &["malware", "vulnerability"]),
    ("domain-name", &["resolves-to"], &["domain-name", "ipv4-addr", "ipv6-addr"]),
    ("identity", &["located-at"], &["location"]),
    ("indicator", &["indicates"], &["attack-pattern", "campaign", "infrastructure", "intrusion-set", "malware", "threat-actor", "tool"]),
    ("indicator", &["based-on"], &["observed-data"]),
    ("infrastructure", &["communicates-with"], &["infrastructure", "ipv4-addr", "ipv6-addr", "domain-name", "url"]),
    ("infrastructure", &["consists-of"], &["infrastructure", "observed-data", ANY_OBSERVABLE]),
    ("infrastructure", &["controls"], &["infrastructure", "malware"]),
    ("infrastructure", &["delivers"], &["malware"]),
    ("infrastructure", &["has"], &["vulnerability"]),
    ("infrastructure", &["hosts"], &["tool", "malware"]),
    ("infrastructure", &["located-at"], &["location"]),
    ("infrastructure", &["uses"], &["infrastructure"]),
    ("intrusion-set", &["attributed-to"], &["threat-actor"]),
    ("intrusion-set", &["compromises"], &["infrastructure"]),
    ("intrusion-set", &["hosts", "owns"], &["infrastructure"]),
    ("intrusion-set", &["originates-from"], &["location"]),
    ("intrusion-set", &["targets"], &["identity", "location", "vulnerability"]),
    ("intrusion-set", &["uses"], &["attack-pattern", "infrastructure", "malware", "tool"]),
    ("ipv4-addr", &["belongs-to"], &["autonomous-system"]),
    ("ipv4-addr", &["resolves-to"], &["mac-addr"]),
    ("ipv6-addr", &["belongs-to"], &["autonomous-system"]),
    ("ipv6-addr", &["resolves-to"], &["mac-addr"]),
    ("malware", &["authored-by"], &["threat-actor", "intrusion-set"]),
    ("malware", &["beacons-to", "exfiltrates-to", "exfiltrate-to"], &["infrastructure"]),
    ("malware", &["communicates-with"], &["ipv4-addr", "ipv6-addr", "domain-name", "url"]),
    ("malware", &["controls"], &["malware"]),
    ("malware", &["downloads", "drops"], &["malware", "tool", "file"]),
    ("malware", &["exploits"], &["vulnerability"]),
    ("malware", &["originates-from"], &["location"]),
    ("malware", &["targets"], &["identity", "infrastructure", "location", "vulnerability"]),
    ("malware", &["uses"], &["attack-pattern", "infrastructure", "malware", "tool"]),
    ("malware", &["variant-of"], &["malware"]),
    ("malware-analysis", &["characterizes"], &["malware"]),
    ("malware-analysis", &["av-analysis-of", "analysis-of", "static-analysis-of", "dynamic-analysis-of"], &["malware"]),
    ("threat-actor", &["attributed-to"], &["identity"]),
    ("threat-actor", &["compromises"], &["infrastructure"]),
    ("threat-actor", &["hosts", "owns"], &["infrastructure"]),
    ("threat-actor", &["impersonates"], &["identity"]),
    ("threat-actor", &["located-at"], &["location"]),
    ("threat-actor", &["targets"], &["identity", "location", "vulnerability"]),
    ("threat-actor", &["uses"], &["attack-pattern", "infrastructure", "malware", "tool"]),
    ("tool", &["delivers"], &["malware"]),
    ("tool", &["drops"], &["malware"]),
    ("tool", &["has"], &["vulnerability"]),
    ("tool", &["targets"], &["identity", "infrastructure", "location", "vulnerability"]),
    ("tool", &["uses"], &["infrastructure"]),
];

/// A relationship that is not listed is legal, but seldom what was meant. Of custom types and relationships of their own nothing is known.
pub(super) fn is_listed(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let (Some(kind), Some(source), Some(target)) = (object.text("relationship_type"), object.text("source_ref"), object.text("target_ref")) else {
        return;
    };
    let (source, target) = (id::type_of(source), id::type_of(target));
    let (Some(_), Some(class)) = (class_of(source), class_of(target)) else { return };
    let fits = match kind {
        "related-to" => true,
        "derived-from" | "duplicate-of" => source == target,
        _ => LISTED.iter().any(|(from, kinds, targets)| {
            *from == source && kinds.contains(&kind) && (targets.contains(&target) || (class == Class::Sco && targets.contains(&ANY_OBSERVABLE)))
        }),
    };
    if !fits {
        check.findings.warn(&at.key("relationship_type"), "§3.7", format_args!("{source} {} {target} is not listed in the standard", Clip(kind)));
    }
}
