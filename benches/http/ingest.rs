//! Durable ingest, fully judged, over HTTP: beside the same batches in bare sled, and many clients beside one.

use crate::Scale;
use crate::bare::{self, WRITERS};
use crate::load;
use crate::support::Outcome;
use crate::support::server::Server;
use crate::support::stores;
use crate::table::{Line, number, per_second};
use crate::turns;

/// Objects a second that are wanted of envelopes.
const WANTED: f64 = 25_000.0;

pub(crate) fn envelopes(scale: &Scale) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for size in [100, 1000] {
        let envelopes = scale.objects / size;
        let turns = turns::take(
            scale.rounds,
            || ingest(scale, WRITERS, envelopes, size),
            || bare::sled_rate(&scale.data.join("bare-sled"), envelopes, size),
        )?;
        let (rate, ratio) = (turns.our_median(), turns.ratio());
        lines.push(Line {
            what: format!("durable, fully judged ingest over HTTP, envelopes of {size}, 4 clients"),
            ours: format!("{} objects a second", number(rate)),
            other: format!("the same batches in bare sled: {} objects a second", number(turns.other_median())),
            ratio: format!("{ratio:.2}"),
            wanted: "0.80 and 25 thousand a second".into(),
            met: Some(ratio >= 0.8 && rate >= WANTED),
        });
    }
    Ok(lines)
}

pub(crate) fn group(scale: &Scale) -> Outcome<Vec<Line>> {
    // One client waits for the disk at each object: it is given fewer.
    let (many, one) = (scale.objects / 10, scale.objects / 200);
    let turns = turns::take(scale.rounds, || ingest(scale, 64, many, 1), || ingest(scale, 1, one, 1))?;
    let ratio = turns.ratio();
    Ok(vec![Line {
        what: "durable ingest, envelopes of 1, 64 clients; beside one client".into(),
        ours: per_second(turns.our_median()),
        other: per_second(turns.other_median()),
        ratio: format!("{ratio:.1}"),
        wanted: "20".into(),
        met: Some(ratio >= 20.0),
    }])
}

/// Objects a second that go into a server over an empty store.
fn ingest(scale: &Scale, clients: u64, envelopes: u64, size: u64) -> Outcome<f64> {
    let dir = scale.data.join("ingest");
    stores::fresh(&dir)?;
    let server = Server::start(&dir, 0)?;
    load::write_all(server.port, clients, envelopes, size)
}
