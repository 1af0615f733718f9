//! The audit log: for administrators all of it, for others what they have done themselves.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::door::caller::{Caller, Segments};
use crate::door::error::Failure;
use crate::door::query::Query;
use crate::door::{App, respond};
use crate::feed::access::{self, Denied, Principal};
use crate::feed::desk::trail::Wanted;
use crate::feed::error::FeedError;
use crate::store::Record;
use crate::store::audit::{Entry, Verb};
use crate::taxii::stamp::Stamp;

/// Entries on a page when the client does not say, and at the most.
const USUAL: usize = 100;
const MOST: usize = 1_000;

/// What is asked of the log.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    /// Of this user.
    pub who: Option<String>,
    /// Of this verb.
    pub verb: Option<Verb>,
    /// About the collection with this id.
    pub collection: Option<Uuid>,
    /// Of this import.
    pub import: Option<Uuid>,
    /// Only entries before this one: the `next` of the page before.
    pub before: Option<u64>,
    /// How many.
    pub limit: Option<usize>,
}

/// How an entry is shown.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    /// When it was done, as people read it.
    pub time: String,
    /// What was done, and what came of it.
    #[serde(flatten)]
    pub entry: Entry,
    /// Of one entry, or if that was asked for: the objects that were stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<Written>,
}

/// A version that was stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    /// The object.
    pub id: String,
    /// As it was; none if it is new.
    pub before: Option<Box<RawValue>>,
    /// As it was stored.
    pub after: Box<RawValue>,
}

/// A page of the log.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page {
    /// The entries, the latest first.
    pub entries: Vec<Shown>,
    /// `before` of the next page; none if this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Stamp>,
}

/// What is asked of an export.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exported {
    /// Whether with the objects that were stored, as they were before and after.
    pub objects: bool,
}

/// `GET /desk/audit/`: the latest first.
pub async fn list(State(app): State<Arc<App>>, caller: Caller, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let own = access::own_acts(&caller.0).map_err(|denied| caller.denied(denied))?;
    let wanted = Wanted { who: own.or(asked.who), verb: asked.verb, collection: asked.collection, import: asked.import, ..Wanted::default() };
    let before = asked.before.map_or(Stamp::END, Stamp);
    let pages = app.feed.audit(&wanted, before, asked.limit.unwrap_or(USUAL).clamp(1, MOST)).await?;
    let entries = pages.entries.into_iter().map(|entry| Shown::of(entry, Vec::new())).collect();
    Ok(respond::resource(StatusCode::OK, &Page { entries, next: pages.next }))
}

/// `GET /desk/audit/{entry}/`: one entry by its time in microseconds, with the objects as they were before and after, as far as the caller may
/// read them.
pub async fn one(State(app): State<Arc<App>>, caller: Caller, path: Segments) -> Result<Response, Failure> {
    access::own_acts(&caller.0).map_err(|denied| caller.denied(denied))?;
    let hidden = || caller.denied(Denied::Hidden);
    let at = path.get("entry").parse().map(Stamp).map_err(|_| hidden())?;
    let entry = app.feed.audit_entry(at).await?.ok_or_else(hidden)?;
    access::entry(&caller.0, &entry).map_err(|denied| caller.denied(denied))?;
    let written = written(&app, &caller.0, &entry, MOST).await?;
    Ok(respond::resource(StatusCode::OK, &Shown::of(entry, written)))
}

/// `GET /desk/audit/export/`: all of it, one JSON text a line, the earliest first.
pub async fn export(State(app): State<Arc<App>>, caller: Caller, Query(asked): Query<Exported>) -> Result<Response, Failure> {
    access::operate(&caller.0).map_err(|denied| caller.denied(denied))?;
    let pages = stream::try_unfold(Stamp::ZERO, move |after| {
        let (app, principal) = (app.clone(), caller.0.clone());
        async move {
            let entries = app.feed.audit_onward(after, MOST).await?;
            let Some(next) = entries.last().map(|entry| entry.act.at) else { return Ok(None) };
            let mut text = Vec::new();
            for entry in entries {
                let written = if asked.objects { written(&app, &principal, &entry, usize::MAX).await? } else { Vec::new() };
                add_line(&mut text, &Shown::of(entry, written));
            }
            Ok::<_, FeedError>(Some((Bytes::from(text), next)))
        }
    });
    Ok(respond::typed(StatusCode::OK, "application/jsonl", Body::from_stream(pages)))
}

/// The objects that came of an entry, as far as the caller may read them and they are still there.
async fn written(app: &App, principal: &Principal, entry: &Entry, most: usize) -> Result<Vec<Written>, FeedError> {
    let Some((collection, stored)) = entry.collection.zip(entry.stored) else { return Ok(Vec::new()) };
    let Ok(reading) = access::by_id(&app.feed.directory(), principal, collection).and_then(|seen| seen.to_read()) else { return Ok(Vec::new()) };
    let written = app.feed.written_by(&reading, stored, most).await?.into_iter();
    Ok(written.filter_map(|one| Some(Written { id: one.id, before: one.before.and_then(|before| raw(&before)), after: raw(&one.after)? })).collect())
}

fn raw(record: &Record) -> Option<Box<RawValue>> {
    RawValue::from_string(String::from_utf8(record.object.to_vec()).ok()?).ok()
}

fn add_line(text: &mut Vec<u8>, shown: &Shown) {
    // Entries and objects were read from JSON a moment ago.
    if serde_json::to_writer(&mut *text, shown).is_ok() {
        text.push(b'\n');
    }
}

impl Shown {
    fn of(entry: Entry, written: Vec<Written>) -> Self {
        Self { time: entry.act.at.to_string(), entry, written }
    }
}
