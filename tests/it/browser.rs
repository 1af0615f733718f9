//! The console in a real browser: `tests/browser/`, with the packages that `./check` installs. Screenshots stay in `target/browser/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use taxiway::feed::curated::{self, files::Files};

use taxiway::stix::marking::Level;
use taxiway::store::directory::{Edit, Link, LinkCredential, LinkKind, Partner};
use taxiway::taxii::stamp::Stamp;
use uuid::Uuid;

use crate::support::server::{PASSWORD, Server};

/// Where a browser is, unless `TAXIWAY_CHROMIUM` says otherwise.
const CHROMIUM: [&str; 2] = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

/// The browser, if there is one.
fn chromium() -> Option<PathBuf> {
    let told = std::env::var_os("TAXIWAY_CHROMIUM").map(PathBuf::from);
    told.or_else(|| CHROMIUM.iter().map(PathBuf::from).find(|path| path.exists()))
}

/// A partner and a link that rests, so that there is something to look at.
async fn share(server: &Server) {
    let (name, collection) = ("acme", server.id_of("feeds", "private"));
    let partner = Partner {
        name: name.into(),
        id: Uuid::new_v4(),
        title: "Acme Corporation".into(),
        clearance: Level::Green,
        named: true,
        expires: None,
        requests_per_minute: None,
        accepted: BTreeMap::new(),
        created: Stamp(1),
    };
    let link = Link {
        id: Uuid::new_v4(),
        name: "to-acme".into(),
        kind: LinkKind::Push,
        collection,
        partner: Some(name.into()),
        url: format!("https://taxii.acme.example/a-root/collections/{collection}/"),
        credential: LinkCredential::None,
        clearance: Level::Green,
        every: 60,
        paused: true,
        created: Stamp(1),
    };
    server.feed.edit(vec![Edit::AddPartner(partner), Edit::AddLink(link)], None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analysts_day() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let (Some(chromium), true) = (chromium(), folder.join("node_modules").is_dir()) else {
        assert!(std::env::var_os("CI").is_none(), "this needs chromium, and the packages of tests/browser");
        println!("passed over: there is no chromium, or tests/browser has no node_modules");
        return;
    };
    let server = Server::start().await;
    // The curated feed is of later than the clock of these tests.
    server.clock.advance(3 * 365 * 86_400);
    share(&server).await;
    server.feed.load_curated(&curated::read(&Files::embedded()).unwrap()).await.unwrap();
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser");
    let mut command = Command::new("node");
    command.arg(folder.join("console.mjs")).arg(format!("http://{}", server.address)).args(["admin", PASSWORD]).arg(pictures);
    command.env("TAXIWAY_CHROMIUM", chromium);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
