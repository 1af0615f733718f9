//! Connections: how many there are at once, how long each waits for its client, and that its last answer arrives.
//!
//! A client is waited for when it opens a connection or has its answer (for its next request), and while an answer is ready that it does
//! not take. Whoever takes longer is let go, and with it the memory that its answers hold. While the server is at work, no clock runs;
//! for bodies see [`body`](super::body).
//!
//! The socket is watched: one that takes nothing has a client that reads nothing. HTTP/2 has flow control of its own besides, so that a
//! client that reads the socket may still leave an answer where it is; there, each answer is watched too.

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready as ready_or_return};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, HttpBody};
use axum::extract::connect_info::Connected;
use axum::http::{Request, Response, Version};
use axum_server::accept::Accept;
use axum_server::{AddrListener, Address};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::Service;

use super::limits::{Handed, Limits, Options, Visit};
use super::path;
use super::patience::Patience;

/// An answer over HTTP/2 is handed on in pieces of a usual frame, so that what a client has not taken stays where it is watched.
const PIECE: usize = 16 * 1024;
/// Connections that may wait in the queue of the system, which may allow fewer.
const QUEUE: i32 = 4096;
/// The system takes so much more than it has sent; without this, it may take megabytes, and a slow reader seems to stand still for minutes.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 256 * 1024;

/// Accepts connections, as many at once as may be.
///
/// Those beyond wait in the queue of the system, and are served in their order when others end, as each does by the clocks of this file.
/// An answer 503 would come sooner, but ends a crawl (Q25), and many clients take it for a failure of the feed.
pub struct Gate {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    times: Times,
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(SocketAddr);

impl Gate {
    /// A gate before a listener.
    pub fn new(listener: std::net::TcpListener, options: &Options) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        SockRef::from(&listener).listen(QUEUE)?;
        let slots = Arc::new(Semaphore::new(options.connections.min(Semaphore::MAX_PERMITS)));
        Ok(Self { listener, slots, times: Times::of(options) })
    }
}

impl Gate {
    /// Tells how many connections are open.
    pub fn open(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let (slots, all) = (self.slots.clone(), self.slots.available_permits());
        move || all.saturating_sub(slots.available_permits()) as u64
    }
}

impl AddrListener<Stream<TcpStream>, Peer> for Gate {
    async fn bind_to(_: Peer) -> io::Result<Self> {
        // The caller owns the socket.
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn accept_stream(&self) -> io::Result<(Stream<TcpStream>, Peer)> {
        let slot = self.slots.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (socket, address) = self.listener.accept().await?;
        // An answer leaves in pieces, of which none should wait for a word from the client.
        socket.set_nodelay(true)?;
        #[cfg(target_os = "linux")]
        SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT)?;
        Ok((Stream::new(socket, self.times, Some(slot)), Peer(address)))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.listener.local_addr().map(Peer)
    }
}

impl Address for Peer {
    type Stream = Stream<TcpStream>;
    type Listener = Gate;
}

impl Connected<Peer> for SocketAddr {
    fn connect_info(peer: Peer) -> Self {
        peer.0
    }
}

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
struct Times {
    header: Duration,
    answer: Duration,
    pace: u64,
}

impl Times {
    fn of(options: &Options) -> Self {
        let (header, answer) = (Duration::from_secs(options.header_seconds), Duration::from_secs(options.answer_idle_seconds));
        Self { header, answer, pace: options.least_pace }
    }

    fn patience(self) -> Patience {
        Patience::new(self.answer, self.pace)
    }
}

/// What a connection waits for; shared by its socket and its answers.
#[derive(Clone)]
struct Watch(Arc<Mutex<Waiting>>);

struct Waiting {
    times: Times,
    /// Requests that are not answered in full.
    requests: usize,
    /// When the next request has to be there, while there is none.
    next_request: Instant,
    /// When the client has to take more of an answer, for each over HTTP/2 that is ready.
    answers: BTreeMap<u64, Instant>,
    /// The name of the next answer.
    name: u64,
    /// Since when the socket takes nothing.
    stuck: Option<Instant>,
    /// How long it may.
    writing: Patience,
    /// Whether a request over HTTP/1.1 was answered before all of its body had come.
    unread: bool,
}

impl Watch {
    fn new(times: Times) -> Self {
        let next_request = Instant::now() + times.header;
        let writing = times.patience();
        Self(Arc::new(Mutex::new(Waiting {
            times,
            requests: 0,
            next_request,
            answers: BTreeMap::new(),
            name: 0,
            stuck: None,
            writing,
            unread: false,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has come.
    fn begin(&self, version: Version) -> Turn {
        let mut waiting = self.lock();
        waiting.requests += 1;
        waiting.name += 1;
        // Where another one comes, the body of the last did end.
        waiting.unread = false;
        let patience = (version == Version::HTTP_2).then(|| waiting.times.patience());
        Turn { watch: self.clone(), name: waiting.name, patience, since: None }
    }
}

impl Waiting {
    /// When the client will have taken too long; `None` while the server is at work.
    fn due(&self) -> Option<Instant> {
        let stuck = self.stuck.map(|since| since + self.writing.left());
        let idle = (self.requests == 0 && stuck.is_none()).then_some(self.next_request);
        self.answers.values().copied().chain(stuck).chain(idle).min()
    }

    /// The socket was offered something, and took so much.
    fn wrote(&mut self, taken: Option<usize>) {
        match (taken, self.stuck) {
            (None, None) => self.stuck = Some(Instant::now()),
            (None, Some(_)) => {}
            (Some(octets), None) => self.writing.spend(Duration::ZERO, octets),
            (Some(octets), Some(since)) => {
                let now = Instant::now();
                self.writing.spend(now - since, octets);
                (self.stuck, self.next_request) = (None, now + self.times.header);
            }
        }
    }
}

/// One request and its answer, as its connection sees it. The end of this is the end of the answer.
struct Turn {
    watch: Watch,
    name: u64,
    /// How long the client may leave the answer; `None` where the socket tells.
    patience: Option<Patience>,
    /// Since when it is the client's turn to take more.
    since: Option<Instant>,
}

impl Turn {
    /// The client has to take more.
    fn is_clients(&mut self) {
        let Some(patience) = &self.patience else { return };
        let now = Instant::now();
        self.since = Some(now);
        self.watch.lock().answers.insert(self.name, now + patience.left());
    }

    /// The client has taken so much.
    fn took(&mut self, octets: usize) {
        let Some(patience) = &mut self.patience else { return };
        let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        patience.spend(waited, octets);
    }

    /// The server has to make more.
    fn is_ours(&self) {
        self.watch.lock().answers.remove(&self.name);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut waiting = self.watch.lock();
        waiting.requests -= 1;
        waiting.answers.remove(&self.name);
        waiting.next_request = Instant::now() + waiting.times.header;
    }
}

/// A socket that fails when its client takes too long.
pub struct Stream<S> {
    socket: S,
    watch: Watch,
    /// Wakes the connection to look whether its client takes too long.
    clock: Pin<Box<Sleep>>,
    /// One of the connections that there may be.
    _slot: Option<OwnedSemaphorePermit>,
}

impl<S> Stream<S> {
    fn new(socket: S, times: Times, slot: Option<OwnedSemaphorePermit>) -> Self {
        let watch = Watch::new(times);
        Self { socket, watch, clock: Box::pin(sleep_until(Instant::now() + times.header)), _slot: slot }
    }

    /// An error if the client has taken too long. The clock is put forward, and put back only when it has struck, so that a request costs
    /// no more than a look at it.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let due = self.watch.lock().due();
        if let Some(due) = due.filter(|due| *due < self.clock.deadline()) {
            self.clock.as_mut().reset(due);
        }
        while self.clock.as_mut().poll(context).is_ready() {
            let waiting = self.watch.lock();
            let now = Instant::now();
            match waiting.due() {
                Some(due) if due <= now => return Err(io::ErrorKind::TimedOut.into()),
                Some(due) => self.clock.as_mut().reset(due),
                None => self.clock.as_mut().reset(now + waiting.times.header),
            }
        }
        Ok(())
    }

    fn wrote(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &outcome {
            Poll::Ready(Ok(octets)) => self.watch.lock().wrote(Some(*octets)),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                self.watch.lock().wrote(None);
                self.check(context)?;
            }
        }
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.socket).poll_write(context, octets);
        self.wrote(context, outcome)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.socket).poll_write_vectored(context, parts);
        self.wrote(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    /// What a client still sends of a body that was refused is read off until it ends, or the clock strikes: if the socket were closed
    /// before, the client would see that and not the answer (Q21).
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready_or_return!(Pin::new(&mut self.socket).poll_shutdown(context))?;
        while self.watch.lock().unread {
            let mut octets = [0; 8192];
            let mut buffer = ReadBuf::new(&mut octets);
            ready_or_return!(self.as_mut().poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Lets each connection know its requests.
#[derive(Clone)]
pub struct Usher(pub Arc<Limits>);

impl<S, V> Accept<Stream<S>, V> for Usher {
    type Stream = Stream<S>;
    type Service = Attended<V>;
    type Future = Ready<io::Result<(Stream<S>, Attended<V>)>>;

    fn accept(&self, stream: Stream<S>, inner: V) -> Self::Future {
        let attended = Attended { inner, watch: stream.watch.clone(), limits: self.0.clone() };
        ready(Ok((stream, attended)))
    }
}

/// A service whose requests are counted, and whose bodies are watched both ways.
#[derive(Clone)]
pub struct Attended<V> {
    inner: V,
    watch: Watch,
    limits: Arc<Limits>,
}

impl<V, B> Service<Request<B>> for Attended<V>
where
    V: Service<Request<Body>, Response = Response<Body>>,
    V::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Answer>;
    type Error = V::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answer>, V::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), V::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (turn, visit) = (self.watch.begin(request.version()), Visit::new(self.limits.clone()));
        let watch = (request.version() != Version::HTTP_2).then(|| self.watch.clone());
        let mut request = path::normalize(request).map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(Sent { body, watch }) });
        request.extensions_mut().insert(visit.clone());
        let answered = self.inner.call(request);
        Box::pin(async move {
            let response = answered.await?;
            visit.answered(response.extensions().get::<Handed>().copied());
            Ok(response.map(|body| Answer::new(body, turn)))
        })
    }
}

/// The body of a request; tells its connection if it is dropped before its end.
struct Sent<B> {
    body: B,
    /// `None` over HTTP/2, which can end a request without its connection.
    watch: Option<Watch>,
}

impl<B: HttpBody + Unpin> HttpBody for Sent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let next = Pin::new(&mut self.body).poll_frame(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.watch = None;
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Sent<B> {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.lock().unread = true;
        }
    }
}

/// The body of an answer, which is watched while its client does not take it.
pub struct Answer {
    body: Body,
    /// What is ready and not yet taken.
    rest: Bytes,
    turn: Turn,
}

impl Answer {
    fn new(body: Body, mut turn: Turn) -> Self {
        turn.is_clients();
        Self { body, rest: Bytes::new(), turn }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.turn.took(0);
        if self.rest.is_empty() {
            let next = Pin::new(&mut self.body).poll_frame(context);
            if next.is_pending() {
                self.turn.is_ours();
            }
            match ready_or_return!(next).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let length = if self.turn.patience.is_some() { self.rest.len().min(PIECE) } else { self.rest.len() };
        let piece = self.rest.split_to(length);
        self.turn.took(length);
        self.turn.is_clients();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest + body.lower());
        if let Some(upper) = body.upper() {
            hint.set_upper(rest + upper);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use hyper::client::conn::http2;
    use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
    use hyper_util::server::conn::auto::Builder;
    use hyper_util::service::TowerToHyperService;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::sleep;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    /// Much more than all buffers between server and client hold.
    const LONG: usize = 10 << 20;

    fn options() -> Options {
        Options {
            connections: 1,
            header_seconds: 30,
            body_idle_seconds: 1,
            answer_idle_seconds: 60,
            least_pace: 1000,
            requests_per_minute: 0,
            objects_per_minute: 0,
            body_memory: 0,
        }
    }

    /// A connection to a server, which ends when the server lets it go. Time is the test's: it passes when everybody waits.
    fn connect() -> (DuplexStream, JoinHandle<()>) {
        let work = || async {
            sleep(HOUR).await;
            "done"
        };
        let router =
            Router::new().route("/long/", get(|| async { vec![b'x'; LONG] })).route("/short/", get(|| async { "x" })).route("/work/", get(work));
        let (client, socket) = duplex(16 * 1024);
        let stream = Stream::new(socket, Times::of(&options()), None);
        let usher = Usher(Arc::new(Limits::new(&options())));
        let (stream, service) = usher.accept(stream, router).into_inner().unwrap();
        let served = tokio::spawn(async move {
            let mut builder = Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
            let _ = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await;
        });
        (client, served)
    }

    async fn ask(client: &mut DuplexStream, path: &str) {
        client.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_nothing_is_let_go() {
        let began = Instant::now();
        let (_silent, served) = connect();
        served.await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn who_drips_a_head_is_let_go() {
        let (mut client, served) = connect();
        while client.write_all(b"GET /a").await.is_ok() {
            sleep(Duration::from_secs(10)).await;
        }
        served.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_nothing_more_is_let_go_and_who_does_is_not() {
        let (mut client, served) = connect();
        for _ in 0..10 {
            ask(&mut client, "/short/").await;
            let mut answer = [0; 1000];
            assert!(client.read(&mut answer).await.unwrap() > 0);
            sleep(Duration::from_secs(20)).await;
        }
        assert!(!served.is_finished());
        served.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_server_works_no_clock_runs() {
        let (mut client, _served) = connect();
        ask(&mut client, "/work/").await;
        let mut answer = [0; 1000];
        let length = client.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 OK"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_is_held_for_a_pause_only() {
        let began = Instant::now();
        let (mut client, served) = connect();
        ask(&mut client, "/long/").await;
        served.await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 60);
    }

    /// How much of a long answer a client gets that reads so many octets a second.
    async fn read_at(pace: usize) -> usize {
        let (mut client, _served) = connect();
        ask(&mut client, "/long/").await;
        let (mut all, mut part) = (0, vec![0; pace]);
        loop {
            match client.read(&mut part).await {
                Ok(0) | Err(_) => return all,
                Ok(length) => all += length,
            }
            // An answer that is read whole is followed by the end of the connection, because nothing more is asked.
            sleep(Duration::from_secs(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_but_steadily_gets_everything_and_who_drips_does_not() {
        assert!(read_at(1100).await > LONG);
        assert!(read_at(500).await < LONG / 10);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_flow_control_keeps_is_held_for_a_pause_only() {
        for window in [0, 1000, 70_000] {
            let (client, served) = connect();
            let mut builder = http2::Builder::new(TokioExecutor::new());
            let (mut sender, connection) = builder.initial_stream_window_size(window).handshake::<_, Body>(TokioIo::new(client)).await.unwrap();
            let connection = tokio::spawn(connection);
            let request = || Request::get("http://x/long/").body(Body::empty()).unwrap();
            let answer = sender.send_request(request()).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            // The socket is read all the time; the answer is not taken.
            served.await.unwrap();
            assert!(answer.into_body().collect().await.is_err());
            drop(connection);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_of_http2_that_asks_nothing_more_is_let_go() {
        let (client, served) = connect();
        let (mut sender, connection) = http2::handshake::<_, _, Body>(TokioExecutor::new(), TokioIo::new(client)).await.unwrap();
        tokio::spawn(connection);
        let answer = sender.send_request(Request::get("http://x/short/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "x");
        served.await.unwrap();
    }
}
