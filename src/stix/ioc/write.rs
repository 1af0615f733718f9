//! Indicators in other forms: harmless to click on, and as STIX patterns.

use super::Kind;

/// A value in normal form so that no program makes a link of it; [`read`](super::read::read) takes it back.
pub fn defang(kind: Kind, value: &str) -> String {
    let dots = |text: &str| text.replace('.', "[.]");
    match kind {
        Kind::Ipv4 | Kind::Domain => dots(value),
        Kind::Ipv6 => colon(value),
        Kind::Network => match value.split_once('/') {
            Some((address, prefix)) if address.contains(':') => format!("{}/{prefix}", colon(address)),
            Some((address, prefix)) => format!("{}/{prefix}", dots(address)),
            None => value.to_owned(),
        },
        Kind::Email => value.rsplit_once('@').map_or_else(|| value.to_owned(), |(local, domain)| format!("{local}[@]{}", dots(domain))),
        Kind::Url => defang_url(value),
        _ => value.to_owned(),
    }
}

/// With brackets around the last colon.
fn colon(value: &str) -> String {
    value.rsplit_once(':').map_or_else(|| value.to_owned(), |(before, after)| format!("{before}[:]{after}"))
}

fn defang_url(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let scheme = match scheme {
        "http" => "hxxp",
        "https" => "hxxps",
        "ftp" => "fxp",
        "ftps" => "fxps",
        other => other,
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, place) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    // An address in brackets is no link without its scheme.
    let place = if place.starts_with('[') { place.to_owned() } else { place.replace('.', "[.]") };
    format!("{scheme}://{user}{place}{tail}")
}

/// The STIX pattern that matches a value in normal form; `None` for ids of vulnerabilities and of ATT&CK, which are objects of their own.
pub fn pattern(kind: Kind, value: &str) -> Option<String> {
    let equals = |path: &str| format!("[{path} = {}]", quote(value));
    Some(match kind {
        Kind::Ipv4 => equals("ipv4-addr:value"),
        Kind::Ipv6 => equals("ipv6-addr:value"),
        Kind::Network => {
            let path = if value.contains(':') { "ipv6-addr:value" } else { "ipv4-addr:value" };
            format!("[{path} ISSUBSET {}]", quote(value))
        }
        Kind::Domain => equals("domain-name:value"),
        Kind::Url => equals("url:value"),
        Kind::Email => equals("email-addr:value"),
        Kind::Md5 => equals("file:hashes.MD5"),
        Kind::Sha1 => equals("file:hashes.'SHA-1'"),
        Kind::Sha256 => equals("file:hashes.'SHA-256'"),
        Kind::Sha512 => equals("file:hashes.'SHA-512'"),
        Kind::FileName => equals("file:name"),
        Kind::FilePath => path(value),
        Kind::RegistryKey => equals("windows-registry-key:key"),
        Kind::UserAgent => equals("network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"),
        Kind::Mutex => equals("mutex:name"),
        Kind::Pattern => value.to_owned(),
        Kind::Asn => format!("[autonomous-system:number = {value}]"),
        Kind::Cve | Kind::Technique | Kind::Group | Kind::Software => return None,
    })
}

/// A file in its directory; a path that ends with a separator is the directory.
fn path(value: &str) -> String {
    let Some(at) = value.rfind(['\\', '/']) else { return format!("[file:name = {}]", quote(value)) };
    let (directory, name) = value.split_at(at);
    let name = name.get(1..).unwrap_or_default();
    if name.is_empty() {
        return format!("[directory:path = {}]", quote(directory));
    }
    format!("[file:name = {} AND file:parent_directory_ref.path = {}]", quote(name), quote(directory))
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_pattern() {
        for (kind, value, expected) in [
            (Kind::Ipv4, "1.2.3.4", Some("[ipv4-addr:value = '1.2.3.4']")),
            (Kind::Network, "2001:db8::/32", Some("[ipv6-addr:value ISSUBSET '2001:db8::/32']")),
            (Kind::Sha256, "ab", Some("[file:hashes.'SHA-256' = 'ab']")),
            (Kind::FilePath, r"C:\a\it's", Some(r"[file:name = 'it\'s' AND file:parent_directory_ref.path = 'C:\\a']")),
            (Kind::FilePath, r"C:\a\", Some(r"[directory:path = 'C:\\a']")),
            (Kind::Asn, "20473", Some("[autonomous-system:number = 20473]")),
            (Kind::Cve, "CVE-2021-26855", None),
        ] {
            assert_eq!(pattern(kind, value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn what_is_defanged_is_no_link() {
        for (kind, value, expected) in [
            (Kind::Url, "https://u@evil.com:80/a.b", "hxxps://u@evil[.]com:80/a.b"),
            (Kind::Email, "a.b@evil.com", "a.b[@]evil[.]com"),
            (Kind::Network, "1.2.3.0/24", "1[.]2[.]3[.]0/24"),
            (Kind::Ipv6, "2001:db8::1", "2001:db8:[:]1"),
            (Kind::FileName, "a.exe", "a.exe"),
        ] {
            assert_eq!(defang(kind, value), expected);
        }
    }
}
