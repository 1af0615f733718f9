//! A client that costs little: HTTP/1.1 by hand over one connection that is kept.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::stores::{PASSWORD, USER};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_mins(1);
/// The least that is asked of the socket at once.
const CHUNK: usize = 256 << 10;

/// A connection with the credentials of [`USER`].
pub(crate) struct Client {
    stream: TcpStream,
    headers: String,
    /// What was read and not yet used: begins with the current answer.
    read: Vec<u8>,
    /// How much of it is filled.
    filled: usize,
    /// The body of an answer that came in chunks.
    joined: Vec<u8>,
}

/// An answer.
pub(crate) struct Reply<'a> {
    /// Its status.
    pub(crate) status: u16,
    /// Status line and headers.
    pub(crate) head: &'a str,
    /// Its body.
    pub(crate) body: &'a [u8],
}

impl Reply<'_> {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }
}

/// The value of the `Authorization` header.
pub(crate) fn authorization() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

impl Client {
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let headers = format!("Host: localhost:{port}\r\nAccept: application/taxii+json;version=2.1\r\nAuthorization: {}\r\n", authorization());
        Ok(Self { stream, headers, read: vec![0; CHUNK], filled: 0, joined: Vec::new() })
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Reply<'_>> {
        self.get_with(path, "")
    }

    /// A GET with further header lines.
    pub(crate) fn get_with(&mut self, path: &str, more: &str) -> io::Result<Reply<'_>> {
        let request = format!("GET {path} HTTP/1.1\r\n{}{more}\r\n", self.headers);
        self.stream.write_all(request.as_bytes())?;
        self.reply()
    }

    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> io::Result<Reply<'_>> {
        let (headers, length) = (&self.headers, body.len());
        let head = format!("POST {path} HTTP/1.1\r\n{headers}Content-Type: application/taxii+json;version=2.1\r\nContent-Length: {length}\r\n\r\n");
        self.stream.write_all(head.as_bytes())?;
        self.stream.write_all(body)?;
        self.reply()
    }

    fn reply(&mut self) -> io::Result<Reply<'_>> {
        self.filled = 0;
        let end = self.find(b"\r\n\r\n", 0)?;
        let head = std::str::from_utf8(&self.read[..end]).map_err(|_| broken("a head that is no text"))?;
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(|| broken("no status line"))?;
        let chunked = header(head, "transfer-encoding").is_some();
        let length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let body = end + 4;
        if chunked {
            self.join(body)?;
        } else {
            self.fill(body + length)?;
        }
        let head = std::str::from_utf8(&self.read[..end]).map_err(|_| broken("a head that is no text"))?;
        let body = if chunked { &self.joined[..] } else { &self.read[body..body + length] };
        Ok(Reply { status, head, body })
    }

    /// Joins the chunks that begin at `at`.
    fn join(&mut self, mut at: usize) -> io::Result<()> {
        self.joined.clear();
        loop {
            let end = self.find(b"\r\n", at)?;
            let size = std::str::from_utf8(&self.read[at..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.ok_or_else(|| broken("a chunk without a length"))?;
            let data = end + 2;
            self.fill(data + size + 2)?;
            if size == 0 {
                return Ok(());
            }
            self.joined.extend_from_slice(&self.read[data..data + size]);
            at = data + size + 2;
        }
    }

    /// Where `mark` stands at or after `from`; reads until it is there.
    fn find(&mut self, mark: &[u8], from: usize) -> io::Result<usize> {
        loop {
            if let Some(at) = self.read[from.min(self.filled)..self.filled].windows(mark.len()).position(|window| window == mark) {
                return Ok(from + at);
            }
            self.fill(self.filled + 1)?;
        }
    }

    /// Reads until there are so many bytes.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.read.len() < wanted + CHUNK {
            self.read.resize(wanted + CHUNK, 0);
        }
        while self.filled < wanted {
            match self.stream.read(&mut self.read[self.filled..])? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                some => self.filled += some,
            }
        }
        Ok(())
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn broken(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
