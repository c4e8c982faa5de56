//! "What came in last", as a part of other pages.

use std::collections::HashSet;
use std::sync::Arc;

use super::text::{Moment, Part, parts};
use crate::farm::View;
use crate::http::arrivals::{Arrival, Printer};
use crate::timestamp::Timestamp;

pub(super) struct ArrivalRow {
    pub(super) at: Moment,
    pub(super) source: &'static str,
    pub(super) printer: String,
    pub(super) event: &'static str,
    pub(super) answer: &'static str,
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) message: Vec<Part>,
}

/// The rows of these webhooks, in their order.
pub(super) fn rows(arrivals: &[Arc<Arrival>], view: &View, now: Timestamp) -> Vec<ArrivalRow> {
    let labels: HashSet<_> = view.read(now).map(|printer| printer.label).collect();
    let row = |arrival: &Arc<Arrival>| ArrivalRow {
        at: Moment(arrival.at),
        source: arrival.source.as_str(),
        printer: match &arrival.printer {
            Some(Printer::Label(label)) => label.clone(),
            Some(Printer::Claimed(name)) if labels.contains(name.as_str()) => name.clone(),
            _ => "–".to_owned(),
        },
        event: arrival.event.map_or("–", |event| event.as_str()),
        answer: arrival.answer,
        status: arrival.status.as_u16(),
        reason: arrival.reason.unwrap_or_default(),
        message: arrival.message.as_deref().map(|text| parts(text, str::to_owned)).unwrap_or_default(),
    };
    arrivals.iter().map(row).collect()
}
