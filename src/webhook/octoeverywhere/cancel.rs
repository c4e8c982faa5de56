//! Tells a cancelled print from a failed one: OctoEverywhere reports both as failed.

use super::{Malformed, Object};
use crate::labels::Outcome;

/// What Bambu's printers call a cancel: "The task was canceled", "Printing was cancelled".
const BAMBU: [&str; 2] = ["0300400c", "0500400e"];

/// The states of Elegoo's printers (SDCP) in which a print was stopped.
const ELEGOO_STOPPED: [&str; 2] = ["8", "14"];

/// What may stand beside the word in "Print was stopped by the user". Anything else may be a cause.
const BESIDE: [&str; 12] =
    ["print", "printing", "job", "task", "the", "was", "has", "been", "by", "user", "operator", "manually"];

/// The outcome of a print that is reported as failed. The plugin of some platforms says in words that it was cancelled, that
/// of others passes on the code or the states of the printer.
///
/// # Errors
/// When one of the fields is a list or an object.
pub(super) fn outcome(message: Object<'_>) -> Result<Outcome, Malformed> {
    for name in ["Error", "PlatformErrorCode"] {
        if message.text(name)?.is_some_and(|text| says_cancelled(&text)) {
            return Ok(Outcome::Cancelled);
        }
    }
    Ok(Outcome::Failed)
}

fn says_cancelled(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let code = text.replace(['-', '_', ' '], "");
    let stopped = |name| state(&text, name).map(|state| state == "stopped");
    ["canceled", "cancelled"].iter().any(|word| text.contains(word))
        || only_says_stopped(&text)
        || BAMBU.iter().any(|cancel| code.contains(cancel))
        || state(&text, "printinfostatus").is_some_and(|state| ELEGOO_STOPPED.contains(&state))
        // PrusaLink: the job tells more than the printer.
        || stopped("job_state").or_else(|| stopped("printer_state")).unwrap_or(false)
}

fn only_says_stopped(text: &str) -> bool {
    let stopped = ["stopped", "aborted"];
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.clone().any(|word| stopped.contains(&word))
        && words.all(|word| stopped.contains(&word) || BESIDE.contains(&word))
}

/// The value of `name` in a text such as `printer_state=STOPPED;job_state=STOPPED`.
fn state<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = text.split([';', ',', '&']).filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| known.trim() == name).map(|(_, state)| state.trim())
}
