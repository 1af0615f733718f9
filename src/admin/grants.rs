//! Grants: what a user may do with a collection.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::collections;
use super::gate::administers;
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::{App, json, respond};
use crate::store::directory::{Conflict, Directory, Edit, Rights};

/// The rights that a grant is to have; what is left out is not granted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRights {
    /// GET.
    #[serde(default)]
    pub read: bool,
    /// POST; DELETE needs both.
    #[serde(default)]
    pub write: bool,
    /// GET of what the user's partner has sent.
    #[serde(default)]
    pub own: bool,
}

/// A grant as this door shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Who.
    pub user: String,
    /// The slug of the collection's root.
    pub root: String,
    /// The alias of the collection, else its id.
    pub collection: String,
    /// The id of the collection.
    pub id: Uuid,
    /// Whether the user may read.
    pub read: bool,
    /// Whether the user may write.
    pub write: bool,
    /// Whether the user may read what its partner has sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

/// Grants, by user.
#[derive(Debug, Serialize, Deserialize)]
pub struct Grants {
    /// Each as it stands.
    pub grants: Vec<Grant>,
}

/// Every grant there is.
pub fn all(directory: &Directory) -> impl Iterator<Item = Grant> {
    let each = directory.grants.iter().flat_map(|(user, of)| of.iter().map(move |(id, rights)| (user, *id, *rights)));
    each.filter_map(|(user, id, Rights { read, write, own })| {
        let (_, collection) = directory.collection(id)?;
        let name = collection.name();
        Some(Grant { user: user.clone(), root: collection.root.clone(), collection: name, id, read, write, own })
    })
}

/// `GET /admin/grants/`
pub async fn list(State(app): State<Arc<App>>) -> Response {
    respond::resource(StatusCode::OK, &Grants { grants: all(&app.feed.directory()).collect() })
}

/// `GET /admin/grants/{user}/{root}/{collection}/`
pub async fn one(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    Ok(respond::resource(StatusCode::OK, &target(&app.feed.directory(), &path)?))
}

/// `PUT /admin/grants/{user}/{root}/{collection}/`: the rights are these from now on.
pub async fn set(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let NewRights { read, write, own } = json::read(request, &app).await?;
    if !read && !write && !own {
        return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "a grant has the right to read, to write, or both; DELETE ends it"));
    }
    let collection = collections::target(&app.feed.directory(), &path)?.id;
    let user = path.get("user").to_owned();
    let directory = app.feed.edit(vec![Edit::Grant { user, collection, rights: Rights { read, write, own } }], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::OK, &target(&directory, &path)?))
}

/// `DELETE /admin/grants/{user}/{root}/{collection}/`
pub async fn remove(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let Grant { user, id: collection, .. } = target(&app.feed.directory(), &path)?;
    app.feed.edit(vec![Edit::Grant { user, collection, rights: Rights::default() }], Some(administers(&app))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The grant of the path.
fn target(directory: &Directory, path: &Segments) -> Result<Grant, Conflict> {
    let (user, id) = (path.get("user"), collections::target(directory, path)?.id);
    let missing = || Conflict::Missing(format!("grant of {user} on {}/{}", path.get("root"), path.get("collection")));
    all(directory).find(|grant| grant.user == user && grant.id == id).ok_or_else(missing)
}
