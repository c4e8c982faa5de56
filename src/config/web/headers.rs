//! Headers that are added to every response: those that the exporter-toolkit allows.

use axum::http::{HeaderName, HeaderValue, header};

use super::file::Entries;

/// The headers that may be set, and their values where these are a closed set.
const ALLOWED: [(&str, HeaderName, &[&str]); 5] = [
    ("Content-Security-Policy", header::CONTENT_SECURITY_POLICY, &[]),
    ("Strict-Transport-Security", header::STRICT_TRANSPORT_SECURITY, &[]),
    ("X-Content-Type-Options", header::X_CONTENT_TYPE_OPTIONS, &["nosniff"]),
    ("X-Frame-Options", header::X_FRAME_OPTIONS, &["deny", "sameorigin"]),
    ("X-XSS-Protection", header::X_XSS_PROTECTION, &[]),
];

/// What is wrong with a header. A name that is not allowed is not repeated; its entry is counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error(
        "http_server_config.headers, entry {0}: this header cannot be set; those that can are {known}",
        known = ALLOWED.map(|(name, ..)| name).join(", ")
    )]
    NotAllowed(usize),
    #[error("http_server_config.headers.{0}: this should be a text; put it in quotes")]
    NotText(&'static str),
    #[error("http_server_config.headers.{0}: set it to {allowed}, or remove it", allowed = .1.join(" or "))]
    Value(&'static str, &'static [&'static str]),
    #[error(
        "http_server_config.headers.{0}: a character in it cannot be sent in a header; remove line breaks and the like"
    )]
    Character(&'static str),
    #[error("http_server_config.headers.{0}: it is there twice; remove one")]
    Twice(&'static str),
}

/// The headers to add. One with an empty value is left out, as in the exporter-toolkit.
pub(super) fn build(entries: Entries) -> Result<Vec<(HeaderName, HeaderValue)>, HeaderError> {
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (entry, (name, value)) in (1..).zip(entries.0) {
        let allowed = ALLOWED.into_iter().find(|(allowed, ..)| Some(*allowed) == name.as_deref());
        let (spelling, name, values) = allowed.ok_or(HeaderError::NotAllowed(entry))?;
        let value = value.ok_or(HeaderError::NotText(spelling))?;
        if value.is_empty() {
            continue;
        }
        if !values.is_empty() && !values.contains(&value.as_str()) {
            return Err(HeaderError::Value(spelling, values));
        }
        let value = HeaderValue::from_str(&value).map_err(|_| HeaderError::Character(spelling))?;
        if headers.iter().any(|(other, _)| *other == name) {
            return Err(HeaderError::Twice(spelling));
        }
        headers.push((name, value));
    }
    Ok(headers)
}
