//! What is said of the generic endpoint.

use axum::http::Method;

use crate::labels::Source;
use crate::webhook::{Accepts, Format, Guide, Hints, Profile, SecretPlaces};

/// What to do about a word that is not known.
pub(super) const UNKNOWN_EVENT: &str = "the word in `event` is not known; write one of started, progress, paused, resumed, completed, cancelled, failed, \
     ended, error, attention, warning, notice, test, or the name of an event of OctoPrint";

pub(super) const UNKNOWN_STATE: &str =
    "the word in `state` is not known; write one of printing, paused, idle, error, offline";

pub(super) static PROFILE: Profile = Profile {
    source: Source::new("generic"),
    title: "anything else",
    methods: &[Method::POST, Method::PUT, Method::PATCH, Method::GET],
    accepts: Accepts {
        formats: &[
            Format::Json,
            Format::Form,
            Format::Multipart,
            Format::JsonOrForm,
            Format::Query,
            Format::QueryAndBody,
        ],
        untyped: None,
        hint: "here we read JSON (application/json), x-www-form-urlencoded, multipart/form-data, and the query of the URL",
    },
    secrets: SecretPlaces { fields: &["secret"], headers: &[] },
    hints: Hints {
        secret: "send it as `Authorization: Bearer`, as `X-Webhook-Secret`, or as `secret` in the query, the form or the JSON",
        event: "the message has neither `event` nor `state`; write one of started, progress, paused, resumed, completed, \
                cancelled, failed, ended, error, attention, warning, notice, test into `event`",
        printer: "the message does not say which printer it is about: put a name at the end of the URL, \
                  as in /webhook/generic/my-printer, or into `printer`",
    },
    guide: Guide {
        intro: "Home Assistant, Node-RED, n8n, OctoPrint's own event hooks, macros of Klipper and shell scripts can send here. \
                The address ends in the name that the printer is to have in Prometheus:",
        names_printer: true,
        steps: &[
            "Send flat JSON, a form, or nothing but the query of a GET, such as `{url}/my-printer?event=test`.",
            "`event` says what happened: `started`, `progress`, `paused`, `resumed`, `completed`, `cancelled`, `failed`, `ended`, \
             `error`, `attention`, `warning`, `notice`, `test`. All other keys may be missing.",
            "Say what is known: `file`, `progress_percent`, `elapsed_seconds`, `remaining_seconds`, `layer`, `filament_grams`. \
             The page docs/senders/generic.md has every key, and recipes to paste.",
            "When a secret is configured here, send it as `secret`, as `X-Webhook-Secret`, or as `Authorization: Bearer`.",
        ],
    },
};
