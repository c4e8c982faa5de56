//! The printers of the farm: which software sends their webhooks, how it is set, and what their habits are.

use super::occurrence::{Ending, PauseReason};
use super::rng::Rng;
use crate::labels::Origin;

/// One printer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PrinterProfile {
    /// The `printer` label that it gets.
    pub(super) name: String,
    /// What OctoEverywhere calls it.
    pub(super) id: String,
    pub(super) sender: Sender,
}

/// Which software sends, and how it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    OctoPrint(Plugin),
    OctoEverywhere(Platform),
}

/// How the OctoPrint plugin is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a box that its user ticks or not")]
pub(super) struct Plugin {
    pub(super) version: Version,
    /// It sends JSON; else multipart, as by default.
    pub(super) json: bool,
    /// Print Progress is enabled.
    pub(super) progress: bool,
    pub(super) card: Card,
    /// Two hooks send everything twice.
    pub(super) repeats: bool,
    /// A queue plugin prints placeholders.
    pub(super) queue: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The original plugin on OctoPrint 1.
    Original,
    /// The maintained fork, with custom events, on OctoPrint 1.
    Fork,
    /// The same on OctoPrint 2.
    ForkOnTwo,
}

/// Whether files are printed from the SD card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Card {
    Never,
    Sometimes,
    Always,
}

/// What OctoEverywhere is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Klipper,
    OctoPrint,
    /// A Bambu Lab printer on a free account.
    Free,
}

const PLUGIN: Plugin = Plugin {
    version: Version::Original,
    json: false,
    progress: false,
    card: Card::Never,
    repeats: false,
    queue: false,
};

/// The printers of a farm, over and over.
const KINDS: [(&str, Sender); 10] = [
    ("mk3", Sender::OctoPrint(PLUGIN)),
    ("mk4", Sender::OctoPrint(Plugin { json: true, progress: true, ..PLUGIN })),
    ("voron", Sender::OctoEverywhere(Platform::Klipper)),
    ("fork", Sender::OctoPrint(Plugin { version: Version::Fork, json: true, progress: true, ..PLUGIN })),
    ("bambu", Sender::OctoEverywhere(Platform::Free)),
    ("card", Sender::OctoPrint(Plugin { json: true, progress: true, card: Card::Always, ..PLUGIN })),
    (
        "two",
        Sender::OctoPrint(Plugin {
            version: Version::ForkOnTwo,
            json: true,
            progress: true,
            card: Card::Sometimes,
            ..PLUGIN
        }),
    ),
    ("octo", Sender::OctoEverywhere(Platform::OctoPrint)),
    ("queue", Sender::OctoPrint(Plugin { progress: true, repeats: true, queue: true, ..PLUGIN })),
    ("delta", Sender::OctoPrint(Plugin { version: Version::Fork, progress: true, ..PLUGIN })),
];

/// Endings and how many prints in a hundred meet them; the rest is completed.
type Endings = &'static [(u32, Ending)];

const ORIGINAL: Endings = &[
    (8, Ending::Cancelled),
    (4, Ending::CancelledWhilePaused),
    (6, Ending::Failed),
    (3, Ending::LineBroken),
    (3, Ending::Restarted),
    (3, Ending::Silent),
    (2, Ending::ErrorOnly),
];
const FORK: Endings = &[
    (8, Ending::Cancelled),
    (4, Ending::CancelledWhilePaused),
    (6, Ending::Failed),
    (3, Ending::LineBroken),
    (3, Ending::Restarted),
    (3, Ending::Silent),
    (3, Ending::Disconnected),
];
const FORK_ON_TWO: Endings = &[
    (8, Ending::Cancelled),
    (4, Ending::CancelledWhilePaused),
    (6, Ending::Failed),
    (3, Ending::LineBroken),
    (3, Ending::Restarted),
    (3, Ending::Silent),
];
const KLIPPER: Endings =
    &[(8, Ending::Cancelled), (4, Ending::CancelledWhilePaused), (6, Ending::ErrorOnly), (4, Ending::Silent)];
const OCTOEVERYWHERE: Endings =
    &[(8, Ending::Cancelled), (4, Ending::CancelledWhilePaused), (6, Ending::Failed), (4, Ending::Silent)];
const FREE: Endings = &[(12, Ending::Cancelled)];

impl PrinterProfile {
    /// The printer at this place of the farm, from 0.
    pub(super) fn at(index: u32) -> Self {
        let kinds = u32::try_from(KINDS.len()).unwrap_or(1);
        let (kind, sender) = KINDS[usize::try_from(index % kinds).unwrap_or(0)];
        let id = u64::from(index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { name: format!("{kind}-{:02}", index / kinds + 1), id: format!("{id:016x}"), sender }
    }

    pub(super) const fn is_octoeverywhere(&self) -> bool {
        matches!(self.sender, Sender::OctoEverywhere(_))
    }

    pub(super) fn is_free(&self) -> bool {
        self.sender == Sender::OctoEverywhere(Platform::Free)
    }

    pub(super) fn ending(&self, rng: &mut Rng) -> Ending {
        let endings = match self.sender {
            Sender::OctoPrint(plugin) => match plugin.version {
                Version::Original => ORIGINAL,
                Version::Fork => FORK,
                Version::ForkOnTwo => FORK_ON_TWO,
            },
            Sender::OctoEverywhere(Platform::Klipper) => KLIPPER,
            Sender::OctoEverywhere(Platform::OctoPrint) => OCTOEVERYWHERE,
            Sender::OctoEverywhere(Platform::Free) => FREE,
        };
        let mut drawn = rng.below(100);
        for (share, ending) in endings {
            match drawn.checked_sub(*share) {
                Some(rest) => drawn = rest,
                None => return *ending,
            }
        }
        Ending::Completed
    }

    /// How many hours a print takes: most are short, some go on through the night.
    pub(super) fn hours(&self, rng: &mut Rng) -> f64 {
        match rng.below(10) {
            // The free account's printer is done on the day it began, so that its day's webhooks are its own.
            _ if self.is_free() => rng.between(0.4, 2.5),
            0..=5 => rng.between(0.4, 3.0),
            6..=8 => rng.between(3.0, 8.0),
            _ => rng.between(8.0, 20.0),
        }
    }

    pub(super) fn origin(&self, rng: &mut Rng) -> Origin {
        let Sender::OctoPrint(plugin) = self.sender else { return Origin::Unknown };
        let from_card = match plugin.card {
            Card::Never => false,
            Card::Sometimes => rng.chance(50),
            Card::Always => true,
        };
        if from_card { Origin::SdCard } else { Origin::Local }
    }

    /// Whether prints that meet this ending wait and go on before. Not where no webhook could tell that they have gone on:
    /// the original plugin has none for it, so that only an elapsed time tells, of which there is none for the card, and
    /// at a failure it may hold the pause. A free account tells of starts and ends alone.
    pub(super) fn pauses_before(&self, ending: Ending) -> bool {
        match self.sender {
            _ if ending == Ending::Silent => false,
            Sender::OctoPrint(plugin) if plugin.version == Version::Original => {
                plugin.card == Card::Never && !matches!(ending, Ending::Failed | Ending::LineBroken)
            }
            Sender::OctoPrint(_) => true,
            Sender::OctoEverywhere(platform) => platform != Platform::Free,
        }
    }

    pub(super) fn tells_of_resumes(&self) -> bool {
        !matches!(self.sender, Sender::OctoPrint(plugin) if plugin.version == Version::Original)
    }

    pub(super) fn tells_of_progress(&self) -> bool {
        !matches!(self.sender, Sender::OctoPrint(plugin) if !plugin.progress)
    }

    pub(super) fn ends_in_a_pause(&self, ending: Ending) -> bool {
        match ending {
            Ending::CancelledWhilePaused | Ending::Restarted | Ending::Disconnected => true,
            Ending::ErrorOnly => !self.is_octoeverywhere(),
            _ => false,
        }
    }

    pub(super) fn reason(&self, rng: &mut Rng) -> PauseReason {
        match rng.below(3) {
            0 => PauseReason::Person,
            1 if self.is_octoeverywhere() => PauseReason::Detector,
            _ => PauseReason::Filament,
        }
    }
}
