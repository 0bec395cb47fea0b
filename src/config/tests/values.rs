//! Step two: what the values mean.

use super::*;

#[test]
fn names_hosts_and_the_rest_are_one_sites_alone_also_across_files() {
    let one = "[[site]]\nname = 'a'\nhosts = ['a.example', '*']\norigin = 'http://127.0.0.1:1'\n";
    let said = load_files(&[("inlay.toml", &format!("sites = 's.d/*.toml'\n{one}")), ("s.d/b.toml", one)], &[]);
    assert_eq!(
        said.expect_err("all of it twice"),
        [
            "s.d/b.toml:2:8: the name `a` is of the site at inlay.toml:3:8 too; write another name",
            "s.d/b.toml:3:10: the host `a.example` stands at inlay.toml:4:10 too; write it once",
            "s.d/b.toml:3:23: \"*\" is of the site `a` too (inlay.toml:4:23), and one site takes the rest; name the hosts of one",
        ]
    );
    let other = SITE.replace("'shop'", "'b'").replace("shop.example", "SHOP.example");
    assert_says(
        &format!("{SITE}{other}"),
        "7:10: the host `shop.example` is of the site `shop` too (inlay.toml:3:10); take it out of one of them",
    );
}

#[test]
fn sites_stand_in_files_of_their_own_in_the_order_of_the_names() {
    let site = |name: &str, more: &str| SITE.replace("shop", name) + more;
    let config = load_files(
        &[
            ("inlay.toml", "sites = 'sites.d/*.toml'\n"),
            ("sites.d/b.toml", &site("b", "")),
            ("sites.d/a.toml", &site("a", "[[site.tag]]\nid = 'x'\nfile = 'snippets/x.html'\n")),
            ("sites.d/snippets/x.html", "<p>x</p>\n"),
            ("sites.d/.hidden.toml", "not read"),
            ("sites.d/old.toml.bak", "not read"),
        ],
        &[],
    );
    let config = config.expect("good files");
    assert_eq!(config.sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(config.sites[0].tags[0].html, "<p>x</p>\n", "a snippet's file is found from the file that names it");
    let said = load_files(
        &[("inlay.toml", "sites = 's.d/*.toml'\n"), ("s.d/a.toml", &format!("log = 'text'\n[server]\n{SITE}"))],
        &[],
    );
    assert_eq!(
        said.expect_err("a server in a file of sites"),
        [
            "s.d/a.toml:1:1: unknown key `log` at the top of the file; it belongs in [server]",
            "s.d/a.toml:2:2: `server` belongs in the main file; a file of `sites` holds [[site]] alone",
        ]
    );
    assert_says(
        "\nsites = './*.tml'\n",
        "2:9: `./*.tml` matches no file, so that no site comes from there; put a file with a [[site]] there, or write another pattern",
    );
    let said = problems_of(&format!("sites = 'missing.toml'\n{SITE}")).concat();
    assert!(
        said.starts_with("inlay.toml:1:9: the file missing.toml of `sites` cannot be read: No such file"),
        "{said}"
    );
    let said = problems_of("sites = 'nowhere.d/*.toml'\n").concat();
    assert!(said.starts_with("inlay.toml:1:9: the folder nowhere.d of `sites` cannot be read: No such file"), "{said}");
}

#[test]
fn a_pattern_that_names_nothing_beside_a_site_is_a_warning() {
    let config = load_text(&format!("sites = '*.tml'\n{SITE}")).expect("there is a site");
    let said: Vec<_> = config.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(matches!(said.as_slice(), [one] if one.starts_with("`*.tml` matches no file")), "{said:?}");
}

#[test]
fn the_data_folder_is_found_whatever_else_is_wrong() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("inlay.toml");
    let folder = |text: &str| {
        fs::write(&path, text).expect("writable");
        data_folder(&path, &|name| (name == "DIR").then(|| "/var/lib/inlay".into())).map_err(|said| said.to_string())
    };
    assert_eq!(folder("[[site]]\norigin = 'env:UNSET'\n"), Ok(place.path().join("data")));
    assert_eq!(folder("[server]\nlisten = 1\ndata = 'inlay.toml/x'\n"), Ok(path.join("x")), "it is not tried");
    assert_eq!(folder("[server]\ndata = 'env:DIR'\n"), Ok("/var/lib/inlay".into()));
    for bad in ["[server]\ndata = 1\n", "[server]\ndata = 'env:UNSET'\n", "server = 1\n", "[server\n"] {
        let said = folder(bad).expect_err(bad);
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_said_to_be_that() {
    use std::os::unix::ffi::OsStringExt;
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("inlay.toml");
    fs::write(&path, site_with("timezone = 'env:ZONE'\n")).expect("writable");
    let said = load(&path, &|_| Some(std::ffi::OsString::from_vec(vec![0xff]))).expect_err("no text").to_string();
    assert!(
        said.ends_with(
            "5:12: the environment variable ZONE is not UTF-8; set it, or write the value itself instead of `env:ZONE`"
        ),
        "{said}"
    );
}

#[test]
fn listeners_are_there_and_none_is_said_twice() {
    let server = |lines: &str| format!("[server]\n{lines}\n{SITE}");
    assert_says(&server("listen = []"), "2:10: `listen` is empty; write an address such as 127.0.0.1:8080");
    assert_says(
        &server("listen = ['127.0.0.1:80', '0.0.0.0:80']"),
        "2:27: `0.0.0.0:80` is taken by 127.0.0.1:80 in `listen`; write another port",
    );
    assert_says(
        &server("admin = '127.0.0.1:8080'"),
        "2:9: `127.0.0.1:8080` is taken by 127.0.0.1:8080 in `listen`; write another port",
    );
    assert_says(
        &server("admin = 'localhost:9180'"),
        "2:9: `localhost:9180` is no address with a port; write 127.0.0.1:9180",
    );
    assert!(
        load_text(&server("listen = ['127.0.0.1:0']\nadmin = '127.0.0.1:0'")).is_ok(),
        "port 0 is another one each time"
    );
}

#[test]
fn every_other_bad_value_is_said_at_its_place() {
    for (line, wanted) in [
        ("timezone = 'Europe/Berln'", "5:12: `Europe/Berln` is no time zone; write Europe/Berlin"),
        ("paths = []", "5:9: `paths` is empty, so that no page is meant; write [\"/**\"] for all pages"),
        ("not_paths = ['a']", "5:14: the pattern `a` does not start with `/`; write a path such as /help/**"),
        ("keep_query = ['a=b']", "5:15: `a=b` is no query key; write the key alone, such as page in ?page=2"),
        (
            "host = 'orign'",
            "5:8: `orign` is no host name with a dot; write `origin`, or a name such as shop.example.com",
        ),
        ("prefix = '_inlay'", "5:10: the prefix `_inlay` does not start with one `/` and end without; write /_inlay"),
    ] {
        assert_says(&site_with(line), wanted);
    }
    assert_says(
        &SITE.replace("'shop'", "'my shop'"),
        "2:8: `my shop` is no name; write 1 to 64 letters, digits, `-`, `_` and `.`",
    );
    assert_says(
        &SITE.replace("['shop.example']", "[]"),
        "3:9: `hosts` is empty; write the site's hosts, or [\"*\"] for every host that no other site has",
    );
}

#[test]
fn a_snippet_has_one_source_and_an_id_of_its_own() {
    let said = problems_of(&site_with(
        "[[site.tag]]\nid = 'x'\nhtml = '<p>'\nfile = 'x'\n[[site.tag]]\nid = 'y'\n[[site.tag]]\nid = 'x'\nhtml = '<p>'\n",
    ));
    assert_eq!(
        said,
        [
            "inlay.toml:8:1: [[site.tag]] has more than one of the keys that exclude each other; write `html` or `file` alone",
            "inlay.toml:9:1: [[site.tag]] has nothing to place; write `html` or `file`",
            "inlay.toml:12:6: the site has a snippet `x` already; write another id",
        ]
    );
}

#[test]
fn what_another_room_finds_in_snippets_is_said_with_everything_else() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("inlay.toml");
    fs::write(&path, site_with("prefx = 1\n[[site.tag]]\nid = 'x y'\nhtml = '<p>'\n")).expect("writable");
    let nothing_is_good = |tags: &[OwnerTag]| tags.iter().map(|tag| Problem::new(tag.at.clone(), "is bad")).collect();
    let said = load_with(&path, &|_| None, Checks { snippets: &nothing_is_good, ..Checks::default() })
        .expect_err("three problems");
    let places: Vec<_> = said.iter().filter_map(|problem| problem.at.position).map(|at| (at.line, at.column)).collect();
    assert_eq!(places, [(5, 1), (7, 6), (8, 9)], "the key, the id, and what the other room says at `html`");
}

#[test]
fn a_snippets_rules_are_read_and_each_bad_one_is_said() {
    let rules = "[[site.tag]]\nid = 'x'\nhtml = '<p>'\nvia = 'page'\npercent = 5\npurpose = 'functional'\n\
        when = { query = { preview = '*' }, cookie = { plan = 'pro' }, status = [404] }\n\
        needs = { script = ['https://a.test'], connect = ['wss://a.test'] }\n";
    let site = load_text(&site_with(rules)).expect("a good file").sites[0].clone();
    let tag = &site.tags[0];
    let condition = |name: &str, value: Option<&str>| Condition { name: name.into(), value: value.map(Into::into) };
    assert_eq!((tag.via, tag.percent, tag.purpose), (Via::Page, 5, Purpose::Functional));
    assert_eq!(tag.when.query, [condition("preview", None)], "a star is any value");
    assert_eq!((&tag.when.cookie[..], &tag.when.status[..]), (&[condition("plan", Some("pro"))][..], &[404][..]));
    assert_eq!(
        (&tag.needs.script[..], &tag.needs.connect[..]),
        (&["https://a.test".into()][..], &["wss://a.test".into()][..])
    );

    let tag_with = |line: &str| site_with(&format!("[[site.tag]]\nid = 'x'\nhtml = '<img src=a>'\n{line}\n"));
    assert_says(&tag_with("when.status = [500]"), "8:16: pages with status 500 are not tagged; write 200, 404 or 410");
    assert_says(
        &tag_with("via = 'script'\nwhen.status = [404]"),
        "9:16: a browser's script does not learn the page's status; take `status` out, or write via = \"page\"",
    );
    assert_says(
        &tag_with("when.query = { 'a=b' = '*' }"),
        "8:16: `a=b` is no name; write it alone, such as { preview = \"1\" }",
    );
    for (source, said) in [
        ("*", "`*` would allow every address there is"),
        ("'unsafe-inline'", "`'unsafe-inline'` is no source of a policy"),
        ("a b", "`a b` is no source of a policy"),
    ] {
        let instead = "write a source such as https://chat.example.net, or data:";
        assert_says(&tag_with(&format!("needs.script = [\"{source}\"]")), &format!("8:17: {said}; {instead}"));
    }
    assert_says(&tag_with("percent = 101"), "8:11: `percent = 101` is out of range; write 100 or less, at least 0");
}

#[test]
fn a_byte_of_a_snippet_has_its_place_in_the_file_it_is_written_in() {
    let place = |html: &str, byte: usize| {
        let text = site_with(&format!("[[site.tag]]\nid = 'x'\nhtml = {html}\n"));
        let config = load_text(&text).unwrap_or_else(|said| panic!("{said:?}"));
        config.sites[0].tags[0].at_byte(byte).map(|at| at.position.map(|at| (at.line, at.column)).expect("a place"))
    };
    assert_eq!(place("'<p>a'", 3), Some((7, 12)), "in one line");
    assert_eq!(place("\"<p>a\"", 0), Some((7, 9)), "in quotes without escapes");
    assert_eq!(place("\'\'\'\n<p>\n<b>\'\'\'", 4), Some((9, 1)), "in the second line of several");
    assert_eq!(place("\"<p>\\n<b>\"", 4), None, "with escapes there is no place");
}
