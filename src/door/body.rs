//! Request bodies: counted as they come, refused in a way that arrives (T-109, T-110, Q21).

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};

use super::Options;
use super::caller::header_text;
use super::error::Failure;
use super::limits::{Options as Limited, Visit};
use super::patience::Patience;
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

/// Reads the whole body. One that is too long or for which there is no memory is read off before that is told, and none of it is kept.
pub async fn read(request: Request, options: &Options) -> Result<Bytes, Failure> {
    read_within(request, options, Bound { setting: "max_content_length", octets: options.max_content_length }).await
}

/// As [`read`], for a body that is a document of an analyst's.
pub async fn read_document(request: Request, options: &Options) -> Result<Bytes, Failure> {
    read_within(request, options, Bound { setting: "document_octets", octets: options.document_octets }).await
}

/// How long a body may be, and the setting that says so.
#[derive(Debug, Clone, Copy)]
struct Bound {
    setting: &'static str,
    octets: u64,
}

async fn read_within(request: Request, options: &Options, bound: Bound) -> Result<Bytes, Failure> {
    let declared: u64 = header_text(request.headers(), "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let asks_leave = request.headers().contains_key(header::EXPECT);
    let visit = request.extensions().get::<Visit>().cloned();
    let mut kept = Kept { bound, visit, octets: Vec::new(), read: 0, refusal: None };
    kept.make_room(declared);
    // Who waits for "100 Continue" has not sent anything yet and needs not.
    if asks_leave && let Some(refusal) = kept.refusal.take() {
        return Err(refusal);
    }
    let mut patience = Patience::new(Duration::from_secs(options.limits.body_idle_seconds), options.limits.least_pace);
    let mut body = request.into_body();
    loop {
        let since = Instant::now();
        let next = timeout(patience.left(), body.frame()).await.map_err(|_| too_slow(options))?;
        let Some(frame) = next else { break };
        let frame = frame.map_err(|e| Failure::new(StatusCode::BAD_REQUEST, format!("the body broke off: {e}")).and_close())?;
        let Ok(data) = frame.into_data() else { continue };
        patience.spend(since.elapsed(), data.len());
        kept.add(&data)?;
    }
    match kept.refusal {
        Some(refusal) => Err(refusal),
        None => Ok(kept.octets.into()),
    }
}

/// What has come of a body.
struct Kept {
    /// The most that is kept.
    bound: Bound,
    /// Whose memory it is; `None` within the program, which asks nobody.
    visit: Option<Visit>,
    octets: Vec<u8>,
    /// How much came, kept or not.
    read: u64,
    /// Why nothing is kept any more.
    refusal: Option<Failure>,
}

impl Kept {
    /// `Err` when so much came that it is not even read off any more.
    fn add(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.read += data.len() as u64;
        if self.read > self.bound.octets.saturating_mul(READ_ON) {
            return Err(too_large(self.bound));
        }
        self.make_room(self.read);
        if self.refusal.is_none() {
            self.octets.extend_from_slice(data);
        }
        Ok(())
    }

    /// Makes room for so much altogether, or lets everything go and keeps the reason.
    fn make_room(&mut self, whole: u64) {
        if self.refusal.is_some() {
            return;
        }
        if let Err(refusal) = self.grow(whole) {
            self.octets = Vec::new();
            self.visit.iter().for_each(Visit::let_go);
            self.refusal = Some(refusal);
        }
    }

    /// Doubles the room as often as it has to, and never beyond the limit. The memory is asked for before it is taken.
    fn grow(&mut self, whole: u64) -> Result<(), Failure> {
        let (limit, room) = (self.bound.octets, self.octets.capacity());
        let sizes = usize::try_from(whole).ok().filter(|_| whole <= limit).zip(usize::try_from(limit).ok());
        let (whole, most) = sizes.ok_or_else(|| too_large(self.bound))?;
        if whole > room {
            let room = (2 * room).clamp(whole, most);
            self.visit.as_ref().map_or(Ok(()), |visit| visit.hold(room)).map_err(|busy| Failure::from(busy).and_close())?;
            self.octets.reserve_exact(room - self.octets.len());
        }
        Ok(())
    }
}

fn too_large(Bound { setting, octets }: Bound) -> Failure {
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {setting}, {octets} octets")).and_close()
}

fn too_slow(options: &Options) -> Failure {
    let Limited { body_idle_seconds, least_pace, .. } = &options.limits;
    let why = format!("the body came too slowly: with pauses of more than {body_idle_seconds} seconds, or less than {least_pace} octets a second");
    Failure::new(StatusCode::REQUEST_TIMEOUT, why).and_close()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::{StreamExt, stream};
    use tokio::time::sleep;

    use super::*;

    fn options() -> Options {
        let limits = Limited {
            connections: 1,
            header_seconds: 1,
            body_idle_seconds: 30,
            answer_idle_seconds: 1,
            least_pace: 1000,
            requests_per_minute: 0,
            objects_per_minute: 0,
            body_memory: 0,
        };
        Options {
            title: "x".into(),
            description: None,
            contact: None,
            public_url: None,
            tls: false,
            trusted_proxies: Vec::new(),
            key_headers: Vec::new(),
            max_content_length: 100_000,
            console_idle_minutes: 30,
            document_octets: 100_000,
            compressed_octets: 0,
            lists_octets: 1 << 20,
            lists_guarded: true,
            limits,
        }
    }

    /// The length or the status of a body of parts of `size` octets, one every so many seconds.
    async fn send(size: usize, parts: usize, seconds: u64) -> Result<usize, StatusCode> {
        let parts = stream::iter(0..parts).then(move |_| async move {
            sleep(Duration::from_secs(seconds)).await;
            Ok::<_, std::convert::Infallible>(vec![b'x'; size])
        });
        let read = read(Request::new(Body::from_stream(parts)), &options()).await;
        read.map(|body| body.len()).map_err(|failure| axum::response::IntoResponse::into_response(failure).status())
    }

    #[tokio::test(start_paused = true)]
    async fn t186_a_body_may_be_slow_but_not_for_ever() {
        assert_eq!(send(1000, 100, 1).await, Ok(100_000), "the least pace");
        assert_eq!(send(50_000, 2, 29).await, Ok(100_000), "long pauses");
        assert_eq!(send(1, 29, 1).await, Ok(29), "a short body, however slow");
        assert_eq!(send(100, 100, 1).await, Err(StatusCode::REQUEST_TIMEOUT), "less than the pace");
        assert_eq!(send(1, 100, 29).await, Err(StatusCode::REQUEST_TIMEOUT), "a drop before each pause ends");
        assert_eq!(send(1, 1, 31).await, Err(StatusCode::REQUEST_TIMEOUT), "a pause that is too long");
    }
}
