//! Objects that administrators delete for good: the same versions are refused from then on.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::collections;
use super::gate::administers;
use crate::door::App;
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::door::query::Query;
use crate::feed::access::Reading;
use crate::stix::marking::Level;
use crate::store::Removal;
use crate::store::audit::{Act, Verb};
use crate::taxii;

/// Why.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Why {
    /// What whoever brings the same again is told.
    pub reason: String,
}

/// `DELETE /admin/collections/{root}/{collection}/objects/{object}/`: all versions.
pub async fn delete(State(app): State<Arc<App>>, path: Segments, Query(Why { reason }): Query<Why>) -> Result<Response, Failure> {
    if reason.chars().count() > 500 || reason.contains(char::is_control) {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "reason: a line of 500 characters at most"));
    }
    let collection = collections::target(&app.feed.directory(), &path)?.id;
    let act = Act { verb: Verb::Delete, note: Some(reason.clone()).filter(|reason| !reason.is_empty()), ..administers(&app) };
    let removal = Removal::ForGood { at: act.at, why: reason };
    let everything = taxii::query::Query::default();
    app.feed.delete(&Reading::whole(collection, Level::Red), path.get("object"), &everything, removal, act).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
