//! Clients that are many, slow or broken. None of them may disturb the others.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::client::authorization;
use crate::support::stores::OBJECTS;
use crate::world::{World, random};

/// How long a slow client goes on at most: longer than the server's patience for headers and bodies.
const SLOW: Duration = Duration::from_secs(40);
/// More than a body may be.
const OVERSIZED: usize = 11 << 20;

type Nuisance = (&'static str, fn(&World, &mut TcpStream) -> io::Result<()>);

/// All kinds; slow ones are there several times.
pub(crate) const ALL: [Nuisance; 13] = [
    ("slow headers", slow_headers),
    ("slow headers", slow_headers),
    ("slow headers", slow_headers),
    ("slow body", slow_body),
    ("slow body", slow_body),
    ("slow body", slow_body),
    ("stalled reader", stalled_reader),
    ("stalled reader", stalled_reader),
    ("stalled reader", stalled_reader),
    ("oversized body", oversized),
    ("garbage", garbage),
    ("garbage in an envelope", bad_envelope),
    ("broken off", broken_off),
];

/// Does the same again and again until the run is to be quiet.
pub(crate) fn repeat(world: &World, (name, act): Nuisance) {
    while !world.is_quiet() {
        let acted = TcpStream::connect(("127.0.0.1", world.port())).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.set_write_timeout(Some(Duration::from_secs(10)))?;
            act(world, &mut stream)?;
            status(&mut stream)
        });
        match acted {
            Ok(Some(status)) => world.note_status(name, status),
            Ok(None) => {}
            Err(error) => world.note_error(name, &error),
        }
        world.pause(Duration::from_millis(500 + random(1_000)));
    }
}

/// Asks for what is new where nothing is new, as a hundred SIEMs do.
pub(crate) fn poll(world: &World) {
    let mut client = None;
    while !world.is_quiet() {
        let polled = client.take().map_or_else(|| world.connect(), Ok).and_then(|mut open| {
            let status = open.get(&format!("{OBJECTS}?added_after=2900-01-01T00:00:00Z"))?.status;
            client = Some(open);
            Ok(status)
        });
        match polled {
            Ok(status) => world.note_status("poller", status),
            Err(error) => world.note_error("poller", &error),
        }
        world.pause(Duration::from_millis(random(200)));
    }
}

/// The status of the answer, if one comes; many a server just closes.
fn status(stream: &mut TcpStream) -> io::Result<Option<u16>> {
    let mut start = [0; 12];
    match stream.read_exact(&mut start) {
        Ok(()) => Ok(std::str::from_utf8(&start[9..]).ok().and_then(|status| status.parse().ok())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn head(method: &str, length: usize) -> String {
    format!(
        "{method} {OBJECTS}?limit=1000 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nAccept: application/taxii+json;version=2.1\r\n\
         Content-Type: application/taxii+json;version=2.1\r\nContent-Length: {length}\r\n\r\n",
        authorization()
    )
}

/// Sends a byte now and then.
fn drip(world: &World, stream: &mut TcpStream, bytes: impl Iterator<Item = u8>) -> io::Result<()> {
    let start = Instant::now();
    for byte in bytes {
        if world.is_quiet() || start.elapsed() > SLOW {
            break;
        }
        stream.write_all(&[byte])?;
        std::thread::sleep(Duration::from_millis(300));
    }
    Ok(())
}

fn slow_headers(world: &World, stream: &mut TcpStream) -> io::Result<()> {
    drip(world, stream, head("GET", 0).bytes().cycle())
}

fn slow_body(world: &World, stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(head("POST", 10_000).as_bytes())?;
    drip(world, stream, std::iter::repeat(b' '))
}

/// Asks for a megabyte, many times, and reads nothing.
fn stalled_reader(world: &World, stream: &mut TcpStream) -> io::Result<()> {
    let head = head("GET", 0);
    for _ in 0..20 {
        stream.write_all(head.as_bytes())?;
    }
    world.pause(Duration::from_secs(random(20)));
    Ok(())
}

fn oversized(_: &World, stream: &mut TcpStream) -> io::Result<()> {
    // Half of them do not say how long they are.
    if random(2) == 0 {
        stream.write_all(head("POST", OVERSIZED).as_bytes())?;
        return stream.write_all(&vec![b' '; OVERSIZED]);
    }
    let chunked = head("POST", 0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    stream.write_all(chunked.as_bytes())?;
    for _ in 0..OVERSIZED >> 20 {
        stream.write_all(b"100000\r\n")?;
        stream.write_all(&vec![b' '; 1 << 20])?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")
}

fn garbage(_: &World, stream: &mut TcpStream) -> io::Result<()> {
    let bytes: Vec<u8> = (0..random(5_000)).map(|_| random(256).to_le_bytes()[0]).collect();
    stream.write_all(&bytes)?;
    stream.write_all(b"\r\n\r\n")
}

fn bad_envelope(_: &World, stream: &mut TcpStream) -> io::Result<()> {
    let bodies = ["", "{", "[]", "{\"objects\":[]}", "{\"objects\":[{\"type\":\"indicator\"}]}", "\u{0}", "{\"objects\":[[[[[[[[[[[[]]]]]]]]]]]]}"];
    let body = bodies[usize::try_from(random(7)).unwrap_or(0)];
    stream.write_all(head("POST", body.len()).as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// Goes away in the middle of a body.
fn broken_off(_: &World, stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(head("POST", 10_000).as_bytes())?;
    stream.write_all(b"{\"objects\":[")?;
    stream.shutdown(std::net::Shutdown::Both)
}
