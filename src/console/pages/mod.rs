//! The pages: each a struct of what it shows, filled by a handler, and a template beside it.

pub mod add;
pub mod audit;
pub mod browse;
pub mod campaign;
pub mod collections;
pub mod error;
pub mod import;
pub mod login;
pub mod object;
pub mod overview;
pub mod sharing;
pub mod users;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
