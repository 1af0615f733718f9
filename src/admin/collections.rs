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
use crate::stix::marking::Level;
use crate::store::directory::{self, Conflict, Directory, Edit, Sharing};
use crate::store::only::Only;

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
    /// What it takes and gives.
    #[serde(default)]
    pub sharing: Sharing,
    /// What it shows of another collection, if it is to hold nothing itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
}

/// What a collection shows of another one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The collection that holds the objects, as `root/collection`.
    pub of: String,
    /// Only objects of these types; of any if there are none.
    #[serde(default)]
    pub types: Vec<String>,
    /// Only what was added within so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
    /// Only objects with one of these `labels` or `indicator_types`.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Only objects of this `confidence` at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<u8>,
}

impl View {
    fn of(view: &directory::View, directory: &Directory) -> Self {
        let of = directory.collection(view.of).map(|(_, base)| base.address()).unwrap_or_default();
        let Only { labels, min_confidence, .. } = view.only.clone();
        Self { of, types: view.types.clone(), max_age_days: view.max_age_days, labels, min_confidence }
    }

    fn resolve(self, directory: &Directory) -> Result<directory::View, Conflict> {
        let base = self.of.split_once('/').and_then(|(root, name)| directory.find_collection(root, name));
        let of = base.ok_or_else(|| Conflict::Missing(format!("collection {}", self.of)))?.id;
        let only = Only { labels: self.labels, min_confidence: self.min_confidence, ..Only::default() };
        Ok(directory::View { of, types: self.types, max_age_days: self.max_age_days, only })
    }
}

/// A collection as this door shows it.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
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
    /// What it takes and gives.
    pub sharing: Sharing,
    /// Whether it shows a part of another collection and holds nothing itself.
    pub view: bool,
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
            sharing: collection.sharing.clone(),
            view: collection.view.is_some(),
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
    check(&new.sharing)?;
    let view = new.view.map(|view| view.resolve(&app.feed.directory())).transpose()?;
    let collection = directory::Collection {
        id: new.id.unwrap_or_else(Uuid::new_v4),
        root: new.root,
        alias: new.alias,
        title: new.title,
        description: new.description,
        public: new.public,
        decay: false,
        curated: None,
        sharing: new.sharing,
        view,
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

/// `GET /admin/collections/{root}/{collection}/sharing/`
pub async fn sharing(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let sharing = target(&app.feed.directory(), &path)?.sharing.clone();
    Ok(respond::resource(StatusCode::OK, &sharing))
}

/// `PUT /admin/collections/{root}/{collection}/sharing/`: it is this from now on. What is there keeps the level that it was judged with.
pub async fn set_sharing(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let sharing: Sharing = json::read(request, &app).await?;
    check(&sharing)?;
    let collection = target(&app.feed.directory(), &path)?.clone();
    let edit = Edit::SetCollection(directory::Collection { sharing: sharing.clone(), ..collection });
    app.feed.edit(vec![edit], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::OK, &sharing))
}

/// `GET /admin/collections/{root}/{collection}/view/`
pub async fn view(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    let collection = target(&directory, &path)?;
    let view = collection.view.as_ref().ok_or_else(|| Conflict::Missing(format!("view: {} holds objects itself", collection.address())))?;
    Ok(respond::resource(StatusCode::OK, &View::of(view, &directory)))
}

/// `PUT /admin/collections/{root}/{collection}/view/`: it shows this from now on.
pub async fn set_view(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let view: View = json::read(request, &app).await?;
    let directory = app.feed.directory();
    let collection = target(&directory, &path)?.clone();
    let view = view.resolve(&directory)?;
    let edit = Edit::SetCollection(directory::Collection { view: Some(view.clone()), ..collection });
    let directory = app.feed.edit(vec![edit], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::OK, &View::of(&view, &directory)))
}

/// A ceiling and a default are levels that a marking can have.
fn check(sharing: &Sharing) -> Result<(), Failure> {
    let unfit = |what: &str| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    if sharing.ceiling == Level::Unmarked || sharing.unmarked == Level::Unmarked {
        return Err(unfit("ceiling and unmarked are TLP levels: clear, green, amber, amber+strict or red"));
    }
    if sharing.unmarked > sharing.ceiling {
        return Err(unfit("what is not marked would count as higher than anything that the collection takes"));
    }
    if sharing.retention_days == Some(0) {
        return Err(unfit("retention_days: a number from 1 up"));
    }
    Ok(())
}
