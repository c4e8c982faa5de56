//! The secrets of webhooks: what each is valid for, and where it comes from: the environment, else the configuration
//! file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::auth::SecretScope;
use crate::config::{ConfigError, Environment, file};
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

    /// Whether a printer of this source has secrets of its own, so that the scope depends on the printer.
    #[must_use]
    pub fn has_printers(&self, source: Source) -> bool {
        self.of_printers.contains_key(&source)
    }
}

/// The secrets of one printer, as the file says them.
pub(super) struct OfPrinter {
    pub(super) source: Source,
    pub(super) id: String,
    /// What to call the place in an error.
    pub(super) place: String,
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
    let mut secrets = Secrets::default();
    let mut written: HashMap<_, _> = of_sources.into_iter().collect();
    for &source in known {
        let of_source = of_source(source, written.remove(source.as_str()), config, environment)?;
        secrets.of_sources.push((source, of_source));
    }
    for OfPrinter { source, id, place, secrets: own } in of_printers {
        let own = sources(&place, own).and_then(|sources| all(sources, config, environment));
        secrets.of_printers.entry(source).or_default().insert(id, own.map_err(in_file(config))?);
    }
    Ok(secrets)
}

fn of_source(
    source: Source,
    written: Option<file::OneOrMore>,
    config: Option<&Path>,
    environment: &Environment,
) -> Result<Vec<Secret>, ConfigError> {
    let from_environment =
        from_environment(source, environment).map_err(|problem| ConfigError::Environment { problem })?;
    // A file that contradicts itself is wrong even where the environment wins.
    let name = format!("webhook_secrets.{}", source.as_str());
    let sources = written.map_or_else(|| Ok(Vec::new()), |written| sources(&name, written));
    let sources = sources.map_err(in_file(config))?;
    match from_environment {
        Some(secret) => Ok(vec![secret]),
        None => all(sources, config, environment).map_err(in_file(config)),
    }
}

fn all(
    sources: Vec<SecretSource>,
    config: Option<&Path>,
    environment: &Environment,
) -> Result<Vec<Secret>, String> {
    let folder = config.and_then(Path::parent).unwrap_or(Path::new(""));
    sources.into_iter().map(|place| place.secret(folder, environment)).collect()
}

/// An empty list is an error: it would leave webhooks unprotected that somebody meant to protect.
fn sources(name: &str, written: file::OneOrMore) -> Result<Vec<SecretSource>, String> {
    match written {
        file::OneOrMore::One(secret) => Ok(vec![SecretSource::in_file(name, secret)?]),
        file::OneOrMore::More(list) if list.is_empty() => {
            Err(format!("{name} is an empty list; add a secret or remove the entry"))
        }
        file::OneOrMore::More(list) => list
            .into_iter()
            .enumerate()
            .map(|(index, secret)| SecretSource::in_file(&format!("{name}[{index}]"), secret))
            .collect(),
    }
}

fn in_file(config: Option<&Path>) -> impl Fn(String) -> ConfigError {
    move |problem| ConfigError::File { path: config.map(Path::to_owned).unwrap_or_default(), problem }
}

/// A secret or where it is, and what to call that place in an error.
struct SecretSource {
    name: String,
    what: SecretLocation,
}

enum SecretLocation {
    Value(String),
    File(PathBuf),
}

impl SecretSource {
    fn in_file(name: &str, secret: file::Secret) -> Result<Self, String> {
        match (secret.value, secret.file) {
            (Some(_), Some(_)) => Err(format!("{name} has both value and file; remove one of them")),
            (Some(value), None) => {
                Ok(Self { name: format!("{name}.value"), what: SecretLocation::Value(value) })
            }
            (None, Some(file)) => {
                Ok(Self { name: format!("{name}.file"), what: SecretLocation::File(file.into()) })
            }
            (None, None) => Err(format!("{name} has neither value nor file; add one or remove the entry")),
        }
    }

    fn secret(self, folder: &Path, environment: &Environment) -> Result<Secret, String> {
        let Self { name, what } = self;
        let text = match what {
            SecretLocation::Value(value) => value,
            SecretLocation::File(path) => read(&name, &folder.join(path), environment)?,
        };
        if text.is_empty() {
            return Err(format!(
                "{name} is an empty secret; set one, or remove the entry to accept webhooks without"
            ));
        }
        Ok(Secret::new(text))
    }
}

fn from_environment(source: Source, environment: &Environment) -> Result<Option<Secret>, String> {
    let value_name = format!("PRINTFARM_{}_SECRET", source.as_str().to_ascii_uppercase());
    let file_name = format!("{value_name}_FILE");
    let value = (environment.variable)(&value_name);
    let file = (environment.variable)(&file_name);
    let place = match (value, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(format!("{value_name} and {file_name} are both set; unset one of them"));
        }
        (Some(value), None) => {
            let value = value
                .into_string()
                .map_err(|_| format!("{value_name} is not UTF-8; set it to UTF-8 text"))?;
            SecretSource { name: value_name, what: SecretLocation::Value(value) }
        }
        (None, Some(path)) if path.is_empty() => {
            return Err(format!("{file_name} is empty; set it to a path or unset it"));
        }
        (None, Some(path)) => SecretSource { name: file_name, what: SecretLocation::File(path.into()) },
    };
    place.secret(Path::new(""), environment).map(Some)
}

/// The path stays out of the error: it is a value too, and may be a secret that was put in the wrong place.
fn read(name: &str, path: &Path, environment: &Environment) -> Result<String, String> {
    let bytes = (environment.file)(path).map_err(|cause| {
        format!(
            "{name} names a secret file that cannot be read ({cause}); check the path and its permissions"
        )
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("{name} names a secret file that is not UTF-8; save it as UTF-8 text"))?;
    // Editors and `echo` end a file with a line end that is no part of the secret.
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
