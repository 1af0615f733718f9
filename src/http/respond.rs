//! Pages: dates of the first and last record, validators, compression, and how long a proxy may keep them.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use crate::door::compress::{Coding, SHORTEST};
use crate::door::limits::Handed;
use crate::door::pieces::Pieces;
use crate::door::validator::Tag;
use crate::door::{App, respond};
use crate::feed::access::Reading;
use crate::feed::read::{Answer, Content};

const FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");

/// A full page that anybody may see. Later it may lack an object, which has then come again behind it: a reader of the older page
/// loses nothing, but is not to be shown a withdrawn object for long.
const FULL: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// The last page that anybody may see: it soon has more.
const GROWING: HeaderValue = HeaderValue::from_static("public, no-cache");

/// What is asked for, and by whom.
pub struct Asked<'a> {
    /// What the page shows: objects, manifest or versions.
    pub kind: &'static str,
    /// What the caller may read.
    pub reading: &'a Reading,
    /// The headers of the request.
    pub headers: &'a HeaderMap,
}

/// A page, with the dates of its first and last record (T-030 to T-033).
///
/// It is written only if the client has not got it, and nobody has it compressed.
pub async fn page<C: Content>(app: &App, asked: &Asked<'_>, answer: Answer<C>, write: impl FnOnce(C, Option<&str>) -> Vec<Bytes>) -> Response {
    let Answer { content, next, dates } = answer;
    let (next, objects) = (next.as_deref(), content.size().0);
    let mut response = if content.dates().is_some() {
        let tag = Tag::of(asked.kind, content.digest() ^ asked.reading.collection.as_u128(), next.unwrap_or_default());
        let mut response = validated(app, asked, tag, || write(content, next)).await;
        // Who is nobody in particular is shown what anybody may see.
        if asked.reading.reader.is_none() {
            response.headers_mut().insert(header::CACHE_CONTROL, if next.is_some() { FULL } else { GROWING });
        }
        response
    } else {
        // Nothing to be kept, and what it looks like depends on who asks (Q16).
        respond::body(StatusCode::OK, Pieces::from(write(content, next)))
    };
    response.extensions_mut().insert(Handed(objects));
    let headers = response.headers_mut();
    headers.insert(header::VARY, app.vary.clone());
    if let Some((first, last)) = dates {
        for (name, stamp) in [(FIRST, first), (LAST, last)] {
            headers.extend(HeaderValue::try_from(stamp.to_string()).map(|value| (name, value)));
        }
    }
    response
}

/// What a tag names: nothing if the client has it, else compressed if the client likes and it is worth it.
async fn validated(app: &App, asked: &Asked<'_>, tag: Tag, write: impl FnOnce() -> Vec<Bytes>) -> Response {
    let coding = Coding::accepted(asked.headers);
    if tag.is_known(asked.headers) {
        return tagged(respond::body(StatusCode::NOT_MODIFIED, Bytes::new()), tag, coding);
    }
    let Some(coding) = coding else {
        return tagged(respond::body(StatusCode::OK, Pieces::from(write())), tag, None);
    };
    if let Some(body) = app.compressed.get(tag, coding) {
        return encoded(body, tag, coding);
    }
    let pieces = write();
    let plain = Pieces::from(pieces.clone());
    let compressed = if plain.octets() < SHORTEST { None } else { app.compressed.make(tag, coding, pieces).await };
    match compressed {
        Some(body) => encoded(body, tag, coding),
        None => tagged(respond::body(StatusCode::OK, plain), tag, None),
    }
}

fn encoded(body: Bytes, tag: Tag, coding: Coding) -> Response {
    let mut response = respond::body(StatusCode::OK, body);
    response.headers_mut().insert(header::CONTENT_ENCODING, coding.header());
    tagged(response, tag, Some(coding))
}

fn tagged(mut response: Response, tag: Tag, coding: Option<Coding>) -> Response {
    response.headers_mut().extend(tag.header(coding).map(|value| (header::ETAG, value)));
    response
}
