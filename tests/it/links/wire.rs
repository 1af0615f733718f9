//! A wire between two servers that can be cut, also in the middle of something.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Nothing holds it up.
const WHOLE: u64 = u64::MAX;

/// A wire. It ends with the test.
pub(super) struct Wire {
    pub(super) address: SocketAddr,
    /// How many octets still go through.
    left: Arc<AtomicU64>,
}

impl Wire {
    /// A wire to a server.
    pub(super) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, left) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(WHOLE)));
        let here = left.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let left = here.clone();
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(server).await else { return };
                    let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
                    tokio::select! {
                        () = carry(client_in, server_out, &left) => {}
                        () = carry(server_in, client_out, &left) => {}
                    }
                });
            }
        });
        Self { address, left }
    }

    pub(super) fn cut(&self) {
        self.cut_after(0);
    }

    pub(super) fn cut_after(&self, octets: u64) {
        self.left.store(octets, Ordering::SeqCst);
    }

    pub(super) fn heal(&self) {
        self.left.store(WHOLE, Ordering::SeqCst);
    }
}

/// Carries octets until one end closes or the wire is cut.
async fn carry(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, left: &AtomicU64) {
    let mut octets = [0; 700];
    while let Ok(count) = from.read(&mut octets).await {
        let most = left.load(Ordering::SeqCst);
        let through = count.min(usize::try_from(most).unwrap_or(usize::MAX));
        if most != WHOLE {
            left.store(most - through as u64, Ordering::SeqCst);
        }
        if to.write_all(&octets[..through]).await.is_err() || through < count || count == 0 {
            return;
        }
    }
}
