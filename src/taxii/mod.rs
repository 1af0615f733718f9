//! TAXII 2.1: media types, resources, queries, cursors and envelopes. Pure: no I/O, no clock, no HTTP.

pub mod cursor;
pub mod envelope;
pub mod media;
pub mod query;
pub mod resource;
pub mod stamp;
