//! The collection that a request is about.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::App;
use super::caller::{Caller, Segments};
use super::error::Failure;
use super::request;
use crate::feed::access::{self, Seen};

/// The collection of the path, as the caller may see it; 404 otherwise.
pub struct Target(pub Seen);

impl FromRequestParts<Arc<App>> for Target {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let segments = Segments::from_request_parts(parts, app).await?;
        let seen = access::collection(&app.feed.directory(), &caller.0, segments.get("root"), segments.get("collection"));
        let seen = seen.map_err(|denied| caller.denied(denied))?;
        request::is_about(seen.collection.id);
        Ok(Self(seen))
    }
}
