//! Expiry of a certificate.

use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::timestamp::Timestamp;

/// Expiry of the certificate, which is in DER. `None` where it cannot be read.
pub(super) fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let since_epoch = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    i64::try_from(since_epoch.as_micros()).ok().map(Timestamp::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(not_after: i64) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["exporter".to_owned()]).unwrap();
        params.not_after = time::OffsetDateTime::from_unix_timestamp(not_after).unwrap();
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_time_formats_are_read() {
        let cases = [
            ("this century", 1_795_324_500),
            ("the last one", 946_684_799),
            ("four digits", 2_524_608_000),
            ("for ever", 253_402_300_799),
        ];
        for (name, seconds) in cases {
            let expected = Timestamp::from_micros(seconds * 1_000_000);
            assert_eq!(not_after(&certificate(seconds)), Some(expected), "{name}");
        }
    }

    #[test]
    fn a_certificate_that_is_cut_off_has_no_expiry() {
        let der = certificate(2_000_000_000);
        for length in 0..der.len() {
            assert_eq!(not_after(&der[..length]), None, "cut off after {length} bytes");
        }
    }
}
