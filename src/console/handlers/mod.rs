//! The handlers: each fills the struct of a page, or does what a form asks and sends the visitor on.

pub mod act;
pub mod add;
pub mod audit;
pub mod browse;
pub mod campaign;
pub mod collections;
pub mod edit;
pub mod export;
pub mod facts;
pub mod imports;
pub mod login;
pub mod object;
pub mod overview;
pub mod place;
pub mod query;
pub mod scope;
pub mod selection;
pub mod sharing;
pub mod terms;
pub mod users;
