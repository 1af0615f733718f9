//! The one gate: who may see or do what is decided here and nowhere else.
//!
//! What a caller may not see does not exist. A caller without credentials is told that credentials may help, in the same words
//! whether the thing exists or not.

use std::sync::Arc;

use uuid::Uuid;

use super::desk::Working;
use super::desk::import::Import;
use crate::stix::marking::Level;
use crate::store::audit::{Act, Entry};
use crate::store::directory::{Collection, Directory, Link, Partner, Rights, Root, User};
use crate::store::only::Only;
use crate::store::{Select, StatusRecord, Versions};
use crate::taxii::stamp::Stamp;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular: no credentials were given.
    Anonymous,
    /// A user whose credentials were verified.
    User {
        /// Its name.
        name: String,
        /// Whether it may do everything.
        admin: bool,
        /// The highest TLP level it may be shown.
        clearance: Level,
        /// The partner that it belongs to.
        partner: Option<String>,
    },
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Credentials are needed: 401.
    #[error("credentials are needed")]
    Credentials,
    /// It does not exist, as far as this caller is concerned: 404.
    #[error("not found")]
    Hidden,
    /// The caller may see it but not do this: 403.
    #[error("{0}")]
    Forbidden(&'static str),
}

/// A collection that the caller may see.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The collection.
    pub collection: Collection,
    /// What the caller may do with it.
    pub rights: Rights,
    principal: Principal,
    clearance: Level,
    /// The ceiling of the collection that this one is a view of.
    base: Option<Level>,
    /// The id of the caller's partner.
    origin: Option<Uuid>,
    /// Whether that has agreed to the terms.
    agrees: bool,
}

/// Leave to read a collection, up to a level.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Which collection holds the objects.
    pub collection: Uuid,
    /// Which collection the reader knows: the same, or a view of it.
    pub shown: Uuid,
    /// Nothing above this.
    pub clearance: Level,
    /// Nothing but this.
    pub only: Option<Arc<Only>>,
    /// Only objects of these types.
    pub types: Option<Vec<String>>,
    /// Only what was added within so many days.
    pub max_age_days: Option<u32>,
    /// The name of the reader, if it is a user.
    pub reader: Option<String>,
}

/// Leave to write to a collection.
#[derive(Debug, Clone)]
pub struct Writing {
    /// Which collection.
    pub collection: Uuid,
    /// The slug of its root.
    pub root: String,
    /// The name of the writer.
    pub writer: String,
    /// The id of the writer's partner, if it belongs to one.
    pub origin: Option<Uuid>,
}

impl Reading {
    /// Leave to read a collection as it is.
    pub fn whole(collection: Uuid, clearance: Level) -> Self {
        Self { collection, shown: collection, clearance, only: None, types: None, max_age_days: None, reader: None }
    }

    /// Whether nothing of the collection is kept from the reader but what it is not cleared for.
    pub fn is_whole(&self) -> bool {
        self.only.is_none() && self.types.is_none() && self.max_age_days.is_none()
    }

    /// Everything that may be read, in these versions.
    pub fn select(&self, versions: Versions) -> Select {
        Select { only: self.only.clone(), types: self.types.clone(), ..Select::all(versions, self.clearance) }
    }
}

impl Principal {
    /// The principal that a verified user is.
    pub fn of(user: &User) -> Self {
        Self::User { name: user.name.clone(), admin: user.admin, clearance: user.clearance, partner: user.partner.clone() }
    }

    /// The program itself, on a store that it holds open.
    pub fn program() -> Self {
        Self::User { name: "taxiway".into(), admin: true, clearance: Level::Red, partner: None }
    }

    /// The name of the user; nobody's for the anonymous.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::User { name, .. } => Some(name),
        }
    }

    fn is_admin(&self) -> bool {
        matches!(self, Self::User { admin: true, .. })
    }

    /// The highest level of a collection that this principal may be shown.
    ///
    /// What is TLP:RED leaves only to who is named: by a grant to read the collection, of its own or of its partner.
    fn clearance(&self, directory: &Directory, collection: &Collection) -> Level {
        let most = match self {
            Self::Anonymous => Level::Clear,
            Self::User { admin: true, .. } => Level::Red,
            Self::User { name, clearance, .. } => {
                let partner = self.partner(directory).map_or(Level::Red, |partner| partner.clearance);
                let named = directory.rights(name, collection.id);
                let most = if named.read || named.own { Level::Red } else { Level::AmberStrict };
                (*clearance).min(partner).min(most)
            }
        };
        most.min(collection.sharing.ceiling).max(Level::Clear)
    }

    /// The partner that it belongs to.
    fn partner<'d>(&self, directory: &'d Directory) -> Option<&'d Partner> {
        match self {
            Self::User { partner: Some(partner), .. } => directory.partners.get(partner),
            _ => None,
        }
    }

    fn rights(&self, directory: &Directory, collection: &Collection) -> Rights {
        match self {
            Self::Anonymous => Rights { read: collection.public, ..Rights::default() },
            Self::User { admin: true, .. } => Rights { read: true, write: collection.view.is_none(), own: false },
            Self::User { name, .. } => {
                let granted = directory.rights(name, collection.id);
                Rights { read: granted.read || collection.public, ..granted }
            }
        }
    }

    fn sees(&self, directory: &Directory, collection: &Collection) -> bool {
        self.rights(directory, collection) != Rights::default()
    }
}

/// Whether the caller may knock at all: a server without public collections asks everybody for credentials.
pub fn knock(directory: &Directory, principal: &Principal) -> Result<(), Denied> {
    let open = *principal != Principal::Anonymous || directory.collections.values().any(|c| c.public);
    if open { Ok(()) } else { Err(Denied::Credentials) }
}

/// The roots that the caller may see: those in which it sees a collection, for administrators all.
pub fn roots<'a>(directory: &'a Directory, principal: &'a Principal) -> impl Iterator<Item = &'a Root> {
    directory
        .roots
        .values()
        .filter(|root| principal.is_admin() || directory.collections.values().any(|c| c.root == root.slug && principal.sees(directory, c)))
}

/// The root to use when the client has no wish: that of the oldest collection it sees, so that new roots do not move clients.
pub fn default_root<'a>(directory: &'a Directory, principal: &'a Principal) -> Option<&'a Root> {
    let oldest = directory.collections.values().find(|c| principal.sees(directory, c));
    oldest.and_then(|c| directory.roots.get(&c.root)).or_else(|| roots(directory, principal).next())
}

/// The root called `slug`.
pub fn root<'a>(directory: &'a Directory, principal: &Principal, slug: &str) -> Result<&'a Root, Denied> {
    knock(directory, principal)?;
    let root = directory.roots.get(slug).ok_or(Denied::Hidden)?;
    if roots(directory, principal).any(|r| r.slug == slug) { Ok(root) } else { Err(Denied::Hidden) }
}

/// The collections of a root that the caller may see, in the order of their creation (T-036).
pub fn collections(directory: &Directory, principal: &Principal, slug: &str) -> Result<Vec<Seen>, Denied> {
    root(directory, principal, slug)?;
    let of_root = directory.collections.values().filter(|c| c.root == slug);
    Ok(of_root.filter_map(|c| seen(directory, principal, c)).collect())
}

/// The collection that `name` (id or alias) means in a root.
pub fn collection(directory: &Directory, principal: &Principal, slug: &str, name: &str) -> Result<Seen, Denied> {
    // Who sees a collection sees its root; only who does not is told more, or less.
    match directory.find_collection(slug, name).and_then(|c| seen(directory, principal, c)) {
        Some(seen) => Ok(seen),
        None => root(directory, principal, slug).and(Err(Denied::Hidden)),
    }
}

/// The collection with this id.
pub fn by_id(directory: &Directory, principal: &Principal, id: Uuid) -> Result<Seen, Denied> {
    knock(directory, principal)?;
    directory.collection(id).and_then(|(_, collection)| seen(directory, principal, collection)).ok_or(Denied::Hidden)
}

/// Every collection that the caller may see, in the order of their creation.
pub fn all(directory: &Directory, principal: &Principal) -> Vec<Seen> {
    directory.collections.values().filter_map(|collection| seen(directory, principal, collection)).collect()
}

/// Leave to read each collection that the caller may browse.
pub fn readings(directory: &Directory, principal: &Principal) -> Result<Vec<Reading>, Denied> {
    knock(directory, principal)?;
    let seen = directory.collections.values().filter_map(|collection| seen(directory, principal, collection));
    Ok(seen.filter_map(|seen| seen.to_browse().ok()).collect())
}

/// Whose acts the caller may look up in the audit log: everybody's (`None`) if it is an administrator, else its own.
pub fn own_acts(principal: &Principal) -> Result<Option<String>, Denied> {
    match principal {
        Principal::Anonymous => Err(Denied::Credentials),
        Principal::User { admin: true, .. } => Ok(None),
        Principal::User { name, .. } => Ok(Some(name.clone())),
    }
}

/// Whether the caller may look up an entry of the audit log.
pub fn entry(principal: &Principal, entry: &Entry) -> Result<(), Denied> {
    match own_acts(principal)? {
        Some(name) if name != entry.act.who => Err(Denied::Hidden),
        _ => Ok(()),
    }
}

/// Whether the caller may see what became of an import: who began it, and who works on the collection and is cleared for what stands in it.
pub fn import(directory: &Directory, principal: &Principal, import: &Import) -> Result<(), Denied> {
    let working = by_id(directory, principal, import.collection)?.to_work();
    let own = principal.name() == Some(import.owner.as_str());
    if working.is_ok_and(|working| own || working.reading.clearance >= import.level) { Ok(()) } else { Err(Denied::Hidden) }
}

/// Whether the caller may read a status: who made the request, and administrators (T-122).
pub fn status(principal: &Principal, slug: &str, status: &StatusRecord) -> Result<(), Denied> {
    let own = matches!(principal, Principal::User { name, admin, .. } if *admin || *name == status.owner);
    if own && status.root == slug { Ok(()) } else { Err(Denied::Hidden) }
}

/// The leave to read a collection that a user would be given now; `None` if it would get none.
pub fn reading(directory: &Directory, user: &str, collection: &Collection, now: Stamp) -> Option<Reading> {
    let over = directory.partner_of(user).is_some_and(|partner| partner.is_over(now));
    let principal = Principal::of(directory.users.get(user).filter(|_| !over)?);
    seen(directory, &principal, collection)?.to_read().ok()
}

/// Leave to send what is new in a collection through a link; `None` if its collection or its partner is gone or over.
///
/// Nothing goes back to where it came from, and nothing above what the partner and the link are cleared for.
pub fn outgoing(directory: &Directory, link: &Link, now: Stamp) -> Option<Reading> {
    let (_, collection) = directory.collection(link.collection)?;
    let partner = match &link.partner {
        Some(name) => Some(directory.partners.get(name).filter(|partner| !partner.is_over(now))?),
        None => None,
    };
    let agrees = partner.is_none_or(|partner| partner.agrees(collection));
    let clearance = link.clearance.min(partner.map_or(Level::Red, |partner| partner.clearance)).min(collection.sharing.ceiling).max(Level::Clear);
    let rights = Rights { read: true, ..Rights::default() };
    let base = collection.view.as_ref().and_then(|view| directory.collection(view.of)).map(|(_, base)| base.sharing.ceiling);
    let seen = Seen { collection: collection.clone(), rights, principal: Principal::program(), clearance, base, origin: None, agrees };
    let reading = seen.to_read().ok()?;
    let not_from = partner.map(|partner| partner.id);
    let only = Only { not_from, ..reading.only.as_deref().cloned().unwrap_or_default() };
    Some(Reading { only: Some(Arc::new(only)), reader: None, ..reading })
}

/// Leave to store what a link takes in.
pub fn incoming(directory: &Directory, link: &Link, now: Stamp) -> Option<Writing> {
    let (_, collection) = directory.collection(link.collection)?;
    let partner = directory.partners.get(link.partner.as_ref()?).filter(|partner| !partner.is_over(now))?;
    Some(Writing { collection: collection.id, root: collection.root.clone(), writer: link.name.clone(), origin: Some(partner.id) })
}

/// Of which users the caller may know how far they have got: those of its partner, else itself.
pub fn own_consumers(directory: &Directory, principal: &Principal) -> Result<Vec<String>, Denied> {
    let name = principal.name().ok_or(Denied::Credentials)?;
    let own = |user: &&User| user.name == name || (user.partner.is_some() && user.partner.as_ref() == principal.partner(directory).map(|p| &p.name));
    Ok(directory.users.values().filter(own).map(|user| user.name.clone()).collect())
}

/// The leave to read a collection that anybody has who asks; `None` if it is not public.
pub fn reading_of_anybody(directory: &Directory, collection: &Collection) -> Option<Reading> {
    seen(directory, &Principal::Anonymous, collection)?.to_read().ok()
}

/// Whether the caller may see how the server does, which tells who polls what: administrators, and who calls `from_here`,
/// from an address that the operator has opened this to.
pub fn measure(principal: &Principal, from_here: bool) -> Result<(), Denied> {
    match principal {
        _ if from_here || principal.is_admin() => Ok(()),
        Principal::Anonymous => Err(Denied::Credentials),
        Principal::User { .. } => Err(Denied::Hidden),
    }
}

/// Whether the caller may operate the server.
pub fn operate(principal: &Principal) -> Result<(), Denied> {
    match principal {
        Principal::Anonymous => Err(Denied::Credentials),
        Principal::User { admin: true, .. } => Ok(()),
        Principal::User { .. } => Err(Denied::Forbidden("only administrators may do this")),
    }
}

fn seen(directory: &Directory, principal: &Principal, collection: &Collection) -> Option<Seen> {
    let rights = principal.rights(directory, collection);
    let partner = principal.partner(directory);
    (rights != Rights::default()).then(|| Seen {
        base: collection.view.as_ref().and_then(|view| directory.collection(view.of)).map(|(_, base)| base.sharing.ceiling),
        clearance: principal.clearance(directory, collection),
        origin: partner.map(|partner| partner.id),
        agrees: partner.is_none_or(|partner| partner.agrees(collection)),
        collection: collection.clone(),
        rights,
        principal: principal.clone(),
    })
}

impl Seen {
    /// Leave to read (T-130).
    pub fn to_read(&self) -> Result<Reading, Denied> {
        let own = self.rights.own && !self.rights.read;
        if !self.rights.read && !own {
            return Err(Denied::Forbidden("you may add to this collection, but not read it"));
        }
        self.check_terms()?;
        let reader = self.principal.name().map(str::to_owned);
        let shown = self.collection.id;
        let clearance = self.clearance;
        let whole = Reading { reader, ..Reading::whole(shown, clearance) };
        Ok(match (&self.collection.view, own) {
            (Some(view), _) => Reading {
                collection: view.of,
                clearance: clearance.min(self.base.unwrap_or(Level::Clear)),
                only: Some(Arc::new(view.only.clone())),
                types: Some(view.types.clone()).filter(|types| !types.is_empty()),
                max_age_days: view.max_age_days,
                ..whole
            },
            // Without a partner nobody has sent anything that could be told from the rest.
            (None, true) => {
                let from = Some(self.origin.unwrap_or(Uuid::nil()));
                Reading { only: Some(Arc::new(Only { from, ..Only::default() })), ..whole }
            }
            (None, false) => whole,
        })
    }

    /// Leave to look around in a collection, which is for who may read all of it.
    pub fn to_browse(&self) -> Result<Reading, Denied> {
        let partly = "only a part of this collection is shown to you, which can be read over TAXII and as lists";
        self.to_read().and_then(|reading| if reading.is_whole() { Ok(reading) } else { Err(Denied::Forbidden(partly)) })
    }

    /// The terms of the collection are agreed to, or there are none.
    fn check_terms(&self) -> Result<(), Denied> {
        if self.agrees {
            return Ok(());
        }
        Err(Denied::Forbidden("your organisation has not agreed to the terms of this collection: read them at /desk/terms/ and agree there"))
    }

    /// Leave to add (T-131).
    pub fn to_write(&self) -> Result<Writing, Denied> {
        match &self.principal {
            Principal::Anonymous => Err(Denied::Credentials),
            Principal::User { name, .. } if self.rights.write => {
                self.check_terms()?;
                let root = self.collection.root.clone();
                Ok(Writing { collection: self.collection.id, root, writer: name.clone(), origin: self.origin })
            }
            Principal::User { .. } => Err(Denied::Forbidden("you may read this collection, but not add to it")),
        }
    }

    /// Leave to work on what is there, which needs both rights.
    pub fn to_work(&self) -> Result<Working, Denied> {
        let reads = || if self.rights.read { self.to_read() } else { Err(Denied::Forbidden("")) };
        let both = self.to_write().and_then(|writing| Ok(Working { reading: reads()?, writing }));
        both.map_err(|denied| match denied {
            Denied::Forbidden(_) if self.agrees => Denied::Forbidden("this needs the rights to read and to write"),
            other => other,
        })
    }

    /// What this caller may be told of the write that a version came with: administrators and whoever did it everything, others who work on the
    /// collection who it was, when and why, and mere readers nothing.
    pub fn told(&self, entry: Entry) -> Option<Entry> {
        match &self.principal {
            Principal::User { admin: true, .. } => Some(entry),
            Principal::User { name, .. } if *name == entry.act.who => Some(entry),
            _ if self.to_work().is_ok() => {
                let act = Act { from: None, request: None, ..entry.act };
                Some(Entry { act, collection: entry.collection, stored: None, raised: Vec::new(), deleted: Vec::new(), changed: Vec::new() })
            }
            _ => None,
        }
    }

    /// Leave to delete, which needs both rights (T-162).
    pub fn to_delete(&self) -> Result<Reading, Denied> {
        self.to_work().map(|working| working.reading).map_err(|denied| match denied {
            Denied::Forbidden(_) => Denied::Forbidden("deleting needs the rights to read and to write"),
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::directory::Edit;

    fn collection(title: &str, public: bool) -> Collection {
        Collection {
            id: Uuid::new_v4(),
            root: "feeds".into(),
            alias: Some(title.to_lowercase()),
            title: title.into(),
            description: None,
            public,
            decay: false,
            curated: None,
            ..Collection::default()
        }
    }

    fn user(name: &str, admin: bool) -> User {
        User { name: name.into(), password: None, admin, clearance: Level::Green, partner: None, created: Stamp::ZERO }
    }

    /// Root `feeds` with a public and a private collection; `ann` may write to the private one, `bob` read it, `root` is administrator.
    fn directory() -> Directory {
        let mut directory = Directory::default();
        let (open, closed) = (collection("Open", true), collection("Closed", false));
        let (write, read) = (Rights { read: false, write: true, own: false }, Rights { read: true, write: false, own: false });
        let edits = [
            Edit::AddRoot(Root { slug: "feeds".into(), title: "Feeds".into(), description: None }),
            Edit::AddRoot(Root { slug: "empty".into(), title: "Empty".into(), description: None }),
            Edit::AddCollection(open),
            Edit::AddCollection(closed.clone()),
            Edit::AddUser(user("ann", false)),
            Edit::AddUser(user("bob", false)),
            Edit::AddUser(user("root", true)),
            Edit::Grant { user: "ann".into(), collection: closed.id, rights: write },
            Edit::Grant { user: "bob".into(), collection: closed.id, rights: read },
        ];
        for edit in edits {
            directory.apply(edit).unwrap();
        }
        directory
    }

    fn principal(name: &str) -> Principal {
        Principal::of(&directory().users[name])
    }

    #[test]
    fn what_a_caller_may_not_see_is_as_if_it_were_not_there() {
        let directory = directory();
        for name in ["closed", "nothing", "00000000-0000-4000-8000-000000000000"] {
            assert_eq!(super::collection(&directory, &Principal::Anonymous, "feeds", name).unwrap_err(), Denied::Hidden, "{name}");
        }
        assert_eq!(collections(&directory, &Principal::Anonymous, "feeds").unwrap().len(), 1);
        assert_eq!(collections(&directory, &principal("bob"), "feeds").unwrap().len(), 2);
        for slug in ["empty", "nothing"] {
            assert_eq!(root(&directory, &principal("bob"), slug).unwrap_err(), Denied::Hidden);
        }
        assert!(root(&directory, &principal("root"), "empty").is_ok());
    }

    #[test]
    fn t104_a_server_without_public_collections_asks_for_credentials() {
        let mut directory = directory();
        let open = directory.find_collection("feeds", "open").unwrap().clone();
        directory.apply(Edit::SetCollection(Collection { public: false, ..open })).unwrap();
        assert_eq!(knock(&directory, &Principal::Anonymous), Err(Denied::Credentials));
        assert_eq!(root(&directory, &Principal::Anonymous, "nothing").unwrap_err(), Denied::Credentials);
        assert!(knock(&directory, &principal("ann")).is_ok());
    }

    #[test]
    fn t130_t131_t162_rights() {
        let directory = directory();
        let seen = |who: &Principal, name: &str| super::collection(&directory, who, "feeds", name).unwrap();
        let (ann, bob, root) = (principal("ann"), principal("bob"), principal("root"));
        assert!(seen(&ann, "closed").to_write().is_ok());
        assert!(matches!(seen(&ann, "closed").to_read(), Err(Denied::Forbidden(_))));
        assert!(matches!(seen(&bob, "closed").to_write(), Err(Denied::Forbidden(_))));
        assert!(matches!(seen(&bob, "closed").to_delete(), Err(Denied::Forbidden(_))));
        assert!(matches!(seen(&ann, "closed").to_delete(), Err(Denied::Forbidden(_))));
        assert!(seen(&root, "closed").to_delete().is_ok());
        assert_eq!(seen(&Principal::Anonymous, "open").to_write().unwrap_err(), Denied::Credentials);
        assert_eq!(seen(&Principal::Anonymous, "open").to_delete().unwrap_err(), Denied::Credentials);
    }

    #[test]
    fn t101_the_default_root_is_that_of_the_oldest_collection() {
        let mut directory = directory();
        directory.apply(Edit::AddRoot(Root { slug: "alpha".into(), title: "Alpha".into(), description: None })).unwrap();
        directory.apply(Edit::AddCollection(Collection { root: "alpha".into(), ..collection("New", true) })).unwrap();
        assert_eq!(default_root(&directory, &Principal::Anonymous).map(|r| r.slug.as_str()), Some("feeds"));
        assert_eq!(default_root(&Directory::default(), &Principal::Anonymous), None);
    }

    #[test]
    fn who_polls_what_is_for_operators() {
        let (ann, root) = (principal("ann"), principal("root"));
        assert_eq!(measure(&Principal::Anonymous, false), Err(Denied::Credentials));
        assert_eq!(measure(&ann, false), Err(Denied::Hidden));
        assert!(measure(&root, false).is_ok() && measure(&Principal::Anonymous, true).is_ok() && measure(&ann, true).is_ok());
    }

    #[test]
    fn a_reader_is_followed_as_long_as_it_may_read() {
        let directory = directory();
        let closed = directory.find_collection("feeds", "closed").unwrap();
        assert_eq!(reading(&directory, "bob", closed, Stamp(1)).map(|r| (r.clearance, r.reader)), Some((Level::Green, Some("bob".into()))));
        assert!(reading(&directory, "ann", closed, Stamp(1)).is_none() && reading(&directory, "gone", closed, Stamp(1)).is_none());
    }

    #[test]
    fn clearance_is_the_principals_own() {
        let directory = directory();
        let level = |who: &Principal| super::collection(&directory, who, "feeds", "open").unwrap().to_read().unwrap().clearance;
        assert_eq!(level(&Principal::Anonymous), Level::Clear);
        assert_eq!(level(&principal("bob")), Level::Green);
        assert_eq!(level(&principal("root")), Level::Red);
    }
}
