//! The terms of collections, for partners to read and to agree to.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::door::caller::Caller;
use crate::door::error::Failure;
use crate::door::target::Target;
use crate::door::{App, json, request, respond};
use crate::feed::access;
use crate::store::audit::{Through, Verb};
use crate::store::directory::Accepted;

/// The terms of the collections that the caller sees.
#[derive(Debug, Serialize, Deserialize)]
pub struct AllTerms {
    /// In the order of their creation; collections without terms are not among them.
    pub terms: Vec<Terms>,
}

/// The terms of a collection.
#[derive(Debug, Serialize, Deserialize)]
pub struct Terms {
    /// The slug of its root.
    pub root: String,
    /// Its alias, else its id.
    pub collection: String,
    /// What they say.
    pub terms: String,
    /// Their hexadecimal SHA-256, by which somebody agrees to them.
    pub digest: String,
    /// Whether the caller's partner has agreed to them; nobody else need.
    pub agreed: bool,
}

/// That the caller's partner agrees.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The digest of the terms.
    pub digest: String,
}

/// `GET /desk/terms/`
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    access::knock(&directory, &caller.0).map_err(|denied| caller.denied(denied))?;
    let partner = caller.0.name().and_then(|name| directory.partner_of(name));
    let seen = access::all(&directory, &caller.0).into_iter();
    let terms = seen.filter_map(|seen| {
        let digest = seen.collection.sharing.terms_digest()?;
        let agreed = partner.is_none_or(|partner| partner.agrees(&seen.collection));
        let collection = seen.collection.name();
        Some(Terms { root: seen.collection.root, collection, terms: seen.collection.sharing.terms?, digest, agreed })
    });
    Ok(respond::resource(StatusCode::OK, &AllTerms { terms: terms.collect() }))
}

/// `POST /desk/{root}/{collection}/terms/`: the caller's partner agrees to the terms as they are now.
pub async fn agree(State(app): State<Arc<App>>, caller: Caller, Target(seen): Target, request: Request) -> Result<Response, Failure> {
    let Agreement { digest } = json::read(request, &app).await?;
    if seen.collection.sharing.terms_digest().as_ref() != Some(&digest) {
        return Err(Failure::new(StatusCode::CONFLICT, "these are not the terms of the collection as they are now"));
    }
    let directory = app.feed.directory();
    let partner = caller.0.name().and_then(|name| Some((name, directory.partner_of(name)?)));
    let (by, partner) = partner.ok_or_else(|| Failure::new(StatusCode::CONFLICT, "only who belongs to a partner can agree for it"))?;
    let at = app.feed.clock().now();
    let edit = partner.accept(seen.collection.id, Accepted { terms: digest.clone(), by: by.to_owned(), at });
    app.feed.edit(vec![edit], Some(request::act(Through::Desk, Verb::Agree, at))).await?;
    let collection = seen.collection.name();
    let terms = seen.collection.sharing.terms.clone().unwrap_or_default();
    Ok(respond::resource(StatusCode::OK, &Terms { root: seen.collection.root, collection, terms, digest, agreed: true }))
}
