//! The configuration once it is complete and valid.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use crate::config::{ConfigError, Surroundings, fragment, secrets};
use crate::farm::{Limits, Source};
use crate::webhook::{BodyLimits, Secret};

/// Everything that a reload can change.
#[derive(Debug)]
pub struct Settings {
    secrets: [Option<Secret>; Source::ALL.len()],
    /// What printers are called.
    pub names: Names,
    /// What the state keeps to.
    pub limits: Limits,
    /// How large a webhook may be.
    pub body: BodyLimits,
}

/// What printers are called, by source and identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names([HashMap<String, String>; Source::ALL.len()]);

impl Settings {
    /// The secret that webhooks of this source must carry.
    #[must_use]
    pub fn secret(&self, source: Source) -> Option<&Secret> {
        self.secrets[source.index()].as_ref()
    }

    /// Whether any source has a secret.
    #[must_use]
    pub fn any_secret(&self) -> bool {
        self.secrets.iter().any(Option::is_some)
    }
}

impl Names {
    /// The name that the configuration gives to this printer.
    #[must_use]
    pub fn get(&self, source: Source, id: &str) -> Option<&str> {
        self.0[source.index()].get(id).map(String::as_str)
    }
}

/// Completes and checks what the file and the environment say.
pub(super) fn build(
    file: fragment::File,
    path: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Settings, ConfigError> {
    let in_file = |problem| ConfigError::File { path: path.map(Path::to_owned).unwrap_or_default(), problem };
    let fragment = file.limits.unwrap_or_default();
    let silence = fragment.silence.unwrap_or_default();
    let size = |name, value: Option<usize>, default| match value {
        Some(0) => Err(in_file(format!("limits.{name} is 0; set it to 1 or more, or remove it"))),
        value => Ok(value.unwrap_or(default)),
    };
    let defaults = Limits::default();
    let limits = Limits {
        printers: size("printers", fragment.printers, defaults.printers)?,
        silence_grace: span("grace", silence.grace, defaults.silence_grace).map_err(in_file)?,
        silence_without_estimate: span(
            "without_estimate",
            silence.without_estimate,
            defaults.silence_without_estimate,
        )
        .map_err(in_file)?,
    };
    let defaults = BodyLimits::default();
    let body = BodyLimits {
        body_bytes: size("body_bytes", fragment.body_bytes, defaults.body_bytes)?,
        multipart_bytes: size(
            "multipart_body_bytes",
            fragment.multipart_body_bytes,
            defaults.multipart_bytes,
        )?,
    };
    let names = names(file.printers.unwrap_or_default()).map_err(in_file)?;
    let secrets = secrets::resolve(file.webhook_secrets.unwrap_or_default(), path, surroundings)?;
    Ok(Settings { secrets, names, limits, body })
}

fn span(name: &str, text: Option<String>, default: Duration) -> Result<Duration, String> {
    let Some(text) = text else { return Ok(default) };
    // The library's message quotes the text.
    let span = humantime::parse_duration(&text)
        .map_err(|_| format!("limits.silence.{name} is not a time; write it as 90m, 1h or 1day 12h"))?;
    if span.is_zero() {
        return Err(format!("limits.silence.{name} is 0; set it to more, or remove it"));
    }
    Ok(span)
}

fn names(printers: Vec<fragment::Printer>) -> Result<Names, String> {
    let mut names = Names::default();
    let mut seen: Vec<(Source, String, String)> = Vec::new();
    for (index, printer) in printers.into_iter().enumerate() {
        let fragment::Printer { source, id, name } = printer;
        let source = Source::from_word(&source)
            .ok_or_else(|| format!("printers[{index}].source must be octoprint or octoeverywhere"))?;
        for (key, text) in [("id", &id), ("name", &name)] {
            if text.trim().is_empty() {
                return Err(format!("printers[{index}].{key} is empty; fill it in or remove the entry"));
            }
        }
        if let Some(first) = seen.iter().position(|(s, i, _)| (*s, i) == (source, &id)) {
            return Err(format!(
                "printers[{index}] has the same source and id as printers[{first}]; remove one of them"
            ));
        }
        if let Some(first) = seen.iter().position(|(.., n)| *n == name) {
            return Err(format!(
                "printers[{index}] has the same name as printers[{first}]; give each printer its own"
            ));
        }
        names.0[source.index()].insert(id.clone(), name.clone());
        seen.push((source, id, name));
    }
    Ok(names)
}
