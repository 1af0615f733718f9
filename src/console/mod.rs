//! The people's door: pages for analysts and operators, under `/console/`. Plain forms and links; the script only makes them quicker.

pub mod assets;
pub mod cards;
pub mod diff;
pub mod draw;
pub mod handlers;
pub mod headers;
pub mod pages;
pub mod parts;
pub mod paths;
#[expect(clippy::result_large_err, reason = "what goes wrong is a page as well, and is made once for a visit")]
pub mod visit;

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Redirect;
use axum::routing::{MethodRouter, any, get, post};

use crate::door::{App, error};
use handlers::login;

/// Every path of this door with its methods. Paths end in `/`, as those of all doors do.
pub fn table() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/console/assets/{name}/", get(assets::one)),
        ("/console/login/", get(login::ask).post(login::log_in)),
        ("/console/logout/", post(login::log_out)),
        ("/console/theme/", post(login::theme)),
    ]
}

/// The door as a router, to be merged with the other doors.
pub fn router(app: Arc<App>) -> Router {
    let routed = table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    routed
        .route("/", get(async || Redirect::to("/console/")))
        .route("/console/{*path}", any(login::missing))
        .method_not_allowed_fallback(error::no_such_method)
        .route_layer(map_response(headers::guard))
        .with_state(app)
}
