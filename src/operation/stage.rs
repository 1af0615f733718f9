//! Whether the server starts, serves or stops.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::SetOnce;

/// Where in its life the server is.
#[derive(Debug, Default)]
pub struct Stage {
    loaded: SetOnce<()>,
    stopping: AtomicBool,
}

impl Stage {
    /// Everything that is to be served has been loaded; saying it twice changes nothing.
    pub fn set_loaded(&self) {
        let _ = self.loaded.set(());
    }

    /// The server was told to stop.
    pub fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether everything has been loaded.
    pub fn is_loaded(&self) -> bool {
        self.loaded.initialized()
    }

    /// Whether the server was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Ends when everything has been loaded.
    pub async fn loaded(&self) {
        self.loaded.wait().await;
    }
}
