//! The door for tools that speak no TAXII: the same indicators as plain lists and rules. One route table, thin handlers.
//!
//! A request names a collection, a file of a [format](format::Format) and, by its query, [what it wants](asked); together they are the
//! [recipe](part::Recipe) of a [list]. Lists are made of the [values](crate::feed::values) chunk by chunk, and what was made of a chunk is
//! good until its values change or one of them begins or ends to be valid.

pub mod answer;
pub mod asked;
pub mod body;
pub mod format;
pub mod handlers;
pub mod list;
pub mod objects;
pub mod part;

use std::sync::Arc;

use axum::http::header;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Extension, Router};

use crate::door::{App, error, json};
use crate::taxii::media;
use list::Lists;

/// Every path of this door with its methods.
pub fn table() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/lists/", get(handlers::formats)),
        ("/lists/{root}/{collection}/", get(handlers::index)),
        ("/lists/{root}/{collection}/{file}/", get(handlers::one)),
        ("/lists/by-key/{key}/{file}/", get(handlers::by_key)),
    ]
}

/// The door as a router, to be merged with the other doors.
pub fn router(app: Arc<App>) -> Router {
    let routed = table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    let lists = Arc::new(Lists::new(app.options.lists_octets));
    routed.method_not_allowed_fallback(error::no_such_method).route_layer(map_response(told_as_json)).layer(Extension(lists)).with_state(app)
}

/// What is no list but said of them, is JSON; lists are for devices to keep.
async fn told_as_json(response: Response) -> Response {
    if response.headers().get(header::CONTENT_TYPE).is_some_and(|name| name == media::TAXII) { json::as_json(response).await } else { response }
}
