//! The analysts' door: a JSON API under `/desk/`, for the command line and for scripts. One route table, thin handlers.

pub mod audit;
pub mod consumers;
pub mod find;
pub mod imports;
pub mod indicators;
pub mod revisions;
pub mod terms;

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{MethodRouter, any, get, post};

use crate::door::{App, error, json};

/// Every path of this door with its methods.
pub fn table() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/desk/objects/", get(find::list)),
        ("/desk/audit/", get(audit::list)),
        ("/desk/audit/export/", get(audit::export)),
        ("/desk/audit/{entry}/", get(audit::one)),
        ("/desk/imports/", get(imports::list)),
        ("/desk/imports/{import}/", get(imports::one)),
        ("/desk/imports/{import}/undo/", post(imports::undo)),
        ("/desk/consumers/", get(consumers::list)),
        ("/desk/terms/", get(terms::list)),
        ("/desk/{root}/{collection}/terms/", post(terms::agree)),
        ("/desk/{root}/{collection}/review/", post(indicators::review)),
        ("/desk/{root}/{collection}/indicators/", post(indicators::publish)),
        ("/desk/{root}/{collection}/imports/", post(imports::begin)),
        ("/desk/{root}/{collection}/objects/{object}/", get(find::one)),
        ("/desk/{root}/{collection}/revisions/", post(revisions::revise)),
        ("/desk/{root}/{collection}/restorations/", post(revisions::restore)),
        ("/desk/{root}/{collection}/sightings/", post(revisions::sight)),
    ]
}

/// The door as a router, to be merged with the other doors.
pub fn router(app: Arc<App>) -> Router {
    let routed = table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    routed
        .route("/desk/", any(error::no_such_path))
        .method_not_allowed_fallback(error::no_such_method)
        .route_layer(map_response(json::as_json))
        .with_state(app)
}
