//! What Obico says of itself.

use axum::http::Method;

use crate::labels::Source;
use crate::webhook::{Accepts, Format, Guide, Hints, Profile, SecretPlaces};

pub(super) static PROFILE: Profile = Profile {
    source: Source::new("obico"),
    title: "Obico",
    methods: &[Method::POST],
    accepts: Accepts {
        formats: &[Format::Json],
        untyped: Some(Format::Json),
        hint: "here we read JSON (application/json), as Obico sends it",
    },
    secrets: SecretPlaces { fields: &[], headers: &[] },
    hints: Hints {
        secret: "add it to the URL at Obico, as in /webhook/obico?secret=...",
        event: "the message has no `event.type`, so it does not say what happened",
        printer: "the message has no `printer.id`: \
                  put a name at the end of the URL, as in /webhook/obico/my-printer",
    },
    guide: Guide {
        intro: "In Obico's preferences, open the notifications, choose Webhook, and enter this address. It is for all printers \
                of the account; each one's name comes with its events:",
        names_printer: false,
        steps: &[
            "Switch all of its events on. Without the start, pauses and cancels, a print is known from its end alone.",
            "Set the shortest print that gets a time-lapse to 0 seconds: Obico tells no end of shorter ones. A printer without a \
             camera has no ends at all.",
            "Where the account has one printer, you may choose its name: `{url}/my-printer`.",
            "When a secret is configured here, add it: `{url}?secret=...`.",
            "Obico says of a failed print that it was cancelled. Moonraker and OctoPrint tell more: send from them directly \
             where you can.",
        ],
    },
};
