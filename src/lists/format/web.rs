//! URLs as a proxy or the filter of a firewall knows them.

use super::wire::Seen;
use super::{Carried, Item, LeftOut, put, sound};

/// What is seen of a URL when it is fetched, if its scheme is one of these.
///
/// A URL with a fragment is left out: nobody but the browser sees it, and without it the line would stand for more than the indicator says. What
/// `https://files.example/#key` names is one file, `https://files.example/` is the whole service.
pub(super) fn fetched<'a>(item: &Item<'a>, schemes: &[&str]) -> Result<Seen<'a>, LeftOut> {
    let seen = Seen::of(sound(item)?).ok_or(LeftOut)?;
    let known = schemes.contains(&seen.scheme) && !item.value.contains('#');
    if known { Ok(seen) } else { Err(LeftOut) }
}

/// Writes an entry that stands for itself: it is not too long, and holds nothing that stands for other text and cannot be escaped.
pub(super) fn put_literal(entry: &str, longest: usize, wild: &[char], out: &mut String) -> Carried {
    if entry.len() > longest || entry.contains(wild) {
        return Err(LeftOut);
    }
    put(out, format_args!("{entry}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::specimen::item;
    use super::*;
    use crate::stix::ioc::Kind;

    #[test]
    fn what_a_proxy_does_not_see_is_left_out() {
        let known = |url| fetched(&item(Kind::Url, url), &["http"]).is_ok();
        assert!(known("http://user@evil.example/a?b"));
        for url in ["http://evil.example/#a", "ssh://evil.example", "evil.example/a", ""] {
            assert!(!known(url), "{url}");
        }
        assert!(fetched(&Item { sound: false, ..item(Kind::Url, "http://evil.example/") }, &["http"]).is_err());
    }
}
