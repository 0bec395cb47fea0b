//! Validators through the real binary: what the origin is asked, what the client is told, when the origin is asked again.

use std::io::Write;

use crate::support::client::{Answer, NAVIGATION, ask, navigate};
use crate::support::origin::{Origin, Request, answer};
use crate::support::proxy::{Proxy, before};

const PAGE: &str = "<!doctype html><html><head><title>a</title></head><body>b</body></html>";
const OPT_OUT: &str = "Cookie: inlay_optout=1\r\n";
const DATE: &str = "Tue, 24 Nov 2026 08:00:00 GMT";

/// An origin with one page that bears these fields, and that is unchanged for whoever names `is`, in `If-None-Match` or
/// `If-Modified-Since`. Its 304 bears `of_304`.
fn origin(fields: &str, is: &'static str, of_304: &str) -> Origin {
    let full = answer("200 OK", "text/html", fields, PAGE);
    let unchanged = format!("HTTP/1.1 304 Not Modified\r\n{of_304}\r\n");
    Origin::new(move |request, stream| {
        let same = request.all("if-none-match").contains(&is)
            || request.header("if-none-match").is_none() && request.header("if-modified-since") == Some(is);
        let header_only = request.line.starts_with("HEAD ");
        let whole = if header_only { full.len() - PAGE.len() } else { full.len() };
        stream.write_all(if same { unchanged.as_bytes() } else { &full[..whole] }).is_ok()
    })
}

fn tag_of(page: &Answer) -> String {
    page.header("etag").expect("an entity tag").to_owned()
}

fn conditions(request: &Request) -> [Option<&str>; 2] {
    [request.header("if-none-match"), request.header("if-modified-since")]
}

fn none_match(tag: &str) -> String {
    format!("If-None-Match: {tag}\r\n")
}

#[test]
fn a_tagged_page_has_a_weak_tag_of_ours_with_the_origins_inside() {
    for (fields, kind) in [
        ("ETag: \"v1\"\r\n".to_owned(), "-sv1\""),
        ("ETag: W/\"v1\"\r\n".to_owned(), "-wv1\""),
        (format!("Last-Modified: {DATE}\r\n"), "-d6b054400\""),
        (format!("ETag: \"\"\r\nLast-Modified: {DATE}\r\n"), "-s\""),
        ("ETag: \"a\\b\u{e9}`~{}\"\r\n".to_owned(), "-sa\\b\u{e9}`~{}\""),
    ] {
        let origin = Origin::fixed(answer("200 OK", "text/html", &fields, PAGE));
        let proxy = before(&origin.url(), "");
        let page = navigate(proxy.addr, "/", "");
        let tag = tag_of(&page);
        assert!(tag.starts_with("W/\"inlay-") && tag.ends_with(kind), "{fields}: {tag}");
        assert_eq!(page.header("last-modified"), fields.contains(DATE).then_some(DATE), "{fields}: the date stays");
    }
}

#[test]
fn what_cannot_be_carried_leaves_a_page_without_a_validator() {
    for tag in
        ["v1".to_owned(), "\"v1".to_owned(), format!("\"{}\"", "x".repeat(511)), "\"a\"\r\nETag: \"b\"".to_owned()]
    {
        let fields = format!("ETag: {tag}\r\nLast-Modified: {DATE}\r\nCache-Control: no-cache\r\n");
        let origin = Origin::fixed(answer("200 OK", "text/html", &fields, PAGE));
        let proxy = before(&origin.url(), "");
        let page = navigate(proxy.addr, "/", "");
        assert_eq!([page.header("etag"), page.header("last-modified")], [None, None], "{tag}: not the date alone");
        assert_eq!(ask(proxy.addr, "GET", "shop.test", "/", "").header("last-modified"), Some(DATE), "{tag}: plain");
    }
}

#[test]
fn a_tagged_page_is_revalidated_with_its_own_tag_and_a_new_view() {
    let kinds = [
        ("ETag: \"v1\"\r\n", "\"v1\""),
        ("ETag: W/\"v1\"\r\n", "W/\"v1\""),
        ("Last-Modified: Tue, 24 Nov 2026 08:00:00 GMT\r\n", DATE),
    ];
    for (validator, is) in kinds {
        for of_304 in ["", validator] {
            let kept = "Cache-Control: no-cache\r\nVary: Accept-Language\r\n";
            let origin = origin(&format!("{kept}{validator}"), is, &format!("{kept}{of_304}"));
            let proxy = before(&origin.url(), "");
            let first = navigate(proxy.addr, "/", "");
            let again =
                navigate(proxy.addr, "/", &format!("{}If-Modified-Since: {DATE}\r\n", none_match(&tag_of(&first))));
            assert_eq!((again.status(), again.body.len()), (304, 0), "{is}");
            let went_up = if is == DATE { [None, Some(DATE)] } else { [Some(is), None] };
            assert_eq!(conditions(&origin.last()), went_up, "{is}: the origin's own and nothing else");
            assert_eq!(tag_of(&again), tag_of(&first), "{is}: the tag by which the client knows it");
            assert_eq!(
                [again.header("cache-control"), again.header("vary")],
                [Some("no-cache"), Some("Accept-Language")]
            );
            assert_eq!(again.inlay(), Some("tagged"), "it is the tagged page");
            let ids = [first.view_id(), again.view_id()];
            assert!(ids.iter().all(|id| id.is_some_and(|id| id.len() == 32)) && ids[0] != ids[1], "{is}: {ids:?}");
            assert_eq!(origin.requests().len(), 2, "{is}: asked once each");
        }
    }
}

#[test]
fn no_copy_without_our_tags_is_confirmed_for_a_page_to_be_tagged() {
    let origin = origin("ETag: \"v1\"\r\nCache-Control: no-cache\r\n", "\"v1\"", "ETag: \"v1\"\r\n");
    let proxy = before(&origin.url(), "");
    let ours = tag_of(&navigate(proxy.addr, "/", ""));
    let other = format!("W/\"inlay-00000000{}", &ours[ours.rfind('-').expect("a dash")..]);
    for named in ["\"v1\"", "*", "v1", &other] {
        let page = navigate(proxy.addr, "/", &format!("{}If-Modified-Since: {DATE}\r\n", none_match(named)));
        assert_eq!(conditions(&origin.last()), [None, None], "{named}");
        assert!(page.status() == 200 && page.text().contains("/_inlay/t."), "{named}: {}", page.line);
    }
    let all = navigate(proxy.addr, "/", &none_match(&format!("\"v1\", {other}, {ours}")));
    assert_eq!((all.status(), conditions(&origin.last())), (304, [Some("\"v1\""), None]), "ours among others");
    assert_eq!(tag_of(&all), ours);
}

#[test]
fn an_opted_out_visitors_condition_never_confirms_a_tagged_copy() {
    let date = format!("Last-Modified: {DATE}\r\n");
    let fields = format!("ETag: \"v1\"\r\n{date}Cache-Control: no-cache\r\n");
    let origin = origin(&fields, "\"v1\"", "ETag: \"v1\"\r\n");
    let proxy = before(&origin.url(), "");
    let ours = tag_of(&navigate(proxy.addr, "/", ""));
    let no = |named: &str| {
        navigate(proxy.addr, "/", &format!("{OPT_OUT}{}If-Modified-Since: {DATE}\r\n", none_match(named)))
    };

    let first = no(&ours);
    assert_eq!(conditions(&origin.last()), [None, None], "not by the date either, which is the tagged copy's");
    assert_eq!((first.status(), first.text().as_str(), first.header("etag")), (200, PAGE, Some("\"v1\"")));
    let again = no("\"v1\"");
    assert_eq!(
        (again.status(), again.header("etag"), again.inlay()),
        (304, Some("\"v1\""), Some("skipped; reason=opt-out"))
    );
    assert_eq!(conditions(&origin.last()), [Some("\"v1\""), Some(DATE)], "as it came");
    assert_eq!(again.view_id(), None, "and no id");
    let both = no(&format!("{ours}, \"v1\""));
    assert_eq!((both.status(), both.header("etag")), (304, Some("\"v1\"")), "the plain one of two");
    let back = navigate(proxy.addr, "/", &none_match("\"v1\""));
    assert_eq!((back.status(), tag_of(&back)), (200, ours), "opted in again: the plain copy is not confirmed");
}

#[test]
fn other_methods_and_strong_conditions_pass_as_they_came() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "ETag: \"v1\"\r\nCache-Control: no-cache\r\n", PAGE));
    let proxy = before(&origin.url(), "");
    let ours = tag_of(&navigate(proxy.addr, "/", ""));
    for method in ["PUT", "DELETE", "PATCH", "POST"] {
        for line in [
            format!("If-Match: {ours}"),
            "If-None-Match: *".to_owned(),
            none_match(&ours).trim_end().to_owned(),
            format!("If-Unmodified-Since: {DATE}"),
        ] {
            ask(proxy.addr, method, "shop.test", "/", &format!("{NAVIGATION}Content-Length: 0\r\n{line}\r\n"));
            let (name, value) = line.split_once(": ").expect("a field");
            assert_eq!(origin.last().header(name), Some(value), "{method}");
        }
    }
    navigate(proxy.addr, "/", &format!("If-Match: {ours}\r\nIf-Unmodified-Since: {DATE}\r\n"));
    assert_eq!(origin.last().header("if-match"), Some(&*ours), "a strong comparison with ours fails, which is right");
    assert_eq!(origin.last().header("if-unmodified-since"), Some(DATE));
}

#[test]
fn other_tags_make_another_page() {
    let page = "ETag: \"v1\"\r\nCache-Control: no-cache\r\n";
    let origin = origin(page, "\"v1\"", page);
    let snippet = |html: &str| format!("[[site.tag]]\nid = 'chat'\nhtml = '{html}'\npaths = ['/help']");
    let first = before(&origin.url(), &snippet("<p>one</p>"));
    let tags = ["/help", "/"].map(|path| tag_of(&navigate(first.addr, path, "")));
    assert_ne!(tags[0], tags[1], "two pages with different tags");
    drop(first);
    let second = before(&origin.url(), &snippet("<p>two</p>"));
    let help = navigate(second.addr, "/help", &none_match(&tags[0]));
    assert!(help.status() == 200 && help.text().contains("<p>two</p>"), "fetched anew: {}", help.line);
    let root = navigate(second.addr, "/", &none_match(&tags[1]));
    assert_eq!((root.status(), tag_of(&root)), (304, tags[1].clone()), "the page that stays the same is confirmed");
    let without = before(&origin.url(), "tag = false");
    let plain = navigate(without.addr, "/help", &none_match(&tags[0]));
    assert_eq!((plain.status(), plain.text().as_str()), (200, PAGE), "a site that is no longer tagged");
}

#[test]
fn an_origin_that_says_304_unasked_is_asked_again_past_its_caches() {
    for stubborn in [true, false] {
        let fields = format!("ETag: \"v1\"\r\nLast-Modified: {DATE}\r\nCache-Control: no-cache\r\n");
        let origin = Origin::new(move |request, stream| {
            let told = request.all("cache-control").contains(&"no-cache");
            let page = match told && !stubborn {
                true => answer("200 OK", "text/html", &fields, PAGE),
                false => format!("HTTP/1.1 304 Not Modified\r\n{fields}\r\n").into_bytes(),
            };
            stream.write_all(&page).is_ok()
        });
        let proxy = before(&origin.url(), "");
        let page = navigate(proxy.addr, "/", &none_match("\"v1\""));
        let asked = origin.requests();
        assert_eq!(asked.len(), 2, "once more and not again");
        assert_eq!(asked.iter().map(conditions).collect::<Vec<_>>(), [[None, None]; 2]);
        assert_eq!(asked[1].all("cache-control"), ["no-cache"]);
        if stubborn {
            assert_eq!((page.status(), page.header("etag"), page.header("last-modified")), (304, None, None));
            assert_eq!(page.view_id(), Some(""), "the old id is not shown again");
        } else {
            assert!(page.status() == 200 && page.text().contains("/_inlay/t."), "{}", page.text());
        }
        let log = proxy.log().join("\n");
        assert!(!log.contains("AskAgain") && !log.contains("\"level\":\"ERROR\""), "nobody is alarmed: {log}");
    }
}

#[test]
fn a_304_whose_own_header_speaks_against_tagging_is_asked_again() {
    let page = "ETag: \"v1\"\r\nCache-Control: no-cache\r\n";
    let now = "ETag: \"v1\"\r\nCache-Control: no-cache, no-transform\r\n";
    let before_change = origin(page, "\"v1\"", page);
    let proxy = before(&before_change.url(), "");
    let ours = tag_of(&navigate(proxy.addr, "/", ""));
    drop(proxy);
    let after = origin(now, "\"v1\"", now);
    let proxy = before(&after.url(), "");
    let plain = navigate(proxy.addr, "/", &none_match(&ours));
    assert_eq!((plain.status(), plain.text().as_str()), (200, PAGE), "a full answer would be plain");
    assert_eq!(plain.header("etag"), Some("\"v1\""));
}

#[test]
fn pages_that_were_not_found_are_tagged_and_have_no_validator() {
    for status in ["404 Not Found", "410 Gone"] {
        let fields = format!("ETag: \"v1\"\r\nLast-Modified: {DATE}\r\nCache-Control: no-cache\r\n");
        let origin = Origin::fixed(answer(status, "text/html", &fields, PAGE));
        let proxy = before(&origin.url(), "");
        let page = navigate(proxy.addr, "/", "");
        assert!(page.inlay() == Some("tagged") && page.text().contains("/_inlay/t."), "{status}: {}", page.text());
        assert_eq!([page.header("etag"), page.header("last-modified")], [None, None], "{status}");
        assert!(page.view_id().is_some_and(|id| id.len() == 32), "{status}: a view");
    }
}

#[test]
fn head_tells_what_get_would() {
    let page = format!("ETag: \"v1\"\r\nLast-Modified: {DATE}\r\nCache-Control: no-cache\r\n");
    let origin = origin(&page, "\"v1\"", &page);
    let proxy = before(&origin.url(), "");
    let get = navigate(proxy.addr, "/", "");
    let head = |more: &str| ask(proxy.addr, "HEAD", "shop.test", "/", &format!("{NAVIGATION}{more}"));
    let full = head("");
    for name in ["etag", "last-modified", "content-length", "x-inlay", "cache-control"] {
        assert_eq!(full.header(name), get.header(name), "{name}");
    }
    let unchanged = head(&none_match(&tag_of(&get)));
    assert_eq!((unchanged.status(), tag_of(&unchanged), unchanged.view_id()), (304, tag_of(&get), None));
}

#[test]
fn a_part_is_the_origins_and_never_continues_a_tagged_copy() {
    let part = "HTTP/1.1 206 Partial Content\r\nContent-Type: text/html\r\nETag: \"v1\"\r\nContent-Range: bytes 0-8/71\r\n\
        Cache-Control: max-age=60\r\nContent-Length: 9\r\n\r\n<!doctype";
    let origin = Origin::new(move |request, stream| {
        let whole =
            answer("200 OK", "text/html", "ETag: \"v1\"\r\nAccept-Ranges: bytes\r\nCache-Control: no-cache\r\n", PAGE);
        stream.write_all(if request.header("range").is_some() { part.as_bytes() } else { &whole }).is_ok()
    });
    let proxy = before(&origin.url(), "");
    let page = navigate(proxy.addr, "/", "");
    assert_eq!(page.header("accept-ranges"), None, "offsets of the origin's are not those of the tagged page");
    let ranged = |more: &str| navigate(proxy.addr, "/", &format!("Range: bytes=0-8\r\n{more}"));
    let first = ranged("");
    assert_eq!((first.status(), first.text().as_str()), (206, "<!doctype"), "as the origin sends it");
    assert_eq!(first.header("cache-control"), Some("private, max-age=60"), "and no part of a page for all");
    assert_eq!(ranged("If-Range: \"v1\"\r\n").status(), 206, "of the plain copy");
    let ours = format!("If-Range: {}\r\n", tag_of(&page));
    let whole = ranged(&ours);
    assert_eq!((whole.status(), whole.text().as_str()), (200, PAGE), "the whole page anew");
    assert_eq!([origin.last().header("range"), origin.last().header("if-range")], [None, None]);
    let fixed = "Cache-Control: no-transform\r\n";
    assert_eq!(navigate(proxy.addr, "/", fixed).text(), PAGE, "nor is a page changed that is asked for as it is");
}

#[test]
fn a_cache_that_hands_its_visitors_fields_on_to_nobody_can_revalidate_what_all_may_have() {
    let page = "ETag: \"v1\"\r\nCache-Control: public, max-age=60\r\n";
    let origin = origin(page, "\"v1\"", page);
    let proxy = before(&origin.url(), "");
    let get = |more: &str| ask(proxy.addr, "GET", "shop.test", "/", more);
    let first = get("");
    assert!(first.text().contains("/_inlay/t."), "tagged for whoever asks: {}", first.text());
    let again = get(&none_match(&tag_of(&first)));
    assert_eq!((again.status(), tag_of(&again), again.view_id()), (304, tag_of(&first), Some("")));
    let untagged = get(&none_match("\"v1\""));
    let told = (untagged.status(), untagged.header("cache-control"));
    assert_eq!(told, (304, Some("private, max-age=60")), "a plain copy is not gone on with for others");
    let picture = ask(proxy.addr, "GET", "shop.test", "/logo.png", &none_match("\"v1\""));
    assert_eq!((picture.status(), picture.header("cache-control")), (304, Some("public, max-age=60")), "a file is");
}

#[test]
fn a_view_is_recorded_for_a_page_that_is_confirmed() {
    let page = "ETag: \"v1\"\r\nCache-Control: no-cache\r\n";
    let origin = origin(page, "\"v1\"", page);
    let proxy: Proxy = before(&origin.url(), "");
    let first = navigate(proxy.addr, "/seen", "");
    for _ in 0..2 {
        assert_eq!(navigate(proxy.addr, "/seen", &none_match(&tag_of(&first))).status(), 304);
    }
    navigate(proxy.addr, "/seen", &format!("{OPT_OUT}{}", none_match("\"v1\"")));
    let stats = proxy.stats_with_views(3);
    assert!(stats.to_string().contains("/seen"), "{stats}");
}

#[test]
fn a_304_says_of_codings_only_that_they_were_chosen_from() {
    let page = "ETag: \"v1\"\r\nCache-Control: no-cache\r\n";
    let origin = origin(page, "\"v1\"", &format!("{page}Content-Length: {}\r\n", PAGE.len()));
    for (compress, vary) in [("pass", None), ("client", Some("Accept-Encoding")), ("off", None)] {
        let proxy = before(&origin.url(), &format!("compress = '{compress}'"));
        let accept = "Accept-Encoding: gzip\r\n";
        let first = navigate(proxy.addr, "/", accept);
        assert_eq!(first.header("content-encoding"), (compress == "client").then_some("gzip"), "{compress}");
        let again = navigate(proxy.addr, "/", &format!("{accept}{}", none_match(&tag_of(&first))));
        assert_eq!((again.status(), tag_of(&again)), (304, tag_of(&first)), "{compress}: one tag for every coding");
        let plain = navigate(proxy.addr, "/", &none_match(&tag_of(&first)));
        assert_eq!(plain.status(), 304, "{compress}: and for none");
        let of_body = [again.header("content-encoding"), again.header("content-length")];
        assert_eq!((of_body, again.header("vary")), ([None, None], vary), "{compress}: {:?}", again.headers);
    }
}

#[test]
fn a_page_with_a_drawn_tag_has_no_validator_and_one_in_shadow_keeps_the_origins() {
    let page = "ETag: \"v1\"\r\nCache-Control: public, max-age=60\r\n";
    let origin = origin(page, "\"v1\"", page);
    let drawn = "[[site.tag]]\nid = 'a'\nhtml = '<p>a</p>'\npercent = 50\n";
    let proxy = before(&origin.url(), drawn);
    for _ in 0..4 {
        let page = navigate(proxy.addr, "/", &none_match("\"v1\""));
        assert_eq!((page.status(), page.header("etag"), conditions(&origin.last())), (200, None, [None, None]));
        assert_eq!(page.header("cache-control"), Some("private, max-age=60"), "also where it was not drawn");
    }
    let tagged = before(&origin.url(), "");
    let ours = tag_of(&navigate(tagged.addr, "/", ""));
    let shadow = before(&origin.url(), "mode = 'shadow'");
    let plain = navigate(shadow.addr, "/", &none_match(&ours));
    assert_eq!((plain.status(), plain.header("etag"), plain.text().as_str()), (200, Some("\"v1\""), PAGE));
    let unchanged = navigate(shadow.addr, "/", &none_match("\"v1\""));
    assert_eq!((unchanged.status(), unchanged.header("etag")), (304, Some("\"v1\"")), "the origin's own is confirmed");
    assert_eq!(unchanged.inlay(), Some("skipped; reason=shadow"));
}
