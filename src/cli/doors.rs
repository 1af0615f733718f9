//! All doors as one: their routers and their paths.

use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;

use crate::door::App;
use crate::{admin, console, desk, events, http, lists};

/// The paths of a door with their methods.
type Table = Vec<(&'static str, MethodRouter<Arc<App>>)>;

/// Every path of every door.
pub fn paths() -> impl Iterator<Item = &'static str> {
    let tables: [Table; 6] = [http::table(), admin::table(), desk::table(), lists::table(), events::table(), console::table()];
    tables.into_iter().flatten().map(|(path, _)| path)
}

/// The doors, merged.
pub fn router(app: &Arc<App>) -> Router {
    let routers = [admin::router, desk::router, lists::router, events::router, console::router];
    routers.into_iter().fold(http::router(app.clone()), |all, router| all.merge(router(app.clone())))
}
