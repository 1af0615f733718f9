//! Collections as the caller may use them (TAXII 2.1 §5.1, §5.2).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::extract::accept;
use crate::door::App;
use crate::door::caller::{Caller, Segments};
use crate::door::error::Failure;
use crate::door::respond;
use crate::door::target::Target;
use crate::feed::access::{self, Seen};
use crate::taxii::media::{self, Offer};
use crate::taxii::resource::{Collection, Collections};

/// `GET /{root}/collections/` (§5.1).
pub async fn list(State(app): State<Arc<App>>, caller: Caller, path: Segments, headers: HeaderMap) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    let seen = access::collections(&directory, &caller.0, path.get("root")).map_err(|denied| caller.denied(denied))?;
    accept(&headers, Offer::Resource)?;
    Ok(respond::resource(StatusCode::OK, &Collections { collections: seen.iter().map(resource).collect() }))
}

/// `GET /{root}/collections/{collection}/` (§5.2).
pub async fn one(Target(seen): Target, headers: HeaderMap) -> Result<Response, Failure> {
    accept(&headers, Offer::Resource)?;
    Ok(respond::resource(StatusCode::OK, &resource(&seen)))
}

fn resource(seen: &Seen) -> Collection {
    Collection {
        id: seen.collection.id.to_string(),
        title: seen.collection.title.clone(),
        description: seen.collection.description.clone(),
        alias: seen.collection.alias.clone(),
        can_read: seen.rights.read,
        can_write: seen.rights.write,
        media_types: vec![media::STIX.to_owned()],
    }
}
