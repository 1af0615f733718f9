//! `/admin/…`

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{ADMIN_PASSWORD, Server};

/// A server and an administrator at it.
struct Scene {
    server: Server,
    client: Client,
    _folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        Self { server: Server::start(folder.path()), client: Client::new(), _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/admin/{path}", self.server.url)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.client.request(method, self.url(path)).basic_auth("admin", Some(ADMIN_PASSWORD));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// The status and the JSON of an answer; an answer with content is JSON and says so.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let response = self.send(method, path, body).await;
        let status = response.status();
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
        if status == StatusCode::NO_CONTENT {
            return (204, Value::Null);
        }
        assert_eq!(response.headers()["content-type"], "application/json", "{path}");
        (status.as_u16(), response.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::PUT, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        self.ask(Method::DELETE, path, None).await
    }

    /// Root `feeds`, collection `feeds/ours`, user `ann` who may read it and has a token, which is returned.
    async fn furnish(&self) -> String {
        assert_eq!(self.post("roots/", json!({"slug": "feeds", "title": "Feeds"})).await.0, 201);
        assert_eq!(self.post("collections/", json!({"root": "feeds", "alias": "ours", "title": "Ours"})).await.0, 201);
        assert_eq!(self.post("users/", json!({"name": "ann", "password": "a password of ann"})).await.0, 201);
        assert_eq!(self.put("grants/ann/feeds/ours/", json!({"read": true})).await.0, 200);
        let (status, made) = self.post("users/ann/tokens/", json!({"label": "siem", "expires_in": 3600})).await;
        assert_eq!(status, 201);
        made["token"].as_str().unwrap().to_owned()
    }
}

/// Every path of the door with names filled in, and some that are not there.
fn paths() -> Vec<String> {
    let table = taxiway::admin::table().into_iter().map(|(path, _)| path);
    let filled = table.map(|path| path.replace("{user}", "ann").replace("{root}", "feeds").replace("{collection}", "ours").replace("{token}", "0"));
    filled.chain(["/admin/".into(), "/admin/nothing/".into()]).map(|path| path.trim_start_matches("/admin/").to_owned()).collect()
}

#[tokio::test]
async fn only_administrators_come_in() {
    let scene = Scene::new();
    let token = scene.furnish().await;
    for path in paths() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let request = || scene.client.request(method.clone(), scene.url(&path)).json(&json!({}));
            let anonymous = request().send().await.unwrap();
            assert_eq!(anonymous.status(), 401, "{method} {path}");
            assert!(anonymous.headers().contains_key("www-authenticate"));
            assert_eq!(anonymous.headers()["content-type"], "application/json");
            assert_eq!(request().bearer_auth(&token).send().await.unwrap().status(), 403, "{method} {path}");
        }
    }
    let wrong = scene.client.get(scene.url("users/")).basic_auth("admin", Some("a wrong password")).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    assert_eq!(scene.get("users/").await.0, 200);
}

#[tokio::test]
async fn what_is_made_is_shown_and_can_be_removed() {
    let scene = Scene::new();
    scene.furnish().await;
    let (_, token) = scene.get("users/ann/tokens/").await;
    let token = token["tokens"][0]["id"].as_str().unwrap().to_owned();
    let (_, collection) = scene.get("collections/feeds/ours/").await;
    assert_eq!((&collection["title"], &collection["public"], &collection["curated"]), (&json!("Ours"), &json!(false), &json!(false)));
    assert_eq!(collection["grants"][0]["user"], "ann");
    let id = collection["id"].as_str().unwrap();
    assert_eq!(scene.get(&format!("collections/feeds/{id}/")).await.1, collection);

    let (_, ann) = scene.get("users/ann/").await;
    assert_eq!((&ann["admin"], &ann["clearance"]), (&json!(false), &json!("amber")));
    assert_eq!((&ann["tokens"][0]["id"], &ann["tokens"][0]["label"]), (&json!(token), &json!("siem")));
    let grant = json!({"user": "ann", "root": "feeds", "collection": "ours", "id": id, "read": true, "write": false});
    assert_eq!(ann["grants"], json!([grant]));
    assert_eq!(scene.get("grants/ann/feeds/ours").await, (200, grant.clone()));
    assert_eq!(scene.get("grants/").await.1, json!({"grants": [grant]}));
    assert_eq!(scene.get("roots/").await.1, json!({"roots": [{"slug": "feeds", "title": "Feeds"}]}));

    let (status, refused) = scene.delete("roots/feeds/").await;
    assert_eq!((status, refused["description"].as_str()), (409, Some("root feeds still has collections")));
    for path in [&format!("tokens/{token}/"), "grants/ann/feeds/ours/", "users/ann/", "collections/feeds/ours/", "roots/feeds/"] {
        assert_eq!(scene.get(path).await.0, 200, "{path}");
        assert_eq!(scene.delete(path).await.0, 204, "{path}");
        assert_eq!(scene.get(path).await.0, 404, "{path}");
        assert_eq!(scene.delete(path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_and_where() {
    let scene = Scene::new();
    scene.furnish().await;
    for (path, body, status, told) in [
        ("roots/", json!({"slug": "feeds", "title": "Again"}), 409, "root feeds is there already"),
        ("roots/", json!({"slug": "admin", "title": "Mine"}), 422, "a root cannot be called admin"),
        ("roots/", json!({"slug": "x", "title": "X", "colour": "red"}), 422, "unknown field `colour`"),
        ("roots/", json!({"slug": "x"}), 422, "missing field `title`"),
        ("roots/", json!([]), 422, "the body: "),
        ("collections/", json!({"root": "feeds", "alias": "ours", "title": "Other"}), 409, "collection feeds/ours is there already"),
        ("collections/", json!({"root": "none", "title": "Other"}), 404, "there is no root none"),
        ("collections/", json!({"root": "feeds", "title": "Other", "id": "x"}), 422, "invalid character"),
        ("collections/", json!({"root": "feeds", "title": "Other", "curated": "x"}), 422, "unknown field `curated`"),
        ("users/", json!({"name": "ann", "password": "a password of ann"}), 409, "user ann is there already"),
        ("users/", json!({"name": "bob", "password": "short"}), 422, "a password has 12 characters at least"),
        ("users/", json!({"name": "bob", "password": ""}), 422, "a password has 12 characters at least"),
        ("users/", json!({"name": "a:b", "password": "a password of ann"}), 422, "no ':'"),
        ("users/", json!({"name": "bob", "password": "a password of bob", "clearance": "unmarked"}), 422, "clear, green, amber"),
        ("users/ann/tokens/", json!({"expires_in": 0}), 422, "a token lasts"),
        ("users/ann/tokens/", json!({"expires_in": -1}), 422, "invalid value"),
        ("users/bob/tokens/", json!({}), 404, "there is no user bob"),
    ] {
        let (found, error) = scene.post(path, body.clone()).await;
        assert_eq!(found, status, "{path} {body}: {error}");
        assert_eq!(error["http_status"], status.to_string());
        assert!(error["description"].as_str().unwrap().contains(told), "{path} {body}: {error}");
    }
    for (path, body, status) in [
        ("users/bob/password/", json!({"password": "a password of bob"}), 404),
        ("users/ann/password/", json!({"password": ""}), 422),
        ("grants/ann/feeds/ours/", json!({}), 422),
        ("grants/ann/feeds/none/", json!({"read": true}), 404),
        ("grants/bob/feeds/ours/", json!({"read": true}), 404),
        ("roots/", json!({}), 405),
    ] {
        assert_eq!(scene.put(path, body).await.0, status, "{path}");
    }
    for (path, status) in [("tokens/0123456789a/", 422), ("tokens/0123456789ab/", 404), ("tokens/..%2fusers%2fann/", 422), ("users/%ff/", 404)] {
        assert_eq!(scene.delete(path).await.0, status, "{path}");
    }
    assert_eq!(scene.get("users/").await.1["users"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_body_says_that_it_is_json_and_is() {
    let scene = Scene::new();
    let send = async |kind: Option<&str>, body: &str| {
        let request = scene.client.post(scene.url("roots/")).basic_auth("admin", Some(ADMIN_PASSWORD)).body(body.to_owned());
        let request = kind.into_iter().fold(request, |request, kind| request.header("content-type", kind));
        request.send().await.unwrap().status().as_u16()
    };
    let good = r#"{"slug": "feeds", "title": "Feeds"}"#;
    assert_eq!(send(None, good).await, 415);
    assert_eq!(send(Some("text/plain"), good).await, 415);
    assert_eq!(send(Some("application/x-www-form-urlencoded"), good).await, 415);
    assert_eq!(send(Some("application/json"), "{").await, 400);
    assert_eq!(send(Some("application/json"), r#"{"slug": "feeds", "slug": "x", "title": "Feeds"}"#).await, 422);
    assert_eq!(send(Some("Application/JSON; charset=utf-8"), good).await, 201);
}

#[tokio::test]
async fn secrets_come_in_and_never_go_out() {
    let scene = Scene::new();
    let token = scene.furnish().await;
    let digest = taxiway::auth::token::digest(&token).unwrap();
    let mut seen = String::new();
    for path in paths() {
        seen += &scene.send(Method::GET, &path, None).await.text().await.unwrap();
    }
    assert!(seen.contains(&digest[..12]));
    for secret in [&token, &digest[..13], "argon2", ADMIN_PASSWORD, "a password of ann", "sha256"] {
        assert!(!seen.contains(secret), "{secret} is shown");
    }
}

#[tokio::test]
async fn what_was_changed_or_removed_lets_in_no_more() {
    let scene = Scene::new();
    let token = scene.furnish().await;
    let discovery = format!("{}/taxii2/", scene.server.url);
    let by_password = async |password: &str| scene.client.get(&discovery).basic_auth("ann", Some(password)).send().await.unwrap().status().as_u16();
    let by_token = async || scene.client.get(&discovery).bearer_auth(&token).send().await.unwrap().status().as_u16();
    assert_eq!((by_password("a password of ann").await, by_token().await), (200, 200));
    assert_eq!(scene.put("users/ann/password/", json!({"password": "another password"})).await.0, 204);
    assert_eq!((by_password("a password of ann").await, by_password("another password").await), (401, 200));
    let digits = taxiway::auth::token::digest(&token).unwrap()[..20].to_uppercase();
    assert_eq!(scene.delete(&format!("tokens/{digits}/")).await.0, 204);
    assert_eq!(by_token().await, 401);
}
