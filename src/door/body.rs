//! Request bodies: counted as they come, refused in a way that arrives (T-109, T-110, Q21).

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::Options;
use super::caller::header_text;
use super::error::Failure;
use crate::taxii::media;

/// A refused body is read on for at most this many times the limit: a client that is still sending would not see the answer.
const READ_ON: u64 = 8;

/// 415 unless the `Content-Type` is one that a POST may have (T-017, T-019, T-020).
pub fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let given = header_text(headers, "content-type");
    if given.is_some_and(media::takes) {
        return Ok(());
    }
    let found = given.map_or("there is none".into(), |given| format!("it is {given:?}"));
    Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("the Content-Type of a POST is {}; {found}", media::TAXII)))
}

/// Reads the whole body, or answers 413 after having read it off.
pub async fn read(request: Request, options: &Options) -> Result<Bytes, Failure> {
    let limit = options.max_content_length;
    let too_large = || Failure::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than max_content_length, {limit} octets")).and_close();
    let declared: u64 = header_text(request.headers(), "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    // Who waits for "100 Continue" has not sent anything yet and needs not.
    if declared > limit && request.headers().contains_key(header::EXPECT) {
        return Err(too_large());
    }
    let idle = Duration::from_secs(options.body_idle_seconds);
    let capacity = usize::try_from(declared.min(limit)).unwrap_or(0);
    let (mut body, mut read, mut kept) = (request.into_body(), 0u64, BytesMut::with_capacity(capacity));
    while let Some(frame) = tokio::time::timeout(idle, body.frame()).await.map_err(|_| too_slow(idle))? {
        let frame = frame.map_err(|e| Failure::new(StatusCode::BAD_REQUEST, format!("the body broke off: {e}")).and_close())?;
        let Ok(data) = frame.into_data() else { continue };
        read += data.len() as u64;
        if read > limit.saturating_mul(READ_ON) {
            return Err(too_large());
        }
        if read <= limit && declared <= limit {
            kept.extend_from_slice(&data);
        }
    }
    if read > limit { Err(too_large()) } else { Ok(kept.freeze()) }
}

fn too_slow(idle: Duration) -> Failure {
    Failure::new(StatusCode::REQUEST_TIMEOUT, format!("nothing more of the body came for {} seconds", idle.as_secs())).and_close()
}
