//! What is shared with whom, what goes over links, and who has got how far.

use axum::response::Response;

use super::place;
use crate::console::pages::sharing::{self, Consumer};
use crate::console::parts::frame::{Place, Tone};
use crate::console::parts::moment::Moment;
use crate::console::parts::tlp::Tlp;
use crate::console::paths;
use crate::console::visit::form::Form;
use crate::console::visit::{Answer, OrPage, Visit};
use crate::feed::access;
use crate::feed::consumers::Standing;
use crate::links::state::State;
use crate::store::EditError;
use crate::store::audit::Verb;
use crate::store::directory::{Accepted, Link, LinkKind};
use crate::taxii::stamp::Stamp;

/// `GET /console/sharing/`: for administrators all of it, for others what is their own.
pub async fn show(visit: Visit) -> Answer {
    let (directory, now) = (visit.app.feed.directory(), visit.app.feed.clock().now());
    let admin = access::operate(visit.principal()).is_ok();
    let own = access::own_consumers(&directory, visit.principal()).or_page(&visit)?;
    let standings = visit.app.feed.consumers().await.map_err(|error| visit.failure(error.into()))?;
    let consumers = standings.into_iter().filter(|standing| admin || own.contains(&standing.user)).map(|standing| consumer(standing, admin, now));
    let (mut links, mut partners) = (Vec::new(), Vec::new());
    if admin {
        for link in directory.links.values() {
            links.push(of_link(&visit, link, now).await?);
        }
        partners.extend(directory.partners.values().map(|partner| sharing::Partner {
            name: partner.name.as_str().into(),
            title: partner.title.as_str().into(),
            clearance: Tlp(partner.clearance),
            users: directory.users.values().filter(|user| user.partner.as_ref() == Some(&partner.name)).count(),
            shares: directory.shares.get(&partner.name).map_or(0, std::collections::BTreeMap::len),
            ends: partner.expires.map(|end| Moment::new(end.0, now.0)),
        }));
    }
    let page = sharing::Sharing {
        frame: visit.frame("Sharing", Some(Place::Sharing)),
        admin,
        terms: terms(&visit),
        partners,
        links,
        consumers: consumers.collect(),
    };
    Ok(visit.page(&page))
}

/// The terms of the collections that the visitor sees.
fn terms(visit: &Visit) -> Vec<sharing::Terms> {
    let directory = visit.app.feed.directory();
    let partner = visit.principal().name().and_then(|name| directory.partner_of(name));
    let seen = access::all(&directory, visit.principal()).into_iter();
    let terms = seen.filter_map(|seen| {
        Some(sharing::Terms {
            address: seen.collection.address().into(),
            collection: seen.collection.id.to_string(),
            text: seen.collection.sharing.terms.as_deref()?.into(),
            digest: seen.collection.sharing.terms_digest()?,
            open: partner.is_some_and(|partner| !partner.agrees(&seen.collection)),
        })
    });
    terms.collect()
}

async fn of_link(visit: &Visit, link: &Link, now: Stamp) -> Result<sharing::Link, Response> {
    let directory = visit.app.feed.directory();
    let state = State::of(&visit.app.feed, link).await.map_err(|error| visit.failure(error.into()))?;
    let collection = directory.collection(link.collection).map(|(_, collection)| collection.clone()).unwrap_or_default();
    let kind = match link.kind {
        LinkKind::Pull => "pull",
        LinkKind::Push => "push",
        LinkKind::Hook => "webhook",
    };
    Ok(sharing::Link {
        name: link.name.as_str().into(),
        kind,
        collection: place::page(&collection),
        address: collection.address().into(),
        url: link.url.as_str().into(),
        objects: state.objects,
        refused: state.refused,
        done: (state.done > Stamp::ZERO).then(|| Moment::new(state.done.0, now.0)),
        error: state.error.map(Into::into),
        paused: link.paused,
    })
}

/// A consumer; why it finds nothing is told to administrators only, since it is of what the consumer may not see.
fn consumer(standing: Standing, admin: bool, now: Stamp) -> Consumer {
    let behind = match (standing.hidden.filter(|_| admin), standing.objects) {
        (Some(hidden), _) => hidden.to_owned(),
        (None, 0) => "nothing".to_owned(),
        (None, objects) => format!("{objects} objects"),
    };
    Consumer {
        address: format!("{}/{}", standing.root, standing.collection).into(),
        user: standing.user.into(),
        polled: Moment::new(standing.polled.0, now.0),
        objects: standing.handed,
        behind: behind.into(),
        errors: standing.last_error.map(|last| format!("{}, last {last}", standing.errors).into()),
    }
}

/// `POST /console/sharing/terms/`: the visitor's partner agrees to the terms of a collection.
pub async fn agree(form: Form) -> Answer {
    let (visit, directory, here) = (&form.visit, form.visit.app.feed.directory(), paths::sharing());
    let id = form.get("collection").parse().unwrap_or_default();
    let seen = access::by_id(&directory, visit.principal(), id).or_page(visit)?;
    let partner = visit.principal().name().and_then(|name| Some((name, directory.partner_of(name)?)));
    let Some((by, partner)) = partner else {
        return Ok(visit.go(&here, Tone::Fault, "Only who belongs to a partner can agree for it."));
    };
    if seen.collection.sharing.terms_digest().as_deref() != Some(form.get("digest")) {
        return Ok(visit.go(&here, Tone::Fault, "The terms have changed meanwhile: read them again."));
    }
    let edit = partner.accept(id, Accepted { terms: form.get("digest").to_owned(), by: by.to_owned(), at: visit.app.feed.clock().now() });
    match visit.app.feed.edit(vec![edit], Some(visit.act(Verb::Agree, None))).await {
        Ok(_) => Ok(visit.go(&here, Tone::Done, "You have agreed to the terms.")),
        Err(EditError::Refused(conflict)) => Ok(visit.go(&here, Tone::Fault, &conflict.to_string())),
        Err(EditError::Store(error)) => Err(visit.failure(error.into())),
    }
}
