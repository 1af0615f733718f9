//! What every answer of the console tells the browser: load nothing from elsewhere, run nothing that is not ours, be framed by nobody.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// No style, script or form but our own, and no inline ones.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
                          frame-ancestors 'none'; base-uri 'none'";

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Adds the headers; what says nothing about being kept is not to be kept, since it was made for one visitor.
pub async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.extend(ALWAYS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[tokio::test]
    async fn nothing_is_kept_and_nothing_foreign_is_run() {
        let response = guard(Response::new(Body::empty())).await;
        assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert!(!POLICY.contains("unsafe") && !POLICY.contains('*') && !POLICY.contains("data:"));
    }

    #[tokio::test]
    async fn what_says_how_long_it_is_kept_is_believed() {
        let kept = Response::builder().header(header::CACHE_CONTROL, "public").body(Body::empty()).unwrap();
        assert_eq!(guard(kept).await.headers()[header::CACHE_CONTROL], "public");
    }
}
