//! From `tls_server_config` and its PEM files to what the handshakes of TLS need.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, ProtocolVersion, RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::pem::{Pem, set};
use super::tls_error::TlsError;
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
