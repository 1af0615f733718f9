//! What is shown instead of a page.

use askama::Template;

use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::said::Said;

/// Why there is no page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/error.html")]
pub struct Error {
    /// What is around it.
    pub frame: Frame,
    /// The status of the answer.
    pub status: u16,
    /// What went wrong, in a sentence.
    pub what: Said,
    /// The request's id, as the log has it.
    pub request: Option<Said>,
}
