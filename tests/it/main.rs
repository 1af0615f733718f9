//! The integration tests: one binary, whose tree mirrors the URLs of the server. `support/checks.rs` holds what is checked on every answer.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod program;
mod scene;
mod support;

mod access;
mod admin;
mod api_root;
mod architecture;
mod browser;
mod caching;
mod cli;
mod clients;
mod collections;
mod console_objects;
mod console_work;
mod crash;
mod curated;
mod delete;
mod desk;
mod discovery;
mod errors;
mod full_disk;
mod guard;
mod ioc_corpus;
mod ioc_oracle;
mod ioc_properties;
mod levels;
mod limits;
mod links;
mod lists;
mod lists_consumers;
mod manifest;
mod mutations;
mod negotiation;
mod object;
mod object_oracle;
mod objects_get;
mod objects_post;
mod openapi;
mod operation;
mod paging;
mod partners;
mod pattern_corpus;
mod pattern_oracle;
mod pattern_properties;
mod pattern_strategy;
mod robustness;
mod scale;
mod status;
mod tls;
mod versions;
