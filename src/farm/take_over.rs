//! Brings the farm up to date with what a store has: at the start, and where other replicas write to it too.

use std::sync::Arc;

use super::{Changes, Farm, Printer};
use crate::labels::Source;
use crate::timestamp::Timestamp;

/// What a store has and the farm has not.
#[derive(Debug, Default)]
pub struct News {
    /// The farm is to be replaced: this is all there is.
    pub is_everything: bool,
    /// The printers that changed or are new, by their positions, in ascending order.
    pub printers: Vec<(usize, Arc<Printer>)>,
    /// The number of printers that there are now.
    pub count: usize,
    /// When these sources reported that their webhooks of the day are used up.
    pub limits_reached: Vec<(Source, Timestamp)>,
    /// Fingerprints of print ids that have ended.
    pub ended_print_ids: Vec<u64>,
}

/// What a store has is no farm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NewsError {
    #[error("a printer is missing")]
    Missing,
    /// Two printers have the same identity or the same label.
    #[error("the printer {0:?} is there twice")]
    Duplicate(String),
}

impl Farm {
    /// The farm that a store has.
    pub fn restore(news: News) -> Result<Self, NewsError> {
        let mut farm = Self::default();
        farm.take_over(news)?;
        Ok(farm)
    }

    /// Takes over what a store has. Returns what that changed.
    ///
    /// # Errors
    /// When the result would be no farm. Then this one is empty, and is to take over everything.
    pub fn take_over(&mut self, news: News) -> Result<Changes, NewsError> {
        self.try_take_over(news).inspect_err(|_| *self = Self::default())
    }

    fn try_take_over(&mut self, news: News) -> Result<Changes, NewsError> {
        if news.is_everything {
            *self = Self::default();
        }
        for (position, _) in &news.printers {
            self.forget(*position);
        }
        let printers = news.printers.iter().map(|(position, _)| *position).collect();
        let changes = Changes { printers, limits: !news.limits_reached.is_empty(), ..Changes::default() };
        for (position, printer) in news.printers {
            if position > self.view.printers.len() {
                return Err(NewsError::Missing);
            }
            if !self.put(position, Arc::clone(&printer)) {
                return Err(NewsError::Duplicate(printer.label.to_string()));
            }
        }
        if self.view.printers.len() != news.count {
            return Err(NewsError::Missing);
        }
        self.view.limits_reached.extend(news.limits_reached);
        self.ended_print_ids.extend(news.ended_print_ids);
        Ok(changes)
    }
}
