//! Users and their passwords, which come in and never go out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::gate::administers;
use super::grants::{self, Grant};
use super::tokens::Token;
use crate::auth::accounts;
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::{App, json, respond};
use crate::stix::marking::Level;
use crate::store::directory::{self, Conflict, Edit};

/// What makes a user.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Its name, without `:`.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Whether it may do everything.
    #[serde(default)]
    pub admin: bool,
    /// The highest TLP level it may be shown.
    #[serde(default = "usual_clearance", serialize_with = "write_level", deserialize_with = "read_level")]
    pub clearance: Level,
    /// The partner that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
}

/// The partner of a user.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfPartner {
    /// Its name; `null`: of none.
    pub partner: Option<String>,
}

/// Another password.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The one that is right from now on.
    pub password: String,
}

/// A user as this door shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Whether it may do everything.
    pub admin: bool,
    /// The highest TLP level it may be shown.
    pub clearance: String,
    /// The partner that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// When it was made, as a TAXII timestamp.
    pub created: String,
}

/// All users, by name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Users {
    /// Each as it stands.
    pub users: Vec<User>,
}

/// A user with what hangs on it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// What it may use.
    pub grants: Vec<Grant>,
}

impl User {
    fn of(user: &directory::User) -> Self {
        Self {
            name: user.name.clone(),
            admin: user.admin,
            clearance: user.clearance.name().into(),
            partner: user.partner.clone(),
            created: user.created.to_string(),
        }
    }
}

/// `GET /admin/users/`
pub async fn list(State(app): State<Arc<App>>) -> Response {
    respond::resource(StatusCode::OK, &Users { users: app.feed.directory().users.values().map(User::of).collect() })
}

/// `POST /admin/users/`
pub async fn add(State(app): State<Arc<App>>, request: Request) -> Result<Response, Failure> {
    let NewUser { name, password, admin, clearance, partner } = json::read(request, &app).await?;
    let user = accounts::add_user(&app.feed, accounts::NewUser { name, password, admin, clearance, partner }, administers(&app)).await?;
    Ok(respond::resource(StatusCode::CREATED, &User::of(&user)))
}

/// `GET /admin/users/{user}/`
pub async fn one(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let (directory, name) = (app.feed.directory(), path.get("user"));
    let user = directory.users.get(name).ok_or_else(|| Conflict::Missing(format!("user {name}")))?;
    let tokens = directory.tokens.values().filter(|token| token.user == name).map(|token| Token::of(token, &directory)).collect();
    let grants = grants::all(&directory).filter(|grant| grant.user == name).collect();
    Ok(respond::resource(StatusCode::OK, &Shown { user: User::of(user), tokens, grants }))
}

/// `DELETE /admin/users/{user}/`: with its tokens and grants.
pub async fn remove(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    app.feed.edit(vec![Edit::RemoveUser(path.get("user").into())], Some(administers(&app))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /admin/users/{user}/password/`
pub async fn set_password(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let NewPassword { password } = json::read(request, &app).await?;
    accounts::set_password(&app.feed, path.get("user"), password, administers(&app)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /admin/users/{user}/partner/`
pub async fn set_partner(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let OfPartner { partner } = json::read(request, &app).await?;
    let name = path.get("user");
    let user = app.feed.directory().users.get(name).cloned().ok_or_else(|| Conflict::Missing(format!("user {name}")))?;
    let user = directory::User { partner, ..user };
    app.feed.edit(vec![Edit::SetUser(user.clone())], Some(administers(&app))).await?;
    Ok(respond::resource(StatusCode::OK, &User::of(&user)))
}

fn usual_clearance() -> Level {
    accounts::USUAL_CLEARANCE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn write_level<S: Serializer>(level: &Level, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(level.name())
}

/// A level by its name; to be cleared for unmarked objects only is not one of them.
fn read_level<'de, D: Deserializer<'de>>(from: D) -> Result<Level, D::Error> {
    let name = String::deserialize(from)?;
    Level::named(&name).ok_or_else(|| {
        let wanted = "a TLP level: clear, green, amber, amber+strict or red";
        serde::de::Error::invalid_value(serde::de::Unexpected::Str(&name), &wanted)
    })
}
