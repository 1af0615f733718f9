//! What the tests share: a server, clients for it, the checks that every answer must pass, and STIX objects to fill it with.

pub(crate) mod checks;
pub(crate) mod client;
pub(crate) mod console;
pub(crate) mod postgres;
pub(crate) mod raw;
pub(crate) mod samples;
pub(crate) mod server;
