//! The handlers: each fills the struct of a page, or does what a form asks and sends the visitor on.

pub mod add;
pub mod audit;
pub mod collections;
pub mod imports;
pub mod login;
pub mod place;
mod terms;
pub mod users;
