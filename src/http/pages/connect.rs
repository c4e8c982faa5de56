//! `GET /connect`: how to point a sender here, and whether its webhooks arrive.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::arrivals::{self, ArrivalRow};
use super::text::{Part, ago, parts};
use super::{Frame, problem, render, respond};
use crate::config::Settings;
use crate::farm::View;
use crate::http::AppState;
use crate::http::arrivals::{Arrival, Printer};
use crate::http::place::Place;
use crate::http::query::{BadQuery, Query};
use crate::labels::{Source, legible};
use crate::timestamp::Timestamp;
use crate::webhook::{Profile, Sender};

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands for the printer's name in the texts of senders.
const NAME: &str = "my-printer";

#[derive(Template)]
#[template(path = "connect.html")]
struct Page {
    frame: Frame,
    senders: Vec<&'static Profile>,
    /// The source of the sender that is chosen.
    current: &'static str,
    printer: String,
    guide: Option<Guide>,
    status: Status,
    arrivals: Vec<ArrivalRow>,
    scheme: &'static str,
    metrics_path: String,
    host: String,
}

/// How to point the chosen sender here.
struct Guide {
    profile: &'static Profile,
    intro: Vec<Part>,
    url: String,
    needs_secret: bool,
    /// Where the secret goes.
    secret: Vec<Part>,
    steps: Vec<Vec<Part>>,
}

/// Whether the printer has been heard of.
#[derive(Default)]
struct Status {
    /// `accepted`, `rejected`, or empty when nothing has come.
    class: &'static str,
    title: String,
    text: Vec<Part>,
    /// The query that shows the printer.
    link: Option<String>,
}

pub(in crate::http) async fn connect(
    State(web): State<Arc<AppState>>,
    place: Place,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let frame = Frame::new(&web, place.clone(), "/connect");
    match chosen(&web, query.as_deref()) {
        Ok((sender, printer)) => {
            let rendered = render(&page(&web, frame, &place, sender, printer));
            respond(StatusCode::OK, rendered, &headers)
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, frame, "This sender is not known", &error, &headers),
    }
}

/// The sender and the printer's name in the query.
fn chosen(web: &AppState, query: Option<&str>) -> Result<(Option<&'static dyn Sender>, String), BadQuery> {
    let query = Query::read(query, &["sender", "printer"])?;
    let sources: Vec<_> = web.options.senders.sources().into_iter().map(Source::as_str).collect();
    let sender = query.word("sender", &sources, |word| web.options.senders.get(word))?;
    Ok((sender, query.get("printer").unwrap_or_default().to_owned()))
}

fn page(
    web: &AppState,
    frame: Frame,
    place: &Place,
    sender: Option<&'static dyn Sender>,
    printer: String,
) -> Page {
    let chosen = sender.map(Sender::profile);
    let (view, now) = web.recorder.view();
    let arrivals = web.arrivals.latest();
    let metrics = format!("{}{}", place.path, web.options.telemetry_path);
    Page {
        senders: web.options.senders.iter().map(Sender::profile).collect(),
        current: chosen.map_or("", |profile| profile.source.as_str()),
        guide: chosen.map(|profile| Guide::new(web, profile, place, &printer)),
        status: chosen
            .map(|profile| status(web, profile, &printer, (&view, now), &arrivals))
            .unwrap_or_default(),
        arrivals: arrivals::rows(&arrivals, &view, now),
        frame,
        printer,
        scheme: if place.https { "\n    scheme: https" } else { "" },
        metrics_path: if metrics == "/metrics" {
            String::new()
        } else {
            format!("\n    metrics_path: {metrics}")
        },
        host: place.host.clone(),
    }
}

impl Guide {
    fn new(web: &AppState, profile: &'static Profile, place: &Place, printer: &str) -> Self {
        let guide = &profile.guide;
        let base = format!("{}/{}", place.webhooks(web.ports.webhooks), profile.source.as_str());
        let name =
            if printer.is_empty() { NAME.into() } else { utf8_percent_encode(printer, SEGMENT).to_string() };
        let names_printer = guide.names_printer || !printer.is_empty();
        // Of the texts, only URLs carry the name as a segment.
        let fill =
            |text: &str| text.replace("{url}", &base).replace(&format!("/{NAME}"), &format!("/{name}"));
        Self {
            profile,
            intro: parts(guide.intro, fill),
            url: if names_printer { format!("{base}/{name}") } else { base.clone() },
            needs_secret: needs_secret(&web.settings.current(), profile.source),
            secret: parts(profile.hints.secret, fill),
            steps: guide.steps.iter().map(|step| parts(step, fill)).collect(),
        }
    }
}

/// Whether webhooks of any printer of this source must carry a secret.
fn needs_secret(settings: &Settings, source: Source) -> bool {
    settings.secrets.has_printers(source) || !settings.secrets.scope(source, None).1.is_empty()
}

/// What the latest webhook of the sender tells, or else the printer itself.
fn status(
    web: &AppState,
    profile: &Profile,
    printer: &str,
    (view, now): (&View, Timestamp),
    arrivals: &[Arc<Arrival>],
) -> Status {
    let label = legible(printer, web.settings.current().limits.label_bytes);
    let concerns = |arrival: &Arrival| {
        arrival.source == profile.source
            && (printer.is_empty()
                || match &arrival.printer {
                    Some(Printer::Label(name) | Printer::Claimed(name)) => *name == label,
                    None => !arrival.status.is_success(),
                })
    };
    let latest = arrivals.iter().find(|arrival| concerns(arrival));
    let known = view.read(now).find(|it| it.source == profile.source && it.label == label);
    let link = known.map(|printer| Query::default().with(&[("name", Some(printer.label))]));
    let told = |class, title, text: &str| Status { class, title, text: parts(text, str::to_owned), link };
    let is_newer = |arrival: &Arrival| known.is_none_or(|printer| printer.last_event < arrival.at);
    match (latest, known) {
        (Some(arrival), _) if !arrival.status.is_success() && is_newer(arrival) => {
            let title = format!("A webhook of {} was refused {}.", profile.title, ago(arrival.at, now));
            told("rejected", title, arrival.message.as_deref().unwrap_or_default())
        }
        (_, Some(printer)) => {
            let title = format!("{} was heard of {}.", printer.label, ago(printer.last_event, now));
            told("accepted", title, &format!("Its state is {}.", printer.state.as_str()))
        }
        (Some(arrival), None) => {
            let title = format!("A webhook of {} arrived {}.", profile.title, ago(arrival.at, now));
            match (&arrival.printer, arrival.reason) {
                (Some(Printer::Label(label)), Some("test")) => {
                    let text = format!("The set-up works. The printer {label} appears with its first event.");
                    told("accepted", title, &text)
                }
                _ => told("accepted", title, &format!("It was {}.", arrival.answer)),
            }
        }
        (None, None) => {
            let text = "Send a test, or start a print: this page shows it.";
            told("", "Nothing has come yet.".to_owned(), text)
        }
    }
}
