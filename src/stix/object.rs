//! The gate: one object, parsed strictly once, held against the standard, and what a store needs to know of it.

use std::borrow::Cow;

use serde::Deserialize;

use super::finding::{Finding, Findings, Path};
use super::id::StixId;
use super::json::{self, DEEPEST, Json, Members};
use super::marking::{Level, Tlp};
use super::pattern::tree::Pattern;
use super::rules::{check, marking};
use super::time::Instant;

/// `modified` may be this far ahead of the clock, for the sake of clocks that differ. Clients take the greatest `modified`
/// for the time up to which they have read, so that one object from the far future would silence a feed.
const PATIENCE_SECONDS: i64 = 5 * 60;

/// An object that obeys the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its identifier.
    pub id: StixId,
    /// Text and instant of `modified`, else of `created`; `None` for an object without versions (§3.6).
    pub version: Option<(String, Instant)>,
    /// The highest TLP level that marks it or a part of it. The definitions of TLP themselves are [`Level::Clear`].
    pub level: Level,
    /// The objects that it holds: its `object_refs`.
    pub holds: Vec<StixId>,
    /// Whether it withdraws what earlier versions said.
    pub revoked: bool,
    /// What the standard advises against.
    pub warnings: Vec<Finding>,
}

/// An object that breaks the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its `id`, as far as one could be read; any string.
    pub id: Option<String>,
    /// Its `modified`, else `created`, as far as one could be read; any string.
    pub version: Option<String>,
    /// What is wrong, first the errors, then the warnings. There is at least one error.
    pub findings: Vec<Finding>,
}

/// What [`judge_shown`] shows of an object, parsed already.
#[derive(Debug, Clone, Copy)]
pub enum Part<'p> {
    /// The pattern of an indicator, if its language is that of STIX. It is shown before the object is judged, which may be refused then.
    Pattern(&'p Pattern<'p>),
    /// The object as a whole, if it is taken.
    Whole(&'p Members<'p>),
}

/// Reads one object and holds it against STIX 2.1. `now` is what the clock says.
pub fn judge(text: &str, now: &Instant) -> Result<Object, Refusal> {
    judge_shown(text, now, &mut |_| {})
}

/// As [`judge`]; `show` sees what is read on the way, for those who have a view of their own on what an object says.
pub fn judge_shown(text: &str, now: &Instant, show: &mut dyn FnMut(Part<'_>)) -> Result<Object, Refusal> {
    let mut findings = Findings::default();
    let json = match Json::parse(text) {
        Ok(json) => json,
        Err(error) => {
            findings.error(&Path::Root, "§2", format_args!("not strict JSON: {error}"));
            return Err(Header::read(text).refusal(findings));
        }
    };
    let Some(object) = json.as_object() else {
        findings.error(&Path::Root, "§2", format_args!("must be an object, is {}", json.kind()));
        return Err(Header::default().refusal(findings));
    };
    check::check(object, &mut findings, &mut |pattern| show(Part::Pattern(pattern)));
    let version = version(object);
    if object.has("modified") && version.as_ref().is_some_and(|(_, instant)| *instant > now.plus_seconds(PATIENCE_SECONDS)) {
        findings.error(&Path::Root.key("modified"), "§3.2", "more than five minutes in the future");
    }
    match object.text("id").map(StixId::parse) {
        Some(Ok(id)) if findings.errors.is_empty() => {
            show(Part::Whole(object));
            let level = level(object);
            Ok(Object {
                id,
                version,
                level,
                holds: holds(object),
                revoked: object.get("revoked") == Some(&Json::Bool(true)),
                warnings: findings.warnings,
            })
        }
        _ => Err(Header::of(object).refusal(findings)),
    }
}

/// Refuses a text that is nested deeper than `most` levels. The parser has its own bound, so that the greatest `most` costs nothing.
pub fn check_depth(text: &str, most: usize) -> Result<(), Refusal> {
    if most >= DEEPEST || json::depth(text) <= most {
        return Ok(());
    }
    let mut findings = Findings::default();
    findings.error(&Path::Root, "§3.1", format!("nested deeper than {most} levels, which is as deep as this server reads"));
    Err(Header::read(text).refusal(findings))
}

/// Text and instant of the version.
fn version(object: &Members<'_>) -> Option<(String, Instant)> {
    let text = object.text("modified").or_else(|| object.text("created"))?;
    Some((text.to_owned(), Instant::parse(text).ok()?))
}

/// The highest TLP level that marks an object or a part of it.
pub fn level(object: &Members<'_>) -> Level {
    if object.text("id").is_some_and(|id| Tlp::of_id(id).is_some()) {
        return Level::Clear;
    }
    marking::markings(object).filter_map(Level::of_marking).max().unwrap_or_default()
}

/// The objects that a report, grouping, note, opinion or observation holds, each once.
pub fn holds(object: &Members<'_>) -> Vec<StixId> {
    let refs = object.get("object_refs").and_then(Json::as_list).unwrap_or_default();
    let mut ids: Vec<StixId> = refs.iter().filter_map(Json::as_text).filter_map(|id| StixId::parse(id).ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What names a version of an object, where there is no more to be had.
#[derive(Default, Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    modified: Option<Cow<'a, str>>,
    #[serde(borrow)]
    created: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads the header of a text that is JSON in form, though not strictly.
    fn read(text: &'a str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The header of a tree.
    fn of(object: &'a Members<'_>) -> Self {
        let text = |name| object.text(name).map(Cow::Borrowed);
        Self { id: text("id"), modified: text("modified"), created: text("created") }
    }

    fn refusal(self, findings: Findings) -> Refusal {
        let findings = findings.errors.into_iter().chain(findings.warnings).collect();
        Refusal { id: self.id.map(Cow::into_owned), version: self.modified.or(self.created).map(Cow::into_owned), findings }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::rules::sample::{id, judged, minimal, now, refuses, takes, with};
    use super::*;

    fn refusal(text: &str) -> Refusal {
        judge(text, &now()).unwrap_err()
    }

    #[test]
    fn s051_the_version_is_modified_else_created() {
        let version = |object: &Value| judged(object).unwrap().version.map(|(text, _)| text);
        let modified = with("indicator", &json!({"modified": "2021-03-02T12:00:00.123456789Z"}));
        assert_eq!(version(&modified).unwrap(), "2021-03-02T12:00:00.123456789Z");
        assert_eq!(version(&minimal("marking-definition")).unwrap(), "2021-03-02T12:00:00.000Z");
        assert_eq!(version(&minimal("url")), None);
    }

    #[test]
    fn q9_modified_is_at_most_five_minutes_in_the_future() {
        takes(&with("indicator", &json!({"modified": "2024-01-01T00:05:00.000Z"})));
        refuses(&with("indicator", &json!({"modified": "2024-01-01T00:05:00.001Z"})), &["modified"]);
        takes(&with("indicator", &json!({"valid_from": "2030-01-01T00:00:00Z"})));
    }

    #[test]
    fn s052_revoked_is_read() {
        assert!(judged(&with("indicator", &json!({"revoked": true}))).unwrap().revoked);
        assert!(!judged(&with("indicator", &json!({"revoked": false}))).unwrap().revoked);
        assert!(!judged(&minimal("indicator")).unwrap().revoked);
    }

    #[test]
    fn s090_the_level_is_the_highest_of_all_markings() {
        let (green, amber) = ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421");
        let shouted = "marking-definition--5E57C739-391A-4EB3-B6BE-7D15CA92D5ED";
        let level = |members: Value| judged(&with("indicator", &members)).unwrap().level;
        assert_eq!(level(json!({})), Level::Unmarked);
        assert_eq!(level(json!({"object_marking_refs": [id("marking-definition")]})), Level::Unmarked);
        assert_eq!(level(json!({"object_marking_refs": [amber, green]})), Level::Amber);
        assert_eq!(level(json!({"object_marking_refs": [shouted]})), Level::Red);
        let parts = json!({"object_marking_refs": [green], "granular_markings": [{"selectors": ["pattern"], "marking_ref": amber}]});
        assert_eq!(level(parts), Level::Amber);
        assert_eq!(judged(&with("marking-definition", &json!({"object_marking_refs": [amber]}))).unwrap().level, Level::Amber);
        let red = json!({
            "type": "marking-definition", "spec_version": "2.1", "id": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
            "created": "2017-01-20T00:00:00.000Z", "definition_type": "tlp", "name": "TLP:RED", "definition": {"tlp": "red"}
        });
        assert_eq!(judged(&red).unwrap().level, Level::Clear);
    }

    #[test]
    fn t098_a_refusal_names_the_version_as_far_as_it_can_be_read() {
        let header = r#""id": "indicator--1", "created": "yesterday""#;
        let twins = refusal(&format!(r#"{{{header}, "a": 1, "a": 2}}"#));
        assert_eq!((twins.id.as_deref(), twins.version.as_deref()), (Some("indicator--1"), Some("yesterday")));
        let surrogate = refusal(&format!(r#"{{{header}, "modified": "today", "a": "\ud800"}}"#));
        assert_eq!(surrogate.version.as_deref(), Some("today"));
        let untyped = refusal(&format!("{{{header}}}"));
        assert_eq!((untyped.id.as_deref(), untyped.version.as_deref()), (Some("indicator--1"), Some("yesterday")));
        for hopeless in ["", "{", "[]", "3", r#"{"id": 1, "a": 1, "a": 1}"#] {
            let refusal = refusal(hopeless);
            assert_eq!((refusal.id, refusal.version, refusal.findings.len()), (None, None, 1), "{hopeless}");
        }
    }

    #[test]
    fn s001_a_refusal_says_where_the_json_ends_to_be_json() {
        let refusal = refusal("{\"type\": \"indicator\",\n \"type\": \"indicator\"}");
        assert_eq!(refusal.findings[0].to_string(), "not strict JSON: the key \"type\" occurs twice in one object at line 2 column 7 (STIX 2.1 §2)");
    }

    #[test]
    fn all_findings_are_told_errors_first() {
        let object =
            with("indicator", &json!({"indicator_types": ["odd"], "modified": "2021-01-01T00:00:00.000Z", "labels": [], "valid_from": "now"}));
        let findings = refusal(&object.to_string()).findings;
        let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "labels: a list must not be empty (STIX 2.1 §2.12)",
                "valid_from: \"now\" is no timestamp: not of the form YYYY-MM-DDTHH:mm:ss[.s…]Z (STIX 2.1 §2.16)",
                "modified: earlier than created (STIX 2.1 §3.2)",
                "indicator_types[0]: \"odd\" is not in indicator-type-ov (STIX 2.1 §10.10)",
            ]
        );
    }
}
