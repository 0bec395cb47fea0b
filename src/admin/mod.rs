//! The owner's side, on its own listener: the page, the metrics, and whether all is well.
//!
//! Takes `http` requests and gives `http` answers; knows no server. `app` serves it, from threads that may wait: an answer may
//! read the ledger. What belongs to the process as a whole comes in as a [`Snapshot`].

mod access;
mod command;
mod control;
mod health;
mod host;
mod html;
mod metrics;
mod page;
mod reply;
mod sender;
mod session;
mod snapshot;
#[cfg(test)]
mod tests;
mod tries;
mod words;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::Config;
use crate::event::query;
use crate::ledger::{self, Tokens};
use crate::stats::{self, Question};

use access::{Access, Entry};
use host::Hosts;
use page::View;
use reply::Reply;

pub use command::{Answer, Command, Listed, carry_out};
pub use control::{Control, ControlError, send};
pub use snapshot::{Phase, Recording, SiteNumbers, Snapshot};

/// A body longer than so many bytes is nothing that is taken here; the server need not read on.
pub const MAX_BODY: usize = 4_096;

/// Tells how the process is at present.
pub type Process = Box<dyn Fn() -> Snapshot + Send + Sync>;

/// Why the owner's page cannot be shown.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Ledger(#[from] ledger::ReadError),
    #[error(transparent)]
    Report(#[from] stats::Error),
}

/// The owner's side.
pub struct Admin {
    config: Arc<Config>,
    hosts: Hosts,
    access: Access,
    process: Process,
}

impl Admin {
    /// `key`: random, new for each process; sessions do not outlive it.
    pub fn new(config: Arc<Config>, key: &[u8; 32], tokens: Tokens, process: Process) -> Admin {
        let admin = &config.server.admin;
        let access = Access::new(admin.listen.ip().to_canonical().is_loopback(), key, tokens);
        Admin { hosts: Hosts::new(&admin.hosts), access, process, config }
    }

    /// Answers one request of `peer`'s. May read the ledger. HEAD is answered as GET; who sends it leaves the body out.
    pub fn answer(&self, request: &Request<Bytes>, peer: IpAddr, now: Timestamp) -> Response<Bytes> {
        let Some(host) = self.hosts.named(request) else {
            return reply::text(
                StatusCode::MISDIRECTED_REQUEST,
                "This listener does not go by that name. Use its address, or add the name to admin_hosts.",
            );
        };
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if !reads && !sender::is_ours(request.headers(), &host) {
            return reply::text(
                StatusCode::FORBIDDEN,
                "This was not sent by Inlay's own page. Open the page and try again.",
            );
        }
        if request.body().len() > MAX_BODY {
            return reply::text(StatusCode::PAYLOAD_TOO_LARGE, "The body is too long.");
        }
        let as_json = reply::wants_json(request.headers());
        match request.uri().path() {
            "/live" | "/ready" | "/metrics" if !reads => reply::wrong_method(&[Method::GET, Method::HEAD]),
            "/live" => health::live(as_json),
            "/ready" => health::ready(&(self.process)(), as_json),
            "/metrics" => reply::metrics(metrics::render(&(self.process)(), now.as_millisecond() as f64 / 1e3)),
            path => self.guarded(path, request, peer, now).unwrap_or_else(|error| self.unreadable(&error)),
        }
    }

    fn guarded(&self, path: &str, request: &Request<Bytes>, peer: IpAddr, now: Timestamp) -> Result<Reply, Error> {
        let entry = self.access.entry(request.headers(), peer, now.as_second());
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let wants_html = reply::wants_html(request.headers());
        Ok(match (path, entry) {
            (_, Entry::NoToken) => no_token(),
            (_, Entry::Wait(seconds)) => wait(seconds, wants_html),
            ("/login", Entry::Refused) if reads => reply::html(StatusCode::OK, page::login(None)),
            ("/login", Entry::Refused) if request.method() == Method::POST => self.log_in(request, peer, now),
            ("/login", _) if reads || request.method() == Method::POST => reply::see_other("/"),
            ("/login" | "/logout", _) if request.method() != Method::POST => reply::wrong_method(&[Method::POST]),
            ("/logout", _) => {
                self.access.log_out(request.headers(), now.as_second());
                with_cookie(reply::see_other("/login"), session::forget(sender::is_secure(request.headers())))
            }
            (_, Entry::Refused) if wants_html && reads => reply::see_other("/login"),
            (_, Entry::Refused) => refused(),
            ("/", _) if !reads => reply::wrong_method(&[Method::GET, Method::HEAD]),
            ("/", entry) => self.owner(request, entry, now)?,
            _ => reply::text(StatusCode::NOT_FOUND, "There is nothing at this address."),
        })
    }

    fn log_in(&self, request: &Request<Bytes>, peer: IpAddr, now: Timestamp) -> Reply {
        let token = value(request.body(), b"token").unwrap_or_default();
        match self.access.log_in(&token, peer, now.as_second(), sender::is_secure(request.headers())) {
            Ok(cookie) => with_cookie(reply::see_other("/"), cookie),
            Err(Entry::Wait(seconds)) => wait(seconds, true),
            Err(_) => {
                reply::html(StatusCode::FORBIDDEN, page::login(Some("This token does not open. Was it revoked?")))
            }
        }
    }

    fn owner(&self, request: &Request<Bytes>, entry: Entry, now: Timestamp) -> Result<Reply, Error> {
        let query = request.uri().query().unwrap_or("").as_bytes();
        let name = value(query, b"site").unwrap_or_default();
        let site = self.config.sites.iter().find(|site| site.name == name);
        if site.is_none() && !name.is_empty() {
            return Ok(reply::text(StatusCode::NOT_FOUND, "There is no site of that name in the configuration."));
        }
        let asked = value(query, b"days").and_then(|days| days.parse().ok());
        let days = page::DAYS.into_iter().find(|days| Some(*days) == asked).unwrap_or(30);
        let question = Question { site: site.map(|site| site.name.as_str()), days, top: page::ROWS };
        let report = stats::report(&ledger::read(&self.config.server.data)?, &question, now)?;
        let sites: Vec<&str> = self.config.sites.iter().map(|site| site.name.as_str()).collect();
        let only = self.config.sites.first().filter(|_| sites.len() == 1);
        let snapshot = (self.process)();
        let mut warnings = health::warnings(&snapshot);
        // Only here, behind the token: an address.
        warnings.extend(snapshot.untrusted_forwarder.map(|peer| format!("The peer that was not believed: {peer}.")));
        let view = View {
            report: &report,
            sites: &sites,
            days,
            timezone: site.or(only).map_or(TimeZone::UTC, |site| site.timezone.clone()),
            warnings: &warnings,
            logged_in: entry == Entry::Session,
            now,
        };
        Ok(reply::html(StatusCode::OK, page::owner(&view)))
    }

    fn unreadable(&self, error: &Error) -> Reply {
        tracing::warn!(error = %error, "the ledger cannot be read for the owner's page");
        let mut lines = vec!["The ledger cannot be read at present; the log says why.".to_owned()];
        lines.extend(health::warnings(&(self.process)()));
        reply::text(StatusCode::SERVICE_UNAVAILABLE, &lines.join("\n"))
    }
}

/// What a form or a query says for a name; the first where it says it twice.
fn value<'a>(pairs: &'a [u8], name: &[u8]) -> Option<Cow<'a, str>> {
    query::pairs(pairs).find(|pair| pair.name == name).map(|pair| query::text(pair.value, MAX_BODY))
}

fn with_cookie(mut reply: Reply, cookie: HeaderValue) -> Reply {
    reply.headers_mut().insert(SET_COOKIE, cookie);
    reply
}

fn refused() -> Reply {
    let words = "A token is needed: Authorization: Bearer TOKEN. One is made on the machine that Inlay runs on, with: \
                 inlay token create --name NAME, with --data DIR or --config FILE";
    let mut reply = reply::text(StatusCode::UNAUTHORIZED, words);
    reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"inlay\""));
    reply
}

fn no_token() -> Reply {
    reply::text(
        StatusCode::FORBIDDEN,
        "No token was made yet, so only /live, /ready and /metrics answer here.\n\
         On the machine that Inlay runs on: inlay token create --name me, with --data DIR or --config FILE: \
         those that it was started with. Its log has the whole command.",
    )
}

fn wait(seconds: i64, wants_html: bool) -> Reply {
    let words = format!("Too many wrong tokens came from your address. Try again in {seconds} seconds.");
    let mut reply = if wants_html {
        reply::html(StatusCode::TOO_MANY_REQUESTS, page::login(Some(&words)))
    } else {
        reply::text(StatusCode::TOO_MANY_REQUESTS, &words)
    };
    reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    reply
}
