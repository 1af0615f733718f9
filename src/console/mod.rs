//! The people's door: pages for analysts and operators, under `/console/`. Plain forms and links; the script only makes them quicker.

pub mod assets;
pub mod cards;
pub mod diff;
pub mod draw;
#[expect(clippy::result_large_err, reason = "what goes wrong is a page as well, and is made once for a visit")]
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
use handlers::{act, add, audit, browse, campaign, collections, edit, imports, login, object, overview, sharing, users};

/// Every path of this door with its methods. Paths end in `/`, as those of all doors do.
pub fn table() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/console/", get(overview::show)),
        ("/console/browse/", get(browse::list)),
        ("/console/browse/act/", post(act::act)),
        ("/console/objects/{root}/{collection}/{object}/", get(object::show)),
        ("/console/objects/{root}/{collection}/{object}/raw/", get(object::raw)),
        ("/console/objects/{root}/{collection}/{object}/edit/", post(edit::edit)),
        ("/console/objects/{root}/{collection}/{object}/restore/", post(edit::restore)),
        ("/console/objects/{root}/{collection}/{object}/sight/", post(edit::sight)),
        ("/console/campaigns/", get(campaign::list)),
        ("/console/campaigns/{root}/{collection}/{object}/", get(campaign::show)),
        ("/console/assets/{name}/", get(assets::one)),
        ("/console/login/", get(login::ask).post(login::log_in)),
        ("/console/logout/", post(login::log_out)),
        ("/console/theme/", post(login::theme)),
        ("/console/add/", get(add::paste).post(add::begin)),
        ("/console/add/text/", post(add::keep_text)),
        ("/console/add/{draft}/", get(add::review).post(add::choose)),
        ("/console/add/{draft}/defaults/", get(add::defaults)),
        ("/console/add/{draft}/publish/", post(add::publish)),
        ("/console/add/{draft}/discard/", post(add::discard)),
        ("/console/imports/", get(imports::list).post(imports::begin)),
        ("/console/imports/{import}/", get(imports::one)),
        ("/console/imports/{import}/progress/", get(imports::watch)),
        ("/console/imports/{import}/undo/", post(imports::undo)),
        ("/console/audit/", get(audit::list)),
        ("/console/audit/export/", get(audit::export)),
        ("/console/collections/", get(collections::list).post(collections::make)),
        ("/console/collections/{root}/{collection}/", get(collections::one)),
        ("/console/collections/{root}/{collection}/settings/", post(collections::set)),
        ("/console/collections/{root}/{collection}/grants/", post(collections::grant)),
        ("/console/collections/{root}/{collection}/remove/", post(collections::remove)),
        ("/console/sharing/", get(sharing::show)),
        ("/console/sharing/terms/", post(sharing::agree)),
        ("/console/users/", get(users::list).post(users::make)),
        ("/console/users/{user}/", get(users::one)),
        ("/console/users/{user}/clearance/", post(users::clear)),
        ("/console/users/{user}/password/", post(users::set_password)),
        ("/console/users/{user}/tokens/", post(users::add_token)),
        ("/console/users/{user}/tokens/remove/", post(users::remove_token)),
        ("/console/users/{user}/grants/", post(users::grant)),
        ("/console/users/{user}/remove/", post(users::remove)),
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
