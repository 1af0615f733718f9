//! Pages with the dates of their first and last record.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use crate::door::respond;
use crate::feed::read::Answer;
use crate::taxii::stamp::Stamp;

const FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");

/// A page, with the dates of its first and last record (T-030 to T-033).
pub fn page(answer: &Answer, content: Vec<u8>) -> Response {
    let mut response = respond::body(StatusCode::OK, content);
    if let Some((first, last)) = answer.dates {
        for (name, stamp) in [(FIRST, first), (LAST, last)] {
            response.headers_mut().extend(date(stamp).map(|value| (name, value)));
        }
    }
    response
}

fn date(stamp: Stamp) -> Option<HeaderValue> {
    HeaderValue::from_str(&stamp.to_string()).ok()
}
