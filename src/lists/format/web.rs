//! URLs as a proxy or the filter of a firewall knows them.

use super::wire::Seen;
use super::{Item, LeftOut, sound};

/// What is seen of a URL when it is fetched, if its scheme is one of these.
///
/// A URL with a fragment is left out: nobody but the browser sees it, and without it the line would stand for more than the indicator says. What
/// `https://files.example/#key` names is one file, `https://files.example/` is the whole service.
pub(super) fn fetched<'a>(item: &Item<'a>, schemes: &[&str]) -> Result<Seen<'a>, LeftOut> {
    let seen = Seen::of(sound(item)?).ok_or(LeftOut)?;
    let known = schemes.contains(&seen.scheme) && !item.value.contains('#');
    if known { Ok(seen) } else { Err(LeftOut) }
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
