//! Imports: begun with a file, watched, and undone.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::door::caller::{Caller, Segments};
use crate::door::error::Failure;
use crate::door::query::Query;
use crate::door::target::Target;
use crate::door::{App, body, json, request, respond};
use crate::feed::access::{self, Denied};
use crate::feed::desk::import::{Import, State as Stage, Upload};
use crate::feed::desk::indicator::Terms;
use crate::feed::desk::lines::Format;
use crate::feed::desk::undo::Undone;
use crate::store::audit::{Through, Verb};

/// What is said of a file besides its octets.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Said {
    /// Its name.
    pub name: String,
    /// Whether to say only what would happen.
    pub dry_run: bool,
    /// [`Terms`] as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
}

/// Which lines of an import are wanted.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    /// Those with one of these verdicts, with commas between; without, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<String>,
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
    json::check_document(request.headers())?;
    let unfit = |error: serde_json::Error| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, format!("terms: {error}"));
    let terms: Terms = said.terms.as_deref().map(serde_json::from_str).transpose().map_err(unfit)?.unwrap_or_default();
    let octets = body::read_document(request, &app.options).await?;
    let upload = Upload { name: if said.name.is_empty() { "import".into() } else { said.name }, octets, format: Format::Any };
    let act = request::act(Through::Desk, Verb::Import, app.feed.clock().now());
    let import = app.feed.import(working, upload, terms, said.dry_run, act).await?;
    Ok(respond::resource(StatusCode::ACCEPTED, &import))
}

/// `GET /desk/imports/`
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Failure> {
    access::own_acts(&caller.0).map_err(|denied| caller.denied(denied))?;
    let directory = app.feed.directory();
    let mut imports = app.feed.all_imports().await?;
    imports.retain(|import| access::import(&directory, &caller.0, import).is_ok());
    Ok(respond::resource(StatusCode::OK, &Imports { imports }))
}

/// `GET /desk/imports/{import}/`: with what became of its lines, once it has come to its end.
pub async fn one(State(app): State<Arc<App>>, caller: Caller, path: Segments, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let mut import = find(&app, &caller, &path).await?;
    if import.state != Stage::Running {
        import.lines = app.feed.import_lines(import.id).await?;
        if let Some(verdicts) = &wanted.verdicts {
            import.lines.retain(|told| verdicts.split(',').any(|verdict| verdict.trim() == told.verdict));
        }
    }
    Ok(respond::resource(StatusCode::OK, &import))
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
    access::own_acts(&caller.0).map_err(|denied| caller.denied(denied))?;
    let hidden = || caller.denied(Denied::Hidden);
    let id = Uuid::parse_str(path.get("import")).map_err(|_| hidden())?;
    let import = app.feed.import_state(id).await?.ok_or_else(hidden)?;
    access::import(&app.feed.directory(), &caller.0, &import).map_err(|denied| caller.denied(denied))?;
    Ok(import)
}
