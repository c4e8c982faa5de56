//! Every sender that the farm has: one file or folder each, and a line or more in [`FARM`].

mod bambuddy;
mod encode;
mod generic;
mod moonraker;
mod obico;
mod octoeverywhere;
mod octoprint;
mod simplyprint;

use std::collections::BTreeSet;

use crate::sender::Sender;

/// The kinds of printers, in the order in which they follow each other in the farm: name and sender.
pub(crate) const FARM: [(&str, &dyn Sender); 18] = [
    ("mk3", &octoprint::MULTIPART),
    ("mk4", &octoprint::JSON),
    ("voron", &octoeverywhere::KLIPPER),
    ("fork", &octoprint::FORK),
    ("bambu", &octoeverywhere::FREE_ACCOUNT),
    ("card", &octoprint::SD_CARD),
    ("two", &octoprint::FORK_ON_OCTOPRINT_2),
    ("octo", &octoeverywhere::OCTOPRINT),
    ("queue", &octoprint::QUEUE),
    ("delta", &octoprint::FORK_MULTIPART),
    ("trident", &moonraker::RECOMMENDED),
    ("ender", &obico::ObicoSender),
    ("mini", &simplyprint::SimplyPrintSender),
    ("x1c", &bambuddy::BambuddySender),
    ("salad", &moonraker::FORM_TWICE),
    ("hex", &moonraker::EVENT_ALONE),
    ("kobra", &generic::JSON),
    ("sidewinder", &generic::FORM),
];

/// The sources of all senders, as the exporter's URLs and secrets name them.
pub(crate) fn sources() -> BTreeSet<&'static str> {
    FARM.iter().map(|(_, sender)| sender.source()).collect()
}
