//! A stream of events: one for each object, with its place in the order as id, so that who comes again goes on where it was.
//!
//! Each time that something is sent it is asked anew what the listener may read. A stream ends after an hour, or when its listener may read
//! no more; clients come again by themselves.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::door::App;
use crate::door::caller::{Caller, header_text};
use crate::door::error::Failure;
use crate::door::query::Query;
use crate::door::target::Target;
use crate::feed::access::{self, Principal, Reading};
use crate::feed::bell::Ear;
use crate::stix::id::type_of;
use crate::stix::time;
use crate::store::{Record, StoreError};
use crate::taxii::stamp::Stamp;

/// Objects, and their octets, that are read at once.
const PAGE: usize = 100;
const PAGE_OCTETS: usize = 1 << 20;
/// After so long without an event a line says that the stream still lives.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a stream lives.
const LIFE: Duration = Duration::from_hours(1);
/// How long a client is to wait before it comes again.
const HELLO: &str = "retry: 2000\n: what is new follows\n\n";

/// Where to begin, for who has no `Last-Event-ID`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct From {
    /// Behind this date added; without it with what comes from now on.
    added_after: Option<String>,
}

/// A listener.
struct Listener {
    app: Arc<App>,
    principal: Principal,
    collection: Uuid,
    position: Stamp,
    ear: Ear,
    ends: Instant,
    greeted: bool,
}

/// `GET /events/{root}/{collection}/`
pub async fn follow(
    State(app): State<Arc<App>>,
    caller: Caller,
    Target(seen): Target,
    Query(From { added_after }): Query<From>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    seen.to_read()?;
    let ear = app.feed.bell().listen();
    let position = match header_text(&headers, "last-event-id").map(ToOwned::to_owned).or(added_after) {
        Some(text) => place(&text)?,
        None => app.feed.latest(&seen.to_read()?).await?,
    };
    let (collection, ends) = (seen.collection.id, Instant::now() + LIFE);
    let listener = Listener { app, principal: caller.0, collection, position, ear, ends, greeted: false };
    let mut response = Response::new(Body::from_stream(stream::unfold(listener, Listener::next)));
    *response.status_mut() = StatusCode::OK;
    let told = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    for (name, value) in told {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // Proxies that gather answers would keep events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// A place in the order, as the ids of events write it.
fn place(text: &str) -> Result<Stamp, Failure> {
    let instant = time::Instant::parse(text).map_err(|error| Failure::new(StatusCode::BAD_REQUEST, format!("the place to begin at: {error}")))?;
    Ok(Stamp(instant.micros()))
}

impl Listener {
    /// The next piece of the stream; `None` when it ends.
    async fn next(mut self) -> Option<(Result<Bytes, StoreError>, Self)> {
        if !self.greeted {
            self.greeted = true;
            return Some((Ok(Bytes::from_static(HELLO.as_bytes())), self));
        }
        loop {
            if self.ear.is_over() {
                return None;
            }
            let reading = self.reading()?;
            let page = match self.app.feed.listen(&reading, self.position, PAGE, PAGE_OCTETS).await {
                Ok(page) => page,
                Err(error) => return Some((Err(error), self)),
            };
            if let Some(last) = page.records.last() {
                self.position = last.added;
                return Some((Ok(page.records.iter().map(event).collect::<String>().into()), self));
            }
            let silent = tokio::time::timeout_at(self.ends.min(Instant::now() + SILENCE), self.ear.heard()).await.is_err();
            if Instant::now() >= self.ends {
                return None;
            }
            if silent {
                return Some((Ok(Bytes::from_static(b": still here\n\n")), self));
            }
        }
    }

    /// What the listener may read now.
    fn reading(&self) -> Option<Reading> {
        let directory = self.app.feed.directory();
        let (_, collection) = directory.collection(self.collection)?;
        match self.principal.name() {
            Some(name) if directory.users.contains_key(name) => access::reading(&directory, name, collection, self.app.feed.clock().now()),
            Some(_) => None,
            None => access::by_id(&directory, &self.principal, self.collection).ok()?.to_read().ok(),
        }
    }
}

/// An object as an event.
fn event(record: &Record) -> String {
    let mut text = format!("id: {}\nevent: object\n", record.added);
    let told = format!(
        r#"{{"id":"{}","type":"{}","version":"{}","date_added":"{}","object":"#,
        record.id,
        type_of(&record.id),
        record.version,
        record.added
    );
    let object = String::from_utf8_lossy(&record.object);
    // A line feed in the text of an object is white space between its parts: each line is a line of data.
    for (at, line) in object.split(['\n', '\r']).enumerate() {
        let _ = write!(text, "{}data: {}{line}", if at > 0 { "\n" } else { "" }, if at > 0 { "" } else { told.as_str() });
    }
    text + "}\n\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::marking::Level;

    #[test]
    fn an_object_is_one_event_whatever_white_space_it_has() {
        let object = Bytes::from_static(b"{\n\"a\":\r1}");
        let record = Record { added: Stamp(0), id: "url--1".into(), version: "v".into(), level: Level::Clear, origin: None, object };
        let text = event(&record);
        assert!(text.ends_with("}}\n\n") && text.matches("\n\n").count() == 1, "{text}");
        let data: String = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let data: serde_json::Value = serde_json::from_str(&data).unwrap();
        assert_eq!((&data["object"]["a"], &data["type"]), (&1.into(), &"url".into()));
    }
}
