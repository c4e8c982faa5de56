//! `/webhook/...`: reads a webhook, has it recorded, and says what became of it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tracing::{debug, warn};

use super::AppState;
use super::answer::Answer;
use super::error::WebhookError;
use crate::auth::webhook as door;
use crate::config::Settings;
use crate::farm::{Applied, Disposition};
use crate::labels::{EventLabel, IgnoreReason, RejectReason, Source};
use crate::server::Peer;
use crate::webhook::{self, Context, DecodeError, Malformed, Parsed, Payload};

/// How many characters of a printer's name are logged; a path has room for thousands.
const LONGEST_NAME: usize = 100;

type Segment = Result<RawPathParams, RawPathParamsRejection>;

/// `/webhook/octoprint`, `/webhook/octoprint/{printer}`
pub(super) async fn octoprint(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    segment: Segment,
    request: Request,
) -> Response {
    handle(&web, Source::OctoPrint, peer, segment, request).await
}

/// `/webhook/octoeverywhere`, `/webhook/octoeverywhere/{printer}`
pub(super) async fn octoeverywhere(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    segment: Segment,
    request: Request,
) -> Response {
    handle(&web, Source::OctoEverywhere, peer, segment, request).await
}

/// Any other path below `/webhook`. The path itself stays out of the log: people put secrets into it.
pub(super) fn unknown_path(web: &AppState, peer: Peer) -> Response {
    not_found(
        web,
        peer,
        "no webhook has this path; use /webhook/octoprint or /webhook/octoeverywhere, followed by / and the printer's \
         name if you like, where a slash within the name is written as %2F",
    )
}

/// Any path of a webhook at a listener that takes none.
pub(super) fn at_another_port(web: &AppState, peer: Peer) -> Response {
    not_found(
        web,
        peer,
        "webhooks are not taken at this port, but at that of --webhook.listen-address; the page at / shows the address",
    )
}

fn not_found(web: &AppState, peer: Peer, message: &str) -> Response {
    let reason = "not_found";
    if let Some(held_back) = speak(web, reason) {
        warn!(reason, client = %client(peer), held_back = some(held_back), "webhook rejected");
    }
    Answer::rejected("not_found", message.to_owned()).response(StatusCode::NOT_FOUND)
}

/// What became of a webhook that is not refused.
enum Done {
    Recorded(EventLabel, Applied),
    Ignored(EventLabel, IgnoreReason),
}

async fn handle(web: &AppState, source: Source, peer: Peer, segment: Segment, request: Request) -> Response {
    let method = request.method().as_str();
    if !methods(source).split(", ").any(|allowed| allowed == method) {
        return not_allowed(web, source, peer);
    }
    let begun = web.clock.monotonic();
    let (parts, body) = request.into_parts();
    let mut printer = None;
    let response = match take(web, source, peer, segment, &parts, body, &mut printer).await {
        Ok(done) => accept(web, source, &done),
        Err(reject) => refuse(web, source, peer, printer.as_deref(), &reject),
    };
    web.metrics.own.webhook_duration(source, web.clock.monotonic().saturating_sub(begun));
    response
}

/// `printer` becomes the label as soon as it is known.
async fn take(
    web: &AppState,
    source: Source,
    peer: Peer,
    segment: Segment,
    parts: &Parts,
    body: Body,
    printer: &mut Option<String>,
) -> Result<Done, WebhookError> {
    let segment = segment.map_err(|_| Malformed::NotUtf8 { what: "the printer's name in the path" })?;
    let named = segment.iter().find(|(key, name)| *key == "printer" && !name.is_empty());
    *printer = named.map(|(_, name)| name.to_owned());
    let settings = web.settings.current();
    door::count(web, client(peer), &settings)?;
    let query = parts.uri.query();
    let reading = webhook::read(source, &parts.method, &parts.headers, query, body, &settings.body);
    let after = web.options.body_deadline;
    let fields =
        tokio::time::timeout(after, reading).await.map_err(|_| WebhookError::Timeout { after })??;
    door::open(web, source, client(peer), &settings, (parts, printer.as_deref(), &fields))?;
    match understand(web, source, printer.as_deref(), &settings, &fields)? {
        Parsed::Ignored { reason, kind } => Ok(Done::Ignored(kind, reason)),
        Parsed::Event(event) => {
            let kind = event.kind.label();
            *printer = Some(event.printer.label.clone());
            Ok(Done::Recorded(kind, web.recorder.record(event, settings.limits).await?))
        }
    }
}

fn understand(
    web: &AppState,
    source: Source,
    segment: Option<&str>,
    settings: &Settings,
    fields: &Payload,
) -> Result<Parsed, DecodeError> {
    let names = |source: Source, id: &str| settings.names.get(source, id).map(str::to_owned);
    let received = web.clock.now();
    webhook::parse(source, fields, &Context { segment, names: &names, received })
}

const fn methods(source: Source) -> &'static str {
    match source {
        Source::OctoPrint => "POST, PUT, PATCH, DELETE, GET",
        Source::OctoEverywhere => "POST",
    }
}

fn not_allowed(web: &AppState, source: Source, peer: Peer) -> Response {
    let (reason, message) =
        ("method", format!("webhooks of {} come as {}", source.as_str(), methods(source)));
    if let Some(held_back) = speak(web, reason) {
        warn!(reason, source = source.as_str(), client = %client(peer), held_back = some(held_back), "webhook rejected");
    }
    let mut response = Answer::rejected(reason, message).response(StatusCode::METHOD_NOT_ALLOWED);
    let allowed = HeaderValue::from_static(methods(source));
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

fn accept(web: &AppState, source: Source, done: &Done) -> Response {
    let (kind, ignored, answer) = match done {
        Done::Recorded(kind, recorded) => {
            let ignored = match recorded.disposition {
                Disposition::Accepted => None,
                Disposition::Duplicate => Some(IgnoreReason::Duplicate),
                Disposition::Test => Some(IgnoreReason::Test),
            };
            debug!(
                source = source.as_str(),
                event = kind.as_str(),
                printer = &*recorded.label,
                "webhook recorded"
            );
            (kind, ignored, Answer::recorded(*kind, recorded))
        }
        Done::Ignored(kind, reason) => (kind, Some(*reason), Answer::ignored(reason.as_str())),
    };
    web.metrics.own.event(source, *kind);
    if let Some(reason) = ignored {
        web.metrics.own.ignored(source, reason);
    }
    answer.response(StatusCode::OK)
}

fn refuse(
    web: &AppState,
    source: Source,
    peer: Peer,
    printer: Option<&str>,
    reject: &WebhookError,
) -> Response {
    let (status, reason) = (reject.status(), reject.reason().as_str());
    web.metrics.own.rejected(source, reject.reason());
    log(web, source, client(peer), printer, reject);
    let mut response = Answer::rejected(reason, reject.to_string()).response(status);
    let headers = response.headers_mut();
    headers.extend(reject.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
    if status == StatusCode::REQUEST_TIMEOUT {
        // What is left of the body would have to be waited for.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn log(web: &AppState, source: Source, client: IpAddr, printer: Option<&str>, reject: &WebhookError) {
    let (source, reason) = (source.as_str(), reject.reason().as_str());
    let printer = printer.map(|name| name.chars().take(LONGEST_NAME).collect::<String>());
    // Whoever floods us must not flood the log.
    let quiet = matches!(reject.reason(), RejectReason::TooManyAttempts | RejectReason::RateLimit);
    let spoken = if quiet { None } else { speak(web, reason) };
    if let Some(held_back) = spoken.map(some) {
        warn!(reason, source, %client, printer, held_back, problem = %reject, "webhook rejected");
    } else {
        debug!(reason, source, %client, printer, problem = %reject, "webhook rejected");
    }
}

/// Whether a refusal for this reason may be logged; then, how many were not since the last one that was.
fn speak(web: &AppState, reason: &'static str) -> Option<u64> {
    web.log_throttle.try_acquire(reason, web.clock.monotonic())
}

/// Only what there is need be said.
fn some(held_back: u64) -> Option<u64> {
    Some(held_back).filter(|held_back| *held_back > 0)
}

/// An IPv4 address stays one on a socket that takes both families.
fn client(peer: Peer) -> IpAddr {
    peer.0.ip().to_canonical()
}
