//! Who took what: how far each consumer has got, and who could have seen an object and who did.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::collections;
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::taken::Consumers;
use crate::door::{App, respond};
use crate::feed::access::Denied;
use crate::stix::id::StixId;

/// `GET /admin/consumers/`
pub async fn list(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    Ok(respond::resource(StatusCode::OK, &Consumers::of(app.feed.consumers().await?)))
}

/// `GET /admin/collections/{root}/{collection}/objects/{object}/readers/`
pub async fn readers(State(app): State<Arc<App>>, path: Segments) -> Result<Response, Failure> {
    let collection = collections::target(&app.feed.directory(), &path)?.id;
    let id = StixId::parse(path.get("object")).map_err(|_| Denied::Hidden)?;
    let readers = app.feed.readers(collection, &id).await?;
    if readers.versions.is_empty() {
        return Err(Denied::Hidden.into());
    }
    Ok(respond::resource(StatusCode::OK, &readers))
}
