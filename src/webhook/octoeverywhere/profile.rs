//! What OctoEverywhere says of itself.

use axum::http::Method;

use crate::labels::Source;
use crate::webhook::{Accepts, Format, Guide, Hints, Profile, SecretPlaces};

pub(super) static PROFILE: Profile = Profile {
    source: Source::new("octoeverywhere"),
    title: "OctoEverywhere",
    methods: &[Method::POST],
    accepts: Accepts {
        formats: &[Format::Json],
        untyped: Some(Format::Json),
        hint: "here we read JSON (application/json), as OctoEverywhere sends it",
    },
    secrets: SecretPlaces { fields: &["SecretKey"], headers: &[] },
    hints: Hints {
        secret: "set the secret key of the webhook at OctoEverywhere, \
                 or send `Authorization: Bearer`, `X-Webhook-Secret`, or `secret` in the URL's query",
        event: "the message has no `EventType`, so it does not say what happened",
        printer: "the message has no `PrinterId`: \
                  put a name at the end of the URL, as in /webhook/octoeverywhere/my-printer",
    },
    guide: Guide {
        intro: "Add a webhook with this address. It carries the printer's name:",
        names_printer: false,
        steps: &[
            "To choose the name yourself, add it: `{url}/my-printer`.",
            "OctoEverywhere's cloud must be able to reach this address, unless the webhooks come from the printer's own \
             network.",
            "When a secret is configured here, enter the same one as the webhook's secret key.",
        ],
    },
};
