//! Where the webhook secrets come from: the environment, else the configuration file.

use std::path::{Path, PathBuf};

use crate::config::{ConfigError, Surroundings, fragment};
use crate::farm::Source;
use crate::webhook::Secret;

/// The secret of each source that has one.
pub(super) fn resolve(
    fragment: fragment::Secrets,
    config: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<[Option<Secret>; Source::ALL.len()], ConfigError> {
    let octoprint = one(Source::OctoPrint, fragment.octoprint, config, surroundings)?;
    let octoeverywhere = one(Source::OctoEverywhere, fragment.octoeverywhere, config, surroundings)?;
    let mut secrets = [const { None }; Source::ALL.len()];
    secrets[Source::OctoPrint.index()] = octoprint;
    secrets[Source::OctoEverywhere.index()] = octoeverywhere;
    Ok(secrets)
}

fn one(
    source: Source,
    fragment: Option<fragment::Secret>,
    config: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Option<Secret>, ConfigError> {
    let from_environment =
        from_environment(source, surroundings).map_err(|problem| ConfigError::Environment { problem })?;
    // A file that contradicts itself is wrong even where the environment wins.
    let place = fragment.map(Place::in_file(source)).transpose().map_err(in_file(config))?.flatten();
    match (from_environment, place) {
        (Some(secret), _) => Ok(Some(secret)),
        (None, Some(place)) => {
            let folder = config.and_then(Path::parent).unwrap_or(Path::new(""));
            place.secret(folder, surroundings).map(Some).map_err(in_file(config))
        }
        (None, None) => Ok(None),
    }
}

fn in_file(config: Option<&Path>) -> impl Fn(String) -> ConfigError {
    move |problem| ConfigError::File { path: config.map(Path::to_owned).unwrap_or_default(), problem }
}

/// A secret, or where it lies, and what to call the place in an error.
struct Place {
    name: String,
    what: Spot,
}

enum Spot {
    Value(String),
    File(PathBuf),
}

impl Place {
    fn in_file(source: Source) -> impl Fn(fragment::Secret) -> Result<Option<Self>, String> {
        let name = format!("webhook_secrets.{}", source.as_str());
        move |secret| match (secret.value, secret.file) {
            (Some(_), Some(_)) => Err(format!("{name} has both value and file; remove one of them")),
            (Some(value), None) => Ok(Some(Self { name: format!("{name}.value"), what: Spot::Value(value) })),
            (None, Some(file)) => {
                Ok(Some(Self { name: format!("{name}.file"), what: Spot::File(file.into()) }))
            }
            (None, None) => Err(format!("{name} has neither value nor file; add one or remove the entry")),
        }
    }

    fn secret(self, folder: &Path, surroundings: &Surroundings) -> Result<Secret, String> {
        let Self { name, what } = self;
        let text = match what {
            Spot::Value(value) => value,
            Spot::File(path) => read(&name, &folder.join(path), surroundings)?,
        };
        if text.is_empty() {
            return Err(format!(
                "{name} is an empty secret; set one, or remove the entry to accept webhooks without"
            ));
        }
        Ok(Secret::new(text))
    }
}

fn from_environment(source: Source, surroundings: &Surroundings) -> Result<Option<Secret>, String> {
    let value_name = format!("PRINTFARM_{}_SECRET", source.as_str().to_ascii_uppercase());
    let file_name = format!("{value_name}_FILE");
    let value = (surroundings.variable)(&value_name);
    let file = (surroundings.variable)(&file_name);
    let place = match (value, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(format!("{value_name} and {file_name} are both set; unset one of them"));
        }
        (Some(value), None) => {
            let value = value
                .into_string()
                .map_err(|_| format!("{value_name} is not UTF-8; set it to UTF-8 text"))?;
            Place { name: value_name, what: Spot::Value(value) }
        }
        (None, Some(path)) if path.is_empty() => {
            return Err(format!("{file_name} is empty; set it to a path or unset it"));
        }
        (None, Some(path)) => Place { name: file_name, what: Spot::File(path.into()) },
    };
    place.secret(Path::new(""), surroundings).map(Some)
}

/// The path stays out of the error: it is a value too, and may be a secret that was put in the wrong place.
fn read(name: &str, path: &Path, surroundings: &Surroundings) -> Result<String, String> {
    let bytes = (surroundings.file)(path).map_err(|cause| {
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
