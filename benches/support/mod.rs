//! What the benches share: objects, a client, a server, filled stores, and looks at processes and disks.

pub(crate) mod client;
pub(crate) mod objects;
pub(crate) mod server;
pub(crate) mod stores;
pub(crate) mod system;

/// What a measurement comes to, or why there is none.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
