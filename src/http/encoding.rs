//! Responses with gzip.
//!
//! Of a large response only the compressed bytes are kept. For a client that does not accept gzip they are decompressed while
//! they are sent, so a slow reader costs little memory.

use std::io::{self, Cursor, Read, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::stream;
use tokio::task::yield_now;

/// How many bytes are sent at a time.
const PIECE: usize = 32 * 1024;

/// Whether the `Accept-Encoding` headers accept gzip, by name or, without its name, by `*`; `q=0` refuses it.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut named = None;
    let mut any = false;
    for offer in values.flat_map(|value| value.split(',')) {
        let (coding, parameters) = offer.split_once(';').unwrap_or((offer, ""));
        match coding.trim() {
            coding if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") => {
                named = Some(has_weight(parameters));
            }
            "*" => any = has_weight(parameters),
            _ => {}
        }
    }
    named.unwrap_or(any)
}

/// Whether the weight is more than 0. A weight that cannot be parsed refuses: every client can read plain text.
fn has_weight(parameters: &str) -> bool {
    let weight = parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find_map(|(name, value)| name.trim().eq_ignore_ascii_case("q").then(|| value.trim()));
    weight.is_none_or(|weight| weight.parse::<f64>().is_ok_and(|weight| weight > 0.0))
}

/// A response of compressed bytes to a request with these headers: as they are, or decompressed.
pub(super) fn response(bytes: Arc<[u8]>, request: &HeaderMap) -> Response {
    let gzip = accepts_gzip(request);
    let mut response = body(bytes, gzip).into_response();
    if gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The body of a response from compressed bytes, as they are or decompressed.
fn body(bytes: Arc<[u8]>, gzip: bool) -> Body {
    let bytes = Cursor::new(bytes);
    let reader: Box<dyn Read + Send> = if gzip { Box::new(bytes) } else { Box::new(GzDecoder::new(bytes)) };
    Body::from_stream(stream::try_unfold(reader, |mut reader| async move {
        // Other requests on this thread go first.
        yield_now().await;
        let mut piece = BytesMut::zeroed(PIECE);
        let length = reader.read(&mut piece)?;
        piece.truncate(length);
        io::Result::Ok((length > 0).then(|| (piece.freeze(), reader)))
    }))
}

/// Text, compressed.
pub(super) fn compressed(text: &[u8]) -> io::Result<Arc<[u8]>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text)?;
    Ok(gzip.finish()?.into())
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[test]
    fn gzip_is_used_only_when_it_is_accepted() {
        let cases: [(&str, &[&str], bool); 20] = [
            ("no header", &[], false),
            ("an empty header", &[""], false),
            ("gzip", &["gzip"], true),
            ("in capitals", &["GZIP"], true),
            ("its old name", &["x-gzip"], true),
            ("one of several", &["deflate, gzip, br"], true),
            ("in a second header", &["br", "gzip"], true),
            ("other encodings only", &["br, zstd"], false),
            ("with a weight", &["gzip;q=0.5"], true),
            ("with blanks around everything", &["  gzip ; q = 0.5 "], true),
            ("refused", &["gzip;q=0"], false),
            ("refused in full", &["gzip; q=0.000"], false),
            ("refused with a capital", &["gzip;Q=0"], false),
            ("a weight that is none", &["gzip;q=much"], false),
            ("anything", &["*"], true),
            ("nothing else", &["*;q=0"], false),
            ("anything but gzip", &["*, gzip;q=0"], false),
            ("nothing but gzip", &["gzip;q=1, *;q=0"], true),
            ("plain only", &["identity"], false),
            ("a name that only starts like it", &["gzipped"], false),
        ];
        for (name, values, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(accepts_gzip(&headers), expected, "{name}");
        }
    }

    #[test]
    fn a_header_that_is_not_text_is_ignored() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_bytes(b"gzip\xff").unwrap());
        assert!(!accepts_gzip(&headers));
    }

    #[tokio::test]
    async fn a_body_is_sent_compressed_or_as_text() {
        let text = "printfarm_connections 1\n".repeat(10_000);
        let scrape = compressed(text.as_bytes()).unwrap();
        let sent = body(Arc::clone(&scrape), true).collect().await.unwrap().to_bytes();
        assert_eq!(*sent, *scrape);
        let sent = body(scrape, false).collect().await.unwrap().to_bytes();
        assert_eq!(*sent, *text.as_bytes());
    }
}
