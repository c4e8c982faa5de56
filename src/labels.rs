//! The closed sets of words that become label values. A new word from a sender never becomes one.

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
    Origin {
        /// On the host that drives the printer.
        Local = "local",
        /// On the printer's own card.
        SdCard = "sdcard",
        /// The sender did not say, or used a word that we do not know.
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
