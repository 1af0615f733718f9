//! Users, their rights and their tokens: for administrators everybody's, for others their own.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::place::{self, Base};
use crate::auth::accounts::{self, AccountError, NewToken, NewUser, USUAL_CLEARANCE};
use crate::console::cards;
use crate::console::pages::users;
use crate::console::parts::frame::{Place, Tone};
use crate::console::parts::list::Choice;
use crate::console::parts::moment::Moment;
use crate::console::parts::said::Said;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::{self, Href};
use crate::console::visit::form::Form;
use crate::console::visit::{Answer, OrPage, Visit};
use crate::door::caller::Segments;
use crate::feed::access::{self, Principal};
use crate::stix::marking::Level;
use crate::store::EditError;
use crate::store::audit::Verb;
use crate::store::directory::{Collection, Directory, Edit, Rights, Token, User};
use crate::taxii::stamp::Stamp;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Which collection the cards are for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    collection: String,
}

/// `GET /console/users/`
pub async fn list(visit: Visit) -> Answer {
    access::operate(visit.principal()).or_page(&visit)?;
    let (directory, now) = (visit.app.feed.directory(), visit.app.feed.clock().now());
    let row = |user: &User| {
        let tokens = || directory.tokens.values().filter(|token| token.user == user.name);
        users::Row {
            href: paths::user(&user.name),
            name: user.name.as_str().into(),
            admin: user.admin,
            clearance: Tlp(user.clearance),
            grants: directory.grants.get(&user.name).map_or(0, BTreeMap::len),
            tokens: tokens().count(),
            used: tokens().filter_map(|token| token.last_used).max().map(|used| Moment::new(used.0, now.0)),
        }
    };
    let page = users::Users {
        frame: visit.frame("Users", Some(Place::Users)),
        rows: directory.users.values().map(row).collect(),
        levels: levels(USUAL_CLEARANCE),
    };
    Ok(visit.page(&page))
}

/// `POST /console/users/`: without a password only tokens let in.
pub async fn make(form: Form) -> Answer {
    let visit = &form.visit;
    access::operate(visit.principal()).or_page(visit)?;
    let name = form.get("name").to_owned();
    let Some(clearance) = Level::named(form.get("clearance")) else {
        return Ok(visit.go(&paths::users(), Tone::Fault, "There is no such TLP level."));
    };
    let (admin, password) = (is_set(&form, "admin"), form.all("password").next().unwrap_or_default().to_owned());
    let (feed, act, on) = (&visit.app.feed, visit.act(Verb::Administer, None), paths::user(&name));
    let made = if password.is_empty() {
        let user = User { name, password: None, admin, clearance, partner: None, created: feed.clock().now() };
        feed.edit(vec![Edit::AddUser(user)], Some(act)).await.map(drop).map_err(AccountError::from)
    } else {
        accounts::add_user(feed, NewUser { name, password, admin, clearance, partner: None }, act).await.map(drop)
    };
    told(visit, made, &on, &paths::users(), "The user is made.")
}

/// `GET /console/users/{user}/`
pub async fn one(visit: Visit, path: Segments, base: Base, Query(asked): Query<Asked>) -> Answer {
    let user = find(&visit, &path)?;
    Ok(visit.page(&page(&visit, &user, &base, &asked.collection, None)))
}

/// `POST /console/users/{user}/clearance/`
pub async fn clear(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let user = managed(visit, &path)?;
    let here = paths::user(&user.name);
    let Some(clearance) = Level::named(form.get("clearance")) else { return Ok(visit.go(&here, Tone::Fault, "There is no such TLP level.")) };
    change(visit, Edit::SetUser(User { clearance, ..user }), &here, "The clearance is set.").await
}

/// `POST /console/users/{user}/password/`: the sessions of the user end with it, this one too if it is the visitor.
pub async fn set_password(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let user = find(visit, &path)?;
    let here = paths::user(&user.name);
    let password = form.all("password").next().unwrap_or_default().to_owned();
    let set = accounts::set_password(&visit.app.feed, &user.name, password, visit.act(Verb::Administer, None)).await;
    told(visit, set, &here, &here, "The password is set; sessions with the old one have ended.")
}

/// `POST /console/users/{user}/tokens/`: the page that answers shows the secret, and nothing keeps it.
pub async fn add_token(path: Segments, base: Base, form: Form) -> Answer {
    let visit = &form.visit;
    let user = find(visit, &path)?;
    let here = paths::user(&user.name);
    let days = match form.get("days") {
        "" => None,
        text => match text.parse::<u64>() {
            Ok(days) => Some(days.saturating_mul(DAY)),
            Err(_) => return Ok(visit.go(&here, Tone::Fault, "For how long a token lasts is a number of days.")),
        },
    };
    let new = NewToken { user: user.name.clone(), label: form.get("label").into(), lifetime: days, list: None };
    match accounts::add_token(&visit.app.feed, new, visit.act(Verb::Administer, None)).await {
        Ok((_, secret)) => Ok(visit.page(&page(visit, &user, &base, "", Some(secret.into())))),
        Err(error) => told(visit, Err(error), &here, &here, ""),
    }
}

/// `POST /console/users/{user}/tokens/remove/`
pub async fn remove_token(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let user = find(visit, &path)?;
    let here = paths::user(&user.name);
    let directory = visit.app.feed.directory();
    let found = directory.tokens.values().find(|token| token.user == user.name && token.shown() == form.get("token"));
    match found {
        Some(token) => change(visit, Edit::RemoveToken(token.sha256.clone()), &here, "The token is removed.").await,
        None => Ok(visit.go(&here, Tone::Fault, "There is no such token.")),
    }
}

/// `POST /console/users/{user}/grants/`: without a right the grant ends.
pub async fn grant(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let user = managed(visit, &path)?;
    let here = paths::user(&user.name);
    let (root, name) = form.get("collection").split_once('/').unwrap_or_default();
    let collection = visit.collection(root, name)?.collection.id;
    let rights = Rights { read: is_set(&form, "read"), write: is_set(&form, "write"), own: false };
    let done = if rights == Rights::default() { "The grant is taken away." } else { "The rights are granted." };
    change(visit, Edit::Grant { user: user.name, collection, rights }, &here, done).await
}

/// `POST /console/users/{user}/remove/`: nobody removes itself.
pub async fn remove(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let user = managed(visit, &path)?;
    if user.name == visit.name() {
        return Ok(visit.go(&paths::user(&user.name), Tone::Fault, "Nobody removes itself; another administrator can."));
    }
    change(visit, Edit::RemoveUser(user.name), &paths::users(), "The user is removed.").await
}

/// The user of the path: for administrators any, for others themselves.
fn find(visit: &Visit, path: &Segments) -> Result<User, Response> {
    let name = path.get("user");
    if name != visit.name() {
        access::operate(visit.principal()).or_page(visit)?;
    }
    visit.app.feed.directory().users.get(name).cloned().ok_or_else(|| visit.missing())
}

/// The user of the path, for administrators only.
fn managed(visit: &Visit, path: &Segments) -> Result<User, Response> {
    access::operate(visit.principal()).or_page(visit)?;
    find(visit, path)
}

/// Makes a change, and goes on; what the directory says no to is told on the page of the user.
async fn change(visit: &Visit, edit: Edit, on: &Href, done: &str) -> Answer {
    let changed = visit.app.feed.edit(vec![edit], Some(visit.act(Verb::Administer, None))).await;
    told(visit, changed.map(drop).map_err(AccountError::from), on, on, done)
}

fn told(visit: &Visit, changed: Result<(), AccountError>, on: &Href, back: &Href, done: &str) -> Answer {
    match changed {
        Ok(()) => Ok(visit.go(on, Tone::Done, done)),
        Err(AccountError::Unfit(why)) => Ok(visit.go(back, Tone::Fault, &why)),
        Err(AccountError::Edit(EditError::Refused(conflict))) => Ok(visit.go(back, Tone::Fault, &conflict.to_string())),
        Err(error) => Err(visit.failure(error.into())),
    }
}

/// The page of a user; `collection` is what the cards are for, else the first that the user may see.
fn page(visit: &Visit, user: &User, base: &Base, collection: &str, secret: Option<Said>) -> users::User {
    let (directory, now) = (visit.app.feed.directory(), visit.app.feed.clock().now());
    let moment = |stamp: Stamp| Moment::new(stamp.0, now.0);
    let usable = access::all(&directory, &Principal::of(user));
    let target = usable.iter().find(|seen| seen.collection.address() == collection).or(usable.first());
    let token = |token: &Token| users::Token {
        id: token.shown().into(),
        label: token.label.as_str().into(),
        created: moment(token.created),
        expires: token.expires.map(moment),
        used: token.last_used.map(moment),
        ended: token.expires.is_some_and(|end| end <= now),
    };
    let manages = access::operate(visit.principal()).is_ok();
    users::User {
        frame: visit.frame(&user.name, manages.then_some(Place::Users)),
        href: paths::user(&user.name),
        name: user.name.as_str().into(),
        admin: user.admin,
        clearance: Tlp(user.clearance),
        created: moment(user.created),
        levels: levels(user.clearance),
        grants: grants(&directory, &user.name),
        collections: directory.collections.values().filter(|_| manages).map(|one| choice(one, false)).collect(),
        tokens: directory.tokens.values().filter(|token| token.user == user.name).map(token).collect(),
        secret,
        cards: target.map(|seen| cards::all(&base.target(&seen.collection, &user.name))).unwrap_or_default(),
        targets: usable
            .iter()
            .map(|seen| choice(&seen.collection, target.is_some_and(|target| target.collection.id == seen.collection.id)))
            .collect(),
        manages,
    }
}

fn choice(collection: &Collection, chosen: bool) -> Choice {
    let address = collection.address();
    Choice { label: format!("{} ({address})", collection.title).into(), value: address, chosen }
}

fn grants(directory: &Directory, user: &str) -> Vec<users::Grant> {
    let of = directory.grants.get(user).into_iter().flatten();
    let grant = |(id, Rights { read, write, .. }): (&Uuid, &Rights)| {
        let (_, collection) = directory.collection(*id)?;
        let (title, href) = (collection.title.as_str().into(), place::page(collection));
        Some(users::Grant { address: collection.address(), title, href, read: *read, write: *write })
    };
    of.filter_map(grant).collect()
}

fn levels(chosen: Level) -> Vec<Choice> {
    Level::MARKED.map(|level| Choice { value: level.name().into(), label: Tlp(level).label().into(), chosen: level == chosen }).into()
}

fn is_set(form: &Form, name: &str) -> bool {
    !form.get(name).is_empty()
}
