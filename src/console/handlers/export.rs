//! A selection as a file: a STIX bundle of the objects as they came, or a table.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::scope::{Scope, called};
use super::selection::Selection;
use crate::console::parts::frame::Tone;
use crate::console::parts::list::Choice;
use crate::console::paths::Href;
use crate::console::visit::form::Form;
use crate::console::visit::{Answer, OrPage, Visit};
use crate::door::error::Failure;
use crate::feed::catalog::listing::Row;
use crate::store::{Record, Versions};

/// The most objects in a file.
const MOST: usize = 20_000;
/// The most octets of objects in a file.
const MOST_OCTETS: usize = 64 << 20;
/// Objects that are read at once.
const CHUNK: usize = 500;
/// The media type of a bundle (STIX 2.1 §8).
const BUNDLE: &str = "application/stix+json;version=2.1";
/// The heads of the table.
const COLUMNS: [&str; 16] = [
    "type",
    "name",
    "pattern",
    "tlp",
    "confidence",
    "labels",
    "valid_from",
    "valid_until",
    "revoked",
    "created",
    "modified",
    "added",
    "source",
    "id",
    "collection",
    "warning_lists",
];

/// The forms in which a selection can be had.
pub fn formats() -> Vec<Choice> {
    let choice = |(value, label): (&str, &str)| Choice { value: value.to_owned(), label: label.into(), chosen: value == "stix" };
    [("stix", "STIX 2.1 bundle"), ("csv", "CSV table")].into_iter().map(choice).collect()
}

/// Sends a selection as a file.
pub async fn send(form: &Form, back: &Href) -> Answer {
    let visit = &form.visit;
    let selection = Selection::of(form, MOST).await?;
    if selection.is_empty() {
        return Ok(visit.go(back, Tone::Fault, "Nothing was selected."));
    }
    let found = read(visit, &selection).await?;
    if found.is_empty() {
        return Err(visit.missing());
    }
    let day = visit.app.feed.clock().now().to_string();
    let day = day.get(..10).unwrap_or_default();
    match form.get("format") {
        "csv" => Ok(file("text/csv; charset=utf-8; header=present", &format!("taxiway-{day}.csv"), table(visit, found)?)),
        _ => Ok(file(BUNDLE, &format!("taxiway-{day}.json"), bundle(&found))),
    }
}

/// An answer that browsers keep as a file.
pub fn file(media_type: &'static str, name: &str, octets: impl Into<Body>) -> Response {
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")).unwrap_or(HeaderValue::from_static("attachment"));
    ([(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::CONTENT_DISPOSITION, disposition)], octets.into()).into_response()
}

/// The latest versions of what is selected, as far as the visitor may see them.
async fn read(visit: &Visit, selection: &Selection) -> Result<Vec<(Uuid, Record)>, Response> {
    let (mut found, mut octets) = (Vec::with_capacity(selection.len()), 0);
    for group in &selection.groups {
        let reading = group.seen.to_browse().or_page(visit)?;
        for ids in group.ids.chunks(CHUNK) {
            let records = visit.app.feed.records(&reading, ids.to_vec(), Versions::LAST).await.or_page(visit)?;
            octets += records.iter().map(|record| record.object.len()).sum::<usize>();
            if octets > MOST_OCTETS {
                let why = format!("the selection has more than {} MB, which is more than one file may have", MOST_OCTETS >> 20);
                return Err(visit.failure(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, why)));
            }
            found.extend(records.into_iter().map(|record| (reading.collection, record)));
        }
    }
    Ok(found)
}

/// A bundle of the objects as they came; the same object from several collections stands in it once.
fn bundle(found: &[(Uuid, Record)]) -> Vec<u8> {
    let mut bundle = format!("{{\"type\":\"bundle\",\"id\":\"bundle--{}\",\"objects\":[", Uuid::new_v4()).into_bytes();
    let mut once = std::collections::HashSet::new();
    for (_, record) in found.iter().filter(|(_, record)| once.insert(&record.object)) {
        if !bundle.ends_with(b"[") {
            bundle.push(b',');
        }
        bundle.extend_from_slice(&record.object);
    }
    bundle.extend_from_slice(b"]}");
    bundle
}

fn table(visit: &Visit, found: Vec<(Uuid, Record)>) -> Result<Vec<u8>, Response> {
    let scope = Scope::of(visit, None)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail, and all lines have as many fields as the head.
    let mut written = writer.write_record(COLUMNS);
    for (collection, record) in found {
        let Some(row) = Row::of(collection, record) else { continue };
        written = written.and_then(|()| writer.write_record(line(visit, &scope, row).map(|field| guarded(&field))));
    }
    let octets = written.ok().and_then(|()| writer.into_inner().ok());
    octets.ok_or_else(|| visit.failure(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the table could not be written")))
}

fn line(visit: &Visit, scope: &Scope, row: Row) -> [String; COLUMNS.len()] {
    // Who loads this into a firewall should know what it would block besides.
    let hits = row.pattern.as_deref().map(|pattern| visit.app.feed.guard().hits(pattern)).unwrap_or_default();
    let said = |text: Option<String>| text.unwrap_or_default();
    let name = serde_json::from_slice(&row.object).map(|properties| called(&properties)).unwrap_or_default();
    [
        row.type_name,
        name,
        said(row.pattern),
        row.level.name().to_owned(),
        row.confidence.map_or_else(String::new, |confidence| confidence.to_string()),
        row.labels.join(" "),
        said(row.valid_from),
        said(row.valid_until),
        row.revoked.to_string(),
        said(row.created),
        said(row.modified),
        row.added.to_string(),
        said(row.source),
        row.id,
        scope.title(row.collection),
        hits.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    ]
}

/// A field that no spreadsheet takes for a formula: an apostrophe before what begins one makes it text.
fn guarded(field: &str) -> String {
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if field.starts_with(formula) || field.trim_start().starts_with(formula) { format!("'{field}") } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula() {
        for field in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"] {
            assert_eq!(guarded(field), format!("'{field}"), "{field:?}");
        }
        for field in ["", "a", "1-1", "[url:value = '=1']"] {
            assert_eq!(guarded(field), field);
        }
    }

    #[test]
    fn a_bundle_holds_each_object_once_as_it_came() {
        let record = |object: &'static str| {
            (
                Uuid::nil(),
                Record {
                    added: crate::taxii::stamp::Stamp(1),
                    id: String::new(),
                    version: String::new(),
                    level: crate::stix::marking::Level::Unmarked,
                    origin: None,
                    object: object.into(),
                },
            )
        };
        let text = String::from_utf8(bundle(&[record("{ \"a\":1.0}"), record("{}"), record("{ \"a\":1.0}")])).unwrap();
        assert!(text.ends_with("\"objects\":[{ \"a\":1.0},{}]}"), "{text}");
    }
}
