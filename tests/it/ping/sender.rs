//! A sender that only these tests have. Its folder and one line, `.with(&Ping)`, are all that it takes.

use axum::http::Method;
use printfarm_exporter::farm::{Event, EventKind, PrintReport};
use printfarm_exporter::labels::Source;
use printfarm_exporter::webhook::{
    Accepts, Context, DecodeError, Format, Guide, Hints, Parsed, Payload, Profile, SecretPlaces, Sender,
};

pub(super) struct Ping;

static PROFILE: Profile = Profile {
    source: Source::new("ping"),
    title: "Ping & <Pong>",
    methods: &[Method::POST, Method::PUT],
    accepts: Accepts { formats: &[Format::Json], untyped: Some(Format::Json), hint: "send JSON" },
    secrets: SecretPlaces { fields: &["password"], headers: &["x-ping-secret"] },
    hints: Hints {
        secret: "set the password of the ping",
        event: "a ping has an `event`",
        printer: "put the printer's name at the end of the URL",
    },
    guide: Guide {
        intro: "Enter this address:",
        names_printer: true,
        steps: &["Several printers <i>may</i> use `{url}`."],
    },
};

impl Sender for Ping {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
        let event =
            payload.texts("event").next().ok_or(DecodeError::NoEvent { hint: PROFILE.hints.event })?;
        match &*event {
            "test" => return Ok(Parsed::TEST),
            "started" => {}
            _ => return Err(DecodeError::NoEvent { hint: PROFILE.hints.event }),
        }
        Ok(Parsed::Event(Event {
            printer: context.printer(&PROFILE, None, None)?,
            received: context.received,
            sent: None,
            kind: EventKind::Started,
            report: PrintReport::default(),
        }))
    }
}
