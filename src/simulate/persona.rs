//! The printers of the farm: which software sends their webhooks, how it is set, and what their habits are.

use super::course::{Fate, Why};
use super::dice::Dice;
use crate::labels::Origin;

/// One printer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Persona {
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

/// Fates and how many prints in a hundred meet them; the rest is completed.
type Fates = &'static [(u32, Fate)];

const ORIGINAL: Fates = &[
    (8, Fate::Cancelled),
    (4, Fate::CancelledWhilePaused),
    (6, Fate::Failed),
    (3, Fate::LineBroken),
    (3, Fate::Restarted),
    (3, Fate::Silent),
    (2, Fate::ErrorOnly),
];
const FORK: Fates = &[
    (8, Fate::Cancelled),
    (4, Fate::CancelledWhilePaused),
    (6, Fate::Failed),
    (3, Fate::LineBroken),
    (3, Fate::Restarted),
    (3, Fate::Silent),
    (3, Fate::Disconnected),
];
const FORK_ON_TWO: Fates = &[
    (8, Fate::Cancelled),
    (4, Fate::CancelledWhilePaused),
    (6, Fate::Failed),
    (3, Fate::LineBroken),
    (3, Fate::Restarted),
    (3, Fate::Silent),
];
const KLIPPER: Fates =
    &[(8, Fate::Cancelled), (4, Fate::CancelledWhilePaused), (6, Fate::ErrorOnly), (4, Fate::Silent)];
const OCTOEVERYWHERE: Fates =
    &[(8, Fate::Cancelled), (4, Fate::CancelledWhilePaused), (6, Fate::Failed), (4, Fate::Silent)];
const FREE: Fates = &[(12, Fate::Cancelled)];

impl Persona {
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

    pub(super) fn fate(&self, dice: &mut Dice) -> Fate {
        let fates = match self.sender {
            Sender::OctoPrint(plugin) => match plugin.version {
                Version::Original => ORIGINAL,
                Version::Fork => FORK,
                Version::ForkOnTwo => FORK_ON_TWO,
            },
            Sender::OctoEverywhere(Platform::Klipper) => KLIPPER,
            Sender::OctoEverywhere(Platform::OctoPrint) => OCTOEVERYWHERE,
            Sender::OctoEverywhere(Platform::Free) => FREE,
        };
        let mut drawn = dice.below(100);
        for (share, fate) in fates {
            match drawn.checked_sub(*share) {
                Some(rest) => drawn = rest,
                None => return *fate,
            }
        }
        Fate::Completed
    }

    /// How many hours a print takes: most are short, some go on through the night.
    pub(super) fn hours(&self, dice: &mut Dice) -> f64 {
        match dice.below(10) {
            // The free account's printer is done on the day it began, so that its day's webhooks are its own.
            _ if self.is_free() => dice.between(0.4, 2.5),
            0..=5 => dice.between(0.4, 3.0),
            6..=8 => dice.between(3.0, 8.0),
            _ => dice.between(8.0, 20.0),
        }
    }

    pub(super) fn origin(&self, dice: &mut Dice) -> Origin {
        let Sender::OctoPrint(plugin) = self.sender else { return Origin::Unknown };
        let from_card = match plugin.card {
            Card::Never => false,
            Card::Sometimes => dice.chance(50),
            Card::Always => true,
        };
        if from_card { Origin::SdCard } else { Origin::Local }
    }

    /// Whether prints that meet this fate wait and go on before. Not where no webhook could tell that they have gone on:
    /// the original plugin has none for it, so that only an elapsed time tells, of which there is none for the card, and
    /// at a failure it may hold the pause. A free account tells of starts and ends alone.
    pub(super) fn pauses_before(&self, fate: Fate) -> bool {
        match self.sender {
            _ if fate == Fate::Silent => false,
            Sender::OctoPrint(plugin) if plugin.version == Version::Original => {
                plugin.card == Card::Never && !matches!(fate, Fate::Failed | Fate::LineBroken)
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

    pub(super) fn ends_in_a_pause(&self, fate: Fate) -> bool {
        match fate {
            Fate::CancelledWhilePaused | Fate::Restarted | Fate::Disconnected => true,
            Fate::ErrorOnly => !self.is_octoeverywhere(),
            _ => false,
        }
    }

    pub(super) fn why(&self, dice: &mut Dice) -> Why {
        match dice.below(3) {
            0 => Why::Person,
            1 if self.is_octoeverywhere() => Why::Detector,
            _ => Why::Filament,
        }
    }
}
