//! The visitor's page: its words, its facts, its policy.

use base64::Engine as _;
use ring::digest;

use super::*;
use crate::collect::privacy::LANGUAGES;

fn page(site: &Site, headers: &[(&str, &str)]) -> String {
    let answer = ask(site, "GET", "privacy", headers);
    assert_eq!(answer.status(), StatusCode::OK, "{headers:?}");
    text(&answer).to_owned()
}

fn facts(site: &Site, headers: &[(&str, &str)]) -> serde_json::Value {
    let headers: Vec<_> = headers.iter().copied().chain([("accept", "application/json")]).collect();
    let answer = ask(site, "GET", "privacy", &headers);
    assert_eq!(field(&answer, "content-type"), "application/json", "{headers:?}");
    assert_eq!(field(&answer, "cache-control"), "no-store", "{headers:?}");
    serde_json::from_slice(answer.body()).expect("JSON")
}

const OUT: (&str, &str) = ("cookie", "inlay_optout=1");
const GPC: (&str, &str) = ("sec-gpc", "1");
const DNT: (&str, &str) = ("dnt", "1");

#[test]
fn page_and_json_say_what_applies_to_this_visitor_and_why() {
    let honors = |gpc, dnt| site(|site| site.privacy.honor = Honor { gpc, dnt });
    let (all, none) = (honors(true, true), honors(false, false));
    for (site, headers, reason, said) in [
        (&all, vec![], None, vec!["are recorded", "says no."]),
        (&all, vec![OUT], Some("opt-out"), vec!["are not recorded", "You have opted out"]),
        (
            &all,
            vec![GPC],
            Some("gpc"),
            vec!["are not recorded", "Global Privacy Control, and this site honours it", "Only your browser"],
        ),
        (&all, vec![DNT], Some("dnt"), vec!["are not recorded", "Do Not Track, and this site honours it"]),
        (
            &all,
            vec![OUT, GPC, DNT],
            Some("opt-out"),
            vec!["sends Global Privacy Control too", "sends Do Not Track too"],
        ),
        (&none, vec![OUT, GPC], Some("opt-out"), vec!["You have opted out"]),
        (
            &none,
            vec![GPC, DNT],
            None,
            vec!["are recorded", "Global Privacy Control, which this site does not honour", "Do Not Track, which"],
        ),
    ] {
        let page = page(site, &headers);
        for words in said {
            assert!(page.contains(words), "{headers:?}: {words:?} in\n{page}");
        }
        let opted_out = headers.contains(&OUT);
        assert_eq!(page.contains("action=\"/_inlay/privacy/opt-in\""), opted_out, "{headers:?}");
        assert_eq!(page.contains("action=\"/_inlay/privacy/opt-out\""), !opted_out, "{headers:?}");
        assert_eq!(
            page.contains("too. Opting in"),
            opted_out && std::ptr::eq(site, &all) && headers.len() > 1,
            "{headers:?}"
        );

        let facts = facts(site, &headers);
        assert_eq!(facts["reason"].as_str(), reason, "{headers:?}");
        assert_eq!(facts["recorded"], reason.is_none(), "{headers:?}");
        for (name, signal) in [("opt-out", OUT), ("gpc", GPC), ("dnt", DNT)] {
            assert_eq!(facts["signals"][name]["sent"], headers.contains(&signal), "{name}, {headers:?}");
        }
        assert_eq!(facts["signals"]["gpc"]["honored"], std::ptr::eq(site, &all), "{headers:?}");
        assert_eq!(facts["opt_out"], "/_inlay/privacy/opt-out");
    }
}

#[test]
fn the_page_is_kept_nowhere_framed_nowhere_and_runs_nothing() {
    let answer = ask(&site(|_| ()), "GET", "privacy", &[]);
    let html = text(&answer);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(field(&answer, name), value, "{name}");
    }
    let style = html.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).expect("a style").0;
    let hash = base64::engine::general_purpose::STANDARD.encode(digest::digest(&digest::SHA256, style.as_bytes()));
    let policy = field(&answer, "content-security-policy");
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!html.contains("<script") && !html.contains(" style="), "{html}");
}

#[test]
fn the_page_tells_owner_time_and_kept_keys() {
    let shop = site(|site| {
        site.privacy.contact = "privacy@shop.test".to_owned();
        site.privacy.retention_days = 30;
        site.keep_query = vec!["page".to_owned(), "q".to_owned()];
    });
    let html = page(&shop, &[]);
    for words in ["deleted after 30 days", "mailto:privacy@shop.test", "“shop”", "only: page, q"] {
        assert!(html.contains(words), "{words:?} in\n{html}");
    }
    let facts = facts(&shop, &[]);
    assert_eq!((&facts["retention_days"], &facts["contact"]), (&30.into(), &"privacy@shop.test".into()));

    let one = page(&site(|site| site.privacy.retention_days = 1), &[]);
    assert!(one.contains("after one day") && one.contains("no contact here"), "{one}");
}

#[test]
fn the_page_says_so_where_records_are_forwarded() {
    let here = site(|_| {});
    assert!(!page(&here, &[]).contains("forwards each record"), "they are not");
    assert_eq!(facts(&here, &[])["forwarded"], false);
    let on = here.forwarded(true);
    assert!(page(&on, &[]).contains("forwards each record to storage of its own"), "they are");
    assert_eq!(facts(&on, &[])["forwarded"], true);
}

#[test]
fn a_contact_is_a_link_only_where_it_is_an_address() {
    for (contact, shown) in [
        ("https://shop.test/contact", "<a href=\"https://shop.test/contact\">https://shop.test/contact</a>"),
        ("me@shop.test", "<a href=\"mailto:me@shop.test\">me@shop.test</a>"),
        ("javascript:alert(1)@x", "Contact: javascript:alert(1)@x</p>"),
        ("A. Smith, me@shop.test", "Contact: A. Smith, me@shop.test</p>"),
        ("<b>\"me\"</b>", "Contact: &lt;b&gt;&quot;me&quot;&lt;/b&gt;</p>"),
    ] {
        let html = page(&site(|site| site.privacy.contact = contact.to_owned()), &[]);
        assert!(html.contains(shown), "{shown:?} in\n{html}");
    }
}

#[test]
fn the_page_names_the_hosts_that_an_opt_out_does_not_reach() {
    let names = |list: &[&str]| list.iter().map(|name| Host::Name((*name).to_owned())).collect::<Vec<_>>();
    let wide = site(|site| site.hosts = names(&["www.shop.test", "shop.test"]));
    let html = page(&wide, &[("host", "www.shop.test")]);
    assert!(html.contains("for shop.test and everything below it") && !html.contains("does not hold"), "{html}");
    assert_eq!(facts(&wide, &[])["cookie"]["domain"], "shop.test");

    let apart = site(|site| site.hosts = names(&["shop.test", "shop.example", "localhost"]));
    let html = page(&apart, &[("host", "Shop.test:8080")]);
    assert!(html.contains("for Shop.test."), "{html}");
    assert!(html.contains("<a href=\"//shop.example:8080/_inlay/privacy\">shop.example</a>"), "{html}");
    let cookie = &facts(&apart, &[("host", "shop.test:8080")])["cookie"];
    assert_eq!(cookie["hosts_not_covered"], serde_json::json!(["shop.example", "localhost"]));
    assert_eq!((&cookie["domain"], &cookie["other_hosts"]), (&serde_json::Value::Null, &false.into()));

    let any = site(|site| site.hosts = vec![Host::Any]);
    assert!(page(&any, &[]).contains("any other address"), "hosts that nobody can list");
}

#[test]
fn what_a_visitor_sends_never_becomes_markup() {
    let site = site(|site| site.hosts = vec![Host::Any]);
    let html = page(&site, &[("host", "<script>alert(1)</script>"), ("cookie", "<b>=<i>")]);
    assert!(!html.contains("alert") && !html.contains("<i>"), "{html}");
    assert!(html.contains("<h1>Your privacy on shop</h1>"), "without a host the site's name stands there:\n{html}");
}

#[test]
fn the_page_is_in_the_language_that_the_visitor_likes_best() {
    let site = site(|_| {});
    for (languages, lang, said) in [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Ihre Seitenaufrufe werden aufgezeichnet"),
        ("fr", "fr", "Vos pages vues sont enregistrées"),
        ("it,es;q=0.7", "es", "Sus vistas de páginas se registran"),
        ("it", "en", "Your page views are recorded"),
    ] {
        let answer = ask(&site, "GET", "privacy", &[("accept-language", languages)]);
        assert_eq!(field(&answer, "content-language"), lang, "{languages}");
        let page = text(&answer);
        assert!(page.contains(said) && page.contains(&format!("<html lang=\"{lang}\">")), "{languages}:\n{page}");
    }
}

#[test]
fn every_word_of_a_language_is_shown_somewhere_and_every_name_is_filled_in() {
    for file in LANGUAGES {
        let words: toml::Table = toml::from_str(file).expect("the words are TOML");
        shows_every_word(words["lang"].as_str().expect("the file says which language it is in"), &words);
    }
}

fn shows_every_word(lang: &str, words: &toml::Table) {
    let mut shown = String::new();
    let language = ("accept-language", lang);
    let mut add = |site: &Site, headers: &[(&str, &str)]| shown.push_str(&page(site, &[headers, &[language]].concat()));
    let full = site(|site| {
        site.privacy.contact = "me".to_owned();
        site.keep_query = vec!["q".to_owned()];
        let (place, at) = (config::Place::HeadEnd, config::At::whole("test"));
        site.tags = vec![config::OwnerTag::new("chat", Bytes::new(), place, Paths::default(), at)];
    });
    let full = full.forwarded(true);
    let bare = site(|site| {
        site.hosts = vec![Host::Any, Host::Name("shop.example".to_owned())];
        site.privacy.honor = Honor { gpc: false, dnt: false };
        site.privacy.retention_days = 1;
    });
    for headers in [vec![], vec![OUT, GPC, DNT], vec![GPC], vec![DNT]] {
        add(&full, &headers);
        add(&bare, &headers);
    }
    for choice in ["opt-out", "opt-in"] {
        let foreign = ("sec-fetch-site", "cross-site");
        shown.push_str(text(&ask(&full, "POST", &format!("privacy/{choice}"), &[foreign, language])));
    }

    let mut count = 0;
    for (part, texts) in words.iter().filter_map(|(part, texts)| texts.as_table().map(|texts| (part, texts))) {
        for (key, value) in texts {
            // The pieces between the names in braces stand on the page as they are.
            for piece in value.as_str().expect("a text").split(['{', '}']).step_by(2) {
                assert!(shown.contains(piece), "{lang}: {part}.{key}: {piece:?} is shown nowhere");
            }
            count += 1;
        }
    }
    assert!(count > 50, "the words of {lang} were looked at: {count}");
    let outside_style: String = shown.split("<style>").filter_map(|part| part.split("</style>").last()).collect();
    assert!(!outside_style.contains(['{', '}']), "a name in braces was left");
}
