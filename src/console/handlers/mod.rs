//! The handlers: each fills the struct of a page, or does what a form asks and sends the visitor on.

pub mod login;
