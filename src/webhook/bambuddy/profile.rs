//! What Bambuddy says of itself.

use axum::http::Method;

use crate::labels::Source;
use crate::webhook::{Accepts, Format, Guide, Hints, Profile, SecretPlaces};

pub(super) static PROFILE: Profile = Profile {
    source: Source::new("bambuddy"),
    title: "Bambuddy",
    methods: &[Method::POST],
    accepts: Accepts {
        formats: &[Format::Json],
        untyped: Some(Format::Json),
        hint: "here we read JSON (application/json), as Bambuddy sends it",
    },
    secrets: SecretPlaces { fields: &[], headers: &[] },
    hints: Hints {
        secret: "enter it as the authorization header of the provider in Bambuddy, which sends it as a bearer token",
        event: "the message has no `event`: choose the generic format for the provider in Bambuddy, not Slack's",
        printer: "the message does not name a printer: put a name at the end of the provider's URL, \
                  as in /webhook/bambuddy/my-printer, and leave the names of its fields as they are",
    },
    guide: Guide {
        intro: "In Bambuddy, add a notification provider of the type Webhook for each printer, with this address. Replace \
                `my-printer` by the name that the printer is to have in Prometheus:",
        names_printer: true,
        steps: &[
            "Bind the provider to its printer, and switch on all events of prints, and printer offline and error. Start and \
             progress are off at first; progress shows that a paused print goes on, which no other event does.",
            "Leave the format (generic) and the names of the fields as they are.",
            "Switch quiet hours off for this provider: what ends at night is lost otherwise.",
            "One provider for all printers works too: `{url}`. Each is then known by its name in Bambuddy, and a renamed one \
             counts as another.",
            "When a secret is configured here, enter the same one as the provider's authorization header.",
        ],
    },
};
