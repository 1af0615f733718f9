//! How the program ends: the codes that scripts go by, and the line that people read.

use std::process::ExitCode;

/// Why the program ended, as the code that it ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// What was asked for was judged and found wrong: an invalid object, a name that is taken, a thing that is not there.
    Refused = 1,
    /// The command line, the settings or a file could not be read.
    Unreadable = 2,
    /// The server does not take the credentials, or takes them for nobody who may do this.
    Denied = 3,
    /// Another process has what is needed, or nobody answers: the store is locked, the port in use, the server out of reach.
    Unavailable = 4,
    /// The store, the server or the machine failed.
    Failed = 5,
}

/// What `taxiway --help` says about the codes.
pub const HELP: &str = "\
Exit codes:
  0  done
  1  refused: an invalid object, a name that is taken, a thing that is not there
  2  the command line, the settings or a file could not be read
  3  the server does not take the credentials for this
  4  unavailable: the store is locked, the port in use, the server out of reach
  5  the store, the server or the machine failed";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb did not end well, in one line.
#[derive(Debug)]
pub struct Trouble {
    /// The code to end with.
    pub exit: Exit,
    /// The line, a lower-case fragment.
    pub message: String,
}

impl Trouble {
    /// A trouble of a kind, in the words of whatever caused it.
    #[expect(clippy::needless_pass_by_value, reason = "errors and texts alike are handed over here")]
    pub fn new(exit: Exit, message: impl ToString) -> Self {
        Self { exit, message: message.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_code_with_its_number() {
        let all = [Exit::Done, Exit::Refused, Exit::Unreadable, Exit::Denied, Exit::Unavailable, Exit::Failed];
        let numbers: Vec<u8> = HELP.lines().skip(1).filter_map(|line| line.trim().split(' ').next()?.parse().ok()).collect();
        assert_eq!(numbers, all.map(|exit| exit as u8));
    }
}
