//! What can happen at a printer, independent of how its sender reports it.

/// Something that a sender may report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occurrence {
    Started,
    Progress,
    FirstLayer,
    Paused(PauseReason),
    /// Firmware repeats while a print is paused that it waits for a person.
    StillPaused(PauseReason),
    Resumed,
    /// A failure detector warns.
    Warned,
    Completed,
    Cancelled,
    Error,
    Failed,
    Disconnected,
    Connected,
    BedCooled,
    /// The account has used up its webhooks of the day.
    LimitReached,
    /// A person pressed the test button.
    Test,
    /// A queue plugin starts and ends its placeholder.
    Placeholder,
}

/// Why a print is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PauseReason {
    /// A person paused it.
    Person,
    /// The filament has to be changed.
    Filament,
    /// A failure detector paused it.
    Detector,
}

/// How a print ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Completed,
    Cancelled,
    CancelledWhilePaused,
    /// The firmware reports an error, then the print fails.
    Failed,
    /// The connection to the printer breaks: the print fails without an error.
    ConnectionLost,
    /// It is restarted while it is paused.
    Restarted,
    /// Its end is never reported.
    Silent,
    /// An error is all that is reported.
    ErrorOnly,
    /// The printer is disconnected while the print is paused, and nothing else is reported.
    Disconnected,
}

impl Ending {
    /// Whether only the next start shows that this print is over.
    pub(crate) const fn is_known_at_the_next_start(self) -> bool {
        matches!(self, Self::Restarted | Self::Silent | Self::ErrorOnly | Self::Disconnected)
    }
}
