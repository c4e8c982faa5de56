//! How much of a message is kept.

use super::BodyLimits;
use crate::webhook::bounds::{MAX_TEXT, truncate};
use crate::webhook::error::TooLarge;

/// Fields that nothing reads. The history of a file in `meta` grows with each of its prints.
const UNREAD: [&str; 2] = ["meta", "offsets"];

/// Whether nothing reads the field of this name, so that its value need not be kept.
pub(super) fn is_unread(name: &str) -> bool {
    UNREAD.contains(&name) || name.len() > MAX_TEXT
}

/// What a message may still hold.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    limits: BodyLimits,
    fields: usize,
    text: usize,
    exceeded: Option<TooLarge>,
}

impl Budget {
    pub(super) const fn new(limits: &BodyLimits) -> Self {
        Self { limits: *limits, fields: limits.fields, text: limits.body_bytes, exceeded: None }
    }

    /// The limit that the message has exceeded. `serde` passes errors on as text, so it is kept here.
    pub(super) const fn exceeded(&self) -> Option<TooLarge> {
        self.exceeded
    }

    /// Counts a field, or a part of a multipart body.
    pub(super) fn count_field(&mut self) -> Result<(), TooLarge> {
        let too_many = TooLarge::Fields { limit: self.limits.fields };
        self.fields = self.fields.checked_sub(1).ok_or_else(|| self.exceed(too_many))?;
        Ok(())
    }

    /// A text as it is kept: up to [`MAX_TEXT`] bytes of it.
    pub(super) fn keep(&mut self, text: &str) -> Result<String, TooLarge> {
        let kept = truncate(text);
        self.take(kept.len())?;
        Ok(kept.to_owned())
    }

    /// Takes room for a text of so many bytes.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), TooLarge> {
        self.check_room(bytes)?;
        self.text -= bytes;
        Ok(())
    }

    /// Checks that there is room for a text of so many bytes.
    pub(super) fn check_room(&mut self, bytes: usize) -> Result<(), TooLarge> {
        let too_long = TooLarge::Text { limit: self.limits.body_bytes };
        if bytes > self.text { Err(self.exceed(too_long)) } else { Ok(()) }
    }

    /// Notes the limit that the message has exceeded.
    pub(super) const fn exceed(&mut self, limit: TooLarge) -> TooLarge {
        self.exceeded = Some(limit);
        limit
    }
}
