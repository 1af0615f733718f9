//! Sending what is new here: to a collection of a TAXII server, or to a webhook.
//!
//! The queue is the collection itself, and the place in it is durable: what was not accepted is tried again, in order, however long it takes. An object
//! that the other side refuses is noted and passed over. Of an object that changes while it waits the latest version goes.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, StatusCode, Url};
use serde_json::{Value, json};
use sha2::Sha256;

use super::client::{self, Fault, get, post, url};
use super::pull::Stopped;
use super::state::State;
use crate::feed::Feed;
use crate::feed::access;
use crate::stix::id::type_of;
use crate::store::Record;
use crate::store::directory::{Link, LinkCredential, LinkKind};

/// Objects that are sent at once, and their octets.
const BATCH: usize = 100;
const BATCH_OCTETS: usize = 1 << 20;
/// How often and after how long a status is asked for that is pending.
const ASKS: usize = 20;
const PENDING: Duration = Duration::from_millis(500);

/// Sends everything that is new.
pub async fn run(feed: &Feed, client: &Client, link: &Link, state: &mut State) -> Result<(), Stopped> {
    let mut most = BATCH;
    loop {
        let reading = access::outgoing(&feed.directory(), link, feed.clock().now()).ok_or(Stopped::Gone)?;
        let page = feed.after(&reading, state.position, most, BATCH_OCTETS).await?;
        let Some(last) = page.records.last().map(|record| record.added) else { return Ok(()) };
        let sent = if link.kind == LinkKind::Hook { call(client, link, &page.records).await } else { push(client, link, &page.records).await };
        match sent {
            Ok(refused) => {
                let now = feed.clock().now();
                state.objects += (page.records.len() - refused.len().min(page.records.len())) as u64;
                for (id, version, why) in refused {
                    state.refuse(&id, &version, &why, now);
                }
            }
            // Too much at once, or one among them that spoils the rest.
            Err(fault) if spoilt(&fault) && page.records.len() > 1 => {
                most = page.records.len() / 2;
                continue;
            }
            Err(fault) if spoilt(&fault) => {
                let record = page.records.first().map(|record| (record.id.clone(), record.version.clone())).unwrap_or_default();
                state.refuse(&record.0, &record.1, &fault.to_string(), feed.clock().now());
            }
            Err(fault) => return Err(fault.into()),
        }
        most = (most * 2).min(BATCH);
        state.position = last;
        state.keep(feed, link).await?;
    }
}

/// Whether it is what was sent that the other side does not like, and not who sent it, or when.
fn spoilt(fault: &Fault) -> bool {
    let by_content = [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNPROCESSABLE_ENTITY];
    fault.status().is_some_and(|status| by_content.contains(&status))
}

/// Posts an envelope; what the other side refuses, with the reasons.
async fn push(client: &Client, link: &Link, records: &[Record]) -> Result<Vec<(String, String, String)>, Fault> {
    let mut body = b"{\"objects\":[".to_vec();
    for (at, record) in records.iter().enumerate() {
        body.extend_from_slice(if at > 0 { b"," } else { b"" });
        body.extend_from_slice(&record.object);
    }
    body.extend_from_slice(b"]}");
    let answer = post(client, link, url(link, "objects/")?, body.into()).await?;
    // A server that says nothing of each has taken all.
    let mut status: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    for _ in 0..ASKS {
        if status.get("status").and_then(Value::as_str) != Some("pending") {
            break;
        }
        let Some(at) = status.get("id").and_then(Value::as_str).and_then(|id| status_url(link, id)) else { break };
        tokio::time::sleep(PENDING).await;
        status = serde_json::from_slice(&get(client, link, at).await?.body).unwrap_or_default();
    }
    Ok(failures(&status))
}

/// Where a status is: beside the collections of the API root.
fn status_url(link: &Link, id: &str) -> Option<Url> {
    let (root, _) = link.url.split_once("/collections/")?;
    Url::parse(&format!("{root}/status/{id}/")).ok()
}

fn failures(status: &Value) -> Vec<(String, String, String)> {
    let text = |failure: &Value, name: &str| failure.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let all = status.get("failures").and_then(Value::as_array).into_iter().flatten();
    all.map(|failure| (text(failure, "id"), text(failure, "version"), text(failure, "message"))).collect()
}

/// Calls a webhook with objects; it takes all of them or none.
async fn call(client: &Client, link: &Link, records: &[Record]) -> Result<Vec<(String, String, String)>, Fault> {
    let body = told(link, records);
    let mut request = client::signed_in(client.request(Method::POST, url(link, "")?), link).header(CONTENT_TYPE, "application/json");
    let at = records.last().map(|record| record.added.0 / 1_000_000).unwrap_or_default();
    if let LinkCredential::Hmac(secret) = &link.credential {
        request = request.header("Taxiway-Signature", sign(secret, at, &body));
    }
    client::send(request.body(body)).await.map(|_| Vec::new())
}

/// What a webhook is told.
fn told(link: &Link, records: &[Record]) -> Bytes {
    let objects: Vec<Value> = records
        .iter()
        .map(|record| {
            let object: Value = serde_json::from_slice(&record.object).unwrap_or_default();
            let added = record.added.to_string();
            json!({ "id": record.id, "type": type_of(&record.id), "version": record.version, "date_added": added, "object": object })
        })
        .collect();
    json!({ "link": link.name, "collection": link.collection, "objects": objects }).to_string().into()
}

/// `t=SECONDS,v1=HEX`: an HMAC-SHA256 over the seconds, a dot and the body, so that neither can be changed without the other.
pub fn sign(secret: &str, seconds: u64, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_the_time_and_the_body() {
        // As `printf '7.{}' | openssl dgst -sha256 -hmac secret` says.
        let signed = sign("secret", 7, b"{}");
        assert!(signed.starts_with("t=7,v1=") && signed.len() == "t=7,v1=".len() + 64, "{signed}");
        assert_ne!(signed, sign("secret", 8, b"{}"));
        assert_ne!(signed, sign("other", 7, b"{}"));
        assert_ne!(signed, sign("secret", 7, b"{ }"));
    }

    #[test]
    fn what_the_other_side_refuses_is_told_with_its_reason() {
        let status = json!({ "status": "complete", "failures": [{ "id": "indicator--1", "version": "v", "message": "no" }, {}] });
        let expected = [("indicator--1".to_owned(), "v".to_owned(), "no".to_owned()), Default::default()];
        assert_eq!(failures(&status), expected);
        assert!(failures(&Value::Null).is_empty());
    }
}
