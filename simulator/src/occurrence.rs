//! What a printer has to tell, before a sender puts it into its words.

/// Something that a sender may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurrence {
    Started,
    Progress,
    FirstLayer,
    Paused(PauseReason),
    StillWaits(PauseReason),
    Resumed,
    Warned,
    Completed,
    Cancelled,
    Error,
    Failed,
    Disconnected,
    Connected,
    BedCooled,
    LimitReached,
    /// The test button was pressed.
    Test,
    /// A queue plugin starts and ends its placeholder.
    Placeholder,
}

/// How a print ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ending {
    Completed,
    Cancelled,
    CancelledWhilePaused,
    /// An error of the firmware, and then the failure.
    Failed,
    /// The line to the printer breaks: a failure without an error.
    LineBroken,
    /// It is paused, and started anew.
    Restarted,
    /// No end is ever reported.
    Silent,
    /// An error is all that is reported.
    ErrorOnly,
    /// The printer is disconnected within a pause, and nothing else is reported.
    Disconnected,
}

impl Ending {
    /// Whether only the next start tells that this print is over.
    pub(super) const fn is_settled_by_the_next_start(self) -> bool {
        matches!(self, Self::Restarted | Self::Silent | Self::ErrorOnly | Self::Disconnected)
    }
}

/// Why a print waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PauseReason {
    /// Somebody paused it.
    Person,
    /// The filament has to be changed.
    Filament,
    /// A failure detector paused it.
    Detector,
}
