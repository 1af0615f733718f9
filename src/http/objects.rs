//! Objects, manifests and versions (TAXII 2.1 §5.3 to §5.8).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::extract::{accept, needs_empty_list};
use super::respond::{Asked, page};
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::target::Target;
use crate::door::{App, body, request, respond};
use crate::feed::access::Reading;
use crate::feed::error::FeedError;
use crate::feed::read::Answer;
use crate::store::audit::{Through, Verb};
use crate::store::text::Text;
use crate::store::{Page, Removal};
use crate::taxii::envelope::{self, Empty, Item};
use crate::taxii::media::{self, Form, Offer};
use crate::taxii::query::{Fields, Query};

/// `GET …/objects/` (§5.4); a FortiGate gets the whole collection as one bundle (Q13).
pub async fn list(State(app): State<Arc<App>>, Target(seen): Target, headers: HeaderMap, RawQuery(raw): RawQuery) -> Result<Response, Failure> {
    let form = accept(&headers, Offer::Objects)?;
    let reading = seen.to_read()?;
    let query = Query::parse(&raw.unwrap_or_default(), Fields::All)?;
    if form == Form::Bundle {
        return Ok(bundle(app, reading, query));
    }
    let answer = app.feed.page::<Text>(&reading, &query).await?;
    let asked = Asked { kind: "objects", reading: &reading, headers: &headers };
    Ok(page(&app, &asked, answer, |text, next| envelope::objects(text.parts, next, empty(&headers))).await)
}

/// `GET …/manifest/` (§5.3).
pub async fn manifest(State(app): State<Arc<App>>, Target(seen): Target, headers: HeaderMap, RawQuery(raw): RawQuery) -> Result<Response, Failure> {
    accept(&headers, Offer::Content)?;
    let reading = seen.to_read()?;
    let query = Query::parse(&raw.unwrap_or_default(), Fields::All)?;
    let answer = app.feed.page::<Page>(&reading, &query).await?;
    let asked = Asked { kind: "manifest", reading: &reading, headers: &headers };
    Ok(page(&app, &asked, answer, |found, next| vec![envelope::manifest(items(&found), next, empty(&headers)).into()]).await)
}

/// `POST …/objects/` (§5.5).
pub async fn add(State(app): State<Arc<App>>, Target(seen): Target, request: Request) -> Result<Response, Failure> {
    accept(request.headers(), Offer::Content)?;
    let writing = seen.to_write()?;
    body::check_type(request.headers())?;
    let body = body::read(request, &app.options).await?;
    let act = request::act(Through::Taxii, Verb::Post, app.feed.clock().now());
    let status = app.feed.post(&writing, body, act).await?;
    Ok(respond::resource(StatusCode::ACCEPTED, &status))
}

/// `GET …/objects/{object}/` (§5.6).
pub async fn one(
    State(app): State<Arc<App>>,
    Target(seen): Target,
    path: Segments,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    accept(&headers, Offer::Content)?;
    let reading = seen.to_read()?;
    let query = Query::parse(&raw.unwrap_or_default(), Fields::Versions)?;
    let answer = app.feed.object(&reading, path.get("object"), &query).await?;
    let asked = Asked { kind: "objects", reading: &reading, headers: &headers };
    Ok(page(&app, &asked, answer, |found, next| envelope::objects(Text::from(found).parts, next, empty(&headers))).await)
}

/// `DELETE …/objects/{object}/` (§5.7).
pub async fn delete(
    State(app): State<Arc<App>>,
    Target(seen): Target,
    path: Segments,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    accept(&headers, Offer::Content)?;
    let reading = seen.to_delete()?;
    let query = Query::parse(&raw.unwrap_or_default(), Fields::Versions)?;
    let act = request::act(Through::Taxii, Verb::Delete, app.feed.clock().now());
    app.feed.delete(&reading, path.get("object"), &query, Removal::Retired, act).await?;
    Ok(respond::body(StatusCode::OK, Body::empty()))
}

/// `GET …/objects/{object}/versions/` (§5.8).
pub async fn versions(
    State(app): State<Arc<App>>,
    Target(seen): Target,
    path: Segments,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    accept(&headers, Offer::Content)?;
    let reading = seen.to_read()?;
    let query = Query::parse(&raw.unwrap_or_default(), Fields::SpecVersion)?;
    let answer = app.feed.versions(&reading, path.get("object"), &query).await?;
    let asked = Asked { kind: "versions", reading: &reading, headers: &headers };
    Ok(page(&app, &asked, answer, |found, next| vec![envelope::versions(items(&found), next).into()]).await)
}

fn items(page: &Page) -> impl Iterator<Item = Item<'_>> {
    page.records.iter().map(|record| Item { id: &record.id, version: &record.version, added: record.added })
}

fn empty(headers: &HeaderMap) -> Empty {
    if needs_empty_list(headers) { Empty::List } else { Empty::Omit }
}

/// The whole selection as one bundle, sent page by page so that its size costs no memory.
fn bundle(app: Arc<App>, reading: Reading, query: Query) -> Response {
    let head = format!(r#"{{"type":"bundle","id":"bundle--{}","objects":["#, Uuid::new_v4());
    let mut first = true;
    let objects = pages(app, reading, query).map_ok(move |answer| {
        let mut pieces = Vec::new();
        for part in answer.content.parts {
            if !std::mem::replace(&mut first, false) {
                pieces.push(Bytes::from_static(b","));
            }
            pieces.push(part);
        }
        stream::iter(pieces.into_iter().map(Ok::<_, FeedError>))
    });
    let objects = objects.try_flatten();
    let whole = stream::once(async { Ok(Bytes::from(head)) }).chain(objects).chain(stream::once(async { Ok(Bytes::from_static(b"]}")) }));
    respond::typed(StatusCode::OK, media::STIX_20, Body::from_stream(whole))
}

/// The pages of a query, one after the other.
fn pages(app: Arc<App>, reading: Reading, query: Query) -> impl Stream<Item = Result<Answer<Text>, FeedError>> {
    stream::try_unfold(Some(query), move |query| {
        let (app, reading) = (app.clone(), reading.clone());
        async move {
            let Some(query) = query else { return Ok(None) };
            let answer: Answer<Text> = app.feed.page(&reading, &query).await?;
            let next = answer.next.as_deref().and_then(crate::taxii::cursor::read).map(|next| Query { next: Some(next), ..query });
            Ok(Some((answer, next)))
        }
    })
}
