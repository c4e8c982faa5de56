//! The PEM texts of `tls_server_config`: each in a file, or in the configuration itself.

use std::path::Path;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::tls_error::TlsError;

/// Where one PEM text is.
pub(super) struct Pem<'a> {
    /// The key that names its file.
    pub(super) key: &'static str,
    pub(super) file: Option<&'a String>,
    /// The text itself, where it is in the configuration.
    pub(super) text: Option<&'a String>,
    /// The folder that the file's name starts from.
    pub(super) folder: &'a Path,
}

/// An empty text is the same as none, as in the exporter-toolkit.
pub(super) fn set(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

impl Pem<'_> {
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let bytes = self.read()?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        match certificates {
            Ok(certificates) if !certificates.is_empty() => Ok(certificates),
            Ok(_) => Err(TlsError::NoCertificate(self.key)),
            Err(_) => Err(TlsError::NotPem(self.key)),
        }
    }

    pub(super) fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(&self.read()?).map_err(|_| TlsError::NoKey(self.key))
    }

    fn read(&self) -> Result<Vec<u8>, TlsError> {
        match (set(self.file), set(self.text)) {
            (Some(_), Some(_)) => Err(TlsError::FileAndText(self.key)),
            (None, Some(text)) => Ok(text.as_bytes().to_vec()),
            (None, None) => Err(TlsError::Missing(self.key)),
            (Some(name), None) => {
                std::fs::read(self.folder.join(name)).map_err(|cause| TlsError::Unreadable(self.key, cause))
            }
        }
    }
}
