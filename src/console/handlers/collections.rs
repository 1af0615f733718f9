//! Collections: what there is, how clients are connected, and, for administrators, what becomes of them.

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::place::{self, Base};
use crate::console::cards;
use crate::console::pages::collections::{self, Grant, Life};
use crate::console::parts::frame::{Place, Tone};
use crate::console::parts::kind::Kind;
use crate::console::parts::list::Choice;
use crate::console::parts::moment::Moment;
use crate::console::paths;
use crate::console::visit::form::Form;
use crate::console::visit::{Answer, OrPage, Visit};
use crate::door::caller::Segments;
use crate::feed::access::{self, Seen};
use crate::feed::catalog::browse::Browse;
use crate::feed::desk::decay;
use crate::store::EditError;
use crate::store::audit::Verb;
use crate::store::directory::{Collection, Directory, Edit, Rights};

/// Which user the cards are for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    user: String,
}

/// What is in a collection, as far as somebody may see it.
struct Held {
    objects: u64,
    last: Option<Moment>,
}

/// `GET /console/collections/`
pub async fn list(visit: Visit, base: Base) -> Answer {
    let directory = visit.app.feed.directory();
    let mut rows = Vec::new();
    for seen in access::all(&directory, visit.principal()) {
        let Held { objects, last } = held(&visit, &seen).await?;
        let collection = &seen.collection;
        rows.push(collections::Row {
            href: place::page(collection),
            title: collection.title.as_str().into(),
            path: collection.address().into(),
            description: collection.description.as_deref().map(Into::into),
            public: collection.public,
            decay: collection.decay,
            rights: rights(seen.rights),
            objects,
            last,
        });
    }
    let roots =
        if access::operate(visit.principal()).is_ok() { directory.roots.keys().map(|slug| Choice::new(slug, false)).collect() } else { Vec::new() };
    let page = collections::Collections { frame: visit.frame("Collections", Some(Place::Collections)), discovery: base.discovery(), rows, roots };
    Ok(visit.page(&page))
}

/// `POST /console/collections/`
pub async fn make(form: Form) -> Answer {
    let visit = &form.visit;
    access::operate(visit.principal()).or_page(visit)?;
    let collection = Collection {
        id: Uuid::new_v4(),
        root: form.get("root").into(),
        alias: some(form.get("alias")),
        title: form.get("title").into(),
        description: some(form.get("description")),
        public: is_set(&form, "public"),
        decay: is_set(&form, "decay"),
        curated: None,
        ..Collection::default()
    };
    let here = place::page(&collection);
    change(visit, Edit::AddCollection(collection), &here, &paths::collections(), "The collection is made.").await
}

/// `GET /console/collections/{root}/{collection}/`
pub async fn one(visit: Visit, path: Segments, base: Base, Query(asked): Query<Asked>) -> Answer {
    let seen = visit.collection(path.get("root"), path.get("collection"))?;
    let Held { objects, last } = held(&visit, &seen).await?;
    let admin = access::operate(visit.principal()).is_ok();
    let directory = visit.app.feed.directory();
    let collection = seen.collection;
    let user = if admin && directory.users.contains_key(&asked.user) { asked.user.as_str() } else { visit.name() };
    let address = collection.address();
    let page = collections::Collection {
        frame: visit.frame(&collection.title, Some(Place::Collections)),
        href: place::page(&collection),
        title: collection.title.as_str().into(),
        description: collection.description.as_deref().unwrap_or_default().into(),
        public: collection.public,
        decay: collection.decay,
        lives: decay::RULES.iter().map(|rule| Life { kind: Kind::of(rule.kind), days: rule.days }).collect(),
        id: collection.id.to_string().into(),
        alias: collection.alias.as_deref().map(Into::into),
        url: base.collection(&collection).into(),
        objects,
        last,
        curated: collection.curated.is_some(),
        browse: paths::browse().with_query([("collection", address.as_str())]),
        grants: if admin { grants(&directory, &collection) } else { Vec::new() },
        admin,
        users: if admin { directory.users.keys().map(|name| Choice::new(name, name == user)).collect() } else { Vec::new() },
        cards: cards::all(&base.target(&collection, user)),
        me: paths::user(visit.name()),
    };
    Ok(visit.page(&page))
}

/// `POST /console/collections/{root}/{collection}/settings/`
pub async fn set(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let old = target(visit, &path)?;
    let here = place::page(&old);
    let new = Collection {
        title: form.get("title").into(),
        description: some(form.get("description")),
        public: is_set(&form, "public"),
        decay: is_set(&form, "decay"),
        ..old
    };
    change(visit, Edit::SetCollection(new), &here, &here, "The settings are saved.").await
}

/// `POST /console/collections/{root}/{collection}/grants/`: without a right the grant ends.
pub async fn grant(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let collection = target(visit, &path)?;
    let here = place::page(&collection);
    let rights = Rights { read: is_set(&form, "read"), write: is_set(&form, "write"), own: false };
    let edit = Edit::Grant { user: form.get("user").into(), collection: collection.id, rights };
    change(visit, edit, &here, &here, if rights == Rights::default() { "The grant is taken away." } else { "The rights are granted." }).await
}

/// `POST /console/collections/{root}/{collection}/remove/`: who removes it types its name.
pub async fn remove(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let collection = target(visit, &path)?;
    let (here, name) = (place::page(&collection), collection.name());
    if form.get("alias") != name {
        return Ok(visit.go(&here, Tone::Fault, &format!("Nothing was removed: to remove it, type {name}.")));
    }
    change(visit, Edit::RemoveCollection(collection.id), &paths::collections(), &here, "The collection is removed.").await
}

/// The collection of the path, for administrators.
fn target(visit: &Visit, path: &Segments) -> Result<Collection, Response> {
    access::operate(visit.principal()).or_page(visit)?;
    Ok(visit.collection(path.get("root"), path.get("collection"))?.collection)
}

/// Makes a change, and goes on; what the directory says no to is told where it was asked for.
async fn change(visit: &Visit, edit: Edit, on: &paths::Href, back: &paths::Href, done: &str) -> Answer {
    match visit.app.feed.edit(vec![edit], Some(visit.act(Verb::Administer, None))).await {
        Ok(_) => Ok(visit.go(on, Tone::Done, done)),
        Err(EditError::Refused(conflict)) => Ok(visit.go(back, Tone::Fault, &conflict.to_string())),
        Err(error) => Err(visit.failure(error.into())),
    }
}

/// How much there is; nothing for who may only add.
async fn held(visit: &Visit, seen: &Seen) -> Result<Held, Response> {
    let Ok(reading) = seen.to_read() else { return Ok(Held { objects: 0, last: None }) };
    let browse = Browse { limit: 1, ..Browse::default() };
    let listing = visit.app.feed.browse(std::slice::from_ref(&reading), &browse).await.or_page(visit)?;
    let now = visit.app.feed.clock().now();
    Ok(Held { objects: listing.total as u64, last: listing.rows.first().map(|row| Moment::new(row.added.0, now.0)) })
}

fn grants(directory: &Directory, collection: &Collection) -> Vec<Grant> {
    let of = |(user, _): (&String, _)| {
        let Rights { read, write, .. } = directory.rights(user, collection.id);
        (read || write).then(|| Grant { user: user.as_str().into(), href: paths::user(user), read, write })
    };
    directory.grants.iter().filter_map(of).collect()
}

fn rights(rights: Rights) -> &'static str {
    match (rights.read, rights.write) {
        (true, true) => "read and write",
        (true, false) => "read",
        (false, true) => "write",
        (false, false) => "nothing",
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn is_set(form: &Form, name: &str) -> bool {
    !form.get(name).is_empty()
}
