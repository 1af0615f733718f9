//! Tells those who wait that something was stored, and that the server is about to end.

use tokio::sync::watch;

/// A bell. It rings for everything; who hears it looks whether there is something for him.
#[derive(Debug)]
pub struct Bell(watch::Sender<bool>);

/// Somebody who listens.
#[derive(Debug)]
pub struct Ear(watch::Receiver<bool>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Bell {
    pub(super) fn ring(&self) {
        self.0.send_modify(|_| ());
    }

    /// Nothing comes any more: who listens need not wait.
    pub fn end(&self) {
        self.0.send_replace(true);
    }

    /// Who listens from now on.
    pub fn listen(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

impl Ear {
    /// Whether nothing comes any more. What has rung until now is heard.
    pub fn is_over(&mut self) -> bool {
        *self.0.borrow_and_update()
    }

    /// Whether it has rung since this was asked last.
    pub fn rang(&mut self) -> bool {
        let rang = self.0.has_changed().unwrap_or_default();
        self.0.mark_unchanged();
        rang
    }

    /// Waits until it rings.
    pub async fn heard(&mut self) {
        // The bell is there as long as the feed.
        let _ = self.0.changed().await;
    }
}
