//! Settings: defaults, under a file, under the environment, under flags. `taxiway.default.toml` names and explains each.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use crate::feed::guard::Posting;
use crate::stix::json::DEEPEST;
use crate::{door, feed, operation, store};

/// Every setting with its default; also what tells known keys from unknown ones, and the type of each.
const DEFAULTS: &str = include_str!("../taxiway.default.toml");
/// The file that is read when none is named, if it is there.
const USUAL_FILE: &str = "taxiway.toml";
/// What the name of every variable begins with.
const PREFIX: &str = "TAXIWAY";
/// Granular markings in extensions of observables need about eight levels.
const LEAST_DEPTH: usize = 16;
/// A status can be read for at least this many hours (T-118).
const LEAST_STATUS_HOURS: u64 = 24;

/// Every setting. `taxiway.default.toml` says what each means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Config {
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    pub store: String,
    #[serde(deserialize_with = "url")]
    pub public_url: Option<String>,
    #[serde(deserialize_with = "title")]
    pub title: String,
    #[serde(deserialize_with = "text")]
    pub description: Option<String>,
    #[serde(deserialize_with = "text")]
    pub contact: Option<String>,
    pub insecure: bool,
    pub curated: bool,
    #[serde(deserialize_with = "path")]
    pub indicators: Option<PathBuf>,
    pub tls: Tls,
    pub limits: Limits,
    pub cache: Cache,
    pub postgres: Postgres,
    pub console: Console,
    pub lists: Lists,
    pub access: Access,
    pub guard: Guard,
    pub operation: Operation,
    pub log: Log,
}

/// `[tls]`: `cert` and `key` or neither, which [`Config::load`] sees to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Tls {
    #[serde(deserialize_with = "path")]
    pub cert: Option<PathBuf>,
    #[serde(deserialize_with = "path")]
    pub key: Option<PathBuf>,
    #[serde(deserialize_with = "path")]
    pub client_ca: Option<PathBuf>,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Limits {
    pub max_content_length: NonZeroU64,
    pub document_octets: NonZeroU64,
    pub page_default: NonZeroUsize,
    pub page_max: NonZeroUsize,
    pub page_octets: NonZeroUsize,
    #[serde(deserialize_with = "status_hours")]
    pub status_hours: u64,
    pub envelope_objects: NonZeroUsize,
    #[serde(deserialize_with = "depth")]
    pub json_depth: usize,
    pub connections: NonZeroUsize,
    #[serde(deserialize_with = "seconds")]
    pub header_seconds: u64,
    #[serde(deserialize_with = "seconds")]
    pub body_idle_seconds: u64,
    #[serde(deserialize_with = "seconds")]
    pub answer_idle_seconds: u64,
    pub least_pace: NonZeroU64,
    pub requests_per_minute: u64,
    pub objects_per_minute: u64,
    pub body_memory: NonZeroU64,
}

/// `[cache]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Cache {
    pub tree_octets: u64,
    pub segment_octets: usize,
    pub compressed_octets: usize,
}

/// `[postgres]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Postgres {
    pub connections: NonZeroU32,
    #[serde(deserialize_with = "text")]
    pub read_url: Option<String>,
}

/// `[console]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Console {
    pub catalog_octets: usize,
    pub idle_minutes: u64,
}

/// `[lists]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Lists {
    pub cache_octets: usize,
    pub guarded: bool,
}

/// `[access]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Access {
    pub trusted_proxies: Vec<IpAddr>,
    #[serde(deserialize_with = "headers")]
    pub key_headers: Vec<String>,
}

/// `[guard]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Guard {
    pub posting: Posting,
    pub defaults: bool,
    #[serde(deserialize_with = "path")]
    pub folder: Option<PathBuf>,
    pub block: Vec<String>,
    pub inform: Vec<String>,
}

/// `[operation]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Operation {
    pub metrics_from: Vec<IpAddr>,
    pub drain_seconds: u64,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are documented once, in taxiway.default.toml")]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
    pub requests: bool,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What is wrong with the settings, and where they came from.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not ours to read.
    #[error("cannot read {}: {error}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{origin}: {message}")]
    Syntax {
        /// The file, with the line.
        origin: String,
        /// What is wrong there.
        message: String,
    },
    /// There is no such setting.
    #[error("{origin}: there is no setting {key}")]
    Unknown {
        /// File, variable or flag.
        origin: String,
        /// Its path.
        key: String,
    },
    /// A setting cannot have this value.
    #[error("{origin}: {key}: {message}")]
    Value {
        /// File, variable or flag.
        origin: String,
        /// Its path.
        key: String,
        /// Why not.
        message: String,
    },
    /// Settings contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// A setting given on the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The flag as it is written.
    pub name: &'static str,
    /// The path of the setting, like `tls.cert`.
    pub key: &'static str,
    /// Its value.
    pub value: Value,
}

impl Config {
    /// Reads all layers. `file` must be there if it is named; `environment` looks a variable up.
    pub fn load(file: Option<&Path>, environment: impl Fn(&str) -> Option<OsString>, flags: Vec<Flag>) -> Result<Self, ConfigError> {
        let mut layers = Layers::defaults()?;
        let usual = Path::new(USUAL_FILE);
        if let Some(file) = file.or_else(|| usual.exists().then_some(usual)) {
            layers.set_from_file(file)?;
        }
        layers.set_from_environment(environment)?;
        for Flag { name, key, value } in flags {
            layers.set(name, key, value)?;
        }
        layers.config.check()?;
        Ok(layers.config)
    }

    /// What the feed is told.
    pub fn feed(&self) -> feed::Options {
        let limits = &self.limits;
        feed::Options {
            page_default: limits.page_default.get(),
            page_max: limits.page_max.get(),
            page_octets: limits.page_octets.get(),
            status_hours: limits.status_hours,
            envelope_objects: limits.envelope_objects.get(),
            json_depth: limits.json_depth,
            catalog_octets: self.console.catalog_octets,
        }
    }

    /// Which warning lists there are and what they mean.
    pub fn guard(&self) -> feed::guard::Options {
        let Guard { posting, defaults, folder, block, inform } = self.guard.clone();
        feed::guard::Options { defaults, folder, posting, block, inform }
    }

    /// What the store is told, whichever kind it is of.
    pub fn stores(&self) -> store::open::Options {
        let Cache { tree_octets: cache, segment_octets: segments, .. } = self.cache;
        let Postgres { connections, read_url } = self.postgres.clone();
        store::open::Options {
            sled: store::sled::Options { cache, segments, ..store::sled::Options::default() },
            postgres: store::postgres::Options { connections: connections.get(), read_url },
        }
    }

    /// What the doors are told.
    pub fn door(&self) -> door::Options {
        door::Options {
            title: self.title.clone(),
            description: self.description.clone(),
            contact: self.contact.clone(),
            public_url: self.public_url.clone(),
            tls: self.tls.cert.is_some(),
            trusted_proxies: self.access.trusted_proxies.clone(),
            key_headers: self.access.key_headers.clone(),
            max_content_length: self.limits.max_content_length.get(),
            console_idle_minutes: self.console.idle_minutes,
            document_octets: self.limits.document_octets.get(),
            compressed_octets: self.cache.compressed_octets,
            lists_octets: self.lists.cache_octets,
            lists_guarded: self.lists.guarded,
            limits: self.limits(),
        }
    }

    /// Where the certificates are, if there is TLS.
    pub fn certificates(&self) -> Option<door::tls::Files> {
        let Tls { cert, key, client_ca } = self.tls.clone();
        cert.zip(key).map(|(cert, key)| door::tls::Files { cert, key, client_ca })
    }

    fn limits(&self) -> door::limits::Options {
        let limits = &self.limits;
        door::limits::Options {
            connections: limits.connections.get(),
            header_seconds: limits.header_seconds,
            body_idle_seconds: limits.body_idle_seconds,
            answer_idle_seconds: limits.answer_idle_seconds,
            least_pace: limits.least_pace.get(),
            requests_per_minute: limits.requests_per_minute,
            objects_per_minute: limits.objects_per_minute,
            body_memory: limits.body_memory.get(),
        }
    }

    /// What those who watch the server are told.
    pub fn operation(&self) -> operation::Options {
        operation::Options { metrics_from: self.operation.metrics_from.clone(), log_requests: self.log.requests }
    }

    /// Refuses to send passwords in clear over a network, unless the operator says that this is meant.
    pub fn check_exposure(&self) -> Result<(), ConfigError> {
        let safe = self.listen.ip().to_canonical().is_loopback() || self.tls.cert.is_some();
        if safe || self.insecure || !self.access.trusted_proxies.is_empty() {
            return Ok(());
        }
        Err(ConfigError::Contradiction(
            "listening beyond loopback without TLS would send passwords and tokens in clear: \
             give --tls-cert and --tls-key, or name the proxy that does TLS in [access] trusted_proxies, or say --insecure",
        ))
    }

    /// The rules between settings.
    fn check(&self) -> Result<(), ConfigError> {
        if self.tls.cert.is_some() != self.tls.key.is_some() {
            return Err(ConfigError::Contradiction("tls.cert and tls.key are given both or not at all"));
        }
        if self.tls.client_ca.is_some() && self.tls.cert.is_none() {
            return Err(ConfigError::Contradiction("tls.client_ca is of no use without tls.cert and tls.key"));
        }
        if self.limits.page_default > self.limits.page_max {
            return Err(ConfigError::Contradiction("limits.page_default is greater than limits.page_max"));
        }
        if self.limits.max_content_length > self.limits.body_memory {
            return Err(ConfigError::Contradiction("limits.body_memory is less than limits.max_content_length, a single body"));
        }
        if self.limits.document_octets > self.limits.body_memory {
            return Err(ConfigError::Contradiction("limits.body_memory is less than limits.document_octets, a single body"));
        }
        Ok(())
    }
}

/// The settings as they stand while layers are laid on: every leaf is checked on its own, so that an error names where it came from.
struct Layers {
    /// A table of the shape of the default file.
    root: Value,
    config: Config,
}

impl Layers {
    fn defaults() -> Result<Self, ConfigError> {
        let name = "taxiway.default.toml";
        let root = Value::Table(parse(DEFAULTS, name)?);
        let config = Config::deserialize(root.clone()).map_err(|e| ConfigError::Syntax { origin: name.into(), message: e.message().into() })?;
        Ok(Self { root, config })
    }

    fn set_from_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Unreadable { file: file.into(), error })?;
        let name = file.display().to_string();
        leaves(&Value::Table(parse(&text, &name)?)).into_iter().try_for_each(|(key, value)| self.set(&name, &key, value))
    }

    fn set_from_environment(&mut self, environment: impl Fn(&str) -> Option<OsString>) -> Result<(), ConfigError> {
        for (key, default) in leaves(&self.root) {
            let name = variable(&key);
            let Some(text) = environment(&name).filter(|text| !text.is_empty()) else { continue };
            let value = text.to_str().ok_or("not UTF-8").and_then(|text| read_like(&default, text));
            let value = value.map_err(|why| ConfigError::Value { origin: name.clone(), key: key.clone(), message: why.into() })?;
            self.set(&name, &key, value)?;
        }
        Ok(())
    }

    fn set(&mut self, origin: &str, key: &str, value: Value) -> Result<(), ConfigError> {
        let slot = key.split('.').try_fold(&mut self.root, |table, name| table.as_table_mut()?.get_mut(name));
        let Some(slot) = slot else {
            return Err(ConfigError::Unknown { origin: origin.into(), key: key.into() });
        };
        // A heading without settings below it changes nothing.
        if slot.is_table() && value.as_table().is_some_and(Table::is_empty) {
            return Ok(());
        }
        *slot = value;
        let checked = Config::deserialize(self.root.clone());
        self.config = checked.map_err(|e| ConfigError::Value { origin: origin.into(), key: key.into(), message: e.message().replace('\n', " ") })?;
        Ok(())
    }
}

fn parse(text: &str, name: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        let origin = line.map_or(name.to_owned(), |line| format!("{name}:{line}"));
        ConfigError::Syntax { origin, message: error.message().replace('\n', " ") }
    })
}

/// The settings of a table with their paths; an empty table counts as one.
fn leaves(root: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in root.as_table().into_iter().flatten() {
        match value {
            Value::Table(table) if !table.is_empty() => found.extend(leaves(value).into_iter().map(|(path, leaf)| (format!("{name}.{path}"), leaf))),
            _ => found.push((name.clone(), value.clone())),
        }
    }
    found
}

/// The variable that a setting is taken from.
fn variable(key: &str) -> String {
    format!("{PREFIX}_{}", key.replace('.', "_").to_uppercase())
}

/// Reads the text of a variable as the type that the default has.
fn read_like(default: &Value, text: &str) -> Result<Value, &'static str> {
    match default {
        Value::Boolean(_) => text.parse().map(Value::Boolean).map_err(|_| "neither true nor false"),
        Value::Integer(_) => text.parse().map(Value::Integer).map_err(|_| "not a whole number"),
        Value::Array(_) => Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect::<Vec<_>>().into()),
        _ => Ok(Value::from(text)),
    }
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"an IP address with a port, like 127.0.0.1:8080 or [::1]:8080"))
}

/// Scheme and authority, without the slash that people leave at the end; empty is none.
fn url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let Some(url) = text(from)? else { return Ok(None) };
    let base = url.trim_end_matches('/');
    let authority = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://")).unwrap_or("");
    if authority.is_empty() || authority.contains(|c: char| matches!(c, '/' | '?' | '#' | '@') || c.is_whitespace() || c.is_control()) {
        return Err(D::Error::invalid_value(Unexpected::Str(&url), &"scheme, host and port without a path, like https://taxii.example.org"));
    }
    Ok(Some(base.to_owned()))
}

fn title<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from)?.ok_or_else(|| D::Error::custom("a server has a title"))
}

/// A text; empty is none.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// A path; empty is none.
fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    text(from).map(|text| text.map(PathBuf::from))
}

fn status_hours<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let hours = u64::deserialize(from)?;
    // A century, so that no clock overflows.
    if (LEAST_STATUS_HOURS..=876_000).contains(&hours) {
        return Ok(hours);
    }
    Err(D::Error::invalid_value(Unexpected::Unsigned(hours), &"24 hours at least, and less than a century (TAXII 2.1 §4.3.1)"))
}

/// How deep objects may be: deep enough for every object of the standard, and no deeper than the parser goes.
fn depth<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let depth = usize::deserialize(from)?;
    if (LEAST_DEPTH..=DEEPEST).contains(&depth) {
        return Ok(depth);
    }
    Err(D::Error::custom(format_args!("between {LEAST_DEPTH} and {DEEPEST} levels")))
}

/// A time that a client may take.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let seconds = u64::deserialize(from)?;
    match seconds {
        1..=86_400 => Ok(seconds),
        _ => Err(D::Error::invalid_value(Unexpected::Unsigned(seconds), &"a time between a second and a day")),
    }
}

/// Names of headers, in lower case.
fn headers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let token = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    match names.iter().find(|name| !token(name)) {
        Some(wrong) => Err(D::Error::invalid_value(Unexpected::Str(wrong), &"names of headers (RFC 7230 §3.2.6)")),
        None => Ok(names.into_iter().map(|name| name.to_ascii_lowercase()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> Option<OsString> {
        None
    }

    /// Loads a file with this text, which also keeps out one that lies beside the tests.
    fn load(text: &str, environment: impl Fn(&str) -> Option<OsString>, flags: Vec<Flag>) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path()), environment, flags).map_err(|e| e.to_string().replace(&file.path().display().to_string(), "F"))
    }

    fn from_file(text: &str) -> Result<Config, String> {
        load(text, nothing, Vec::new())
    }

    fn from_environment(name: &str, text: &str) -> Result<Config, String> {
        load("", |asked| (asked == name).then(|| text.into()), Vec::new())
    }

    #[test]
    fn the_defaults_are_those_of_the_default_file() {
        let config = from_file("").unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.store, "sled:taxiway-data");
        assert_eq!((config.public_url.as_deref(), config.indicators, config.tls.cert), (None, None, None));
        assert_eq!(config.limits.max_content_length.get(), 10 * 1024 * 1024);
        assert_eq!(config.access.key_headers, ["x-api-key"]);
        assert_eq!((config.guard.posting, config.guard.defaults, config.guard.folder), (Posting::Inform, true, None));
    }

    #[test]
    fn each_layer_lies_over_the_one_before() {
        let file = "title = 'file'\ncontact = 'file'\n[limits]\npage_max = 4000\n[tls]\n";
        let environment = |name: &str| (name == "TAXIWAY_CONTACT" || name == "TAXIWAY_STORE").then(|| "environment".into());
        let flag = Flag { name: "--store", key: "store", value: "flag".into() };
        let config = load(file, environment, vec![flag]).unwrap();
        assert_eq!((config.title.as_str(), config.contact.as_deref(), config.store.as_str()), ("file", Some("environment"), "flag"));
        assert_eq!((config.limits.page_max.get(), config.limits.page_default.get()), (4000, 1000));
    }

    #[test]
    fn what_is_wrong_in_a_file_is_told_with_file_and_key() {
        for (text, told) in [
            ("titel = 'x'", "F: there is no setting titel"),
            ("[limits]\npage_maximum = 1", "F: there is no setting limits.page_maximum"),
            ("[limitz]", "F: there is no setting limitz"),
            ("listen.port = 1", "F: there is no setting listen.port"),
            ("[limits]\npage_max = 'many'", "F: limits.page_max: invalid type: string \"many\", expected a nonzero usize"),
            (
                "[limits]\nstatus_hours = 23",
                "F: limits.status_hours: invalid value: integer `23`, expected 24 hours at least, and less than a century (TAXII 2.1 §4.3.1)",
            ),
            ("tls = 'x'", "F: tls: invalid type: string \"x\", expected struct Tls"),
            ("[tls]\ncert = 'x'", "tls.cert and tls.key are given both or not at all"),
            ("[tls]\nclient_ca = 'x'", "tls.client_ca is of no use without tls.cert and tls.key"),
            ("[limits]\npage_max = 10", "limits.page_default is greater than limits.page_max"),
            ("[limits]\nbody_memory = 10", "limits.body_memory is less than limits.max_content_length, a single body"),
            ("[limits]\nbody_memory = 20000000", "limits.body_memory is less than limits.document_octets, a single body"),
            ("[limits]\nheader_seconds = 0", "F: limits.header_seconds: invalid value: integer `0`, expected a time between a second and a day"),
            ("title = ''", "F: title: a server has a title"),
            ("[guard]\nposting = 'warn'", "F: guard.posting: unknown variant `warn`, expected one of `off`, `inform`, `block`"),
        ] {
            assert_eq!(from_file(text).unwrap_err(), told, "{text}");
        }
        assert!(from_file("title = 1\ncontact").unwrap_err().starts_with("F:2: "));
        let missing = Config::load(Some(Path::new("no/such/file")), nothing, Vec::new()).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read no/such/file: "), "{missing}");
    }

    #[test]
    fn variables_are_read_by_the_type_of_the_default() {
        assert_eq!(from_environment("TAXIWAY_LIMITS_MAX_CONTENT_LENGTH", "5").unwrap().limits.max_content_length.get(), 5);
        assert!(from_environment("TAXIWAY_INSECURE", "true").unwrap().insecure);
        let proxies = from_environment("TAXIWAY_ACCESS_TRUSTED_PROXIES", "192.0.2.1, ::1").unwrap().access.trusted_proxies;
        assert_eq!(proxies.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.1", "::1"]);
        assert_eq!(from_environment("TAXIWAY_ACCESS_KEY_HEADERS", "X-Key").unwrap().access.key_headers, ["x-key"]);
        assert_eq!(from_environment("TAXIWAY_TITLE", "").unwrap().title, "Taxiway");
        assert_eq!(from_environment("TAXIWAY_INSECURE", "yes").unwrap_err(), "TAXIWAY_INSECURE: insecure: neither true nor false");
        assert_eq!(from_environment("TAXIWAY_LIMITS_PAGE_MAX", "1e3").unwrap_err(), "TAXIWAY_LIMITS_PAGE_MAX: limits.page_max: not a whole number");
    }

    #[test]
    fn a_public_url_is_scheme_and_authority() {
        assert_eq!(from_environment("TAXIWAY_PUBLIC_URL", "https://a.example:8443/").unwrap().public_url.as_deref(), Some("https://a.example:8443"));
        for bad in ["a.example", "ftp://a.example", "https://", "https://a.example/taxii", "https://a b"] {
            assert!(from_environment("TAXIWAY_PUBLIC_URL", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_do_not_travel_in_clear_by_accident() {
        let exposed = |text: &str| from_file(text).unwrap().check_exposure().is_err();
        assert!(!exposed(""));
        assert!(!exposed("listen = '[::1]:80'"));
        assert!(!exposed("listen = '[::ffff:127.0.0.1]:80'"));
        assert!(exposed("listen = '0.0.0.0:80'"));
        assert!(exposed("listen = '[::]:80'"));
        assert!(!exposed("listen = '0.0.0.0:80'\ninsecure = true"));
        assert!(!exposed("listen = '0.0.0.0:80'\naccess.trusted_proxies = ['192.0.2.1']"));
        assert!(!exposed("listen = '0.0.0.0:80'\ntls.cert = 'c'\ntls.key = 'k'"));
    }
}
