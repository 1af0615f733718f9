//! Passwords: from the environment or a prompt, never from a flag, which others on the machine could see.

use super::exit::{Exit, Trouble};
use super::print;

/// Holds the password of the user that a verb makes or changes.
const NEW: &str = "TAXIWAY_PASSWORD";
/// Holds the password of `admin`, for the first start and for verbs that have no token.
pub const ADMIN: &str = "TAXIWAY_ADMIN_PASSWORD";

/// The password that a user is to have.
pub fn new_password(user: &str) -> Result<String, Trouble> {
    if let Some(password) = variable(NEW)? {
        return Ok(password);
    }
    let password = prompt(&format!("Password for {user}: "), NEW)?;
    if prompt("The same again: ", NEW)? != password {
        return Err(Trouble::new(Exit::Unreadable, "these were two passwords"));
    }
    Ok(password)
}

/// The password with which `user` speaks to a server.
pub fn password_of(user: &str) -> Result<String, Trouble> {
    match variable(ADMIN)? {
        Some(password) if user == "admin" => Ok(password),
        _ => {
            print::tell("no --token and no TAXIWAY_TOKEN: a password will do");
            prompt(&format!("Password of {user}: "), "TAXIWAY_TOKEN")
        }
    }
}

/// A variable that is set to something.
pub fn variable(name: &str) -> Result<Option<String>, Trouble> {
    match std::env::var_os(name).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) => value.into_string().map(Some).map_err(|_| Trouble::new(Exit::Unreadable, format!("{name} is not UTF-8"))),
    }
}

fn prompt(question: &str, instead: &str) -> Result<String, Trouble> {
    rpassword::prompt_password(question).map_err(|error| Trouble::new(Exit::Unreadable, format!("nobody to ask ({error}): set {instead}")))
}
