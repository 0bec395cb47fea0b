//! `[sink.fields]`, and the secrets of a sink.

use super::sinks::{HTTP, STDOUT, assert_all, load_known, sink};
use super::*;

#[test]
fn what_is_sent_of_an_event_stands_in_a_table_of_its_own() {
    let fields = sink(&format!(
        "{STDOUT}[sink.fields]\ndrop = ['path']\nrename = {{ host = 'site', site = 'host' }}\nhash = ['host']\nhash_key = '0123456789abcdef'\n"
    ))
    .fields;
    let rename = [("host", "site"), ("site", "host")].map(|(from, to)| (from.to_owned(), to.to_owned()));
    let wanted = Fields {
        keep: Vec::new(),
        drop: vec!["path".into()],
        rename: rename.into(),
        hash: vec!["host".into()],
        key: Some("0123456789abcdef".into()),
    };
    assert_eq!(fields, wanted, "two names may be swapped");
    let fields = sink(&format!("{STDOUT}[sink.fields]\nkeep = ['id', 'host']\nrename = {{ host = 'path' }}\n")).fields;
    assert_eq!(fields.keep, ["id", "host"], "`path` is not sent, so that its name is free");
}

#[test]
fn fields_are_known_and_what_is_done_to_them_fits_together() {
    let fields = |lines: &str| format!("{STDOUT}[sink.fields]\n{lines}\n");
    for (lines, wanted) in [
        ("keep = ['hots']", &["9:9: an event has no field `hots`; write `host`"][..]),
        (
            "drop = ['cookie']",
            &[
                "9:9: an event has no field `cookie`; its fields are `v`, `id`, `ts`, `site`, `host`, `path` or `view_id`",
            ],
        ),
        ("drop = ['id']", &["9:9: `id` is sent with every event, as it is; take it out"]),
        ("rename = { v = 'version' }", &["9:12: `v` is sent with every event, as it is; take it out"]),
        (
            "keep = ['host']\ndrop = ['path']",
            &["10:9: [sink.fields] has `keep` and `drop`; write `keep` alone, or `drop` alone"],
        ),
        (
            "drop = ['host']\nrename = { host = 'h' }",
            &["10:12: `host` is in `rename` and is not sent; take it out of `drop`, or take it out here"],
        ),
        (
            "keep = ['path']\nhash = ['host']\nhash_key = '0123456789abcdef'",
            &["10:9: `host` is in `hash` and is not sent; write it in `keep` too, or take it out here"],
        ),
        ("rename = { host = 'path' }", &["9:19: the field `path` is sent under `path` too; write another name"]),
        ("rename = { host = 'id' }", &["9:19: the field `id` is sent under `id` too; write another name"]),
        ("rename = { host = 'x', path = 'x' }", &["9:31: the field `host` is sent under `x` too; write another name"]),
        (
            "rename = { host = 'a b' }",
            &[
                "9:19: `a b` is no name of a field; write 1 to 64 letters, digits and signs of ASCII, without blanks and quotes",
            ],
        ),
        ("hash = ['host']", &["9:9: `hash` has no key; write hash_key = \"env:NAME\" below it"]),
    ] {
        assert_all(&fields(lines), wanted);
    }
    let said = load_known(&site_with(&fields("hash = ['host']\nhash_key = 'short'"))).expect_err("short").concat();
    assert!(said.contains("10:12: `hash_key` has 5 characters, too few for a secret; write `hash_key = "), "{said}");
    let idle = load_known(&site_with(&fields("hash_key = '0123456789abcdef'"))).expect("a good file");
    assert!(idle.warnings.iter().any(|warning| warning.message.contains("nothing to hash")), "{:?}", idle.warnings);
    let unheld = site_with(&fields("keep = ['cookie']"));
    assert!(load_text(&unheld).is_ok(), "nobody said what fields there are");
}

#[test]
fn secrets_do_not_show_in_what_is_printed_of_a_configuration() {
    let config = load_text(&site_with(&format!(
        "{}?token=SECRET_abcdefghij'\nheaders = {{ Authorization = 'SECRET_abcdefghij' }}\nsign = 'SECRET_abcdefghij'\n\
         [sink.fields]\nhash = ['host']\nhash_key = 'SECRET_abcdefghij'\n",
        HTTP.trim_end().trim_end_matches('\'')
    )))
    .expect("a good file");
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("SECRET"), "{shown}");
    assert!(shown.contains("https://collector.example.com") && shown.contains("authorization"), "{shown}");
    for (lines, place) in [
        (format!("{HTTP}sign = 'SECRET'\n"), "9:8"),
        (format!("{HTTP}sign = ['SECRET']\n"), "9:8"),
        (format!("{HTTP}headers = {{ A = ['SECRET'] }}\n"), "9:17"),
        (format!("{HTTP}headers = {{ A = \"SECRET\\n\" }}\n"), "9:17"),
        (format!("{HTTP}sign = 5345435245543131\n"), "9:8"),
        (format!("{STDOUT}[sink.fields]\nhash = ['host']\nhash_key = 'SECRET'\n"), "10:12"),
    ] {
        let said = problems_of(&site_with(&lines)).concat();
        assert!(
            said.starts_with(&format!("inlay.toml:{place}: ")) && !said.contains("SECRET") && !said.contains("5345"),
            "{said}"
        );
    }
}
