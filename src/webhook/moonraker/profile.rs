//! What Moonraker says of itself.

use axum::http::Method;

use crate::labels::Source;
use crate::webhook::{Accepts, Format, Guide, Hints, Profile, SecretPlaces};

pub(super) static PROFILE: Profile = Profile {
    source: Source::new("moonraker"),
    title: "Moonraker",
    methods: &[Method::POST, Method::PUT],
    accepts: Accepts {
        formats: &[Format::Json, Format::Form, Format::Multipart],
        untyped: None,
        hint: "here we read what Apprise sends for json:// and form:// URLs",
    },
    secrets: SecretPlaces { fields: &["secret"], headers: &[] },
    hints: Hints {
        secret: "add `?+X-Webhook-Secret={secrets.printfarm.secret}` to the notifier's url",
        event: "the message has neither an event nor print_stats: give the notifier in moonraker.conf the lines \
                `title: {event_name}` and `body: {event_message or (event_args[1]|tojson)}`",
        printer: "Moonraker does not name its printer: put a name at the end of the notifier's url, \
                  as in /webhook/moonraker/my-printer",
    },
    guide: Guide {
        intro: "Add a `[notifier printfarm]` to `moonraker.conf` with this address as its `url`, with `json://` in place of \
                `http://`, or `jsons://` in place of `https://`. The address ends in the name that the printer is to \
                have in Prometheus:",
        names_printer: true,
        steps: &[
            "Add the lines `events: *`, `title: {event_name}` and `body: {event_message or (event_args[1]|tojson)}`. Leave \
             `attach` out: nothing reads pictures.",
            "When a secret is configured here, add `?+X-Webhook-Secret={secrets.printfarm.secret}` to the `url`, and the \
             secret to Moonraker's secrets.",
            "Restart Moonraker.",
        ],
    },
};
