//! STIX 2.1: what an object is and whether it is one. Pure: no I/O, no clock, no HTTP.

pub mod bundle;
pub mod finding;
pub mod id;
pub mod ioc;
pub mod json;
pub mod kind;
pub mod marking;
pub mod object;
pub mod pattern;
mod rules;
pub mod sco_id;
pub mod succession;
pub mod time;
