//! All doors as one: their routers and their paths.

use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;

use crate::door::App;
use crate::{admin, console, desk, http};

/// The paths of a door with their methods.
type Table = Vec<(&'static str, MethodRouter<Arc<App>>)>;

/// Every path of every door.
pub fn paths() -> impl Iterator<Item = &'static str> {
    let tables: [Table; 4] = [http::table(), admin::table(), desk::table(), console::table()];
    tables.into_iter().flatten().map(|(path, _)| path)
}

/// The doors, merged.
pub fn router(app: &Arc<App>) -> Router {
    http::router(app.clone()).merge(admin::router(app.clone())).merge(desk::router(app.clone())).merge(console::router(app.clone()))
}
