//! The console at work: `/console/add/`, `imports/`, `audit/`, `collections/`, `users/`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use taxiway::feed::guard::{Guard, Options, Posting};
use taxiway::stix::marking::Level;
use taxiway::taxii::stamp::Stamp;

use crate::support::client;
use crate::support::console::{Browser, FORGED, NASTY, Page, SCRIPT_URL, Token};
use crate::support::server::{Backend, EVERY_STORE, OBJECTS, Server};

const INDICATORS: &str = "/feeds/collections/private/objects/?limit=50&match[type]=indicator";
const CSV: &[u8] = b"value,confidence\nevil[.]attacker[.]com,80\n45.77.12[.]9,90\nno indicator at all,1\n";

/// A report with fifty values, defanged in several ways, and the patterns that they mean.
fn report() -> (String, BTreeSet<String>) {
    let (mut lines, mut patterns) = (vec!["What we saw, and where:".to_owned()], BTreeSet::new());
    for number in 1..=15 {
        lines.push(format!("it called 45.77.12[.]{number} and c{number}[.]attacker[dot]com,"));
        lines.push(format!("loaded hxxps://load{number}[.]attacker[.]com/x/{number}.php"));
        patterns.insert(format!("[ipv4-addr:value = '45.77.12.{number}']"));
        patterns.insert(format!("[domain-name:value = 'c{number}.attacker.com']"));
        patterns.insert(format!("[url:value = 'https://load{number}.attacker.com/x/{number}.php']"));
    }
    for number in 0..5 {
        let hash = hex::encode(Sha256::digest(number.to_string()));
        lines.push(format!("and wrote {hash}"));
        patterns.insert(format!("[file:hashes.'SHA-256' = '{hash}']"));
    }
    assert_eq!(patterns.len(), 50);
    (lines.join("\n"), patterns)
}

/// Makes a draft of a text; returns its path.
async fn draft(browser: &Browser, text: &str) -> String {
    browser.post("/console/add/", &[("text", text)]).await.expect(303).location().to_owned()
}

/// Chooses the first `count` values of a draft.
async fn choose(browser: &Browser, draft: &str, count: usize) -> Page {
    let numbers: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    let fields: Vec<_> = numbers.iter().map(|number| ("chosen", number.as_str())).collect();
    browser.post(draft, &fields).await.expect(303)
}

async fn publish(browser: &Browser, draft: &str, fields: &[(&str, &str)]) -> Page {
    let usual = [("collection", "feeds/private"), ("tlp", "green")];
    let usual = usual.into_iter().filter(|(name, _)| !fields.iter().any(|(its, _)| its == name));
    browser.post(format!("{draft}publish/"), &usual.chain(fields.iter().copied()).collect::<Vec<_>>()).await
}

/// Publishes one value as `fields` say.
async fn add(browser: &Browser, text: &str, fields: &[(&str, &str)]) {
    let draft = draft(browser, text).await;
    choose(browser, &draft, 1).await;
    publish(browser, &draft, fields).await.expect(200).expect_says("1 published");
}

/// Uploads a file and waits until it is through; returns the path of the import.
async fn import(browser: &Browser, fields: &[(&str, &str)], file: (&str, &[u8])) -> String {
    let usual = [("collection", "feeds/private"), ("tlp", "green")];
    let fields: Vec<_> = usual.into_iter().chain(fields.iter().copied()).collect();
    let path = browser.upload("/console/imports/", &fields, file, Token::Right).await.expect(303).location().to_owned();
    while !progress(browser, &path).await["ended"].as_bool().unwrap() {
        tokio::task::yield_now().await;
    }
    path
}

async fn progress(browser: &Browser, path: &str) -> Value {
    let page = browser.get(format!("{path}progress/")).await.expect(200);
    serde_json::from_slice(&page.body).unwrap()
}

async fn patterns(server: &Server) -> BTreeSet<String> {
    let objects = server.reader().get(INDICATORS).await.expect(200).objects();
    objects.iter().map(|object| object["pattern"].as_str().unwrap().to_owned()).collect()
}

/// Everything that a form could change.
async fn everything(server: &Server) -> Value {
    let mut drafts = Vec::new();
    for user in ["admin", "writer", "reader"] {
        drafts.push(json!([server.feed.drafts(user).await.unwrap(), server.feed.pad(user).await.unwrap()]));
    }
    let imports = server.feed.all_imports().await.unwrap();
    let audit = server.feed.audit_onward(Stamp::ZERO, 10_000).await.unwrap();
    let audit: Vec<_> = audit.into_iter().filter(|entry| entry.stored.is_some() || !entry.changed.is_empty()).collect();
    json!([&*server.feed.directory(), drafts, imports, audit])
}

#[tokio::test]
async fn a_defanged_report_becomes_indicators_that_consumers_see() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let browser = Browser::of(&server, "writer").await;
        let (text, wanted) = report();
        let path = draft(&browser, &text).await;
        let review = browser.get(&path).await.expect(200);
        assert_eq!(review.text().matches("name=\"chosen\"").count(), 50, "{review}");
        assert_eq!(review.text().matches(" checked").count(), 50, "nothing speaks against any of them");
        for said in ["45.77.12[.]3", "SHA-256", "line 2<", "What we saw, and where:", "nothing in it looks like an indicator"] {
            review.expect_says(said);
        }
        let chosen = choose(&browser, &path, 50).await;
        assert_eq!(chosen.location(), format!("{path}defaults/"));
        browser.follow(&chosen).await.expect(200).expect_says("Publish 50 indicators");
        assert!(patterns(&server).await.is_empty(), "something is stored before the last step");
        let fields = [
            ("confidence", "80"),
            ("days", "30"),
            ("labels", "exchange, web shell"),
            ("types", "malicious-activity"),
            ("types", "compromised"),
            ("phases", "initial-access"),
            ("reference", "https://www.example.org/report"),
            ("description", "Seen in March."),
        ];
        publish(&browser, &path, &fields).await.expect(200).expect_says("50 published");
        assert_eq!(patterns(&server).await, wanted);
        let one = &server.reader().get(INDICATORS).await.objects()[0];
        assert_eq!((&one["confidence"], &one["labels"]), (&json!(80), &json!(["exchange", "web shell"])));
        assert_eq!(one["indicator_types"], json!(["malicious-activity", "compromised"]));
        assert_eq!(one["kill_chain_phases"], json!([{"kill_chain_name": "mitre-attack", "phase_name": "initial-access"}]));
        assert_eq!(one["external_references"], json!([{"source_name": "www.example.org", "url": "https://www.example.org/report"}]));
        assert_eq!(one["description"], "Seen in March.");
        browser.get(&path).await.expect(404);
        browser.get("/console/add/").await.expect(200).expect_lacks("What we saw");
    }
}

#[tokio::test]
async fn a_draft_survives_a_reload_and_is_nobody_elses() {
    let server = Server::start().await;
    let (writer, admin) = (Browser::of(&server, "writer").await, Browser::of(&server, "admin").await);
    let saved = client::http()
        .post(format!("http://{}/console/add/text/", server.address))
        .header("cookie", format!("taxiway_session={}", writer.cookie("taxiway_session").unwrap()))
        .header("x-csrf-token", writer.csrf())
        .header("content-type", "text/plain; charset=utf-8")
        .body("a+b=%41 evil[.]attacker[.]com\n");
    assert_eq!(saved.send().await.unwrap().status(), 204);
    writer.get("/console/add/").await.expect(200).expect_says("a+b=%41 evil[.]attacker[.]com");
    admin.get("/console/add/").await.expect(200).expect_lacks("attacker");

    let path = draft(&writer, "evil[.]attacker[.]com and\n45.77.12[.]9").await;
    let edited = "[domain-name:value = 'evil.attacker.com' OR domain-name:value = 'bad.attacker.com']";
    writer.post(&path, &[("chosen", "0"), ("pattern-0", edited)]).await.expect(303);
    let review = writer.get(&path).await.expect(200);
    assert_eq!(review.text().matches(" checked").count(), 1, "{review}");
    review.expect_says("bad.attacker.com");
    assert_eq!(draft(&writer, "evil[.]attacker[.]com and\r\n45.77.12[.]9").await, path, "the same text again is the same draft");

    for (target, method) in [("", false), ("", true), ("defaults/", false), ("publish/", true), ("discard/", true)] {
        let target = format!("{path}{target}");
        let page = if method { admin.post(&target, &[("collection", "feeds/private"), ("tlp", "green")]).await } else { admin.get(&target).await };
        page.expect(404);
    }
    let wrong = writer.post(&path, &[("chosen", "0"), ("pattern-0", "[nonsense")]).await;
    assert_eq!(wrong.location(), path);
    writer.follow(&wrong).await.expect_says("No STIX pattern");
    writer.post(&path, &[("chosen", "0"), ("pattern-0", edited)]).await.expect(303);
    publish(&writer, &path, &[]).await.expect(200).expect_says("1 published");
    assert_eq!(patterns(&server).await, [edited.to_owned()].into());

    let path = draft(&writer, "second[.]attacker[.]com").await;
    writer.post(format!("{path}discard/"), &[]).await.expect(303);
    writer.get(&path).await.expect(404);
}

#[tokio::test]
async fn what_cannot_be_said_of_an_indicator_is_told_and_the_draft_stays() {
    let server = Server::start().await;
    let browser = Browser::of(&server, "writer").await;
    let path = draft(&browser, "evil[.]attacker[.]com").await;
    choose(&browser, &path, 1).await;
    for (field, value, told) in [
        ("confidence", "101", "from 0 to 100"),
        ("confidence", "x", "from 0 to 100"),
        ("days", "0", "1 to 36500 days"),
        ("tlp", "red", "up to TLP:AMBER"),
        ("related", "x", "is no id"),
    ] {
        let page = publish(&browser, &path, &[(field, value)]).await.expect(303);
        browser.follow(&page).await.expect(200).expect_says(told);
    }
    publish(&browser, &path, &[("collection", "feeds/outbox")]).await.expect(403);
    publish(&browser, &path, &[("collection", "feeds/secret")]).await.expect(404);
    let none = browser.post(&path, &[]).await;
    browser.follow(&none).await.expect_says("Nothing is chosen.");
    for (text, told) in [("", "neither a text nor a file"), (" \n", "neither a text nor a file")] {
        let page = browser.post("/console/add/", &[("text", text)]).await;
        browser.follow(&page).await.expect_says(told);
    }
    let page = browser.upload("/console/add/", &[], ("a.zip", b"PK\x03\x04...."), Token::Right).await;
    browser.follow(&page).await.expect_says("a ZIP archive");
    assert!(patterns(&server).await.is_empty());
}

#[tokio::test]
async fn a_file_is_reviewed_like_a_text() {
    let server = Server::start().await;
    let browser = Browser::of(&server, "writer").await;
    let table = b"type,value\nmutex,Global\\evil\ndomain,evil[.]attacker[.]com\n";
    let path = browser.upload("/console/add/", &[], ("list.csv", table), Token::Right).await.expect(303).location().to_owned();
    let review = browser.get(&path).await.expect(200);
    review.expect_says("mutex");
    assert_eq!(review.text().matches("name=\"chosen\"").count(), 2, "{review}");
    browser.get("/console/add/").await.expect_says("list.csv");
}

#[tokio::test]
async fn a_warning_list_blocks_until_somebody_accepts_it() {
    let guard = Guard::open(&Options { defaults: true, posting: Posting::Off, ..Options::default() }).unwrap();
    let server = Server::guarded(Backend::Memory, guard).await;
    let browser = Browser::of(&server, "writer").await;
    let path = draft(&browser, "192.168.7[.]4").await;
    let review = browser.get(&path).await.expect(200);
    review.expect_says("Special-purpose networks");
    assert_eq!(review.text().matches(" checked").count(), 0, "it is suggested all the same: {review}");
    let chosen = choose(&browser, &path, 1).await;
    browser.follow(&chosen).await.expect_says("on the warning list");
    let done = publish(&browser, &path, &[]).await.expect(200);
    done.expect_says("0 published");
    done.expect_says("on the warning list");
    assert!(patterns(&server).await.is_empty());
    publish(&browser, &path, &[("accept_warnings", "1")]).await.expect(200).expect_says("1 published");
    assert_eq!(patterns(&server).await.len(), 1);
}

#[tokio::test]
async fn what_is_known_already_is_told_and_gets_no_twin() {
    let server = Server::start().await;
    let browser = Browser::of(&server, "writer").await;
    add(&browser, "evil[.]attacker[.]com", &[("labels", "a")]).await;
    let id = server.reader().get(INDICATORS).await.ids()[0].clone();
    let path = draft(&browser, "again evil.attacker[.]com").await;
    let review = browser.get(&path).await.expect(200);
    review.expect_says(&format!("/console/objects/feeds/private/{id}/"));
    review.expect_says("The private collection");
    choose(&browser, &path, 1).await;
    let done = publish(&browser, &path, &[("labels", "a")]).await.expect(200);
    done.expect_says("0 published");
    done.expect_says("known already");
    add(&browser, "once more evil.attacker[.]com", &[("labels", "b")]).await;
    let objects = server.reader().get(INDICATORS).await.objects();
    assert_eq!((objects.len(), &objects[0]["id"], &objects[0]["labels"]), (1, &json!(id), &json!(["a", "b"])));
}

#[tokio::test]
async fn a_file_is_imported_line_by_line_and_taken_back() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let browser = Browser::of(&server, "writer").await;
        let dry = import(&browser, &[("dry", "1")], ("try.csv", CSV)).await;
        browser.get(&dry).await.expect(200).expect_says("only tried");
        assert!(patterns(&server).await.is_empty());

        let path = import(&browser, &[("labels", "imported"), ("confidence", "10")], ("list.csv", CSV)).await;
        let told = progress(&browser, &path).await;
        assert_eq!((&told["total"], &told["added"], &told["refused"]), (&json!(3), &json!(2), &json!(1)), "{told}");
        assert_eq!(patterns(&server).await.len(), 2);
        let page = browser.get(&path).await.expect(200);
        for said in ["evil[.]attacker[.]com", "no indicator at all", "is no indicator of a kind", "Undo the import"] {
            page.expect_says(said);
        }
        let refused = browser.get(format!("{path}?outcome=refused")).await.expect(200);
        refused.expect_says("no indicator at all");
        refused.expect_lacks("evil[.]attacker[.]com");
        browser.get("/console/imports/").await.expect(200).expect_says("list.csv");
        Browser::of(&server, "reader").await.get(&path).await.expect(404);

        let undone = browser.post(format!("{path}undo/"), &[]).await.expect(303);
        browser.follow(&undone).await.expect(200).expect_says("2 revoked");
        let objects = server.reader().get(INDICATORS).await.objects();
        assert!(objects.len() == 2 && objects.iter().all(|object| object["revoked"] == true), "{objects:?}");
        browser.get(&path).await.expect_lacks("Undo the import");
    }
}

#[tokio::test]
async fn a_file_that_is_not_what_it_is_said_to_be_is_not_imported() {
    let server = Server::start().await;
    let browser = Browser::of(&server, "writer").await;
    for (fields, file, told) in [
        (vec![("format", "stix")], CSV, "is not STIX"),
        (vec![("format", "misp")], CSV, "is not an event of MISP"),
        (vec![], b"nothing in here".as_slice(), "there is no indicator"),
        (vec![("days", "x")], CSV, "a number of days"),
        (vec![], b"".as_slice(), "neither a file nor a text"),
    ] {
        let fields: Vec<_> = [("collection", "feeds/private"), ("tlp", "green")].into_iter().chain(fields).collect();
        let page = browser.upload("/console/imports/", &fields, ("list.csv", file), Token::Right).await.expect(303);
        browser.follow(&page).await.expect(200).expect_says(told);
    }
    assert!(server.feed.all_imports().await.unwrap().is_empty());
}

/// Every form of these pages, filled in so that it would do something.
fn forms(draft: &str, import: &str, token: &str) -> Vec<(String, Vec<(&'static str, String)>)> {
    let form =
        |path: &str, fields: &[(&'static str, &str)]| (path.to_owned(), fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect());
    vec![
        form("/console/add/text/", &[("text", "typed")]),
        form("/console/add/", &[("text", "other[.]attacker[.]com")]),
        form(draft, &[("chosen", "0")]),
        form(&format!("{draft}publish/"), &[("collection", "feeds/private"), ("tlp", "green")]),
        form(&format!("{draft}discard/"), &[]),
        form("/console/imports/", &[("collection", "feeds/private"), ("tlp", "green"), ("text", "other[.]attacker[.]com")]),
        form(&format!("{import}undo/"), &[]),
        form("/console/collections/", &[("root", "feeds"), ("alias", "new"), ("title", "New")]),
        form("/console/collections/feeds/private/settings/", &[("title", "Other"), ("public", "1"), ("decay", "1")]),
        form("/console/collections/feeds/private/grants/", &[("user", "nobody"), ("read", "1")]),
        form("/console/collections/feeds/private/remove/", &[("alias", "private")]),
        form("/console/users/", &[("name", "new"), ("password", "a long password"), ("clearance", "red"), ("admin", "1")]),
        form("/console/users/writer/clearance/", &[("clearance", "red")]),
        form("/console/users/writer/password/", &[("password", "another password")]),
        form("/console/users/writer/tokens/", &[("label", "mine"), ("days", "1")]),
        form("/console/users/writer/tokens/remove/", &[("token", token)]),
        form("/console/users/writer/grants/", &[("collection", "feeds/secret"), ("read", "1")]),
        form("/console/users/writer/remove/", &[]),
    ]
}

/// A draft of the administrator, an import and a token of `writer`.
async fn furnish(server: &Server, browser: &Browser) -> (String, String, String) {
    let path = draft(browser, "evil[.]attacker[.]com").await;
    let import = import(browser, &[], ("list.csv", CSV)).await;
    let secret = server.token("writer", None).await;
    (path, import, taxiway::auth::token::digest(&secret).unwrap()[..12].to_owned())
}

#[tokio::test]
async fn a_form_that_is_not_of_the_session_does_nothing() {
    let server = Server::start().await;
    let admin = Browser::of(&server, "admin").await;
    let (draft, import, token) = furnish(&server, &admin).await;
    let forms = forms(&draft, &import, &token);
    let posted: BTreeSet<&str> = forms.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(posted.len(), forms.len());
    let before = everything(&server).await;
    for (path, fields) in &forms {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for token in FORGED {
            admin.forge(path, &fields, token).await.expect(403);
            admin.upload(path, &fields, ("a.txt", b"other[.]attacker[.]com"), token).await.expect(403);
        }
        Browser::stranger(&server).post(path, &fields).await.expect(303);
    }
    assert_eq!(everything(&server).await, before);
}

#[tokio::test]
async fn who_may_not_write_or_operate_changes_nothing() {
    let server = Server::start().await;
    let admin = Browser::of(&server, "admin").await;
    let (draft, import, token) = furnish(&server, &admin).await;
    let reader = Browser::of(&server, "reader").await;
    let before = everything(&server).await;
    for (path, fields) in forms(&draft, &import, &token) {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = reader.post(&path, &fields).await;
        assert!(page.status == 403 || page.status == 404 && path == format!("{import}undo/"), "{page}");
    }
    assert_eq!(everything(&server).await, before);
    for path in ["/console/add/", "/console/imports/", "/console/users/", "/console/users/writer/", "/console/users/gone/", "/console/audit/export/"]
    {
        reader.get(path).await.expect(403);
    }
    reader.get("/console/collections/feeds/secret/").await.expect(404);
    let collections = reader.get("/console/collections/").await.expect(200);
    collections.expect_says("The private collection");
    collections.expect_lacks("The secret collection");
    collections.expect_lacks("New collection");
    let own = reader.get("/console/users/reader/").await.expect(200);
    own.expect_says("Make a token");
    own.expect_lacks("Clearance");
}

#[tokio::test]
async fn a_secret_is_shown_once_and_nowhere_else() {
    let server = Server::start().await;
    let (admin, reader) = (Browser::of(&server, "admin").await, Browser::of(&server, "reader").await);
    let mut secrets = Vec::new();
    for browser in [&admin, &reader] {
        let made = browser.post("/console/users/reader/tokens/", &[("label", "SIEM"), ("days", "30")]).await.expect(200);
        assert_eq!(made.header("cache-control"), "no-store");
        let secret = made.between("The new token</h2><p><code><bdi>", "</bdi>").to_owned();
        server.anonymous().header("authorization", &format!("Bearer {secret}")).get(OBJECTS).await.expect(200);
        secrets.push(secret);
    }
    for path in [
        "/console/users/reader/",
        "/console/users/",
        "/console/audit/",
        "/console/audit/export/",
        "/console/collections/feeds/private/",
        "/console/collections/feeds/private/?user=reader",
    ] {
        let page = admin.get(path).await.expect(200);
        for secret in &secrets {
            assert!(!secret.is_empty() && !page.text().contains(secret.as_str()), "{path} shows a secret");
            assert!(!page.text().contains(&taxiway::auth::token::digest(secret).unwrap()), "{path} shows a digest");
        }
        assert!(!page.text().contains("argon2"), "{path} shows a hash");
    }
    let page = reader.get("/console/users/reader/").await.expect(200);
    let id = page.between("name=\"token\" value=\"", "\"").to_owned();
    Browser::of(&server, "writer").await.post("/console/users/writer/tokens/remove/", &[("token", &id)]).await.expect(303);
    assert_eq!(server.feed.directory().tokens.len(), 2, "somebody else's token is removed");
    reader.post("/console/users/reader/tokens/remove/", &[("token", &id)]).await.expect(303);
    assert_eq!(server.feed.directory().tokens.len(), 1);
}

#[tokio::test]
async fn an_administrator_makes_changes_and_removes_collections() {
    let server = Server::start().await;
    let admin = Browser::of(&server, "admin").await;
    let fields = [("root", "feeds"), ("alias", "new"), ("title", "New one"), ("description", "What is new"), ("decay", "1")];
    let made = admin.post("/console/collections/", &fields).await.expect(303);
    assert_eq!(made.location(), "/console/collections/feeds/new/");
    let page = admin.follow(&made).await.expect(200);
    for said in ["The collection is made.", "What is new", "decays", "90 days", "Microsoft Sentinel", "Type <code>new</code>"] {
        page.expect_says(said);
    }
    let twin = admin.post("/console/collections/", &fields).await.expect(303);
    admin.follow(&twin).await.expect_says("is there already");
    let path = made.location();
    admin.post(format!("{path}settings/"), &[("title", "Newer"), ("public", "1")]).await.expect(303);
    let collection = server.feed.directory().find_collection("feeds", "new").unwrap().clone();
    assert_eq!((collection.title.as_str(), collection.public, collection.decay, collection.description), ("Newer", true, false, None));
    admin.post(format!("{path}grants/"), &[("user", "reader"), ("read", "1"), ("write", "1")]).await.expect(303);
    assert!(server.feed.directory().rights("reader", collection.id).write);
    admin.post("/console/users/reader/grants/", &[("collection", "feeds/new")]).await.expect(303);
    assert!(!server.feed.directory().rights("reader", collection.id).read);
    let kept = admin.post(format!("{path}remove/"), &[("alias", "other")]).await.expect(303);
    admin.follow(&kept).await.expect(200).expect_says("type new");
    admin.post(format!("{path}remove/"), &[("alias", "new")]).await.expect(303);
    admin.get(path).await.expect(404);
}

#[tokio::test]
async fn an_administrator_makes_changes_and_removes_users() {
    let server = Server::start().await;
    let admin = Browser::of(&server, "admin").await;
    let made = admin.post("/console/users/", &[("name", "ann"), ("password", "a password of ann"), ("clearance", "green")]).await.expect(303);
    admin.follow(&made).await.expect(200).expect_says("The user is made.");
    admin.post("/console/users/", &[("name", "robot"), ("clearance", "clear")]).await.expect(303);
    let directory = server.feed.directory();
    assert_eq!((directory.users["ann"].clearance, directory.users["robot"].password.as_ref()), (Level::Green, None));
    for (path, fields, told) in [
        ("/console/users/", [("name", "ann"), ("password", "a password of ann"), ("clearance", "green")], "is there already"),
        ("/console/users/", [("name", "bob"), ("password", "short"), ("clearance", "green")], "12 characters at least"),
        ("/console/users/", [("name", "bob"), ("password", "a password of bob"), ("clearance", "unmarked")], "no such TLP level"),
        ("/console/users/ann/password/", [("password", "short"), ("", ""), ("", "")], "12 characters at least"),
        ("/console/users/ann/tokens/", [("label", "a"), ("days", "0"), ("", "")], "a token lasts"),
        ("/console/users/admin/remove/", [("", ""), ("", ""), ("", "")], "Nobody removes itself"),
    ] {
        let page = admin.post(path, &fields).await.expect(303);
        admin.follow(&page).await.expect(200).expect_says(told);
    }
    admin.post("/console/users/ann/clearance/", &[("clearance", "red")]).await.expect(303);
    assert_eq!(server.feed.directory().users["ann"].clearance, Level::Red);
    admin.post("/console/users/ann/password/", &[("password", "another password")]).await.expect(303);
    let stranger = Browser::stranger(&server);
    stranger.post("/console/login/", &[("user", "ann"), ("password", "a password of ann")]).await.expect(401);
    stranger.post("/console/login/", &[("user", "ann"), ("password", "another password")]).await.expect(303);
    stranger.get("/console/users/ann/").await.expect(200).expect_says("Make a token");
    admin.post("/console/users/ann/remove/", &[]).await.expect(303);
    stranger.get("/console/users/ann/").await.expect(303);
    assert!(!server.feed.directory().users.contains_key("ann"));
}

#[tokio::test]
async fn the_audit_log_tells_each_act_with_before_and_after() {
    let server = Server::start().await;
    let (admin, writer) = (Browser::of(&server, "admin").await, Browser::of(&server, "writer").await);
    add(&writer, "evil[.]attacker[.]com", &[("labels", "first")]).await;
    add(&writer, "again evil[.]attacker[.]com", &[("labels", "second")]).await;
    let import = import(&writer, &[], ("list.csv", CSV)).await;
    writer.post(format!("{import}undo/"), &[]).await.expect(303);
    admin.post("/console/collections/feeds/private/settings/", &[("title", "Renamed")]).await.expect(303);
    admin.post("/console/users/reader/tokens/", &[("label", "of the SIEM")]).await.expect(200);

    let all = admin.get("/console/audit/").await.expect(200);
    for said in ["published", "imported", "took an import back", "administered", "logged in", "127.0.0.1", "through the console"] {
        all.expect_says(said);
    }
    for said in [
        "collection feeds/private",
        "<del>The private collection</del>",
        "<ins>Renamed</ins>",
        "of the SIEM",
        "<ins>second</ins>",
        "evil.attacker.com",
    ] {
        all.expect_says(said);
    }
    let rows = |page: &Page| page.text().matches("<tr data-row>").count();
    let id = server.reader().get(INDICATORS).await.ids()[0].clone();
    let import = import.trim_end_matches('/').rsplit('/').next().unwrap();
    for (query, count) in [
        ("act=publish", 2),
        ("act=log_in", 2),
        ("who=admin", 3),
        ("about=user+reader", 0),
        ("about=feeds/private&act=undo", 1),
        (format!("about={import}").as_str(), 1),
        ("from=2024-05-01&to=2024-05-01&act=publish", 2),
        ("from=2024-05-02", 0),
        ("to=2024-04-30", 0),
    ] {
        assert_eq!(rows(&admin.get(format!("/console/audit/?{query}")).await.expect(200)), count, "{query}");
    }
    assert!(rows(&admin.get(format!("/console/audit/?about={id}")).await.expect(200)) >= 2);

    let export = admin.get("/console/audit/export/").await.expect(200);
    assert_eq!(export.header("content-type"), "application/jsonl");
    let entries: Vec<Value> = export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_console: Vec<_> = entries.iter().filter(|entry| entry["through"] == "console").collect();
    assert_eq!(of_console.len(), 8, "{export}");
    assert!(of_console.iter().all(|entry| entry["request"].is_string() && entry["from"] == "127.0.0.1" && entry["who"].is_string()));

    let own = writer.get("/console/audit/").await.expect(200);
    own.expect_says("You see what you did yourself");
    for foreign in ["Renamed", "of the SIEM", "Export"] {
        own.expect_lacks(foreign);
    }
    assert_eq!(rows(&writer.get("/console/audit/?who=admin").await), rows(&own), "another user's acts are shown");
    writer.get("/console/audit/export/").await.expect(403);
}

#[tokio::test]
async fn the_audit_log_shows_nothing_above_the_clearance_of_who_looks() {
    let server = Server::start().await;
    let (admin, writer) = (Browser::of(&server, "admin").await, Browser::of(&server, "writer").await);
    add(&writer, "delicate[.]attacker[.]com", &[("tlp", "amber")]).await;
    writer.get("/console/audit/").await.expect_says("delicate.attacker.com");
    admin.post("/console/users/writer/clearance/", &[("clearance", "green")]).await.expect(303);
    writer.get("/console/audit/").await.expect(200).expect_lacks("delicate");
    admin.post("/console/users/writer/grants/", &[("collection", "feeds/private")]).await.expect(303);
    writer.get("/console/audit/").await.expect(200).expect_lacks("feeds/private");
}

#[tokio::test]
async fn the_audit_log_goes_on_from_page_to_page() {
    let server = Server::start().await;
    let admin = Browser::of(&server, "admin").await;
    for number in 0..60 {
        admin.post("/console/collections/feeds/private/settings/", &[("title", &format!("Title {number}"))]).await.expect(303);
    }
    let first = admin.get("/console/audit/?act=administer").await.expect(200);
    first.expect_says("Title 59");
    first.expect_lacks("<ins>Title 5</ins>");
    let next = first.between("rel=\"next\" href=\"", "\"").replace("&#38;", "&");
    let second = admin.get(next).await.expect(200);
    second.expect_says("<ins>Title 5</ins>");
    second.expect_lacks("rel=\"next\"");
}

#[tokio::test]
async fn markup_in_any_field_is_text() {
    let server = Server::start().await;
    let admin = Browser::of(&server, "admin").await;
    admin.post("/console/add/text/", &[("text", &format!("</textarea>{NASTY}"))]).await.expect(204);
    admin.get("/console/add/").await.expect(200).expect_says("&#60;script&#62;alert(1)");
    let path = draft(&admin, &format!("{NASTY}\nevil[.]attacker[.]com\nhxxp://b[.]attacker[.]com/{NASTY}")).await;
    admin.get(&path).await.expect(200).expect_says("&lt;script&gt;alert(1)");
    let fields = [("chosen", "0"), ("pattern-0", NASTY)];
    let wrong = admin.post(&path, &fields).await;
    admin.follow(&wrong).await.expect(200);
    admin.post(&path, &[("chosen", "0")]).await.expect(303);
    let fields = [("name", NASTY), ("description", NASTY), ("labels", NASTY), ("types", NASTY), ("phases", NASTY), ("confidence", NASTY)];
    let wrong = publish(&admin, &path, &fields).await.expect(303);
    admin.follow(&wrong).await.expect(200).expect_says("&lt;script&gt;");
    for (number, reference) in [NASTY, SCRIPT_URL].into_iter().enumerate() {
        let path = draft(&admin, &format!("d{number}[.]attacker[.]com")).await;
        choose(&admin, &path, 1).await;
        publish(&admin, &path, &[("reference", reference), ("name", NASTY), ("labels", NASTY), ("description", NASTY), ("types", NASTY)])
            .await
            .expect(200);
    }
    let name = "<img src=x onerror=alert(2)>.csv";
    let import = import(&admin, &[], (name, format!("value,comment\n{},x\nc[.]attacker[.]com,{NASTY}\n", NASTY.replace('"', "")).as_bytes())).await;
    admin.get(&import).await.expect(200).expect_says("&lt;img src=x");
    let made = admin.post("/console/collections/", &[("root", "feeds"), ("alias", "nasty"), ("title", NASTY), ("description", NASTY)]).await;
    admin.get(made.location()).await.expect(200).expect_says("&lt;script&gt;");
    let made = admin.post("/console/users/", &[("name", NASTY), ("password", "a long password"), ("clearance", "green")]).await.expect(303);
    let user = made.location().to_owned();
    admin.get(&user).await.expect(200).expect_says("&lt;script&gt;");
    admin.post(format!("{user}tokens/"), &[("label", NASTY)]).await.expect(200).expect_says("&lt;script&gt;");
    for path in [
        "/console/add/",
        "/console/imports/",
        "/console/audit/",
        "/console/collections/",
        "/console/users/",
        "/console/collections/feeds/nasty/",
        &user,
    ] {
        admin.get(path).await.expect(200);
    }
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(["who", "act", "about", "from", "to"].map(|name| (name, NASTY))).finish();
    admin.get(format!("/console/audit/?{query}")).await.expect(200);
    admin.get(format!("{import}?outcome={NASTY}&skip=1")).await.expect(200);
}
