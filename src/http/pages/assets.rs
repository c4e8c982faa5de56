//! The stylesheet, the script and the icon, which are parts of the program.

use std::hash::{DefaultHasher, Hasher};

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::response;

/// Name, content type and text. Browsers ask for the icon by themselves.
const ASSETS: [(&str, &str, &str); 3] = [
    ("style.css", "text/css; charset=utf-8", include_str!("../../../templates/style.css")),
    ("script.js", "text/javascript; charset=utf-8", include_str!("../../../templates/script.js")),
    ("favicon.ico", "image/svg+xml", include_str!("../../../templates/favicon.svg")),
];

pub(in crate::http) async fn favicon(headers: HeaderMap) -> Response {
    asset(Path("favicon.ico".to_owned()), headers).await
}

/// A browser keeps it and asks each time whether it has changed.
pub(in crate::http) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((_, content_type, text)) = ASSETS.iter().find(|(asset, ..)| *asset == name) else {
        return response::text(StatusCode::NOT_FOUND, "There is nothing here.\n");
    };
    let tag = format!("\"{:016x}\"", fingerprint(text.as_bytes()));
    let is_known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains(&tag));
    let kept = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    let tag = HeaderValue::from_str(&tag).ok().map(|tag| [(header::ETAG, tag)]);
    let mut response = if is_known {
        (StatusCode::NOT_MODIFIED, kept).into_response()
    } else {
        let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))];
        (kept, content_type, *text).into_response()
    };
    response.headers_mut().extend(tag.into_iter().flatten());
    response
}

/// It only has to differ between two versions of an asset.
fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
