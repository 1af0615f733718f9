//! Compressed answers: made off the async threads, once, and kept within a budget under what names their content.

use std::io::{self, Write};

use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;
use flate2::write::GzEncoder;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::validator::Tag;
use crate::store::{HitCounter, Hits};

/// A body shorter than this is sent as it is.
pub const SHORTEST: u64 = 1_024;
/// About how long an answer is; the cache plans for as many as then fit into it.
const USUAL: usize = 32 << 10;

/// How content is encoded (RFC 9110 §8.4.1), in the order in which the server likes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

const CODINGS: [(&str, Coding); 4] = [("gzip", Coding::Gzip), ("x-gzip", Coding::Gzip), ("br", Coding::Brotli), ("zstd", Coding::Zstd)];

impl Coding {
    /// The coding that a client likes best among those of the server; `None`: as it is.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let given = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let best = given.flat_map(|list| list.split(',')).filter_map(preference).max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        best.filter(|(weight, _)| *weight > 0.0).map(|(_, coding)| coding)
    }

    /// Whether a client takes this one.
    pub fn is_accepted(self, headers: &HeaderMap) -> bool {
        let given = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        given.flat_map(|list| list.split(',')).filter_map(preference).any(|(weight, coding)| coding == self && weight > 0.0)
    }

    /// As the `Content-Encoding` header names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The header.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// Levels that halve or better what objects take, for milliseconds of work.
    fn encode(self, pieces: &[Bytes]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => fill(GzEncoder::new(Vec::new(), flate2::Compression::new(6)), pieces)?.finish(),
            Self::Zstd => fill(zstd::Encoder::new(Vec::new(), 3)?, pieces)?.finish(),
            Self::Brotli => Ok(fill(brotli::CompressorWriter::new(Vec::new(), 64 << 10, 4, 22), pieces)?.into_inner()),
        }
    }
}

/// One element of an `Accept-Encoding` header: its weight and the coding, if it is one of ours.
fn preference(element: &str) -> Option<(f32, Coding)> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next()?;
    let (_, coding) = CODINGS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)), *coding))
}

fn fill<W: Write>(mut writer: W, pieces: &[Bytes]) -> io::Result<W> {
    pieces.iter().try_for_each(|piece| writer.write_all(piece))?;
    writer.flush()?;
    Ok(writer)
}

/// Compressed bodies.
#[derive(Debug)]
pub struct Compressed {
    kept: Cache<(Tag, Coding), Bytes, Octets>,
    asked: HitCounter,
}

#[derive(Debug, Clone)]
struct Octets;

impl Weighter<(Tag, Coding), Bytes> for Octets {
    fn weight(&self, _: &(Tag, Coding), body: &Bytes) -> u64 {
        body.len() as u64 + 128
    }
}

impl Compressed {
    /// An empty cache of at most so many octets.
    pub fn new(budget: usize) -> Self {
        let kept = Cache::with_weighter(budget / USUAL + 16, budget as u64, Octets);
        Self { kept, asked: HitCounter::default() }
    }

    /// How often what was asked for was there.
    pub fn hits(&self) -> Hits {
        self.asked.hits()
    }

    /// The compressed body that a tag names, if it is there.
    pub fn get(&self, tag: Tag, coding: Coding) -> Option<Bytes> {
        let found = self.kept.get(&(tag, coding));
        self.asked.count(found.is_some());
        found
    }

    /// Compresses a body and keeps the result; `None` if that failed, and the body must go as it is.
    pub async fn make(&self, tag: Tag, coding: Coding, pieces: Vec<Bytes>) -> Option<Bytes> {
        let encode = async {
            let encoded = tokio::task::spawn_blocking(move || coding.encode(&pieces)).await;
            encoded.map_err(io::Error::other)?.map(Bytes::from)
        };
        // Who asks for the same meanwhile waits for this one.
        self.kept.get_or_insert_async(&(tag, coding), encode).await.inspect_err(|error| tracing::warn!(%error, "an answer was not compressed")).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn accepted(text: &'static str) -> Option<Coding> {
        Coding::accepted(&[(header::ACCEPT_ENCODING, HeaderValue::from_static(text))].into_iter().collect())
    }

    #[test]
    fn the_client_chooses_and_the_server_breaks_ties() {
        assert_eq!(accepted("gzip, deflate"), Some(Coding::Gzip));
        assert_eq!(accepted("gzip, deflate, br, zstd"), Some(Coding::Zstd));
        assert_eq!(accepted("GZIP;q=1.0, br;q=0.5"), Some(Coding::Gzip));
        for none in ["", "identity", "*", "gzip;q=0", "gzip;q=x", "deflate"] {
            assert_eq!(accepted(none), None, "{none}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), None);
    }

    #[tokio::test]
    async fn every_coding_goes_round_and_is_kept() {
        let pieces = vec![Bytes::from("ab".repeat(5_000)), Bytes::from_static(b"c")];
        let compressed = Compressed::new(1 << 20);
        for coding in [Coding::Gzip, Coding::Brotli, Coding::Zstd] {
            assert_eq!(compressed.get(Tag::of("test", coding as u128, ""), coding), None);
            let body = compressed.make(Tag::of("test", coding as u128, ""), coding, pieces.clone()).await.unwrap();
            let mut back = Vec::new();
            match coding {
                Coding::Gzip => flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut back),
                Coding::Brotli => brotli::Decompressor::new(&body[..], 4096).read_to_end(&mut back),
                Coding::Zstd => zstd::Decoder::new(&body[..]).unwrap().read_to_end(&mut back),
            }
            .unwrap();
            assert_eq!(back, pieces.concat());
            assert!(body.len() < 200);
            assert_eq!(compressed.get(Tag::of("test", coding as u128, ""), coding), Some(body));
        }
        assert_eq!(compressed.hits(), Hits { hits: 3, misses: 3 });
    }
}
