//! The closed sets of words that become label values. A new word from a sender never becomes one. And what a free text, such
//! as a name, becomes.

use std::borrow::Cow;

/// A text as a label value: cut between two characters to at most `bytes`, with `_` for characters that control a terminal,
/// a line or the direction of text.
pub fn legible(text: &str, bytes: usize) -> Cow<'_, str> {
    // Most texts are plain ASCII, and a scrape shows thousands: they are not looked at character by character.
    if text.len() <= bytes && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.into();
    }
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let text = &text[..end];
    if text.contains(is_control) { text.replace(is_control, "_").into() } else { text.into() }
}

fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

/// Defines an enum whose variants are the values of one label.
macro_rules! label_values {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every member, in the order in which they are exposed.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The label values, in the same order.
            pub const VALUES: &'static [&'static str] = &[$($word),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The member with this label value.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.as_str() == word)
            }

            /// The position in [`Self::ALL`].
            pub const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

/// The name of a sender of webhooks: in paths, in the configuration, in the store, and as the label `source`. The senders
/// that are registered are the closed set; see `webhook::Senders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(&'static str);

impl Source {
    /// The source of a webhook whose path names no sender.
    pub const UNKNOWN: Self = Self("unknown");

    /// The source with this name, of ASCII letters and digits.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Sources for tests.
#[cfg(test)]
impl Source {
    pub(crate) const OCTOPRINT: Self = Self("octoprint");
    pub(crate) const OCTOEVERYWHERE: Self = Self("octoeverywhere");
    pub(crate) const SAMPLES: [Self; 2] = [Self::OCTOPRINT, Self::OCTOEVERYWHERE];
}

label_values! {
    /// Where the printed file lies.
    #[derive(Default)]
    Origin {
        /// On the host that drives the printer.
        Local = "local",
        /// On the printer's own card.
        SdCard = "sdcard",
        /// The sender did not say, or used a word that we do not know.
        #[default]
        Unknown = "unknown",
    }
}

label_values! {
    /// How a print ended.
    Outcome {
        Completed = "completed",
        /// A person or a program stopped it.
        Cancelled = "cancelled",
        Failed = "failed",
        Unknown = "unknown",
    }
}

label_values! {
    /// What a printer is doing.
    State {
        Idle = "idle",
        Printing = "printing",
        Paused = "paused",
        /// The printer reported an error that nothing has cleared yet.
        Error = "error",
        /// The printer was lost track of: silent for too long, or disconnected.
        Unknown = "unknown",
    }
}

label_values! {
    /// What a failure detector did about a print that it believes to fail.
    WarningAction {
        Warned = "warned",
        Paused = "paused",
    }
}

label_values! {
    /// Why a printer wants a person.
    AttentionReason {
        FilamentChange = "filament_change",
        UserInteraction = "user_interaction",
    }
}

label_values! {
    /// How it is known how much filament a print used.
    FilamentBasis {
        /// The sender stated it.
        Stated = "stated",
        /// It is what was planned for the completed part of the print.
        Planned = "planned",
    }
}

label_values! {
    /// The kinds of events, as the label `event` names them.
    EventLabel {
        Started = "started",
        Progress = "progress",
        Paused = "paused",
        Resumed = "resumed",
        Ended = "ended",
        Error = "error",
        FailureWarning = "failure_warning",
        Attention = "attention",
        StateReport = "state_report",
        Notice = "notice",
        LimitReached = "limit_reached",
        Test = "test",
        /// An event type that this version does not know.
        Unknown = "unknown",
    }
}

label_values! {
    /// Why a webhook is answered with success and changes nothing.
    IgnoreReason {
        Test = "test",
        UnknownEvent = "unknown_event",
        Duplicate = "duplicate",
        /// It holds a name that the sender's template did not replace.
        Placeholder = "placeholder",
        /// It is about something else than a printer: a queue, a stock of filament, an account.
        OtherSubject = "other_subject",
    }
}

label_values! {
    /// Why a webhook is answered with an error.
    RejectReason {
        /// No webhook has its path.
        NotFound = "not_found",
        /// Its sender does not use this method.
        Method = "method",
        Malformed = "malformed",
        WrongSecret = "wrong_secret",
        TooManyAttempts = "too_many_attempts",
        RateLimit = "rate_limit",
        /// The body did not arrive in time.
        Timeout = "timeout",
        /// It exceeds a limit of size, depth or number of fields.
        TooLarge = "too_large",
        /// Its content type or encoding is not supported.
        UnsupportedBody = "unsupported_body",
        NoEvent = "no_event",
        NoPrinter = "no_printer",
        /// It is about a new printer, and the limit of printers is reached.
        PrinterLimit = "printer_limit",
        Store = "store",
        Stopping = "stopping",
    }
}

label_values! {
    /// Why a connection was refused or closed early.
    DropReason {
        AddressLimit = "address_limit",
        /// It was idle at the limit of connections, and a new connection needed its permit.
        Evicted = "evicted",
        HeaderLimit = "header_limit",
        Malformed = "malformed",
        Timeout = "timeout",
    }
}

label_values! {
    /// Why basic authentication denies a request.
    AuthError {
        Missing = "missing",
        Wrong = "wrong",
        Busy = "busy",
    }
}

#[cfg(test)]
mod tests {
    use super::legible;

    #[test]
    fn a_label_value_has_no_control_characters_and_is_cut_between_characters() {
        let cases = [
            ("plain", "gr\u{fc}n #1 \"x\"", 100, "gr\u{fc}n #1 \"x\""),
            ("control characters", "a\0b\x1b[31mc\x7fd\u{9b}e\nf\tg", 100, "a_b_[31mc_d_e_f_g"),
            ("the direction of text", "a\u{202e}b\u{2066}c", 100, "a_b_c"),
            ("as long as it may be", "abcd", 4, "abcd"),
            ("too long", "abcde", 4, "abcd"),
            ("a character across the limit", "abc\u{1f600}", 5, "abc"),
        ];
        for (name, text, bytes, expected) in cases {
            assert_eq!(legible(text, bytes), expected, "{name}");
        }
    }
}
