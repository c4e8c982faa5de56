//! The names of the environment variables.

use std::ffi::OsString;

use crate::labels::Source;

const PREFIX: &str = "PRINTFARM_";

/// A variable with the exporter's prefix that it does not read, so that its name is probably misspelt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment variable {name} has no effect; those that have are {known}, and the same with _FILE"
)]
pub struct UnknownVariable {
    name: String,
    known: String,
}

/// The variable with the password for the database of `--storage.url`; with `_FILE`, the one with the file that holds it.
pub(super) const STORAGE_PASSWORD: &str = "PRINTFARM_STORAGE_PASSWORD";

/// The variable with the secret of a source; the same name with `_FILE` holds the path of a file.
pub(super) fn of_secret(source: Source) -> String {
    format!("{PREFIX}{}_SECRET", source.as_str().to_ascii_uppercase())
}

/// Of these names of variables, the ones that are probably misspelt.
#[must_use]
pub fn unknown_variables(names: impl Iterator<Item = OsString>, sources: &[Source]) -> Vec<UnknownVariable> {
    let known = sources.iter().map(|source| of_secret(*source));
    let known: Vec<String> = known.chain([STORAGE_PASSWORD.to_owned()]).collect();
    let is_known = |name: &str| known.iter().any(|known| known == name.strip_suffix("_FILE").unwrap_or(name));
    // Kubernetes sets these for a service that is called like the exporter.
    let is_of_a_service = |name: &str| name.contains("_SERVICE_") || name.contains("_PORT");
    let names = names.filter_map(|name| name.into_string().ok());
    let ours = names.filter(|name| name.to_ascii_uppercase().starts_with(PREFIX));
    let unknown = ours.filter(|name| !is_known(name) && !is_of_a_service(name));
    let mut unknown: Vec<_> = unknown.map(|name| UnknownVariable { name, known: known.join(", ") }).collect();
    unknown.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: [Source; 2] = [Source::new("octoprint"), Source::new("octoeverywhere")];

    #[test]
    fn misspelt_names_are_found_and_those_of_others_are_not() {
        let names = [
            "PATH",
            "PRINTFARM_OCTOPRINT_SECRET",
            "PRINTFARM_OCTOEVERYWHERE_SECRET_FILE",
            "PRINTFARM_OCTOPRINT_SECRETS",
            "printfarm_octoprint_secret",
            "PRINTFARM_EXPORTER_SERVICE_HOST",
            "PRINTFARM_EXPORTER_PORT_10064_TCP_ADDR",
            "PRINTFARM_SECRET",
        ];
        let unknown = unknown_variables(names.into_iter().map(OsString::from), &SOURCES);
        let names: Vec<_> = unknown.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, ["PRINTFARM_OCTOPRINT_SECRETS", "PRINTFARM_SECRET", "printfarm_octoprint_secret"]);
        let text = unknown[0].to_string();
        assert!(text.contains("PRINTFARM_OCTOPRINT_SECRET, PRINTFARM_OCTOEVERYWHERE_SECRET"), "{text}");
    }
}
