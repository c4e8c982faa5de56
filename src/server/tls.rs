//! The TLS handshake, within a deadline.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ConnectionLimits;
use super::stream::Stream;

/// The response to a plain HTTP request on a TLS port.
const PLAIN: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\
Content-Length: 48\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

pub(super) async fn accept(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    limits: ConnectionLimits,
) -> io::Result<TlsStream<Stream>> {
    timeout(limits.handshake_deadline, async {
        let mut first = [0];
        stream.peek(&mut first).await?;
        let mut stream = Stream::new(stream, limits.write_deadline, limits.linger);
        // An HTTP method begins with a capital letter; a TLS record never does.
        if first[0].is_ascii_uppercase() {
            stream.write_all(PLAIN).await?;
            stream.shutdown().await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the client sent a plain HTTP request"));
        }
        match TlsAcceptor::from(config).accept(stream).into_fallible().await {
            Ok(stream) => Ok(stream),
            Err((error, mut stream)) => {
                // Lets the client read the alert, even if it has sent more by now.
                let _ = stream.shutdown().await;
                Err(error)
            }
        }
    })
    .await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_to_a_plain_request_states_its_length() {
        let text = std::str::from_utf8(PLAIN).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{}", body.len());
    }
}
