//! Who and what there is besides objects: roots, collections, users, tokens and grants.
//!
//! Small enough to be held in memory whole. The rules of change stand here once, for every backend.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::only::Only;
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// First path segments that are doors of their own and can be no root.
const RESERVED: &[&str] = &["taxii2", "lists", "console", "admin", "events", "by-key", "healthz", "readyz", "metrics", "static", "desk"];

/// All roots, collections, users, partners, tokens and grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// API roots by slug.
    pub roots: BTreeMap<String, Root>,
    /// Collections in the order of their creation.
    pub collections: BTreeMap<u32, Collection>,
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Organisations by name.
    #[serde(default)]
    pub partners: BTreeMap<String, Partner>,
    /// Links with other servers by id.
    #[serde(default)]
    pub links: BTreeMap<Uuid, Link>,
    /// Tokens by the hexadecimal SHA-256 of their secret.
    pub tokens: BTreeMap<String, Token>,
    /// Rights by user name and collection.
    pub grants: BTreeMap<String, BTreeMap<Uuid, Rights>>,
    /// Rights by the name of a partner and collection: all its users have them.
    #[serde(default)]
    pub shares: BTreeMap<String, BTreeMap<Uuid, Rights>>,
    /// The number that the next collection gets; numbers are never given twice.
    pub next_collection: u32,
}

/// An API root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Its path segment (Q17): lower-case letters, digits and inner hyphens.
    pub slug: String,
    /// Its name.
    pub title: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A collection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// A version 4 UUID (T-003), unique on the server.
    pub id: Uuid,
    /// The slug of its root.
    pub root: String,
    /// Stands for the id in URLs; unique in its root (T-125).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Unique in its root, without `.` and `,` (Q18).
    pub title: String,
    /// What it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether anybody may read what is TLP:CLEAR or unmarked in it.
    #[serde(default)]
    pub public: bool,
    /// Whether the confidence of its indicators falls with their age.
    #[serde(default)]
    pub decay: bool,
    /// Digest of the curated files that were last loaded into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curated: Option<String>,
    /// What it takes and gives.
    #[serde(default)]
    pub sharing: Sharing,
    /// What it shows of another collection, if it has nothing of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
}

/// What a collection takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    /// Nothing above this comes in or goes out.
    #[serde(default = "highest")]
    pub ceiling: Level,
    /// How high content without a TLP marking counts when it comes.
    #[serde(default = "clear")]
    pub unmarked: Level,
    /// Whether an object of which only a part is marked higher is shown without that part to who is not cleared for it.
    #[serde(default)]
    pub redact: bool,
    /// Whether partners who have not agreed to be named stay unnamed to all who read.
    #[serde(default)]
    pub anonymous: bool,
    /// After so many days objects go for good that nobody has touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// What a partner must have agreed to before it reads or writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
}

/// What a collection shows of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The collection that holds the objects.
    pub of: Uuid,
    /// Only objects of these types; of any if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Only what was added within so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
    /// Only what is so.
    #[serde(flatten)]
    pub only: Only,
}

/// An organisation that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// Names it in URLs: lower-case letters, digits and inner hyphens.
    pub name: String,
    /// Stands for it where objects came from; never given twice.
    pub id: Uuid,
    /// What it is called.
    pub title: String,
    /// The highest TLP level that any of its users may be shown.
    pub clearance: Level,
    /// Whether it agrees to be named to others as the source of what it sends.
    #[serde(default)]
    pub named: bool,
    /// When its part ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Stamp>,
    /// The most requests of each of its users in a minute, if that is another number than for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// The terms that it has agreed to, by collection.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accepted: BTreeMap<Uuid, Accepted>,
    /// When it was made.
    pub created: Stamp,
}

/// A link with another server, which is done by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its id.
    pub id: Uuid,
    /// What it is called; unique.
    pub name: String,
    /// What is done.
    pub kind: LinkKind,
    /// Our collection.
    pub collection: Uuid,
    /// The partner at the other side: what came from it is never sent there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// Where: the URL of a collection of a TAXII server, or what a webhook calls.
    pub url: String,
    /// How we say who we are.
    #[serde(default)]
    pub credential: LinkCredential,
    /// Nothing above this is sent.
    pub clearance: Level,
    /// Seconds between two pulls.
    pub every: u32,
    /// Whether it rests.
    #[serde(default)]
    pub paused: bool,
    /// When it was made.
    pub created: Stamp,
}

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Takes what is new at the other side.
    Pull,
    /// Sends what is new here to a collection of a TAXII server.
    Push,
    /// Calls a URL with what is new here.
    Hook,
}

/// How a link says who we are. Kept as it is, since the other side wants it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkCredential {
    /// Not at all.
    #[default]
    None,
    /// By HTTP Basic.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// By a bearer token.
    Token(String),
    /// A webhook: by an HMAC under this secret over what is sent.
    Hmac(String),
}

/// That somebody has agreed to terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The hexadecimal SHA-256 of what they said.
    pub terms: String,
    /// Who did, for the partner.
    pub by: String,
    /// When.
    pub at: Stamp,
}

impl Default for Sharing {
    fn default() -> Self {
        Self { ceiling: highest(), unmarked: clear(), redact: false, anonymous: false, retention_days: None, terms: None }
    }
}

impl Sharing {
    /// The hexadecimal SHA-256 of the terms, if there are any.
    pub fn terms_digest(&self) -> Option<String> {
        self.terms.as_ref().map(|terms| hex::encode(Sha256::digest(terms)))
    }
}

impl Collection {
    /// What stands for it in URLs: its alias, else its id.
    pub fn name(&self) -> String {
        self.alias.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// How it is called among all: `root/name`.
    pub fn address(&self) -> String {
        format!("{}/{}", self.root, self.name())
    }
}

impl Partner {
    /// Whether its part has ended.
    pub fn is_over(&self, now: Stamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// That it agrees to the terms of a collection.
    pub fn accept(&self, collection: Uuid, accepted: Accepted) -> Edit {
        let mut all = self.accepted.clone();
        all.insert(collection, accepted);
        Edit::SetPartner(Self { accepted: all, ..self.clone() })
    }

    /// Whether it has agreed to the terms of a collection as they are now; also if there are none.
    pub fn agrees(&self, collection: &Collection) -> bool {
        let agreed = self.accepted.get(&collection.id).map(|accepted| &accepted.terms);
        collection.sharing.terms_digest().is_none_or(|terms| agreed == Some(&terms))
    }
}

fn highest() -> Level {
    Level::Red
}

fn clear() -> Level {
    Level::Clear
}

/// A person or program with a name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its name, without `:` (RFC 7617) and control characters.
    pub name: String,
    /// The password's hash in PHC form; `None`: no password works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Whether it may do everything.
    #[serde(default)]
    pub admin: bool,
    /// The highest TLP level it may be shown.
    pub clearance: Level,
    /// The partner that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// When it was made.
    pub created: Stamp,
}

/// A secret that stands for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Hexadecimal SHA-256 of the secret; its first twelve digits are the name it is shown by.
    pub sha256: String,
    /// Whom it stands for.
    pub user: String,
    /// What it is used for, in the words of who made it.
    pub label: String,
    /// When it was made.
    pub created: Stamp,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Stamp>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Stamp>,
    /// The list that it opens, and nothing else, for devices that know no credentials; `None`: it stands for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<OpenedList>,
}

/// A list that a key in the path opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedList {
    /// Of which collection.
    pub collection: Uuid,
    /// The name of the file.
    pub file: String,
    /// What else is asked of it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
}

impl Token {
    /// The name it is shown by: the first digits of its hash.
    pub fn shown(&self) -> &str {
        self.sha256.get(..Self::DIGITS).unwrap_or(&self.sha256)
    }

    /// How many digits of its hash name a token.
    pub const DIGITS: usize = 12;
}

/// What a user may do with a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rights {
    /// GET.
    pub read: bool,
    /// POST; DELETE needs both.
    pub write: bool,
    /// GET of what came from the user's partner, whoever else may read it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

impl Rights {
    /// What either gives.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { read: self.read || other.read, write: self.write || other.write, own: self.own || other.own }
    }
}

/// A change of the directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// A new root.
    AddRoot(Root),
    /// A root goes; it must be empty.
    RemoveRoot(String),
    /// A new collection.
    AddCollection(Collection),
    /// The collection with this id becomes this one; its root stays.
    SetCollection(Collection),
    /// A collection goes, with its grants and objects.
    RemoveCollection(Uuid),
    /// A new user.
    AddUser(User),
    /// The user with this name becomes this one.
    SetUser(User),
    /// A user goes, with its tokens and grants.
    RemoveUser(String),
    /// A new token.
    AddToken(Token),
    /// The token with this SHA-256 goes.
    RemoveToken(String),
    /// A new partner.
    AddPartner(Partner),
    /// The partner with this name becomes this one.
    SetPartner(Partner),
    /// A partner goes, with what was shared with it; it must have no users.
    RemovePartner(String),
    /// The users of a partner have these rights on the collection from now on; no rights ends it.
    Share {
        /// With whom.
        partner: String,
        /// What.
        collection: Uuid,
        /// What for.
        rights: Rights,
    },
    /// A new link.
    AddLink(Link),
    /// The link with this id becomes this one.
    SetLink(Link),
    /// A link goes.
    RemoveLink(Uuid),
    /// Tokens were used; those that are gone are passed over.
    UseTokens(BTreeMap<String, Stamp>),
    /// The user has these rights on the collection from now on; no rights ends the grant.
    Grant {
        /// Who.
        user: String,
        /// On what.
        collection: Uuid,
        /// Which.
        rights: Rights,
    },
}

/// Why an edit contradicts the directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Something of this name is there already.
    #[error("{0} is there already")]
    Exists(String),
    /// Nothing of this name is there.
    #[error("there is no {0}")]
    Missing(String),
    /// It cannot be called so.
    #[error("{0}")]
    Name(String),
    /// It is not empty.
    #[error("{0} still has collections")]
    NotEmpty(String),
    /// Something hangs on it.
    #[error("{0}")]
    InUse(String),
}

impl Directory {
    /// Applies one edit, or says why not and changes nothing.
    pub fn apply(&mut self, edit: Edit) -> Result<(), Conflict> {
        match edit {
            Edit::AddRoot(root) => self.add_root(root),
            Edit::RemoveRoot(slug) => self.remove_root(&slug),
            Edit::AddCollection(collection) => self.add_collection(collection),
            Edit::SetCollection(collection) => self.set_collection(collection),
            Edit::RemoveCollection(id) => self.remove_collection(id),
            Edit::AddUser(user) => self.add_user(user),
            Edit::SetUser(user) => self.set_user(user),
            Edit::RemoveUser(name) => self.remove_user(&name),
            Edit::AddToken(token) => self.add_token(token),
            Edit::RemoveToken(sha256) => self.tokens.remove(&sha256).map(drop).ok_or(Conflict::Missing("such token".into())),
            Edit::UseTokens(used) => {
                self.use_tokens(&used);
                Ok(())
            }
            Edit::Grant { user, collection, rights } => self.grant(&user, collection, rights),
            Edit::AddLink(link) if self.links.contains_key(&link.id) => Err(Conflict::Exists(format!("link {}", link.name))),
            Edit::SetLink(link) if !self.links.contains_key(&link.id) => Err(Conflict::Missing(format!("link {}", link.name))),
            Edit::AddLink(link) | Edit::SetLink(link) => self.put_link(link),
            Edit::RemoveLink(id) => self.links.remove(&id).map(drop).ok_or_else(|| Conflict::Missing(format!("link {id}"))),
            Edit::AddPartner(partner) => self.add_partner(partner),
            Edit::SetPartner(partner) => self.set_partner(partner),
            Edit::RemovePartner(name) => self.remove_partner(&name),
            Edit::Share { partner, collection, rights } => self.share(&partner, collection, rights),
        }
    }

    /// The collection of this id, with its number.
    pub fn collection(&self, id: Uuid) -> Option<(u32, &Collection)> {
        self.collections.iter().find(|(_, c)| c.id == id).map(|(number, c)| (*number, c))
    }

    /// The collection that `name` (an id or an alias) means in a root.
    pub fn find_collection(&self, root: &str, name: &str) -> Option<&Collection> {
        // Of the forms a UUID can be written in, a URL has the hyphenated one.
        let id = Uuid::parse_str(name).ok().filter(|_| name.len() == uuid::fmt::Hyphenated::LENGTH);
        self.collections.values().find(|c| c.root == root && (Some(c.id) == id || c.alias.as_deref() == Some(name)))
    }

    /// The rights that a user has on a collection, by its own grants and those of its partner.
    pub fn rights(&self, user: &str, collection: Uuid) -> Rights {
        let of = |all: &BTreeMap<String, BTreeMap<Uuid, Rights>>, name: &str| all.get(name).and_then(|of| of.get(&collection)).copied();
        let shared = self.partner_of(user).and_then(|partner| of(&self.shares, &partner.name));
        of(&self.grants, user).unwrap_or_default().or(shared.unwrap_or_default())
    }

    /// The partner that a user belongs to.
    pub fn partner_of(&self, user: &str) -> Option<&Partner> {
        self.partners.get(self.users.get(user)?.partner.as_ref()?)
    }

    fn add_root(&mut self, root: Root) -> Result<(), Conflict> {
        check_slug(&root.slug)?;
        check_title(&root.title)?;
        if RESERVED.contains(&root.slug.as_str()) {
            return Err(Conflict::Name(format!("a root cannot be called {}: that is a door of the server", root.slug)));
        }
        if self.roots.contains_key(&root.slug) {
            return Err(Conflict::Exists(format!("root {}", root.slug)));
        }
        self.roots.insert(root.slug.clone(), root);
        Ok(())
    }

    fn remove_root(&mut self, slug: &str) -> Result<(), Conflict> {
        if self.collections.values().any(|c| c.root == slug) {
            return Err(Conflict::NotEmpty(format!("root {slug}")));
        }
        self.roots.remove(slug).map(drop).ok_or_else(|| Conflict::Missing(format!("root {slug}")))
    }

    fn add_collection(&mut self, collection: Collection) -> Result<(), Conflict> {
        if !self.roots.contains_key(&collection.root) {
            return Err(Conflict::Missing(format!("root {}", collection.root)));
        }
        if self.collection(collection.id).is_some() {
            return Err(Conflict::Exists(format!("collection {}", collection.id)));
        }
        self.check_collection(&collection)?;
        self.collections.insert(self.next_collection, collection);
        self.next_collection += 1;
        Ok(())
    }

    fn set_collection(&mut self, collection: Collection) -> Result<(), Conflict> {
        let (number, old) = self.collection(collection.id).ok_or_else(|| Conflict::Missing(format!("collection {}", collection.id)))?;
        if old.root != collection.root {
            return Err(Conflict::Name("a collection stays in its root".into()));
        }
        self.check_collection(&collection)?;
        self.collections.insert(number, collection);
        Ok(())
    }

    /// The rules that hold for a collection among its neighbours.
    fn check_collection(&self, new: &Collection) -> Result<(), Conflict> {
        if new.id.get_version_num() != 4 || new.id.get_variant() != uuid::Variant::RFC4122 {
            return Err(Conflict::Name(format!("the id {} is no UUID of version 4 (TAXII 2.1 §2)", new.id)));
        }
        check_title(&new.title)?;
        if new.title.contains(['.', ',']) {
            return Err(Conflict::Name(format!("the title {:?} has a '.' or ',', at which some clients split it", new.title)));
        }
        for other in self.collections.values().filter(|c| c.root == new.root && c.id != new.id) {
            if other.title == new.title {
                return Err(Conflict::Exists(format!("a collection titled {:?} in {}", new.title, new.root)));
            }
            if new.alias.is_some() && other.alias == new.alias {
                return Err(Conflict::Exists(format!("collection {}/{}", new.root, new.alias.as_deref().unwrap_or_default())));
            }
        }
        self.check_view(new)?;
        match &new.alias {
            Some(alias) if Uuid::parse_str(alias).is_ok() => Err(Conflict::Name(format!("the alias {alias} reads as an id"))),
            Some(alias) => check_slug(alias),
            None => Ok(()),
        }
    }

    /// A view is of a collection that holds objects, and holds none itself.
    fn check_view(&self, new: &Collection) -> Result<(), Conflict> {
        let Some(view) = &new.view else { return Ok(()) };
        match self.collection(view.of) {
            None => Err(Conflict::Missing(format!("collection {}", view.of))),
            Some((_, base)) if base.view.is_some() || base.id == new.id => Err(Conflict::Name("a view is of a collection that holds objects".into())),
            Some(_) if self.collection(new.id).is_some_and(|(_, old)| old.view.is_none()) => {
                Err(Conflict::Name("a collection that holds objects does not become a view".into()))
            }
            Some(_) => Ok(()),
        }
    }

    fn remove_collection(&mut self, id: Uuid) -> Result<(), Conflict> {
        let (number, _) = self.collection(id).ok_or_else(|| Conflict::Missing(format!("collection {id}")))?;
        if let Some(view) = self.collections.values().find(|c| c.view.as_ref().is_some_and(|view| view.of == id)) {
            return Err(Conflict::InUse(format!("{}/{} shows what is in this collection", view.root, view.alias.as_deref().unwrap_or_default())));
        }
        self.collections.remove(&number);
        self.links.retain(|_, link| link.collection != id);
        for all in [&mut self.grants, &mut self.shares] {
            for of in all.values_mut() {
                of.remove(&id);
            }
            all.retain(|_, of| !of.is_empty());
        }
        for partner in self.partners.values_mut() {
            partner.accepted.remove(&id);
        }
        self.tokens.retain(|_, token| token.list.as_ref().is_none_or(|list| list.collection != id));
        Ok(())
    }

    fn add_user(&mut self, user: User) -> Result<(), Conflict> {
        if user.name.is_empty() || user.name.len() > 200 || user.name.contains(|c: char| c == ':' || c.is_control()) {
            return Err(Conflict::Name("a user's name has 1 to 200 characters, no ':' and no control characters".into()));
        }
        if self.users.contains_key(&user.name) {
            return Err(Conflict::Exists(format!("user {}", user.name)));
        }
        self.check_partner(&user)?;
        self.users.insert(user.name.clone(), user);
        Ok(())
    }

    fn check_partner(&self, user: &User) -> Result<(), Conflict> {
        match &user.partner {
            Some(_) if user.admin => Err(Conflict::Name("an administrator belongs to no partner".into())),
            Some(partner) if !self.partners.contains_key(partner) => Err(Conflict::Missing(format!("partner {partner}"))),
            _ => Ok(()),
        }
    }

    fn set_user(&mut self, user: User) -> Result<(), Conflict> {
        self.check_partner(&user)?;
        let old = self.users.get_mut(&user.name).ok_or_else(|| Conflict::Missing(format!("user {}", user.name)))?;
        *old = user;
        Ok(())
    }

    fn remove_user(&mut self, name: &str) -> Result<(), Conflict> {
        self.users.remove(name).ok_or_else(|| Conflict::Missing(format!("user {name}")))?;
        self.tokens.retain(|_, token| token.user != name);
        self.grants.remove(name);
        Ok(())
    }

    fn add_token(&mut self, token: Token) -> Result<(), Conflict> {
        if !self.users.contains_key(&token.user) {
            return Err(Conflict::Missing(format!("user {}", token.user)));
        }
        if let Some(list) = token.list.as_ref().filter(|list| self.collection(list.collection).is_none()) {
            return Err(Conflict::Missing(format!("collection {}", list.collection)));
        }
        if self.tokens.contains_key(&token.sha256) {
            return Err(Conflict::Exists("this token".into()));
        }
        self.tokens.insert(token.sha256.clone(), token);
        Ok(())
    }

    fn use_tokens(&mut self, used: &BTreeMap<String, Stamp>) {
        for (sha256, at) in used {
            if let Some(token) = self.tokens.get_mut(sha256) {
                token.last_used = token.last_used.max(Some(*at));
            }
        }
    }

    /// The rules that hold for a link.
    fn put_link(&mut self, link: Link) -> Result<(), Conflict> {
        check_slug(&link.name)?;
        if self.links.values().any(|other| other.name == link.name && other.id != link.id) {
            return Err(Conflict::Exists(format!("link {}", link.name)));
        }
        let (_, collection) = self.collection(link.collection).ok_or_else(|| Conflict::Missing(format!("collection {}", link.collection)))?;
        if link.kind == LinkKind::Pull && collection.view.is_some() {
            return Err(Conflict::Name("a view takes nothing in".into()));
        }
        match &link.partner {
            Some(partner) if !self.partners.contains_key(partner) => Err(Conflict::Missing(format!("partner {partner}"))),
            None if link.kind != LinkKind::Hook => {
                Err(Conflict::Name("a link with another server belongs to a partner, so that nothing is sent back".into()))
            }
            _ => {
                self.links.insert(link.id, link);
                Ok(())
            }
        }
    }

    fn add_partner(&mut self, partner: Partner) -> Result<(), Conflict> {
        check_slug(&partner.name)?;
        check_title(&partner.title)?;
        if self.partners.contains_key(&partner.name) {
            return Err(Conflict::Exists(format!("partner {}", partner.name)));
        }
        self.partners.insert(partner.name.clone(), partner);
        Ok(())
    }

    fn set_partner(&mut self, partner: Partner) -> Result<(), Conflict> {
        check_title(&partner.title)?;
        let old = self.partners.get_mut(&partner.name).ok_or_else(|| Conflict::Missing(format!("partner {}", partner.name)))?;
        *old = Partner { id: old.id, created: old.created, ..partner };
        Ok(())
    }

    fn remove_partner(&mut self, name: &str) -> Result<(), Conflict> {
        if self.users.values().any(|user| user.partner.as_deref() == Some(name)) {
            return Err(Conflict::InUse(format!("partner {name} still has users")));
        }
        if let Some(link) = self.links.values().find(|link| link.partner.as_deref() == Some(name)) {
            return Err(Conflict::InUse(format!("partner {name} still has the link {}", link.name)));
        }
        self.partners.remove(name).ok_or_else(|| Conflict::Missing(format!("partner {name}")))?;
        self.shares.remove(name);
        Ok(())
    }

    fn share(&mut self, partner: &str, collection: Uuid, rights: Rights) -> Result<(), Conflict> {
        if !self.partners.contains_key(partner) {
            return Err(Conflict::Missing(format!("partner {partner}")));
        }
        self.allow(|directory| &mut directory.shares, partner, collection, rights)
    }

    fn grant(&mut self, user: &str, collection: Uuid, rights: Rights) -> Result<(), Conflict> {
        if !self.users.contains_key(user) {
            return Err(Conflict::Missing(format!("user {user}")));
        }
        self.allow(|directory| &mut directory.grants, user, collection, rights)
    }

    /// Somebody has these rights from now on, in one of the tables of rights.
    fn allow(
        &mut self,
        table: impl Fn(&mut Self) -> &mut BTreeMap<String, BTreeMap<Uuid, Rights>>,
        name: &str,
        collection: Uuid,
        rights: Rights,
    ) -> Result<(), Conflict> {
        let (_, found) = self.collection(collection).ok_or_else(|| Conflict::Missing(format!("collection {collection}")))?;
        if found.view.is_some() && (rights.write || rights.own) {
            return Err(Conflict::Name("a view can be read only".into()));
        }
        let all = table(self);
        let of = all.entry(name.into()).or_default();
        if rights == Rights::default() {
            of.remove(&collection)
        } else {
            of.insert(collection, rights)
        };
        all.retain(|_, of| !of.is_empty());
        Ok(())
    }
}

/// A path segment that every client can use: 1 to 100 of `a-z 0-9 -`, no hyphen at the ends (Q17).
fn check_slug(slug: &str) -> Result<(), Conflict> {
    let letters = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if letters && (1..=100).contains(&slug.len()) && !slug.starts_with('-') && !slug.ends_with('-') {
        return Ok(());
    }
    Err(Conflict::Name(format!("{slug:?} is no name for a URL: 1 to 100 of a-z, 0-9 and inner hyphens")))
}

fn check_title(title: &str) -> Result<(), Conflict> {
    if title.trim().is_empty() || title.contains(char::is_control) {
        return Err(Conflict::Name("a title is a line of text, not empty".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(slug: &str) -> Edit {
        Edit::AddRoot(Root { slug: slug.into(), title: "Feeds".into(), description: None })
    }

    fn collection(title: &str, alias: Option<&str>) -> Collection {
        Collection {
            id: Uuid::new_v4(),
            root: "feeds".into(),
            alias: alias.map(Into::into),
            title: title.into(),
            description: None,
            public: false,
            decay: false,
            curated: None,
            ..Collection::default()
        }
    }

    fn user(name: &str) -> User {
        User { name: name.into(), password: None, admin: false, clearance: Level::Amber, partner: None, created: Stamp::ZERO }
    }

    fn with_root() -> Directory {
        let mut directory = Directory::default();
        directory.apply(root("feeds")).unwrap();
        directory
    }

    #[test]
    fn q17_a_root_is_one_usable_path_segment() {
        let mut directory = Directory::default();
        for bad in ["", "a/b", "Feeds", "-a", "a-", "taxii2", "admin", "a b", "ä"] {
            assert!(matches!(directory.apply(root(bad)), Err(Conflict::Name(_))), "{bad}");
        }
        directory.apply(root("feeds-2021")).unwrap();
        assert!(matches!(directory.apply(root("feeds-2021")), Err(Conflict::Exists(_))));
    }

    #[test]
    fn t125_q18_alias_and_title_are_unique_in_their_root() {
        let mut directory = with_root();
        directory.apply(Edit::AddCollection(collection("One", Some("one")))).unwrap();
        assert!(matches!(directory.apply(Edit::AddCollection(collection("One", None))), Err(Conflict::Exists(_))));
        assert!(matches!(directory.apply(Edit::AddCollection(collection("Two", Some("one")))), Err(Conflict::Exists(_))));
        assert!(matches!(directory.apply(Edit::AddCollection(collection("A.B", None))), Err(Conflict::Name(_))));
        let alias = Uuid::new_v4().to_string();
        assert!(matches!(directory.apply(Edit::AddCollection(collection("Two", Some(&alias)))), Err(Conflict::Name(_))));
    }

    #[test]
    fn t003_a_collection_id_is_a_version_4_uuid() {
        let mut wrong = collection("One", None);
        wrong.id = Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"x");
        assert!(matches!(with_root().apply(Edit::AddCollection(wrong)), Err(Conflict::Name(_))));
    }

    #[test]
    fn numbers_are_never_given_twice() {
        let mut directory = with_root();
        let (one, two) = (collection("One", None), collection("Two", None));
        directory.apply(Edit::AddCollection(one.clone())).unwrap();
        directory.apply(Edit::RemoveCollection(one.id)).unwrap();
        directory.apply(Edit::AddCollection(two.clone())).unwrap();
        assert_eq!(directory.collection(two.id).map(|(number, _)| number), Some(1));
    }

    #[test]
    fn what_hangs_on_a_user_goes_with_it() {
        let mut directory = with_root();
        let one = collection("One", None);
        directory.apply(Edit::AddCollection(one.clone())).unwrap();
        directory.apply(Edit::AddUser(user("ann"))).unwrap();
        directory.apply(Edit::Grant { user: "ann".into(), collection: one.id, rights: Rights { read: true, write: false, own: false } }).unwrap();
        let token =
            Token { sha256: "ab".into(), user: "ann".into(), label: "siem".into(), created: Stamp::ZERO, expires: None, last_used: None, list: None };
        directory.apply(Edit::AddToken(token)).unwrap();
        directory.apply(Edit::RemoveUser("ann".into())).unwrap();
        assert!(directory.tokens.is_empty() && directory.grants.is_empty());
        assert!(matches!(directory.apply(Edit::AddUser(user("a:b"))), Err(Conflict::Name(_))));
    }
}
