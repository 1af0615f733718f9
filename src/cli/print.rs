//! Data to standard output, messages to standard error.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use super::exit::{Exit, Trouble};

/// Writes a line of data. A reader that has seen enough (`| head`) is no trouble.
pub fn line(text: &str) -> Result<(), Trouble> {
    raw(format!("{text}\n").as_bytes())
}

/// Writes data as it is.
pub fn raw(octets: &[u8]) -> Result<(), Trouble> {
    match std::io::stdout().write_all(octets) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Trouble::new(Exit::Failed, format!("cannot write to standard output: {error}"))),
        _ => Ok(()),
    }
}

/// Writes data as JSON, for scripts.
pub fn json(data: &impl Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_string_pretty(data).map_err(|error| Trouble::new(Exit::Failed, error))?;
    line(&text)
}

/// Tells that something was made: to scripts as it stands, to people in a sentence.
pub fn made(thing: &impl Serialize, sentence: &str, as_json: bool) -> Result<(), Trouble> {
    if as_json {
        return json(thing);
    }
    tell(sentence);
    Ok(())
}

/// Writes rows in columns under a heading; nothing at all if there are no rows.
pub fn table<const N: usize>(heading: [&str; N], rows: Vec<[String; N]>) -> Result<(), Trouble> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<[String; N]> = std::iter::once(heading.map(str::to_uppercase)).chain(rows).collect();
    let widths: [usize; N] = std::array::from_fn(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0));
    rows.iter().try_for_each(|row| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        line(cells.join("  ").trim_end())
    })
}

/// Tells people what happened; a standard error that is gone is nobody to tell.
pub fn tell(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// A word for a yes, and nothing for a no, as tables show them.
pub fn word(yes: bool, word: &str) -> String {
    if yes { word.to_owned() } else { String::new() }
}
