//! Before and after every handler: only administrators come in, only JSON goes out.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::door::App;
use crate::door::caller::Caller;
use crate::door::error::Failure;
use crate::door::request;
use crate::feed::access;
use crate::store::audit::{Act, Through, Verb};

/// Marks a request that the program makes to itself, on a store that it holds open: who may open the store may do everything.
///
/// It is an extension of the request, which nothing that comes over a socket can carry.
#[derive(Debug, Clone, Copy)]
pub struct AtTheStore;

/// What the audit log is told of a change at this door.
pub fn administers(app: &App) -> Act {
    request::act(Through::Admin, Verb::Administer, app.feed.clock().now())
}

/// Lets administrators pass, and requests that are [`AtTheStore`].
pub async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    if parts.extensions.get::<AtTheStore>().is_none() {
        let caller = Caller::from_request_parts(&mut parts, &app).await?;
        access::operate(&caller.0)?;
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Everything that this door says is JSON, in the shapes of TAXII where it has them, and is for nobody to keep.
pub async fn as_json(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
