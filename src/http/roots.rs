//! Discovery, API roots and statuses (TAXII 2.1 §4).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::extract::accept;
use crate::door::App;
use crate::door::caller::{Caller, Segments, base_url};
use crate::door::error::Failure;
use crate::door::respond;
use crate::feed::access;
use crate::store::directory::Root;
use crate::taxii::media::{self, Offer};
use crate::taxii::resource::{ApiRoot, Discovery};

/// `GET /taxii2/` (§4.1): the roots that the caller may use.
pub async fn discovery(State(app): State<Arc<App>>, caller: Caller, parts: Parts) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    access::knock(&directory, &caller.0)?;
    accept(&parts.headers, Offer::Resource)?;
    let base = base_url(&parts, &app);
    let url = |root: &Root| format!("{base}/{}/", root.slug);
    let options = &app.options;
    let discovery = Discovery {
        title: options.title.clone(),
        description: options.description.clone(),
        contact: options.contact.clone(),
        default: access::default_root(&directory, &caller.0).map(url),
        api_roots: access::roots(&directory, &caller.0).map(url).collect(),
    };
    Ok(respond::resource(StatusCode::OK, &discovery))
}

/// `GET /{root}/` (§4.2).
pub async fn api_root(State(app): State<Arc<App>>, caller: Caller, path: Segments, parts: Parts) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    let root = access::root(&directory, &caller.0, path.get("root")).map_err(|denied| caller.denied(denied))?;
    accept(&parts.headers, Offer::Resource)?;
    let resource = ApiRoot {
        title: root.title.clone(),
        description: root.description.clone(),
        versions: vec![media::TAXII.to_owned()],
        max_content_length: app.options.max_content_length,
    };
    Ok(respond::resource(StatusCode::OK, &resource))
}

/// `GET /{root}/status/{status}/` (§4.3).
pub async fn status(State(app): State<Arc<App>>, caller: Caller, path: Segments, parts: Parts) -> Result<Response, Failure> {
    access::root(&app.feed.directory(), &caller.0, path.get("root")).map_err(|denied| caller.denied(denied))?;
    accept(&parts.headers, Offer::Resource)?;
    let status = app.feed.status(&caller.0, path.get("root"), path.get("status")).await?;
    Ok(respond::resource(StatusCode::OK, &status))
}
