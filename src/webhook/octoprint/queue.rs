//! The files of the queue plugin Continuous Print that are printed and stand for no print.

use crate::farm::File;

/// The folder of what the plugin generates.
const GENERATED: &str = "continuousprint/tmp/";

/// Whether the file is the plugin's own: a placeholder that starts and ends within moments (`continuousprint_success.gcode`),
/// or a script that clears the bed or ends the queue (`cp_bed_clearing_script.gcode`).
pub(super) fn is_placeholder(file: &File) -> bool {
    let name = file.name.to_ascii_lowercase();
    let path = file.path.as_deref().unwrap_or_default().to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let is_script = stem.strip_prefix("cp_").is_some_and(|rest| rest.ends_with("_script"));
    name.starts_with("continuousprint_") || is_script || path.trim_start_matches('/').starts_with(GENERATED)
}
