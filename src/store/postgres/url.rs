//! `--storage.url`: which database to use, and how to connect to it.

use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::password::Password;

/// Where the database is. It never has the password.
#[derive(Clone, Debug)]
pub struct DatabaseUrl {
    config: Config,
    pub(super) is_encrypted: bool,
    /// The file with the certificates to verify the server with.
    pub(super) roots: Option<PathBuf>,
    pub(super) password: Password,
}

/// Why a URL cannot be used. The URL is not repeated: it may have a password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("it must begin with postgresql:// or postgres://")]
    Scheme,
    #[error(
        "there is a password in it, which others can see; put it into PRINTFARM_STORAGE_PASSWORD, into the file that \
         PRINTFARM_STORAGE_PASSWORD_FILE names, or into a passfile that the parameter passfile names"
    )]
    Password,
    #[error("it names no host; write it as postgresql://USER@HOST/DATABASE")]
    NoHost,
    #[error(
        "sslmode={0} would send webhooks unencrypted where TLS fails; use verify-full, or disable on a network that you trust"
    )]
    OptionalTls(String),
    #[error("sslmode must be disable, require, verify-ca or verify-full")]
    SslMode,
    #[error("{0}")]
    Other(String),
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let rest = ["postgresql://", "postgres://"].iter().find_map(|scheme| address.strip_prefix(scheme));
        let authority = rest.ok_or(UrlError::Scheme)?.split('/').next().unwrap_or_default();
        if authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
            return Err(UrlError::Password);
        }
        let (mut mode, mut roots, mut password) = (None, None, Password::None);
        let mut others = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = || percent_decode_str(value).decode_utf8_lossy().into_owned();
            match key {
                "password" => return Err(UrlError::Password),
                "sslmode" => mode = Some(value()),
                "sslrootcert" => roots = Some(PathBuf::from(value())),
                "passfile" => password = Password::PassFile(value().into()),
                _ => others.push(parameter),
            }
        }
        let plain = format!("{address}?{}", others.join("&"));
        let config = Config::from_str(&plain).map_err(|error| UrlError::Other(super::chain(&error)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(UrlError::NoHost);
        }
        let is_encrypted = match mode.as_deref() {
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(optional @ ("allow" | "prefer")) => return Err(UrlError::OptionalTls(optional.to_owned())),
            Some(_) => return Err(UrlError::SslMode),
            None => !config.get_hosts().iter().all(is_of_this_machine),
        };
        Ok(Self { config, is_encrypted, roots, password })
    }
}

impl DatabaseUrl {
    /// Uses this password, unless the URL names a passfile.
    #[must_use]
    pub fn with_password(mut self, password: Password) -> Self {
        if matches!(self.password, Password::None) {
            self.password = password;
        }
        self
    }

    /// How to connect to each of the hosts: each must be the one that can be written to.
    pub(super) fn hosts(&self) -> Vec<Config> {
        let config = &self.config;
        let count = config.get_hosts().len().max(config.get_hostaddrs().len());
        (0..count).map(|number| self.host(number)).collect()
    }

    fn host(&self, number: usize) -> Config {
        let from = &self.config;
        let mut to = Config::new();
        to.application_name(from.get_application_name().unwrap_or("printfarm_exporter"));
        to.target_session_attrs(TargetSessionAttrs::ReadWrite);
        to.ssl_mode(if self.is_encrypted { SslMode::Require } else { SslMode::Disable });
        to.ssl_negotiation(from.get_ssl_negotiation());
        to.channel_binding(from.get_channel_binding());
        from.get_user().map(|user| to.user(user));
        from.get_dbname().map(|name| to.dbname(name));
        from.get_options().map(|options| to.options(options));
        match from.get_hosts().get(number) {
            Some(Host::Tcp(host)) => drop(to.host(host)),
            Some(Host::Unix(path)) => drop(to.host_path(path)),
            None => {}
        }
        from.get_hostaddrs().get(number).map(|address| to.hostaddr(*address));
        let port = from.get_ports().get(number).or_else(|| from.get_ports().first());
        to.port(port.copied().unwrap_or(5432));
        to
    }

    /// Host and database, for the log.
    pub(super) fn name(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts = hosts.collect::<Vec<_>>().join(",");
        format!("{hosts}/{}", self.config.get_dbname().unwrap_or_default())
    }
}

fn is_of_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DatabaseUrl, UrlError> {
        text.parse()
    }

    #[test]
    fn a_url_that_cannot_be_used_says_why() {
        let cases = [
            ("mysql://db/farm", "it must begin with postgresql://"),
            ("postgresql://exporter:hunter2@db/farm", "there is a password in it"),
            ("postgresql://db/farm?password=hunter2", "there is a password in it"),
            ("postgresql:///farm", "it names no host"),
            ("postgresql://db/farm?sslmode=prefer", "sslmode=prefer would send webhooks unencrypted"),
            ("postgresql://db/farm?sslmode=yes", "sslmode must be"),
            ("postgresql://db:port/farm", "port"),
        ];
        for (text, part) in cases {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn tls_is_used_unless_every_host_is_this_machine_or_the_url_says_otherwise() {
        let cases = [
            ("postgresql://db/farm", true),
            ("postgresql://localhost/farm", false),
            ("postgresql://127.0.0.1,[::1]/farm", false),
            ("postgresql://localhost,db/farm", true),
            ("postgresql://%2Frun%2Fpostgresql/farm", false),
            ("postgresql://db/farm?sslmode=disable", false),
            ("postgresql://localhost/farm?sslmode=verify-full", true),
        ];
        for (text, is_encrypted) in cases {
            assert_eq!(read(text).unwrap().is_encrypted, is_encrypted, "{text}");
        }
    }

    #[test]
    fn every_host_has_its_port_and_must_be_writable() {
        let hosts = read("postgresql://exporter@one:5433,two/farm?application_name=x").unwrap().hosts();
        let ports: Vec<_> = hosts.iter().map(|host| (host.get_hosts().len(), host.get_ports()[0])).collect();
        assert_eq!(ports, [(1, 5433), (1, 5432)]);
        for host in hosts {
            assert_eq!((host.get_user(), host.get_dbname()), (Some("exporter"), Some("farm")));
            assert_eq!(host.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        }
    }
}
