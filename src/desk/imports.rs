//! Imports: begun with a file, watched, and undone.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::door::caller::{Caller, Segments};
use crate::door::error::Failure;
use crate::door::target::Target;
use crate::door::{App, body, request, respond};
use crate::feed::access::{self, Denied, Principal};
use crate::feed::desk::import::{Import, Upload};
use crate::feed::desk::indicator::Terms;
use crate::feed::desk::undo::Undone;
use crate::store::audit::{Through, Verb};
use crate::store::directory::Directory;

/// What is said of a file besides its octets.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Said {
    /// Its name.
    pub name: String,
    /// Whether to say only what would happen.
    pub dry_run: bool,
    /// [`Terms`] as JSON.
    pub terms: Option<String>,
}

/// Imports, the latest first, without their lines.
#[derive(Debug, Serialize, Deserialize)]
pub struct Imports {
    /// Each as it stands.
    pub imports: Vec<Import>,
}

/// `POST /desk/{root}/{collection}/imports/`: the body is the file, whatever it is.
pub async fn begin(State(app): State<Arc<App>>, Target(seen): Target, Query(said): Query<Said>, request: Request) -> Result<Response, Failure> {
    let working = seen.to_work()?;
    let unfit = |error: serde_json::Error| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, format!("terms: {error}"));
    let terms: Terms = said.terms.as_deref().map(serde_json::from_str).transpose().map_err(unfit)?.unwrap_or_default();
    let octets = body::read(request, &app.options).await?;
    let upload = Upload { name: if said.name.is_empty() { "import".into() } else { said.name }, octets };
    let act = request::act(Through::Desk, Verb::Import, app.feed.clock().now());
    let import = app.feed.import(working, upload, terms, said.dry_run, act).await?;
    Ok(respond::resource(StatusCode::ACCEPTED, &import))
}

/// `GET /desk/imports/`
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    let mut imports = app.feed.all_imports().await?;
    imports.retain(|import| may_see(&directory, &caller.0, import));
    Ok(respond::resource(StatusCode::OK, &Imports { imports }))
}

/// `GET /desk/imports/{import}/`
pub async fn one(State(app): State<Arc<App>>, caller: Caller, path: Segments) -> Result<Response, Failure> {
    Ok(respond::resource(StatusCode::OK, &find(&app, &caller, &path).await?))
}

/// `POST /desk/imports/{import}/undo/`
pub async fn undo(State(app): State<Arc<App>>, caller: Caller, path: Segments) -> Result<Response, Failure> {
    let import = find(&app, &caller, &path).await?;
    let directory = app.feed.directory();
    let seen = access::by_id(&directory, &caller.0, import.collection).map_err(|denied| caller.denied(denied))?;
    let act = request::act(Through::Desk, Verb::Undo, app.feed.clock().now());
    let undone: Undone = app.feed.undo_import(&seen.to_work()?, import, act).await?;
    Ok(respond::resource(StatusCode::OK, &undone))
}

async fn find(app: &App, caller: &Caller, path: &Segments) -> Result<Import, Failure> {
    let id = Uuid::parse_str(path.get("import")).map_err(|_| caller.denied(Denied::Hidden))?;
    let import = app.feed.import_state(id).await?;
    let seen = import.filter(|import| may_see(&app.feed.directory(), &caller.0, import));
    seen.ok_or_else(|| caller.denied(Denied::Hidden))
}

/// Who may work on a collection may see what others have imported into it.
fn may_see(directory: &Directory, principal: &Principal, import: &Import) -> bool {
    access::by_id(directory, principal, import.collection).is_ok_and(|seen| seen.to_work().is_ok())
}
