//! Forms, in a body or in the query of a URL.

use percent_encoding::percent_decode;
use serde_json::Map;

use super::BodyLimits;
use super::budget::{Budget, is_unread};
use super::json;
use crate::webhook::error::{DecodeError, Malformed};
use crate::webhook::payload::Payload;

/// Reads a form.
pub(super) fn read(form: &[u8], limits: &BodyLimits) -> Result<Payload, DecodeError> {
    // `form_urlencoded` replaces what is not UTF-8.
    percent_decode(form).decode_utf8().map_err(|_| Malformed::NotUtf8 { what: "the form" })?;
    let (mut fields, mut budget) = (Map::new(), Budget::new(limits));
    for (name, text) in form_urlencoded::parse(form) {
        budget.count_field()?;
        if !is_unread(&name) {
            fields.insert(budget.keep(&name)?, json::field(&text, &mut budget)?);
        }
    }
    Ok(Payload::new(fields))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_read(form: &[u8]) -> bool {
        read(form, &BodyLimits::default()).is_ok()
    }

    #[test]
    fn odd_forms_are_read() {
        let cases = [
            ("no value", "a", "a", ""),
            ("an empty name", "=b", "", "b"),
            ("a second equals sign", "a=b=c", "a", "b=c"),
            ("stray ampersands", "&&a=1&", "a", "1"),
            ("half an escape", "a=%4", "a", "%4"),
            ("a wrong escape", "c=%zz", "c", "%zz"),
            ("plus and escapes", "a+b=%2B%c3%A9", "a b", "+é"),
        ];
        for (case, form, name, text) in cases {
            let payload = read(form.as_bytes(), &BodyLimits::default()).unwrap();
            assert_eq!(payload.top().get(name), Some(&text.into()), "{case}");
        }
    }

    #[test]
    fn a_form_that_is_not_utf8_is_refused() {
        for form in [&b"a=%FF"[..], b"a=\xff", b"%C3=a", b"a=\xc3%28"] {
            assert!(!is_read(form));
        }
    }

    proptest! {
        #[test]
        fn a_form_is_refused_exactly_when_the_library_would_replace_bytes(
            form in "([a-z%+=&é ]|%[0-7][0-9a-fA-F]|%[89a-fA-F][0-9a-fA-F]){0,40}"
        ) {
            let decoded = form_urlencoded::parse(form.as_bytes());
            let replaced = decoded.into_iter().any(|(name, value)| format!("{name}{value}").contains('\u{fffd}'));
            prop_assert_eq!(is_read(form.as_bytes()), !replaced);
        }
    }
}
