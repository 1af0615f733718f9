//! What being watched costs a request: an empty poll at the router, bare and under the eye; without credentials, and by a user, which also
//! counts as a consumer.

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each target uses what it needs")]
mod support;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use divan::Bencher;
use taxiway::auth::{Authenticator, token};
use taxiway::door::{self, App};
use taxiway::feed::Feed;
use taxiway::feed::clock::SystemClock;
use taxiway::http;
use taxiway::operation::{self, Operation};
use taxiway::stix::marking::Level;
use taxiway::store::directory::{Collection, Edit, Root, Token, User};
use taxiway::store::memory::MemoryStore;
use taxiway::taxii::stamp::Stamp;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use uuid::Uuid;

use support::stores::options;

const POLL: &str = "/feeds/collections/open/objects/?added_after=2030-01-01T00:00:00Z";

fn main() {
    divan::main();
}

/// A feed with an open collection and a user.
async fn app(secret: &str) -> Arc<App> {
    let feed = Arc::new(Feed::open(Arc::new(MemoryStore::default()), Arc::new(SystemClock), options()).await.expect("an empty store"));
    let name = "siem".to_owned();
    let collection = Collection {
        id: Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001),
        root: "feeds".into(),
        alias: Some("open".into()),
        title: "Open".into(),
        description: None,
        public: true,
        decay: false,
        curated: None,
        ..Collection::default()
    };
    let sha256 = token::digest(secret).expect("a secret of ours");
    let token = Token { sha256, user: name.clone(), label: "bench".into(), created: Stamp::ZERO, expires: None, last_used: None, list: None };
    let edits = vec![
        Edit::AddRoot(Root { slug: "feeds".into(), title: "Feeds".into(), description: None }),
        Edit::AddCollection(collection),
        Edit::AddUser(User { name, password: None, admin: false, clearance: Level::Green, partner: None, created: Stamp::ZERO }),
        Edit::AddToken(token),
    ];
    feed.edit(edits, None).await.expect("an empty store");
    let auth = Arc::new(Authenticator::new(feed.clone()).expect("random numbers"));
    let options = door::Options {
        title: "Bench".into(),
        description: None,
        contact: None,
        public_url: None,
        tls: false,
        trusted_proxies: Vec::new(),
        key_headers: Vec::new(),
        max_content_length: 1 << 20,
        document_octets: 1 << 20,
        limits: door::limits::Options {
            connections: 1,
            header_seconds: 30,
            body_idle_seconds: 30,
            answer_idle_seconds: 30,
            least_pace: 1,
            requests_per_minute: 0,
            objects_per_minute: 0,
            body_memory: 0,
        },
        console_idle_minutes: 30,
        compressed_octets: 0,
        lists_octets: 1 << 24,
        lists_guarded: true,
    };
    Arc::new(App::new(feed, auth, options))
}

fn poll(bencher: Bencher<'_, '_>, credentials: bool, around: fn(Arc<App>, Router) -> Router) {
    let runtime: Runtime = Builder::new_current_thread().build().expect("a runtime");
    let secret = token::generate().expect("random numbers");
    let app = runtime.block_on(app(&secret));
    let router = around(app.clone(), http::router(app));
    let bearer = format!("Bearer {secret}");
    let request = || {
        let request = Request::get(POLL);
        let request = if credentials { request.header("authorization", &bearer) } else { request };
        (router.clone(), request.body(Body::empty()).expect("a request"))
    };
    bencher.with_inputs(request).bench_values(|(router, request)| {
        let status = runtime.block_on(router.oneshot(request)).map(|response| response.status());
        assert!(status.is_ok_and(|status| status == 200));
    });
}

fn watched(app: Arc<App>, doors: Router) -> Router {
    let options = operation::Options { metrics_from: Vec::new(), log_requests: false };
    let paths = http::table().into_iter().map(|(path, _)| path);
    let operation = Operation::new(app, paths, options).expect("random numbers");
    operation.stage().set_loaded();
    operation.around(doors)
}

#[divan::bench(args = [false, true])]
fn bare(bencher: Bencher<'_, '_>, credentials: bool) {
    poll(bencher, credentials, |_, doors| doors);
}

#[divan::bench(args = [false, true])]
fn under_the_eye(bencher: Bencher<'_, '_>, credentials: bool) {
    poll(bencher, credentials, watched);
}
