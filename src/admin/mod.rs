//! The operator's door: a JSON API for administrators, under `/admin/`. One route table, one gate before it, thin handlers.

pub mod collections;
pub mod consumers;
pub mod gate;
pub mod grants;
pub mod links;
pub mod objects;
pub mod partners;
pub mod roots;
pub mod tokens;
pub mod users;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{MethodRouter, any, delete, get, post, put};

use crate::door::{App, error, json};

/// Every path of this door with its methods. Paths end in `/`, as those of all doors do.
pub fn table() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/admin/roots/", get(roots::list).post(roots::add)),
        ("/admin/roots/{root}/", get(roots::one).delete(roots::remove)),
        ("/admin/collections/", get(collections::list).post(collections::add)),
        ("/admin/collections/{root}/{collection}/", get(collections::one).delete(collections::remove)),
        ("/admin/collections/{root}/{collection}/decay/", get(collections::decay).put(collections::set_decay)),
        ("/admin/collections/{root}/{collection}/sharing/", get(collections::sharing).put(collections::set_sharing)),
        ("/admin/collections/{root}/{collection}/view/", get(collections::view).put(collections::set_view)),
        ("/admin/collections/{root}/{collection}/objects/{object}/", delete(objects::delete)),
        ("/admin/collections/{root}/{collection}/objects/{object}/readers/", get(consumers::readers)),
        ("/admin/consumers/", get(consumers::list)),
        ("/admin/partners/", get(partners::list).post(partners::add)),
        ("/admin/partners/{partner}/", get(partners::one).put(partners::set).delete(partners::remove)),
        ("/admin/partners/{partner}/shares/{root}/{collection}/", put(partners::share).delete(partners::unshare)),
        ("/admin/links/", get(links::list).post(links::add)),
        ("/admin/links/{link}/", get(links::one).put(links::rest).delete(links::remove)),
        ("/admin/links/{link}/runs/", post(links::run)),
        ("/admin/users/", get(users::list).post(users::add)),
        ("/admin/users/{user}/", get(users::one).delete(users::remove)),
        ("/admin/users/{user}/password/", put(users::set_password)),
        ("/admin/users/{user}/partner/", put(users::set_partner)),
        ("/admin/users/{user}/tokens/", get(tokens::of_user).post(tokens::add)),
        ("/admin/tokens/", get(tokens::list)),
        ("/admin/tokens/{token}/", get(tokens::one).delete(tokens::remove)),
        ("/admin/grants/", get(grants::list)),
        ("/admin/grants/{user}/{root}/{collection}/", get(grants::one).put(grants::set).delete(grants::remove)),
    ]
}

/// The door as a router, to be merged with the other doors. Everything below `/admin/` passes the gate, also what is not there.
pub fn router(app: Arc<App>) -> Router {
    let routed = table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    routed
        .route("/admin/", any(error::no_such_path))
        .route("/admin/{*path}", any(error::no_such_path))
        .method_not_allowed_fallback(error::no_such_method)
        .route_layer(from_fn_with_state(app.clone(), gate::pass))
        .route_layer(map_response(json::as_json))
        .with_state(app)
}
