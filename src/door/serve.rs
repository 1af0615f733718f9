//! Serves a router on a socket until told to stop; requests in flight are finished.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum::ServiceExt;
use axum::http::Request;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tower::Layer;
use tower::util::MapRequestLayer;

use super::path;

/// How long requests in flight may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(30);
/// How long a client may take to send its request line and headers.
const HEADERS: Duration = Duration::from_secs(30);

/// Serves `router` on `listener`, over TLS if given, until `stop` ends.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let handle = Handle::<SocketAddr>::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopper.graceful_shutdown(Some(GRACE));
    });
    let app = MapRequestLayer::new(path::normalize::<Incoming>).layer(router);
    let service = ServiceExt::<Request<Incoming>>::into_make_service_with_connect_info::<SocketAddr>(app);
    if let Some(tls) = tls {
        let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle);
        set_timeouts(server.http_builder());
        server.serve(service).await
    } else {
        let mut server = axum_server::from_tcp(listener)?.handle(handle);
        set_timeouts(server.http_builder());
        server.serve(service).await
    }
}

fn set_timeouts(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(HEADERS));
}
