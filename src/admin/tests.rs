//! The listener as a whole: what is open, what is guarded, and what every answer bears.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

use super::*;
use crate::config::{self, Flags};
use crate::enrich::Exchange;
use crate::event::ViewId;
use crate::inject::Outcome;
use crate::ledger::{self, Clock, Hit, Ledger};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

struct Owner {
    admin: Admin,
    /// What a test changes while requests come.
    snapshot: Arc<Mutex<Snapshot>>,
    ledger: Ledger,
    _dir: tempfile::TempDir,
}

fn now() -> Timestamp {
    "2026-11-24T14:05:00Z".parse().expect("a time")
}

fn owner(listen: &str) -> Owner {
    let snapshot = Snapshot {
        phase: Phase::Serving,
        started_s: 0.0,
        recording: Recording::Works,
        ledger_lost: None,
        last_commit: Some(Duration::from_secs(1)),
        events_committed: 0,
        requests_in_hand: 0,
        requests_unknown_host: 0,
        untrusted_forwarder: None,
        sites: vec![],
    };
    let dir = tempfile::tempdir().expect("a folder");
    let flags = Flags {
        origin: "http://127.0.0.1:3000".to_owned(),
        admin: Some(listen.to_owned()),
        data: Some(dir.path().to_string_lossy().into_owned()),
        ..Flags::default()
    };
    let mut config = config::for_origin(&flags).expect("the flags are right");
    config.server.admin.hosts.push("stats.example.com".to_owned());
    let ledger = ledger::open(dir.path(), &config.sites, Clock::system()).expect("the folder takes a ledger");
    let snapshot = Arc::new(Mutex::new(snapshot));
    let seen = snapshot.clone();
    let seen = move || seen.lock().expect("no test panics inside").clone();
    let admin = Admin::new(Arc::new(config), &[7; 32], ledger.tokens(), Box::new(seen));
    Owner { admin, snapshot, ledger, _dir: dir }
}

impl Owner {
    fn send(&self, method: Method, path: &str, fields: &[(http::HeaderName, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !fields.iter().any(|(name, _)| name == HOST) {
            request = request.header(HOST, "127.0.0.1:9180");
        }
        let request = fields.iter().fold(request, |request, (name, value)| request.header(name, *value));
        self.admin.answer(&request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request"), PEER, now())
    }

    fn get(&self, path: &str, fields: &[(http::HeaderName, &str)]) -> Reply {
        self.send(Method::GET, path, fields, "")
    }

    /// Makes a token, which is in force at once.
    fn token(&self) -> String {
        self.ledger.tokens().create("me").expect("the name is free")
    }

    fn revoke(&self) {
        self.ledger.tokens().revoke("me").expect("it is in force");
    }

    fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.snapshot.lock().expect("no test panics inside"));
    }
}

fn words(reply: &Reply) -> String {
    String::from_utf8_lossy(reply.body()).into_owned()
}

fn field(reply: &Reply, name: http::HeaderName) -> String {
    reply.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned()
}

#[test]
fn health_and_metrics_are_open_whatever_tokens_there_are() {
    for listen in ["127.0.0.1:9180", "0.0.0.0:9180"] {
        let owner = owner(listen);
        for tokens in ["none", "one"] {
            for path in ["/live", "/ready", "/metrics"] {
                assert_eq!(owner.get(path, &[]).status(), StatusCode::OK, "{path} on {listen} with {tokens}");
            }
            if tokens == "none" {
                owner.token();
            }
        }
    }
}

#[test]
fn on_loopback_the_page_opens_until_the_first_token_is_made() {
    let owner = owner("127.0.0.1:9180");
    assert_eq!(owner.get("/", &[]).status(), StatusCode::OK);
    let bearer = format!("Bearer {}", owner.token());
    assert_eq!(owner.get("/", &[]).status(), StatusCode::UNAUTHORIZED, "in force at once");
    assert_eq!(owner.get("/", &[(AUTHORIZATION, &bearer)]).status(), StatusCode::OK);
    owner.revoke();
    assert_eq!(owner.get("/", &[(AUTHORIZATION, &bearer)]).status(), StatusCode::UNAUTHORIZED, "revoked at once");
}

#[test]
fn off_loopback_without_a_token_everything_guarded_says_how_to_make_one() {
    let owner = owner("0.0.0.0:9180");
    for path in ["/", "/login", "/else"] {
        let reply = owner.get(path, &[(ACCEPT, BROWSER)]);
        assert_eq!(reply.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(words(&reply).contains("inlay token create"), "{path}: {}", words(&reply));
        assert!(words(&reply).contains("with --data DIR or --config FILE"), "for the right ledger: {}", words(&reply));
    }
}

#[test]
fn a_browser_is_sent_to_the_form_and_comes_back_with_a_session_until_it_logs_out() {
    let owner = owner("0.0.0.0:9180");
    let token = owner.token();
    let away = owner.get("/", &[(ACCEPT, BROWSER)]);
    assert_eq!((away.status(), field(&away, LOCATION)), (StatusCode::SEE_OTHER, "/login".to_owned()));
    assert!(words(&owner.get("/login", &[])).contains("name=\"token\""));
    let ours = [(ORIGIN, "http://127.0.0.1:9180")];
    let wrong = owner.send(Method::POST, "/login", &ours, "token=inlay_b");
    assert_eq!((wrong.status(), field(&wrong, SET_COOKIE)), (StatusCode::FORBIDDEN, String::new()));
    let right = owner.send(Method::POST, "/login", &ours, &format!("x=1&token={token}"));
    assert_eq!((right.status(), field(&right, LOCATION)), (StatusCode::SEE_OTHER, "/".to_owned()));
    let cookie = field(&right, SET_COOKIE);
    let cookie = cookie.split(';').next().unwrap_or("");
    let page = owner.get("/", &[(COOKIE, cookie)]);
    assert_eq!(page.status(), StatusCode::OK);
    assert!(words(&page).contains("action=\"/logout\""), "a session can be ended");
    let [origin] = ours;
    let out = owner.send(Method::POST, "/logout", &[origin, (COOKIE, cookie)], "");
    assert!(field(&out, SET_COOKIE).starts_with("inlay_admin=; Max-Age=0"), "{}", field(&out, SET_COOKIE));
    assert_eq!(owner.get("/", &[(COOKIE, cookie)]).status(), StatusCode::UNAUTHORIZED, "a copy of it opens nothing");
    let again = owner.send(Method::POST, "/login", &[(ORIGIN, "http://127.0.0.1:9180")], &format!("token={token}"));
    let cookie = field(&again, SET_COOKIE);
    let cookie = cookie.split(';').next().unwrap_or("");
    assert_eq!(owner.get("/", &[(COOKIE, cookie)]).status(), StatusCode::OK, "a new session in the same second");
    owner.revoke();
    assert_eq!(owner.get("/", &[(COOKIE, cookie)]).status(), StatusCode::UNAUTHORIZED, "revoked, so its session ends");
}

#[test]
fn a_strangers_name_for_the_listener_opens_nothing() {
    let owner = owner("127.0.0.1:9180");
    for path in ["/", "/live", "/metrics", "/login"] {
        let reply = owner.get(path, &[(HOST, "evil.example")]);
        assert_eq!(reply.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
        assert!(words(&reply).contains("admin_hosts"), "it says what to do");
    }
    assert_eq!(owner.get("/live", &[(HOST, "stats.example.com")]).status(), StatusCode::OK);
}

#[test]
fn a_form_of_another_site_is_refused_before_its_token_is_looked_at() {
    let owner = owner("127.0.0.1:9180");
    let form = format!("token={}", owner.token());
    for path in ["/login", "/logout", "/", "/else"] {
        let reply = owner.send(Method::POST, path, &[(ORIGIN, "http://evil.example")], &form);
        assert_eq!((reply.status(), field(&reply, SET_COOKIE)), (StatusCode::FORBIDDEN, String::new()), "{path}");
    }
}

#[test]
fn a_session_that_began_over_https_is_for_https_alone() {
    let owner = owner("0.0.0.0:9180");
    let form = format!("token={}", owner.token());
    let named = |origin| [(HOST, "stats.example.com"), (ORIGIN, origin)];
    for (origin, secure) in [("https://stats.example.com", true), ("http://stats.example.com", false)] {
        let cookie = field(&owner.send(Method::POST, "/login", &named(origin), &form), SET_COOKIE);
        assert_eq!(cookie.ends_with("; Secure"), secure, "{origin}: {cookie}");
    }
    assert!(words(&owner.get("/login", &[])).contains("<code>--data DIR</code> or <code>--config FILE</code>"));
}

#[test]
fn every_answer_bears_the_guards() {
    let owner = owner("127.0.0.1:9180");
    let bearer = format!("Bearer {}", owner.token());
    let token = [(AUTHORIZATION, bearer.as_str())];
    for (path, fields) in
        [("/", &token[..]), ("/", &[]), ("/live", &[]), ("/metrics", &[]), ("/login", &[]), ("/else", &token)]
    {
        let reply = owner.get(path, fields);
        assert_eq!(field(&reply, CACHE_CONTROL), "no-store", "{path}");
        assert_eq!(field(&reply, X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(field(&reply, REFERRER_POLICY), "same-origin", "{path}");
        let policy = field(&reply, CONTENT_SECURITY_POLICY);
        for part in ["default-src 'none'", "frame-ancestors 'none'", "style-src 'sha256-", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {part} in {policy}");
        }
        let head = owner.send(Method::HEAD, path, fields, "");
        assert_eq!((head.status(), head.headers()), (reply.status(), reply.headers()), "HEAD {path}");
    }
}

#[test]
fn the_page_shows_what_the_ledger_counted() {
    let owner = owner("127.0.0.1:9180");
    assert!(words(&owner.get("/", &[])).contains("Nothing here yet"));
    let view = Exchange {
        ts_ms: now().as_millisecond(),
        view_id: ViewId([1; 16]),
        host: b"shop.example.com",
        target: b"/lamps",
        status: 200,
        origin_us: 1,
        referrer: b"",
        user_agent: b"",
        languages: b"",
    };
    let hit = Hit { site: 0, ts_ms: view.ts_ms, outcome: Outcome::Tagged, view: Some(view) };
    assert!(matches!(owner.ledger.recorder().offer(&hit), ledger::Offered::Queued));
    let Owner { admin, ledger, _dir, .. } = owner;
    ledger.close();
    let request = Request::builder().uri("/?days=1").header(HOST, "localhost").body(Bytes::new()).expect("a request");
    let page = words(&admin.answer(&request, PEER, now()));
    assert!(
        page.contains("Tue 24 Nov, 00:00") && !page.contains("Mon 23 Nov, 23:00"),
        "today's hours begin with the day"
    );
    for part in ["<dd>1<small>pages shown", "title=\"/lamps\"", "of 1 pages, 100\u{a0}%", "24 Nov 2026"] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn a_ledger_that_cannot_be_read_is_said_and_health_still_answers() {
    let owner = owner("127.0.0.1:9180");
    let Owner { admin, ledger, _dir, .. } = owner;
    ledger.close();
    drop(_dir);
    let get = |path: &str| {
        let request = Request::builder().uri(path).header(HOST, "localhost").body(Bytes::new()).expect("a request");
        admin.answer(&request, PEER, now()).status()
    };
    assert_eq!(get("/"), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get("/ready"), StatusCode::OK);
}

#[test]
fn days_that_cannot_be_chosen_become_thirty_and_an_unknown_site_is_said() {
    let owner = owner("127.0.0.1:9180");
    for query in ["/", "/?days=", "/?days=-1", "/?days=99999999999", "/?days=8"] {
        assert!(words(&owner.get(query, &[])).contains("aria-current=\"page\">30 days"), "{query}");
    }
    assert_eq!(owner.get("/?site=%3Cb%3E", &[]).status(), StatusCode::NOT_FOUND);
}

#[test]
fn ready_says_why_nothing_is_recorded_and_stays_ready() {
    let owner = owner("127.0.0.1:9180");
    owner.change(|now| now.recording = Recording::Fails("the disk is full.".to_owned()));
    let reply = owner.get("/ready", &[]);
    assert_eq!(reply.status(), StatusCode::OK, "pages pass all the same");
    assert!(words(&reply).contains("the disk is full."), "{}", words(&reply));
    assert!(words(&owner.get("/", &[])).contains("Views are not recorded: the disk is full."));
    let json: serde_json::Value =
        serde_json::from_slice(owner.get("/ready", &[(ACCEPT, "application/json")]).body()).expect("JSON");
    assert_eq!((json["state"].as_str(), json["recording"].as_bool()), (Some("ready"), Some(false)));
}

#[test]
fn ready_is_503_while_starting_and_stopping_and_live_is_not() {
    let owner = owner("127.0.0.1:9180");
    for (phase, word) in [(Phase::Starting, "starting"), (Phase::Stopping, "stopping")] {
        owner.change(|now| now.phase = phase);
        let reply = owner.get("/ready", &[]);
        assert_eq!((reply.status(), words(&reply).lines().next()), (StatusCode::SERVICE_UNAVAILABLE, Some(word)));
        assert_eq!(owner.get("/live", &[]).status(), StatusCode::OK);
    }
}

#[test]
fn an_untrusted_forwarder_is_warned_of_and_only_the_owner_reads_its_address() {
    let owner = owner("127.0.0.1:9180");
    owner.change(|now| now.untrusted_forwarder = Some(Ipv4Addr::new(172, 18, 0, 1).into()));
    let ready = words(&owner.get("/ready", &[]));
    assert!(ready.contains("trusted_proxies") && !ready.contains("172.18.0.1"), "{ready}");
    assert!(words(&owner.get("/", &[])).contains("172.18.0.1"));
}

#[test]
fn other_methods_and_addresses_are_told_so() {
    let owner = owner("127.0.0.1:9180");
    let ours = [(ORIGIN, "http://127.0.0.1:9180")];
    assert_eq!(owner.send(Method::POST, "/metrics", &ours, "").status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(owner.send(Method::DELETE, "/", &ours, "").status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(owner.get("/logout", &[]).status(), StatusCode::METHOD_NOT_ALLOWED, "a link logs nobody out");
    assert_eq!(owner.get("/else", &[]).status(), StatusCode::NOT_FOUND);
    let metrics = owner.get("/metrics", &[]);
    assert_eq!(field(&metrics, CONTENT_TYPE), "text/plain; version=0.0.4; charset=utf-8");
}
