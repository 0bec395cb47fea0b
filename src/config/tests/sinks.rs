//! `[[sink]]`: what it means, and every sentence about it.

use std::time::Duration;

use super::*;

pub(super) const FILE: &str = "[[sink]]\nname = 'archive'\nkind = 'file'\npath = 'events'\n";
pub(super) const HTTP: &str = "[[sink]]\nname = 'hook'\nkind = 'http'\nurl = 'https://collector.example.com/in'\n";
pub(super) const STDOUT: &str = "[[sink]]\nname = 'console'\nkind = 'stdout'\n";
/// An event as another room might know it.
const FIELDS: &[&str] = &["v", "id", "ts", "site", "host", "path", "view_id"];

pub(super) fn load_known(text: &str) -> Result<Config, Vec<String>> {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("inlay.toml");
    fs::write(&path, text).expect("writable");
    let folder = format!("{}/", place.path().display());
    load_with(&path, &|_| None, Checks { event_fields: Some(FIELDS), ..Checks::default() })
        .map_err(|problems| problems.iter().map(|problem| problem.to_string().replace(&folder, "")).collect())
}

/// The problems of a file with a site in its first four lines and this behind it.
#[track_caller]
pub(super) fn assert_all(lines: &str, wanted: &[&str]) {
    let said = load_known(&site_with(lines)).expect_err("this file has problems");
    let wanted: Vec<_> = wanted.iter().map(|line| format!("inlay.toml:{line}")).collect();
    assert_eq!(said, wanted, "in\n{lines}");
}

/// The sinks of the reference, which stand there as comments.
pub(super) fn reference() -> String {
    let block = REFERENCE.split_once("# [[sink]]").expect("sinks in the reference").1;
    let lines = block.lines().map(|line| line.strip_prefix("# ").unwrap_or_default());
    ["[[sink]]"].into_iter().chain(lines).map(|line| format!("{line}\n")).collect()
}

#[track_caller]
pub(super) fn sink(lines: &str) -> Sink {
    let config = load_known(&site_with(lines)).unwrap_or_else(|said| panic!("{said:#?}\nin\n{lines}"));
    config.sinks[0].as_ref().clone()
}

#[test]
fn the_reference_files_sinks_have_the_programs_defaults() {
    let whole = load_text(&site_with(&reference())).expect("the reference's sinks are right");
    let short = load_text(&site_with(&format!("{FILE}{HTTP}{STDOUT}"))).expect("short sinks");
    let shown = |config: &Config| {
        let folder = config.server.data.parent().expect("a folder").display().to_string();
        format!("{:#?}", config.sinks).replace(&folder, "")
    };
    assert_eq!(whole.sinks.len(), 3, "all kinds");
    assert_eq!(shown(&short), shown(&whole), "config/inlay.toml says other defaults than the program has");
}

#[test]
fn every_key_of_a_sink_is_taken_up() {
    let common = "sites = ['shop']\nevents = ['view']\nfrom = '2026-11-01'\nbatch_events = 2\nbatch_bytes = 3000\n\
                  batch_secs = 4\nretry_secs = 5\nhold_bytes = 1_048_577\n";
    let file = sink(&format!("{FILE}{common}rotate_bytes = 6000\nrotate_secs = 7\ngzip = false\n"));
    assert_eq!((file.name.as_str(), file.sites, file.events), ("archive", vec!["shop".into()], vec![EventKind::View]));
    assert_eq!(file.begin, Begin::At(1_793_491_200_000), "midnight in UTC");
    assert_eq!(file.batch, BatchLimits { events: 2, bytes: 3000, wait: Duration::from_secs(4) });
    assert_eq!((file.retry_most, file.hold_bytes), (Duration::from_secs(5), 1_048_577));
    let Backend::File(files) = file.backend else { panic!("a file sink") };
    assert_eq!((files.rotation, files.gzip), (Rotation { bytes: 6000, after: Duration::from_secs(7) }, false));
    assert!(files.folder.is_absolute() && files.folder.ends_with("events"), "{}", files.folder.display());
    let http = sink(&format!(
        "{HTTP}headers = {{ X-B = '2', Authorization = 'Bearer x' }}\nsign = '0123456789abcdef'\ngzip = true\ntimeout_secs = 9\n"
    ));
    let Backend::Http(http) = http.backend else { panic!("an http sink") };
    let headers: Vec<_> =
        http.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text"))).collect();
    assert_eq!(headers, [("x-b", "2"), ("authorization", "Bearer x")], "in the order of the file");
    assert_eq!(
        (http.url.as_str(), http.sign.as_deref()),
        ("https://collector.example.com/in", Some("0123456789abcdef"))
    );
    assert_eq!((http.gzip, http.timeout), (true, Duration::from_secs(9)));
}

#[test]
fn a_sink_has_a_name_and_a_kind_of_its_own() {
    assert_all(
        "[[sink]]\n[[sink]]\nname = 'my sink'\nkind = 'htp'\n",
        &[
            "5:1: [[sink]] has no `kind`; write kind = \"file\"",
            "5:1: [[sink]] has no `name`; write name = \"archive\"",
            "7:8: `my sink` is no name; write 1 to 64 letters, digits, `-`, `_` and `.`",
            "8:8: `htp` is no value of `kind`; write `http`",
        ],
    );
    assert_all(
        &format!("{FILE}{}", STDOUT.replace("console", "archive")),
        &["10:8: the name `archive` is of the sink at inlay.toml:6:8 too; write another name"],
    );
    for kind in ["clickhouse", "kafka", "s3", "postgres", "nats"] {
        assert_all(
            &STDOUT.replace("stdout", kind),
            &[&format!("7:8: `kind = \"{kind}\"` comes with a later version (0.2); write `file`, `http` or `stdout`")],
        );
    }
}

#[test]
fn a_sink_names_sites_that_there_are() {
    assert_all(&format!("{STDOUT}sites = ['shop', 'shp']\n"), &["8:18: no site has the name `shp`; write `shop`"]);
    assert_all(&format!("{STDOUT}sites = ['blog']\n"), &["8:10: no site has the name `blog`; write `shop`"]);
    let unread = format!("{}{STDOUT}sites = ['shop']\n", SITE.replace("'shop'", "'my shop'"));
    let said = problems_of(&unread);
    assert!(matches!(said.as_slice(), [one] if one.contains("`my shop` is no name")), "only what is known: {said:?}");
    let more = SITE.replace("'shop'", "'blog'").replace("shop.example", "blog.example");
    let files = [("inlay.toml", format!("sites = 's.d/*.toml'\n{STDOUT}sites = ['blog']\n")), ("s.d/a.toml", more)];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    assert!(load_files(&files, &[]).is_ok(), "sites of other files too");
}

#[test]
fn keys_of_another_kind_are_said_with_the_kind_that_has_them() {
    assert_all(
        &format!("{FILE}url = 'https://a.example'\nheaders = {{ A = 'b' }}\nsign = 'x'\ntimeout_secs = 1\n"),
        &[
            "9:7: `url` belongs to kind = `http`, and this sink is of kind `file`; take it out, or write the other kind",
            "10:11: `headers` belongs to kind = `http`, and this sink is of kind `file`; take it out, or write the other kind",
            "11:8: `sign` belongs to kind = `http`, and this sink is of kind `file`; take it out, or write the other kind",
            "12:16: `timeout_secs` belongs to kind = `http`, and this sink is of kind `file`; take it out, or write the other kind",
        ],
    );
    assert_all(
        &format!("{STDOUT}gzip = true\nrotate_secs = 1\n"),
        &[
            "8:8: `gzip` belongs to kind = `file` or `http`, and this sink is of kind `stdout`; take it out, or write the other kind",
            "9:15: `rotate_secs` belongs to kind = `file`, and this sink is of kind `stdout`; take it out, or write the other kind",
        ],
    );
    assert_all(
        "[[sink]]\nname = 'a'\nkind = 'file'\n[[sink]]\nname = 'b'\nkind = 'http'\n",
        &[
            "7:8: [[sink]] of kind `file` has no `path`; write path = \"events\"",
            "10:8: [[sink]] of kind `http` has no `url`; write url = \"https://collector.example.com/in\"",
        ],
    );
}

#[test]
fn no_two_sinks_write_to_one_place() {
    let other = |path: &str| format!("{FILE}{}", FILE.replace("archive", "b").replace("events", path));
    for path in ["events", "./events/", "x/../events"] {
        assert_all(
            &other(path),
            &["12:8: this is the folder of the sink `archive` too (inlay.toml:8:8); write one of its own"],
        );
    }
    assert!(load_known(&site_with(&other("events/b"))).is_ok(), "a folder in it is another one");
    assert_all(
        &format!("{STDOUT}{}", STDOUT.replace("console", "b")),
        &["10:8: standard output is of the sink `console` too (inlay.toml:7:8); write one of its own"],
    );
    assert_all(
        &FILE.replace("events", "x/../data"),
        &["8:8: this is the folder of the ledger (`data`); write a folder of the sink's own"],
    );
    assert_all(&FILE.replace("events", ""), &["8:8: the sink's folder has no name; write path = \"events\""]);
    let said = load_known(&site_with(&FILE.replace("events", "inlay.toml/events"))).expect_err("below a file").concat();
    assert!(said.contains("8:8: the folder inlay.toml/events cannot be written: Not a directory"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_link_to_another_sinks_folder_is_that_folder() {
    let place = tempfile::tempdir().expect("a folder");
    fs::create_dir(place.path().join("events")).expect("writable");
    std::os::unix::fs::symlink("events", place.path().join("link")).expect("writable");
    let path = place.path().join("inlay.toml");
    let other = FILE.replace("archive", "b").replace("events", "link/x/..");
    fs::write(&path, site_with(&format!("{FILE}{other}"))).expect("writable");
    let said = load(&path, &|_| None).expect_err("one folder by two names").to_string();
    assert!(said.contains(":12:8: this is the folder of the sink `archive` too"), "{said}");
}

#[test]
fn headers_are_valid_once_and_not_inlays_own() {
    assert_all(
        &format!("{HTTP}headers = {{ \"a b\" = 'x', Content-Type = 'x', A = '1', a = '2', B = 3, C = 'ü' }}\n"),
        &[
            "9:13: `a b` is no name of a header; write one such as Authorization",
            "9:26: Inlay sets the header `Content-Type` itself; take it out",
            "9:55: the header `a` stands twice; write it once",
            "9:68: `B` wants a text and got a number; write it in quotes",
            "9:75: the value of the header has a character beyond ASCII in it; write printable ASCII in one line",
        ],
    );
    assert_all(
        &format!("{HTTP}headers = ['A: b']\n"),
        &["9:11: `headers` wants a table of texts and got a list; write headers = { NAME = \"...\" }"],
    );
    let with_table = sink(&format!("{HTTP}[sink.headers]\nAuthorization = 'x'\n"));
    assert!(matches!(with_table.backend, Backend::Http(http) if http.headers.len() == 1), "as a table of its own too");
}

#[test]
fn a_plain_address_beyond_this_machine_is_warned_of() {
    let warnings = |url: &str| {
        let text = site_with(&HTTP.replace("https://collector.example.com/in", url));
        let warnings = load_text(&text).expect("a good file").warnings;
        warnings
            .into_iter()
            .map(|warning| (warning.at.position.map(|at| (at.line, at.column)), warning.message))
            .collect::<Vec<_>>()
    };
    let said = warnings("http://collector.example.com/in");
    assert!(matches!(said.as_slice(), [(Some((8, 7)), message)] if message.contains("in the clear")), "{said:?}");
    assert_eq!(warnings("http://127.0.0.1:9000/in"), [], "nobody is on the way");
}

#[test]
fn a_sink_stands_in_the_main_file_and_its_keys_do_not_draw_those_of_a_site_away() {
    let files = [("inlay.toml", "sites = 's.toml'\n".to_owned()), ("s.toml", site_with(STDOUT))];
    let said = load_files(&files.each_ref().map(|(name, text)| (*name, text.as_str())), &[]).expect_err("a sink there");
    assert_eq!(said, ["s.toml:5:3: `sink` belongs in the main file; a file of `sites` holds [[site]] alone"]);
    assert_says(&site_with("path = ['/a']\n"), "5:1: unknown key `path` in [[site]]; write `paths`");
    assert_says(&site_with("url = 'x'\n"), "5:1: unknown key `url` in [[site]]; it belongs in [[sink]]");
    assert_all(
        &format!("{STDOUT}batch_event = 1\nhash = []\n"),
        &[
            "8:1: unknown key `batch_event` in [[sink]]; write `batch_events`",
            "9:1: unknown key `hash` in [[sink]]; it belongs in [sink.fields]",
        ],
    );
}

#[test]
fn names_and_kinds_are_found_whatever_secrets_are_missing_and_whatever_else_is_wrong() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("inlay.toml");
    let wrong = "[server]\nlissten = 3\n[[site]]\nname = 'a b'\n";
    let hook = "[[sink]]\nkind = 'http'\nname = 'env:NAME'\nheaders = { A = 'env:UNSET' }\nbatch_event = 0\n";
    fs::write(&path, format!("{wrong}{FILE}{hook}")).expect("writable");
    let names = |env: crate::config::Env<'_>| crate::config::sink_names(&path, env).map_err(|said| said.to_string());
    let found = names(&|name| (name == "NAME").then(|| "hook".into()));
    assert_eq!(found, Ok(vec![("archive".to_owned(), "file"), ("hook".to_owned(), "http")]));
    let said = names(&|_| None).expect_err("a name is needed");
    assert!(said.contains("the environment variable NAME is not set") && said.lines().count() == 1, "{said}");
}
