//! Expiry of a certificate: the one field of X.509 that is read here.

use time::{Date, Month, PrimitiveDateTime, Time as TimeOfDay};

use crate::timestamp::Timestamp;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Expiry of the certificate. `None` when its structure is not that of RFC 5280.
pub(super) fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = expect(certificate, SEQUENCE)?;
    let (mut fields, _) = expect(certificate, SEQUENCE)?;
    if let Some((_, rest)) = expect(fields, VERSION) {
        fields = rest;
    }
    // The serial number, the algorithm of the signature, and the issuer.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (validity, _) = expect(fields, SEQUENCE)?;
    let (_, _, rest) = element(validity)?;
    let (tag, text, _) = element(rest)?;
    point(tag, std::str::from_utf8(text).ok()?)
}

/// The first element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, bytes) = bytes.split_first()?;
    let (first, bytes) = bytes.split_first()?;
    let (length, bytes) = match first {
        0..=0x7f => (usize::from(*first), bytes),
        0x81..=0x84 => {
            let (digits, bytes) = bytes.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), bytes)
        }
        _ => return None,
    };
    let (content, rest) = bytes.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    element(bytes).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

fn point(tag: u8, text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (year, text) = text.split_at_checked(if tag == GENERALIZED_TIME { 4 } else { 2 })?;
    let year = match (tag, year.parse().ok()?) {
        (GENERALIZED_TIME, year) => year,
        (UTC_TIME, year @ 0..50) => 2000 + year,
        (UTC_TIME, year) => 1900 + year,
        _ => return None,
    };
    let part = |at: usize| text.get(at..at + 2)?.parse::<u8>().ok();
    let month = Month::try_from(part(0)?).ok()?;
    let date = Date::from_calendar_date(year, month, part(2)?).ok()?;
    let time = TimeOfDay::from_hms(part(4)?, part(6)?, part(8)?).ok()?;
    let seconds = PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp();
    Some(Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_time_formats_are_read() {
        let cases = [
            ("this century", UTC_TIME, "261122051500Z", Some(1_795_324_500)),
            ("the last one", UTC_TIME, "991231235959Z", Some(946_684_799)),
            ("four digits", GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            ("for ever", GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            ("local time", UTC_TIME, "261122051500", None),
            ("too short", UTC_TIME, "2611Z", None),
            ("no date", UTC_TIME, "261322051500Z", None),
            ("no digits", UTC_TIME, "26-1-2051500Z", None),
            ("another type", 0x0c, "261122051500Z", None),
        ];
        for (name, tag, text, seconds) in cases {
            let expected = seconds.map(|seconds: i64| Timestamp::from_micros(seconds * 1_000_000));
            assert_eq!(point(tag, text), expected, "{name}");
        }
    }

    #[test]
    fn the_expiry_is_the_second_time_of_a_certificate() {
        let end = time::OffsetDateTime::from_unix_timestamp(2_000_000_000).unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["exporter".to_owned()]).unwrap();
        params.not_after = end;
        let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let der = certificate.der();
        assert_eq!(not_after(der), Some(Timestamp::from_micros(2_000_000_000_000_000)));
        for length in 0..der.len().min(200) {
            assert_eq!(not_after(&der[..length]), None, "cut off after {length} bytes");
        }
    }
}
