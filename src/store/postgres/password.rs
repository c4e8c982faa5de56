//! The password for the database.

use std::fs;
use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::secret::Secret;
use crate::store::StoreError;

/// Where the password is.
#[derive(Clone, Debug)]
pub enum Password {
    None,
    Text(Secret),
    /// A file with lines of `host:port:database:user:password`, as PostgreSQL's own clients read it. It is read for every
    /// connection, so that a new password needs no restart.
    PassFile(PathBuf),
}

impl Password {
    /// Sets the password for this connection.
    pub(super) fn set(&self, config: &mut Config) -> Result<(), StoreError> {
        match self {
            Self::None => {}
            Self::Text(secret) => drop(config.password(secret.reveal())),
            Self::PassFile(path) => {
                let text = read(path)?;
                let password = text.lines().find_map(|line| matching(line, config));
                password.map(|password| config.password(password));
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, StoreError> {
    fs::read_to_string(path).map_err(|error| {
        StoreError(format!(
            "the passfile {} of --storage.url cannot be read ({error}); check its path and its permissions",
            path.display()
        ))
    })
}

/// The password of a line in a passfile, if it is for this connection.
fn matching(line: &str, config: &Config) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(_)) => "localhost".to_owned(),
        None => config.get_hostaddrs().first()?.to_string(),
    };
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let port = config.get_ports().first()?.to_string();
    let mut fields = fields(line);
    for wanted in [&host, &port, database, user] {
        fields.next().filter(|field| field == "*" || field == wanted)?;
    }
    fields.next()
}

/// The fields of a line, which may have `\:` and `\\` in them.
fn fields(line: &str) -> impl Iterator<Item = String> {
    let mut characters = line.chars();
    let mut is_over = false;
    std::iter::from_fn(move || {
        let mut field = String::new();
        while !is_over {
            match characters.next() {
                Some(':') => return Some(field),
                Some('\\') => field.extend(characters.next()),
                Some(character) => field.push(character),
                None => {
                    is_over = true;
                    return Some(field);
                }
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(file: &str, host: &str) -> Option<String> {
        let mut config = Config::new();
        config.host(host).port(5432).user("exporter").dbname("farm");
        file.lines().find_map(|line| matching(line, &config))
    }

    #[test]
    fn the_first_line_of_a_passfile_that_matches_has_the_password() {
        let file = "# a comment\nother:5432:farm:exporter:wrong\ndb:5432:*:exporter:a\\:b\\\\c\n*:*:*:*:last";
        assert_eq!(password(file, "db").as_deref(), Some("a:b\\c"));
        assert_eq!(password(file, "somewhere").as_deref(), Some("last"));
        assert_eq!(password("db:5432:farm:exporter", "db"), None, "a line without a password");
    }
}
