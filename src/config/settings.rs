//! The configuration once it is complete and valid.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;

use crate::config::secrets::{self, OfPrinter, Secrets};
use crate::config::{ConfigError, Environment, TrustedProxies, file, in_file};
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
    /// Whose headers about the client are believed.
    pub trusted_proxies: TrustedProxies,
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

/// Room for a name and for the number that makes it unique.
const LEAST_LABEL_BYTES: usize = 32;

/// What is wrong with a value of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum SettingsError {
    #[error(
        "limits.label_bytes is less than {LEAST_LABEL_BYTES}; names would become illegible, set it to more"
    )]
    ShortLabels,
    #[error("printers[{0}].source is unknown; the sources are {1}")]
    UnknownSource(usize, String),
    #[error("printers[{0}].{1} is empty; fill it in or remove the entry")]
    Empty(usize, &'static str),
    #[error("printers[{0}] has neither name nor secrets; add one or remove the entry")]
    Nothing(usize),
    #[error("printers[{0}] has the same source and id as printers[{1}]; remove one of them")]
    SamePrinter(usize, usize),
    #[error("printers[{0}] has the same name as printers[{1}]; give each printer its own")]
    SameName(usize, usize),
}

/// Completes and checks what the file and the environment say.
pub(super) fn build(
    file: file::File,
    sources: &[Source],
    path: Option<&Path>,
    environment: &Environment,
) -> Result<Settings, ConfigError> {
    let written = file.limits.unwrap_or_default();
    let silence = written.silence.unwrap_or_default();
    let (farm, body, network) = (Limits::default(), BodyLimits::default(), NetworkLimits::default());
    let size = |written: Option<NonZeroUsize>, default| written.map_or(default, NonZeroUsize::get);
    let label_bytes = written.label_bytes.unwrap_or(farm.label_bytes);
    if label_bytes < LEAST_LABEL_BYTES {
        return Err(in_file(path, SettingsError::ShortLabels));
    }
    let limits = Limits {
        printers: size(written.printers, farm.printers),
        label_bytes,
        silence_grace: silence.grace.map_or(farm.silence_grace, |span| span.0),
        silence_without_estimate: silence
            .without_estimate
            .map_or(farm.silence_without_estimate, |span| span.0),
    };
    let body = BodyLimits {
        body_bytes: size(written.body_bytes, body.body_bytes),
        multipart_bytes: size(written.multipart_body_bytes, body.multipart_bytes),
        fields: size(written.fields, body.fields),
    };
    let network = NetworkLimits {
        connections: size(written.connections, network.connections),
        connections_per_address: size(written.connections_per_address, network.connections_per_address),
        header_bytes: size(written.header_bytes, network.header_bytes),
        rate: written.requests_per_second.map(Rate::per_second),
    };
    let (names, of_printers) =
        printers(file.printers.unwrap_or_default(), sources).map_err(|error| in_file(path, error))?;
    let of_sources = file.webhook_secrets.map_or_else(Vec::new, |entries| entries.0);
    let secrets = secrets::resolve(of_sources, of_printers, sources, path, environment)?;
    let trusted_proxies = file.trusted_proxies.unwrap_or_default();
    Ok(Settings { secrets, names, limits, body, network, trusted_proxies })
}

fn printers(
    printers: Vec<file::Printer>,
    sources: &[Source],
) -> Result<(Names, Vec<OfPrinter>), SettingsError> {
    let mut names = Names::default();
    let mut secrets = Vec::new();
    let mut seen: Vec<(Source, String, Option<String>)> = Vec::new();
    for (index, printer) in printers.into_iter().enumerate() {
        let known = sources.iter().copied().find(|source| source.as_str() == printer.source);
        let source = known.ok_or_else(|| SettingsError::UnknownSource(index, file::names(sources)))?;
        // A webhook's id has no blanks around it, so one with blanks here would never match.
        let (id, name) = (printer.id.trim().to_owned(), printer.name);
        for (key, text) in [("id", Some(&id)), ("name", name.as_ref())] {
            if text.is_some_and(|text| text.trim().is_empty()) {
                return Err(SettingsError::Empty(index, key));
            }
        }
        if name.is_none() && printer.secrets.is_none() {
            return Err(SettingsError::Nothing(index));
        }
        if let Some(first) = seen.iter().position(|(s, i, _)| (*s, i) == (source, &id)) {
            return Err(SettingsError::SamePrinter(index, first));
        }
        if let Some(first) = seen.iter().position(|(.., n)| name.is_some() && *n == name) {
            return Err(SettingsError::SameName(index, first));
        }
        if let Some(name) = &name {
            names.0.entry(source).or_default().insert(id.clone(), name.clone());
        }
        if let Some(own) = printer.secrets {
            let key = format!("printers[{index}].secrets");
            secrets.push(OfPrinter { source, id: id.clone(), key, secrets: own });
        }
        seen.push((source, id, name));
    }
    Ok((names, secrets))
}
