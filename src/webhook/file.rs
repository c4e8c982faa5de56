//! How senders tell which file is printed.

use crate::farm::File;
use crate::labels::Origin;

/// The file with this name, or else with that of the last part of its path.
pub(super) fn file(name: Option<String>, path: Option<String>) -> Option<File> {
    let last_part = |path: &String| {
        let mut parts = path.rsplit('/').map(str::trim);
        parts.find(|part| !part.is_empty()).map(str::to_owned)
    };
    Some(File { name: name.or_else(|| path.as_ref().and_then(last_part))?, path })
}

/// The origin that a word names; "printer" is what OctoPrint 2 calls the card.
pub(super) fn origin(word: &str) -> Origin {
    match word.to_ascii_lowercase().as_str() {
        "local" => Origin::Local,
        "sdcard" | "printer" => Origin::SdCard,
        _ => Origin::Unknown,
    }
}
