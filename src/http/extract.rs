//! What handlers ask of a request besides who calls and for what: what is accepted.
//!
//! The order of faults is 401, 404, 405, 406, 403, 415, 413, 400 (T-029): extractors decide the first ones, handlers the rest.

use axum::http::{HeaderMap, StatusCode, header};

use crate::door::caller::header_text;
use crate::door::error::Failure;
use crate::taxii::media::{self, Form, Offer};

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
