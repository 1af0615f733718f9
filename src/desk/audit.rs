//! The audit log: for administrators all of it, for others what they have done themselves.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use uuid::Uuid;

use crate::door::caller::Caller;
use crate::door::error::Failure;
use crate::door::{App, respond};
use crate::feed::access;
use crate::feed::desk::trail::Wanted;
use crate::feed::error::FeedError;
use crate::store::audit::{Entry, Verb};
use crate::taxii::stamp::Stamp;

/// Entries on a page when the client does not say, and at the most.
const USUAL: usize = 100;
const MOST: usize = 1_000;

/// What is asked of the log.
#[derive(Debug, Default, Deserialize)]
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

/// `GET /desk/audit/`: the latest first.
pub async fn list(State(app): State<Arc<App>>, caller: Caller, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let own = access::own_acts(&caller.0).map_err(|denied| caller.denied(denied))?;
    let wanted = Wanted { who: own.or(asked.who), verb: asked.verb, collection: asked.collection, import: asked.import };
    let before = asked.before.map_or(Stamp::END, Stamp);
    let pages = app.feed.audit(&wanted, before, asked.limit.unwrap_or(USUAL).clamp(1, MOST)).await?;
    Ok(respond::resource(StatusCode::OK, &pages))
}

/// `GET /desk/audit/export/`: all of it, one JSON text a line, the earliest first.
pub async fn export(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Failure> {
    access::operate(&caller.0).map_err(|denied| caller.denied(denied))?;
    let pages = stream::try_unfold(Stamp::ZERO, move |after| {
        let app = app.clone();
        async move {
            let entries = app.feed.audit_onward(after, MOST).await?;
            let next = entries.last().map(|entry| entry.act.at);
            Ok::<_, FeedError>(next.map(|next| (lines(&entries), next)))
        }
    });
    Ok(respond::typed(StatusCode::OK, "application/jsonl", Body::from_stream(pages)))
}

fn lines(entries: &[Entry]) -> Bytes {
    let mut text = Vec::new();
    for entry in entries {
        // Entries were read from JSON a moment ago.
        if serde_json::to_writer(&mut text, entry).is_ok() {
            text.push(b'\n');
        }
    }
    text.into()
}
