//! HTTP/1.1 by hand, for what a proper client would not send.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::checks;
use super::client::Reply;

/// A connection whose bytes the test writes itself.
pub(crate) struct Raw {
    stream: TcpStream,
    read: BytesMut,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), read: BytesMut::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends a whole request and reads the answer. `head` is the request line and the headers, one a line.
    pub(crate) async fn exchange(&mut self, head: &str, body: &[u8]) -> Reply {
        self.send(format!("{}\r\n\r\n", head.trim().lines().map(str::trim).collect::<Vec<_>>().join("\r\n"))).await;
        self.send(body).await;
        self.reply(head.trim().lines().next().unwrap()).await
    }

    /// The next answer, checked; `line` is the request line it answers.
    pub(crate) async fn reply(&mut self, line: &str) -> Reply {
        let reply = self.read_reply(line).await;
        checks::every(&reply);
        reply
    }

    /// The status of the next interim answer, which has no body.
    pub(crate) async fn interim(&mut self) -> u16 {
        let (status, _) = self.read_head().await;
        assert!(status < 200, "{status} is no interim answer");
        status
    }

    /// Whether the server has closed the connection without another word.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && self.stream.read_buf(&mut self.read).await.is_ok_and(|n| n == 0)
    }

    async fn read_reply(&mut self, line: &str) -> Reply {
        let mut words = line.split_whitespace();
        let (method, target) = (words.next().unwrap().parse::<Method>().unwrap(), words.next().unwrap().to_owned());
        let (status, headers) = self.read_head().await;
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let body = if method == Method::HEAD {
            Bytes::new()
        } else if text("transfer-encoding") == Some("chunked") {
            self.read_chunks().await
        } else {
            let length = text("content-length").map_or(0, |length| length.parse().unwrap());
            self.read_exactly(length).await
        };
        Reply { method, target, sent: HeaderMap::new(), status, headers, octets: body.len(), body }
    }

    async fn read_head(&mut self) -> (u16, HeaderMap) {
        let status_line = self.read_line().await;
        let status =
            status_line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status line: {status_line:?}"));
        let mut headers = HeaderMap::new();
        loop {
            let line = self.read_line().await;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value.trim()).unwrap());
        }
        (status, headers)
    }

    async fn read_chunks(&mut self) -> Bytes {
        let mut body = BytesMut::new();
        loop {
            let length = usize::from_str_radix(&self.read_line().await, 16).unwrap();
            body.extend_from_slice(&self.read_exactly(length).await);
            self.read_line().await;
            if length == 0 {
                return body.freeze();
            }
        }
    }

    async fn read_line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\r\n") {
                let line = self.read.split_to(end + 2);
                return String::from_utf8(line[..end].to_vec()).unwrap();
            }
            self.read_more().await;
        }
    }

    async fn read_exactly(&mut self, length: usize) -> Bytes {
        while self.read.len() < length {
            self.read_more().await;
        }
        self.read.split_to(length).freeze()
    }

    async fn read_more(&mut self) {
        let read = self.stream.read_buf(&mut self.read).await.unwrap_or_else(|e| panic!("the connection broke: {e}"));
        assert!(read > 0, "the connection ended; left over: {:?}", self.read);
    }
}
