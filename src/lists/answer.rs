//! Lists over HTTP: validators, compression, counts in headers.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};

use super::body::body;
use super::list::{Lists, Made};
use crate::door::caller::header_text;
use crate::door::compress::{Coding, SHORTEST};
use crate::door::error::Failure;
use crate::door::limits::Handed;
use crate::door::respond;
use crate::taxii::stamp::Stamp;

/// How many values the list holds.
const HELD: HeaderName = HeaderName::from_static("x-taxiway-entries");
/// How many values the format cannot carry.
const LEFT_OUT: HeaderName = HeaderName::from_static("x-taxiway-left-out");
/// How many values a warning list keeps out.
const WARNED: HeaderName = HeaderName::from_static("x-taxiway-warned");

/// A list for a client that may have it already.
pub async fn answer(lists: &Arc<Lists>, made: &Arc<Made>, headers: &HeaderMap, now: Stamp) -> Result<Response, Failure> {
    let coding = Some(Coding::Gzip).filter(|coding| made.octets >= SHORTEST && coding.is_accepted(headers));
    let known = is_known(made, headers);
    let mut response = if known {
        respond::typed(StatusCode::NOT_MODIFIED, made.recipe.file.media_type, Body::empty())
    } else {
        let body = body(lists, made, coding.is_some()).await.map_err(|error| {
            tracing::error!(%error, "a list could not be sent");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the list could not be sent; the operator finds the reason in the log")
        })?;
        respond::typed(StatusCode::OK, made.recipe.file.media_type, body)
    };
    describe(&mut response, made, coding, now);
    Ok(response)
}

/// A file of objects, which is made while it is sent.
pub fn objects(made: &Made, headers: &HeaderMap, now: Stamp, body: impl FnOnce() -> Body) -> Response {
    let known = is_known(made, headers);
    let (status, body) = if known { (StatusCode::NOT_MODIFIED, Body::empty()) } else { (StatusCode::OK, body()) };
    let mut response = respond::typed(status, made.recipe.file.media_type, body);
    describe(&mut response, made, None, now);
    response
}

/// What is said of a list besides its text.
fn describe(response: &mut Response, made: &Made, coding: Option<Coding>, now: Stamp) {
    let known = response.status() == StatusCode::NOT_MODIFIED;
    response.extensions_mut().insert(Handed(if known { 0 } else { made.sum.held }));
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, authorization"));
    headers.extend(made.tag.header(coding).map(|tag| (header::ETAG, tag)));
    // A time to come is none that anything was changed at (RFC 9110 §8.8.2.1).
    headers.extend(http_date(made.changed).filter(|_| made.changed <= now).map(|date| (header::LAST_MODIFIED, date)));
    if let Some(coding) = coding.filter(|_| !known) {
        headers.insert(header::CONTENT_ENCODING, coding.header());
    }
    for (name, count) in [(HELD, made.sum.held), (LEFT_OUT, made.sum.left_out), (WARNED, made.sum.warned)] {
        headers.insert(name, HeaderValue::from(count));
    }
}

/// Whether the client has the list: by its tag, or else by when it got it (RFC 9110 §13.2.2).
fn is_known(made: &Made, headers: &HeaderMap) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        return made.tag.is_known(headers);
    }
    let since = header_text(headers, "if-modified-since").and_then(|text| DateTime::parse_from_rfc2822(text).ok());
    since.and_then(|since| u64::try_from(since.timestamp_micros()).ok()).is_some_and(|since| made.changed.0 <= since)
}

/// A time as HTTP tells it (RFC 9110 §5.6.7).
fn http_date(stamp: Stamp) -> Option<HeaderValue> {
    let time = DateTime::<Utc>::from_timestamp_micros(i64::try_from(stamp.0).ok()?)?;
    HeaderValue::try_from(time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_http_does() {
        assert_eq!(http_date(Stamp(1_614_643_200_000_000)).unwrap(), "Tue, 02 Mar 2021 00:00:00 GMT");
        assert!(DateTime::parse_from_rfc2822("Tue, 02 Mar 2021 00:00:00 GMT").is_ok());
    }
}
