//! The script: its name, how long it is kept, older ones.

use super::*;
use crate::config::{At, Condition, OwnerTag, Place, Via, When};

const A_YEAR: &str = "public, max-age=31536000, immutable, no-transform";

fn named(script: &Script) -> String {
    format!("t.{}.js", script.hash8())
}

#[test]
fn the_tag_names_the_script_by_its_content() {
    let site = site(|_| ());
    let hash = site.script().hash8();
    assert_eq!(hash.len(), 8, "eight digits: {hash}");
    assert_eq!(site.own_tag(), &format!("<script async=\"\" src=\"/_inlay/t.{hash}.js\"></script>"));
    let answer = ask(&site, "GET", &named(site.script()), &[]);
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.body(), site.script().body());
    assert_eq!(field(&answer, "cache-control"), A_YEAR);
    assert_eq!(field(&answer, "content-type"), "text/javascript; charset=utf-8");
}

#[test]
fn the_current_script_is_kept_for_an_hour_and_a_stand_in_not_at_all() {
    let site = site(|_| ());
    for (rest, keep) in [("t.js", "public, max-age=3600, no-transform"), ("t.01234567.js", "no-store")] {
        let answer = ask(&site, "GET", rest, &[]);
        assert_eq!(answer.body(), site.script().body(), "{rest}");
        assert_eq!(field(&answer, "cache-control"), keep, "{rest}");
    }
}

#[test]
fn an_older_script_stays_served_under_its_name() {
    let old = Script::of(Bytes::from_static(b"void 0;\n"));
    let site = Site::new(Arc::new(config()), Arc::new([old.clone()]));
    let answer = ask(&site, "GET", &named(&old), &[]);
    assert_eq!((text(&answer), field(&answer, "cache-control")), ("void 0;\n", A_YEAR));
    assert_eq!(ask(&site, "GET", &named(site.script()), &[]).body(), site.script().body(), "beside the current one");
}

#[test]
fn who_has_the_script_is_told_so() {
    let site = site(|_| ());
    let hash = site.script().hash8();
    for (condition, status) in [
        (format!("\"{hash}\""), 304),
        (format!("W/\"{hash}\""), 304),
        (format!("\"other\", \"{hash}\""), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        (hash.to_owned(), 200),
    ] {
        let answer = ask(&site, "GET", "t.js", &[("if-none-match", &condition)]);
        assert_eq!(answer.status(), status, "{condition}");
        assert_eq!(field(&answer, "etag"), format!("\"{hash}\""), "{condition}");
        if status == 304 {
            assert!(answer.body().is_empty() && field(&answer, "content-length").is_empty(), "{condition}");
        }
    }
}

#[test]
fn a_sites_switches_are_in_its_script_and_change_its_name() {
    let mut names = std::collections::HashSet::new();
    for (gpc, dnt) in [(true, true), (true, false), (false, true), (false, false)] {
        let script = site(|site| site.privacy.honor = Honor { gpc, dnt }).script().clone();
        let source = std::str::from_utf8(script.body()).expect("UTF-8");
        assert!(source.ends_with(&format!("}})({{ gpc: {gpc}, dnt: {dnt} }});\n")), "{source}");
        names.insert(script.hash8().to_owned());
    }
    assert_eq!(names.len(), 4, "other bytes, another name");
}

#[test]
fn the_script_is_small_ascii_and_uses_nothing_that_a_page_may_forbid() {
    let script = site(|_| ()).script().clone();
    let source = std::str::from_utf8(script.body()).expect("UTF-8");
    assert!(source.is_ascii() && source.len() < 2048, "{} bytes", source.len());
    assert!(!source.contains("//"), "no comment is sent");
    for forbidden in [
        "eval",
        "innerHTML",
        "document.write",
        "createElement",
        "fetch",
        "sendBeacon",
        "XMLHttp",
        ".cookie =",
        "=>",
        "`",
        "let ",
        "const ",
    ] {
        assert!(!source.contains(forbidden), "{forbidden} in the script");
    }
}

#[test]
fn the_snippets_that_the_script_places_are_in_it_with_their_rules() {
    let tag = |html: &'static str, via| {
        let paths = Paths::new(["/help/**"], ["/help/intern/**"]).expect("patterns");
        let tag = OwnerTag::new("x", Bytes::from_static(html.as_bytes()), Place::BodyEnd, paths, At::whole("test"));
        let condition = Condition { name: "preview".to_owned(), value: None };
        OwnerTag { via, percent: 20, when: When { query: vec![condition], ..When::default() }, ..tag }
    };
    let with = |tags: Vec<OwnerTag>| site(|site| site.tags = tags).script().clone();
    let plain = with(Vec::new());
    assert_eq!(with(vec![tag("<p>a</p>", Via::Page)]).hash8(), plain.hash8(), "what stands in pages is not in it");
    let script = with(vec![tag("<script src='https://a.test/</w.js?a&amp;b'></script>", Via::Script)]);
    let source = std::str::from_utf8(script.body()).expect("UTF-8");
    let wanted = r#"([{"at":"body-end","is":[{"set":{"src":"https://a.test/\u003c/w.js?a&b"},"tag":"script"}],"#;
    assert!(source.contains(wanted), "{source}");
    let rules = r#""off":["/help/intern/**"],"on":["/help/**"],"percent":20,"query":[["preview",null]]}]));"#;
    assert!(source.trim_end().ends_with(rules), "{source}");
    assert!(source.is_ascii() && source.len() < 4096, "{} bytes", source.len());
    for forbidden in ["eval", "innerHTML", "document.write", "fetch", "=>", "`"] {
        assert!(!source.contains(forbidden), "{forbidden} may be forbidden, or is not known to old browsers");
    }
}
