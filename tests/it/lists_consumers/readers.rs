//! Lists whose consumers cannot run here: firewalls that are bought, and files that are read line by line. Their readers are written down as strictly
//! as their makers describe them.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use url::Url;

use super::whatever_values_are;

/// Whether a consumer would take a line for what it should be.
type Reads = fn(&str) -> bool;

/// Each list, how its comments begin, and what a line of it is.
const LISTS: [(&str, &str, Reads); 33] = [
    ("ip.txt", "#", place),
    ("ipv4.txt", "#", ipv4),
    ("ipv6.txt", "#", ipv6),
    ("network.txt", "#", network),
    ("domain.txt", "#", host),
    ("url.txt", "#", url),
    ("email.txt", "#", email),
    ("md5.txt", "#", hash),
    ("sha1.txt", "#", hash),
    ("sha256.txt", "#", hash),
    ("sha512.txt", "#", hash),
    ("file-name.txt", "#", text),
    ("file-path.txt", "#", text),
    ("registry-key.txt", "#", text),
    ("user-agent.txt", "#", text),
    ("mutex.txt", "#", text),
    ("asn.txt", "#", asn),
    ("hosts.txt", "#", hosts),
    ("fortios-ip.txt", "#", place),
    ("fortios-domain.txt", "#", wildcard),
    ("fortios-url.txt", "#", url),
    ("fortios-sha256.txt", "#", hash),
    ("paloalto-ip.txt", "", place),
    ("paloalto-domain.txt", "", wildcard),
    ("paloalto-url.txt", "", edl_url),
    ("wazuh-ip.cdb", "", key),
    ("wazuh-domain.cdb", "", key),
    ("wazuh-url.cdb", "", key),
    ("zeek.intel", "#", zeek),
    ("snort.rules", "#", snort),
    ("ipv4.kql", "//", kql),
    ("domain.kql", "//", kql),
    ("url.kql", "//", kql),
];

fn ipv4(line: &str) -> bool {
    line.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4())
}

fn ipv6(line: &str) -> bool {
    line.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6())
}

fn network(line: &str) -> bool {
    line.parse::<IpNet>().is_ok_and(|network| network == network.trunc())
}

fn place(line: &str) -> bool {
    line.parse::<IpAddr>().is_ok() || network(line)
}

/// A name as DNS has it.
fn host(line: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    line.len() <= 253 && line.contains('.') && line.split('.').all(label) && line.parse::<IpAddr>().is_err()
}

fn wildcard(line: &str) -> bool {
    host(line.strip_prefix("*.").unwrap_or(line))
}

fn url(line: &str) -> bool {
    line.bytes().all(|b| b.is_ascii_graphic()) && Url::parse(line).is_ok_and(|url| url.has_host())
}

/// Host, a slash and the rest, without a scheme; an asterisk or a caret would stand for anything.
fn edl_url(line: &str) -> bool {
    line.contains('/') && !line.contains("://") && !line.contains(['*', '^']) && url(&format!("http://{line}"))
}

fn email(line: &str) -> bool {
    line.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && local.bytes().all(|b| b.is_ascii_graphic()) && host(domain))
}

fn hash(line: &str) -> bool {
    [32, 40, 64, 128].contains(&line.len()) && line.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn asn(line: &str) -> bool {
    line.trim_start_matches("AS").parse::<u32>().is_ok()
}

/// Any text, as it is, on a line of its own.
fn text(line: &str) -> bool {
    !line.is_empty() && !line.chars().any(char::is_control)
}

fn hosts(line: &str) -> bool {
    line.split_once(' ').is_some_and(|(address, name)| ["0.0.0.0", "::"].contains(&address) && host(name))
}

/// A key, between quotation marks if it holds a colon, and a number.
fn key(line: &str) -> bool {
    let (key, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or_default(),
        None => line.split_at(line.find(':').unwrap_or_default()),
    };
    !key.is_empty() && !key.contains('"') && rest.strip_prefix(':').is_some_and(|value| value.bytes().all(|b| b.is_ascii_digit()))
}

/// Four columns; an escape is one that Zeek knows.
fn zeek(line: &str) -> bool {
    let columns: Vec<&str> = line.split('\t').collect();
    columns.len() == 4 && columns[1].starts_with("Intel::") && columns.iter().all(|column| text(column))
}

/// A header, and options of which each text stands between quotation marks, without a bare mark or semicolon in it.
fn snort(line: &str) -> bool {
    let Some((header, options)) = line.strip_suffix(')').and_then(|line| line.split_once(" (")) else { return false };
    let header = header.split(' ').count() == 7 && header.starts_with("alert ");
    let (mut quoted, mut escaped, mut options_ended, mut sids) = (false, false, false, 0);
    for (at, character) in options.char_indices() {
        options_ended = false;
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if quoted => return false,
            ';' => options_ended = true,
            's' if !quoted && options[at..].starts_with("sid:") => sids += 1,
            _ => {}
        }
    }
    header && !quoted && options_ended && sids == 1 && !options.chars().any(char::is_control)
}

/// A line of a `let` with a list of texts, each between quotation marks in which those of the text are escaped.
fn kql(line: &str) -> bool {
    let (mut quoted, mut escaped, mut outside) = (false, false, String::new());
    for character in line.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            other => outside.push(other),
        }
    }
    let known = outside.chars().all(|character| character.is_ascii_alphanumeric() || " _=()[]:,;".contains(character));
    !quoted && !escaped && known && !line.chars().any(char::is_control)
}

#[test]
fn q_every_line_is_what_its_reader_expects() {
    let names: Vec<&str> = LISTS.iter().map(|(name, ..)| *name).collect();
    whatever_values_are(&names, 40, |folder: &Path| {
        for (name, comment, reads) in LISTS {
            let list = fs::read_to_string(folder.join(name)).unwrap();
            assert!(list.is_empty() || list.ends_with('\n'), "{name}");
            for line in list.split_terminator('\n').filter(|line| comment.is_empty() || !line.starts_with(comment)) {
                assert!(reads(line), "{name}: {line:?}");
            }
        }
    });
}
