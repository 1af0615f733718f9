//! Partners: what is shared with them, what they must agree to, what they send, and who took what.

use reqwest::Method;
use serde_json::{Value, json};
use taxiway::store::directory::{Edit, User};

use crate::support::client::{Client, Reply};
use crate::support::console::Browser;
use crate::support::samples::{id, indicator, indicators, with};
use crate::support::server::{EVERY_STORE, OBJECTS, PASSWORD, Server};

/// What an administrator asks for, in JSON.
async fn admin(server: &Server, method: Method, path: &str, body: Value) -> Reply {
    server.admin().request(method, path).header("content-type", "application/json").body(body.to_string()).send().await
}

/// A partner with a user of its name, and what is shared with it.
async fn partner(server: &Server, name: &str, terms: Value, shares: &[(&str, Value)]) -> Client {
    let new = with(&json!({ "name": name, "title": name.to_uppercase(), "clearance": "amber" }), terms);
    admin(server, Method::POST, "/admin/partners/", new).await.expect(201);
    let user = User { name: name.into(), partner: Some(name.into()), ..server.feed.directory().users["writer"].clone() };
    server.feed.edit(vec![Edit::AddUser(user)], None).await.unwrap();
    for (collection, rights) in shares {
        admin(server, Method::PUT, &format!("/admin/partners/{name}/shares/{collection}/"), rights.clone()).await.expect(200);
    }
    server.user(name)
}

fn names(reply: &Reply) -> Vec<String> {
    reply.objects().iter().map(|object| object["name"].as_str().unwrap().to_owned()).collect()
}

const INBOX: &str = "/feeds/collections/inbox/objects/";

#[tokio::test]
async fn a_partner_reads_back_what_it_has_sent_and_nothing_else() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let acme = partner(&server, "acme", json!({}), &[("feeds/inbox", json!({ "write": true, "own": true }))]).await;
        let other = partner(&server, "other", json!({}), &[("feeds/inbox", json!({ "write": true }))]).await;
        acme.add(INBOX, &[indicator(1), indicator(2)]).await;
        other.add(INBOX, &[indicator(3)]).await;
        server.admin().add(INBOX, &[indicator(4)]).await;
        assert_eq!(names(&acme.get(INBOX).await.expect(200)), ["sample 1", "sample 2"]);
        // By no way else either.
        for path in [format!("{INBOX}{}/", id("indicator", 3)), format!("{INBOX}?match[id]={}", id("indicator", 4))] {
            let reply = acme.get(path).await;
            assert!(reply.status == 404 || reply.objects().is_empty(), "{reply}");
        }
        let list = acme.get("/lists/feeds/inbox/domain.txt").await.expect(403);
        assert!(!String::from_utf8_lossy(&list.body).contains("n3"));
        other.get(INBOX).await.expect(403);
        let found = acme.get("/desk/objects/?collection=feeds/inbox").await;
        assert_eq!(found.status, 403, "{found}");
    }
}

#[tokio::test]
async fn terms_are_agreed_to_before_anything_is_read_or_written() {
    let server = Server::start().await;
    admin(&server, Method::PUT, "/admin/collections/feeds/private/sharing/", json!({ "terms": "Be kind." })).await.expect(200);
    let acme = partner(&server, "acme", json!({}), &[("feeds/private", json!({ "read": true, "write": true }))]).await;
    let refused = acme.get(OBJECTS).await.expect(403);
    assert!(String::from_utf8_lossy(&refused.body).contains("has not agreed to the terms"), "{refused}");
    acme.post(OBJECTS, json!({ "objects": [indicator(1)] }).to_string()).await.expect(403);
    let terms = acme.get("/desk/terms/").await.expect(200).json()["terms"][0].clone();
    assert_eq!((&terms["terms"], &terms["agreed"]), (&json!("Be kind."), &json!(false)));
    let agree = async |digest: &Value| {
        let request = acme.request(Method::POST, "/desk/feeds/private/terms/").header("content-type", "application/json");
        request.body(json!({ "digest": digest }).to_string()).send().await
    };
    agree(&json!("0".repeat(64))).await.expect(409);
    assert_eq!(agree(&terms["digest"]).await.expect(200).json()["agreed"], true);
    acme.get(OBJECTS).await.expect(200);
    let shown = server.admin().get("/admin/partners/acme/").await.expect(200).json();
    assert_eq!((&shown["accepted"][0]["by"], &shown["accepted"][0]["current"]), (&json!("acme"), &json!(true)));
    // Other terms are to be agreed to anew.
    admin(&server, Method::PUT, "/admin/collections/feeds/private/sharing/", json!({ "terms": "Be kinder." })).await.expect(200);
    acme.get(OBJECTS).await.expect(403);
    // Who belongs to no partner is not asked.
    server.writer().get(OBJECTS).await.expect(200);
}

#[tokio::test]
async fn a_partner_ends_with_its_time_and_is_cleared_no_higher_than_agreed() {
    let server = Server::start().await;
    let marked = with(&indicator(1), json!({ "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"] }));
    server.admin().add(OBJECTS, &[marked, indicator(2)]).await;
    let ends = json!({ "expires": "2024-05-02T12:00:00Z", "clearance": "green" });
    let acme = partner(&server, "acme", ends, &[("feeds/private", json!({ "read": true }))]).await;
    assert_eq!(names(&acme.get(OBJECTS).await.expect(200)), ["sample 2"], "its user is cleared for AMBER, it is not");
    let token = server.token("acme", None).await;
    let by_token = server.anonymous().header("authorization", &format!("Bearer {token}"));
    by_token.get(OBJECTS).await.expect(200);
    server.clock.advance(86_400);
    acme.get(OBJECTS).await.expect(401);
    by_token.get(OBJECTS).await.expect(401);
    admin(&server, Method::PUT, "/admin/partners/acme/", json!({ "title": "Acme", "clearance": "amber" })).await.expect(200);
    assert_eq!(acme.get(OBJECTS).await.expect(200).objects().len(), 2);
}

#[tokio::test]
async fn a_view_shows_a_part_of_a_collection_by_every_way() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let view = json!({
            "root": "partners", "alias": "shells", "title": "Shells",
            "view": { "of": "feeds/private", "types": ["indicator"], "labels": ["webshell"], "min_confidence": 50, "max_age_days": 10 },
        });
        admin(&server, Method::POST, "/admin/collections/", view).await.expect(201);
        let acme = partner(&server, "acme", json!({}), &[("partners/shells", json!({ "read": true }))]).await;
        let labelled = |number, confidence: u8| with(&indicator(number), json!({ "labels": ["webshell"], "confidence": confidence }));
        server.clock.advance(0);
        server.writer().add(OBJECTS, &[labelled(1, 80)]).await;
        server.clock.advance(11 * 86_400);
        let identity = crate::support::samples::identity(9);
        server.writer().add(OBJECTS, &[labelled(2, 80), labelled(3, 40), indicator(4), identity, labelled(5, 90)]).await;
        let path = "/partners/collections/shells/objects/";
        assert_eq!(names(&acme.get(path).await.expect(200)), ["sample 2", "sample 5"]);
        // Page by page, with a cursor that is of no use elsewhere.
        let first = acme.get(format!("{path}?limit=1")).await.expect(200).json();
        let next = first["next"].as_str().unwrap();
        assert_eq!(names(&acme.get(format!("{path}?limit=1&next={next}")).await.expect(200)), ["sample 5"]);
        acme.get(format!("{OBJECTS}?next={next}")).await.expect(404);
        assert_eq!(acme.get("/partners/collections/shells/manifest/").await.expect(200).json()["objects"].as_array().unwrap().len(), 2);
        acme.get(format!("{path}{}/", id("indicator", 3))).await.expect(404);
        let list = acme.get("/lists/partners/shells/domain.txt").await.expect(200);
        let list = String::from_utf8_lossy(&list.body).into_owned();
        let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines, ["n2.example.com", "n5.example.com"]);
        // A revocation is shown whatever its confidence.
        let revoked = with(&labelled(5, 10), json!({ "modified": "2024-05-01T00:00:00.000Z", "revoked": true }));
        server.writer().add(OBJECTS, &[revoked]).await;
        assert_eq!(acme.get(path).await.expect(200).objects().last().unwrap()["revoked"], true);
        // Nothing is written to a view, and what it is of does not go before it.
        server.admin().post(path, json!({ "objects": [indicator(7)] }).to_string()).await.expect(403);
        server.admin().delete("/admin/collections/feeds/private/").await.expect(409);
    }
}

#[tokio::test]
async fn what_unnamed_partners_send_is_the_communitys_and_administrators_know_whose_it_was() {
    let server = Server::start().await;
    admin(&server, Method::PUT, "/admin/collections/feeds/private/sharing/", json!({ "anonymous": true })).await.expect(200);
    let acme = partner(&server, "acme", json!({}), &[("feeds/private", json!({ "read": true, "write": true }))]).await;
    let sent = |number: usize| {
        let betraying =
            json!({ "created_by_ref": id("identity", 77), "external_references": [{ "source_name": "acme", "external_id": "7" }], "x_acme": 1 });
        with(&indicator(number), betraying)
    };
    acme.add(OBJECTS, &[sent(1)]).await;
    acme.add(OBJECTS, &[sent(2)]).await;
    // The same again is known, though it is kept otherwise.
    let again = acme.post(OBJECTS, json!({ "objects": [sent(1)] }).to_string()).await.expect(202).json();
    assert_eq!((&again["success_count"], &again["failure_count"]), (&json!(1), &json!(0)));
    let objects = server.reader().get(OBJECTS).await.expect(200).objects();
    let text = serde_json::to_string(&objects).unwrap();
    assert!(!text.contains("acme") && !text.contains(&id("identity", 77)), "{text}");
    let of_type = |name: &str| objects.iter().filter(|object| object["type"] == name).cloned().collect::<Vec<_>>();
    let (community, indicators) = (of_type("identity"), of_type("indicator"));
    assert_eq!((community.len(), indicators.len()), (1, 2));
    assert!(indicators.iter().all(|one| one["created_by_ref"] == community[0]["id"]));
    assert_eq!(indicators[0]["labels"], indicators[1]["labels"], "one pseudonym");
    let log = server.admin().get("/desk/audit/?who=acme").await.expect(200).json();
    assert!(log["entries"].as_array().unwrap().len() >= 2, "{log}");
}

#[tokio::test]
async fn what_is_deleted_for_good_does_not_come_again_and_says_why() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &indicators(2)).await;
        let path = format!("/admin/collections/feeds/private/objects/{}/", id("indicator", 0));
        server.admin().delete(format!("{path}?reason=a%20mistake")).await.expect(204);
        server.admin().delete(path.clone()).await.expect(404);
        server.writer().delete(path).await.expect(403);
        let status = server.writer().post(OBJECTS, json!({ "objects": [indicator(0)] }).to_string()).await.expect(202).json();
        assert_eq!(status["failure_count"], 1);
        assert!(status["failures"][0]["message"].as_str().unwrap().contains("deleted for good on 2024-05-01"), "{status}");
        assert!(status["failures"][0]["message"].as_str().unwrap().contains("(a mistake)"), "{status}");
        server.writer().add(OBJECTS, &[with(&indicator(0), json!({ "modified": "2024-04-01T00:00:00.000Z" }))]).await;
    }
}

#[tokio::test]
async fn objects_go_when_their_time_in_the_collection_is_over() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        admin(&server, Method::PUT, "/admin/collections/feeds/private/sharing/", json!({ "retention_days": 30 })).await.expect(200);
        server.writer().add(OBJECTS, &indicators(3)).await;
        server.clock.advance(20 * 86_400);
        server.writer().add(OBJECTS, &[with(&indicator(1), json!({ "modified": "2024-05-10T00:00:00.000Z" }))]).await;
        assert_eq!(server.feed.retire().await.unwrap(), 0);
        server.clock.advance(11 * 86_400);
        assert_eq!(server.feed.retire().await.unwrap(), 2);
        assert_eq!(names(&server.writer().get(OBJECTS).await.expect(200)), ["sample 1"]);
        // They may come again.
        server.writer().add(OBJECTS, &[indicator(0)]).await;
    }
}

#[tokio::test]
async fn the_log_answers_who_could_have_seen_an_indicator_and_who_did() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let acme = partner(&server, "acme", json!({}), &[("feeds/private", json!({ "read": true }))]).await;
        let amber = json!({ "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"] });
        server.admin().add(OBJECTS, &[indicator(1), with(&indicator(2), amber)]).await;
        let readers = async |number: usize| {
            let path = format!("/admin/collections/feeds/private/objects/{}/readers/", id("indicator", number));
            server.admin().get(path).await.expect(200).json()["versions"].clone()
        };
        let told = |version: &Value, name: &str| -> Vec<String> {
            let all = version[name].as_array().unwrap().iter();
            all.map(|one| one.as_str().or_else(|| one["who"].as_str()).unwrap().to_owned()).collect()
        };
        // The reader is cleared for GREEN.
        let before = readers(2).await;
        assert_eq!(told(&before[0], "could"), ["acme", "admin", "writer"]);
        assert_eq!(told(&before[0], "did"), Vec::<String>::new());
        acme.without_mirror().get(OBJECTS).await.expect(200);
        server.reader().without_mirror().get(OBJECTS).await.expect(200);
        assert_eq!(told(&readers(1).await[0], "did"), ["acme", "reader"]);
        let of_amber = readers(2).await;
        assert!(told(&of_amber[0], "could").iter().all(|name| name != "reader"));
        // The page of the reader went over its place, but the object was not on it.
        assert_eq!(told(&of_amber[0], "did"), ["acme"]);
        // A later version is another one.
        server.admin().add(OBJECTS, &[with(&indicator(1), json!({ "modified": "2024-05-01T00:00:00.000Z", "revoked": true }))]).await;
        let both = readers(1).await;
        assert_eq!((told(&both[0], "did"), told(&both[1], "did")), (Vec::new(), vec!["acme".to_owned(), "reader".to_owned()]));
        // It is not forgotten with the process.
        server.feed.keep_handed().await.unwrap();
        let kept = server.feed.papers(taxiway::store::paper::Kind::Handed).await.unwrap();
        assert_eq!(kept.len(), 2);
        server.reader().get("/admin/consumers/").await.expect(403);
    }
}

#[tokio::test]
async fn consumers_are_told_how_far_they_are_and_why_there_is_nothing() {
    let server = Server::start().await;
    let acme = partner(&server, "acme", json!({ "clearance": "green" }), &[("feeds/private", json!({ "read": true }))]).await;
    server.admin().add(OBJECTS, &indicators(3)).await;
    acme.clone().without_mirror().get(format!("{OBJECTS}?limit=2")).await.expect(200);
    let own = acme.get("/desk/consumers/").await.expect(200).json()["consumers"].clone();
    assert_eq!((&own[0]["user"], &own[0]["objects"], &own[0]["objects_behind"]), (&json!("acme"), &json!(2), &json!(1)));
    assert_eq!(own.as_array().unwrap().len(), 1);
    let last = acme.clone().without_mirror().get(OBJECTS).await.expect(200).last().to_owned();
    let amber = json!({ "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"] });
    server.admin().add(OBJECTS, &[with(&indicator(9), amber)]).await;
    acme.without_mirror().get(format!("{OBJECTS}?added_after={last}")).await.expect(200);
    let all = server.admin().get("/admin/consumers/").await.expect(200).json()["consumers"].clone();
    assert_eq!(all[0]["hidden"], "what is new is above its clearance");
    let own = server.user("acme").get("/desk/consumers/").await.expect(200).json()["consumers"].clone();
    assert_eq!(own[0].get("hidden"), None, "which nobody is told who is not cleared for it");
    assert_eq!((&own[0]["errors"], own[0].get("last_error")), (&json!(0), None));
    server.user("acme").get(format!("{OBJECTS}?added_after=yesterday")).await.expect(400);
    server.user("acme").accept("text/html").get(OBJECTS).await.expect(406);
    let own = server.user("acme").get("/desk/consumers/").await.expect(200).json()["consumers"].clone();
    assert_eq!((&own[0]["errors"], &own[0]["last_error"]), (&json!(2), &json!(406)));
}

#[tokio::test]
async fn a_partner_is_made_changed_and_removed() {
    let server = Server::start().await;
    let _ = partner(&server, "acme", json!({}), &[("feeds/private", json!({ "read": true }))]).await;
    admin(&server, Method::POST, "/admin/partners/", json!({ "name": "acme", "title": "Again" })).await.expect(409);
    admin(&server, Method::POST, "/admin/partners/", json!({ "name": "A b", "title": "x" })).await.expect(422);
    for wrong in [json!({ "title": "x", "clearance": "unmarked" }), json!({ "title": "x", "expires": "soon" }), json!({ "title": "x", "y": 1 })] {
        admin(&server, Method::PUT, "/admin/partners/acme/", wrong).await.expect(422);
    }
    let shown = server.admin().get("/admin/partners/acme/").await.expect(200).json();
    assert_eq!((&shown["users"], &shown["shares"]["feeds/private"]["read"]), (&json!(["acme"]), &json!(true)));
    server.admin().delete("/admin/partners/acme/").await.expect(409);
    server.admin().delete("/admin/partners/acme/shares/feeds/private/").await.expect(204);
    server.user("acme").get(OBJECTS).await.expect(404);
    admin(&server, Method::PUT, "/admin/users/acme/partner/", json!({ "partner": null })).await.expect(200);
    server.admin().delete("/admin/partners/acme/").await.expect(204);
    admin(&server, Method::PUT, "/admin/users/acme/partner/", json!({ "partner": "acme" })).await.expect(404);
}

/// A stream of events, as far as it has come.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn of(server: &Server, headers: &[(&str, &str)], query: &str) -> Self {
        let url = format!("http://{}/events/feeds/private/{query}", server.address);
        let mut request = crate::support::client::http().get(url).basic_auth("writer", Some(PASSWORD));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event: its id and the object.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.text.clone().split_once("\n\n") {
                rest.to_owned().clone_into(&mut self.text);
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                if let (Some(id), Some(data)) = (field("id: "), field("data: ")) {
                    return (id.to_owned(), serde_json::from_str(data).unwrap());
                }
                continue;
            }
            self.text += &String::from_utf8_lossy(&self.response.chunk().await.unwrap().expect("it goes on"));
        }
    }
}

#[tokio::test]
async fn events_tell_what_is_new_and_go_on_where_they_were() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &[indicator(1)]).await;
        let mut stream = Stream::of(&server, &[], "").await;
        server.writer().add(OBJECTS, &[indicator(2), indicator(3)]).await;
        let (first, told) = stream.next().await;
        assert_eq!((&told["object"], &told["date_added"]), (&indicator(2), &json!(first)), "what was there before is not told");
        assert_eq!(stream.next().await.1["object"], indicator(3));
        drop(stream);
        server.writer().add(OBJECTS, &[indicator(4)]).await;
        let mut again = Stream::of(&server, &[("last-event-id", &first)], "").await;
        assert_eq!((again.next().await.1["object"].clone(), again.next().await.1["object"].clone()), (indicator(3), indicator(4)));
        let mut all = Stream::of(&server, &[], "?added_after=2000-01-01T00:00:00Z").await;
        assert_eq!(all.next().await.1["object"], indicator(1));
        // Who may read no more is told no more.
        let (user, collection) = ("writer".to_owned(), server.id_of("feeds", "private"));
        server.feed.edit(vec![Edit::Grant { user, collection, rights: taxiway::store::directory::Rights::default() }], None).await.unwrap();
        server.admin().add(OBJECTS, &[indicator(5)]).await;
        while let Ok(Some(piece)) = again.response.chunk().await {
            assert!(!String::from_utf8_lossy(&piece).contains("sample 5"));
        }
        server.anonymous().get("/events/feeds/private/").await.expect(404);
        server.admin().get("/events/feeds/private/?added_after=yesterday").await.expect(400);
    }
}

#[tokio::test]
async fn the_console_shows_what_is_shared_and_a_partner_agrees_there() {
    let server = Server::start().await;
    let hostile = crate::support::console::NASTY;
    admin(&server, Method::PUT, "/admin/collections/feeds/private/sharing/", json!({ "terms": format!("Be kind. {hostile}") })).await.expect(200);
    let acme = partner(&server, "acme", json!({ "title": hostile }), &[("feeds/private", json!({ "read": true }))]).await;
    let link = json!({ "name": "to-acme", "kind": "push", "collection": "feeds/private", "partner": "acme", "url": "https://acme.example/r/collections/1/" });
    admin(&server, Method::POST, "/admin/links/", link).await.expect(201);
    let operator = Browser::of(&server, "admin").await.get("/console/sharing/").await.expect(200);
    assert!(operator.text().contains("to-acme") && operator.text().contains("https://acme.example/"), "{operator}");
    acme.get(OBJECTS).await.expect(403);
    let browser = Browser::of(&server, "acme").await;
    let page = browser.get("/console/sharing/").await.expect(200);
    assert!(!page.text().contains("to-acme") && page.text().contains("Be kind."));
    let (collection, digest) = (page.between("name=\"collection\" value=\"", "\""), page.between("name=\"digest\" value=\"", "\""));
    let form = |digest| [("collection", collection.to_owned()), ("digest", digest)];
    let post = async |digest: String| {
        let form = form(digest);
        browser.post("/console/sharing/terms/", &form.each_ref().map(|(name, value)| (*name, value.as_str()))).await.expect(303)
    };
    post("0".repeat(64)).await;
    acme.get(OBJECTS).await.expect(403);
    post(digest.to_owned()).await;
    acme.get(OBJECTS).await.expect(200);
}

/// Runs a verb, which must succeed; what it says to standard output.
fn does(server: &crate::program::Server, folder: &std::path::Path, arguments: &[&str], secret: &str) -> String {
    let mut command = crate::program::taxiway(folder, arguments);
    command.args(["--url", &server.url]).env("TAXIWAY_ADMIN_PASSWORD", crate::program::ADMIN_PASSWORD);
    command.env("TAXIWAY_PASSWORD", PASSWORD).env("TAXIWAY_LINK_SECRET", secret);
    let (exit, out, err) = crate::program::finish(&mut command);
    assert_eq!(exit, 0, "{arguments:?}: {err}");
    out
}

#[tokio::test]
async fn two_programs_share_by_themselves_as_the_command_line_says() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [here, there] = [0, 1].map(|at| crate::program::Server::start(folders[at].path()));
    let at = |server, folder: usize, line: &str, secret: &str| does(server, folders[folder].path(), &line.split(' ').collect::<Vec<_>>(), secret);
    at(&here, 0, "root add feeds --title Feeds", "");
    at(&there, 1, "root add feeds --title Feeds", "");
    for (server, folder) in [(&here, 0), (&there, 1)] {
        at(server, folder, "collection add feeds/own --title Own --ceiling amber --retention 90", "");
        at(server, folder, "partner add other --title Other --clearance amber --named", "");
        at(server, folder, "user add other --clearance amber --partner other", "");
        at(server, folder, "partner share other feeds/own read,write", "");
    }
    at(&here, 0, "collection add feeds/sure --title Sure --view-of feeds/own --min-confidence 70", "");
    let url = format!("{}/feeds/collections/own/", there.url);
    at(&here, 0, &format!("link add to-other push feeds/sure {url} --partner other --as basic --user other --clearance amber"), PASSWORD);
    let add = |value: &str, confidence: &str| {
        let line = ["add", "feeds/own", value, "--confidence", confidence];
        does(&here, folders[0].path(), &line, "")
    };
    add("evil-update-4711.com", "80");
    add("unsure-update-4711.com", "20");
    // It goes by itself; how long that takes is for nobody to measure here.
    let client = reqwest::Client::new();
    let objects = async || {
        let get = client.get(format!("{}/feeds/collections/own/objects/?match[type]=indicator", there.url));
        let page = get.basic_auth("other", Some(PASSWORD)).send().await.unwrap().json::<Value>().await.unwrap();
        page["objects"].as_array().cloned().unwrap_or_default()
    };
    let arrived = tokio::time::timeout(std::time::Duration::from_mins(1), async {
        loop {
            let found = objects().await;
            if !found.is_empty() {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    let arrived = arrived.await.expect("it never arrives");
    assert_eq!(arrived.len(), 1);
    assert!(arrived[0]["pattern"].as_str().unwrap().contains("'evil-update-4711.com'"));
    let shown = at(&here, 0, "link show to-other", "");
    assert!(shown.contains("push feeds/sure") && !shown.contains(PASSWORD), "{shown}");
    assert!(at(&there, 1, "consumers", "").contains("feeds/own"));
    let id = arrived[0]["id"].as_str().unwrap();
    let readers = at(&there, 1, &format!("readers feeds/own {id}"), "");
    assert!(readers.contains("may be read by  admin, other") && readers.contains("was handed to   other"), "{readers}");
    at(&there, 1, &format!("delete feeds/own {id} --reason mistake"), "");
    assert!(objects().await.is_empty());
    at(&here, 0, "link pause to-other", "");
    assert!(at(&here, 0, "link list", "").contains("rests"));
    at(&here, 0, "link remove to-other", "");
    assert!(at(&here, 0, "collection show feeds/own", "").contains("ceiling      amber"));
    assert!(at(&here, 0, "partner show other", "").contains("shared     feeds/own: read, write"));
}
