//! Where things are: collections as forms name them, those that a visitor may work on, and the address of the server.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;

use crate::console::cards::Target;
use crate::console::paths::{self, Href};
use crate::console::visit::Visit;
use crate::door::{App, caller};
use crate::feed::access::{self, Denied, Seen};
use crate::feed::desk::Working;
use crate::store::audit::Through;
use crate::store::directory::Collection;

/// Scheme and authority under which the browser has reached the server.
pub struct Base(String);

impl FromRequestParts<Arc<App>> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self(caller::base_url(parts, app)))
    }
}

impl Base {
    /// Where discovery is.
    pub fn discovery(&self) -> String {
        format!("{}/taxii2/", self.0)
    }

    /// Where a collection is.
    pub fn collection(&self, collection: &Collection) -> String {
        format!("{}/{}/collections/{}/", self.0, collection.root, collection.id)
    }

    /// What a client is to be connected to.
    pub fn target(&self, collection: &Collection, user: &str) -> Target {
        Target {
            discovery: self.discovery(),
            api_root: format!("{}/{}/", self.0, collection.root),
            collection: collection.id.to_string(),
            title: collection.title.clone(),
            user: user.to_owned(),
        }
    }
}

/// The page of a collection.
pub fn page(collection: &Collection) -> Href {
    paths::collection(&collection.root, &collection.name())
}

/// The page of an object.
pub fn object(collection: &Collection, id: &str) -> Href {
    paths::object(&collection.root, &collection.name(), id)
}

/// The collections that a visitor may work on, at least one; the page that says so if there is none.
pub fn workable(visit: &Visit) -> Result<Vec<(Seen, Working)>, Response> {
    let seen = access::all(&visit.app.feed.directory(), visit.principal());
    let workable: Vec<_> = seen.into_iter().filter_map(|seen| seen.to_work().ok().map(|working| (seen, working))).collect();
    if workable.is_empty() {
        return Err(visit.failure(Denied::Forbidden("this needs the rights to read and to write some collection").into()));
    }
    Ok(workable)
}

/// The collection that a form names, to work on.
pub fn working(visit: &Visit, address: &str) -> Result<(Collection, Working), Response> {
    let (root, name) = address.split_once('/').unwrap_or((address, ""));
    Ok((visit.collection(root, name)?.collection, visit.working(root, name)?))
}

/// A number of octets in words.
pub fn size(octets: u64) -> String {
    match octets {
        0..1_000 => format!("{octets} octets"),
        1_000..1_000_000 => format!("{} kB", octets / 1_000),
        _ => format!("{} MB", octets / 1_000_000),
    }
}

/// A door in words.
pub fn door(through: Through) -> &'static str {
    match through {
        Through::Taxii => "TAXII",
        Through::Console => "the console",
        Through::Desk => "the API of analysts",
        Through::Admin => "the API of operators",
        Through::Program => "the program itself",
    }
}
