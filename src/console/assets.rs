//! The console's own style and script: embedded, named after their contents, kept by browsers for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file of the console.
struct Asset {
    /// Its name, with a digest of its contents in it.
    name: String,
    media: &'static str,
    text: &'static str,
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new("console", "css", "text/css; charset=utf-8", include_str!("assets/console.css")));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("assets/console.js")));
static ICON: LazyLock<Asset> = LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

impl Asset {
    fn new(stem: &str, ending: &str, media: &'static str, text: &'static str) -> Self {
        let digest = hex::encode(Sha256::digest(text));
        Self { name: format!("{stem}-{}.{ending}", digest.get(..16).unwrap_or_default()), media, text }
    }

    fn path(&self) -> String {
        format!("/console/assets/{}", self.name)
    }
}

/// Where the style sheet is.
pub fn style() -> String {
    STYLE.path()
}

/// Where the script is.
pub fn script() -> String {
    SCRIPT.path()
}

/// Where the icon is.
pub fn icon() -> String {
    ICON.path()
}

/// Sends an asset; one of another digest belongs to another version of the program and is not here.
pub async fn one(Path(name): Path<String>) -> Response {
    match [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers = [(header::CONTENT_TYPE, asset.media), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, asset.text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_asset_is_found_under_its_digest_only() {
        for (path, media) in [(style(), "text/css; charset=utf-8"), (script(), "text/javascript; charset=utf-8"), (icon(), "image/svg+xml")] {
            let name = path.strip_prefix("/console/assets/").unwrap().to_owned();
            let found = one(Path(name)).await;
            assert_eq!(found.status(), StatusCode::OK);
            assert_eq!(found.headers()[header::CONTENT_TYPE], media);
            assert!(found.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        }
        assert_eq!(one(Path("console.css".to_owned())).await.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn assets_ask_nobody_else_for_anything() {
        for text in [STYLE.text, SCRIPT.text, ICON.text] {
            let foreign = text.replace("http://www.w3.org/2000/svg", "");
            for word in ["http://", "https://", "@import", "url(//", "eval(", "innerHTML", "document.write"] {
                assert!(!foreign.contains(word), "{word}");
            }
        }
    }
}
