//! The configuration once it is complete and valid.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use crate::config::secrets::{self, OfPrinter, Secrets};
use crate::config::{ConfigError, Environment, file};
use crate::farm::Limits;
use crate::labels::Source;
use crate::limits::Rate;
use crate::webhook::BodyLimits;

/// Everything that a reload can change.
#[derive(Debug)]
pub struct Settings {
    /// What webhooks must carry.
    pub secrets: Secrets,
    /// What printers are called.
    pub names: Names,
    /// What the state keeps to.
    pub limits: Limits,
    /// How large a webhook may be.
    pub body: BodyLimits,
    /// What one client, and all of them, may use.
    pub network: NetworkLimits,
}

/// What one client, and all of them, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkLimits {
    /// How many connections may be open.
    pub connections: usize,
    /// How many of them may be of one client.
    pub connections_per_address: usize,
    /// How many bytes the header of a request may have.
    pub header_bytes: usize,
    /// How many webhooks a client may send a second, if that is limited.
    pub rate: Option<Rate>,
}

impl Default for NetworkLimits {
    /// A farm of as many printers as [`Limits`] allows may be behind one address, and come back from a power cut all at
    /// once. Its senders never try again, so no default may hit it.
    fn default() -> Self {
        Self { connections: 2_048, connections_per_address: 1_024, header_bytes: 64 << 10, rate: None }
    }
}

/// What printers are called, by source and identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(HashMap<Source, HashMap<String, String>>);

impl Names {
    /// The name that the configuration gives to this printer.
    #[must_use]
    pub fn get(&self, source: Source, id: &str) -> Option<&str> {
        self.0.get(&source)?.get(id).map(String::as_str)
    }
}

/// Completes and checks what the file and the environment say.
pub(super) fn build(
    file: file::File,
    sources: &[Source],
    path: Option<&Path>,
    environment: &Environment,
) -> Result<Settings, ConfigError> {
    let in_file = |problem| ConfigError::File { path: path.map(Path::to_owned).unwrap_or_default(), problem };
    let written = file.limits.unwrap_or_default();
    let silence = written.silence.unwrap_or_default();
    let size = |name, value: Option<usize>, default| match value {
        Some(0) => Err(in_file(zero(name))),
        value => Ok(value.unwrap_or(default)),
    };
    let defaults = Limits::default();
    let limits = Limits {
        printers: size("printers", written.printers, defaults.printers)?,
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
        body_bytes: size("body_bytes", written.body_bytes, defaults.body_bytes)?,
        multipart_bytes: size(
            "multipart_body_bytes",
            written.multipart_body_bytes,
            defaults.multipart_bytes,
        )?,
        fields: size("fields", written.fields, defaults.fields)?,
    };
    let defaults = NetworkLimits::default();
    let rate = written.requests_per_second.map(|count| {
        let count = NonZeroU32::new(count).ok_or_else(|| zero("requests_per_second"));
        count.map(Rate::per_second).map_err(in_file)
    });
    let network = NetworkLimits {
        connections: size("connections", written.connections, defaults.connections)?,
        connections_per_address: size(
            "connections_per_address",
            written.connections_per_address,
            defaults.connections_per_address,
        )?,
        header_bytes: size("header_bytes", written.header_bytes, defaults.header_bytes)?,
        rate: rate.transpose()?,
    };
    let (names, of_printers) = printers(file.printers.unwrap_or_default(), sources).map_err(in_file)?;
    let secrets = secrets::resolve(
        file.webhook_secrets.map_or_else(Vec::new, |entries| entries.0),
        of_printers,
        sources,
        path,
        environment,
    )?;
    Ok(Settings { secrets, names, limits, body, network })
}

fn zero(name: &str) -> String {
    format!("limits.{name} is 0; set it to 1 or more, or remove it")
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

fn printers(printers: Vec<file::Printer>, sources: &[Source]) -> Result<(Names, Vec<OfPrinter>), String> {
    let mut names = Names::default();
    let mut secrets = Vec::new();
    let mut seen: Vec<(Source, String, Option<String>)> = Vec::new();
    for (index, printer) in printers.into_iter().enumerate() {
        let known = sources.iter().copied().find(|source| source.as_str() == printer.source);
        let source = known.ok_or_else(|| {
            format!("printers[{index}].source is unknown; the sources are {}", file::names(sources))
        })?;
        // A webhook's id has no blanks around it, so one with blanks here would never be met.
        let (id, name) = (printer.id.trim().to_owned(), printer.name);
        for (key, text) in [("id", Some(&id)), ("name", name.as_ref())] {
            if text.is_some_and(|text| text.trim().is_empty()) {
                return Err(format!("printers[{index}].{key} is empty; fill it in or remove the entry"));
            }
        }
        if name.is_none() && printer.secrets.is_none() {
            return Err(format!(
                "printers[{index}] has neither name nor secrets; add one or remove the entry"
            ));
        }
        if let Some(first) = seen.iter().position(|(s, i, _)| (*s, i) == (source, &id)) {
            return Err(format!(
                "printers[{index}] has the same source and id as printers[{first}]; remove one of them"
            ));
        }
        if let Some(first) = seen.iter().position(|(.., n)| name.is_some() && *n == name) {
            return Err(format!(
                "printers[{index}] has the same name as printers[{first}]; give each printer its own"
            ));
        }
        if let Some(name) = &name {
            names.0.entry(source).or_default().insert(id.clone(), name.clone());
        }
        if let Some(own) = printer.secrets {
            let place = format!("printers[{index}].secrets");
            secrets.push(OfPrinter { source, id: id.clone(), place, secrets: own });
        }
        seen.push((source, id, name));
    }
    Ok((names, secrets))
}
