//! Forms, in a body or in the query of a URL.

use super::BodyLimits;
use crate::webhook::error::{DecodeError, Malformed};
use crate::webhook::fields::{Collector, Fields};

/// Reads a form.
///
/// # Errors
/// When it is not text or has too many fields.
pub(super) fn read(form: &[u8], limits: &BodyLimits) -> Result<Fields, DecodeError> {
    let mut collector = Collector::new(limits);
    for pair in pairs(form) {
        collector.count()?;
        let (name, value) = pair?;
        if !Collector::is_unread(&name) {
            let name = collector.text(&name);
            collector.put_text(name, &value)?;
        }
    }
    Ok(collector.finish())
}

/// The names and values of a form.
pub(in crate::webhook) fn pairs(form: &[u8]) -> impl Iterator<Item = Result<(String, String), Malformed>> {
    form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = equals.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
        Ok((decode(name)?, decode(value)?))
    })
}

/// Undoes the percent-encoding of forms. Unlike the usual decoders it refuses what is not UTF-8.
fn decode(encoded: &[u8]) -> Result<String, Malformed> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).map_err(|_| Malformed::NotUtf8 { what: "the form" })
}

fn digit(hex: u8) -> Option<u8> {
    u8::try_from(char::from(hex).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(form: &[u8]) -> Result<Vec<(String, String)>, Malformed> {
        pairs(form).collect()
    }

    #[test]
    fn odd_forms() {
        type Pairs<'a> = &'a [(&'a str, &'a str)];
        let cases: [(&str, &str, Pairs<'_>); 7] = [
            ("nothing", "", &[]),
            ("no value", "a", &[("a", "")]),
            ("an empty name", "=b", &[("", "b")]),
            ("a second equals sign", "a=b=c", &[("a", "b=c")]),
            ("stray ampersands", "&&a=1&", &[("a", "1")]),
            ("half an escape", "a=%4&b=%&c=%zz", &[("a", "%4"), ("b", "%"), ("c", "%zz")]),
            ("plus and escapes", "a+b=%2B%c3%A9", &[("a b", "+é")]),
        ];
        for (case, form, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            assert_eq!(all(form.as_bytes()), Ok(expected), "{case}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        for form in [&b"a=%FF"[..], b"a=\xff", b"%C3=a", b"a=\xc3%28"] {
            assert_eq!(all(form), Err(Malformed::NotUtf8 { what: "the form" }));
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference_decoder(form in "([a-z%+=&é ]|%[0-7][0-9a-fA-F]){0,40}") {
            let reference: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
            // That one replaces what is not UTF-8.
            let replaced = reference.iter().any(|(name, value)| format!("{name}{value}").contains('\u{fffd}'));
            let expected = if replaced { Err(Malformed::NotUtf8 { what: "the form" }) } else { Ok(reference) };
            prop_assert_eq!(all(form.as_bytes()), expected);
        }
    }
}
