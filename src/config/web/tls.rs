//! From the names of PEM files to what the handshakes of TLS need.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{expiry, file};
use crate::timestamp::Timestamp;

/// How connections are encrypted.
#[derive(Debug)]
pub struct Tls {
    /// On the port that people and Prometheus use.
    pub web: Arc<ServerConfig>,
    /// On the port of the webhooks. Their senders have no certificates, so none are asked for.
    pub webhook: Arc<ServerConfig>,
    /// Whether nobody connects to the web port without a certificate.
    pub requires_client_certificate: bool,
    /// When the certificate ends to be valid, unless it does not say so in a way that is read here.
    pub not_after: Option<Timestamp>,
}

/// The files that the section names, as paths that can be opened.
pub(super) fn files(tls: &file::Tls, folder: &Path) -> Vec<PathBuf> {
    let named = [&tls.cert_file, &tls.key_file, &tls.client_ca_file];
    named.into_iter().filter_map(|name| set(name.as_ref())).map(|name| folder.join(name)).collect()
}

/// An empty text is the same as none, as in the exporter-toolkit.
fn set(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// Reads the files. A section without any key means no TLS.
pub(super) fn build(tls: &file::Tls, folder: &Path) -> Result<Option<Tls>, String> {
    if *tls == file::Tls::default() {
        return Ok(None);
    }
    let versions = versions(tls)?;
    let provider = Arc::new(ring::default_provider());
    let verifier = client_verifier(tls, folder, &provider)?;
    let chain = certificates("cert_file", tls.cert_file.as_ref(), folder)?;
    let not_after = chain.first().and_then(|certificate| expiry::not_after(certificate));
    let key = private_key(tls.key_file.as_ref(), folder)?;
    let config =
        |verifier| server_config(tls, &provider, &versions, verifier, (chain.clone(), key.clone_key()));
    let requires_client_certificate =
        verifier.as_ref().is_some_and(|verifier| verifier.client_auth_mandatory());
    Ok(Some(Tls { web: config(verifier)?, webhook: config(None)?, requires_client_certificate, not_after }))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn server_config(
    tls: &file::Tls,
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<Arc<dyn ClientCertVerifier>>,
    (chain, key): Identity,
) -> Result<Arc<ServerConfig>, String> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(versions)
        .map_err(|_| in_section("min_version", "no cipher suite suits it; remove it"))?;
    let checking = clients.is_some();
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| no_identity(&error))?;
    if checking {
        // A session that is resumed would let in a certificate that has expired since it was checked.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = tls.prefer_server_cipher_suites.unwrap_or(true);
    Ok(Arc::new(config))
}

fn no_identity(error: &rustls::Error) -> String {
    let (key, what) = match error {
        rustls::Error::InconsistentKeys(_) => {
            ("key_file", "the key does not belong to the certificate in cert_file; renew both files together")
        }
        rustls::Error::InvalidCertificate(_) => {
            ("cert_file", "the first certificate in the file cannot be read; export it again as X.509")
        }
        _ => ("key_file", "this kind of key is not supported; use ECDSA P-256 or P-384, Ed25519 or RSA"),
    };
    in_section(key, what)
}

fn versions(tls: &file::Tls) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let min = version("min_version", tls.min_version.as_ref(), 12)?;
    let max = version("max_version", tls.max_version.as_ref(), 13)?;
    if min > max {
        return Err(in_section("max_version", "it is below min_version; raise it or remove it"));
    }
    let known = [(13, &TLS13), (12, &TLS12)];
    Ok(known
        .into_iter()
        .filter(|(number, _)| (min..=max).contains(number))
        .map(|(_, version)| version)
        .collect())
}

fn version(key: &str, text: Option<&String>, default: u8) -> Result<u8, String> {
    match set(text) {
        None => Ok(default),
        Some("TLS12") => Ok(12),
        Some("TLS13") => Ok(13),
        Some("TLS10" | "TLS11") => {
            Err(in_section(key, "TLS 1.0 and 1.1 are broken and not spoken here; set it to TLS12 or TLS13"))
        }
        Some(_) => Err(in_section(key, "set it to TLS12 or TLS13")),
    }
}

/// Checks certificates of clients, where they are asked for.
fn client_verifier(
    tls: &file::Tls,
    folder: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    let wrong = |what| Err(in_section("client_auth_type", what));
    let optional = match set(tls.client_auth_type.as_ref()) {
        None | Some("NoClientCert") if set(tls.client_ca_file.as_ref()).is_some() => {
            return wrong(
                "client_ca_file is set, yet no certificate would be asked for; set this to RequireAndVerifyClientCert",
            );
        }
        None | Some("NoClientCert") => return Ok(None),
        Some("RequireAndVerifyClientCert") => false,
        Some("VerifyClientCertIfGiven") => true,
        Some("RequestClientCert" | "RequireAnyClientCert" | "RequireClientCert") => {
            return wrong(
                "it would let in certificates that nobody has checked, which protects nothing; use \
                 RequireAndVerifyClientCert, VerifyClientCertIfGiven or NoClientCert",
            );
        }
        Some(_) => {
            return wrong("set it to RequireAndVerifyClientCert, VerifyClientCertIfGiven or NoClientCert");
        }
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates("client_ca_file", tls.client_ca_file.as_ref(), folder)? {
        roots.add(certificate).map_err(|_| {
            in_section("client_ca_file", "a certificate in the file cannot be read; export it again")
        })?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let verifier = if optional { verifier.allow_unauthenticated() } else { verifier };
    verifier.build().map(Some).map_err(|_| in_section("client_ca_file", "it cannot be used; export it again"))
}

fn certificates(
    key: &str,
    name: Option<&String>,
    folder: &Path,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = read(key, name, folder)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => {
            Err(in_section(key, "the file holds no certificate; it must be in PEM, with BEGIN CERTIFICATE"))
        }
        Err(_) => Err(in_section(key, "the file is not valid PEM; export it again")),
    }
}

fn private_key(name: Option<&String>, folder: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let bytes = read("key_file", name, folder)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        in_section("key_file", "the file holds no private key; it must be in PEM, without a passphrase")
    })
}

/// The path stays out of the error: it is a value too, and may be a secret that was put in the wrong place.
fn read(key: &str, name: Option<&String>, folder: &Path) -> Result<Vec<u8>, String> {
    let name = set(name).ok_or_else(|| in_section(key, "it is missing; name a PEM file"))?;
    std::fs::read(folder.join(name)).map_err(|cause| {
        in_section(key, &format!("the file cannot be read ({cause}); check the path and its permissions"))
    })
}

fn in_section(key: &str, what: &str) -> String {
    format!("tls_server_config.{key}: {what}")
}
