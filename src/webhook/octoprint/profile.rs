//! What OctoPrint-Webhooks says of itself.

use axum::http::Method;

use crate::labels::Source;
use crate::webhook::{Accepts, Format, Guide, Hints, Profile, SecretPlaces};

/// What to do about a topic that is not one of the plugin's.
pub(super) const UNKNOWN_TOPIC: &str = "the field `topic` was read, and it does not name exactly one of Print Started, Print Done, Print Failed, \
     Print Paused, Print Progress, User Action Needed, Error, Custom Event: write `\"topic\": \"@topic\"` in the hook's data \
     template (ADVANCED, DATA in the plugin)";

pub(super) static PROFILE: Profile = Profile {
    source: Source::new("octoprint"),
    title: "OctoPrint",
    methods: &[Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::GET],
    accepts: Accepts {
        formats: &[Format::Json, Format::Multipart, Format::Form, Format::Query],
        untyped: None,
        hint: "here we read JSON (application/json), x-www-form-urlencoded and multipart/form-data: \
               choose JSON as CONTENT TYPE in the plugin's WEBHOOK PARAMETERS, \
               and leave Content-Type out of its HEADERS",
    },
    secrets: SecretPlaces { fields: &["apiSecret"], headers: &[] },
    hints: Hints {
        secret: "set API SECRET in the plugin and keep `\"apiSecret\": \"@apiSecret\"` in its DATA, \
                 or send `Authorization: Bearer`, `X-Webhook-Secret`, or `secret` in the URL's query",
        event: "the message has no `topic`: add `\"topic\": \"@topic\"` to the hook's data template \
                (ADVANCED, DATA in the plugin)",
        printer: "the message does not say which printer it is about: fill in DEVICE IDENTIFIER in the plugin, \
                  or put a name at the end of the URL, as in /webhook/octoprint/my-printer",
    },
    guide: Guide {
        intro: "Install the plugin OctoPrint-Webhooks and enter this address in its URL field. It ends in the name that \
                the printer is to have in Prometheus:",
        names_printer: true,
        steps: &[
            "Switch on all its events: print started, done, failed, paused and progress, user action needed, error. \
             Progress shows that a paused print goes on, which no other event does.",
            "Leave the rest as it is: the default template and method work.",
            "One address for many printers works too: `{url}`, with a device identifier in each plugin.",
            "Where the plugin has custom events, enter the name of the event as its message, such as `PrintResumed`, \
             `PrintCancelled` or `PrinterStateChanged`.",
            "When a secret is configured here, enter the same one as API secret in the plugin.",
            "The test button shows the answer, which names the label that the printer will have.",
        ],
    },
};
