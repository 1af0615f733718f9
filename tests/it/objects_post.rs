//! `POST …/objects/` (TAXII 2.1 §5.5).

use serde_json::{Value, json};
use taxiway::stix::marking::Level;

use crate::support::samples::{CREATED, id, indicator, indicators, malware, marked, marking_definition, revised, url, with};
use crate::support::server::{EVERY_STORE, MANIFEST, OBJECTS, PUBLIC_OBJECTS, Server};

fn envelope(objects: &[Value]) -> String {
    json!({ "objects": objects }).to_string()
}

#[tokio::test]
async fn t140_t148_what_is_accepted_is_complete_and_visible_everywhere() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let reply = server.writer().post(OBJECTS, envelope(&indicators(3))).await.expect(202);
        assert_eq!((reply.get("status"), reply.get("success_count")), (json!("complete"), json!(3)));
        assert_eq!(server.writer().get(OBJECTS).await.objects(), indicators(3));
        assert_eq!(server.writer().get(MANIFEST).await.ids().len(), 3);
        for object in indicators(3) {
            let path = format!("{OBJECTS}{}/", object["id"].as_str().unwrap());
            assert_eq!(server.writer().get(&path).await.expect(200).objects(), [object]);
            assert_eq!(server.writer().get(path + "versions/").await.expect(200).list("versions"), [CREATED]);
        }
    }
}

#[tokio::test]
async fn t141_t142_a_duplicate_is_a_success_that_changes_nothing() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let all = [indicator(0), marking_definition(0), url(0)];
        server.writer().add(OBJECTS, &all).await;
        let before = server.writer().get(MANIFEST).await.json();
        server.clock.advance(60);
        let status = server.writer().add(OBJECTS, &all).await;
        assert!(status.get("failures").is_none(), "{status}");
        // Another order of members and other white space are the same object.
        let turned = format!("{{\n\"objects\" : [ {{ \"modified\": \"{CREATED}\", {} ] }}", &with(&indicator(0), json!({})).to_string()[1..]);
        let turned = turned.replacen(&format!("\"modified\":\"{CREATED}\","), "", 1);
        let status = server.writer().post(OBJECTS, turned).await.expect(202);
        assert_eq!(status.get("success_count"), 1, "{status}");
        assert_eq!(server.writer().get(format!("{MANIFEST}?match[version]=all")).await.json(), before);
    }
}

#[tokio::test]
async fn t142_t141_duplicates_within_one_envelope() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let status = server.writer().add(OBJECTS, &[indicator(0), url(0), indicator(0), url(0)]).await;
        assert_eq!(status["total_count"], 4);
        assert_eq!(server.writer().get(format!("{MANIFEST}?match[version]=all")).await.ids(), [id("indicator", 0), id("url", 0)]);
    }
}

#[tokio::test]
async fn t143_t116_objects_are_judged_one_by_one() {
    let server = Server::start().await;
    let objects =
        [indicator(0), json!({}), with(&indicator(1), json!({ "id": "nonsense" })), with(&malware(0), json!({ "type": "indicator" })), malware(1)];
    let reply = server.writer().post(OBJECTS, envelope(&objects)).await.expect(202);
    assert_eq!((reply.get("success_count"), reply.get("failure_count")), (json!(2), json!(3)), "{reply}");
    let failures = reply.list("failures");
    assert_eq!((&failures[1]["id"], &failures[2]["id"]), (&json!("nonsense"), &objects[3]["id"]));
    assert!(failures.iter().all(|failure| failure["message"].as_str().is_some_and(|message| !message.is_empty())), "{reply}");
    assert_eq!(server.writer().get(OBJECTS).await.ids(), [id("indicator", 0), id("malware", 1)]);
}

#[tokio::test]
async fn t144_what_is_not_json_is_400() {
    let server = Server::start().await;
    let good = envelope(&[indicator(0)]);
    let not_utf8 = [&good.as_bytes()[..good.len() - 3], b"\xff\xfe", &good.as_bytes()[good.len() - 3..]].concat();
    let bodies = [
        b"".to_vec(),
        b"nonsense".to_vec(),
        good.as_bytes()[..good.len() - 2].to_vec(),
        format!("{good} {good}").into_bytes(),
        format!("\u{feff}{good}").into_bytes(),
        good.replace('"', "'").into_bytes(),
        format!("{},}}", &good[..good.len() - 1]).into_bytes(),
        not_utf8,
        good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ];
    for body in bodies {
        server.writer().post(OBJECTS, body).await.expect_any(&[400, 422]);
    }
    assert!(server.writer().get(OBJECTS).await.objects().is_empty());
}

#[tokio::test]
async fn t145_t146_json_that_is_no_envelope_is_422() {
    let server = Server::start().await;
    for body in [
        "[]",
        "\"text\"",
        "1",
        "null",
        "true",
        "{}",
        r#"{"objects":[]}"#,
        r#"{"objects":null}"#,
        r#"{"objects":{}}"#,
        r#"{"objects":"x"}"#,
        r#"{"Objects":[{}]}"#,
        r#"{"objects":[{}],"objects":[{}]}"#,
    ] {
        server.writer().post(OBJECTS, body).await.expect(422);
    }
    for element in ["1", "null", "[]", "\"text\"", "[{}]"] {
        let reply = server.writer().post(OBJECTS, format!(r#"{{"objects":[{element}]}}"#)).await.expect_any(&[202, 400, 422]);
        assert!(reply.status != 202 || reply.get("failure_count") == 1, "{reply}");
    }
}

#[tokio::test]
async fn t001_objects_that_are_no_i_json_are_refused() {
    let server = Server::start().await;
    let text = indicator(0).to_string();
    for (what, bad) in [
        ("twin keys", text.replacen('{', "{\"name\":\"twin\",", 1)),
        ("inner twin keys", text.replacen('{', "{\"x_a\":{\"b\":1,\"b\":2},", 1)),
        ("a lone surrogate", text.replacen('{', "{\"x_a\":\"\\ud800\",", 1)),
        ("a number beyond any", text.replacen('{', "{\"x_a\":1e999,", 1)),
    ] {
        let reply = server.writer().post(OBJECTS, format!(r#"{{"objects":[{bad}]}}"#)).await.expect_any(&[202, 400, 422]);
        assert!(reply.status != 202 || reply.get("failure_count") == 1, "{what}: {reply}");
        assert!(server.writer().get(OBJECTS).await.objects().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn t147_t154_t175_q14_bundles_and_unknown_properties() {
    let server = Server::start().await;
    for (number, around) in [
        json!({ "type": "bundle", "id": id("bundle", 1) }),
        json!({ "type": "bundle", "id": id("bundle", 1), "spec_version": "2.1" }),
        json!({ "more": true, "next": "abc" }),
        json!({ "more": "nonsense", "x_mine": { "a": [1] } }),
    ]
    .iter()
    .enumerate()
    {
        let body = with(around, json!({ "objects": [indicator(number)] }));
        let reply = server.writer().post(OBJECTS, body.to_string()).await.expect(202);
        assert_eq!(reply.get("success_count"), 1, "{reply}");
    }
    assert_eq!(server.writer().get(OBJECTS).await.objects(), indicators(4));
}

#[tokio::test]
async fn q14_a_bundle_among_the_objects_is_not_stored_as_an_object() {
    let server = Server::start().await;
    let bundle = json!({ "type": "bundle", "id": id("bundle", 1), "objects": [indicator(0)] });
    let reply = server.writer().post(OBJECTS, envelope(&[bundle])).await.expect_any(&[202, 422]);
    assert!(reply.status == 422 || reply.get("failure_count") == 1, "{reply}");
    assert!(server.writer().get(OBJECTS).await.objects().is_empty());
}

#[tokio::test]
async fn t149_versions_may_come_in_any_order() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let newest = "2021-03-09T00:00:00.000Z";
        for version in ["2021-03-05T00:00:00.000Z", newest, CREATED] {
            server.writer().add(OBJECTS, &[revised(&indicator(0), version)]).await;
        }
        assert_eq!(server.writer().get(OBJECTS).await.objects(), [revised(&indicator(0), newest)]);
        assert_eq!(server.writer().get(format!("{MANIFEST}?match[version]=all")).await.ids().len(), 3);
    }
}

#[tokio::test]
async fn t150_the_same_version_with_other_content_keeps_the_first() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &[indicator(0)]).await;
        for spelling in [CREATED, "2021-03-02T00:00:00.000000Z"] {
            let other = with(&indicator(0), json!({ "name": "other", "modified": spelling }));
            let reply = server.writer().post(OBJECTS, envelope(&[other])).await.expect(202);
            assert_eq!(reply.get("failure_count"), 1, "{reply}");
        }
        assert_eq!(server.writer().get(format!("{OBJECTS}?match[version]=all")).await.objects(), [indicator(0)]);
    }
}

#[tokio::test]
async fn t131_without_the_right_nothing_is_stored() {
    let server = Server::start().await;
    let body = envelope(&[indicator(0)]);
    server.reader().post(OBJECTS, body.clone()).await.expect(403);
    server.user("nobody").post(OBJECTS, body.clone()).await.expect(404);
    server.user("nobody").post(PUBLIC_OBJECTS, body.clone()).await.expect(403);
    server.anonymous().post(PUBLIC_OBJECTS, body.clone()).await.expect(401);
    server.anonymous().post(OBJECTS, body.clone()).await.expect_any(&[401, 404]);
    server.writer().post("/feeds/collections/outbox/objects/", body).await.expect(403);
    for collection in ["private", "public", "outbox"] {
        assert!(server.admin().get(format!("/feeds/collections/{collection}/objects/")).await.expect(200).ids().is_empty());
    }
}

#[tokio::test]
async fn q9_an_object_from_the_future_is_not_let_in() {
    let server = Server::start().await;
    let reply = server.writer().post(OBJECTS, envelope(&[revised(&indicator(0), "2030-01-01T00:00:00.000Z")])).await.expect(202);
    assert_eq!(reply.get("failure_count"), 1, "{reply}");
    let soon = revised(&indicator(1), "2024-05-01T12:00:30.000Z");
    server.writer().add(OBJECTS, &[soon]).await;
}

#[tokio::test]
async fn t148_an_envelope_is_one_write_in_its_own_order() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let mixed = [malware(3), indicator(1), marked(&indicator(0), Level::Green), url(2)];
        server.writer().add(OBJECTS, &mixed).await;
        assert_eq!(server.writer().get(OBJECTS).await.objects(), mixed);
    }
}

#[tokio::test]
async fn t098_invariant_3_objects_come_back_as_the_bytes_that_came() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let objects = [
            // Key order, white space, digits of a time, escapes, numbers beyond 2^53 and their spellings, Unicode in both forms.
            format!(
                "{{ \"modified\" : \"2021-03-02T00:00:00.1200Z\",\t\"x_big\":123456789012345678901234567890 ,\n \"id\":\"{}\",\"type\":\"indicator\",\
                 \"created\":\"2021-03-02T00:00:00.0000Z\",\"spec_version\":\"2.1\",\"name\":\"\\u00e4\\/ä e\\u0301 \\ud83d\\ude00😀\",\
                 \"pattern\":\"[url:value = 'http://x.example/']\",\"pattern_type\":\"stix\",\"valid_from\":\"2021-03-02T00:00:00Z\",\
                 \"indicator_types\":[ \"unknown\" ],\"x_float\":1.0,\"x_exp\":1E+2,\"x_neg\":-0.0,\"x_tail\":0.10,\"x_null\":[{{}},[],\"\"]}}",
                id("indicator", 0)
            ),
            format!("{{\"value\":\"https://x.example/\\u0061b\",  \"id\":\"{}\" , \"type\":\"url\"}}", id("url", 0)),
            marking_definition(0).to_string(),
        ];
        let body = format!("{{\"objects\":[\n {}\n]}}", objects.join(" ,\r\n  "));
        let status = server.writer().post(OBJECTS, body).await.expect(202);
        assert_eq!(status.get("success_count"), 3, "{status}");
        let page = server.writer().get(OBJECTS).await.expect(200).body;
        assert_eq!(String::from_utf8(page.to_vec()).unwrap(), format!("{{\"more\":false,\"objects\":[{}]}}", objects.join(",")));
        for (object, name) in objects.iter().zip([id("indicator", 0), id("url", 0), id("marking-definition", 0)]) {
            let one = server.writer().get(format!("{OBJECTS}{name}/")).await.expect(200).body;
            assert_eq!(String::from_utf8(one.to_vec()).unwrap(), format!("{{\"more\":false,\"objects\":[{object}]}}"));
        }
        let bundle = server.writer().accept("application/vnd.oasis.stix+json; version=2.0").get(OBJECTS).await.expect(200).body;
        assert!(String::from_utf8(bundle.to_vec()).unwrap().ends_with(&format!("\"objects\":[{}]}}", objects.join(","))));
    }
}
