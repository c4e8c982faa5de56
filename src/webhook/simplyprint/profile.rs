//! What SimplyPrint says of itself.

use axum::http::Method;

use crate::labels::Source;
use crate::webhook::{Accepts, Format, Guide, Hints, Profile, SecretPlaces};

pub(super) static PROFILE: Profile = Profile {
    source: Source::new("simplyprint"),
    title: "SimplyPrint",
    methods: &[Method::POST],
    accepts: Accepts {
        formats: &[Format::Json],
        untyped: Some(Format::Json),
        hint: "here we read JSON (application/json), as SimplyPrint sends it",
    },
    // The official integrations read the one, the help page names the other.
    secrets: SecretPlaces { fields: &[], headers: &["x-sp-secret", "x-sp-token"] },
    hints: Hints {
        secret: "enter it as the secret of the webhook at SimplyPrint, which sends it as `X-SP-Secret` or `X-SP-Token`, \
                 or add `?secret=` to the URL",
        event: "the message has no `event`, so it does not say what happened",
        printer: "the message does not say which printer it is about: \
                  put a name at the end of the URL, as in /webhook/simplyprint/my-printer",
    },
    guide: Guide {
        intro: "In SimplyPrint's panel, add a webhook with this address. It is for all printers; each one's name comes with its \
                events:",
        names_printer: false,
        steps: &[
            "Choose all events of jobs (`job.`), and `printer.ai_failure_detected`.",
            "SimplyPrint's cloud must be able to reach this address. Webhooks are part of its plan for print farms.",
            "When a secret is configured here, enter the same one as the webhook's secret.",
        ],
    },
};
