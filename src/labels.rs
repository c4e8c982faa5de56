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

            /// The label value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The position in [`Self::ALL`].
            #[must_use]
            pub const fn index(self) -> usize {
                self as usize
            }

            /// The member with this label value.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.as_str() == word)
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
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The label value.
    #[must_use]
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
        /// It ran to its end.
        Completed = "completed",
        /// A person or a program stopped it.
        Cancelled = "cancelled",
        /// An error ended it.
        Failed = "failed",
        /// Its end was never reported.
        Unknown = "unknown",
    }
}

label_values! {
    /// What a printer is doing.
    State {
        /// No print is open.
        Idle = "idle",
        /// A print runs.
        Printing = "printing",
        /// A print waits.
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
        /// It told somebody.
        Warned = "warned",
        /// It paused the print.
        Paused = "paused",
    }
}

label_values! {
    /// Why a printer wants a person.
    AttentionReason {
        /// Filament has to be changed.
        FilamentChange = "filament_change",
        /// Anything else.
        UserInteraction = "user_interaction",
    }
}

label_values! {
    /// The kinds of events, as the label `event` names them.
    EventLabel {
        /// [`EventKind::Started`].
        Started = "started",
        /// [`EventKind::Progress`].
        Progress = "progress",
        /// [`EventKind::Paused`].
        Paused = "paused",
        /// [`EventKind::Resumed`].
        Resumed = "resumed",
        /// [`EventKind::Ended`].
        Ended = "ended",
        /// [`EventKind::Error`].
        Error = "error",
        /// [`EventKind::FailureWarning`].
        FailureWarning = "failure_warning",
        /// [`EventKind::Attention`].
        Attention = "attention",
        /// [`EventKind::StateReport`].
        StateReport = "state_report",
        /// [`EventKind::Notice`].
        Notice = "notice",
        /// [`EventKind::LimitReached`].
        LimitReached = "limit_reached",
        /// [`EventKind::Test`].
        Test = "test",
        /// An event type that this version does not know.
        Unknown = "unknown",
    }
}

label_values! {
    /// Why a webhook is answered with success and changes nothing.
    IgnoreReason {
        /// It is what the sender's test button sends.
        Test = "test",
        /// Its event type is unknown to this version.
        UnknownEvent = "unknown_event",
        /// The event was applied before.
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
        /// It cannot be parsed.
        Malformed = "malformed",
        /// Its secret is missing or wrong.
        WrongSecret = "wrong_secret",
        /// The client sent too many wrong secrets.
        TooManyAttempts = "too_many_attempts",
        /// The client exceeds the configured rate.
        RateLimit = "rate_limit",
        /// The body did not arrive in time.
        Timeout = "timeout",
        /// It exceeds a limit of size, depth or number of fields.
        TooLarge = "too_large",
        /// Its content type or encoding is not supported.
        UnsupportedBody = "unsupported_body",
        /// It does not name an event.
        NoEvent = "no_event",
        /// It does not name a printer.
        NoPrinter = "no_printer",
        /// It is about a new printer, and the limit of printers is reached.
        PrinterLimit = "printer_limit",
        /// The store failed.
        Store = "store",
        /// The exporter is stopping.
        Stopping = "stopping",
    }
}

label_values! {
    /// Why a connection was refused or closed early.
    DropReason {
        /// The client has reached its limit of connections.
        AddressLimit = "address_limit",
        /// It was idle at the limit of connections, and a new connection needed its permit.
        Evicted = "evicted",
        /// The header of a request is too large.
        HeaderLimit = "header_limit",
        /// The bytes received are not HTTP/1.
        Malformed = "malformed",
        /// No complete header arrived in time.
        Timeout = "timeout",
    }
}

label_values! {
    /// Why basic authentication denies a request.
    AuthError {
        /// No user and password were sent.
        Missing = "missing",
        /// The user is unknown or the password is wrong.
        Wrong = "wrong",
        /// Too many passwords are being checked.
        Busy = "busy",
    }
}
