//! Opting out and in: which senders are believed, and what they get.

use super::*;

const SET: &str = "inlay_optout=1; Max-Age=34560000; Path=/; SameSite=Lax; Domain=shop.test";

fn origin(value: &'static str) -> (&'static str, &'static str) {
    ("origin", value)
}

fn fetched(value: &'static str) -> (&'static str, &'static str) {
    ("sec-fetch-site", value)
}

#[test]
fn opting_out_is_refused_only_where_another_site_provably_asked() {
    let site = site(|_| ());
    for (headers, done) in [
        (vec![fetched("same-origin"), origin("http://shop.test")], true),
        (vec![fetched("same-origin"), origin("null")], true),
        (vec![origin("https://shop.test")], true),
        (vec![origin("null")], true),
        (vec![], true),
        (vec![fetched("none")], true),
        (vec![fetched("cross-site"), origin("https://evil.test")], false),
        (vec![fetched("cross-site"), origin("null")], false),
        (vec![fetched("same-site"), origin("https://a.shop.test")], false),
        (vec![origin("https://evil.test")], false),
        (vec![origin("http://shop.test:8080")], false),
    ] {
        let answer = ask(&site, "POST", "privacy/opt-out", &headers);
        if done {
            assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{headers:?}");
            assert_eq!(field(&answer, "location"), "/_inlay/privacy", "{headers:?}");
            assert_eq!(fields(&answer, "set-cookie"), [SET], "{headers:?}");
        } else {
            assert_refused(&answer, "opt-out", &headers);
        }
        assert_eq!(field(&answer, "cache-control"), "no-store", "{headers:?}");
    }
}

#[test]
fn opting_in_needs_proof_that_our_own_page_asked() {
    let site = site(|_| ());
    for (headers, done) in [
        (vec![fetched("same-origin")], true),
        (vec![fetched("same-origin"), origin("null")], true),
        (vec![origin("http://shop.test")], true),
        (vec![origin("https://shop.test:443")], true),
        (vec![], false),
        (vec![origin("null")], false),
        (vec![fetched("none")], false),
        (vec![fetched("same-site"), origin("https://a.shop.test")], false),
        (vec![fetched("cross-site"), origin("https://evil.test")], false),
        (vec![origin("https://evil.test")], false),
    ] {
        let answer = ask(&site, "POST", "privacy/opt-in", &headers);
        if done {
            assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{headers:?}");
            assert_eq!(field(&answer, "location"), "/_inlay/privacy", "{headers:?}");
            let gone = "inlay_optout=; Max-Age=0; Path=/; SameSite=Lax";
            assert_eq!(
                fields(&answer, "set-cookie"),
                [gone.to_owned(), format!("{gone}; Domain=shop.test")],
                "{headers:?}"
            );
        } else {
            assert_refused(&answer, "opt-in", &headers);
        }
        assert_eq!(field(&answer, "clear-site-data"), "", "{headers:?}");
    }
}

/// Nothing is set, and the button is there to say it again.
fn assert_refused(answer: &Response<Bytes>, choice: &str, why: &[(&str, &str)]) {
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{why:?}");
    assert_eq!(field(answer, "set-cookie"), "", "{why:?}");
    assert_eq!(field(answer, "clear-site-data"), "", "{why:?}");
    assert!(text(answer).contains(&format!("<form method=\"post\" action=\"/_inlay/privacy/{choice}\">")), "{why:?}");
    assert!(text(answer).contains("nothing was changed"), "{why:?}");
    assert!(field(answer, "content-security-policy").contains("frame-ancestors 'none'"), "{why:?}");
}

#[test]
fn a_refusal_does_not_guess_what_applies_to_the_visitor() {
    // Browsers keep a Lax cookie back from a foreign form: its absence means nothing here.
    let answer = ask(&site(|_| ()), "POST", "privacy/opt-in", &[fetched("cross-site")]);
    assert!(!text(&answer).contains("class=\"verdict\""), "{}", text(&answer));
}

#[test]
fn stored_pages_are_cleared_where_browsers_allow_it() {
    let site = site(|site| site.hosts = vec![Host::Any]);
    for (downstream, host, cleared) in [
        (TLS, "shop.test", true),
        (PLAIN, "shop.test", false),
        (PLAIN, "localhost:8080", true),
        (PLAIN, "127.0.0.1:8080", true),
        (PLAIN, "[::1]:8080", true),
        (PLAIN, "10.0.0.1", false),
    ] {
        let cleared = if cleared { "\"cache\"" } else { "" };
        let answer = ask_over(downstream, &site, "POST", "privacy/opt-out", &[("host", host)]);
        assert_eq!(field(&answer, "clear-site-data"), cleared, "{host}, {downstream:?}");
        let by_our_page = [("host", host), fetched("same-origin")];
        let back = ask_over(downstream, &site, "POST", "privacy/opt-in", &by_our_page);
        assert_eq!(field(&back, "clear-site-data"), cleared, "opting in: {host}, {downstream:?}");
        assert_eq!(field(&answer, "set-cookie"), "inlay_optout=1; Max-Age=34560000; Path=/; SameSite=Lax", "{host}");
    }
}

#[test]
fn programs_get_a_refusal_as_json() {
    let answer =
        ask(&site(|_| ()), "POST", "privacy/opt-out", &[fetched("cross-site"), ("accept", "application/json")]);
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let said: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(said["changed"], false);
    assert_eq!(said["page"], "/_inlay/privacy");
}
