//! What can be wrong with `tls_server_config`.

use std::io;

/// What is wrong with `tls_server_config`. Neither a path nor a PEM text is repeated: either may be a misplaced secret.
#[derive(Debug, thiserror::Error)]
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
