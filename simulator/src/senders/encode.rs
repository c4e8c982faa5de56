//! Bodies as Python's `json` and `requests` write them, down to blanks and escapes.

use std::fmt::Write;

/// A JSON object under construction, with the blanks and escapes of Python's `json.dumps`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A member whose value is already JSON.
    pub(super) fn json(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push_str(", ");
        }
        push_string(&mut self.0, name);
        self.0.push_str(": ");
        self.0.push_str(value);
        self
    }

    pub(super) fn text(self, name: &str, value: &str) -> Self {
        let mut text = String::new();
        push_string(&mut text, value);
        self.json(name, &text)
    }

    pub(super) fn whole(self, name: &str, value: u64) -> Self {
        self.json(name, &value.to_string())
    }

    /// A number that Python keeps as a float: a whole one is written with `.0`.
    pub(super) fn float(self, name: &str, value: f64) -> Self {
        self.json(name, &format!("{value:?}"))
    }

    pub(super) fn flag(self, name: &str, value: bool) -> Self {
        self.json(name, if value { "true" } else { "false" })
    }

    pub(super) fn null(self, name: &str) -> Self {
        self.json(name, "null")
    }

    pub(super) fn object(self, name: &str, value: &Self) -> Self {
        self.json(name, &value.to_string())
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a string never fails.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// A top-level field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Text(String),
    /// A number in its JSON form.
    Number(String),
    Object(Object),
    Null,
}

/// The fields of a message, in order.
pub(super) type Fields = Vec<(&'static str, Field)>;

/// The fields as one JSON object.
pub(super) fn json(fields: &Fields) -> Vec<u8> {
    let object = fields.iter().fold(Object::new(), |object, (name, field)| match field {
        Field::Text(text) => object.text(name, text),
        Field::Number(number) => object.json(name, number),
        Field::Object(inner) => object.object(name, inner),
        Field::Null => object.null(name),
    });
    object.to_string().into_bytes()
}

/// The fields as `multipart/form-data`: an object becomes JSON text, and null is left out.
pub(super) fn multipart(fields: &Fields, boundary: &str) -> Vec<u8> {
    let mut body = String::new();
    for (name, field) in fields {
        let text = match field {
            Field::Text(text) | Field::Number(text) => text.clone(),
            Field::Object(object) => object.to_string(),
            Field::Null => continue,
        };
        let _ =
            write!(body, "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    }
    let _ = write!(body, "--{boundary}--\r\n");
    body.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let extra = Object::new().text("name", "Gehäuse \"2\" 🙂\n").float("time", 20.0).null("z");
        vec![
            ("topic", Field::Text("Print Done".into())),
            ("extra", Field::Object(extra.flag("popup", true))),
            ("currentZ", Field::Null),
            ("currentTime", Field::Number("1795306700".into())),
        ]
    }

    #[test]
    fn json_is_written_as_python_writes_it() {
        let expected = r#"{"topic": "Print Done", "extra": {"name": "Geh\u00e4use \"2\" \ud83d\ude42\n", "time": 20.0, "z": null, "popup": true}, "currentZ": null, "currentTime": 1795306700}"#;
        assert_eq!(String::from_utf8(json(&fields())).unwrap(), expected);
    }

    #[test]
    fn multipart_leaves_null_out() {
        let body = String::from_utf8(multipart(&fields()[2..].to_vec(), "b0")).unwrap();
        assert_eq!(
            body,
            "--b0\r\nContent-Disposition: form-data; name=\"currentTime\"\r\n\r\n1795306700\r\n--b0--\r\n"
        );
    }
}
