//! Tokens: named by the first digits of their hash, told in full once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::gate::administers;
use crate::auth::accounts;
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::{App, json, respond};
use crate::store::directory::{self, Conflict, Directory, Edit, OpenedList};
use crate::taxii::stamp::Stamp;

/// What makes a token.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewToken {
    /// What it is used for.
    pub label: String,
    /// Seconds until it ends; without it, it does not.
    pub expires_in: Option<u64>,
    /// The list that it opens; without it, it stands for the user.
    pub list: Option<List>,
}

/// A list that a key in the path opens: `/lists/by-key/{key}/{file}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The API root.
    pub root: String,
    /// The collection, by id or alias.
    pub collection: String,
    /// The name of the file.
    pub file: String,
    /// What else is asked of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// A token as this door shows it. Times are TAXII timestamps.
#[derive(Debug, Serialize, Deserialize)]
pub struct Token {
    /// The first digits of its hash.
    pub id: String,
    /// Whom it stands for.
    pub user: String,
    /// What it is used for.
    pub label: String,
    /// When it was made.
    pub created: String,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
    /// The list that it opens; without it, it stands for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<List>,
}

/// A token that was made a moment ago.
#[derive(Serialize, Deserialize)]
pub struct Made {
    /// The token.
    #[serde(flatten)]
    pub shown: Token,
    /// Its secret, told this once.
    pub token: String,
}

/// Tokens, by id.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tokens {
    /// Each as it stands.
    pub tokens: Vec<Token>,
}

impl Token {
    /// What may be shown of a token.
    pub fn of(token: &directory::Token, directory: &Directory) -> Self {
        let list = token.list.as_ref().and_then(|list| {
            let (_, collection) = directory.collection(list.collection)?;
            let name = collection.name();
            Some(List { root: collection.root.clone(), collection: name, file: list.file.clone(), query: list.query.clone() })
        });
        Self {
            id: token.shown().to_owned(),
            user: token.user.clone(),
            label: token.label.clone(),
            created: token.created.to_string(),
            expires: token.expires.as_ref().map(Stamp::to_string),
            last_used: token.last_used.as_ref().map(Stamp::to_string),
            list,
        }
    }
}

/// `GET /admin/tokens/`
pub async fn list(State(app): State<Arc<App>>) -> Response {
    let directory = app.feed.directory();
    respond::resource(StatusCode::OK, &Tokens { tokens: directory.tokens.values().map(|token| Token::of(token, &directory)).collect() })
}

/// `GET /admin/users/{user}/tokens/`
pub async fn of_user(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let (directory, name) = (app.feed.directory(), path.get("user"));
    if !directory.users.contains_key(name) {
        return Err(Conflict::Missing(format!("user {name}")).into());
    }
    let tokens = directory.tokens.values().filter(|token| token.user == name).map(|token| Token::of(token, &directory)).collect();
    Ok(respond::resource(StatusCode::OK, &Tokens { tokens }))
}

/// `POST /admin/users/{user}/tokens/`
pub async fn add(State(app): State<Arc<App>>, path: Segments, request: Request) -> Result<Response, Failure> {
    let NewToken { label, expires_in, list } = json::read(request, &app).await?;
    let list = list.map(|list| opened(&app.feed.directory(), list)).transpose()?;
    let new = accounts::NewToken { user: path.get("user").into(), label, lifetime: expires_in, list };
    let (made, token) = accounts::add_token(&app.feed, new, administers(&app)).await?;
    if let Some(list) = &made.list {
        app.feed.expect_lists(list.collection).await;
    }
    Ok(respond::resource(StatusCode::CREATED, &Made { shown: Token::of(&made, &app.feed.directory()), token }))
}

/// `GET /admin/tokens/{token}/`
pub async fn one(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    Ok(respond::resource(StatusCode::OK, &Token::of(target(&directory, path.get("token"))?, &directory)))
}

/// `DELETE /admin/tokens/{token}/`
pub async fn remove(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let sha256 = target(&app.feed.directory(), path.get("token"))?.sha256.clone();
    app.feed.edit(vec![Edit::RemoveToken(sha256)], Some(administers(&app))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A list with its collection as the directory knows it.
fn opened(directory: &Directory, list: List) -> Result<OpenedList, Failure> {
    let missing = || Conflict::Missing(format!("collection {}/{}", list.root, list.collection));
    let collection = directory.find_collection(&list.root, &list.collection).ok_or_else(missing)?.id;
    Ok(OpenedList { collection, file: list.file, query: list.query })
}

/// The one token whose hash begins with `digits`.
fn target<'a>(directory: &'a Directory, digits: &str) -> Result<&'a directory::Token, Failure> {
    let digits = digits.to_ascii_lowercase();
    if digits.len() < directory::Token::DIGITS || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Failure::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("a token is named by {} or more hexadecimal digits", directory::Token::DIGITS),
        ));
    }
    let mut found = directory.tokens.range(digits.clone()..).map(|(_, token)| token).take_while(|token| token.sha256.starts_with(&digits));
    match (found.next(), found.next()) {
        (Some(token), None) => Ok(token),
        (None, _) => Err(Conflict::Missing(format!("token {digits}")).into()),
        (Some(_), Some(_)) => Err(Failure::new(StatusCode::CONFLICT, format!("more than one token begins with {digits}; give more digits"))),
    }
}
