//! `GET …/objects/`: parameters and filters (TAXII 2.1 §3.4, §5.4). The manifest is asked the same after each page (see `support/client.rs`).

use serde_json::{Value, json};

use crate::support::client::{Client, Reply};
use crate::support::samples::{
    CREATED, extension_definition, id, identity, indicator, indicators, language_content, malware, marking_definition, relationship, revised, url,
    with,
};
use crate::support::server::{EVERY_STORE, MANIFEST, OBJECTS, PAGE_DEFAULT, PAGE_MAX, Server};

const FIRST: &str = "2021-03-02T00:00:00.000Z";
const MIDDLE: &str = "2021-03-03T00:00:00.000Z";
const LAST: &str = "2021-03-04T00:00:00.000Z";

async fn ask(client: &Client, query: &str) -> Reply {
    client.get(format!("{OBJECTS}?{query}")).await.expect(200)
}

async fn refused(client: &Client, query: &str) {
    for endpoint in [OBJECTS, MANIFEST] {
        client.get(format!("{endpoint}?{query}")).await.expect(400);
    }
}

/// `modified` of each object.
fn versions(reply: &Reply) -> Vec<String> {
    reply.objects().iter().map(|object| object["modified"].as_str().unwrap().to_owned()).collect()
}

/// A server with three versions of the first indicator, posted in the order middle, last, first, and one of the second.
async fn with_versions() -> Server {
    let server = Server::start().await;
    for version in [MIDDLE, LAST, FIRST] {
        server.writer().add(OBJECTS, &[revised(&indicator(0), version)]).await;
    }
    server.writer().add(OBJECTS, &[indicator(1)]).await;
    server
}

#[tokio::test]
async fn t138_t093_t097_everything_that_is_a_stix_object_comes_in_an_envelope() {
    let server = Server::start().await;
    let all = [identity(0), indicator(0), malware(0), relationship(0), url(0), marking_definition(0), language_content(0), extension_definition(0)];
    server.writer().add(OBJECTS, &all).await;
    let reply = server.writer().get(OBJECTS).await.expect(200);
    assert_eq!(reply.objects(), all);
    assert!(!reply.more());
}

#[tokio::test]
async fn t094_t139_t089_q15_nothing_found_is_an_empty_envelope() {
    let server = Server::start().await;
    assert_eq!(server.writer().get(OBJECTS).await.expect(200).json(), json!({ "more": false }));
    server.writer().add(OBJECTS, &[indicator(0)]).await;
    for query in ["match[type]=malware", "added_after=2030-01-01T00:00:00.000000Z", "match[spec_version]=2.0"] {
        assert_eq!(ask(&server.writer(), query).await.json(), json!({ "more": false }), "{query}");
    }
}

#[tokio::test]
async fn t032_q6_an_empty_page_repeats_added_after_and_never_says_now() {
    let server = Server::start().await;
    for filled in [false, true] {
        if filled {
            server.writer().add(OBJECTS, &[indicator(0)]).await;
        }
        let reply = ask(&server.writer(), "added_after=2024-05-02T00:00:00.000001Z").await;
        assert_eq!((reply.first(), reply.last()), ("2024-05-02T00:00:00.000001Z", "2024-05-02T00:00:00.000001Z"));
        assert_eq!(ask(&server.writer(), "match[type]=malware").await.last(), "");
        let short = ask(&server.writer(), "added_after=2024-05-02T00:00:00Z").await;
        assert_eq!(short.last(), "2024-05-02T00:00:00.000000Z");
    }
}

#[tokio::test]
async fn t032_t006_the_edges_of_time_give_no_wrong_header() {
    let server = Server::start().await;
    for edge in ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z"] {
        for endpoint in [OBJECTS, MANIFEST] {
            let reply = server.writer().get(format!("{endpoint}?added_after={edge}")).await.expect_any(&[200, 400]);
            // Nothing was added before 1970, so that this is as early as any time before it.
            assert!(reply.last() <= edge.max("1970-01-01T00:00:00.000000Z"), "{reply}");
        }
    }
}

#[tokio::test]
async fn t030_t031_t033_dates_are_those_of_the_first_and_the_last_object() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(3)).await;
    let manifest = server.writer().get(MANIFEST).await.expect(200).objects();
    let added: Vec<&str> = manifest.iter().map(|record| record["date_added"].as_str().unwrap()).collect();
    let all = ask(&server.writer(), "").await;
    assert_eq!((all.first(), all.last()), (added[0], added[2]));
    let one = ask(&server.writer(), "limit=1").await;
    assert_eq!((one.first(), one.last()), (added[0], added[0]));
    let head = server.writer().head(OBJECTS).await.expect(200);
    assert_eq!((head.first(), head.last()), (added[0], added[2]), "T-026");
}

#[tokio::test]
async fn t035_t037_t041_the_order_is_that_of_adding_not_of_the_times_inside() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let posted = [(3, LAST), (1, FIRST), (2, MIDDLE), (0, LAST)].map(|(number, version)| revised(&indicator(number), version));
        for object in &posted {
            server.writer().add(OBJECTS, std::slice::from_ref(object)).await;
        }
        assert_eq!(server.writer().get(OBJECTS).await.expect(200).objects(), posted);
        // An older version that comes later is later in the order, and not the latest version (T-069).
        server.writer().add(OBJECTS, &[revised(&indicator(3), FIRST)]).await;
        let all = ask(&server.writer(), "match[version]=all").await;
        assert_eq!(all.ids().last(), Some(&id("indicator", 3)));
        assert_eq!(server.writer().get(OBJECTS).await.expect(200).objects(), posted);
    }
}

#[tokio::test]
async fn t039_t042_added_after_is_strict_and_of_the_order() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(3)).await;
    let added: Vec<String> =
        server.writer().get(MANIFEST).await.objects().iter().map(|record| record["date_added"].as_str().unwrap().to_owned()).collect();
    for (at, stamp) in added.iter().enumerate() {
        let expected: Vec<String> = (at + 1..3).map(|number| id("indicator", number)).collect();
        assert_eq!(ask(&server.writer(), &format!("added_after={stamp}")).await.ids(), expected);
    }
    assert_eq!(ask(&server.writer(), "added_after=2021-03-05T00:00:00.000000Z").await.ids().len(), 3, "not the time inside");
}

#[tokio::test]
async fn t038_t040_t043_what_is_no_added_after_is_400() {
    let server = Server::start().await;
    for bad in [
        "",
        "now",
        "2021-03-02",
        "2021-03-02T00:00:00",
        "2021-13-02T00:00:00Z",
        "2021-02-30T00:00:00Z",
        "2021-03-02T25:00:00Z",
        "2021-03-02T00:60:00Z",
        "2021-03-02T00:00:00%2B00:00",
        "2021-03-02T00:00:00+01:00",
        "2021-03-02t00:00:00z",
        "2021-03-02 00:00:00Z",
        "2021-03-02T00:00:00.Z",
        "1614643200",
        "%FF",
        "2021-03-02T00:00:00Z,2021-03-03T00:00:00Z",
        "2021-03-02T00:00:00Z&added_after=2021-03-02T00:00:00Z",
    ] {
        refused(&server.writer(), &format!("added_after={bad}")).await;
    }
}

#[tokio::test]
async fn t044_digits_of_added_after_are_cut_and_never_rounded_up() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(2)).await;
    let first = ask(&server.writer(), "limit=1").await.first().to_owned();
    let seconds = first.split('.').next().unwrap();
    for digits in ["", ".0", ".00", ".000", ".0000", ".00000", ".000000", ".0000000", ".00000000", ".000000000"] {
        assert_eq!(ask(&server.writer(), &format!("added_after={seconds}{digits}Z")).await.ids().len(), 2, "{digits}");
    }
    let beyond = first.replace('Z', "999Z");
    assert_eq!(ask(&server.writer(), &format!("added_after={beyond}")).await.ids(), [id("indicator", 1)]);
    // 999 ns before the first object must not become the first object's own microsecond.
    let stamp = taxiway::taxii::stamp::Stamp::parse(&first).unwrap();
    let before = taxiway::taxii::stamp::Stamp(stamp.0 - 1).to_string().replace('Z', "999Z");
    assert_eq!(ask(&server.writer(), &format!("added_after={before}")).await.ids().len(), 2);
}

#[tokio::test]
async fn t045_t050_what_is_no_limit_is_400() {
    let server = Server::start().await;
    for bad in ["0", "-1", "1.5", "1.0", "ten", "", "%201", "+1", "1e3", "0x10", "١", "1&limit=1", "1,2", "00"] {
        refused(&server.writer(), &format!("limit={bad}")).await;
    }
}

#[tokio::test]
async fn t046_t047_t048_t049_q24_limits_cap_pages() {
    let server = Server::start().await;
    for chunk in indicators(PAGE_MAX + 10).chunks(20) {
        server.writer().add(OBJECTS, chunk).await;
    }
    for (limit, expected) in [("1", 1), ("7", 7), ("50", PAGE_MAX), ("5000", PAGE_MAX), ("9007199254740991", PAGE_MAX)] {
        let reply = ask(&server.writer(), &format!("limit={limit}")).await;
        assert_eq!((reply.objects().len(), reply.more()), (expected, true), "{limit}");
    }
    for huge in ["9007199254740993", "18446744073709551616", "99999999999999999999999999999999"] {
        let reply = server.writer().get(format!("{OBJECTS}?limit={huge}")).await.expect_any(&[200, 400]);
        assert!(reply.status == 400 || reply.objects().len() == PAGE_MAX);
    }
    assert_eq!(ask(&server.writer(), "").await.objects().len(), PAGE_DEFAULT, "a page of a sane size when no limit is sent");
    let five = (0..5).map(|number| id("indicator", number)).collect::<Vec<_>>().join(",");
    for limit in [5, 6] {
        let reply = ask(&server.writer(), &format!("limit={limit}&match[id]={five}")).await;
        assert_eq!((reply.objects().len(), reply.more(), reply.next()), (5, false, None));
    }
}

#[tokio::test]
async fn t055_t038_a_match_field_stands_once() {
    let server = Server::start().await;
    for (field, value) in [("id", id("indicator", 0)), ("type", "indicator".into()), ("version", "all".into()), ("spec_version", "2.1".into())] {
        refused(&server.writer(), &format!("match[{field}]={value}&match[{field}]={value}")).await;
        refused(&server.writer(), &format!("match[{field}]={value}&match%5B{field}%5D={value}")).await;
    }
}

#[tokio::test]
async fn t056_t057_t062_t065_t066_t067_types_are_ored_and_fields_anded() {
    let server = Server::start().await;
    let custom = with(&malware(9), json!({ "type": "x-sample", "id": id("x-sample", 9) }));
    server.writer().add(OBJECTS, &[indicator(0), malware(0), identity(0), url(0), marking_definition(0)]).await;
    server.writer().post(OBJECTS, json!({ "objects": [custom] }).to_string()).await.expect(202);
    let types = async |query: &str| {
        let reply = ask(&server.writer(), query).await;
        reply.objects().iter().map(|object| object["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(types("match[type]=indicator").await, ["indicator"]);
    assert_eq!(types("match[type]=malware,indicator").await, ["indicator", "malware"]);
    assert_eq!(types("match%5Btype%5D=malware%2Cindicator").await, ["indicator", "malware"]);
    assert_eq!(types(&format!("match[type]=malware,indicator&match[id]={},{}", id("malware", 0), id("identity", 0))).await, ["malware"]);
    assert_eq!(types("match[type]=x-unknown").await, [""; 0]);
    assert!(types("match[type]=Indicator").await.is_empty(), "names are of small letters");
    for name in ["attack-pattern", "sighting", "x509-certificate", "language-content", "extension-definition", "network-traffic"] {
        assert!(types(&format!("match[type]={name}")).await.is_empty());
    }
    assert!(types("match[type]=x-sample").await.iter().all(|name| name == "x-sample"));
    assert!(types("match[type]=%2569ndicator").await.is_empty(), "decoded once");
}

#[tokio::test]
async fn t063_t064_ids() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(4)).await;
    let list = format!("match[id]={},{},{}", id("indicator", 3), id("indicator", 1), id("indicator", 99));
    assert_eq!(ask(&server.writer(), &list).await.ids(), [id("indicator", 1), id("indicator", 3)]);
    assert!(ask(&server.writer(), &format!("match[id]={}", id("indicator", 99))).await.ids().is_empty());
    for odd in ["foo", "indicator--", "--", "indicator--%00", "%FF--%FF", "indicator--../../x"] {
        for endpoint in [OBJECTS, MANIFEST] {
            let reply = server.writer().get(format!("{endpoint}?match[id]={odd}")).await.expect_any(&[200, 400]);
            assert!(reply.status == 400 || reply.ids().is_empty());
        }
    }
}

#[tokio::test]
async fn t061_empty_values_are_400() {
    let server = Server::start().await;
    for field in ["id", "type", "version", "spec_version"] {
        for value in ["", ",", "a,,b", ",a", "a,"] {
            refused(&server.writer(), &format!("match[{field}]={value}")).await;
        }
        refused(&server.writer(), &format!("match[{field}]")).await;
    }
}

#[tokio::test]
async fn t058_t059_q19_unknown_parameters_are_passed_over() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(2)).await;
    for query in ["match[match[type]]=x", "match[foo]=x", "match[]=x", "match=x", "foo=1&foo=2", "&&=&", "x=%FF", "next=", "Limit=0"] {
        assert_eq!(ask(&server.writer(), query).await.ids().len(), 2, "{query}");
    }
}

#[tokio::test]
async fn t068_t069_t070_t071_t072_versions_of_objects() {
    let server = with_versions().await;
    let only = format!("match[id]={}", id("indicator", 0));
    let chosen = async |query: &str| versions(&ask(&server.writer(), &format!("{only}{query}")).await);
    assert_eq!(chosen("").await, [LAST]);
    assert_eq!(chosen("&match[version]=last").await, [LAST]);
    assert_eq!(chosen("&match[version]=first").await, [FIRST]);
    assert_eq!(chosen("&match[version]=all").await, [MIDDLE, LAST, FIRST], "in the order of adding");
    assert_eq!(chosen(&format!("&match[version]={MIDDLE}")).await, [MIDDLE]);
    assert!(chosen("&match[version]=2020-01-01T00:00:00Z").await.is_empty());
    assert_eq!(ask(&server.writer(), "match[version]=all").await.ids().len(), 4);
    assert_eq!(ask(&server.writer(), &format!("match[version]={FIRST}")).await.ids().len(), 2);
}

#[tokio::test]
async fn t073_t078_version_values_combine() {
    let server = with_versions().await;
    let only = format!("match[id]={}", id("indicator", 0));
    let chosen = async |list: &str| versions(&ask(&server.writer(), &format!("{only}&match[version]={list}")).await);
    assert_eq!(chosen("first,last").await, [LAST, FIRST]);
    assert_eq!(chosen(&format!("first,{MIDDLE},last")).await, [MIDDLE, LAST, FIRST]);
    assert_eq!(chosen(&format!("{LAST},{MIDDLE}")).await, [MIDDLE, LAST]);
    assert_eq!(chosen(&format!("last,{LAST}")).await, [LAST], "named twice, there once");
    for spelling in ["2021-03-03T00:00:00Z", "2021-03-03T00:00:00.0Z", "2021-03-03T00:00:00.000000000Z"] {
        assert_eq!(chosen(spelling).await, [MIDDLE]);
    }
    let single = ask(&server.writer(), &format!("match[id]={}&match[version]=first,last", id("indicator", 1))).await;
    assert_eq!(single.ids().len(), 1);
}

#[tokio::test]
async fn t074_t075_t077_what_is_no_version_list_is_400() {
    let server = with_versions().await;
    for bad in [
        "all,last",
        "first,all",
        "all,2021-03-02T00:00:00Z",
        "all,all",
        "last,last",
        "first,first",
        "2021-03-02T00:00:00Z,2021-03-02T00:00:00Z",
        "newest",
        "First",
        "LAST",
        "2021-03-02",
        "2021-13-02T00:00:00Z",
        "last, first",
        "1",
    ] {
        refused(&server.writer(), &format!("match[version]={bad}")).await;
    }
}

#[tokio::test]
async fn t076_t151_t152_the_version_of_an_object_without_modified() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &[marking_definition(0), url(0)]).await;
        let records = server.writer().get(MANIFEST).await.expect(200).objects();
        assert_eq!(records[0]["version"], CREATED);
        let chosen = records[1]["version"].as_str().unwrap();
        let by_version = ask(&server.writer(), &format!("match[version]={chosen}")).await;
        assert_eq!(by_version.ids(), [id("url", 0)]);
        assert_eq!(server.writer().get(MANIFEST).await.objects(), records, "chosen once and for all");
        assert_eq!(ask(&server.writer(), &format!("match[version]={CREATED}")).await.ids(), [id("marking-definition", 0)]);
        // Another content under the same id is another version.
        server.writer().add(OBJECTS, &[with(&url(0), json!({ "defanged": true }))]).await;
        let both = ask(&server.writer(), &format!("match[id]={}&match[version]=all", id("url", 0))).await;
        assert_eq!(both.ids().len(), 2);
        let newest = ask(&server.writer(), &format!("match[id]={}", id("url", 0))).await.objects();
        assert_eq!(newest[0]["defanged"], true);
    }
}

#[tokio::test]
async fn t079_versions_are_chosen_among_what_the_rest_of_the_query_leaves() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let later = "2021-03-09T00:00:00.000Z";
        server.writer().add(OBJECTS, &[revised(&indicator(0), later)]).await;
        let after = server.writer().get(OBJECTS).await.last().to_owned();
        server.writer().add(OBJECTS, &[revised(&indicator(0), FIRST), revised(&indicator(0), MIDDLE)]).await;
        let query = |version: &str| format!("added_after={after}{version}");
        assert_eq!(versions(&ask(&server.writer(), &query("")).await), [MIDDLE], "the latest of those added after");
        assert_eq!(versions(&ask(&server.writer(), &query("&match[version]=first")).await), [FIRST]);
        assert_eq!(versions(&ask(&server.writer(), "").await), [later]);
    }
}

#[tokio::test]
async fn t080_t081_t082_t083_spec_versions() {
    let server = Server::start().await;
    let without = {
        let mut url = url(1);
        url.as_object_mut().unwrap().remove("spec_version");
        url
    };
    server.writer().add(OBJECTS, &[indicator(0), url(0), without]).await;
    let count = async |list: &str| ask(&server.writer(), &format!("match[spec_version]={list}")).await.ids().len();
    assert_eq!(count("2.1").await, 3);
    assert_eq!(count("2.0,2.1").await, 3);
    assert_eq!(count("2.0").await, 0);
    assert_eq!(count("3.7").await, 0);
    for bad in ["2", "2.x", "abc", "2.1.0", "2.", ".1", "all"] {
        refused(&server.writer(), &format!("match[spec_version]={bad}")).await;
    }
    // An SDO without `spec_version` is STIX 2.0 and not stored.
    let mut old = indicator(7);
    old.as_object_mut().unwrap().remove("spec_version");
    let status = server.writer().post(OBJECTS, json!({ "objects": [old] }).to_string()).await.expect(202);
    assert_eq!(status.get("failure_count"), 1);
}

#[tokio::test]
async fn t060_t137_manifest_and_objects_take_the_same_filters() {
    let server = with_versions().await;
    server.writer().add(OBJECTS, &[malware(0), url(0), marking_definition(0)]).await;
    // Each page of objects is compared with the manifest's by the client.
    for query in [
        "match[version]=all",
        "match[version]=first",
        "match[type]=indicator,url&limit=2",
        "match[version]=all&limit=3",
        "match[spec_version]=2.1&match[type]=marking-definition",
        "limit=1&match[version]=first,last",
    ] {
        let mut reply = ask(&server.writer(), query).await;
        assert!(!reply.ids().is_empty());
        while let Some(next) = reply.next() {
            reply = ask(&server.writer(), &format!("{query}&next={next}")).await;
        }
    }
}

#[tokio::test]
async fn t026_head_has_the_status_and_the_headers_of_get() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(3)).await;
    for query in ["", "?limit=2", "?match[type]=malware"] {
        let (get, head) = (server.writer().get(format!("{OBJECTS}{query}")).await, server.writer().head(format!("{OBJECTS}{query}")).await);
        assert_eq!(head.status, get.status);
        assert_eq!((head.first(), head.last()), (get.first(), get.last()));
        assert_eq!(head.header("content-length"), get.body.len().to_string());
    }
    server.writer().head(format!("{OBJECTS}?limit=0")).await.expect(400);
}

#[tokio::test]
async fn t007_names_in_any_script_come_back() {
    let server = Server::start().await;
    let name = "Ünïcödé \u{1F600} \u{202e}rtl\u{0000} e\u{0301} \"\\/\u{2028}";
    server.writer().add(OBJECTS, &[with(&indicator(0), json!({ "name": name }))]).await;
    let object: Value = server.writer().get(OBJECTS).await.objects().remove(0);
    assert_eq!(object["name"], name);
}
