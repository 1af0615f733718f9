//! The server as a client: links take what is new at other servers, send them what is new here, and call webhooks.
//!
//! A link is a line of the directory; how it stands is a paper in the store, written after each page, so that a restart goes on where the last
//! page ended. What went through twice is known at the other side, or here, by id and version.

pub mod client;
pub mod pull;
pub mod runner;
pub mod send;
pub mod state;
