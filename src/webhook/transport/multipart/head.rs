//! What the headers of a part tell of it.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memrchr};

use super::bad_head;
use crate::webhook::error::Malformed;

/// How many headers a part may have.
const MOST_HEADERS: usize = 16;

/// What is read of the headers of a part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// The name of the field.
    pub(super) name: Option<Cow<'a, str>>,
    /// Whether it holds a file, by either sign that senders give of one: a file name, even an empty one, or the type
    /// of a picture.
    pub(super) is_file: bool,
}

impl<'a> Head<'a> {
    /// Reads what follows a delimiter: blanks, the end of the line, headers, and an empty line.
    ///
    /// # Errors
    /// When it is something else, or when a header is not text.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Self::plain(bytes).map_or_else(|| Self::parsed(bytes), Ok)
    }

    /// That of a field of a plain name, as the plugin writes nearly all of them. [`Self::parsed`] says the same of it, and
    /// costs seven times as much.
    fn plain(bytes: &'a [u8]) -> Option<Self> {
        let name = bytes.strip_prefix(b"\r\nContent-Disposition: form-data; name=\"")?;
        let name = name.strip_suffix(b"\"\r\n\r\n")?;
        let is_plain = name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let name = str::from_utf8(name).ok().filter(|_| is_plain)?;
        Some(Self { name: Some(Cow::Borrowed(name)), is_file: false })
    }

    fn parsed(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let padding = bytes.iter().take_while(|&byte| matches!(byte, b' ' | b'\t')).count();
        let lines = bytes[padding..].strip_prefix(b"\r\n").ok_or(bad_head())?;
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let Ok(httparse::Status::Complete((_, headers))) = httparse::parse_headers(lines, &mut headers)
        else {
            return Err(bad_head());
        };
        let mut head = Self::default();
        for header in headers {
            let value = str::from_utf8(header.value)
                .map_err(|_| Malformed::NotUtf8 { what: "a header of a part of the body" })?;
            if header.name.eq_ignore_ascii_case("content-disposition") {
                head.name = None;
                for (name, text) in parameters(value) {
                    if head.name.is_none() && name.eq_ignore_ascii_case("name") {
                        head.name = Some(text);
                    }
                    head.is_file |= ["filename", "filename*"].iter().any(|of| name.eq_ignore_ascii_case(of));
                }
            } else if header.name.eq_ignore_ascii_case("content-type") {
                head.is_file |= value.get(..6).is_some_and(|kind| kind.eq_ignore_ascii_case("image/"));
            }
        }
        Ok(head)
    }
}

/// The parameter of this name in the value of a header, as in `form-data; name="topic"`.
pub(super) fn parameter<'a>(value: &'a str, wanted: &str) -> Option<Cow<'a, str>> {
    Some(parameters(value).find(|(name, _)| name.eq_ignore_ascii_case(wanted))?.1)
}

/// The parameters in the value of a header.
fn parameters(value: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = memchr(b';', value.as_bytes()).map_or("", |at| &value[at + 1..]);
    std::iter::from_fn(move || {
        let equals = memchr(b'=', rest.as_bytes())?;
        let (before, after) = (&rest[..equals], rest[equals + 1..].trim_start());
        // What stands before the name is a parameter without a value.
        let name = memrchr(b';', before.as_bytes()).map_or(before, |at| &before[at + 1..]).trim();
        let text = if let Some(text) = after.strip_prefix('"') {
            let (text, behind) = unquoted(text);
            rest = behind;
            text
        } else {
            let (text, behind) = after.split_at(memchr(b';', after.as_bytes()).unwrap_or(after.len()));
            rest = behind;
            Cow::Borrowed(text.trim_end())
        };
        Some((name, text))
    })
}

/// The text until the quote that closes it, without the backslashes before quotes and backslashes, and what is behind.
fn unquoted(quoted: &str) -> (Cow<'_, str>, &str) {
    let find = |text: &str| memchr2(b'"', b'\\', text.as_bytes());
    let mut text = Cow::Borrowed("");
    let mut rest = quoted;
    while let Some(at) = find(rest) {
        text += &rest[..at];
        let found = &rest[at..];
        rest = &found[1..];
        if found.starts_with('"') {
            return (text, rest);
        }
        match rest.chars().next().filter(|next| matches!(next, '"' | '\\')) {
            Some(escaped) => {
                text.to_mut().push(escaped);
                rest = &rest[1..];
            }
            None => text.to_mut().push('\\'),
        }
    }
    text += rest;
    (text, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_found_by_their_name() {
        let cases = [
            ("quoted", r#"form-data; name="topic""#, Some("topic")),
            ("bare", "form-data; name=topic", Some("topic")),
            ("bare, with another behind", "form-data;name=topic ;filename=x", Some("topic")),
            ("in capitals", r#"form-data; NAME="topic""#, Some("topic")),
            ("the second", r#"form-data; filename="x.jpg"; name="topic""#, Some("topic")),
            ("a name that ends alike", r#"form-data; filename="x.jpg""#, None),
            ("its name within another", r#"form-data; filename="; name=x"; name="topic""#, Some("topic")),
            ("behind one without a value", r#"form-data; inline; name="topic""#, Some("topic")),
            ("with quotes in it", r#"form-data; name="a \"b\" c\\""#, Some(r#"a "b" c\"#)),
            ("with a path of Windows", r#"form-data; name="C:\a.gcode""#, Some(r"C:\a.gcode")),
            ("never closed", r#"form-data; name="topic"#, Some("topic")),
            ("empty", r#"form-data; name="""#, Some("")),
            ("none at all", "form-data", None),
            ("before any", "name=topic", None),
        ];
        for (case, value, expected) in cases {
            assert_eq!(parameter(value, "name").as_deref(), expected, "{case}");
        }
    }

    #[test]
    fn heads_of_parts() {
        let field = |name: &str| Ok(Head { name: Some(Cow::Owned(name.to_owned())), is_file: false });
        let file = |name: Option<&str>| {
            Ok(Head { name: name.map(|name| Cow::Owned(name.to_owned())), is_file: true })
        };
        let cases = [
            ("a field", "\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n", field("x")),
            (
                "blanks behind the delimiter",
                " \t\r\ncontent-disposition: form-data; name=x\r\n\r\n",
                field("x"),
            ),
            ("a file", "\r\nContent-Disposition: form-data; name=x; filename=\"\"\r\n\r\n", file(Some("x"))),
            (
                "a file named the other way",
                "\r\nContent-Disposition: form-data; filename*=UTF-8''x\r\n\r\n",
                file(None),
            ),
            ("a picture", "\r\nContent-Type: Image/JPEG\r\n\r\n", file(None)),
            ("no header", "\r\n\r\n", Ok(Head::default())),
            ("a delimiter that goes on", "x\r\n\r\n", Err(bad_head())),
            ("no header, but a line", "\r\nx\r\n\r\n", Err(bad_head())),
        ];
        for (case, bytes, expected) in cases {
            assert_eq!(Head::read(bytes.as_bytes()), expected, "{case}");
        }
        assert_eq!(
            Head::read(b"\r\nContent-Disposition: form-data; name=\xff\r\n\r\n"),
            Err(Malformed::NotUtf8 { what: "a header of a part of the body" })
        );
    }

    proptest! {
        #[test]
        fn a_plain_head_is_read_as_any_other(
            start in prop::sample::select(vec!["\r\n", " \r\n", "\n"]),
            header in prop::sample::select(vec![
                "Content-Disposition: form-data; name=", "content-disposition: form-data; name=", "X-Name: form-data; name=",
            ]),
            name in r#"[a-zA-Z0-9_]{0,8}|[ -~\r\n\t]{0,4}|\PC{0,3}|a"; filename="b"#,
            end in prop::sample::select(vec!["\r\n\r\n", "\r\nContent-Type: image/png\r\n\r\n", "\n\r\n"]),
        ) {
            let head = format!("{start}{header}\"{name}\"{end}");
            prop_assert_eq!(Head::read(head.as_bytes()), Head::parsed(head.as_bytes()));
        }
    }

    #[test]
    fn the_plugin_writes_plain_heads() {
        let head = "\r\nContent-Disposition: form-data; name=\"deviceIdentifier\"\r\n\r\n";
        let field = Head { name: Some(Cow::Borrowed("deviceIdentifier")), is_file: false };
        assert_eq!(Head::plain(head.as_bytes()), Some(field));
    }
}
