//! Partners: organisations with users of their own, what is shared with them, and what they have agreed to.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::collections;
use super::gate::administers;
use super::grants::NewRights;
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::{App, json, respond};
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::store::directory::{self, Conflict, Directory, Edit, Rights};
use crate::taxii::stamp::Stamp;

/// What makes a partner, or what it becomes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What it is called.
    pub title: String,
    /// The highest TLP level that any of its users may be shown.
    #[serde(default = "usual_clearance")]
    pub clearance: Level,
    /// Whether it agrees to be named to others as the source of what it sends.
    #[serde(default)]
    pub named: bool,
    /// When its part ends, as a timestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The most requests of each of its users in a minute, if that is another number than for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
}

/// What makes a partner.
#[derive(Debug, Serialize, Deserialize)]
pub struct NewPartner {
    /// Names it: lower-case letters, digits and inner hyphens.
    pub name: String,
    /// The rest.
    #[serde(flatten)]
    pub terms: Terms,
}

/// A partner as this door shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Partner {
    /// Names it.
    pub name: String,
    /// Stands for it where objects came from.
    pub id: Uuid,
    /// What was agreed.
    #[serde(flatten)]
    pub terms: Terms,
    /// Its users.
    pub users: Vec<String>,
    /// What is shared with it, by `root/collection`.
    pub shares: BTreeMap<String, NewRights>,
    /// The collections whose terms it has agreed to.
    pub accepted: Vec<Accepted>,
    /// When it was made, as a TAXII timestamp.
    pub created: String,
}

/// That a partner has agreed to the terms of a collection.
#[derive(Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// The collection, as `root/alias`.
    pub collection: String,
    /// Whether these are its terms still.
    pub current: bool,
    /// Who agreed for the partner.
    pub by: String,
    /// When, as a TAXII timestamp.
    pub at: String,
}

/// All partners, by name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Partners {
    /// Each as it stands.
    pub partners: Vec<Partner>,
}

fn usual_clearance() -> Level {
    Level::Green
}

/// How a collection is called.
fn called(directory: &Directory, id: Uuid) -> String {
    directory.collection(id).map_or_else(|| id.to_string(), |(_, found)| found.address())
}

impl Partner {
    fn of(partner: &directory::Partner, directory: &Directory) -> Self {
        let users = directory.users.values().filter(|user| user.partner.as_ref() == Some(&partner.name)).map(|user| user.name.clone());
        let shares = directory.shares.get(&partner.name).into_iter().flatten();
        let shares = shares.map(|(id, rights)| (called(directory, *id), NewRights { read: rights.read, write: rights.write, own: rights.own }));
        let accepted = partner.accepted.iter().map(|(id, accepted)| Accepted {
            collection: called(directory, *id),
            current: directory.collection(*id).is_some_and(|(_, collection)| partner.agrees(collection)),
            by: accepted.by.clone(),
            at: accepted.at.to_string(),
        });
        let directory::Partner { title, clearance, named, expires, requests_per_minute, .. } = partner.clone();
        Self {
            name: partner.name.clone(),
            id: partner.id,
            terms: Terms { title, clearance, named, expires: expires.map(|end| end.to_string()), requests_per_minute },
            users: users.collect(),
            shares: shares.collect(),
            accepted: accepted.collect(),
            created: partner.created.to_string(),
        }
    }
}

/// The partner of the path.
fn target<'a>(directory: &'a Directory, path: &Segments) -> Result<&'a directory::Partner, Conflict> {
    let name = path.get("partner");
    directory.partners.get(name).ok_or_else(|| Conflict::Missing(format!("partner {name}")))
}

/// Refuses a level that is none; when the partner's part ends.
fn check(terms: &Terms) -> Result<Option<Stamp>, Failure> {
    let unfit = |what: &str| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    if terms.clearance == Level::Unmarked {
        return Err(unfit("clearance: a TLP level: clear, green, amber, amber+strict or red"));
    }
    let end = |text: &String| Instant::parse(text).map(|end| Stamp(end.micros())).map_err(|error| unfit(&format!("expires: {error}")));
    terms.expires.as_ref().map(end).transpose()
}

/// `GET /admin/partners/`
pub async fn list(State(app): State<Arc<App>>) -> Response {
    let directory = app.feed.directory();
    respond::resource(StatusCode::OK, &Partners { partners: directory.partners.values().map(|partner| Partner::of(partner, &directory)).collect() })
}

/// `POST /admin/partners/`
pub async fn add(State(app): State<Arc<App>>, request: Request) -> Result<Response, Failure> {
    let NewPartner { name, terms } = json::read(request, &app).await?;
    let expires = check(&terms)?;
    let Terms { title, clearance, named, requests_per_minute, .. } = terms;
    let (id, accepted, created) = (Uuid::new_v4(), BTreeMap::new(), app.feed.clock().now());
    let partner = directory::Partner { name, id, title, clearance, named, expires, requests_per_minute, accepted, created };
    let directory = app.feed.edit(vec![Edit::AddPartner(partner.clone())], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::CREATED, &Partner::of(&partner, &directory)))
}

/// `GET /admin/partners/{partner}/`
pub async fn one(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    Ok(respond::resource(StatusCode::OK, &Partner::of(target(&directory, &path)?, &directory)))
}

/// `PUT /admin/partners/{partner}/`: what was agreed is this from now on.
pub async fn set(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let terms: Terms = json::read(request, &app).await?;
    let expires = check(&terms)?;
    let old = target(&app.feed.directory(), &path)?.clone();
    let Terms { title, clearance, named, requests_per_minute, .. } = terms;
    let partner = directory::Partner { title, clearance, named, expires, requests_per_minute, ..old };
    let directory = app.feed.edit(vec![Edit::SetPartner(partner)], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::OK, &Partner::of(target(&directory, &path)?, &directory)))
}

/// `DELETE /admin/partners/{partner}/`: with what is shared with it; it must have no users.
pub async fn remove(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    app.feed.edit(vec![Edit::RemovePartner(path.get("partner").into())], Some(administers(&app))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /admin/partners/{partner}/shares/{root}/{collection}/`: the rights of all its users are these from now on.
pub async fn share(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let NewRights { read, write, own } = json::read(request, &app).await?;
    if !read && !write && !own {
        return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "a share has the right to read, to write, or to read one's own; DELETE ends it"));
    }
    let directory = shared(&app, &path, Rights { read, write, own }).await?;
    Ok(respond::resource(StatusCode::OK, &Partner::of(target(&directory, &path)?, &directory)))
}

/// `DELETE /admin/partners/{partner}/shares/{root}/{collection}/`
pub async fn unshare(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    shared(&app, &path, Rights::default()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn shared(app: &Arc<App>, path: &Segments, rights: Rights) -> Result<Arc<Directory>, Failure> {
    let collection = collections::target(&app.feed.directory(), path)?.id;
    let partner = path.get("partner").to_owned();
    Ok(app.feed.edit(vec![Edit::Share { partner, collection, rights }], Some(administers(app))).await?)
}
