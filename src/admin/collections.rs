//! Collections, addressed by root and alias or id.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::gate::administers;
use super::grants::{self, Grant};
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::{App, json, respond};
use crate::store::directory::{self, Conflict, Directory, Edit};

/// What makes a collection.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCollection {
    /// The slug of its root.
    pub root: String,
    /// Stands for the id in URLs.
    pub alias: Option<String>,
    /// Its name, unique in its root.
    pub title: String,
    /// What it holds.
    pub description: Option<String>,
    /// A version 4 UUID; a fresh one if none is given.
    pub id: Option<Uuid>,
    /// Whether anybody may read what is TLP:CLEAR or unmarked in it.
    #[serde(default)]
    pub public: bool,
}

/// A collection as this door shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Collection {
    /// Its id.
    pub id: Uuid,
    /// The slug of its root.
    pub root: String,
    /// Stands for the id in URLs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its name.
    pub title: String,
    /// What it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether anybody may read what is TLP:CLEAR or unmarked in it.
    pub public: bool,
    /// Whether indicators that nobody touches lose confidence and end.
    pub decay: bool,
    /// Whether the curated feed keeps it.
    pub curated: bool,
}

/// Whether a collection decays.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decay {
    /// Whether indicators that nobody touches lose confidence and end.
    pub decay: bool,
}

/// All collections, in the order of their creation.
#[derive(Debug, Serialize, Deserialize)]
pub struct Collections {
    /// Each as it stands.
    pub collections: Vec<Collection>,
}

/// A collection with who may use it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    /// The collection.
    #[serde(flatten)]
    pub collection: Collection,
    /// Who may use it.
    pub grants: Vec<Grant>,
}

impl Collection {
    fn of(collection: &directory::Collection) -> Self {
        Self {
            id: collection.id,
            root: collection.root.clone(),
            alias: collection.alias.clone(),
            title: collection.title.clone(),
            description: collection.description.clone(),
            public: collection.public,
            decay: collection.decay,
            curated: collection.curated.is_some(),
        }
    }
}

/// The collection of the path.
pub fn target<'a>(directory: &'a Directory, path: &Segments) -> Result<&'a directory::Collection, Conflict> {
    let (root, name) = (path.get("root"), path.get("collection"));
    directory.find_collection(root, name).ok_or_else(|| Conflict::Missing(format!("collection {root}/{name}")))
}

/// `GET /admin/collections/`
pub async fn list(State(app): State<Arc<App>>) -> Response {
    let collections = app.feed.directory().collections.values().map(Collection::of).collect();
    respond::resource(StatusCode::OK, &Collections { collections })
}

/// `POST /admin/collections/`
pub async fn add(State(app): State<Arc<App>>, request: Request) -> Result<Response, Failure> {
    let new: NewCollection = json::read(request, &app).await?;
    let collection = directory::Collection {
        id: new.id.unwrap_or_else(Uuid::new_v4),
        root: new.root,
        alias: new.alias,
        title: new.title,
        description: new.description,
        public: new.public,
        decay: false,
        curated: None,
        ..directory::Collection::default()
    };
    app.feed.edit(vec![Edit::AddCollection(collection.clone())], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::CREATED, &Collection::of(&collection)))
}

/// `GET /admin/collections/{root}/{collection}/`
pub async fn one(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    let collection = target(&directory, &path)?;
    let grants = grants::all(&directory).filter(|grant| grant.id == collection.id).collect();
    Ok(respond::resource(StatusCode::OK, &Shown { collection: Collection::of(collection), grants }))
}

/// `DELETE /admin/collections/{root}/{collection}/`: with its objects and grants.
pub async fn remove(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let id = target(&app.feed.directory(), &path)?.id;
    app.feed.edit(vec![Edit::RemoveCollection(id)], Some(administers(&app))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /admin/collections/{root}/{collection}/decay/`
pub async fn decay(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let decay = target(&app.feed.directory(), &path)?.decay;
    Ok(respond::resource(StatusCode::OK, &Decay { decay }))
}

/// `PUT /admin/collections/{root}/{collection}/decay/`
pub async fn set_decay(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let Decay { decay } = json::read(request, &app).await?;
    let collection = target(&app.feed.directory(), &path)?.clone();
    if decay && collection.curated.is_some() {
        return Err(Failure::new(StatusCode::CONFLICT, "the curated feed keeps this collection, and would undo what decays in it"));
    }
    app.feed.edit(vec![Edit::SetCollection(directory::Collection { decay, ..collection })], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::OK, &Decay { decay }))
}
