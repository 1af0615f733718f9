//! What there is, and lists by name or by key.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Selection, View};
use super::format::{self, Format, Shape};
use super::list::Lists;
use super::part::Recipe;
use super::{answer, objects};
use crate::door::caller::{ByKey, Caller, Segments};
use crate::door::error::Failure;
use crate::door::target::Target;
use crate::door::{App, respond};
use crate::feed::access::{self, Denied, Reading, Seen};

/// A file that can be asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct File {
    /// The last segment of its URL.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The kinds of values in it.
    pub kinds: Vec<String>,
    /// Its `Content-Type`.
    pub media_type: String,
}

/// All files that can be asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Files {
    /// Each with what it is for.
    pub lists: Vec<File>,
}

/// `GET /lists/`: the files that there are of each collection.
pub async fn formats(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Failure> {
    access::knock(&app.feed.directory(), &caller.0).map_err(|denied| caller.denied(denied))?;
    Ok(respond::resource(StatusCode::OK, &Files::all()))
}

/// `GET /lists/{root}/{collection}/`: the same, of a collection that the caller may read.
pub async fn index(Target(seen): Target) -> Result<Response, Failure> {
    seen.to_read()?;
    Ok(respond::resource(StatusCode::OK, &Files::all()))
}

/// `GET /lists/{root}/{collection}/{file}/`
pub async fn one(
    State(app): State<Arc<App>>,
    Extension(lists): Extension<Arc<Lists>>,
    Target(seen): Target,
    path: Segments,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default())?;
    list(&app, &lists, &seen, path.get("file"), asked, &headers).await
}

/// `GET /lists/by-key/{key}/{file}/`: the one list that the key opens.
pub async fn by_key(
    State(app): State<Arc<App>>,
    Extension(lists): Extension<Arc<Lists>>,
    ByKey { principal, list: opened }: ByKey,
    path: Segments,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let file = path.get("file");
    // A key opens the files of one format, since a feed of MISP is several; whoever has it changes nothing else.
    let same = find(file)
        .zip(find(&opened.file))
        .is_some_and(|(asked, own)| std::ptr::eq(asked.files(), own.files()) && (own.shape() == Shape::Events || file == opened.file));
    if !same || query.is_some_and(|query| !query.is_empty()) {
        return Err(Failure::new(StatusCode::NOT_FOUND, "the key opens another list, or with another query"));
    }
    let seen = access::by_id(&app.feed.directory(), &principal, opened.collection).map_err(Failure::from)?;
    list(&app, &lists, &seen, file, Asked::read(&opened.query)?, &headers).await
}

async fn list(app: &Arc<App>, lists: &Arc<Lists>, seen: &Seen, name: &str, asked: Asked, headers: &HeaderMap) -> Result<Response, Failure> {
    let reading = seen.to_read()?;
    app.feed.listed(&reading, app.feed.latest(&reading).await?);
    let recipe = recipe(app, seen, &reading, name, asked)?;
    let made = lists.list(&app.feed, &reading, recipe).await?;
    let now = app.feed.clock().now();
    if made.recipe.format.shape() == Shape::Objects {
        return Ok(answer::objects(&made, headers, now, || objects::body(app.feed.clone(), reading, made.clone())));
    }
    answer::answer(lists, &made, headers, now).await
}

fn recipe(app: &App, seen: &Seen, reading: &Reading, name: &str, asked: Asked) -> Result<Recipe, Failure> {
    let unknown = || Failure::new(StatusCode::NOT_FOUND, format!("there is no list {name:?}; /lists/ tells which there are"));
    let format = find(name).ok_or_else(unknown)?;
    let file = format.file(name).ok_or_else(unknown)?;
    if reading.only.as_ref().is_some_and(|only| only.from.is_some() || only.not_from.is_some()) {
        return Err(Denied::Forbidden("lists are of whole collections and views, not of what one has sent").into());
    }
    let selection = Selection { asked, view: View::of(reading), clearance: reading.clearance, guarded: app.options.lists_guarded };
    let collection = (seen.collection.id, seen.collection.title.clone());
    Ok(Recipe { format, file, name: name.to_owned(), selection, collection })
}

/// The format of a file.
fn find(name: &str) -> Option<&'static dyn Format> {
    format::ALL.iter().copied().find(|format| format.file(name).is_some())
}

/// Whether a list can be asked for so; what is wrong otherwise.
pub fn check(name: &str, query: &str) -> Result<(), Failure> {
    find(name).ok_or_else(|| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, format!("there is no list {name:?}")))?;
    Asked::read(query).map(drop)
}

impl Files {
    /// What every format offers.
    fn all() -> Self {
        let file = |file: &format::File| File {
            name: file.name.to_owned(),
            about: file.about.to_owned(),
            kinds: file.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
            media_type: file.media_type.to_owned(),
        };
        Self { lists: format::ALL.iter().flat_map(|format| format.files()).map(file).collect() }
    }
}
