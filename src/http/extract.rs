//! What handlers ask of a request: who calls, what they may see there, what they accept.
//!
//! The order of faults is 401, 404, 405, 406, 403, 415, 413, 400 (T-029): extractors decide the first ones, handlers the rest.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use crate::door::App;
use crate::door::caller::{Caller, Segments, header_text};
use crate::door::error::Failure;
use crate::feed::access::{self, Seen};
use crate::taxii::media::{self, Form, Offer};

/// The collection of the path, as the caller may see it; 404 otherwise.
pub struct Target(pub Seen);

impl FromRequestParts<Arc<App>> for Target {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let segments = Segments::from_request_parts(parts, app).await?;
        let seen = access::collection(&app.feed.directory(), &caller.0, segments.get("root"), segments.get("collection"));
        seen.map(Self).map_err(|denied| caller.denied(denied))
    }
}

/// The form that the client accepts, or 406.
pub fn accept(headers: &HeaderMap, offer: Offer) -> Result<Form, Failure> {
    let all: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let joined = all.join(",");
    let given = headers.contains_key(header::ACCEPT).then_some(joined.as_str());
    media::negotiate(given, offer).ok_or_else(|| {
        let offered = format!("this is offered as {}; the request accepts only {joined:?}", media::TAXII);
        Failure::new(StatusCode::NOT_ACCEPTABLE, offered)
    })
}

/// Whether this client stumbles over an envelope without `objects` (Q16).
pub fn needs_empty_list(headers: &HeaderMap) -> bool {
    header_text(headers, "user-agent").is_some_and(|agent| ["Elastic-Filebeat", "Elastic-Agent"].iter().any(|name| agent.starts_with(name)))
}
