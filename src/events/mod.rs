//! The door for those who do not want to poll: what is new in a collection, as it comes, as server-sent events.

pub mod stream;

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{MethodRouter, get};

use crate::door::{App, error, json};

/// Every path of this door with its methods.
pub fn table() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![("/events/{root}/{collection}/", get(stream::follow))]
}

/// The door as a router, to be merged with the other doors.
pub fn router(app: Arc<App>) -> Router {
    let routed = table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    routed.method_not_allowed_fallback(error::no_such_method).route_layer(map_response(json::as_json)).with_state(app)
}
