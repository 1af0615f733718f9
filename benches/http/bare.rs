//! The other side: what the same libraries do when they do nothing else. Each runs in a process of its own, which is this bench again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;
use bytes::Bytes;
use hyper_util::rt::TokioTimer;

use crate::load::shares;
use crate::support::Outcome;
use crate::support::client::Client;
use crate::support::objects;

/// Who writes at the same time.
pub(crate) const WRITERS: u64 = 4;
/// Places that the program puts under one key of its index by type.
const RUN: usize = 32;

/// A handler that answers every request with the same bytes, as a process; it is killed when this is dropped.
pub(crate) struct Handler {
    child: Child,
    port: u16,
}

impl Handler {
    /// A handler with the answer that `client` gets to `path`; `more` are further header lines of the request.
    pub(crate) fn of(client: &mut Client, path: &str, more: &str, data: &Path) -> Outcome<Self> {
        let reply = client.get_with(path, more)?;
        if reply.status != 200 {
            return Err(format!("GET {path}: {}", reply.head).into());
        }
        let file = data.join("bare-page");
        fs::write(&file, [reply.head.as_bytes(), b"\r\n\r\n", reply.body].concat())?;
        let mut child = Command::new(std::env::current_exe()?).arg("--bare-page").arg(&file).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
        Ok(Self { child, port: line.trim().parse()? })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the answer in a file until it is killed: one route, the same server, settings and number of threads as the program.
pub(crate) fn serve(file: &Path) -> Outcome<()> {
    let (headers, body) = answer(&fs::read(file)?)?;
    let handler = move || {
        let answer = (headers.clone(), body.clone());
        async move { answer }
    };
    let app = Router::new().route("/{root}/collections/{collection}/objects/", get(handler));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("{}", listener.local_addr()?.port());
        listener.set_nonblocking(true)?;
        let mut server = axum_server::from_tcp(listener)?;
        server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
        Ok(server.serve(app.into_make_service()).await?)
    })
}

/// Headers and body of an answer, without the headers that every server writes itself.
fn answer(bytes: &[u8]) -> Outcome<(HeaderMap, Bytes)> {
    const OWN: [&str; 4] = ["date", "content-length", "transfer-encoding", "connection"];
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no answer")?;
    let mut headers = HeaderMap::new();
    for (name, value) in std::str::from_utf8(&bytes[..end])?.split("\r\n").filter_map(|line| line.split_once(':')) {
        if !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            headers.append(name.parse::<HeaderName>()?, HeaderValue::from_str(value.trim())?);
        }
    }
    Ok((headers, Bytes::copy_from_slice(&bytes[end + 4..])))
}

/// Objects a second that bare sled makes durable, in a process of its own.
pub(crate) fn sled_rate(dir: &Path, envelopes: u64, size: u64) -> Outcome<f64> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    let numbers = [envelopes, size].map(|number| number.to_string());
    let ended = Command::new(std::env::current_exe()?).arg("--bare-sled").arg(dir).args(numbers).stderr(Stdio::inherit()).output()?;
    Ok(String::from_utf8(ended.stdout)?.trim().parse()?)
}

/// Writes what the program writes for so many envelopes, in the same shape, and prints objects a second.
pub(crate) fn sled(what: &[String]) -> Outcome<()> {
    let [dir, envelopes, size] = what else { return Err("expected a folder, envelopes and their size".into()) };
    let (dir, envelopes, size) = (PathBuf::from(dir), envelopes.parse::<u64>()?, size.parse::<u64>()?);
    // As the program opens it.
    let db = sled::Config::new().path(&dir).cache_capacity(512 << 20).mode(sled::Mode::LowSpace).flush_every_ms(None).open()?;
    let log = fs::File::options().write(true).open(dir.join("db"))?;
    let turn = Mutex::new(());
    let write = |first: u64, end: u64| -> Outcome<()> {
        for envelope in first..end {
            let batch = batch(envelope * size..(envelope + 1) * size);
            let _turn = turn.lock().map_err(|_| "another writer has ended")?;
            db.apply_batch(batch)?;
            db.flush()?;
            log.sync_data()?;
        }
        Ok(())
    };
    let start = Instant::now();
    std::thread::scope(|scope| {
        let writers: Vec<_> = shares(envelopes, WRITERS).map(|(first, end)| scope.spawn(move || write(first, end))).collect();
        writers.into_iter().try_for_each(|writer| writer.join().map_err(|_| "a writer has ended")?)
    })?;
    println!("{}", (envelopes * size) as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

/// The object under its place in the order, its version, and the places of those of its type, many to a key.
fn batch(serials: std::ops::Range<u64>) -> sled::Batch {
    let mut batch = sled::Batch::default();
    for serial in serials.clone() {
        let (id, place) = (objects::id(serial), [&[0; 4], &serial.to_be_bytes()[..]].concat());
        let header = [&[0; 16], id.as_bytes(), b"2021-03-02T12:00:00.000Z"].concat();
        batch.insert([b"n", &place[..]].concat(), [header, objects::text(serial, 0)].concat());
        batch.insert([b"v\0\0\0\0", id.as_bytes(), &[0; 13]].concat(), &serial.to_be_bytes());
    }
    for run in serials.clone().step_by(RUN) {
        let places: Vec<u8> = (run..serials.end).take(RUN).flat_map(u64::to_be_bytes).collect();
        batch.insert([b"t\0\0\0\0indicator\0", &run.to_be_bytes()[..]].concat(), places);
    }
    batch
}
