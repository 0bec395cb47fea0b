//! Who said what: cookie, GPC, DNT, one by one and together.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::config::Host;

const ALL: Honor = Honor { gpc: true, dnt: true };
const NEITHER: Honor = Honor { gpc: false, dnt: false };

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).expect("a field's value"))
        })
        .collect()
}

#[test]
fn the_first_signal_that_applies_names_the_refusal() {
    let cookie = ("cookie", "inlay_optout=1");
    let (gpc, dnt) = (("sec-gpc", "1"), ("dnt", "1"));
    let only_dnt = Honor { gpc: false, dnt: true };
    for (lines, honor, expected) in [
        (vec![], ALL, Standing::Yes),
        (vec![cookie, gpc, dnt], ALL, Standing::No(Refusal::OptOut)),
        (vec![gpc, dnt], ALL, Standing::No(Refusal::Gpc)),
        (vec![dnt], ALL, Standing::No(Refusal::Dnt)),
        (vec![gpc, dnt], only_dnt, Standing::No(Refusal::Dnt)),
        (vec![gpc], only_dnt, Standing::Yes),
        (vec![gpc, dnt], NEITHER, Standing::Yes),
        (vec![cookie], NEITHER, Standing::No(Refusal::OptOut)),
    ] {
        assert_eq!(standing(&headers(&lines), &honor), expected, "{lines:?} at a site that honours {honor:?}");
    }
}

#[test]
fn gpc_and_dnt_are_said_by_one_and_by_nothing_else() {
    for (value, said) in [
        ("1", true),
        (" 1 ", true),
        ("1, 1", true),
        ("0,1", true),
        ("0", false),
        ("", false),
        ("11", false),
        ("true", false),
    ] {
        let signals = Signals::read(&headers(&[("sec-gpc", value), ("dnt", value)]));
        assert_eq!((signals.gpc, signals.dnt), (said, said), "value {value:?}");
    }
    assert!(Signals::read(&headers(&[("sec-gpc", "0"), ("sec-gpc", "1")])).gpc, "one of two lines says it");
}

#[test]
fn any_cookie_value_but_empty_or_zero_is_a_no_however_it_is_written() {
    for (lines, no) in [
        (&["inlay_optout=1"][..], true),
        (&["a=b; inlay_optout=1; c=d"], true),
        (&["a=b;inlay_optout=1"], true),
        (&["  inlay_optout = yes ;a=b"], true),
        (&["\tinlay_optout\t=\ttrue"], true),
        (&["a=b", "inlay_optout=1"], true),
        (&["inlay_optout=0; inlay_optout=1"], true),
        (&["inlay_optout=1; inlay_optout=0"], true),
        (&["inlay_optout=0", "inlay_optout=1"], true),
        (&["inlay_optout=\"1\""], true),
        (&["inlay_optout=\"0\""], true),
        (&["inlay_optout=00"], true),
        (&["inlay_optout=0=0"], true),
        (&["inlay_optout"], true),
        (&["a=b, inlay_optout=1"], true),
        (&["inlay_optout=0, inlay_optout=1"], true),
        (&["a=\u{e9}; inlay_optout=\u{e9}"], true),
        (&[";;; inlay_optout=1;"], true),
        (&[""], false),
        (&["inlay_optout="], false),
        (&["inlay_optout= ; a=b"], false),
        (&["inlay_optout=0"], false),
        (&["inlay_optout = 0 ;"], false),
        (&["inlay_optout_=1"], false),
        (&["xinlay_optout=1"], false),
        (&["a=inlay_optout=1"], false),
        (&["a=inlay_optout"], false),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| ("cookie", *line)).collect();
        assert_eq!(Signals::read(&headers(&lines)).opt_out, no, "{lines:?}");
    }
}

#[test]
fn inlays_own_cookies_go_and_the_rest_stays_byte_for_byte() {
    let rest = |text: &'static str| Stripped::Rest(HeaderValue::from_static(text));
    for (line, expected) in [
        ("a=b; c=d", Stripped::Unchanged),
        ("", Stripped::Unchanged),
        ("inlay_optout=1; a=b", Stripped::Unchanged),
        ("a=inlay_x", Stripped::Unchanged),
        ("xinlay_x=1", Stripped::Unchanged),
        ("inlay_x=1", Stripped::Nothing),
        ("inlay_x=1; inlay_y=2;", Stripped::Nothing),
        ("inlay_x=1; a=b", rest("a=b")),
        ("a=b; inlay_x=1", rest("a=b")),
        ("a=b; inlay_x=1; c=d", rest("a=b; c=d")),
        ("a=b;inlay_x=1;  c = \"d\" ;;", rest("a=b;  c = \"d\" ;;")),
        ("inlay_x=1; inlay_optout=1", rest("inlay_optout=1")),
        (" inlay_x = 1;\ta", rest("a")),
    ] {
        assert_eq!(strip_own(&HeaderValue::from_static(line)), expected, "{line:?}");
    }
}

fn names(list: &[&str]) -> Vec<Host> {
    list.iter().map(|name| if *name == "*" { Host::Any } else { Host::Name((*name).to_owned()) }).collect()
}

#[test]
fn the_cookie_has_a_domain_where_one_host_stands_above_all_others() {
    for (hosts, domain) in [
        (&["example.com"][..], Some("example.com")),
        (&["www.example.com", "example.com", "a.b.example.com"], Some("example.com")),
        (&["example.com", "notexample.com"], None),
        (&["www.example.com", "shop.example.com"], None),
        (&["example.com", "example.org"], None),
        (&["example.com", "*"], None),
        (&["*"], None),
        (&["localhost"], None),
        (&["localhost", "a.localhost"], None),
        (&["127.0.0.1"], None),
        (&["[::1]"], None),
        (&["a.1"], None),
        (&["example.com."], None),
        (&[], None),
    ] {
        let expected = domain.map_or(Scope::Host, |domain| Scope::Domain(domain.to_owned()));
        assert_eq!(Scope::of(&names(hosts)), expected, "{hosts:?}");
    }
}

#[test]
fn an_opt_out_lasts_four_hundred_days_and_an_opt_in_removes_every_form() {
    let wide = Scope::Domain("example.com".to_owned());
    assert_eq!(Scope::Host.opt_out(), "inlay_optout=1; Max-Age=34560000; Path=/; SameSite=Lax");
    assert_eq!(wide.opt_out(), "inlay_optout=1; Max-Age=34560000; Path=/; SameSite=Lax; Domain=example.com");

    let host_only = "inlay_optout=; Max-Age=0; Path=/; SameSite=Lax";
    assert_eq!(
        Scope::opt_in("www.example.com"),
        [
            host_only,
            "inlay_optout=; Max-Age=0; Path=/; SameSite=Lax; Domain=www.example.com",
            "inlay_optout=; Max-Age=0; Path=/; SameSite=Lax; Domain=example.com"
        ]
    );
    assert_eq!(Scope::opt_in("localhost"), [host_only], "a single label takes no Domain");
    assert_eq!(Scope::opt_in("127.0.0.1"), [host_only], "nor does an address, or a part of one");
    assert_eq!(Scope::opt_in("a.test; HttpOnly"), [host_only], "what is no host name never gets into a field");
}

/// A browser's cookies: names of hosts, and whether those below them are meant too.
#[derive(Default)]
struct Jar(Vec<(String, bool)>);

impl Jar {
    /// Takes a `Set-Cookie` of `host` as RFC 6265 section 5.3 says. `com` stands for every public suffix.
    fn take(&mut self, host: &str, line: &HeaderValue) {
        let line = line.to_str().expect("ASCII");
        let domain = line.split("; ").find_map(|part| part.strip_prefix("Domain="));
        if domain.is_some_and(|domain| domain == "com" || !(host == domain || host.ends_with(&format!(".{domain}")))) {
            return;
        }
        let cookie = (domain.unwrap_or(host).to_owned(), domain.is_some());
        self.0.retain(|kept| *kept != cookie);
        if !line.contains("Max-Age=0") {
            self.0.push(cookie);
        }
    }

    /// Whether a request to `host` bears a cookie.
    fn sends(&self, host: &str) -> bool {
        self.0.iter().any(|(name, below)| host == name || (*below && host.ends_with(&format!(".{name}"))))
    }
}

#[test]
fn an_opt_in_removes_what_an_earlier_configuration_set() {
    let narrow = &["www.example.com"][..];
    let wide = &["example.com", "www.example.com"][..];
    let host_only = &["www.example.com", "*"][..];
    for (then, now) in [(narrow, wide), (wide, narrow), (host_only, wide), (wide, host_only), (narrow, host_only)] {
        let mut jar = Jar::default();
        jar.take("www.example.com", &Scope::of(&names(then)).opt_out());
        assert!(jar.sends("www.example.com"), "{then:?} set one");
        jar.take("www.example.com", &Scope::of(&names(now)).opt_out());
        Scope::opt_in("www.example.com").iter().for_each(|line| jar.take("www.example.com", line));
        assert!(!jar.sends("www.example.com"), "set with {then:?} and {now:?}: {:?} is left", jar.0);
    }
}

#[test]
fn a_scope_covers_its_own_host_or_all_below_its_domain() {
    let wide = Scope::Domain("example.com".to_owned());
    assert!(wide.covers("example.com", "a.example.com"), "below the domain");
    assert!(!wide.covers("example.com", "badexample.com"), "not below it");
    assert!(Scope::Host.covers("a.test", "a.test") && !Scope::Host.covers("a.test", "b.a.test"), "one host alone");
}

/// Cookie lines out of the pieces that matter.
fn cookie_lines() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "inlay_optout",
        "inlay_x",
        "inlay_",
        "a",
        "b=c",
        "=",
        "=1",
        "=0",
        ";",
        "; ",
        " ;",
        ",",
        " ",
        "\t",
        "\"",
        "_optout",
        "inlay",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn pairs(line: &str) -> Vec<&str> {
    line.split(';').map(|pair| pair.trim_matches([' ', '\t'])).filter(|pair| !pair.is_empty()).collect()
}

fn is_own(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().trim_matches([' ', '\t']);
    name.starts_with("inlay_") && name != "inlay_optout"
}

proptest! {
    #[test]
    fn stripping_takes_own_pairs_and_no_others(line in cookie_lines()) {
        let value = HeaderValue::from_str(&line).expect("made of visible ASCII and blanks");
        let kept: Vec<_> = pairs(&line).into_iter().filter(|pair| !is_own(pair)).collect();
        match strip_own(&value) {
            Stripped::Unchanged => prop_assert_eq!(kept, pairs(&line)),
            Stripped::Rest(rest) => {
                prop_assert!(kept.len() < pairs(&line).len(), "something was taken out");
                prop_assert_eq!(pairs(rest.to_str().expect("ASCII")), kept);
            }
            Stripped::Nothing => prop_assert!(kept.is_empty(), "{:?} would be lost", kept),
        }
    }

    #[test]
    fn stripping_never_changes_whether_the_visitor_said_no(line in cookie_lines().prop_filter("commas", |line| !line.contains(','))) {
        let before = HeaderValue::from_str(&line).expect("made of visible ASCII and blanks");
        let after = match strip_own(&before) {
            Stripped::Unchanged => before.clone(),
            Stripped::Rest(rest) => rest,
            Stripped::Nothing => HeaderValue::from_static(""),
        };
        prop_assert_eq!(cookie::refuses(before.as_bytes()), cookie::refuses(after.as_bytes()));
    }

    #[test]
    fn a_no_anywhere_among_other_cookies_is_found(before in cookie_lines(), after in cookie_lines()) {
        let line = format!("{before};inlay_optout=1;{after}");
        prop_assert!(cookie::refuses(line.as_bytes()), "{}", line);
    }
}
