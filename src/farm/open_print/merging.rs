//! What an open print takes over from a report.

use std::time::Duration;

use super::OpenPrint;
use crate::farm::event::{Elapsed, File, PrintReport};

/// How many former ids of a print are kept.
const FORMER_IDS: usize = 8;

impl OpenPrint {
    /// Takes over what is reported, and keeps what is not reported again. An estimate that was made with a stated time which
    /// is not the one that was believed is of no use.
    pub(super) fn merge(&mut self, report: &PrintReport, believed: Option<Duration>) {
        self.merge_names(report);
        self.progress = report.progress.or(report.progress_in_words).or(self.progress);
        let printed = self.stopwatch.printed;
        self.expected = report.remaining.map(|remaining| printed + remaining).or(self.expected);
        if report.elapsed.is_none() || report.elapsed.map(Elapsed::stated) == believed {
            self.estimate = report.estimate.or(self.estimate);
        }
        self.layer = report.layer.or(self.layer);
        self.layers = report.layers.or(self.layers);
        self.height = report.height.or(self.height);
        self.position = report.position.or(self.position);
        self.filament.note(report, false);
        self.reason.clone_from(&report.reason);
    }

    pub(super) fn merge_names(&mut self, report: &PrintReport) {
        if let Some(id) = &report.print_id
            && !self.has_id(Some(id))
            && let Some(former) = self.print_id.replace(id.clone())
            && self.former_ids.len() < FORMER_IDS
        {
            self.former_ids.push(former);
        }
        adopt(&mut self.file, report.file.as_ref());
        if File::differ(self.file.as_ref(), report.file.as_ref()) {
            self.other_name.clone_from(&report.file);
        }
        adopt(&mut self.owner, report.owner.as_ref());
    }
}

fn adopt<T: Clone>(known: &mut Option<T>, reported: Option<&T>) {
    if known.is_none() {
        *known = reported.cloned();
    }
}
