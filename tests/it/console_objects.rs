//! The console's pages about objects: overview, list, object, campaigns; and what their forms do.

use serde_json::{Value, json};
use taxiway::feed::curated;
use taxiway::feed::curated::files::Files;
use taxiway::stix::marking::Level;

use crate::support::console::{Browser, FORGED, NASTY, Page, SCRIPT_URL, Token};
use crate::support::samples::{CREATED, id, identity, indicator, indicators, malware, marked, relationship, with};
use crate::support::server::{OBJECTS, PUBLIC_OBJECTS, Server};

const BROWSE: &str = "/console/browse/";
const ACT: &str = "/console/browse/act/";

fn page_of(id: &str) -> String {
    format!("/console/objects/feeds/private/{id}/")
}

fn address(id: &str) -> String {
    format!("feeds/private/{id}")
}

fn campaign(number: usize) -> Value {
    let own = json!({
        "type": "campaign", "id": id("campaign", number), "name": format!("campaign {number}"),
        "first_seen": "2021-01-03T00:00:00Z", "last_seen": "2021-03-10T00:00:00Z",
    });
    let mut object = with(&identity(number), own);
    object.as_object_mut().unwrap().remove("identity_class");
    object
}

/// From one object to another.
fn link(number: usize, source: &str, verb: &str, target: &str) -> Value {
    with(&relationship(number), json!({"relationship_type": verb, "source_ref": source, "target_ref": target}))
}

fn technique(number: usize) -> Value {
    let own = json!({
        "type": "attack-pattern", "id": id("attack-pattern", number), "name": format!("technique {number}"),
        "external_references": [{"source_name": "mitre-attack", "external_id": format!("T{}", 1000 + number)}],
        "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "initial-access"}],
    });
    let mut object = with(&identity(number), own);
    object.as_object_mut().unwrap().remove("identity_class");
    object
}

/// A campaign with an indicator, a malware and a technique.
fn story() -> Vec<Value> {
    vec![
        campaign(0),
        indicator(0),
        malware(0),
        technique(0),
        relationship(0),
        link(1, &id("indicator", 0), "indicates", &id("campaign", 0)),
        link(2, &id("campaign", 0), "uses", &id("attack-pattern", 0)),
        link(3, &id("campaign", 0), "uses", &id("malware", 0)),
    ]
}

/// Every page about the story's objects.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = [
        "/console/",
        "/console/?collection=feeds/private",
        BROWSE,
        "/console/browse/?q=sample&kind=indicator%3Adomain-name&state=in-force&sort=-confidence&collection=feeds%2Fprivate",
        "/console/browse/?kind=malware&tlp=unmarked&from=2021-01-01&to=2030-01-01&confidence_from=&source=&label=",
        "/console/browse/?state=ending&sort=valid_until&offset=50",
        "/console/campaigns/",
    ]
    .map(str::to_owned)
    .into();
    pages.extend(["campaign", "indicator", "malware", "attack-pattern", "relationship"].map(|kind| page_of(&id(kind, 0))));
    pages.push(format!("{}raw/", page_of(&id("indicator", 0))));
    pages.push(format!("/console/campaigns/feeds/private/{}/", id("campaign", 0)));
    pages
}

/// The newest version of an object, as the administrator is shown it.
async fn newest(server: &Server, id: &str) -> Value {
    server.admin().get(format!("/feeds/collections/private/objects/{id}/")).await.expect(200).objects().remove(0)
}

async fn versions(server: &Server, id: &str) -> usize {
    server.admin().get(format!("/feeds/collections/private/objects/{id}/versions/")).await.expect(200).list("versions").len()
}

/// Every form about an object, with what it is sent.
fn forms(id: &str) -> Vec<(String, Vec<(&'static str, String)>)> {
    let act = |name: &str| {
        let fields = [("act", name.to_owned()), ("object", address(id)), ("days", "90".into()), ("label", "c2".into()), ("tlp", "green".into())];
        (ACT.to_owned(), fields.into_iter().chain([("confidence", "70".into()), ("comment", "why".into())]).collect::<Vec<_>>())
    };
    let mut forms: Vec<_> = ["revoke", "extend", "label", "unlabel", "tlp", "confidence"].map(act).into();
    let form = |step: &str, fields: &[(&'static str, &str)]| {
        (format!("{}{step}/", page_of(id)), fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>())
    };
    forms.push(form("edit", &[("version", CREATED), ("name", "another"), ("labels", "a\nb"), ("confidence", "10"), ("days", "5")]));
    forms.push(form("restore", &[("version", CREATED)]));
    forms.push(form("sight", &[("count", "2"), ("verdict", "seen")]));
    forms
}

fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn every_page_is_shown_to_who_may_read() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &story()).await;
    for name in ["admin", "writer", "reader"] {
        let browser = Browser::of(&server, name).await;
        for page in pages() {
            browser.get(&page).await.expect(200);
        }
        browser.get("/console/").await.expect_says("indicators in force");
        browser.get(page_of(&id("indicator", 0))).await.expect_says("[domain-name:value = &#39;n0.example.com&#39;]");
    }
}

#[tokio::test]
async fn who_is_not_logged_in_is_sent_to_the_log_in_and_back() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &story()).await;
    let stranger = Browser::stranger(&server);
    for page in pages() {
        let sent = stranger.get(&page).await.expect(303);
        assert!(sent.location().starts_with("/console/login/?next=%2Fconsole%2F"), "{sent}");
    }
    for (target, fields) in forms(&id("indicator", 0)) {
        let sent = stranger.post(&target, &borrowed(&fields)).await.expect(303);
        assert!(sent.location().starts_with("/console/login/"), "{sent}");
    }
    assert_eq!(versions(&server, &id("indicator", 0)).await, 1);
}

#[tokio::test]
async fn the_curated_feed_is_shown() {
    let server = Server::start().await;
    let feeds = curated::read(&Files::embedded()).unwrap();
    // The curated feed is of later than the clock of these tests.
    server.clock.advance(3 * 365 * 86_400);
    server.feed.load_curated(&feeds).await.unwrap();
    let browser = Browser::of(&server, "admin").await;
    let list = browser.get("/console/campaigns/").await.expect(200);
    let page = browser.get(first_campaign(&list)).await.expect(200);
    for part in ["Timeline", "Techniques", "Everything together", "<svg"] {
        page.expect_says(part);
    }
    browser.get("/console/").await.expect(200);
    let found = browser.get("/console/browse/?q=CVE-2021-26855").await.expect(200);
    found.expect_says("CVE-2021-26855");
    let object = format!("/console/objects/{}\"", found.between("href=\"/console/objects/", "\""));
    browser.get(object.trim_end_matches('"')).await.expect(200).expect_says("Relationships");
}

/// The first campaign of the list of campaigns.
fn first_campaign(list: &Page) -> String {
    let rows = list.text().split_once("<tbody>").expect("there is a campaign").1;
    let path = rows.split_once("href=\"").unwrap().1.split_once('"').unwrap().0;
    path.to_owned()
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &story()).await;
    let browser = Browser::of(&server, "reader").await;
    let hidden = [
        page_of(&id("indicator", 99)),
        page_of("indicator"),
        page_of(&id("indicator", 0)).replace("private", "nothing"),
        page_of(&id("indicator", 0)).replace("private", "secret"),
        format!("{}raw/", page_of(&id("indicator", 99))),
        format!("/console/campaigns/feeds/private/{}/", id("campaign", 99)),
        format!("/console/campaigns/feeds/private/{}/", id("indicator", 0)),
        "/console/?collection=feeds/secret".to_owned(),
        "/console/?collection=secret".to_owned(),
        "/console/browse/?collection=feeds/secret".to_owned(),
    ];
    for target in hidden {
        browser.get(&target).await.expect(404);
    }
    browser.get("/console/browse/?tlp=blue").await.expect(400);
    let writer = Browser::of(&server, "writer").await;
    writer.post(ACT, &[("act", "revoke"), ("object", "feeds/secret/indicator--x")]).await.expect(404);
    for step in ["edit", "restore", "sight"] {
        let target = format!("{}{step}/", page_of(&id("indicator", 99)));
        writer.post(target, &[("version", CREATED), ("name", "a"), ("verdict", "seen")]).await.expect(404);
    }
}

#[tokio::test]
async fn a_form_that_is_not_of_the_session_does_nothing() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &story()).await;
    let browser = Browser::of(&server, "writer").await;
    let object = id("indicator", 0);
    for (target, fields) in forms(&object) {
        for token in FORGED {
            browser.forge(&target, &borrowed(&fields), token).await.expect(403);
        }
    }
    let export = [("act", "export"), ("format", "stix"), ("object", &*address(&object))];
    browser.forge(ACT, &export, Token::Missing).await.expect(403);
    assert_eq!((versions(&server, &object).await, newest(&server, &object).await), (1, indicator(0)));
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &story()).await;
    let browser = Browser::of(&server, "reader").await;
    let object = id("indicator", 0);
    for (target, fields) in forms(&object) {
        browser.post(&target, &borrowed(&fields)).await.expect(403);
    }
    let all = [("act", "revoke"), ("all", "1"), ("query", "collection=feeds%2Fprivate")];
    browser.post(ACT, &all).await.expect(403);
    assert_eq!((versions(&server, &object).await, newest(&server, &object).await), (1, indicator(0)));
    let page = browser.get(page_of(&object)).await.expect(200);
    assert!(!page.text().contains("/edit/\"") && !page.text().contains("value=\"revoke\""), "a form for who may not use it: {page}");
}

#[tokio::test]
async fn each_act_makes_a_version_that_says_who_and_why() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(3)).await;
    let browser = Browser::of(&server, "writer").await;
    let objects: Vec<String> = (0..2).map(|number| address(&id("indicator", number))).collect();
    let act = async |name: &str, field: (&str, &str)| {
        server.clock.advance(1);
        let fields =
            [("act", name), ("object", &objects[0]), ("object", &objects[1]), field, ("comment", "because"), ("next", "/console/browse/?q=sample")];
        let sent = browser.post(ACT, &fields).await;
        assert_eq!(sent.location(), "/console/browse/?q=sample");
        browser.follow(&sent).await.expect(200)
    };
    act("label", ("label", "c2")).await.expect_says("Labelled 2 objects.");
    act("label", ("label", "c2")).await.expect_says("2 were so already.");
    act("tlp", ("tlp", "green")).await.expect_says("Marked 2 objects.");
    act("confidence", ("confidence", "70")).await.expect_says("Set the confidence of 2 objects.");
    act("confidence", ("confidence", "700")).await.expect_says("The confidence is a number from 0 to 100.");
    act("extend", ("days", "30")).await.expect_says("Extended 2 objects.");
    let changed = newest(&server, &id("indicator", 1)).await;
    assert_eq!((&changed["labels"], &changed["confidence"]), (&json!(["c2"]), &json!(70)));
    assert!(changed["valid_until"].is_string() && changed["object_marking_refs"].is_array());
    act("unlabel", ("label", "c2")).await.expect_says("Took the label off 2 objects.");
    act("revoke", ("days", "")).await.expect_says("Revoked 2 objects.");
    act("revoke", ("days", "")).await.expect_says("2 were refused: 2 × it is revoked");
    act("dance", ("days", "")).await.expect_says("Choose what to do");
    assert_eq!(newest(&server, &id("indicator", 0)).await["revoked"], true);
    assert_eq!(newest(&server, &id("indicator", 2)).await, indicator(2));
    let page = browser.get(page_of(&id("indicator", 0))).await.expect(200);
    for part in ["because", "by writer", "revoked", "confidence", "The first version."] {
        page.expect_says(part);
    }
    browser.post(ACT, &[("act", "revoke")]).await.expect(303);
}

#[tokio::test]
async fn everything_that_a_filter_finds_is_acted_on() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(120)).await;
    server.writer().add(OBJECTS, &[malware(0)]).await;
    let browser = Browser::of(&server, "writer").await;
    let list = browser.get("/console/browse/?kind=indicator").await.expect(200);
    list.expect_says("50 shown of 120");
    let query = list.between("name=\"query\" value=\"", "\"");
    assert_eq!(query, "kind=indicator");
    let sent = browser.post(ACT, &[("act", "label"), ("label", "all-of-them"), ("all", "1"), ("query", query)]).await;
    browser.follow(&sent).await.expect_says("Labelled 120 objects.");
    browser.get("/console/browse/?label=all-of-them&offset=100").await.expect_says("20 shown of 120");
    assert_eq!(newest(&server, &id("malware", 0)).await, malware(0));
}

#[tokio::test]
async fn a_selection_of_several_collections_is_changed_where_one_may() {
    let server = Server::start().await;
    server.admin().add(OBJECTS, &[indicator(0)]).await;
    server.admin().add("/feeds/collections/outbox/objects/", &[indicator(1)]).await;
    let browser = Browser::of(&server, "writer").await;
    let (ours, theirs) = (address(&id("indicator", 0)), format!("feeds/outbox/{}", id("indicator", 1)));
    let sent = browser.post(ACT, &[("act", "label"), ("label", "x"), ("object", &ours), ("object", &theirs)]).await;
    let page = browser.follow(&sent).await;
    page.expect_says("Labelled 1 object. 1 was refused");
    assert_eq!(newest(&server, &id("indicator", 0)).await["labels"], json!(["x"]));
    let untouched = server.admin().get("/feeds/collections/outbox/objects/").await.expect(200).objects();
    assert_eq!(untouched, [indicator(1)]);
}

#[tokio::test]
async fn a_selection_is_exported_as_it_came_or_as_a_table_without_formulas() {
    let server = Server::start().await;
    let formula = with(&indicator(1), json!({"name": "=HYPERLINK(\"http://x\")"}));
    server.writer().add(OBJECTS, &[indicator(0), formula.clone(), indicator(2)]).await;
    let browser = Browser::of(&server, "reader").await;
    let (first, second) = (address(&id("indicator", 0)), address(&id("indicator", 1)));
    let export = async |format: &str| {
        let fields = [("act", "export"), ("format", format), ("object", &first), ("object", &second)];
        let file = browser.post(ACT, &fields).await.expect(200);
        assert!(file.header("content-disposition").starts_with("attachment; filename=\"taxiway-2024-05-01."), "{file}");
        file
    };
    let bundle = export("stix").await;
    assert_eq!(bundle.header("content-type"), "application/stix+json;version=2.1");
    let bundle: Value = serde_json::from_slice(&bundle.body).unwrap();
    assert_eq!((&bundle["type"], &bundle["objects"]), (&json!("bundle"), &json!([indicator(0), formula])));
    let table = export("csv").await;
    assert!(table.header("content-type").starts_with("text/csv"));
    let mut reader = csv::Reader::from_reader(&table.body[..]);
    let names: Vec<String> = reader.records().map(|record| record.unwrap()[1].to_owned()).collect();
    assert_eq!(names, ["sample 0", "'=HYPERLINK(\"http://x\")"]);
    let all = browser.post(ACT, &[("act", "export"), ("format", "stix"), ("all", "1"), ("query", "q=sample")]).await.expect(200);
    assert_eq!(serde_json::from_slice::<Value>(&all.body).unwrap()["objects"].as_array().unwrap().len(), 2);
    let raw = browser.get(format!("{}raw/", page_of(&id("indicator", 0)))).await.expect(200);
    assert_eq!((raw.header("content-type"), serde_json::from_slice::<Value>(&raw.body).unwrap()), ("application/json", indicator(0)));
    assert!(raw.header("content-disposition").starts_with("attachment"));
}

#[tokio::test]
async fn an_object_is_edited_restored_and_sighted() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &[indicator(0)]).await;
    let browser = Browser::of(&server, "writer").await;
    let object = id("indicator", 0);
    let (edit, restore, sight) = (page_of(&object) + "edit/", page_of(&object) + "restore/", page_of(&object) + "sight/");
    let fields =
        [("version", CREATED), ("name", "better"), ("description", "told"), ("labels", "a\r\n\r\nb\r\na"), ("confidence", "40"), ("tlp", "green")];
    let sent = browser.post(&edit, &fields).await;
    browser.follow(&sent).await.expect_says("Saved as a new version.");
    let edited = newest(&server, &object).await;
    assert_eq!((&edited["name"], &edited["description"], &edited["labels"]), (&json!("better"), &json!("told"), &json!(["a", "b"])));
    assert_eq!((&edited["confidence"], edited["object_marking_refs"].as_array().map(Vec::len)), (&json!(40), Some(1)));
    // Who edits what another has changed meanwhile is told so, and keeps what was typed.
    let late = browser.post(&edit, &fields).await.expect(200);
    late.expect_says("somebody has changed the object");
    late.expect_says("value=\"better\"");
    let version = edited["modified"].as_str().unwrap();
    let mut wanted = edited.clone();
    wanted["x_ours"] = json!(7);
    wanted.as_object_mut().unwrap().remove("description");
    let sent = browser.post(&edit, &[("version", version), ("json", &wanted.to_string())]).await;
    browser.follow(&sent).await.expect_says("Saved as a new version.");
    let edited = newest(&server, &object).await;
    assert_eq!((&edited["x_ours"], edited.get("description")), (&json!(7), None));
    let version = edited["modified"].as_str().unwrap();
    for (json, why) in [("{", "no JSON object"), ("[]", "no JSON object"), (r#"{"id":"indicator--1"}"#, "cannot be edited")] {
        browser.post(&edit, &[("version", version), ("json", json)]).await.expect(200).expect_says(why);
    }
    let broken = browser.post(&edit, &[("version", version), ("json", &with(&edited, json!({"pattern": "<b>"})).to_string())]).await.expect(200);
    broken.expect_says("Not saved: ");
    let sent = browser.post(&restore, &[("version", CREATED)]).await;
    browser.follow(&sent).await.expect_says("Restored as a new version.");
    assert_eq!(newest(&server, &object).await["name"], "sample 0");
    let sent = browser.post(&sight, &[("count", "3"), ("verdict", "seen"), ("source", "SOC"), ("comment", "on a proxy")]).await;
    browser.follow(&sent).await.expect_says("Recorded the sighting");
    let sent = browser.post(&sight, &[("verdict", "false-positive"), ("comment", "a scanner")]).await;
    let page = browser.follow(&sent).await;
    for part in ["3 ×", "by SOC", "on a proxy", "not seen", "a scanner"] {
        page.expect_says(part);
    }
    let sent = browser.post(&sight, &[("count", "many")]).await;
    browser.follow(&sent).await.expect_says("as a number");
    // What is revoked is taken up by a successor.
    browser.post(ACT, &[("act", "revoke"), ("object", &address(&object))]).await.expect(303);
    let sent = browser.post(&restore, &[("version", CREATED)]).await.expect(303);
    assert_ne!(sent.location(), page_of(&object));
    browser.follow(&sent).await.expect(200).expect_says("successor");
}

/// Markup in everything that the standard leaves to its writer.
fn nasty() -> Vec<Value> {
    let (nasty, script) = (NASTY, SCRIPT_URL);
    let common = json!({
        "name": nasty, "description": nasty, "labels": [nasty], "x_own": nasty, "x_deep": {"a": [nasty, {"b": nasty}]},
        "external_references": [
            {"source_name": nasty, "description": nasty, "external_id": nasty, "url": script},
            {"source_name": "mitre-attack", "external_id": nasty, "url": "data:text/html,%3Cscript%3Ealert(1)%3C/script%3E"},
        ],
        "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": nasty}, {"kill_chain_name": nasty, "phase_name": nasty}],
    });
    let escaped = nasty.replace('\\', "\\\\").replace('\'', "\\'");
    let without_phases = |object: &Value| {
        let mut object = with(object, common.clone());
        object.as_object_mut().unwrap().remove("kill_chain_phases");
        object
    };
    let mut author = without_phases(&identity(7));
    author["contact_information"] = json!(nasty);
    let mut told = without_phases(&campaign(0));
    told["aliases"] = json!([nasty]);
    told["objective"] = json!(nasty);
    told["created_by_ref"] = json!(id("identity", 7));
    let mut sought = with(&indicator(0), common.clone());
    sought["pattern"] = json!(format!("[url:value = '{escaped}']"));
    sought["indicator_types"] = json!([nasty]);
    sought["created_by_ref"] = json!(id("identity", 7));
    let mut statement = crate::support::samples::marking_definition(3);
    statement["definition"]["statement"] = json!(nasty);
    sought["object_marking_refs"] = json!([id("marking-definition", 3)]);
    let mut how = with(&technique(0), common.clone());
    how["aliases"] = json!([nasty]);
    let sighting = with(
        &without_phases(&malware(0)),
        json!({
            "type": "sighting", "id": id("sighting", 0), "sighting_of_ref": id("indicator", 0), "where_sighted_refs": [id("identity", 7)],
        }),
    );
    let mut sighting = sighting;
    for name in ["is_family", "name"] {
        sighting.as_object_mut().unwrap().remove(name);
    }
    vec![
        author,
        told,
        sought,
        statement,
        how,
        with(&malware(0), common),
        sighting,
        with(&relationship(0), json!({"description": nasty})),
        with(&link(1, &id("indicator", 0), "indicates", &id("campaign", 0)), json!({"description": nasty})),
        link(2, &id("campaign", 0), "uses", &id("attack-pattern", 0)),
        json!({"type": "url", "spec_version": "2.1", "id": id("url", 0), "value": format!("{script}{nasty}")}),
    ]
}

#[tokio::test]
async fn markup_in_objects_is_text_on_every_page() {
    let server = Server::start().await;
    for object in nasty() {
        // What the standard refuses cannot be shown; each that is taken is.
        server.writer().post(OBJECTS, json!({"objects": [object]}).to_string()).await.expect(202);
    }
    let taken = server.admin().get(OBJECTS).await.expect(200).ids();
    assert!(taken.len() >= 8, "{taken:?}");
    // Each answer is looked through for obeyed markup before it comes back.
    let browser = Browser::of(&server, "writer").await;
    let fields = [("act", "label"), ("label", NASTY), ("object", &*address(&id("indicator", 0))), ("comment", NASTY), ("next", NASTY)];
    let sent = browser.post(ACT, &fields).await;
    browser.follow(&sent).await.expect(200);
    let edit = page_of(&id("indicator", 0)) + "edit/";
    browser.post(edit, &[("version", NASTY), ("name", NASTY), ("json", NASTY), ("comment", NASTY)]).await.expect(200);
    let sight = page_of(&id("indicator", 0)) + "sight/";
    browser.post(sight, &[("count", "1"), ("source", NASTY), ("url", SCRIPT_URL), ("comment", NASTY)]).await.expect(303);
    for id in &taken {
        browser.get(page_of(id)).await.expect(200);
    }
    for page in pages() {
        browser.get(&page).await.expect(200);
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(["q", "kind", "label", "source"].map(|name| (name, NASTY))).finish();
    let list = browser.get(format!("/console/browse/?{query}")).await.expect(200);
    list.expect_says("&lt;script&gt;alert(1)");
    let page = browser.get(page_of(&id("indicator", 0))).await;
    page.expect_says("&lt;script&gt;alert(1)&lt;/script&gt;");
    page.expect_says(SCRIPT_URL);
}

#[tokio::test]
async fn nothing_above_the_clearance_is_shown_counted_or_drawn() {
    let server = Server::start().await;
    let secret = "the secret name";
    let red = |object: &Value| marked(object, Level::Red);
    let older = marked(&with(&indicator(5), json!({"name": secret})), Level::Red);
    let newer = with(&indicator(5), json!({"name": "now known", "modified": "2021-03-03T00:00:00.000Z"}));
    let latest = with(&indicator(5), json!({"name": "known better", "modified": "2021-03-04T00:00:00.000Z"}));
    let objects = vec![
        campaign(0),
        red(&with(&campaign(1), json!({"name": secret}))),
        indicator(0),
        red(&with(&indicator(1), json!({"name": secret, "labels": ["secret-label"], "created_by_ref": id("identity", 9)}))),
        red(&with(&identity(9), json!({"name": secret}))),
        with(&indicator(2), json!({"created_by_ref": id("identity", 9)})),
        red(&link(1, &id("indicator", 1), "indicates", &id("campaign", 0))),
        link(2, &id("indicator", 0), "indicates", &id("campaign", 0)),
        red(&with(&malware(0), json!({"name": secret}))),
        link(3, &id("campaign", 0), "uses", &id("malware", 0)),
        older,
        newer,
        latest,
    ];
    server.admin().add(OBJECTS, &objects).await;
    let browser = Browser::of(&server, "reader").await;
    let mut pages = pages();
    pages.retain(|page| !page.contains("malware--") && !page.contains("attack-pattern--") && !page.contains("relationship--"));
    pages.extend([page_of(&id("indicator", 5)), page_of(&id("indicator", 2)), "/console/browse/?q=secret".to_owned()]);
    for page in pages {
        let page = browser.get(&page).await.expect(200);
        page.expect_lacks(secret);
        page.expect_lacks("secret-label");
    }
    let above = [("indicator", 1), ("campaign", 1), ("identity", 9), ("malware", 0), ("relationship", 1)];
    for (kind, number) in above {
        browser.get(page_of(&id(kind, number))).await.expect(404);
        browser.get(format!("{}raw/", page_of(&id(kind, number)))).await.expect(404);
        browser.post(ACT, &[("act", "export"), ("object", &address(&id(kind, number)))]).await.expect(404);
    }
    let versions = browser.get(page_of(&id("indicator", 5))).await;
    versions.expect_says("now known");
    assert_eq!(versions.between("Versions <span class=\"count\">", "<"), "2", "{versions}");
    let list = browser.get(BROWSE).await;
    // Two campaigns, four indicators and so on: six objects are not above it.
    let total: usize = list.between(" shown of ", "<").parse().unwrap();
    assert_eq!(total, 6, "{list}");
    let admin = Browser::of(&server, "admin").await;
    admin.get(BROWSE).await.expect_says(secret);
}

#[tokio::test]
async fn a_note_about_more_than_one_may_see_is_not_told() {
    let server = Server::start().await;
    server.admin().add(OBJECTS, &[indicator(0), marked(&indicator(1), Level::Red), indicator(2)]).await;
    let admin = Browser::of(&server, "admin").await;
    let both = [address(&id("indicator", 0)), address(&id("indicator", 1))];
    let fields = [("act", "label"), ("label", "x"), ("object", &both[0]), ("object", &both[1]), ("comment", "the victim is ACME")];
    admin.post(ACT, &fields).await.expect(303);
    let alone = address(&id("indicator", 2));
    admin.post(ACT, &[("act", "label"), ("label", "x"), ("object", &alone), ("comment", "seen by all")]).await.expect(303);
    let reader = Browser::of(&server, "reader").await;
    reader.get(page_of(&id("indicator", 0))).await.expect_lacks("ACME");
    reader.get(page_of(&id("indicator", 2))).await.expect_says("seen by all");
    admin.get(page_of(&id("indicator", 0))).await.expect_says("ACME");
}

#[tokio::test]
async fn who_reads_what_is_for_administrators_and_for_oneself() {
    let server = Server::start().await;
    server.admin().add(PUBLIC_OBJECTS, &[indicator(0)]).await;
    server.writer().get(PUBLIC_OBJECTS).await.expect(200);
    server.reader().get(PUBLIC_OBJECTS).await.expect(200);
    let object = format!("/console/objects/feeds/public/{}/", id("indicator", 0));
    let consumers = |page: &Page| page.text().split_once("Consumers").unwrap().1.to_owned();
    let (admin, reader) = (Browser::of(&server, "admin").await, Browser::of(&server, "reader").await);
    let seen = consumers(&admin.get("/console/").await);
    assert!(seen.contains("writer") && seen.contains("reader"));
    let seen = consumers(&reader.get("/console/").await);
    assert!(!seen.contains("writer") && seen.contains("reader"));
    let pulled = |page: &Page| page.between("id=\"pulled-title\"", "</section>").to_owned();
    assert!(pulled(&admin.get(&object).await).contains("writer"));
    let seen = pulled(&reader.get(&object).await);
    assert!(!seen.contains("writer") && seen.contains("reader"), "{seen}");
}

#[tokio::test]
async fn a_campaign_is_told_by_time_techniques_and_ties() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &story()).await;
    let browser = Browser::of(&server, "reader").await;
    let list = browser.get("/console/campaigns/").await.expect(200);
    list.expect_says("campaign 0");
    assert_eq!(list.between("data-label=\"Objects\" class=\"number\">", "<"), "3", "{list}");
    let page = browser.get(first_campaign(&list)).await.expect(200);
    for part in ["technique 0", "T1000", "Initial Access", "sample 0", "2021-01-03", "indicates"] {
        page.expect_says(part);
    }
}
