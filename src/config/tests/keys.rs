//! Step one: what a file is written like.

use super::*;

#[test]
fn an_unknown_key_is_said_with_the_nearest_known_one_or_the_table_it_belongs_in() {
    assert_says(&format!("[server]\n  lisen = []\n{SITE}"), "2:3: unknown key `lisen` in [server]; write `listen`");
    assert_says(
        &site_with("retention_days = 3\n"),
        "5:1: unknown key `retention_days` in [[site]]; it belongs in [site.privacy]",
    );
    assert_says(
        &format!("listen = []\n{SITE}"),
        "1:1: unknown key `listen` at the top of the file; it belongs in [server]",
    );
    let said = problems_of(&format!("{SITE}[site.privacy]\nzzzzzz = 1\n"));
    assert!(
        said.concat().ends_with("the keys here are `contact`, `gpc_json`, `honor`, `identity` or `retention_days`"),
        "{said:?}"
    );
}

#[test]
fn a_value_of_another_type_is_said_with_what_was_probably_meant() {
    for (line, wanted) in [
        ("hosts = 1", "5:9: `hosts` wants a list of texts and got a number; write hosts = [\"...\"]"),
        ("timezone = 1", "5:12: `timezone` wants a text and got a number; write it in quotes: \"1\""),
        (
            "origin_timeout_secs = '60'",
            "5:23: `origin_timeout_secs` wants a whole number and got a text; write origin_timeout_secs = 60 without quotes",
        ),
        (
            "origin_timeout_secs = 1.5",
            "5:23: `origin_timeout_secs` wants a whole number and got a number with a point; write a whole number from 1 to 3600",
        ),
        ("paths = '/a'", "5:9: `paths` wants a list of texts and got a text; write paths = ['/a']"),
        (
            "keep_query = ['a', 2]",
            "5:20: `keep_query` has a number in its list and wants a text; write it in quotes: \"2\"",
        ),
        (
            "tag = 'no'",
            "5:7: `tag` wants true or false, or tables and got a text; write tag = true, tag = false or [[site.tag]]",
        ),
        ("privacy = true", "5:11: `privacy` wants a table and got true or false; write a [site.privacy] table"),
        ("[[site.privacy]]", "5:1: `privacy` wants a table and got a list; write [site.privacy] with one bracket"),
        (
            "[site.tag]",
            "5:1: `tag` wants true or false, or tables and got a table; write tag = true, tag = false or [[site.tag]]",
        ),
    ] {
        let text =
            if line.starts_with("hosts") { SITE.replace("hosts = ['shop.example']\n", "") + "\n" } else { SITE.into() };
        assert_says(&format!("{text}{line}\n"), wanted);
    }
    assert_says(
        &SITE.replace("[[site]]", "[site]"),
        "1:1: `site` wants tables and got a table; write [[site]] with two brackets",
    );
    assert_says(
        &SITE.replace("[[site]]", "[[sites]]"),
        "1:1: `sites` wants a text and got a list; write [[site]] for a site, and sites = \"sites.d/*.toml\" for files of them",
    );
}

#[test]
fn a_word_outside_its_list_is_said_with_the_nearest_or_all() {
    assert_says(&site_with("in_front = 'cach'\n"), "5:12: `cach` is no value of `in_front`; write `cache`");
    assert_says(
        &site_with("in_front = 'varnish'\n"),
        "5:12: `varnish` is no value of `in_front`; write `unknown`, `none` or `cache`",
    );
    assert_says(&site_with("privacy.honor = ['gpc', 'dtn']\n"), "5:25: `dtn` is no value of `honor`; write `dnt`");
}

#[test]
fn a_number_is_held_to_its_bounds_in_any_notation() {
    assert_says(
        &site_with("origin_timeout_secs = 0\n"),
        "5:23: `origin_timeout_secs = 0` is out of range; write 1 or more, at most 3600",
    );
    assert_says(
        &site_with("privacy.retention_days = 0xFFFF\n"),
        "5:26: `retention_days = 0xFFFF` is out of range; write 3650 or less, at least 1",
    );
    assert_says(
        &site_with("origin_timeout_secs = 99999999999999999999\n"),
        "5:23: `origin_timeout_secs = 99999999999999999999` is out of range; write 3600 or less, at least 1",
    );
    assert!(
        load_text(&site_with("origin_timeout_secs = 1_000\n")).is_ok(),
        "TOML's own ways to write a number are good"
    );
}

#[test]
fn what_comes_later_is_an_error_that_names_the_version() {
    for (text, place) in [
        (site_with("[[sink]]\nname = 'x'\nkind = 'kafka'\n"), "7:8: `kind = \"kafka\"`"),
        (
            site_with("[[sink]]\nname = 'x'\nkind = 'stdout'\nevents = ['view', 'click']\n"),
            "8:19: `events = \"click\"`",
        ),
        (SITE.replace("http://127.0.0.1:3000", "unix:/run/a"), "4:10: an origin on a unix socket"),
        (site_with("privacy.identity = 'cookie'\n"), "5:20: `identity = \"cookie\"`"),
    ] {
        let said = problems_of(&text).concat();
        assert!(said.starts_with(&format!("inlay.toml:{place} comes with a later version (0.2); ")), "{said}");
    }
}

#[test]
fn what_toml_cannot_read_is_said_once_a_line_and_the_rest_is_still_checked() {
    let said =
        problems_of("[[site]]\nname = shop\nhosts = ['a.example']\norigin = 'http://127.0.0.1:1'\nprefx = '/a'\n");
    assert_eq!(
        said,
        [
            "inlay.toml:2:8: a text stands in quotes; write \"shop\"",
            "inlay.toml:5:1: unknown key `prefx` in [[site]]; write `prefix`"
        ]
    );
    assert_says(&site_with("name = 'b'\n"), "5:1: `name` stands twice; keep one of them");
    for quote in ["'", "\""] {
        assert_says(
            &site_with(&format!("timezone = {quote}UTC\n")),
            &format!("5:16: a text is not closed; write {quote} behind it"),
        );
    }
    assert_says(
        &site_with("timezone = \"UTC\"\rprefix = \"/a\"\n"),
        "5:18: a line ends in a carriage return alone, which TOML does not know; end lines as Unix or Windows does",
    );
    assert_says(
        "[server]\nlisten = ['127.0.0.1:1'\n[[site]]\nname = 'a'\n",
        "3:1: a list that begins above is not closed; write `]` behind its last value",
    );
}

#[test]
fn the_tag_switch_beside_snippets_is_explained() {
    assert_says(
        &site_with("tag = true\n[[site.tag]]\nid = 'x'\nhtml = '<p>'\n"),
        "6:8: `tag` stands twice; TOML gives a key one value: write `tag = true` or [[site.tag]] tables, not both",
    );
    let site = |lines| load_text(&site_with(lines)).expect("a good file").sites[0].clone();
    assert!(!site("tag = false\n").tag, "tag = false switches tagging off");
    let with_snippet = site("[[site.tag]]\nid = 'x'\nhtml = '<p>'\n");
    assert!(with_snippet.tag && with_snippet.tags.len() == 1, "a site with snippets is tagged");
}

#[test]
fn any_text_may_come_from_the_environment() {
    let text = SITE.replace("http://127.0.0.1:3000", "env:ORIGIN").replace("'shop.example'", "'env:HOST'")
        + "in_front = 'env:FRONT'\n";
    let env = [("ORIGIN", "https://a.example"), ("HOST", "b.example"), ("FRONT", "none")];
    let site = load_files(&[("inlay.toml", &text)], &env).expect("a good file").sites[0].clone();
    assert_eq!((site.origin.host.as_str(), site.origin.port, site.in_front), ("a.example", 443, InFront::None));
    assert!(site.owns_host("b.example") && !site.owns_host("shop.example"));
    let said =
        load_files(&[("inlay.toml", &text)], &[("ORIGIN", ""), ("HOST", "b.example")]).expect_err("two are missing");
    assert_eq!(
        said,
        [
            "inlay.toml:4:10: the environment variable ORIGIN is empty; set it, or write the value itself instead of `env:ORIGIN`",
            "inlay.toml:5:12: the environment variable FRONT is not set; set it, or write the value itself instead of `env:FRONT`",
        ]
    );
}

#[test]
fn a_site_without_what_it_needs_is_said_and_a_file_without_sites() {
    let said = problems_of("[[site]]\nname = 'a'\n");
    assert_eq!(
        said,
        [
            "inlay.toml:1:1: [[site]] has no `hosts`; write hosts = [\"shop.example.com\"], or [\"*\"] for every host",
            "inlay.toml:1:1: [[site]] has no `origin`; write origin = \"http://127.0.0.1:3000\"",
        ]
    );
    assert_says(
        "[[site]]\nname = 'a'\nhsots = ['*']\norigin = 'http://127.0.0.1:1'\n",
        "3:1: unknown key `hsots` in [[site]]; write `hosts`",
    );
    assert_says(
        &site_with("[[site.tag]]\nid = 'x'\nhtlm = '<p>'\n"),
        "7:1: unknown key `htlm` in [[site.tag]]; write `html`",
    );
    for text in ["", "site = []\n", "[server]\ndrain_secs = 1\n"] {
        assert_says(text, "1:1: there is no site; write a [[site]] with name, hosts and origin");
    }
}
