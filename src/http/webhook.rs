//! `/webhook/{source}`, `/webhook/{source}/{printer}`: records a webhook and answers what was done with it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use tracing::{debug, warn};

use super::AppState;
use super::arrivals::{Arrival, Printer};
use super::error::WebhookError;
use super::response::{Outcome, WebhookResponse};
use crate::auth::webhook::{PresentedSecrets, authenticate};
use crate::config::Settings;
use crate::farm::Disposition;
use crate::labels::{IgnoreReason, Source};
use crate::limits::LogPace;
use crate::server::Peer;
use crate::webhook::{self, Context, DecodeError, Malformed, Parsed, Payload, Sender};

/// How many characters of a printer's name are logged; a path has room for thousands.
const LONGEST_NAME: usize = 100;

type PathParams = Result<RawPathParams, RawPathParamsRejection>;

/// See the module. An unknown source is an unknown path.
pub(super) async fn webhook(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    params: PathParams,
    request: Request,
) -> Response {
    let Some(sender) = sender(&web, request.uri()) else { return unknown_path(&web, peer, &request) };
    let (source, client) = (sender.profile().source, peer.client());
    let (parts, body) = request.into_parts();
    let rejection = |printer| Rejection { web: &web, source, client, printer, method: &parts.method };
    if !sender.profile().methods.contains(&parts.method) {
        let allow = sender.profile().allow();
        return rejection(None).answer(&WebhookError::Method { source_name: source.as_str(), allow });
    }
    let begun = web.clock.monotonic();
    let settings = web.settings.current();
    let mut delivery = Delivery { web: &web, sender, source, client, settings, printer: None };
    let response = match delivery.record(params, &parts, body).await {
        Ok(outcome) => delivery.accept(&outcome),
        Err(error) => rejection(delivery.printer.as_deref()).answer(&error),
    };
    web.metrics.webhook_duration(source, web.clock.monotonic().saturating_sub(begun));
    response
}

/// The sender that a path below `/webhook` names.
fn sender(web: &AppState, uri: &Uri) -> Option<&'static dyn Sender> {
    web.options.senders.get(uri.path().split('/').nth(2).unwrap_or_default())
}

/// Answers any other path below `/webhook`.
pub(super) fn unknown_path(web: &AppState, peer: Peer, request: &Request) -> Response {
    let (prefix, sources) = (web.options.route_prefix.as_str(), web.options.senders.sources());
    let paths: Vec<_> =
        sources.into_iter().map(|source| format!("{prefix}/webhook/{}", source.as_str())).collect();
    refuse(web, peer, request, &WebhookError::UnknownPath { paths: paths.join(" or ") })
}

/// Answers a webhook at a listener that takes none.
pub(super) fn at_another_port(web: &AppState, peer: Peer, request: &Request) -> Response {
    refuse(web, peer, request, &WebhookError::OtherPort)
}

fn refuse(web: &AppState, peer: Peer, request: &Request, error: &WebhookError) -> Response {
    let source = sender(web, request.uri()).map_or(Source::UNKNOWN, |sender| sender.profile().source);
    let method = request.method();
    Rejection { web, source, client: peer.client(), printer: None, method }.answer(error)
}

/// A webhook on its way from the request to the answer.
struct Delivery<'a> {
    web: &'a AppState,
    sender: &'static dyn Sender,
    source: Source,
    client: IpAddr,
    settings: Arc<Settings>,
    /// The printer as far as it is known: its name in the URL, then its label.
    printer: Option<String>,
}

impl Delivery<'_> {
    async fn record(
        &mut self,
        params: PathParams,
        parts: &Parts,
        body: Body,
    ) -> Result<Outcome, WebhookError> {
        let params = params.map_err(|_| Malformed::NotUtf8 { what: "the printer's name in the path" })?;
        let segment =
            params.iter().find(|(key, _)| *key == "printer").and_then(|(_, name)| webhook::segment(name));
        self.printer = segment.map(str::to_owned);
        self.check_rate()?;
        let payload = self.read(parts, body).await?;
        self.authenticate(parts, segment, &payload)?;
        match self.parse(&payload, segment)? {
            Parsed::Ignored { reason, kind } => Ok(Outcome::Ignored(kind, reason)),
            Parsed::Event(event) => {
                let kind = event.kind.label();
                self.printer = Some(event.printer.label.clone());
                let applied = self.web.recorder.record(event, self.settings.limits).await?;
                if applied.disposition != Disposition::Test {
                    self.watch_the_name(segment, &payload);
                }
                Ok(Outcome::Recorded(kind, applied))
            }
        }
    }

    /// Warns, once, where two printers of the sender have one name in the URL: a printer that was linked to its account
    /// anew, or two that are counted as one.
    fn watch_the_name(&self, segment: Option<&str>, payload: &Payload) {
        if let Some(printer) = segment
            && let Some(id) = self.sender.own_id(payload)
            && self.web.shared_names.is_second_id(self.source, printer, id)
        {
            let source = self.source.as_str();
            warn!(
                source,
                printer,
                "the webhooks for this name in the URL come from a second printer id; if the printer was not linked \
                 anew, two printers are counted as one: give each a name of its own"
            );
        }
    }

    fn check_rate(&self) -> Result<(), WebhookError> {
        let Some(rate) = self.settings.network.rate else { return Ok(()) };
        let checked = self.web.rate_limiter.check(self.client.into(), rate, self.web.clock.monotonic());
        checked.map_err(WebhookError::RateLimit)
    }

    async fn read(&self, parts: &Parts, body: Body) -> Result<Payload, WebhookError> {
        let (query, limits) = (parts.uri.query(), &self.settings.body);
        let reading = webhook::read(self.sender, &parts.method, &parts.headers, query, body, limits);
        let after = self.web.options.body_deadline;
        let read = tokio::time::timeout(after, reading).await;
        Ok(read.map_err(|_| WebhookError::Timeout { after })??)
    }

    /// A scope without secrets takes every webhook.
    fn authenticate(
        &self,
        parts: &Parts,
        segment: Option<&str>,
        payload: &Payload,
    ) -> Result<(), WebhookError> {
        let (web, profile) = (self.web, self.sender.profile());
        let all = &self.settings.secrets;
        let printer =
            all.has_printers(self.source).then(|| self.sender.printer_id(payload, segment)).flatten();
        let (scope, secrets) = all.scope(self.source, printer.as_deref());
        if secrets.is_empty() {
            return Ok(());
        }
        let presented = PresentedSecrets::find(&profile.secrets, &parts.headers, parts.uri.query(), payload);
        let (client, now) = (self.client.into(), web.clock.monotonic());
        authenticate(&presented, scope, secrets, client, &web.auth_throttle, now)
            .map_err(|error| WebhookError::from_secret(error, profile.hints.secret))
    }

    fn parse(&self, payload: &Payload, segment: Option<&str>) -> Result<Parsed, DecodeError> {
        let configured_name = |id: &str| self.settings.names.get(self.source, id).map(str::to_owned);
        let received = self.web.clock.now();
        self.sender.parse(payload, &Context { segment, configured_name: &configured_name, received })
    }

    fn accept(&self, outcome: &Outcome) -> Response {
        let (source, event) = (self.source, outcome.event());
        let printer = self.printer.as_deref();
        debug!(source = source.as_str(), event = event.as_str(), printer, "webhook recorded");
        self.web.metrics.event(source, event);
        if let Some(reason) = outcome.ignored() {
            self.web.metrics.ignored(source, reason);
        }
        self.web.arrivals.note(Arrival {
            at: self.web.clock.now(),
            source,
            printer: outcome.label().map(|label| Printer::Label(label.to_owned())),
            event: Some(event),
            status: StatusCode::OK,
            answer: outcome.status(),
            reason: outcome.ignored().map(IgnoreReason::as_str),
            message: None,
        });
        WebhookResponse::from(outcome).response(StatusCode::OK)
    }
}

/// What is known of a webhook that is rejected. An unknown path is not: people put secrets into it.
struct Rejection<'a> {
    web: &'a AppState,
    source: Source,
    client: IpAddr,
    printer: Option<&'a str>,
    method: &'a Method,
}

impl Rejection<'_> {
    /// Counts and logs it, and says why.
    fn answer(&self, error: &WebhookError) -> Response {
        let (status, reason) = (error.status(), error.reason());
        self.web.metrics.rejected(self.source, reason);
        let hint = if self.method == Method::GET { error.redirect_hint() } else { "" };
        let problem = format!("{error}{hint}");
        self.log(error, &problem);
        self.web.arrivals.note(Arrival {
            at: self.web.clock.now(),
            source: self.source,
            printer: self.printer.map(|name| Printer::Claimed(name.to_owned())),
            event: None,
            status,
            answer: "rejected",
            reason: Some(reason.as_str()),
            message: Some(problem.clone()),
        });
        let mut response = WebhookResponse::rejected(reason.as_str(), problem).response(status);
        let headers = response.headers_mut();
        headers.extend(error.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
        if let WebhookError::Method { allow, .. } = error {
            headers.extend(HeaderValue::try_from(allow).ok().map(|allow| (header::ALLOW, allow)));
        }
        if status == StatusCode::REQUEST_TIMEOUT {
            // The connection could only be used again after the rest of the body.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn log(&self, error: &WebhookError, problem: &str) {
        let (source, client) = (self.source.as_str(), self.client);
        let printer = self.printer.map(|name| name.chars().take(LONGEST_NAME).collect::<String>());
        let reason = error.reason().as_str();
        let may_warn = error.log_pace().and_then(|pace| may_log(self.web, reason, pace));
        if let Some(suppressed) = may_warn.map(some) {
            warn!(reason, source, %client, printer, suppressed, problem, "webhook rejected");
        } else {
            debug!(reason, source, %client, printer, problem, "webhook rejected");
        }
    }
}

/// Whether a rejection for this reason may be logged now; then, how many were suppressed since the last one.
fn may_log(web: &AppState, reason: &'static str, pace: LogPace) -> Option<u64> {
    web.log_throttle.try_acquire(reason, pace, web.clock.monotonic())
}

/// Without any, the log line has no such field.
fn some(suppressed: u64) -> Option<u64> {
    (suppressed > 0).then_some(suppressed)
}
