//! The TAXII door: one route table, thin handlers.

pub mod collections;
pub mod extract;
pub mod objects;
pub mod respond;
pub mod roots;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get};

use crate::door::{App, error};

/// Every path of this door with its methods. Paths end in `/`; [`path::normalize`](crate::door::path::normalize) adds it where a client left it out.
pub fn table() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/taxii2/", get(roots::discovery)),
        ("/{root}/", get(roots::api_root)),
        ("/{root}/status/{status}/", get(roots::status)),
        ("/{root}/collections/", get(collections::list)),
        ("/{root}/collections/{collection}/", get(collections::one)),
        ("/{root}/collections/{collection}/manifest/", get(objects::manifest)),
        ("/{root}/collections/{collection}/objects/", get(objects::list).post(objects::add)),
        ("/{root}/collections/{collection}/objects/{object}/", get(objects::one).delete(objects::delete)),
        ("/{root}/collections/{collection}/objects/{object}/versions/", get(objects::versions)),
    ]
}

/// The door as a router. Whoever serves it wraps it in [`path::normalize`](crate::door::path::normalize).
pub fn router(app: Arc<App>) -> Router {
    let routed = table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    routed.fallback(error::no_such_path).method_not_allowed_fallback(error::no_such_method).with_state(app)
}
