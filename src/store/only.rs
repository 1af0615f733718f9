//! What of a collection a reader is shown besides what its clearance says: a view by what objects are about, or only what it sent itself.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::stix::json::Json;
use crate::stix::marking::Level;

/// The properties that are looked into.
const MEMBERS: [&str; 3] = ["labels", "indicator_types", "confidence"];

/// Which objects. What is not said is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Only {
    /// Those that came from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Uuid>,
    /// Those that did not come from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_from: Option<Uuid>,
    /// Those with one of these `labels` or `indicator_types`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Those of this `confidence` at least; one without counts 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<u8>,
}

/// What is known of a version without reading its text.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// Its level.
    pub level: Level,
    /// Where it came from.
    pub origin: Option<Uuid>,
    /// Whether it says `revoked: true`.
    pub revoked: bool,
}

impl Only {
    /// Whether a version is among them. A revocation is not held back for its confidence: whoever has the object learns that it is gone.
    pub fn admits(&self, header: Header, object: &[u8]) -> bool {
        let here = self.from.is_none_or(|from| header.origin == Some(from)) && self.not_from.is_none_or(|not| header.origin != Some(not));
        here && ((self.labels.is_empty() && self.min_confidence.is_none()) || self.admits_text(header.revoked, object))
    }

    fn admits_text(&self, revoked: bool, object: &[u8]) -> bool {
        let json = std::str::from_utf8(object).ok().and_then(|text| Json::parse_some(text, &MEMBERS).ok());
        let Some(members) = json.as_ref().and_then(Json::as_object) else { return false };
        let list = |name| members.get(name).and_then(Json::as_list).unwrap_or_default().iter().filter_map(Json::as_text);
        let labelled =
            self.labels.is_empty() || list("labels").chain(list("indicator_types")).any(|label| self.labels.iter().any(|its| its == label));
        let confidence = match members.get("confidence") {
            Some(Json::Integer(confidence)) => *confidence,
            _ => 0,
        };
        labelled && (revoked || self.min_confidence.is_none_or(|least| confidence >= i64::from(least)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_must_be_so() {
        let header = Header { level: Level::Clear, origin: Some(Uuid::from_u128(1)), revoked: false };
        let text = br#"{"labels":["webshell"],"indicator_types":["malicious-activity"],"confidence":60}"#;
        let admits = |only: Only| only.admits(header, text);
        assert!(admits(Only::default()));
        assert!(admits(Only { labels: vec!["other".into(), "malicious-activity".into()], ..Only::default() }));
        assert!(!admits(Only { labels: vec!["other".into()], ..Only::default() }));
        assert!(admits(Only { min_confidence: Some(60), ..Only::default() }) && !admits(Only { min_confidence: Some(61), ..Only::default() }));
        assert!(
            admits(Only { from: Some(Uuid::from_u128(1)), ..Only::default() }) && !admits(Only { from: Some(Uuid::from_u128(2)), ..Only::default() })
        );
        assert!(!admits(Only { not_from: Some(Uuid::from_u128(1)), ..Only::default() }));
        assert!(Only { min_confidence: Some(61), ..Only::default() }.admits(Header { revoked: true, ..header }, text));
    }
}
