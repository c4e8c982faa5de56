//! The secrets of webhooks: what each is valid for, and where it comes from: the environment, else the configuration
//! file.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::auth::SecretScope;
use crate::config::{ConfigError, Environment, file, in_file, variables};
use crate::labels::Source;
use crate::secret::Secret;

/// The secrets that webhooks must carry.
#[derive(Debug, Default)]
pub struct Secrets {
    /// In the order of the registry.
    of_sources: Vec<(Source, Vec<Secret>)>,
    of_printers: HashMap<Source, HashMap<String, Vec<Secret>>>,
}

impl Secrets {
    /// The scope of the printer with this id, and the secrets that are valid in it. For a printer with secrets of its own,
    /// those of its source are not valid: all other printers have them. Without any, no secret is needed.
    #[must_use]
    pub fn scope<'a>(&'a self, source: Source, printer: Option<&'a str>) -> (SecretScope<'a>, &'a [Secret]) {
        let own = printer.and_then(|id| self.of_printers.get(&source)?.get_key_value(id));
        let of_source =
            || self.of_sources.iter().find(|(other, _)| *other == source).map(|(_, secrets)| secrets);
        let secrets = own.map(|(_, secrets)| secrets).or_else(of_source);
        (SecretScope { source, printer: own.map(|(id, _)| id.as_str()) }, secrets.map_or(&[], Vec::as_slice))
    }

    /// The sources without a secret that is valid for all their printers.
    pub(super) fn open_sources(&self) -> impl Iterator<Item = Source> {
        self.of_sources.iter().filter(|(_, secrets)| secrets.is_empty()).map(|(source, _)| *source)
    }

    /// What has a secret here and none in `next`: the path of its key. Then its webhooks would be open to anybody.
    pub(super) fn lost_in(&self, next: &Self) -> Option<String> {
        let with_secrets = self.of_sources.iter().filter(|(_, secrets)| !secrets.is_empty());
        let of_sources = with_secrets.map(|(source, _)| (*source, None));
        let of_printers = self.of_printers.iter();
        let of_printers =
            of_printers.flat_map(|(source, ids)| ids.keys().map(|id| (*source, Some(id.as_str()))));
        let mut scopes = of_sources.chain(of_printers);
        let (source, printer) =
            scopes.find(|(source, printer)| next.scope(*source, *printer).1.is_empty())?;
        Some(match printer {
            None => format!("webhook_secrets.{}", source.as_str()),
            Some(_) => format!("a printer of the source {}", source.as_str()),
        })
    }

    /// Whether a printer of this source has secrets of its own, so that the scope depends on the printer.
    #[must_use]
    pub fn has_printers(&self, source: Source) -> bool {
        self.of_printers.contains_key(&source)
    }
}

/// What is wrong with a secret. The first field says where it is; the secret, and the path of its file, are not repeated.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum SecretError {
    #[error("webhook_secrets has an unknown source; the sources are {0}")]
    UnknownSource(String),
    #[error("webhook_secrets.{0} is there twice; remove one")]
    SourceTwice(String),
    #[error("{0} has both value and file; remove one of them")]
    ValueAndFile(String),
    #[error("{0} has neither value nor file; add one or remove the entry")]
    Nothing(String),
    #[error("{0} is an empty list; add a secret or remove the entry")]
    EmptyList(String),
    #[error("{0} and {0}_FILE are both set; unset one of them")]
    TwoVariables(String),
    #[error("{0} is not UTF-8; set it to UTF-8 text")]
    VariableNotUtf8(String),
    #[error("{0} is empty; set it to a path or unset it")]
    EmptyPath(String),
    #[error("{0} names a secret file that cannot be read ({1}); check the path and its permissions")]
    Unreadable(String, io::Error),
    #[error("{0} names a secret file that is not UTF-8; save it as UTF-8 text")]
    FileNotUtf8(String),
    #[error("{0} is an empty secret; set one, or remove the entry to accept webhooks without")]
    Empty(String),
    #[error("{0} is a secret with a blank before or after it, which senders do not send; remove the blank")]
    BlankAround(String),
    #[error(
        "{0} is a secret with a line break or another control character in it; it must be one line of text"
    )]
    ControlCharacter(String),
    #[error("{0} is a secret in quotes, which would be part of it; remove the quotes")]
    Quoted(String),
}

/// The secrets of one printer, as the file says them.
pub(super) struct OfPrinter {
    pub(super) source: Source,
    pub(super) id: String,
    /// The path of the key.
    pub(super) key: String,
    pub(super) secrets: file::OneOrMore,
}

/// Reads the secrets of these sources and of single printers from where they are.
pub(super) fn resolve(
    of_sources: Vec<(String, file::OneOrMore)>,
    of_printers: Vec<OfPrinter>,
    known: &[Source],
    config: Option<&Path>,
    environment: &Environment,
) -> Result<Secrets, ConfigError> {
    let read = |sources: Vec<SecretSource>| {
        let folder = config.and_then(Path::parent).unwrap_or(Path::new(""));
        let secrets = sources.into_iter().map(|source| source.read(folder, environment));
        secrets.collect::<Result<Vec<_>, _>>().map_err(|error| in_file(config, error))
    };
    let mut secrets = Secrets::default();
    let mut written: HashMap<_, _> = of_sources.into_iter().collect();
    for &source in known {
        let key = format!("webhook_secrets.{}", source.as_str());
        let from_environment = from_environment(variables::of_secret(source), environment)?;
        // A file that contradicts itself is wrong even where the environment wins.
        let from_file =
            written.remove(source.as_str()).map_or(Ok(Vec::new()), |written| sources(&key, written));
        let from_file = from_file.map_err(|error| in_file(config, error))?;
        let of_source = from_environment.map_or_else(|| read(from_file), |secret| Ok(vec![secret]))?;
        secrets.of_sources.push((source, of_source));
    }
    for OfPrinter { source, id, key, secrets: own } in of_printers {
        let own = sources(&key, own).map_err(|error| in_file(config, error)).and_then(read)?;
        secrets.of_printers.entry(source).or_default().insert(id, own);
    }
    Ok(secrets)
}

/// An empty list is an error: it would leave webhooks unprotected that somebody meant to protect.
fn sources(key: &str, written: file::OneOrMore) -> Result<Vec<SecretSource>, SecretError> {
    match written {
        file::OneOrMore::One(secret) => Ok(vec![SecretSource::in_file(key, secret)?]),
        file::OneOrMore::More(list) if list.is_empty() => Err(SecretError::EmptyList(key.to_owned())),
        file::OneOrMore::More(list) => list
            .into_iter()
            .enumerate()
            .map(|(index, secret)| SecretSource::in_file(&format!("{key}[{index}]"), secret))
            .collect(),
    }
}

/// Where a secret is, and how errors call that place.
struct SecretSource {
    name: String,
    location: SecretLocation,
}

enum SecretLocation {
    /// In the configuration file, whose own quotes are not part of it.
    Value(String),
    Variable(String),
    File(PathBuf),
}

impl SecretSource {
    fn in_file(key: &str, secret: file::Secret) -> Result<Self, SecretError> {
        let (name, location) = match (secret.value, secret.file) {
            (Some(_), Some(_)) => return Err(SecretError::ValueAndFile(key.to_owned())),
            (Some(value), None) => (format!("{key}.value"), SecretLocation::Value(value)),
            (None, Some(file)) => (format!("{key}.file"), SecretLocation::File(file.into())),
            (None, None) => return Err(SecretError::Nothing(key.to_owned())),
        };
        Ok(Self { name, location })
    }

    fn read(self, folder: &Path, environment: &Environment) -> Result<Secret, SecretError> {
        let Self { name, location } = self;
        let (text, may_be_quoted) = match location {
            SecretLocation::Value(text) => (text, true),
            SecretLocation::Variable(text) => (text, false),
            SecretLocation::File(path) => match (environment.file)(&folder.join(path)) {
                Err(cause) => return Err(SecretError::Unreadable(name, cause)),
                Ok(bytes) => match String::from_utf8(bytes) {
                    Err(_) => return Err(SecretError::FileNotUtf8(name)),
                    Ok(text) => (text, false),
                },
            },
        };
        match without_traces(&text) {
            "" => Err(SecretError::Empty(name)),
            secret if secret.trim().is_empty() => Err(SecretError::Empty(name)),
            secret if secret.contains(char::is_control) => Err(SecretError::ControlCharacter(name)),
            secret if secret.trim() != secret => Err(SecretError::BlankAround(name)),
            secret if is_quoted(secret) && !may_be_quoted => Err(SecretError::Quoted(name)),
            secret => Ok(Secret::new(secret.to_owned())),
        }
    }
}

/// The text without what editors and `echo` leave around it: a byte order mark, and line ends.
fn without_traces(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text).trim_end_matches(['\n', '\r'])
}

/// Files of variables for containers take quotes for part of the value.
fn is_quoted(text: &str) -> bool {
    text.len() > 1 && ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote))
}

/// The secret in a variable, or in the file that the same variable with `_FILE` names.
pub(super) fn from_environment(
    value_name: String,
    environment: &Environment,
) -> Result<Option<Secret>, ConfigError> {
    let read = || {
        let Some(source) = find(value_name, environment)? else { return Ok(None) };
        source.read(Path::new(""), environment).map(Some)
    };
    read().map_err(ConfigError::Environment)
}

fn find(value_name: String, environment: &Environment) -> Result<Option<SecretSource>, SecretError> {
    let file_name = format!("{value_name}_FILE");
    let value = (environment.variable)(&value_name);
    let file = (environment.variable)(&file_name);
    let (name, location) = match (value, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(SecretError::TwoVariables(value_name)),
        (Some(value), None) => match value.into_string() {
            Err(_) => return Err(SecretError::VariableNotUtf8(value_name)),
            Ok(value) => (value_name, SecretLocation::Variable(value)),
        },
        (None, Some(path)) if path.is_empty() => return Err(SecretError::EmptyPath(file_name)),
        (None, Some(path)) => (file_name, SecretLocation::File(path.into())),
    };
    Ok(Some(SecretSource { name, location }))
}
