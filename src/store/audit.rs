//! The audit log: who did what, when and from where. Written with what it tells of, and never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::directory::Directory;
use crate::taxii::stamp::Stamp;

/// What somebody does, as it is told before anybody knows what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The clock when it is done. In the log it is the entry's place: later than that of the entry before it.
    pub at: Stamp,
    /// The name of the user, or of the program.
    pub who: String,
    /// The address of the client; the program itself has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpAddr>,
    /// The door that was used.
    pub through: Through,
    /// The id of the request, as in the log and in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What is done.
    pub verb: Verb,
    /// The import that this belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Uuid>,
    /// Why, in the words of who does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// TAXII.
    Taxii,
    /// The console.
    Console,
    /// The JSON API of analysts.
    Desk,
    /// The JSON API of operators.
    Admin,
    /// None: the program did it itself.
    Program,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// An envelope was posted.
    Post,
    /// Indicators were published.
    Publish,
    /// Objects were changed.
    Edit,
    /// Objects were revoked.
    Revoke,
    /// An earlier content was taken up again.
    Restore,
    /// A sighting was recorded.
    Sight,
    /// A file was imported.
    Import,
    /// An import was undone.
    Undo,
    /// Confidence fell with age.
    Decay,
    /// The curated feed was loaded.
    Curate,
    /// Versions were deleted for good.
    Delete,
    /// Roots, collections, users, tokens or grants were changed.
    Administer,
    /// A partner agreed to the terms of a collection.
    Agree,
    /// Objects were taken from another server.
    Pull,
    /// Objects went for good whose time was over.
    Retire,
    /// Somebody logged in at the console.
    LogIn,
    /// Somebody logged out.
    LogOut,
}

/// An act and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What was done.
    #[serde(flatten)]
    pub act: Act,
    /// Where objects were written or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<Uuid>,
    /// The versions that were stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Stored>,
    /// Objects that count higher from then on, since they hold what was stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raised: Vec<String>,
    /// The versions that were deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<Deleted>,
    /// What became different in the directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Changed>,
}

/// The versions that one write stored: all that stand in the collection's order from the first to the last.
///
/// The objects are not repeated here: the store keeps what was before and after, and a deletion is an entry of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The stamp of the first.
    pub first: Stamp,
    /// The stamp of the last.
    pub last: Stamp,
    /// How many.
    pub count: usize,
}

/// A version that was deleted for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The object's id.
    pub id: String,
    /// The stamp it had.
    pub added: Stamp,
}

/// Something in the directory that became different.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// What it is, like `user ann`.
    pub what: String,
    /// As it was; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// As it is; none if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Which entries to read.
#[derive(Debug, Clone, Copy)]
pub struct Trail {
    /// Only entries after this.
    pub after: Stamp,
    /// Only entries before this.
    pub before: Stamp,
    /// Whether the latest come first.
    pub latest_first: bool,
    /// The most to return.
    pub limit: usize,
}

impl Act {
    /// What the program does by itself.
    pub fn of_program(verb: Verb, at: Stamp) -> Self {
        Self { at, who: "taxiway".into(), from: None, through: Through::Program, request: None, verb, import: None, note: None }
    }

    /// The entry of this act, of which nothing has come yet.
    pub(super) fn entry(self) -> Entry {
        Entry { act: self, collection: None, stored: None, raised: Vec::new(), deleted: Vec::new(), changed: Vec::new() }
    }
}

impl Stored {
    /// The write that stored these, ascending; none if nothing was.
    pub(super) fn of(stamps: impl Iterator<Item = Stamp>) -> Option<Self> {
        stamps.fold(None, |stored, stamp| match stored {
            None => Some(Self { first: stamp, last: stamp, count: 1 }),
            Some(Self { first, count, .. }) => Some(Self { first, last: stamp, count: count + 1 }),
        })
    }
}

/// What differs between two directories, without secrets; when tokens were last used is no difference.
pub(super) fn changes(before: &Directory, after: &Directory) -> Vec<Changed> {
    let (mut before, mut after) = (things(before), things(after));
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    let changed = names.into_iter().filter_map(|what| {
        let (mut before, mut after) = (before.remove(&what), after.remove(&what));
        if before == after {
            return None;
        }
        let anew = password(before.as_ref()).is_some_and(|old| password(after.as_ref()).is_some_and(|new| old != new));
        hide(before.as_mut(), "set");
        hide(after.as_mut(), if anew { "set anew" } else { "set" });
        Some(Changed { what, before, after })
    });
    changed.collect()
}

fn password(thing: Option<&Value>) -> Option<&Value> {
    thing?.get("password")
}

fn hide(thing: Option<&mut Value>, word: &str) {
    if let Some(password) = thing.and_then(|thing| thing.get_mut("password")) {
        *password = word.into();
    }
}

/// Everything in a directory under what it is called.
fn things(directory: &Directory) -> BTreeMap<String, Value> {
    let called = |id: Uuid| directory.collection(id).map_or_else(|| format!("/{id}"), |(_, found)| found.address());
    let roots = directory.roots.values().map(|root| (format!("root {}", root.slug), json(root)));
    let collections = directory.collections.values().map(|collection| (format!("collection {}", called(collection.id)), json(collection)));
    let users = directory.users.values().map(|user| (format!("user {}", user.name), json(user)));
    let tokens = directory.tokens.values().map(|token| (format!("token {}", token.shown()), json(token)));
    let grants = directory.grants.iter().flat_map(|(user, of)| of.iter().map(move |(id, rights)| (user, id, rights)));
    let grants = grants.map(|(user, id, rights)| (format!("grant {user} {}", called(*id)), json(rights)));
    let links = directory.links.values().map(|link| (format!("link {}", link.name), json(link)));
    let partners = directory.partners.values().map(|partner| (format!("partner {}", partner.name), json(partner)));
    let shares = directory.shares.iter().flat_map(|(partner, of)| of.iter().map(move |(id, rights)| (partner, id, rights)));
    let shares = shares.map(|(partner, id, rights)| (format!("share {partner} {}", called(*id)), json(rights)));
    roots.chain(collections).chain(users).chain(tokens).chain(grants).chain(partners).chain(shares).chain(links).collect()
}

/// A thing as JSON, without what is secret or changes with every use.
fn json(thing: &impl Serialize) -> Value {
    // Nothing in a directory is such that JSON could not hold it.
    let mut value = serde_json::to_value(thing).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("last_used");
        members.remove("sha256");
        members.remove("credential");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::marking::Level;
    use crate::store::directory::{Edit, Root, Token, User};

    fn user(password: Option<&str>) -> User {
        User { name: "ann".into(), password: password.map(Into::into), admin: false, clearance: Level::Green, partner: None, created: Stamp(1) }
    }

    #[test]
    fn what_differs_is_told_without_secrets() {
        let mut before = Directory::default();
        let token = Token {
            sha256: "ab".repeat(32),
            user: "ann".into(),
            label: "SIEM".into(),
            created: Stamp(1),
            expires: None,
            last_used: None,
            list: None,
        };
        for edit in [Edit::AddUser(user(Some("$argon2id$old"))), Edit::AddToken(token.clone())] {
            before.apply(edit).unwrap();
        }
        let mut after = before.clone();
        after.apply(Edit::UseTokens([(token.sha256.clone(), Stamp(9))].into())).unwrap();
        assert_eq!(changes(&before, &after), []);
        after.apply(Edit::SetUser(user(Some("$argon2id$new")))).unwrap();
        after.apply(Edit::AddRoot(Root { slug: "feeds".into(), title: "Feeds".into(), description: None })).unwrap();
        after.apply(Edit::RemoveToken(token.sha256)).unwrap();
        let changed = changes(&before, &after);
        let whats: Vec<&str> = changed.iter().map(|changed| changed.what.as_str()).collect();
        assert_eq!(whats, ["root feeds", "token abababababab", "user ann"]);
        assert!(changed[0].before.is_none() && changed[1].after.is_none());
        assert_eq!(changed[2].before.as_ref().unwrap()["password"], "set");
        assert_eq!(changed[2].after.as_ref().unwrap()["password"], "set anew");
        let text = serde_json::to_string(&changed).unwrap();
        assert!(!text.contains("argon2") && !text.contains(&"ab".repeat(7)));
    }
}
