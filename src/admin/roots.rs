//! API roots.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::gate::administers;
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::{App, json, respond};
use crate::store::directory::{Conflict, Edit, Root};

/// What makes a root.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRoot {
    /// Its path segment.
    pub slug: String,
    /// Its name.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
}

/// All roots, by slug.
#[derive(Debug, Serialize, Deserialize)]
pub struct Roots {
    /// Each as it stands.
    pub roots: Vec<Root>,
}

/// `GET /admin/roots/`
pub async fn list(State(app): State<Arc<App>>) -> Response {
    respond::resource(StatusCode::OK, &Roots { roots: app.feed.directory().roots.values().cloned().collect() })
}

/// `POST /admin/roots/`
pub async fn add(State(app): State<Arc<App>>, request: Request) -> Result<Response, Failure> {
    let NewRoot { slug, title, description } = json::read(request, &app).await?;
    let root = Root { slug, title, description };
    app.feed.edit(vec![Edit::AddRoot(root.clone())], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::CREATED, &root))
}

/// `GET /admin/roots/{root}/`
pub async fn one(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let (directory, slug) = (app.feed.directory(), path.get("root"));
    let root = directory.roots.get(slug).ok_or_else(|| Conflict::Missing(format!("root {slug}")))?;
    Ok(respond::resource(StatusCode::OK, root))
}

/// `DELETE /admin/roots/{root}/`: it must be empty.
pub async fn remove(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    app.feed.edit(vec![Edit::RemoveRoot(path.get("root").into())], Some(administers(&app))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
