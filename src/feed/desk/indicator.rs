//! An indicator as an analyst publishes it: from what is said of it to the STIX object.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::feed::object::Properties;
use crate::stix::id::StixId;
use crate::stix::ioc::{Kind, write};
use crate::stix::marking::{Level, TLP};
use crate::stix::time::format_micros;
use crate::taxii::stamp::{DAY, Stamp};

/// The longest that an indicator may be said to be valid, in days.
pub const LONGEST_DAYS: u32 = 36_500;
/// The kill chain whose phases are the tactics of ATT&CK.
const KILL_CHAIN: &str = "mitre-attack";

/// A thing that is to be published.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The STIX pattern.
    pub pattern: String,
    /// What people call it.
    pub name: String,
    /// What there is to say about it.
    pub description: Option<String>,
    /// What is said of it and of all that is published with it.
    pub terms: Arc<Terms>,
}

/// What an analyst says of everything that is published together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// How far it may travel.
    pub tlp: Level,
    /// How sure the analyst is, from 0 to 100 (STIX 2.1 appendix A).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// Days that it is valid; without, it does not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_days: Option<u32>,
    /// Words to find it by.
    pub labels: Vec<String>,
    /// What it indicates (STIX 2.1 §10.8); without, `unknown`.
    pub indicator_types: Vec<String>,
    /// Tactics of ATT&CK, such as `initial-access`.
    pub kill_chain: Vec<String>,
    /// Ids of what it indicates: campaigns, malware, intrusion sets.
    pub related: Vec<String>,
    /// Where the report is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Publish it although a warning list says *block*.
    pub accept_warnings: bool,
    /// Publish it anew although it was revoked here before.
    pub revive: bool,
}

/// Where a report is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Who says so.
    pub name: String,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Proposal {
    /// An indicator for one value in normal form; `None` for what is no observable.
    pub fn of(kind: Kind, value: &str, description: Option<&str>, terms: &Arc<Terms>) -> Option<Self> {
        let description = description.map(str::to_owned).filter(|text| !text.is_empty());
        Some(Self { pattern: write::pattern(kind, value)?, name: name(kind, value), description, terms: terms.clone() })
    }

    /// An indicator for a pattern, which is called as it reads.
    pub fn of_pattern(pattern: &str, description: Option<&str>, terms: &Arc<Terms>) -> Self {
        let description = description.map(str::to_owned).filter(|text| !text.is_empty());
        Self { pattern: pattern.to_owned(), name: pattern.to_owned(), description, terms: terms.clone() }
    }
}

impl Terms {
    /// What no indicator can be published with, if there is such a thing.
    pub fn fault(&self) -> Option<String> {
        if self.confidence.is_some_and(|confidence| confidence > 100) {
            return Some("the confidence is a number from 0 to 100".into());
        }
        if self.valid_days.is_some_and(|days| !(1..=LONGEST_DAYS).contains(&days)) {
            return Some(format!("an indicator is valid for 1 to {LONGEST_DAYS} days"));
        }
        if self.source.as_ref().is_some_and(|source| source.name.trim().is_empty()) {
            return Some("the source has no name".into());
        }
        self.related.iter().find_map(|id| StixId::parse(id).err().map(|error| format!("related: {id:?} is no id: {error}")))
    }
}

/// What people call an indicator.
fn name(kind: Kind, value: &str) -> String {
    let noun = match kind {
        Kind::Ipv4 | Kind::Ipv6 => "Address",
        Kind::Network => "Network",
        Kind::Domain => "Domain",
        Kind::Url => "URL",
        Kind::Email => "E-mail address",
        Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 => "File",
        Kind::FileName => "File name",
        Kind::FilePath => "File path",
        Kind::RegistryKey => "Registry key",
        Kind::UserAgent => "User agent",
        Kind::Mutex => "Mutex",
        Kind::Asn => "Autonomous system",
        Kind::Pattern => "Pattern",
        Kind::Cve => "Vulnerability",
        Kind::Technique | Kind::Group | Kind::Software => "ATT&CK",
    };
    format!("{noun} {value}")
}

/// The first version of an indicator.
pub fn first(proposal: &Proposal, id: &StixId, author: &StixId, now: Stamp) -> Properties {
    let terms = &proposal.terms;
    let at = time(now);
    let mut properties = Properties::new();
    let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    set("type", json!("indicator"));
    set("spec_version", json!("2.1"));
    set("id", json!(id.as_str()));
    set("created_by_ref", json!(author.as_str()));
    set("created", json!(at));
    set("modified", json!(at));
    set("name", json!(proposal.name));
    set("pattern", json!(proposal.pattern));
    set("pattern_type", json!("stix"));
    set("pattern_version", json!("2.1"));
    set("valid_from", json!(at));
    let types = if terms.indicator_types.is_empty() { &["unknown".to_owned()][..] } else { &terms.indicator_types };
    set("indicator_types", json!(types));
    if let Some(description) = proposal.description.as_deref().filter(|text| !text.is_empty()) {
        set("description", json!(description));
    }
    if let Some(until) = until(terms, now) {
        set("valid_until", json!(time(until)));
    }
    if let Some(confidence) = terms.confidence {
        set("confidence", json!(confidence));
    }
    if !terms.labels.is_empty() {
        set("labels", json!(terms.labels));
    }
    if !terms.kill_chain.is_empty() {
        set("kill_chain_phases", terms.kill_chain.iter().map(|phase| json!({"kill_chain_name": KILL_CHAIN, "phase_name": phase})).collect());
    }
    if let Some(source) = &terms.source {
        set("external_references", json!([reference(source)]));
    }
    if let Some(marking) = marking(terms.tlp) {
        set("object_marking_refs", json!([marking]));
    }
    properties
}

/// A source as an external reference (STIX 2.1 §2.5).
pub fn reference(source: &Source) -> Value {
    match &source.url {
        Some(url) => json!({"source_name": source.name, "url": url}),
        // One property besides the name must be there.
        None => json!({"source_name": source.name, "description": "Reported."}),
    }
}

/// When what is published now under these terms ends.
pub fn until(terms: &Terms, now: Stamp) -> Option<Stamp> {
    terms.valid_days.map(|days| Stamp(now.0 + u64::from(days) * DAY))
}

/// The marking definition of TLP 2.0 that stands for a level.
pub fn marking(level: Level) -> Option<&'static str> {
    TLP.iter().find(|tlp| tlp.version == 2 && tlp.level == level).map(|tlp| tlp.id)
}

/// A stamp as objects of this server carry times: to the millisecond.
pub fn time(stamp: Stamp) -> String {
    format_micros(stamp.0, 3)
}
