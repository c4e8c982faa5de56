//! The secrets that the senders present, by source, and where they come from: the environment variables that the exporter
//! reads too.

use std::collections::BTreeMap;
use std::env::VarError;
use std::{fmt, fs, io};

use crate::senders;

/// A secret for each source that has one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<&'static str, String>);

/// Why a secret cannot be used. No variant holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not UTF-8.
    #[error("{name} is not UTF-8; set it to UTF-8 text")]
    NotUtf8 {
        /// The variable.
        name: String,
    },
    /// The secret is empty.
    #[error("{name} is an empty secret; set one, or unset the variable to send without a secret")]
    Empty {
        /// The variable.
        name: String,
    },
    /// Both variables of a source are set.
    #[error("{name} and {name}_FILE are both set; unset one of them")]
    Ambiguous {
        /// The variable without `_FILE`.
        name: String,
    },
    /// The file cannot be read.
    #[error("{name} names a secret file that cannot be read ({cause}); check the path and its permissions")]
    Unreadable {
        /// The variable.
        name: String,
        /// What the system reports.
        cause: io::Error,
    },
}

impl Secrets {
    /// The same secret for every source.
    #[must_use]
    pub fn same_for_all(secret: &str) -> Self {
        Self(senders::sources().into_iter().map(|source| (source, secret.to_owned())).collect())
    }

    /// The secrets in the environment: `PRINTFARM_{SOURCE}_SECRET`, or a file that `PRINTFARM_{SOURCE}_SECRET_FILE` names.
    ///
    /// # Errors
    /// When a variable is set and gives no secret.
    pub fn from_environment() -> Result<Self, SecretError> {
        Self::from_variables(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(SecretError::NotUtf8 { name: name.to_owned() }),
        })
    }

    pub(crate) fn from_variables(
        variable: impl Fn(&str) -> Result<Option<String>, SecretError>,
    ) -> Result<Self, SecretError> {
        let mut secrets = Self::default();
        for source in senders::sources() {
            let name = format!("PRINTFARM_{}_SECRET", source.to_ascii_uppercase());
            let file_name = format!("{name}_FILE");
            let (name, secret) = match (variable(&name)?, variable(&file_name)?) {
                (None, None) => continue,
                (Some(_), Some(_)) => return Err(SecretError::Ambiguous { name }),
                (Some(secret), None) => (name, secret),
                (None, Some(path)) => match fs::read_to_string(path) {
                    Ok(text) => (file_name, without_line_end(&text).to_owned()),
                    Err(cause) => return Err(SecretError::Unreadable { name: file_name, cause }),
                },
            };
            if secret.is_empty() {
                return Err(SecretError::Empty { name });
            }
            secrets.0.insert(source, secret);
        }
        Ok(secrets)
    }

    pub(crate) fn of(&self, source: &str) -> Option<&str> {
        self.0.get(source).map(String::as_str)
    }
}

/// Editors and `echo` end a file with a line end that is not part of the secret.
fn without_line_end(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line)
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Secrets, String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            Ok(found.map(|(_, value)| (*value).to_owned()))
        };
        Secrets::from_variables(variable).map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_comes_from_a_variable_or_from_a_file() {
        assert_eq!(read(&[]), Ok(Secrets::default()));
        let secrets = read(&[("PRINTFARM_OCTOPRINT_SECRET", "hunter2")]).unwrap();
        assert_eq!((secrets.of("octoprint"), secrets.of("octoeverywhere")), (Some("hunter2"), None));
        let path = std::env::temp_dir().join(format!("printfarm-secret-{}", std::process::id()));
        fs::write(&path, "hunter3\r\n").unwrap();
        let secrets = read(&[("PRINTFARM_OCTOEVERYWHERE_SECRET_FILE", path.to_str().unwrap())]);
        fs::remove_file(path).unwrap();
        assert_eq!(secrets.unwrap().of("octoeverywhere"), Some("hunter3"));
    }

    #[test]
    fn an_error_says_which_variable_is_wrong_and_hides_the_secret() {
        let name = "PRINTFARM_OCTOPRINT_SECRET";
        let file = "PRINTFARM_OCTOPRINT_SECRET_FILE";
        let cases: [(&[(&str, &str)], &str); 3] = [
            (&[(name, "")], "PRINTFARM_OCTOPRINT_SECRET is an empty secret;"),
            (
                &[(name, "hunter2"), (file, "/x")],
                "PRINTFARM_OCTOPRINT_SECRET and PRINTFARM_OCTOPRINT_SECRET_FILE",
            ),
            (
                &[(file, "/nowhere/hunter2")],
                "PRINTFARM_OCTOPRINT_SECRET_FILE names a secret file that cannot be read",
            ),
        ];
        for (variables, expected) in cases {
            let error = read(variables).unwrap_err();
            assert!(error.starts_with(expected) && !error.contains("hunter2"), "{error}");
        }
        assert_eq!(format!("{:?}", read(&[(name, "hunter2")]).unwrap()), "Secrets(hidden)");
    }
}
