//! A real server on a free port, in this process, with people and collections of every kind and a clock that the test sets.
//!
//! | collection | anonymous | reader | writer | dropbox | nobody |
//! | --- | --- | --- | --- | --- | --- |
//! | `feeds/public` | read | read | read, write | read | read |
//! | `feeds/private` | - | read | read, write | write | - |
//! | `feeds/inbox` | - | - | write | - | - |
//! | `feeds/outbox` | - | - | read | - | - |
//! | `feeds/secret` | - | - | - | - | - |
//! | `partners/private` | - | - | read, write | - | - |
//!
//! The administrator may everything, and alone sees the root `empty`. The reader is cleared for TLP:GREEN, the writer for TLP:AMBER.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use taxiway::auth::{Authenticator, token};
use taxiway::cli::doors;
use taxiway::door::connection::Gate;
use taxiway::door::{self, App, limits, serve};
use taxiway::feed::clock::Clock;
use taxiway::feed::guard::Guard;
use taxiway::feed::{self, Feed};
use taxiway::operation::{self, Operation};
use taxiway::stix::marking::Level;
use taxiway::store::Store;
use taxiway::store::directory::{Collection, Edit, Rights, Root, Token, User};
use taxiway::store::memory::MemoryStore;
use taxiway::store::postgres::{Options, PostgresStore};
use taxiway::store::sled::{self, SledStore};

use taxiway::taxii::stamp::Stamp;
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::client::{self, Client};
use super::postgres;
use super::raw::Raw;

/// The collection that most tests use.
pub(crate) const PRIVATE: &str = "/feeds/collections/private/";
pub(crate) const OBJECTS: &str = "/feeds/collections/private/objects/";
pub(crate) const MANIFEST: &str = "/feeds/collections/private/manifest/";
pub(crate) const PUBLIC_OBJECTS: &str = "/feeds/collections/public/objects/";

/// The longest body that the server takes.
pub(crate) const MAX_CONTENT_LENGTH: u64 = 200_000;
/// The longest document of an analyst's that the server takes.
pub(crate) const DOCUMENT_OCTETS: u64 = 400_000;
/// Objects on a page when the client does not say.
pub(crate) const PAGE_DEFAULT: usize = 20;
/// The most objects on a page.
pub(crate) const PAGE_MAX: usize = 50;
/// The most octets of objects on a page.
pub(crate) const PAGE_OCTETS: usize = 100_000;
/// The most objects that the server takes in an envelope.
pub(crate) const ENVELOPE_OBJECTS: usize = 400;
/// How deep an object may be nested.
pub(crate) const JSON_DEPTH: usize = 40;
/// 2024-05-01T12:00:00Z: where the clock stands at the start.
pub(crate) const START: u64 = 1_714_564_800_000_000;
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse: battery staple";
/// Its hash at the least cost, because every test starts a server.
const PASSWORD_HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$TKJyVddAncgFhPdU2fGxQQ$COhT3+TeqHQyxYqX9TI7PKoJk0keiDqPQ6Y05C3KXDg";

const NONE: Rights = Rights { read: false, write: false, own: false };
const READ: Rights = Rights { read: true, write: false, own: false };
const WRITE: Rights = Rights { read: false, write: true, own: false };
const BOTH: Rights = Rights { read: true, write: true, own: false };

/// Root, alias, whether it is public, and the rights of reader, writer and dropbox.
const COLLECTIONS: [(&str, &str, bool, [Rights; 3]); 6] = [
    ("feeds", "public", true, [NONE, BOTH, NONE]),
    ("feeds", "private", false, [READ, BOTH, WRITE]),
    ("feeds", "inbox", false, [NONE, WRITE, NONE]),
    ("feeds", "outbox", false, [NONE, READ, NONE]),
    ("feeds", "secret", false, [NONE, NONE, NONE]),
    ("partners", "private", false, [NONE, BOTH, NONE]),
];

/// Where the objects are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Memory,
    Sled,
    /// In a database of its own on the PostgreSQL that `TAXIWAY_POSTGRES` names; in memory where that names none.
    Postgres,
}

/// All, for the tests whose outcome hangs on the store.
pub(crate) const EVERY_STORE: [Backend; 3] = [Backend::Memory, Backend::Sled, Backend::Postgres];

/// A clock that stands still but for a millisecond at each look, and jumps when it is told to.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        Stamp(self.0.fetch_add(1000, Ordering::SeqCst))
    }
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) feed: Arc<Feed>,
    http: reqwest::Client,
    _stop: oneshot::Sender<()>,
    _directory: TempDir,
}

impl Server {
    /// A server over the store that `TAXIWAY_TEST_STORE` names, by default in memory.
    pub(crate) async fn start() -> Self {
        let backend = match std::env::var("TAXIWAY_TEST_STORE").as_deref() {
            Ok("sled") => Backend::Sled,
            Ok("postgres") => Backend::Postgres,
            Ok("memory") | Err(_) => Backend::Memory,
            Ok(other) => panic!("TAXIWAY_TEST_STORE is memory, sled or postgres, not {other}"),
        };
        Self::on(backend).await
    }

    pub(crate) async fn on(backend: Backend) -> Self {
        Self::with(backend, |_| {}).await
    }

    /// A server with other options of the doors.
    pub(crate) async fn with(backend: Backend, change: impl FnOnce(&mut door::Options)) -> Self {
        Self::set_up(backend, Guard::default(), change).await
    }

    /// A server that holds what is posted against warning lists.
    pub(crate) async fn guarded(backend: Backend, guard: Guard) -> Self {
        Self::set_up(backend, guard, |_| {}).await
    }

    async fn set_up(backend: Backend, guard: Guard, change: impl FnOnce(&mut door::Options)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = match backend {
            Backend::Memory => Arc::new(MemoryStore::default()),
            Backend::Postgres => match postgres::server() {
                Some(server) => Arc::new(PostgresStore::open(&postgres::database(&server).await, &Options::default()).await.unwrap()),
                None => Arc::new(MemoryStore::default()),
            },
            Backend::Sled => Arc::new(SledStore::open(directory.path(), sled::Options { cache: 16 << 20, segments: 64 << 10, reserve: 0 }).unwrap()),
        };
        let clock = Arc::new(TestClock(AtomicU64::new(START)));
        let options = feed::Options {
            page_default: PAGE_DEFAULT,
            page_max: PAGE_MAX,
            page_octets: PAGE_OCTETS,
            status_hours: 48,
            envelope_objects: ENVELOPE_OBJECTS,
            json_depth: JSON_DEPTH,
            catalog_octets: 16 << 20,
        };
        let feed = Arc::new(Feed::open(store, clock.clone(), options).await.unwrap().guarded(guard));
        feed.edit(edits(), None).await.unwrap();
        let auth = Arc::new(Authenticator::new(feed.clone()).unwrap());
        let mut options = options_of_the_doors();
        change(&mut options);
        let app = Arc::new(App::new(feed.clone(), auth, options));
        let (router, paths) = (doors::router(&app), doors::paths());
        let options = operation::Options { metrics_from: Vec::new(), log_requests: false };
        let operation = Operation::new(app.clone(), paths, options).unwrap();
        operation.stage().set_loaded();
        let router = operation.around(router);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Gate::new(listener, &app.options.limits).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let following = feed.clone();
        tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            tokio::select! {
                () = following.follow_elsewhere() => unreachable!("it follows for ever"),
                served = serve::serve(router, gate, None, &app.options.limits, stop) => served,
            }
        });
        Self { address, clock, feed, http: client::http(), _stop: stop, _directory: directory }
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.http.clone(), self.address)
    }

    /// A client of the user called `name`, with its password.
    pub(crate) fn user(&self, name: &str) -> Client {
        self.anonymous().basic(name, PASSWORD)
    }

    pub(crate) fn admin(&self) -> Client {
        self.user("admin")
    }

    pub(crate) fn reader(&self) -> Client {
        self.user("reader")
    }

    pub(crate) fn writer(&self) -> Client {
        self.user("writer")
    }

    pub(crate) async fn raw(&self) -> Raw {
        Raw::connect(self.address).await
    }

    /// The id of a collection.
    pub(crate) fn id_of(&self, root: &str, alias: &str) -> Uuid {
        self.feed.directory().find_collection(root, alias).unwrap().id
    }

    /// A fresh token of the user called `name`.
    pub(crate) async fn token(&self, name: &str, expires: Option<Stamp>) -> String {
        let secret = token::generate().unwrap();
        let token = Token {
            sha256: token::digest(&secret).unwrap(),
            user: name.into(),
            label: "test".into(),
            created: Stamp(START),
            expires,
            last_used: None,
            list: None,
        };
        self.feed.edit(vec![Edit::AddToken(token)], None).await.unwrap();
        secret
    }

    /// Takes the public collection's publicity away, so that the server has nothing for who does not say who it is.
    pub(crate) async fn close(&self) {
        let public = self.feed.directory().find_collection("feeds", "public").unwrap().clone();
        self.feed.edit(vec![Edit::SetCollection(Collection { public: false, ..public })], None).await.unwrap();
    }
}

pub(crate) fn options_of_the_doors() -> door::Options {
    door::Options {
        title: "Taxiway under test".into(),
        description: Some("a server for tests".into()),
        contact: Some("tests@example.org".into()),
        public_url: None,
        tls: false,
        trusted_proxies: Vec::new(),
        key_headers: vec!["x-api-key".into()],
        max_content_length: MAX_CONTENT_LENGTH,
        console_idle_minutes: 30,
        document_octets: DOCUMENT_OCTETS,
        compressed_octets: 1 << 20,
        lists_octets: 1 << 24,
        lists_guarded: true,
        limits: limits::Options {
            connections: 100,
            header_seconds: 30,
            body_idle_seconds: 30,
            answer_idle_seconds: 30,
            least_pace: 1000,
            requests_per_minute: 0,
            objects_per_minute: 0,
            body_memory: 10 * MAX_CONTENT_LENGTH,
        },
    }
}

fn edits() -> Vec<Edit> {
    let roots = ["feeds", "partners", "empty"];
    let users = [("admin", Level::Unmarked), ("reader", Level::Green), ("writer", Level::Amber), ("dropbox", Level::Clear), ("nobody", Level::Red)];
    let mut edits: Vec<Edit> = roots.map(|slug| Edit::AddRoot(root(slug))).into();
    edits.extend(users.map(|(name, clearance)| Edit::AddUser(user(name, clearance))));
    for (root, alias, public, rights) in COLLECTIONS {
        let collection = collection(root, alias, public);
        let id = collection.id;
        edits.push(Edit::AddCollection(collection));
        let of = ["reader", "writer", "dropbox"].into_iter().zip(rights);
        edits.extend(of.map(|(user, rights)| Edit::Grant { user: user.into(), collection: id, rights }));
    }
    edits
}

fn root(slug: &str) -> Root {
    Root { slug: slug.into(), title: format!("Root {slug}"), description: Some("a root for tests".into()) }
}

fn user(name: &str, clearance: Level) -> User {
    User { name: name.into(), password: Some(PASSWORD_HASH.into()), admin: name == "admin", clearance, partner: None, created: Stamp(START) }
}

fn collection(root: &str, alias: &str, public: bool) -> Collection {
    Collection {
        id: Uuid::new_v4(),
        root: root.into(),
        alias: Some(alias.into()),
        title: format!("The {alias} collection"),
        description: None,
        public,
        decay: false,
        curated: None,
        ..Collection::default()
    }
}
