//! The printers of the farm.

use crate::sender::Sender;
use crate::senders::FARM;

/// A printer: its names, and the software that sends its webhooks.
#[derive(Clone, Debug)]
pub(crate) struct PrinterProfile {
    /// The `printer` label that the exporter gives it.
    pub(crate) name: String,
    /// Its id at a cloud service.
    pub(crate) id: String,
    pub(crate) sender: &'static dyn Sender,
}

impl PrinterProfile {
    /// The printer with this number, from 0. The farm repeats the kinds of [`FARM`].
    pub(crate) fn at(index: u32) -> Self {
        let kinds = u32::try_from(FARM.len()).unwrap_or(1);
        let (kind, sender) = FARM[usize::try_from(index % kinds).unwrap_or(0)];
        let id = u64::from(index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { name: format!("{kind}-{:02}", index / kinds + 1), id: format!("{id:016x}"), sender }
    }
}
