//! Paths as clients write them: without the last slash (T-010), or with slashes doubled (Q19).

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Makes the path of a request end in one `/` and have no empty segments, before it is routed.
pub fn normalize<B>(mut request: Request<B>) -> Request<B> {
    if let Some(uri) = normalized(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// The normal form of `uri`, or `None` if it has it already.
fn normalized(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path.ends_with('/') && !path.contains("//") {
        return None;
    }
    let mut normal = String::with_capacity(path.len() + 1);
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        normal.push('/');
        normal.push_str(segment);
    }
    normal.push('/');
    if let Some(query) = uri.query() {
        normal.push('?');
        normal.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(normal).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t010_q19_one_slash_between_and_one_at_the_end() {
        for (from, to) in [
            ("/taxii2", "/taxii2/"),
            ("//taxii2/", "/taxii2/"),
            ("/feeds//collections?limit=1", "/feeds/collections/?limit=1"),
            ("///", "/"),
            ("/a%2Fb", "/a%2Fb/"),
        ] {
            assert_eq!(normalized(&from.parse().unwrap()), Some(to.parse().unwrap()), "{from}");
        }
        assert_eq!(normalized(&"/taxii2/?a=//".parse().unwrap()), None);
    }
}
