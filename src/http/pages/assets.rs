//! The stylesheet, the script and the icon, which are parts of the program.

use std::hash::{DefaultHasher, Hasher};

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::response;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 2] = [
    Asset {
        name: "style.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!("../../../templates/style.css"),
    },
    Asset {
        name: "script.js",
        content_type: "text/javascript; charset=utf-8",
        text: include_str!("../../../templates/script.js"),
    },
];

/// Browsers ask for this path by themselves.
const FAVICON: Asset = Asset {
    name: "favicon.ico",
    content_type: "image/svg+xml",
    text: include_str!("../../../templates/favicon.svg"),
};

pub(in crate::http) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => respond(asset, &headers),
        None => response::text(StatusCode::NOT_FOUND, "There is nothing here.\n"),
    }
}

pub(in crate::http) async fn favicon(headers: HeaderMap) -> Response {
    respond(&FAVICON, &headers)
}

/// A browser keeps it and asks each time whether it has changed.
fn respond(asset: &Asset, headers: &HeaderMap) -> Response {
    let tag = format!("\"{:016x}\"", fingerprint(asset.text.as_bytes()));
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
        let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type))];
        (kept, content_type, asset.text).into_response()
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
