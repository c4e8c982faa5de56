//! Reads the progress out of the message of an event, whose wording is the user's.

use super::bounds;

/// What precedes the progress, and what follows it, by their beginnings.
const BEFORE: [&str; 6] = ["progre", "fortschritt", "percent", "prozent", "complet", "done"];
const AFTER: [&str; 5] = ["percent", "prozent", "pct", "complet", "done"];

/// What may stand between the two: "progress is now at 12".
const BETWEEN: [&str; 3] = ["is", "now", "at"];

/// What makes a number something else than the progress: "progress: 12 minutes left", "progress: layer 3 of 5".
const UNITS: [&str; 9] = ["min", "h", "sec", "s", "mm", "layer", "line", "of", "left"];

/// The progress that a sentence tells, as a ratio: its first percentage, else the one number that a word calls the progress.
/// A 0 tells nothing: with several hooks only the first one gets the true number.
pub(super) fn progress(sentence: &str) -> Option<f64> {
    if sentence.contains('%') { percentage(sentence) } else { in_own_wording(sentence) }
}

fn percentage(sentence: &str) -> Option<f64> {
    sentence.match_indices('%').find_map(|(end, _)| {
        let before = sentence[..end].trim_end();
        let text = before.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
        let number = &before[text.len()..];
        // "-5 %", "10-20 %" and "v2 %" are something else.
        if text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            return None;
        }
        ratio(number)
    })
}

/// "progress 12", "12 percent", or nothing but "12". Any other number can belong to a printer's name.
fn in_own_wording(sentence: &str) -> Option<f64> {
    let sentence = sentence.to_ascii_lowercase();
    let words: Vec<&str> = sentence.split([' ', '\t', '\r', '\n', '=']).flat_map(parts).collect();
    if let [number] = words[..] {
        return ratio(number);
    }
    let is_progress = |position: usize| {
        let before = words[..position].iter().rfind(|word| !BETWEEN.contains(word));
        let after = words.get(position + 1);
        let is = |word: Option<&&str>, known: &[&str]| {
            word.is_some_and(|word| known.iter().any(|known| word.starts_with(known)))
        };
        is(after, &AFTER) || is(before, &BEFORE) && !is(after, &UNITS)
    };
    let candidates = words.iter().enumerate().filter(|(position, _)| is_progress(*position));
    let mut found = candidates.filter_map(|(_, word)| ratio(word));
    found.next().filter(|_| found.next().is_none())
}

/// The words of a piece without blanks: "progress:12" has two, "12:30" is one.
fn parts(piece: &str) -> impl Iterator<Item = &str> {
    let (word, rest) = match piece.split_once(':') {
        Some((word, rest)) if word.chars().all(char::is_alphabetic) => (word, rest),
        _ => (piece, ""),
    };
    [word, rest]
        .into_iter()
        .map(|word| word.trim_matches(['(', ')', '[', ']', ',', '.', ';', ':', '!']))
        .filter(|word| !word.is_empty())
}

fn ratio(number: &str) -> Option<f64> {
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    let percent = number.replace(',', ".").parse().ok().filter(|_| is_plain)?;
    bounds::ratio(percent).filter(|ratio| *ratio > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_in_sentences() {
        let cases = [
            ("Your print is 30 % complete.", Some(0.3)),
            ("40.01576044129236 % complete - Your print is 0 % complete.", Some(0.400_157_604_412_923_6)),
            ("0 % complete - Your print is 30 % complete.", Some(0.3)),
            ("None % complete - Your print has started", None),
            ("Your print is 0 % complete.", None),
            ("Your print is 4000 % complete.", None),
            ("100%", Some(1.0)),
            ("(12,5%)", Some(0.125)),
            ("-5 %", None),
            ("between 10-20 %", None),
            ("1e1 %", None),
            ("1.2.3 %", None),
            ("%", None),
            ("", None),
            ("\u{660} %", None),
        ];
        for (sentence, expected) in cases {
            assert_eq!(progress(sentence), expected, "{sentence}");
        }
    }

    #[test]
    fn progress_in_the_own_wording_of_users() {
        let cases = [
            ("progress 12", Some(0.12)),
            ("Progress: 24", Some(0.24)),
            ("progress=36", Some(0.36)),
            ("progress:12.5", Some(0.125)),
            ("mk3 progress is now at 12!", Some(0.12)),
            ("Ender 3 progress 12", Some(0.12)),
            ("Your print is 30 percent complete.", Some(0.3)),
            ("Fortschritt 12,5", Some(0.125)),
            ("(48)", Some(0.48)),
            ("Ender 3 progress", None),
            ("The Ender 3 is printing", None),
            ("progress 12 or progress 24", None),
            ("progress 0", None),
            ("progress -5", None),
            ("progress 10-20", None),
            ("progress 12:30", None),
            ("progress 4000", None),
            ("progress 12 minutes left", None),
            ("progress: layer 3 of 5", None),
            ("progress 3 of 5", None),
            ("progress None", None),
            ("progress", None),
            ("12 24", None),
        ];
        for (sentence, expected) in cases {
            assert_eq!(progress(sentence), expected, "{sentence}");
        }
    }
}
