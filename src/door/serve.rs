//! Serves a router on a socket until told to stop; requests in flight are finished.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};

use super::connection::{Gate, Peer, Usher};
use super::limits::{Limits, Options};
use super::tls::Tls;

/// How long requests in flight may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(30);
/// Answers that a client may ask for at once over one connection of HTTP/2.
const STREAMS: u32 = 64;

/// Serves `router` to whoever comes through the gate, over TLS if given, until `stop` ends.
pub async fn serve(
    router: Router,
    gate: Gate,
    tls: Option<Tls>,
    options: &Options,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let usher = Usher(Arc::new(Limits::new(options)));
    let handle = Handle::<Peer>::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopper.graceful_shutdown(Some(GRACE));
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = Server::<Peer>::from_listener(gate).handle(handle);
    server.http_builder().http2().max_concurrent_streams(STREAMS);
    match tls {
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls.config()).handshake_timeout(Duration::from_secs(options.header_seconds));
            server.acceptor(acceptor.acceptor(usher)).serve(service).await
        }
        None => server.acceptor(usher).serve(service).await,
    }
}
