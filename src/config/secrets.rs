//! The webhook secrets: which ones open which printer, and where they come from: the environment, else the
//! configuration file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::config::{ConfigError, Surroundings, fragment};
use crate::labels::Source;
use crate::webhook::Secret;

/// The secrets that webhooks must carry.
#[derive(Debug, Default)]
pub struct Secrets {
    of_sources: [Vec<Secret>; Source::ALL.len()],
    of_printers: [HashMap<String, Vec<Secret>>; Source::ALL.len()],
}

/// What a webhook has to open: that of one printer with secrets of its own, or that of all other printers of a source.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    /// Whose webhooks it is for.
    pub source: Source,
    /// The printer's id, where it has secrets of its own.
    pub printer: Option<&'a str>,
    /// Any one of these opens it; when there is none, it stands open.
    pub secrets: &'a [Secret],
}

impl Secrets {
    /// The door before the printer with this id. Where a printer has secrets of its own, those of its source do not open
    /// it: they are with all the others.
    #[must_use]
    pub fn door<'a>(&'a self, source: Source, printer: Option<&'a str>) -> Door<'a> {
        let own = printer.and_then(|id| self.of_printers[source.index()].get_key_value(id));
        match own {
            Some((id, secrets)) => Door { source, printer: Some(id), secrets },
            None => Door { source, printer: None, secrets: &self.of_sources[source.index()] },
        }
    }

    /// Whether any printer of this source has secrets of its own, so that a door cannot be told without its id.
    #[must_use]
    pub fn depend_on_printer(&self, source: Source) -> bool {
        !self.of_printers[source.index()].is_empty()
    }
}

/// The secrets of one printer, as the file says them.
pub(super) struct OfPrinter {
    pub(super) source: Source,
    pub(super) id: String,
    /// What to call the place in an error.
    pub(super) place: String,
    pub(super) secrets: fragment::OneOrMore,
}

/// Reads all secrets from where they lie.
pub(super) fn resolve(
    of_sources: fragment::Secrets,
    of_printers: Vec<OfPrinter>,
    config: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Secrets, ConfigError> {
    let mut secrets = Secrets::default();
    let fragments =
        [(Source::OctoPrint, of_sources.octoprint), (Source::OctoEverywhere, of_sources.octoeverywhere)];
    for (source, fragment) in fragments {
        secrets.of_sources[source.index()] = of_source(source, fragment, config, surroundings)?;
    }
    for OfPrinter { source, id, place, secrets: fragment } in of_printers {
        let own = places(&place, fragment).and_then(|places| all(places, config, surroundings));
        secrets.of_printers[source.index()].insert(id, own.map_err(in_file(config))?);
    }
    Ok(secrets)
}

fn of_source(
    source: Source,
    fragment: Option<fragment::OneOrMore>,
    config: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Vec<Secret>, ConfigError> {
    let from_environment =
        from_environment(source, surroundings).map_err(|problem| ConfigError::Environment { problem })?;
    // A file that contradicts itself is wrong even where the environment wins.
    let name = format!("webhook_secrets.{}", source.as_str());
    let places = fragment.map_or_else(|| Ok(Vec::new()), |fragment| places(&name, fragment));
    let places = places.map_err(in_file(config))?;
    match from_environment {
        Some(secret) => Ok(vec![secret]),
        None => all(places, config, surroundings).map_err(in_file(config)),
    }
}

fn all(
    places: Vec<Place>,
    config: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Vec<Secret>, String> {
    let folder = config.and_then(Path::parent).unwrap_or(Path::new(""));
    places.into_iter().map(|place| place.secret(folder, surroundings)).collect()
}

/// An empty list would leave a door open that somebody meant to close.
fn places(name: &str, fragment: fragment::OneOrMore) -> Result<Vec<Place>, String> {
    match fragment {
        fragment::OneOrMore::One(secret) => Ok(vec![Place::in_file(name, secret)?]),
        fragment::OneOrMore::More(list) if list.is_empty() => {
            Err(format!("{name} is an empty list; add a secret or remove the entry"))
        }
        fragment::OneOrMore::More(list) => list
            .into_iter()
            .enumerate()
            .map(|(index, secret)| Place::in_file(&format!("{name}[{index}]"), secret))
            .collect(),
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
    fn in_file(name: &str, secret: fragment::Secret) -> Result<Self, String> {
        match (secret.value, secret.file) {
            (Some(_), Some(_)) => Err(format!("{name} has both value and file; remove one of them")),
            (Some(value), None) => Ok(Self { name: format!("{name}.value"), what: Spot::Value(value) }),
            (None, Some(file)) => Ok(Self { name: format!("{name}.file"), what: Spot::File(file.into()) }),
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
