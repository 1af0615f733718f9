//! Tells those who wait that something was stored.

use tokio::sync::watch;

/// A bell. It rings for everything; who hears it looks whether there is something for him.
#[derive(Debug)]
pub struct Bell(watch::Sender<()>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Bell {
    pub(super) fn ring(&self) {
        self.0.send_replace(());
    }

    /// Who listens from now on.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}
