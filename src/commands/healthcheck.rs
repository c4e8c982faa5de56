//! `healthcheck`: asks the exporter on this machine whether it is ready, for images without a shell.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::http::RoutePrefix;
use crate::server::ListenAddress;

/// How long connecting may take, and each read and write.
const DEADLINE: Duration = Duration::from_secs(4);

/// The longest answer that is read.
const LONGEST: u64 = 4096;

/// The exporter to ask.
#[derive(Debug)]
pub struct Probe {
    pub address: ListenAddress,
    pub prefix: RoutePrefix,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Whether it refuses clients without a certificate. Their requests are not answered, but the handshake is.
    pub requires_client_certificate: bool,
}

/// What an exporter that is ready says of itself: one line.
pub(super) fn run(probe: &Probe) -> anyhow::Result<String> {
    let address = &probe.address;
    let unreachable = || {
        format!("{address} does not answer; give healthcheck the --web.* flags of the exporter that it asks")
    };
    let answer = match ask(probe) {
        Err(error) if probe.requires_client_certificate && is_refusal(&error) => {
            return Ok("it answers, and asks for a client certificate".into());
        }
        answer => answer.with_context(unreachable)?,
    };
    let (head, body) = answer.split_once("\r\n\r\n").with_context(unreachable)?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    match (status, body.trim()) {
        ("200", line) => Ok(line.to_owned()),
        ("503", line) => bail!("{line}"),
        _ => bail!(
            "{address} answers {status} to {}/-/ready; {}",
            probe.prefix.as_str(),
            "is it the exporter?"
        ),
    }
}

fn ask(probe: &Probe) -> io::Result<String> {
    let stream = connect(&probe.address)?;
    let request = format!(
        "GET {}/-/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        probe.prefix.as_str()
    );
    if !probe.tls {
        return exchange(stream, &request);
    }
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let session = ClientConnection::new(tls()?, name).map_err(io::Error::other)?;
    exchange(StreamOwned::new(session, stream), &request)
}

fn exchange(mut stream: impl Read + Write, request: &str) -> io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    match stream.take(LONGEST).read_to_string(&mut answer) {
        // What ends without an end of TLS is complete all the same.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !answer.is_empty() => Ok(answer),
        read => read.map(|_| answer),
    }
}

fn connect(address: &ListenAddress) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.on_this_machine()? {
        match TcpStream::connect_timeout(&address, DEADLINE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(DEADLINE))?;
                stream.set_write_timeout(Some(DEADLINE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether the other side ended the handshake with an alert of TLS.
fn is_refusal(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(rustls::Error::AlertReceived(_)))
}

fn tls() -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Takes every certificate: it is that of this machine, made out to a name that the check does not know. Nothing secret is
/// sent.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
