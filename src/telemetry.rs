//! Logs: to standard error, as the settings say.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, ParseError, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Crates that may write what passes through connections, headers and credentials included, when they are asked for details.
const TALKATIVE: [&str; 4] = ["h2", "hyper", "hyper_util", "rustls"];

/// Why nothing can be logged as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.filter` cannot be read.
    #[error("log.filter: {0}")]
    Filter(#[from] ParseError),
    /// Something in this process logs already.
    #[error("the log could not be set up: {0}")]
    Taken(TryInitError),
}

/// Sends everything that is logged from now on to standard error.
pub fn start(log: &Log) -> Result<(), TelemetryError> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let asked = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse(&log.filter)?;
    let discreet = filter_fn(|event| is_discreet(event.target(), *event.level()));
    tracing_subscriber::registry().with(asked).with(discreet).with(lines).try_init().map_err(TelemetryError::Taken)
}

/// Whether an event may be logged, whatever the operator asks for.
fn is_discreet(target: &str, level: Level) -> bool {
    let name = target.split("::").next().unwrap_or(target);
    level <= Level::INFO || !TALKATIVE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_ask_for_headers() {
        assert!(!is_discreet("h2::codec", Level::TRACE));
        assert!(!is_discreet("rustls", Level::DEBUG));
        assert!(is_discreet("h2::codec", Level::WARN));
        assert!(is_discreet("taxiway", Level::TRACE));
    }

    #[test]
    fn nonsense_is_refused() {
        let log = Log { format: LogFormat::Text, filter: "taxiway=loud".into(), requests: false };
        assert!(matches!(start(&log), Err(TelemetryError::Filter(_))));
    }
}
