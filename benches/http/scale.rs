//! The same store on PostgreSQL beside sled, beside writes of single objects, and beside `OpenTAXII` on the same database.
//!
//! `TAXIWAY_POSTGRES` names an account on a PostgreSQL that may make databases; what is measured is that server with its settings.

use std::env;
use std::time::Instant;

use sqlx::{AssertSqlSafe, Connection, PgConnection, query};
use taxiway::store::sled::Options;
use url::Url;
use uuid::Uuid;

use crate::Scale;
use crate::bare::WRITERS;
use crate::large::Pull;
use crate::load;
use crate::others;
use crate::pages::limit;
use crate::support::Outcome;
use crate::support::objects;
use crate::support::server::Server;
use crate::support::stores;
use crate::table::{Line, number, per_second};
use crate::turns;
use crate::wrk::Load;

/// Enough for a page of 100 that has another after it.
const OBJECTS_HELD: u64 = 1_100;
/// Objects a second that are wanted of four clients.
const WANTED: f64 = 20_000.0;
/// Objects that are written one by one in a turn.
const SINGLES: u64 = 4_000;

/// A database with what a sled store holds.
struct Database {
    url: String,
}

impl Database {
    /// Makes a database and copies a store into it.
    fn of(store: &std::path::Path) -> Outcome<Self> {
        let url = fresh()?;
        let copied = runtime()?.block_on(taxiway::store::open::copy(&format!("sled:{}", store.display()), &url, &Options::default(), |_| ()));
        copied?;
        Ok(Self { url })
    }
}

/// Makes a database.
fn fresh() -> Outcome<String> {
    let server = env::var("TAXIWAY_POSTGRES").map_err(|_| "TAXIWAY_POSTGRES names no PostgreSQL")?;
    let name = format!("taxiway_bench_{}", Uuid::new_v4().simple());
    runtime()?.block_on(async {
        let mut connection = PgConnection::connect(&server).await?;
        query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await
    })?;
    let mut url = Url::parse(&server)?;
    url.set_path(&name);
    Ok(url.into())
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// A server over sled and one over PostgreSQL, with the same objects.
fn pair(scale: &Scale) -> Outcome<(Server, Server)> {
    let dir = scale.data.join("scale");
    stores::fresh(&dir)?;
    stores::write(&dir, (0..OBJECTS_HELD).map(|serial| (serial, 0)))?;
    let database = Database::of(&dir)?;
    Ok((Server::start(&dir, 0)?, Server::on(&database.url, &scale.data)?))
}

fn line(what: &str, ours: f64, other: String, ratio: f64, wanted: &str, met: Option<bool>) -> Line {
    Line { what: what.into(), ours: per_second(ours), other, ratio: format!("{ratio:.2}"), wanted: wanted.into(), met }
}

pub(crate) fn page(scale: &Scale) -> Outcome<Vec<Line>> {
    let (sled, postgres) = pair(scale)?;
    let end = sled.end_of_collection(&limit(5_000))?;
    let mut lines = Vec::new();
    for (what, path, connections) in [
        ("PostgreSQL: GET 100 objects, 16 connections; beside sled", limit(100), 16),
        ("PostgreSQL: empty poll, 64 connections; beside sled", end, 64),
    ] {
        let load = Load { connections, seconds: scale.seconds, gzip: false, paths: None };
        let run = |server: &Server| Ok(load.run(&server.url(&path))?.requests);
        let turns = turns::take(scale.rounds, || run(&postgres), || run(&sled))?;
        lines.push(line(what, turns.our_median(), per_second(turns.other_median()), turns.ratio(), "–", None));
    }
    Ok(lines)
}

pub(crate) fn ingest(scale: &Scale) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for size in [100, 1_000] {
        let envelopes = scale.objects / 2 / size;
        let over_sled = || {
            let dir = scale.data.join("scale");
            stores::fresh(&dir)?;
            load::write_all(Server::start(&dir, 0)?.port, WRITERS, envelopes, size)
        };
        let over_postgres = || {
            let dir = scale.data.join("scale");
            stores::fresh(&dir)?;
            let database = Database::of(&dir)?;
            load::write_all(Server::on(&database.url, &scale.data)?.port, WRITERS, envelopes, size)
        };
        let turns = turns::take(scale.rounds, over_postgres, over_sled)?;
        let (rate, other) = (turns.our_median(), format!("{} objects a second", number(turns.other_median())));
        let what = format!("PostgreSQL: durable ingest over HTTP, envelopes of {size}, 4 clients; beside sled");
        lines.push(line(&what, rate, other, turns.ratio(), "20 thousand a second", Some(rate >= WANTED)));
    }
    let dir = scale.data.join("scale");
    let envelopes = scale.objects / 200;
    let turns = turns::take(
        scale.rounds,
        || {
            stores::fresh(&dir)?;
            load::write_all(Server::on(&Database::of(&dir)?.url, &scale.data)?.port, WRITERS, envelopes, 100)
        },
        || singles(WRITERS),
    )?;
    let what = "PostgreSQL: the same, envelopes of 100; beside four connections that insert one object after the other, without HTTP";
    let other = format!("{} objects a second", number(turns.other_median()));
    lines.push(line(what, turns.our_median(), other, turns.ratio(), "–", None));
    Ok(lines)
}

/// Objects a second that connections write one after the other, each in a transaction of its own, as servers do that know no envelopes.
fn singles(writers: u64) -> Outcome<f64> {
    let url = fresh()?;
    runtime()?.block_on(async {
        let table =
            "CREATE TABLE stix (pk bigserial PRIMARY KEY, id text, modified timestamptz, added timestamptz DEFAULT clock_timestamp(), body jsonb)";
        let mut connection = PgConnection::connect(&url).await?;
        query(table).execute(&mut connection).await?;
        query("CREATE INDEX ON stix (id)").execute(&mut connection).await?;
        let start = Instant::now();
        let writers = load::shares(SINGLES, writers).map(|(first, end)| {
            let url = url.clone();
            tokio::spawn(async move {
                let mut connection = PgConnection::connect(&url).await?;
                for serial in first..end {
                    let text = String::from_utf8(objects::text(serial, 0)).unwrap_or_default();
                    let sql = "INSERT INTO stix (id, modified, body) VALUES ($1::jsonb->>'id', ($1::jsonb->>'modified')::timestamptz, $1::jsonb)";
                    query(sql).bind(text).execute(&mut connection).await?;
                }
                Ok::<(), sqlx::Error>(())
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await??;
        }
        Ok(SINGLES as f64 / start.elapsed().as_secs_f64())
    })
}

pub(crate) fn pull(scale: &Scale) -> Outcome<Vec<Line>> {
    let count = scale.large.first().copied().ok_or("no size")?;
    let dir = stores::filled(&scale.data, count)?;
    let start = Instant::now();
    let database = Database::of(&dir)?;
    let copied = start.elapsed().as_secs_f64();
    let (sled, postgres) = (Server::start(&dir, 0)?, Server::on(&database.url, &scale.data)?);
    let time = |server: &Server| {
        let pull = Pull::all(server, count)?;
        pull.complete()?;
        Ok(pull.time.as_secs_f64())
    };
    let turns = turns::take(scale.rounds, || time(&postgres), || time(&sled))?;
    let plain = |what: String, ours: String, other: String| Line { what, ours, other, ratio: "–".into(), wanted: "–".into(), met: None };
    Ok(vec![
        plain(
            format!("PostgreSQL: full pull of {count} objects, limit 1000, one client, complete and without twins; beside sled"),
            format!("{:.2} s", turns.our_median()),
            format!("{:.2} s", turns.other_median()),
        ),
        plain(format!("copy of a store of {count} objects from sled to PostgreSQL, compared in the end"), format!("{copied:.0} s"), "–".into()),
    ])
}

pub(crate) fn opentaxii(scale: &Scale) -> Outcome<Vec<Line>> {
    others::beside_on(scale, &fresh()?, |dir| Server::on(&Database::of(dir)?.url, dir))
}
