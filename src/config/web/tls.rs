//! From `tls_server_config` and its PEM files to what the handshakes of TLS need.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, ProtocolVersion, RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::pem::Pem;
use super::{NotHonoured, expiry, file};
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
    /// Expiry of the certificate; `None` where it cannot be read.
    pub not_after: Option<Timestamp>,
}

/// What is wrong with `tls_server_config`. Neither a path nor a PEM text is repeated: either may be a misplaced secret.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TlsError {
    #[error("tls_server_config.{0}: it is missing; name a PEM file")]
    Missing(&'static str),
    #[error("tls_server_config.{0}: the PEM text is in the configuration as well; remove one of them")]
    FileAndText(&'static str),
    #[error("tls_server_config.{0}: the file cannot be read ({1}); check the path and its permissions")]
    Unreadable(&'static str, io::Error),
    #[error("tls_server_config.{0}: the file is not valid PEM; export it again")]
    NotPem(&'static str),
    #[error(
        "tls_server_config.{0}: the file holds no certificate; it must be in PEM, with BEGIN CERTIFICATE"
    )]
    NoCertificate(&'static str),
    #[error(
        "tls_server_config.cert_file: the first certificate in the file cannot be read; export it again as X.509"
    )]
    BadCertificate,
    #[error("tls_server_config.{0}: the file holds no private key; it must be in PEM, without a passphrase")]
    NoKey(&'static str),
    #[error(
        "tls_server_config.key_file: the key does not belong to the certificate in cert_file; renew both files together"
    )]
    OtherKey,
    #[error(
        "tls_server_config.key_file: this kind of key is not supported; use ECDSA P-256 or P-384, Ed25519 or RSA"
    )]
    KindOfKey,
    #[error("tls_server_config.client_ca_file: a certificate in the file cannot be used; export it again")]
    BadAuthority,
    #[error("tls_server_config.{0}: set it to TLS12 or TLS13")]
    Version(&'static str),
    #[error(
        "tls_server_config.{0}: TLS 1.0 and 1.1 are broken and not spoken here; set it to TLS12 or TLS13"
    )]
    OldVersion(&'static str),
    #[error("tls_server_config.max_version: it is below min_version; raise it or remove it")]
    VersionOrder,
    #[error("tls_server_config.cipher_suites: none of them is offered here for these versions; remove it")]
    NoCipherSuite,
    #[error(
        "tls_server_config.client_auth_type: client_ca_file is set, yet no certificate would be asked for; set this to \
         RequireAndVerifyClientCert"
    )]
    UnusedAuthority,
    #[error(
        "tls_server_config.client_auth_type: it would accept certificates that nobody has verified, which protects \
         nothing; use RequireAndVerifyClientCert, VerifyClientCertIfGiven or NoClientCert"
    )]
    Unchecked,
    #[error(
        "tls_server_config.client_auth_type: set it to RequireAndVerifyClientCert, VerifyClientCertIfGiven or NoClientCert"
    )]
    ClientAuthType,
    #[error(
        "tls_server_config.client_allowed_sans is not supported; let client_ca_file hold an authority that signs only \
         for those who may scrape, and remove it"
    )]
    AllowedSans,
}

impl file::Tls {
    /// Whether it says no more than the exporter-toolkit's defaults, which mean no TLS.
    fn is_default(&self) -> bool {
        let default = |text: Option<&String>, default| set(text).is_none_or(|text| text == default);
        let empty = |list: Option<&Vec<String>>| list.is_none_or(Vec::is_empty);
        let texts =
            [&self.cert_file, &self.key_file, &self.client_ca_file, &self.cert, &self.key, &self.client_ca];
        texts.into_iter().all(|text| set(text.as_ref()).is_none())
            && default(self.client_auth_type.as_ref(), "NoClientCert")
            && default(self.min_version.as_ref(), "TLS12")
            && default(self.max_version.as_ref(), "TLS13")
            && [&self.client_allowed_sans, &self.cipher_suites, &self.curve_preferences]
                .into_iter()
                .all(|list| empty(list.as_ref()))
    }

    /// The files that it names, as paths that can be opened.
    pub(super) fn files(&self, folder: &Path) -> Vec<PathBuf> {
        let named = [&self.cert_file, &self.key_file, &self.client_ca_file];
        named.into_iter().filter_map(|name| set(name.as_ref())).map(|name| folder.join(name)).collect()
    }
}

/// An empty text is the same as none, as in the exporter-toolkit.
pub(super) fn set(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// Reads the PEM files, and notes what cannot be honoured. `None` without TLS.
pub(super) fn build(
    tls: &file::Tls,
    folder: &Path,
    not_honoured: &mut Vec<NotHonoured>,
) -> Result<Option<Tls>, TlsError> {
    if tls.is_default() {
        return Ok(None);
    }
    let versions = versions(tls)?;
    let provider = Arc::new(provider(tls, not_honoured));
    let verifier = client_verifier(tls, folder, &provider)?;
    let cert = Pem { key: "cert_file", file: tls.cert_file.as_ref(), text: tls.cert.as_ref(), folder };
    let key = Pem { key: "key_file", file: tls.key_file.as_ref(), text: tls.key.as_ref(), folder };
    let chain = cert.certificates()?;
    let not_after = chain.first().and_then(|certificate| expiry::not_after(certificate));
    let key = key.private_key()?;
    let config = |verifier| {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(|_| TlsError::NoCipherSuite)?;
        server_config(tls, builder, verifier, chain.clone(), key.clone_key())
    };
    let requires_client_certificate =
        verifier.as_ref().is_some_and(|verifier| verifier.client_auth_mandatory());
    Ok(Some(Tls { web: config(verifier)?, webhook: config(None)?, requires_client_certificate, not_after }))
}

fn server_config(
    tls: &file::Tls,
    builder: rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let checks_clients = clients.is_some();
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::OtherKey,
        rustls::Error::InvalidCertificate(_) => TlsError::BadCertificate,
        _ => TlsError::KindOfKey,
    })?;
    if checks_clients {
        // A resumed session would admit a certificate that has expired since it was checked.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = tls.prefer_server_cipher_suites.unwrap_or(true);
    Ok(Arc::new(config))
}

/// The cipher suites and curves that the file allows. As in Go, those of TLS 1.3 cannot be chosen.
fn provider(tls: &file::Tls, not_honoured: &mut Vec<NotHonoured>) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if let Some(names) = tls.cipher_suites.as_ref().filter(|names| !names.is_empty()) {
        let name = |suite: &rustls::SupportedCipherSuite| suite.suite().as_str();
        let offered = |wanted: &String| {
            // The names of TLS 1.3 differ from ours, and have no effect.
            !wanted.contains("_WITH_")
                || provider.cipher_suites.iter().any(|suite| name(suite) == Some(wanted))
        };
        if !names.iter().all(offered) {
            not_honoured.push(NotHonoured::CipherSuites);
        }
        provider.cipher_suites.retain(|suite| {
            suite.version().version == ProtocolVersion::TLSv1_3
                || names.iter().any(|wanted| name(suite) == Some(wanted))
        });
    }
    if let Some(names) = tls.curve_preferences.as_ref().filter(|names| !names.is_empty()) {
        let known = [
            ("X25519", NamedGroup::X25519),
            ("CurveP256", NamedGroup::secp256r1),
            ("CurveP384", NamedGroup::secp384r1),
        ];
        let group = |wanted: &String| known.iter().find(|(name, _)| name == wanted).map(|(_, group)| *group);
        let groups: Vec<_> = names.iter().filter_map(group).collect();
        if groups.len() < names.len() {
            not_honoured.push(NotHonoured::CurvePreferences);
        }
        if !groups.is_empty() {
            provider.kx_groups.retain(|offered| groups.contains(&offered.name()));
        }
    }
    provider
}

fn versions(tls: &file::Tls) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
    let min = version("min_version", tls.min_version.as_ref(), 12)?;
    let max = version("max_version", tls.max_version.as_ref(), 13)?;
    if min > max {
        return Err(TlsError::VersionOrder);
    }
    let known = [(13, &TLS13), (12, &TLS12)];
    let allowed = known.into_iter().filter(|(number, _)| (min..=max).contains(number));
    Ok(allowed.map(|(_, version)| version).collect())
}

fn version(key: &'static str, text: Option<&String>, default: u8) -> Result<u8, TlsError> {
    match set(text) {
        None => Ok(default),
        Some("TLS12") => Ok(12),
        Some("TLS13") => Ok(13),
        Some("TLS10" | "TLS11") => Err(TlsError::OldVersion(key)),
        Some(_) => Err(TlsError::Version(key)),
    }
}

/// Checks the certificates of clients, where they are asked for.
fn client_verifier(
    tls: &file::Tls,
    folder: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    if tls.client_allowed_sans.as_ref().is_some_and(|names| !names.is_empty()) {
        return Err(TlsError::AllowedSans);
    }
    let (file, text) = (tls.client_ca_file.as_ref(), tls.client_ca.as_ref());
    let authority = set(file).or(set(text));
    let optional = match set(tls.client_auth_type.as_ref()) {
        None | Some("NoClientCert") if authority.is_some() => return Err(TlsError::UnusedAuthority),
        None | Some("NoClientCert") => return Ok(None),
        Some("RequireAndVerifyClientCert") => false,
        Some("VerifyClientCertIfGiven") => true,
        Some("RequestClientCert" | "RequireAnyClientCert" | "RequireClientCert") => {
            return Err(TlsError::Unchecked);
        }
        Some(_) => return Err(TlsError::ClientAuthType),
    };
    let mut roots = RootCertStore::empty();
    for certificate in (Pem { key: "client_ca_file", file, text, folder }).certificates()? {
        roots.add(certificate).map_err(|_| TlsError::BadAuthority)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let verifier = if optional { verifier.allow_unauthenticated() } else { verifier };
    verifier.build().map(Some).map_err(|_| TlsError::BadAuthority)
}
