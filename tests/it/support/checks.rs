//! What the standard says of every answer, checked on each one before a test looks at it.
//!
//! Rows: T-001 to T-009, T-011, T-012, T-014, T-025, T-026, T-030 to T-034, T-049, T-060, T-084, T-087, T-090, T-092 to T-097, T-100 to T-102,
//! T-106 to T-108, T-113 to T-116, T-121, T-123, T-124, T-126, T-133, T-135, T-137, T-168, T-172, T-174, T-182 · Q5, Q10, Q15, Q20.

use std::collections::HashSet;
use std::fmt;

use reqwest::Method;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use taxiway::stix::id;
use taxiway::taxii::media;
use uuid::Uuid;

use super::client::Reply;

/// What lies behind a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Discovery,
    ApiRoot,
    Status,
    Collections,
    Collection,
    Manifest,
    Objects,
    Object,
    Versions,
    /// How the server does: text, not TAXII.
    Operation,
    /// A JSON API of ours.
    Api,
    /// A list for a tool that speaks no TAXII.
    List,
    /// A page for people.
    Console,
    Unknown,
}

impl Endpoint {
    pub(crate) fn of(target: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments[..] {
            ["taxii2"] => Self::Discovery,
            ["healthz" | "readyz" | "metrics"] => Self::Operation,
            ["desk" | "admin" | "events", ..] => Self::Api,
            ["lists", ..] => Self::List,
            [] | ["console", ..] => Self::Console,
            [_] => Self::ApiRoot,
            [_, "status", _] => Self::Status,
            [_, "collections"] => Self::Collections,
            [_, "collections", _] => Self::Collection,
            [_, "collections", _, "manifest"] => Self::Manifest,
            [_, "collections", _, "objects"] => Self::Objects,
            [_, "collections", _, "objects", _] => Self::Object,
            [_, "collections", _, "objects", _, "versions"] => Self::Versions,
            _ => Self::Unknown,
        }
    }

    /// Whether its pages carry the dates of their first and last record (T-030, T-034).
    fn is_dated(self) -> bool {
        matches!(self, Self::Manifest | Self::Objects | Self::Object | Self::Versions)
    }
}

/// Holds an answer to everything that is true of every answer.
#[track_caller]
pub(crate) fn every(reply: &Reply) {
    // A server that is full for a moment says so (Q21, Q25).
    let busy = reply.status == 503 && !reply.header("retry-after").is_empty();
    assert!(reply.status < 500 || busy, "T-092: {reply}");
    content_type(reply);
    challenges(reply);
    dates(reply);
    if reply.method == Method::HEAD {
        assert!(reply.body.is_empty(), "T-026: {reply}");
        return;
    }
    if reply.method == Method::DELETE && reply.status == 200 {
        assert!(reply.body.is_empty(), "T-159: {reply}");
        return;
    }
    if reply.status == 304 {
        assert!(reply.body.is_empty() && reply.sent.contains_key("if-none-match"), "RFC 9110 §15.4.5: {reply}");
        return;
    }
    let endpoint = Endpoint::of(&reply.target);
    if endpoint == Endpoint::Console || (matches!(endpoint, Endpoint::Operation | Endpoint::Api | Endpoint::List) && matches!(reply.status, 200..300))
    {
        return;
    }
    strict_json(&reply.body).unwrap_or_else(|e| panic!("T-001: {e}: {reply}"));
    let value = reply.json();
    match reply.status {
        200 if reply.header("content-type") == media::STIX_20 => assert_eq!(value["type"], "bundle", "Q13: {reply}"),
        200 | 202 => resource(reply, &value),
        400..500 | 503 => error(reply, &value),
        _ => panic!("T-021: a status of no endpoint: {reply}"),
    }
}

/// A page of objects and the manifest's answer to the same query tell the same (T-033, T-060, T-137).
#[track_caller]
pub(crate) fn mirror(objects: &Reply, manifest: &Reply) {
    assert_eq!(manifest.status, 200, "T-060: {manifest}");
    assert_eq!((objects.first(), objects.last()), (manifest.first(), manifest.last()), "T-033: {objects} but {manifest}");
    assert_eq!((objects.more(), objects.next().is_some()), (manifest.more(), manifest.next().is_some()), "T-137: {objects} but {manifest}");
    assert_eq!(objects.ids(), manifest.ids(), "T-137: {objects} but {manifest}");
    for (object, record) in objects.objects().iter().zip(manifest.objects()) {
        let version = object.get("modified").or_else(|| object.get("created"));
        assert!(version.is_none_or(|version| *version == record["version"]), "T-117: {object} but {record}");
    }
}

/// Whether a text is a TAXII timestamp: six fraction digits, UTC (T-006).
pub(crate) fn is_timestamp(text: &str) -> bool {
    let shape = "0000-00-00T00:00:00.000000Z";
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(|(b, s)| if s == b'0' { b.is_ascii_digit() } else { b == s })
}

/// Lower case, version present, unquoted; only a FortiGate gets something else (T-014, Q10, Q13).
#[track_caller]
fn content_type(reply: &Reply) {
    // Where there is no content it has no type.
    if reply.status == 204 && reply.body.is_empty() {
        return;
    }
    let bundle = reply.status == 200 && Endpoint::of(&reply.target) == Endpoint::Objects && reply.header("content-type") == media::STIX_20;
    let endpoint = Endpoint::of(&reply.target);
    if endpoint == Endpoint::Console || endpoint == Endpoint::List && matches!(reply.status, 200..400) {
        return;
    }
    // A path of nobody's is told by the door of all other paths.
    let ours = matches!(endpoint, Endpoint::Api | Endpoint::List) && !(reply.status == 404 && reply.header("content-type") == media::TAXII);
    let expected = if ours { "application/json" } else { "application/taxii+json;version=2.1" };
    let operation =
        reply.status == 200 && Endpoint::of(&reply.target) == Endpoint::Operation && reply.header("content-type").starts_with("text/plain;");
    assert!(bundle || operation || reply.header("content-type") == expected, "T-014: {reply}");
}

/// A 401 names its schemes (T-182), a 405 the methods that there are (T-025).
#[track_caller]
fn challenges(reply: &Reply) {
    let challenges: Vec<&str> = reply.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
    let schemes = challenges.iter().all(|challenge| ["Basic ", "Bearer "].iter().any(|scheme| challenge.starts_with(scheme)));
    assert!(schemes && (reply.status != 401 || !challenges.is_empty()), "T-182: {reply}");
    assert!(reply.status != 405 || !reply.header("allow").is_empty(), "T-025: {reply}");
}

/// Both dates or none; on the endpoints that have them and only there; there if anything was found.
#[track_caller]
fn dates(reply: &Reply) {
    let (first, last) = (reply.first(), reply.last());
    assert_eq!(first.is_empty(), last.is_empty(), "T-030: {reply}");
    if first.is_empty() {
        return;
    }
    let expected = Endpoint::of(&reply.target).is_dated() && matches!(reply.status, 200 | 304) && reply.method != Method::DELETE;
    assert!(expected, "T-034: {reply}");
    assert!(is_timestamp(first) && is_timestamp(last), "T-006: {reply}");
    assert!(first <= last, "T-033: {reply}");
}

/// A property of a resource: its name, whether it must be there, and what its value must be.
type Property = (&'static str, bool, fn(&Value) -> bool);

const DISCOVERY: &[Property] =
    &[("title", true, text), ("description", false, text), ("contact", false, text), ("default", false, text), ("api_roots", false, roots)];
const API_ROOT: &[Property] =
    &[("title", true, text), ("description", false, text), ("versions", true, taxii_versions), ("max_content_length", true, positive)];
const STATUS: &[Property] = &[
    ("id", true, uuid4),
    ("status", true, complete_or_pending),
    ("request_timestamp", false, timestamp),
    ("total_count", true, count),
    ("success_count", true, count),
    ("successes", false, details),
    ("failure_count", true, count),
    ("failures", false, details),
    ("pending_count", true, count),
    ("pendings", false, details),
];
const DETAIL: &[Property] = &[("id", true, text), ("version", true, text), ("message", false, text)];
const COLLECTIONS: &[Property] = &[("collections", false, |value| list(value, |item| holds(item, COLLECTION)))];
const COLLECTION: &[Property] = &[
    ("id", true, uuid4),
    ("title", true, text),
    ("description", false, text),
    ("alias", false, text),
    ("can_read", true, Value::is_boolean),
    ("can_write", true, Value::is_boolean),
    ("media_types", false, |value| list(value, |item| item == media::STIX)),
];
const RECORD: &[Property] =
    &[("id", true, stix_id), ("date_added", true, timestamp), ("version", true, stix_timestamp), ("media_type", false, |value| value == media::STIX)];
// `next` on manifests and versions is an addition that the standard allows (T-087, T-174).
const MANIFEST: &[Property] =
    &[("more", false, Value::is_boolean), ("next", false, text), ("objects", false, |value| list(value, |item| holds(item, RECORD)))];
const ENVELOPE: &[Property] = &[("more", false, Value::is_boolean), ("next", false, text), ("objects", false, |value| list(value, stix_object))];
const VERSIONS: &[Property] = &[("more", false, Value::is_boolean), ("next", false, text), ("versions", false, |value| list(value, stix_timestamp))];
const ERROR: &[Property] = &[
    ("title", true, text),
    ("description", false, text),
    ("error_id", false, text),
    ("error_code", false, text),
    ("http_status", false, text),
    ("external_details", false, text),
    ("details", false, Value::is_object),
];

/// The body is the resource that the endpoint defines (T-009, T-011, T-021).
#[track_caller]
fn resource(reply: &Reply, value: &Value) {
    let endpoint = Endpoint::of(&reply.target);
    let properties = match endpoint {
        _ if reply.method == Method::POST => STATUS,
        Endpoint::Discovery => DISCOVERY,
        Endpoint::ApiRoot => API_ROOT,
        Endpoint::Status => STATUS,
        Endpoint::Collections => COLLECTIONS,
        Endpoint::Collection => COLLECTION,
        Endpoint::Manifest => MANIFEST,
        Endpoint::Objects | Endpoint::Object => ENVELOPE,
        Endpoint::Versions => VERSIONS,
        Endpoint::Operation | Endpoint::Api | Endpoint::List | Endpoint::Console | Endpoint::Unknown => {
            panic!("T-027: a success at an unknown path: {reply}")
        }
    };
    let value = &for_elastic(reply, value);
    assert!(holds(value, properties), "T-009: not a {endpoint:?}: {reply}");
    if endpoint.is_dated() && reply.method == Method::GET {
        page(reply, value);
    }
    if endpoint == Endpoint::Status || reply.method == Method::POST {
        counts(reply, value);
    }
    if let Some(default) = value.get("default").filter(|_| endpoint == Endpoint::Discovery) {
        assert!(value["api_roots"].as_array().is_some_and(|roots| roots.contains(default)), "T-101: {reply}");
    }
}

/// Elastic's agents get `"objects":[]` where everybody else gets no list (Q16): the resource as everybody else gets it.
fn for_elastic(reply: &Reply, value: &Value) -> Value {
    let mut value = value.clone();
    let elastic = reply.sent.get("user-agent").is_some_and(|agent| agent.as_bytes().starts_with(b"Elastic-"));
    if elastic && value["objects"] == Value::Array(Vec::new()) {
        value.as_object_mut().map(|members| members.remove("objects"));
    }
    value
}

/// `more`, `next`, the dates and the records of a page agree.
#[track_caller]
fn page(reply: &Reply, value: &Value) {
    assert_eq!(value.get("next").is_some(), value["more"] == true, "T-095, Q5: {reply}");
    assert!(value.get("more").is_some(), "Q15: {reply}");
    let found = value.get("objects").or_else(|| value.get("versions")).and_then(Value::as_array);
    let Some(found) = found else {
        assert_ne!(value["more"], true, "Q5: {reply}");
        return;
    };
    assert!(!reply.first().is_empty(), "T-030: {reply}");
    assert!(found.len() > 1 || reply.first() == reply.last(), "T-031: {reply}");
    assert!(found.len() == 1 || reply.first() < reply.last(), "T-085: {reply}");
    if Endpoint::of(&reply.target) == Endpoint::Manifest {
        let added: Vec<&str> = found.iter().filter_map(|record| record["date_added"].as_str()).collect();
        assert!(added.is_sorted_by(|a, b| a < b), "T-035, T-085: {reply}");
        assert_eq!((added.first().copied(), added.last().copied()), (Some(reply.first()), Some(reply.last())), "T-033: {reply}");
    }
}

/// The counts of a status add up and its lists are as long as they say (T-115, T-116).
#[track_caller]
fn counts(reply: &Reply, status: &Value) {
    let count = |name: &str| status[name].as_u64().unwrap_or_default();
    assert_eq!(count("total_count"), count("success_count") + count("failure_count") + count("pending_count"), "T-115: {reply}");
    for (list, number) in [("successes", "success_count"), ("failures", "failure_count"), ("pendings", "pending_count")] {
        let length = status.get(list).and_then(Value::as_array).map_or(count(number), |list| list.len() as u64);
        assert_eq!(length, count(number), "T-116: {reply}");
    }
}

/// A failure is an error resource that repeats the status, as text (T-012, T-090, Q20).
#[track_caller]
fn error(reply: &Reply, value: &Value) {
    assert!(holds(value, ERROR), "T-090: {reply}");
    assert!(value.get("error_id").is_none_or(|id| id == reply.header("x-request-id")), "an error is called as its request: {reply}");
    let told = value.get("http_status").and_then(Value::as_str).and_then(|status| status.parse().ok());
    assert!(told.is_none_or(|status: u16| status == reply.status), "T-090: {reply}");
}

/// Whether a value is an object of these properties and no others (T-008, T-009).
fn holds(value: &Value, properties: &[Property]) -> bool {
    let Some(members) = value.as_object() else { return false };
    members.keys().all(|name| properties.iter().any(|(its, ..)| its == name))
        && properties.iter().all(|(name, required, is)| members.get(*name).map_or(!required, is))
}

/// A list has at least one element (T-005).
fn list(value: &Value, element: fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(element))
}

fn text(value: &Value) -> bool {
    value.is_string()
}

fn uuid4(value: &Value) -> bool {
    value.as_str().and_then(|text| Uuid::parse_str(text).ok()).is_some_and(|uuid| uuid.get_version_num() == 4)
}

fn count(value: &Value) -> bool {
    value.as_u64().is_some_and(|number| number < 1 << 53)
}

fn positive(value: &Value) -> bool {
    count(value) && value != 0
}

fn timestamp(value: &Value) -> bool {
    value.as_str().is_some_and(is_timestamp)
}

fn stix_timestamp(value: &Value) -> bool {
    value.as_str().is_some_and(|text| taxiway::stix::time::Instant::parse(text).is_ok())
}

fn stix_id(value: &Value) -> bool {
    value.as_str().is_some_and(|text| id::check(text).is_ok())
}

/// Nothing but STIX objects, whose type is that of their id; no bundles (T-093, T-097).
fn stix_object(value: &Value) -> bool {
    stix_id(&value["id"]) && value["type"] == id::type_of(value["id"].as_str().unwrap_or_default()) && value["type"] != "bundle"
}

/// Absolute, or relative to the server; one slash, no query (T-102). The server under test speaks no TLS, hence `http`.
fn roots(value: &Value) -> bool {
    list(value, |root| {
        let Some(root) = root.as_str() else { return false };
        let path = root
            .split_once("://")
            .map_or(Some(root), |(scheme, rest)| ["http", "https"].contains(&scheme).then(|| rest.find('/').map(|slash| &rest[slash..])).flatten());
        path.is_some_and(|path| path.starts_with('/') && path.ends_with('/') && !path.contains("//") && !path.contains("..") && !path.contains('?'))
    })
}

fn taxii_versions(value: &Value) -> bool {
    list(value, text) && value.as_array().is_some_and(|versions| versions.contains(&Value::from("application/taxii+json;version=2.1")))
}

fn complete_or_pending(value: &Value) -> bool {
    value == "complete" || value == "pending"
}

fn details(value: &Value) -> bool {
    list(value, |detail| holds(detail, DETAIL))
}

/// Whether a body is one JSON value without twin keys and lone surrogates, in UTF-8 (T-001, RFC 7493).
pub(crate) fn strict_json(body: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(body).map_err(|e| e.to_string())?;
    serde_json::from_str::<Strict>(text).map(drop).map_err(|e| e.to_string())
}

/// Any JSON value; fails on twin keys. Serde's strings refuse lone surrogates.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Self;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Self)) = map.next_entry::<String, Self>()? {
            if let Some(twin) = names.replace(name) {
                return Err(A::Error::custom(format!("{twin:?} is there twice")));
            }
        }
        Ok(Self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while let Some(Self) = list.next_element()? {}
        Ok(Self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    const DATE: &str = "2024-05-01T12:00:00.000001Z";
    const TYPE: (&str, &str) = ("content-type", "application/taxii+json;version=2.1");

    fn reply(method: Method, target: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        let header = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        let headers: HeaderMap = headers.iter().map(header).collect();
        Reply {
            method,
            target: target.into(),
            sent: HeaderMap::new(),
            status,
            headers,
            octets: body.len(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    /// Whether the checks let an answer to a GET pass.
    fn passes(target: &str, status: u16, headers: &[(&str, &str)], body: &str) -> bool {
        let reply = reply(Method::GET, target, status, headers, body);
        std::panic::catch_unwind(|| every(&reply)).is_ok()
    }

    #[test]
    fn t002_t004_t005_t008_t009_t011_t174_a_wrong_resource_is_noticed() {
        for (target, body, good) in [
            ("/taxii2/", r#"{"title":"x","api_roots":["http://x/a/"],"default":"http://x/a/"}"#, true),
            ("/taxii2/", r#"{"title":"x","api_roots":["http://x/a/"],"default":"http://x/b/"}"#, false),
            ("/taxii2/", r#"{"title":"x","api_roots":["//x/a/"]}"#, false),
            ("/taxii2/", r#"{"title":"x","api_roots":[]}"#, false),
            ("/taxii2/", r#"{"title":"x","Contact":"x"}"#, false),
            ("/taxii2/", r#"{"title":"x","title":"x"}"#, false),
            ("/taxii2/", r#"["title"]"#, false),
            ("/taxii2/", "", false),
            ("/feeds/", r#"{"title":"x","versions":["application/taxii+json;version=2.1"],"max_content_length":9007199254740991}"#, true),
            ("/feeds/", r#"{"title":"x","versions":["application/taxii+json;version=2.1"],"max_content_length":9007199254740992}"#, false),
            ("/feeds/", r#"{"title":"x","versions":["application/taxii+json; version=2.1"],"max_content_length":1}"#, false),
            ("/feeds/", r#"{"title":"x","versions":["application/taxii+json;version=2.1"],"max_content_length":"1"}"#, false),
            ("/feeds/collections/", "{}", true),
            ("/feeds/collections/", r#"{"collections":[{"id":"x","title":"x","can_read":true,"can_write":true}]}"#, false),
        ] {
            assert_eq!(passes(target, 200, &[TYPE], body), good, "{target} {body}");
        }
    }

    #[test]
    fn t030_t034_t085_t095_t096_a_wrong_page_is_noticed() {
        let dates: [(&str, &str); 3] = [TYPE, ("x-taxii-date-added-first", DATE), ("x-taxii-date-added-last", DATE)];
        let url = r#"{"type":"url","id":"url--c1477287-23ac-5971-a010-5c287877fa60"}"#;
        let objects = "/feeds/collections/x/objects/";
        for (target, headers, body, good) in [
            (objects, &dates[..], format!(r#"{{"more":false,"objects":[{url}]}}"#), true),
            (objects, &dates[..1], format!(r#"{{"more":false,"objects":[{url}]}}"#), false),
            (objects, &dates[..2], format!(r#"{{"more":false,"objects":[{url}]}}"#), false),
            (objects, &dates, format!(r#"{{"more":false,"objects":[{url},{url}]}}"#), false),
            (objects, &dates, format!(r#"{{"more":true,"objects":[{url}]}}"#), false),
            (objects, &dates, format!(r#"{{"more":false,"next":"x","objects":[{url}]}}"#), false),
            (objects, &dates, format!(r#"{{"more":true,"next":7,"objects":[{url}]}}"#), false),
            (objects, &dates, format!(r#"{{"more":"false","objects":[{url}]}}"#), false),
            (objects, &dates, r#"{"more":false,"objects":[]}"#.into(), false),
            (objects, &dates, r#"{"more":true,"next":"x"}"#.into(), false),
            (objects, &dates, "{}".into(), false),
            ("/feeds/", &dates, r#"{"title":"x","versions":["application/taxii+json;version=2.1"],"max_content_length":1}"#.into(), false),
        ] {
            assert_eq!(passes(target, 200, headers, &body), good, "{target} {body}");
        }
    }

    #[test]
    fn t012_t014_t025_t090_t092_t182_a_wrong_failure_is_noticed() {
        let challenge = ("www-authenticate", "Basic realm=\"x\"");
        for (status, headers, body, good) in [
            (404, &[TYPE][..], r#"{"title":"x","http_status":"404"}"#, true),
            (404, &[TYPE], r#"{"title":"x","http_status":404}"#, false),
            (404, &[TYPE], r#"{"title":"x","http_status":"400"}"#, false),
            (404, &[TYPE], r#"{"error":"x"}"#, false),
            (404, &[TYPE], "", false),
            (404, &[("content-type", "application/json")], r#"{"title":"x"}"#, false),
            (404, &[("content-type", "application/taxii+json;version=\"2.1\"")], r#"{"title":"x"}"#, false),
            (401, &[TYPE, challenge], r#"{"title":"x"}"#, true),
            (401, &[TYPE], r#"{"title":"x"}"#, false),
            (405, &[TYPE], r#"{"title":"x"}"#, false),
            (500, &[TYPE], r#"{"title":"x"}"#, false),
            (302, &[TYPE], "{}", false),
        ] {
            assert_eq!(passes("/taxii2/", status, headers, body), good, "{status} {body}");
        }
    }
}
