//! How far the caller has got itself.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::door::caller::Caller;
use crate::door::error::Failure;
use crate::door::taken::Consumers;
use crate::door::{App, respond};
use crate::feed::access;

/// `GET /desk/consumers/`: of the caller's partner, or of the caller alone; what is above its clearance is not told of.
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Failure> {
    let directory = app.feed.directory();
    let own = access::own_consumers(&directory, &caller.0).map_err(|denied| caller.denied(denied))?;
    let mut standings = app.feed.consumers().await?;
    standings.retain(|standing| own.contains(&standing.user));
    for standing in &mut standings {
        standing.hidden = None;
    }
    Ok(respond::resource(StatusCode::OK, &Consumers::of(standings)))
}
