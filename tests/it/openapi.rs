//! Holds `openapi.yaml` to the routers, both ways, and to what the server answers.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};
use taxiway::{admin, desk, events, http, lists, operation};

use crate::support::client::Reply;
use crate::support::samples::{id, indicator, indicators};
use crate::support::server::{MANIFEST, OBJECTS, PRIVATE, Server};

/// Operations that a path may have; `head` goes without saying where `get` is.
const OPERATIONS: [&str; 6] = ["get", "put", "post", "delete", "patch", "options"];

/// A door: which documented paths are its own, and the paths that it routes.
struct Door {
    owns: fn(&str) -> bool,
    paths: fn() -> Vec<&'static str>,
}

const DOORS: &[Door] = &[
    Door {
        owns: |path| !["/admin/", "/desk/", "/lists/", "/events/"].iter().any(|door| path.starts_with(door)) && !is_operation(path),
        paths: || http::table().into_iter().map(|(path, _)| path).collect(),
    },
    Door { owns: is_operation, paths: || operation::table().into_iter().map(|(path, _)| path).collect() },
    Door { owns: |path| path.starts_with("/admin/"), paths: || admin::table().into_iter().map(|(path, _)| path).collect() },
    Door { owns: |path| path.starts_with("/desk/"), paths: || desk::table().into_iter().map(|(path, _)| path).collect() },
    Door { owns: |path| path.starts_with("/events/"), paths: || events::table().into_iter().map(|(path, _)| path).collect() },
    Door { owns: |path| path.starts_with("/lists/"), paths: || lists::table().into_iter().map(|(path, _)| path).collect() },
];

fn is_operation(path: &str) -> bool {
    ["/healthz/", "/readyz/", "/metrics/"].contains(&path)
}

fn document() -> Value {
    serde_norway::from_str(include_str!("../../openapi.yaml")).unwrap()
}

/// The documented paths with their operations.
fn documented(document: &Value) -> BTreeMap<&str, BTreeSet<String>> {
    let methods = |item: &Value| OPERATIONS.iter().filter(|name| item.get(name).is_some()).map(|name| name.to_uppercase()).collect();
    document["paths"].as_object().unwrap().iter().map(|(path, item)| (path.as_str(), methods(item))).collect()
}

/// What `value` means, if it is a reference.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(to) => document.pointer(to.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{to} leads nowhere")),
        None => value,
    }
}

/// Calls `visit` with every value of the document and where it stands.
fn walk(value: &Value, at: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(at, value);
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| walk(value, &format!("{at}/{name}"), visit)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| walk(value, &format!("{at}/{index}"), visit)),
        _ => {}
    }
}

/// A validator for a schema of the document, whose references are resolved in it.
fn validator(document: &Value, schema: &Value) -> Validator {
    let root = json!({ "allOf": [schema], "components": document["components"] });
    jsonschema::draft202012::new(&root).unwrap()
}

#[track_caller]
fn assert_valid(document: &Value, schema: &Value, instance: &Value, what: &str) {
    let errors: Vec<String> = validator(document, schema).iter_errors(instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}: {instance}");
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(&document, "#", &mut |_, value| {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            resolve(&document, value);
            used.insert(to.to_owned());
        }
    });
    for (kind, components) in document["components"].as_object().unwrap().iter().filter(|(kind, _)| *kind != "securitySchemes") {
        for name in components.as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "components/{kind}/{name} is not used");
        }
    }
}

#[test]
fn the_documented_paths_are_those_of_the_doors() {
    let document = document();
    let documented = documented(&document);
    for door in DOORS {
        let of_door: BTreeSet<&str> = documented.keys().copied().filter(|path| (door.owns)(path)).collect();
        assert_eq!(of_door, (door.paths)().into_iter().collect());
    }
    for path in documented.keys() {
        assert_eq!(DOORS.iter().filter(|door| (door.owns)(path)).count(), 1, "{path} is of no door");
    }
}

#[tokio::test]
async fn t025_the_documented_methods_are_those_that_are_allowed() {
    let server = Server::start().await;
    for (path, documented) in documented(&document()) {
        let url = path.replace("{root}", "feeds").replace("{collection}", "private").replace(['{', '}'], "");
        let allowed = server.admin().request("PROPFIND".parse::<Method>().unwrap(), url).send().await.expect(405);
        let allowed: BTreeSet<String> = allowed.header("allow").split(',').filter(|method| *method != "HEAD").map(str::to_owned).collect();
        assert_eq!(allowed, documented, "{path}");
    }
}

#[test]
fn every_path_parameter_is_declared() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let declared: BTreeSet<&str> = item["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| resolve(&document, parameter))
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let named: BTreeSet<&str> = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(declared, named, "{path}");
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = document();
    let mut seen = 0;
    walk(&document, "#", &mut |at, value| {
        let Some(schema) = value.get("schema") else { return };
        let named = value.get("examples").and_then(Value::as_object).into_iter().flat_map(|named| named.values());
        let examples = named.map(|example| &resolve(&document, example)["value"]).chain(value.get("example"));
        for example in examples {
            assert_valid(&document, schema, example, at);
            seen += 1;
        }
    });
    assert!(seen > 40, "only {seen} examples");
}

#[test]
fn every_operation_says_how_it_fails() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in OPERATIONS.iter().filter_map(|name| item.get(name)) {
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{path}: an operationId stands twice");
            let expected: &[&str] = match path.as_str() {
                "/healthz/" => &["200"],
                "/readyz/" => &["200", "503"],
                "/metrics/" => &["401", "404", "429"],
                path if path.starts_with("/admin/") => &["401", "403", "429"],
                path if path.starts_with("/desk/") => &["401", "429"],
                "/lists/by-key/{key}/{file}/" => &["404", "429"],
                path if path.starts_with("/lists/") || path.starts_with("/events/") => &["401", "429"],
                _ => &["401", "406", "429"],
            };
            for status in expected {
                assert!(operation["responses"].get(*status).is_some(), "{path}: {status}");
            }
        }
    }
}

/// Whether an answer is one that the document has for `path`: its status, media type, headers and body.
#[track_caller]
fn assert_documented(document: &Value, path: &str, reply: &Reply) {
    let operation = &document["paths"][path][reply.method.as_str().to_lowercase()];
    let response = resolve(document, &operation["responses"][reply.status.to_string()]);
    assert!(response.is_object(), "not documented for {path}: {reply}");
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let header = resolve(document, header);
        let text = reply.header(name);
        assert!(!text.is_empty() || header["required"] != true, "{name} is missing: {reply}");
        let value = if resolve(document, &header["schema"])["type"] == "integer" { text.parse().unwrap_or_default() } else { Value::from(text) };
        if !text.is_empty() {
            assert_valid(document, &header["schema"], &value, name);
        }
    }
    match response.get("content") {
        Some(content) => {
            let schema = &content[reply.header("content-type")]["schema"];
            assert!(schema.is_object(), "media type not documented for {path}: {reply}");
            let text = || Value::from(String::from_utf8_lossy(&reply.body));
            let body = if reply.header("content-type").starts_with("text/") { text() } else { reply.json() };
            assert_valid(document, schema, &body, path);
        }
        None => assert!(reply.body.is_empty(), "{reply}"),
    }
}

#[tokio::test]
async fn t021_what_the_server_answers_is_what_is_documented() {
    let server = Server::start().await;
    let document = document();
    let (writer, dropbox, anonymous) = (server.writer(), server.user("dropbox"), server.anonymous());
    let of = |rest: &str| format!("/{{root}}/collections/{rest}");
    let (objects, object, manifest) = (of("{collection}/objects/"), of("{collection}/objects/{object}/"), of("{collection}/manifest/"));
    let versions = format!("{object}versions/");
    let check = |path: &str, status: u16, reply: Reply| assert_documented(&document, path, &reply.expect(status));

    check("/taxii2/", 200, writer.get("/taxii2/").await);
    check("/{root}/", 200, writer.get("/feeds/").await);
    check("/{root}/", 404, writer.get("/nothing/").await);
    check(&of(""), 200, writer.get("/feeds/collections/").await);
    check(&of(""), 200, server.admin().get("/empty/collections/").await);
    check(&of("{collection}/"), 200, writer.get(PRIVATE).await);
    check(&of("{collection}/"), 404, anonymous.get(PRIVATE).await);

    check(&objects, 200, writer.get(OBJECTS).await);
    let added = writer.post(OBJECTS, json!({ "objects": [indicator(0), indicator(1), indicator(2), {}] }).to_string()).await;
    let status = format!("/feeds/status/{}/", added.get("id").as_str().unwrap());
    check(&objects, 202, added);
    check("/{root}/status/{status}/", 200, writer.get(&status).await);
    check("/{root}/status/{status}/", 404, dropbox.get(&status).await);
    let one = format!("{OBJECTS}{}/", id("indicator", 0));
    for query in ["", "?limit=2", "?added_after=2030-01-01T00:00:00Z"] {
        check(&objects, 200, writer.get(format!("{OBJECTS}{query}")).await);
        check(&manifest, 200, writer.get(format!("{MANIFEST}{query}")).await);
        check(&object, 200, writer.get(format!("{one}{query}")).await);
        check(&versions, 200, writer.get(format!("{one}versions/{query}")).await);
    }
    check(&objects, 200, writer.clone().accept("application/vnd.oasis.stix+json;version=2.0").get(OBJECTS).await);
    let elastic = writer.clone().header("user-agent", "Elastic-Agent/9").get(format!("{OBJECTS}?match[type]=malware")).await;
    check(&objects, 200, elastic);

    for (path, url) in [(&objects, OBJECTS), (&manifest, MANIFEST), (&object, one.as_str())] {
        check(path, 400, writer.get(format!("{url}?limit=0")).await);
        check(path, 403, dropbox.get(url).await);
        check(path, 406, writer.clone().accept("text/html").get(url).await);
        check(path, 404, writer.get(url.replace("private", "nothing")).await);
        check(path, 401, anonymous.clone().header("authorization", "nonsense").get(url).await);
    }
    check(&objects, 400, writer.post(OBJECTS, "nonsense").await);
    check(&objects, 422, writer.post(OBJECTS, "{}").await);
    check(&objects, 413, writer.post(OBJECTS, json!({ "objects": indicators(1000) }).to_string()).await);
    check(&objects, 415, writer.request(Method::POST, OBJECTS).header("content-type", "text/plain").body("x").send().await);
    check(&object, 403, server.reader().delete(&one).await);
    check(&object, 200, writer.delete(&one).await);
    check(&object, 404, writer.delete(&one).await);

    check("/healthz/", 200, anonymous.get("/healthz/").await);
    check("/readyz/", 200, anonymous.get("/readyz/").await);
    check("/metrics/", 200, server.admin().get("/metrics/").await);
    check("/metrics/", 401, anonymous.get("/metrics/").await);
    check("/metrics/", 404, writer.get("/metrics/").await);

    let wrong = anonymous.basic("writer", "wrong");
    for _ in 0..5 {
        check("/taxii2/", 401, wrong.get("/taxii2/").await);
    }
    check("/taxii2/", 429, wrong.get("/taxii2/").await);
}
