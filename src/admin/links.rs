//! Links with other servers: what they do, and how they stand.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::gate::administers;
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::{App, json, respond};
use crate::links::state::{self, Refused};
use crate::stix::marking::Level;
use crate::store::directory::{self, Conflict, Directory, Edit, LinkCredential, LinkKind};
use crate::taxii::stamp::Stamp;

/// The fewest and the most seconds between two pulls.
const EVERY: std::ops::RangeInclusive<u32> = 1..=86_400 * 7;
/// Seconds between two pulls of which nothing is said.
const USUAL: u32 = 300;

/// What makes a link.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// What it is called: lower-case letters, digits and inner hyphens.
    pub name: String,
    /// What is done.
    pub kind: LinkKind,
    /// Our collection, as `root/collection`.
    pub collection: String,
    /// The partner at the other side; a webhook need not have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// The URL of a collection of a TAXII server, or what a webhook calls.
    pub url: String,
    /// How we say who we are. Comes in and never goes out.
    #[serde(default)]
    pub credential: LinkCredential,
    /// Nothing above this is sent.
    #[serde(default = "usual_clearance")]
    pub clearance: Level,
    /// Seconds between two pulls.
    #[serde(default = "usual")]
    pub every: u32,
}

/// Whether a link rests.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rest {
    /// Whether it does.
    pub paused: bool,
}

/// A link as this door shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Link {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// What is done.
    pub kind: LinkKind,
    /// Our collection, as `root/alias`.
    pub collection: String,
    /// The partner at the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// Where.
    pub url: String,
    /// Nothing above this is sent.
    pub clearance: Level,
    /// Seconds between two pulls.
    pub every: u32,
    /// Whether it rests.
    pub paused: bool,
    /// When it was made, as a TAXII timestamp.
    pub created: String,
    /// How it stands.
    pub state: Standing,
}

/// How a link stands; times are TAXII timestamps.
#[derive(Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Up to where our collection was sent, or the other side was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// When it was last tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<String>,
    /// When it last came to its end without an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// What went wrong last, if it has not gone well since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How often in a row it went wrong.
    pub failures: u32,
    /// When it is tried again after an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests_until: Option<String>,
    /// Objects that went through and were new.
    pub objects: u64,
    /// Objects that went through and were known.
    pub known: u64,
    /// Objects that were refused.
    pub refused: u64,
    /// The last of these.
    pub quarantine: Vec<Quarantined>,
}

/// An object that was refused.
#[derive(Debug, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its id, as far as one could be read.
    pub id: String,
    /// Its version, as far as one could be read.
    pub version: String,
    /// Why.
    pub why: String,
    /// When, as a TAXII timestamp.
    pub at: String,
}

/// All links, by name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Links {
    /// Each as it stands.
    pub links: Vec<Link>,
}

fn usual() -> u32 {
    USUAL
}

fn usual_clearance() -> Level {
    Level::Green
}

impl Standing {
    fn of(state: state::State) -> Self {
        let told = |stamp: Stamp| (stamp > Stamp::ZERO).then(|| stamp.to_string());
        let quarantined = |Refused { id, version, why, at }: Refused| Quarantined { id, version, why, at: at.to_string() };
        Self {
            position: told(state.cursor.unwrap_or(state.position)),
            tried: told(state.tried),
            done: told(state.done),
            rests_until: state.error.as_ref().and_then(|_| told(state.rests_until)),
            error: state.error,
            failures: state.failures,
            objects: state.objects,
            known: state.known,
            refused: state.refused,
            quarantine: state.quarantine.into_iter().map(quarantined).collect(),
        }
    }
}

impl Link {
    async fn of(app: &App, directory: &Directory, link: &directory::Link) -> Result<Self, Failure> {
        let state = state::State::of(&app.feed, link).await?;
        let collection = directory.collection(link.collection).map(|(_, collection)| collection.address()).unwrap_or_default();
        let directory::Link { id, name, kind, partner, url, clearance, every, paused, created, .. } = link.clone();
        Ok(Self { id, name, kind, collection, partner, url, clearance, every, paused, created: created.to_string(), state: Standing::of(state) })
    }
}

/// The link of the path.
fn target(directory: &Directory, path: &Segments) -> Result<directory::Link, Conflict> {
    let name = path.get("link");
    directory.links.values().find(|link| link.name == name).cloned().ok_or_else(|| Conflict::Missing(format!("link {name}")))
}

/// `GET /admin/links/`
pub async fn list(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    let mut links = Vec::new();
    for link in directory.links.values() {
        links.push(Link::of(&app, &directory, link).await?);
    }
    links.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(respond::resource(StatusCode::OK, &Links { links }))
}

/// `POST /admin/links/`
pub async fn add(State(app): State<Arc<App>>, request: Request) -> Result<Response, Failure> {
    let new: NewLink = json::read(request, &app).await?;
    check(&new)?;
    let directory = app.feed.directory();
    let found = new.collection.split_once('/').and_then(|(root, name)| directory.find_collection(root, name));
    let collection = found.ok_or_else(|| Conflict::Missing(format!("collection {}", new.collection)))?.id;
    let NewLink { name, kind, partner, url, credential, clearance, every, .. } = new;
    let (id, created) = (Uuid::new_v4(), app.feed.clock().now());
    let link = directory::Link { id, name, kind, collection, partner, url, credential, clearance, every, paused: false, created };
    let directory = app.feed.edit(vec![Edit::AddLink(link.clone())], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::CREATED, &Link::of(&app, &directory, &link).await?))
}

fn check(new: &NewLink) -> Result<(), Failure> {
    let unfit = |what: &str| Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, what));
    let fits = Url::parse(&new.url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host() && url.username().is_empty());
    if !fits {
        return unfit("url: an absolute URL of http or https without a name in it; who we are is said in credential");
    }
    if !EVERY.contains(&new.every) {
        return unfit("every: seconds, from 1 to 604800");
    }
    if new.clearance == Level::Unmarked {
        return unfit("clearance: a TLP level: clear, green, amber, amber+strict or red");
    }
    if matches!(new.credential, LinkCredential::Hmac(_)) && new.kind != LinkKind::Hook {
        return unfit("credential: only what a webhook is told is signed by hmac");
    }
    Ok(())
}

/// `GET /admin/links/{link}/`
pub async fn one(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    Ok(respond::resource(StatusCode::OK, &Link::of(&app, &directory, &target(&directory, &path)?).await?))
}

/// `PUT /admin/links/{link}/`: it rests, or goes on where it was.
pub async fn rest(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let Rest { paused } = json::read(request, &app).await?;
    let link = directory::Link { paused, ..target(&app.feed.directory(), &path)? };
    let directory = app.feed.edit(vec![Edit::SetLink(link.clone())], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::OK, &Link::of(&app, &directory, &link).await?))
}

/// `DELETE /admin/links/{link}/`: with how it stands; what it brought stays.
pub async fn remove(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let link = target(&app.feed.directory(), &path)?;
    app.feed.edit(vec![Edit::RemoveLink(link.id)], Some(administers(&app))).await?;
    app.feed.discard(crate::store::paper::Kind::Link, link.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /admin/links/{link}/runs/`: runs it now, to its end, also if the caller does not wait for that.
pub async fn run(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    let link = target(&directory, &path)?;
    let (links, feed, its) = (app.links.clone(), app.feed.clone(), link.clone());
    let ran = tokio::spawn(async move { links.once(&feed, &its).await }).await;
    if !matches!(ran, Ok(Some(_))) {
        return Err(Failure::new(StatusCode::CONFLICT, "it is running already"));
    }
    Ok(respond::resource(StatusCode::OK, &Link::of(&app, &directory, &link).await?))
}
