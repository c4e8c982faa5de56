//! Headers that are added to every answer: those that the exporter-toolkit allows.

use axum::http::{HeaderName, HeaderValue, header};

use super::file;

/// The headers that may be set, and their values where these are a closed set.
const ALLOWED: [(&str, HeaderName, &[&str]); 5] = [
    ("Content-Security-Policy", header::CONTENT_SECURITY_POLICY, &[]),
    ("Strict-Transport-Security", header::STRICT_TRANSPORT_SECURITY, &[]),
    ("X-Content-Type-Options", header::X_CONTENT_TYPE_OPTIONS, &["nosniff"]),
    ("X-Frame-Options", header::X_FRAME_OPTIONS, &["deny", "sameorigin"]),
    ("X-XSS-Protection", header::X_XSS_PROTECTION, &[]),
];

const PLACE: &str = "http_server_config.headers";

/// The headers to add; one without a value is left out.
pub(super) fn build(entries: file::Entries) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (index, (name, value)) in entries.0.into_iter().enumerate() {
        let Some((spelling, name, values)) =
            ALLOWED.iter().find(|(allowed, ..)| Some(*allowed) == name.as_deref())
        else {
            let known = ALLOWED.map(|(name, ..)| name).join(", ");
            let nth = index + 1;
            return Err(format!(
                "{PLACE}, entry {nth}: this header cannot be set; those that can are {known}"
            ));
        };
        let wrong = |what: &str| Err(format!("{PLACE}.{spelling}: {what}"));
        let Some(value) = value else { return wrong("this should be a text; put it in quotes") };
        if value.is_empty() {
            continue;
        }
        if !values.is_empty() && !values.contains(&value.as_str()) {
            return wrong(&format!("set it to {}, or remove it", values.join(" or ")));
        }
        let Ok(value) = HeaderValue::from_str(&value) else {
            return wrong("a character in it cannot be sent in a header; remove line breaks and the like");
        };
        if headers.iter().any(|(other, _)| other == name) {
            return wrong("it is there twice; remove one");
        }
        headers.push((name.clone(), value));
    }
    Ok(headers)
}
