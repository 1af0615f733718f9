//! What of a URL is seen on the wire.

use std::fmt::Write;

/// The parts of a URL that a client sends: neither the user nor the fragment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen<'a> {
    /// The scheme: `http`.
    pub(super) scheme: &'a str,
    /// The host, an IPv6 address in its brackets.
    pub(super) host: &'a str,
    /// The port, if it is not the usual one.
    pub(super) port: Option<&'a str>,
    /// Path and query, `/` at least; what is no ASCII is percent-encoded as clients do it.
    pub(super) target: String,
}

impl<'a> Seen<'a> {
    /// Takes a URL in normal form apart.
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let rest = rest.split('#').next()?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let end_of_address = place.rfind(']').map_or(0, |at| at + 1);
        let port = place.get(end_of_address..)?.rfind(':').map(|at| end_of_address + at);
        let (host, port) = port.map_or((place, ""), |at| place.split_at(at));
        let port = port.strip_prefix(':').filter(|port| !port.is_empty());
        (!host.is_empty()).then(|| Self { scheme, host, port, target: target(tail) })
    }

    /// The host with its port.
    pub(super) fn place(&self) -> String {
        self.port.map_or_else(|| self.host.to_owned(), |port| format!("{}:{port}", self.host))
    }
}

/// Path and query as they are sent.
fn target(tail: &str) -> String {
    let mut target = String::with_capacity(tail.len() + 1);
    if !tail.starts_with('/') {
        target.push('/');
    }
    for byte in tail.bytes() {
        if byte.is_ascii_graphic() {
            target.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(target, "%{byte:02X}");
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_as_a_client_does_it() {
        for (url, scheme, host, port, target) in [
            ("http://evil.example", "http", "evil.example", None, "/"),
            ("http://evil.example?q", "http", "evil.example", None, "/?q"),
            ("http://evil.example#f", "http", "evil.example", None, "/"),
            ("https://u:p@evil.example:8443/a?b@c#d", "https", "evil.example", Some("8443"), "/a?b@c"),
            ("http://[2001:db8::1]/a", "http", "[2001:db8::1]", None, "/a"),
            ("http://[2001:db8::1]:8080/a", "http", "[2001:db8::1]", Some("8080"), "/a"),
            ("http://evil.example/ä b", "http", "evil.example", None, "/%C3%A4%20b"),
        ] {
            assert_eq!(Seen::of(url), Some(Seen { scheme, host, port, target: target.to_owned() }), "{url}");
        }
        assert_eq!(Seen::of("evil.example/a"), None);
        assert_eq!(Seen::of("http:///a"), None);
    }

    #[test]
    fn a_place_has_its_port() {
        assert_eq!(Seen::of("http://evil.example:81/").map(|seen| seen.place()).as_deref(), Some("evil.example:81"));
    }
}
