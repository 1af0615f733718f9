//! What a form acts on: the objects that are ticked, or everything that a filter finds.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::query::Query;
use super::scope::Scope;
use crate::console::visit::form::Form;
use crate::console::visit::{OrPage, Visit};
use crate::door::error::Failure;
use crate::feed::access::{self, Seen};
use crate::feed::catalog::browse::Browse;
use crate::feed::catalog::listing::MOST_ROWS;
use crate::stix::id::StixId;

/// Objects by collection.
#[derive(Default)]
pub struct Selection {
    /// For each collection what is selected of it.
    pub groups: Vec<Group>,
    /// How many of those that were named are not there, as far as the visitor may see.
    pub unknown: usize,
}

/// Objects of one collection.
pub struct Group {
    /// The collection.
    pub seen: Seen,
    /// The objects, each once.
    pub ids: Vec<StixId>,
}

impl Selection {
    /// What a form selects; a page that says so if it is more than `most`.
    pub async fn of(form: &Form, most: usize) -> Result<Self, Response> {
        if form.get("all").is_empty() { Ok(Self::ticked(form)) } else { Self::all(form, most).await }
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.ids.len()).sum()
    }

    /// Whether nothing was selected at all.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.unknown == 0
    }

    /// The objects whose boxes are ticked, as `root/collection/id`.
    fn ticked(form: &Form) -> Self {
        let mut by_collection: BTreeMap<(&str, &str), BTreeSet<StixId>> = BTreeMap::new();
        let mut selection = Self::default();
        for address in form.all("object") {
            let parts = address.split_once('/').and_then(|(root, rest)| Some((root, rest.split_once('/')?)));
            match parts.and_then(|(root, (name, id))| Some((root, name, StixId::parse(id).ok()?))) {
                Some((root, name, id)) => {
                    by_collection.entry((root, name)).or_default().insert(id);
                }
                None => selection.unknown += 1,
            }
        }
        let directory = form.visit.app.feed.directory();
        for ((root, name), ids) in by_collection {
            match access::collection(&directory, form.visit.principal(), root, name) {
                Ok(seen) => selection.groups.push(Group { seen, ids: ids.into_iter().collect() }),
                Err(_) => selection.unknown += ids.len(),
            }
        }
        selection
    }

    /// Everything that the filter finds. All ids are known before anything is done, since what is done moves objects to other pages.
    async fn all(form: &Form, most: usize) -> Result<Self, Response> {
        let visit = &form.visit;
        let query = Query::read(form.get("query"));
        let asked = query.asked(visit.app.feed.clock().now()).or_page(visit)?;
        let chosen = asked.collection.as_ref().map(|(root, name)| (root.as_str(), name.as_str()));
        let scope = Scope::of(visit, chosen)?;
        let mut by_collection: BTreeMap<Uuid, BTreeSet<StixId>> = BTreeMap::new();
        let mut offset = 0;
        loop {
            let page = Browse { offset, limit: MOST_ROWS, ..asked.browse.clone() };
            let listing = visit.app.feed.browse(&scope.readings, &page).await.or_page(visit)?;
            if listing.total > most {
                return Err(too_many(visit, listing.total, most));
            }
            for row in listing.rows {
                if let Ok(id) = StixId::parse(&row.id) {
                    by_collection.entry(row.collection).or_default().insert(id);
                }
            }
            offset += MOST_ROWS;
            if offset >= listing.total {
                break;
            }
        }
        let directory = visit.app.feed.directory();
        let group = |(collection, ids): (Uuid, BTreeSet<StixId>)| {
            let seen = access::by_id(&directory, visit.principal(), collection).ok()?;
            Some(Group { seen, ids: ids.into_iter().collect() })
        };
        Ok(Self { groups: by_collection.into_iter().filter_map(group).collect(), unknown: 0 })
    }
}

fn too_many(visit: &Visit, found: usize, most: usize) -> Response {
    let why = format!("the filter finds {found} objects, and at most {most} can be taken at once; nothing was done, make the filter narrower");
    visit.failure(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, why))
}
