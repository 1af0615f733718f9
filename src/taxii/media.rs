//! Media types: what a client accepts and what it sends (TAXII 2.1 §1.6.8, §3.1).

/// The `Content-Type` of every answer: lower case, version present, unquoted (Q10).
pub const TAXII: &str = "application/taxii+json;version=2.1";
/// What a collection holds (T-126).
pub const STIX: &str = "application/stix+json;version=2.1";
/// What a FortiGate asks for and gets as one unpaged bundle (Q13).
pub const STIX_20: &str = "application/vnd.oasis.stix+json;version=2.0";

/// What an answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The resource that the standard defines for the endpoint.
    Taxii,
    /// A whole collection as one STIX bundle (Q13).
    Bundle,
}

/// What an endpoint can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// TAXII resources: §4, and the collections of §5.
    Resource,
    /// TAXII resources about STIX content, for which STIX media types may be asked (T-136).
    Content,
    /// The objects of a collection, also as a bundle.
    Objects,
}

/// One element of an `Accept` header, or a `Content-Type`.
#[derive(Debug, PartialEq)]
struct Range {
    /// `type/subtype` in lower case.
    name: String,
    /// The `version` parameter without quotes.
    version: Option<String>,
    /// The weight; 1 if absent or unreadable.
    q: f32,
}

/// Chooses the form of an answer for an `Accept` header; `None` means 406.
///
/// A missing or empty header accepts TAXII 2.1 (T-013). The most specific range that names a form decides about it, so that
/// `q=0` excludes (RFC 7231 §5.3.2, T-022).
pub fn negotiate(accept: Option<&str>, offer: Offer) -> Option<Form> {
    let Some(accept) = accept.filter(|a| !a.trim().is_empty()) else {
        return Some(Form::Taxii);
    };
    let ranges: Vec<Range> = split(accept, ',').filter_map(range).collect();
    // Only a range that names a type asks for the other forms: a wildcard means the TAXII resource.
    let accepts = |name: &str, version: &str, closely: u8| {
        let best =
            ranges.iter().filter_map(|r| specificity(r, name, version).map(|s| (s, r.q))).max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        best.is_some_and(|(specificity, q)| specificity >= closely && q > 0.0)
    };
    if accepts("application/taxii+json", "2.1", 0) {
        return Some(Form::Taxii);
    }
    match offer {
        Offer::Content | Offer::Objects if accepts("application/stix+json", "2.1", 2) => Some(Form::Taxii),
        Offer::Objects if accepts("application/vnd.oasis.stix+json", "2.0", 2) => Some(Form::Bundle),
        _ => None,
    }
}

/// Whether a POST may carry this `Content-Type`: TAXII 2.1, or STIX 2.1 as some senders say (Q14); parameters such as `charset` do
/// not count.
pub fn takes(content_type: &str) -> bool {
    range(content_type)
        .is_some_and(|r| matches!(r.name.as_str(), "application/taxii+json" | "application/stix+json") && r.version.is_none_or(|v| v == "2.1"))
}

/// How closely a range names `name;version`, or `None` if it does not.
fn specificity(range: &Range, name: &str, version: &str) -> Option<u8> {
    match (range.name.as_str(), &range.version) {
        (n, Some(v)) if n == name && v == version => Some(3),
        (n, None) if n == name => Some(2),
        ("application/*", _) => Some(1),
        ("*/*", _) => Some(0),
        _ => None,
    }
}

fn range(text: &str) -> Option<Range> {
    let mut parts = split(text, ';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    if name.split('/').filter(|half| !half.is_empty()).count() != 2 {
        return None;
    }
    let mut range = Range { name, version: None, q: 1.0 };
    for parameter in parts {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        match key.trim().to_ascii_lowercase().as_str() {
            "version" => range.version = Some(value.to_owned()),
            "q" => range.q = value.parse().unwrap_or(1.0),
            _ => {}
        }
    }
    Some(range)
}

/// Splits at `separator` outside quoted strings.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q11_t022_accepts_the_spellings_of_real_clients() {
        for accept in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "application/taxii+json; version=\"2.1\"",
            "APPLICATION/TAXII+JSON; VERSION=2.1",
            "application/taxii+json",
            "*/*",
            "application/*",
            "text/html, application/taxii+json;version=2.1;q=0.5",
            "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
            "application/taxii+json;version=2.1; charset=utf-8",
            "application/vnd.oasis.taxii+json; version=2.0, application/taxii+json;version=2.1",
            "text/plain;x=\",\", */*;q=0.1",
            "",
        ] {
            assert_eq!(negotiate(Some(accept), Offer::Resource), Some(Form::Taxii), "{accept}");
        }
        assert_eq!(negotiate(None, Offer::Resource), Some(Form::Taxii));
    }

    #[test]
    fn t018_t023_q12_refuses_what_it_cannot_write() {
        for accept in [
            "text/html",
            "application/json",
            "application/taxii+json;version=2.0",
            "application/taxii+json;version=9.9",
            "application/taxii+json;version=abc",
            "application/vnd.oasis.taxii+json; version=2.0",
            "application/taxii+json;version=2.1;q=0",
            "application/taxii+json;version=2.1;q=0, */*",
            "nonsense",
            "/",
        ] {
            assert_eq!(negotiate(Some(accept), Offer::Objects), None, "{accept}");
        }
    }

    #[test]
    fn t136_q13_content_may_be_asked_for_by_its_own_type() {
        let both = "application/taxii+json;version=2.1,application/stix+json;version=2.1";
        assert_eq!(negotiate(Some(both), Offer::Content), Some(Form::Taxii));
        assert_eq!(negotiate(Some("application/stix+json;version=2.1"), Offer::Content), Some(Form::Taxii));
        assert_eq!(negotiate(Some("application/stix+json;version=2.1"), Offer::Resource), None);
        let fortigate = "application/vnd.oasis.stix+json; version=2.0";
        assert_eq!(negotiate(Some(fortigate), Offer::Objects), Some(Form::Bundle));
        assert_eq!(negotiate(Some(fortigate), Offer::Content), None);
    }

    #[test]
    fn q14_t019_takes_the_content_types_of_real_senders() {
        for good in [
            "application/taxii+json;version=2.1",
            "application/stix+json; version=2.1",
            "application/taxii+json; version=\"2.1\"; charset=utf-8",
            "application/taxii+json",
        ] {
            assert!(takes(good), "{good}");
        }
        for bad in ["", "application/json", "application/taxii+json;version=2.0", "application/vnd.oasis.taxii+json;version=2.0", "*/*", "text/plain"]
        {
            assert!(!takes(bad), "{bad}");
        }
    }
}
