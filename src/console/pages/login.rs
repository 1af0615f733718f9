//! Logging in.

use askama::Template;

use crate::console::parts::frame::{Frame, Theme};
use crate::console::paths::Href;

/// The form that asks who it is. What went wrong before is a flash of the frame.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/login.html")]
pub struct Login {
    /// What is around it; without a visitor.
    pub frame: Frame,
    /// The user name that was tried before.
    pub user: String,
    /// Where to go on to.
    pub next: Href,
}
