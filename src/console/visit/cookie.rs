//! The cookies of the console.

use axum::http::{HeaderMap, HeaderValue, header};

/// The secret of a session.
pub const SESSION: &str = "taxiway_session";
/// The colours that a visitor has chosen.
pub const THEME: &str = "taxiway_theme";
/// What is told on the next page.
pub const FLASH: &str = "taxiway_flash";

/// The value of a cookie.
pub fn get(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    let mut pairs = all.filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(its, _)| *its == name).map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
}

/// Sets a cookie that no script can read, that no other site's form sends along, and that goes over TLS only where there is TLS. Without an age it
/// ends with the browser.
pub fn set(headers: &mut HeaderMap, name: &str, value: &str, tls: bool, seconds: Option<u64>) {
    let age = seconds.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
    let secure = if tls { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/console/; HttpOnly; SameSite=Strict{secure}{age}");
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; taxiway_theme=dark ;b=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("taxiway_session=s"));
        assert_eq!(get(&headers, THEME).as_deref(), Some("dark"));
        assert_eq!(get(&headers, SESSION).as_deref(), Some("s"));
        assert_eq!(get(&headers, FLASH), None);
    }

    #[test]
    fn no_script_and_no_other_site_gets_at_it() {
        let mut headers = HeaderMap::new();
        set(&mut headers, SESSION, "s", true, None);
        let line = headers[header::SET_COOKIE].to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/console/"] {
            assert!(line.contains(part), "{line}");
        }
    }
}
