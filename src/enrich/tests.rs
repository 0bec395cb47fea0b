//! From exchanges to events.

use super::*;
use crate::config::{Compress, Csp, Honor, HostSent, Identity, InFront, Mode, Origin, Paths, Privacy};

fn site(hosts: &[&str]) -> Site {
    let host = |name: &&str| if *name == "*" { Host::Any } else { Host::Name((*name).to_owned()) };
    Site {
        name: "shop".to_owned(),
        hosts: hosts.iter().map(host).collect(),
        origin: Origin { https: false, host: "127.0.0.1".to_owned(), port: 3000 },
        prefix: "/_inlay".to_owned(),
        host: HostSent::Keep,
        tag: true,
        paths: Paths::default(),
        keep_query: vec!["q".to_owned()],
        timezone: jiff::tz::TimeZone::UTC,
        in_front: InFront::Unknown,
        origin_timeout: std::time::Duration::from_secs(60),
        privacy: Privacy {
            identity: Identity::Cookieless,
            honor: Honor { gpc: true, dnt: true },
            retention_days: 90,
            contact: String::new(),
            gpc_json: false,
        },
        tags: Vec::new(),
        compress: Compress::Pass,
        csp: Csp::Adapt,
        mode: Mode::Live,
        percent: 100,
    }
}

fn exchange() -> Exchange<'static> {
    Exchange {
        ts_ms: 1_795_443_125_123,
        view_id: ViewId([0x6f; 16]),
        host: b"Shop.Example:8080",
        target: b"/search?utm_source=nl&token=SECRET&q=red+shoes",
        status: 200,
        origin_us: 38_200,
        referrer: b"https://news.example/x?token=SECRET",
        user_agent: b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        languages: b"en-GB,en;q=0.8",
    }
}

#[test]
fn a_view_holds_what_the_exchange_tells_and_no_more() {
    let site = site(&["shop.example"]);
    let id = EventId([1; 16]);
    let event = view(&exchange(), &site, id);
    let expected = Event {
        id,
        ts_ms: 1_795_443_125_123,
        site: "shop",
        kind: Kind::View,
        source: Source::Proxy,
        view_id: Some(ViewId([0x6f; 16])),
        host: "shop.example".into(),
        path: "/search?q=red+shoes".into(),
        status: Some(200),
        origin_ms: Some(38.2),
        referrer: "https://news.example/x".into(),
        referrer_host: "news.example".into(),
        utm: crate::event::Utm { source: "nl".into(), ..Default::default() },
        language: "en".into(),
        bot: "".into(),
    };
    assert_eq!(event, expected, "cleaned, without user agent");
    assert!(!format!("{event:?}").contains("SECRET"), "nothing of a query that is not kept");
}

#[test]
fn a_referrer_on_one_of_the_sites_hosts_has_no_referrer_host() {
    let site = site(&["shop.example", "news.example"]);
    let event = view(&exchange(), &site, EventId([1; 16]));
    assert_eq!((&*event.referrer, &*event.referrer_host), ("https://news.example/x", ""), "the page before is kept");
}

#[test]
fn where_a_site_takes_every_host_the_one_asked_is_its_own() {
    let site = site(&["*"]);
    let within = Exchange { referrer: b"http://shop.example:8080/a", ..exchange() };
    assert_eq!(view(&within, &site, EventId([1; 16])).referrer_host, "", "the same host");
    assert_eq!(view(&exchange(), &site, EventId([1; 16])).referrer_host, "news.example", "another host");
}

#[test]
fn a_host_that_is_none_is_left_out() {
    let site = site(&["*"]);
    let odd = Exchange { host: b"a b\xff", referrer: b"", ..exchange() };
    let event = view(&odd, &site, EventId([1; 16]));
    assert_eq!((&*event.host, &*event.referrer, &*event.referrer_host), ("", "", ""), "and nothing is equal to it");
}
