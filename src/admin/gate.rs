//! Before every handler: only administrators come in.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::door::App;
use crate::door::caller::Caller;
use crate::door::error::Failure;
use crate::door::request;
use crate::feed::access;
use crate::store::audit::{Act, Through, Verb};

/// What the audit log is told of a change at this door.
pub fn administers(app: &App) -> Act {
    request::act(Through::Admin, Verb::Administer, app.feed.clock().now())
}

/// Lets administrators pass.
pub async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await?;
    access::operate(&caller.0)?;
    Ok(next.run(Request::from_parts(parts, body)).await)
}
