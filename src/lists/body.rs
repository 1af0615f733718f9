//! The body of a list: plain or compressed, from texts that are kept or made again.
//!
//! A part is compressed by itself and kept so. DEFLATE lets blocks follow each other, and the checksum of the whole follows from those of the
//! parts; so a list of which little has changed is compressed again in no time.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress};
use futures_util::stream::unfold;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use tokio::sync::mpsc;

use super::list::{Lists, Made, Piece};
use super::part::Part;
use crate::door::pieces::Pieces;

/// A list longer than this is sent while it is made.
const LONG: u64 = 64 << 20;
/// So many texts of a long list wait to be sent.
const AHEAD: usize = 16;
/// The head of a gzip member without a name and a time (RFC 1952 §2.3).
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// The last block of a DEFLATE stream, with nothing in it.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// The body of a list.
pub async fn body(lists: &Arc<Lists>, made: &Arc<Made>, compressed: bool) -> io::Result<Body> {
    if let Some(pieces) = kept(lists, made, compressed) {
        return Ok(Pieces::from(pieces).into());
    }
    if made.octets > LONG {
        return Ok(streamed(lists.clone(), made.clone(), compressed));
    }
    let (lists, made) = (lists.clone(), made.clone());
    let texts = tokio::task::spawn_blocking(move || {
        let texts = made.pieces.par_iter().map(|piece| text(&lists, &made, piece, compressed)).collect();
        wrapped(texts, compressed.then(|| trailer(&made)))
    });
    Ok(Pieces::from(texts.await.map_err(io::Error::other)?).into())
}

impl Made {
    /// The checksum of the whole, from those of the parts.
    fn checksum(&self) -> Hasher {
        let mut whole = Hasher::new();
        for piece in &self.pieces {
            match piece {
                Piece::Frame(text) => whole.update(text),
                Piece::Part(part) => whole.combine(&Hasher::new_with_initial_len(part.crc, part.octets)),
            }
        }
        whole
    }
}

/// All texts, if they are kept.
fn kept(lists: &Lists, made: &Made, compressed: bool) -> Option<Vec<Bytes>> {
    let kept = |piece: &Piece| match piece {
        Piece::Frame(text) => Some(if compressed { deflated(text) } else { text.clone() }),
        Piece::Part(part) => lists.kept(made, part, compressed),
    };
    let pieces = made.pieces.iter().map(kept).collect::<Option<Vec<_>>>()?;
    Some(wrapped(pieces, compressed.then(|| trailer(made))))
}

/// A list that is sent while it is made, so that it need not be in memory whole.
fn streamed(lists: Arc<Lists>, made: Arc<Made>, compressed: bool) -> Body {
    let (send, receive) = mpsc::channel::<Bytes>(AHEAD);
    tokio::task::spawn_blocking(move || {
        let head = compressed.then(|| Bytes::from_static(&HEAD));
        let texts = made.pieces.iter().map(|piece| text(&lists, &made, piece, compressed));
        for text in head.into_iter().chain(texts).chain(compressed.then(|| trailer(&made))) {
            if send.blocking_send(text).is_err() {
                // The client has gone.
                return;
            }
        }
    });
    Body::from_stream(unfold(receive, |mut receive| async { receive.recv().await.map(|text| (Ok::<_, io::Error>(text), receive)) }))
}

fn wrapped(mut pieces: Vec<Bytes>, trailer: Option<Bytes>) -> Vec<Bytes> {
    if let Some(trailer) = trailer {
        pieces.insert(0, Bytes::from_static(&HEAD));
        pieces.push(trailer);
    }
    pieces
}

/// The text of a piece, from what is kept or made again; then it is kept.
fn text(lists: &Lists, made: &Made, piece: &Piece, compressed: bool) -> Bytes {
    match piece {
        Piece::Frame(text) if compressed => deflated(text),
        Piece::Frame(text) => text.clone(),
        Piece::Part(part) => lists.kept(made, part, compressed).unwrap_or_else(|| make(lists, made, part, compressed)),
    }
}

fn make(lists: &Lists, made: &Made, part: &Part, compressed: bool) -> Bytes {
    let text = if compressed { deflated(&lists.kept(made, part, false).unwrap_or_else(|| made.text(part))) } else { made.text(part) };
    lists.keep(made, part, compressed, text.clone());
    text
}

/// A text as DEFLATE blocks that end with an octet and are not the last.
fn deflated(text: &[u8]) -> Bytes {
    let mut compress = Compress::new(Compression::new(6), false);
    let mut out = Vec::with_capacity(text.len() / 2 + 64);
    loop {
        let taken = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let rest = text.get(taken..).unwrap_or_default();
        out.reserve(rest.len() / 2 + 64);
        // Writing to memory that is there does not fail; room left over says that everything was written.
        let done = compress.compress_vec(rest, &mut out, FlushCompress::Sync).is_err() || out.len() < out.capacity();
        if done {
            return out.into();
        }
    }
}

/// What stands behind the last part: an empty last block, the checksum and the length (RFC 1952 §2.3.1).
fn trailer(made: &Made) -> Bytes {
    let length = u32::try_from(made.octets & u64::from(u32::MAX)).unwrap_or_default();
    [&LAST_BLOCK[..], &made.checksum().finalize().to_le_bytes(), &length.to_le_bytes()].concat().into()
}
