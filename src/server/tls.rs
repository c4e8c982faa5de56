//! The handshake of TLS, within its time.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::serve::ConnectionLimits;
use super::stream::Stream;

/// What somebody gets who forgot the "s" of https.
const PLAIN: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\
Content-Length: 48\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// Makes the connection an encrypted one.
///
/// # Errors
/// When the client cannot, may not, or does not do it in time.
pub(super) async fn accept(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    limits: ConnectionLimits,
) -> io::Result<TlsStream<Stream>> {
    tokio::time::timeout(limits.handshake_deadline, shake_hands(stream, config, limits)).await?
}

async fn shake_hands(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    limits: ConnectionLimits,
) -> io::Result<TlsStream<Stream>> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    let mut stream = Stream::new(stream, limits.write_deadline, limits.linger);
    // A method begins with a capital letter; the records of TLS never do.
    if first[0].is_ascii_uppercase() {
        stream.write_all(PLAIN).await?;
        stream.shutdown().await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a request without encryption"));
    }
    match TlsAcceptor::from(config).accept(stream).into_fallible().await {
        Ok(stream) => Ok(stream),
        Err((error, mut stream)) => {
            // The client learns why, even when it has sent more by now.
            let _ = stream.shutdown().await;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_plain_request_is_as_long_as_it_says() {
        let text = std::str::from_utf8(PLAIN).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{}", body.len());
    }
}
