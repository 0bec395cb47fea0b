//! Whole files, read as `inlay check` reads them.

use std::fs;
use std::path::Path;

use super::*;

mod fields;
mod keys;
mod sinks;
mod values;

/// A folder with these files, read with this environment.
fn load_files(files: &[(&str, &str)], env: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let place = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
    let env = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
    let folder = format!("{}/", place.path().display());
    load(&place.path().join("inlay.toml"), &env)
        .map_err(|problems| problems.iter().map(|problem| problem.to_string().replace(&folder, "")).collect())
}

fn load_text(text: &str) -> Result<Config, Vec<String>> {
    load_files(&[("inlay.toml", text)], &[])
}

/// The reference of every key.
const REFERENCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/inlay.toml"));

/// A site that is right, for tests of something else.
const SITE: &str = "[[site]]\nname = 'shop'\nhosts = ['shop.example']\norigin = 'http://127.0.0.1:3000'\n";

fn problems_of(text: &str) -> Vec<String> {
    load_text(text).expect_err("this file has a problem")
}

/// The one problem of a file, with the file's name taken off.
#[track_caller]
fn assert_says(text: &str, wanted: &str) {
    let said = problems_of(text);
    assert_eq!(said, [format!("inlay.toml:{wanted}")], "in\n{text}");
}

fn site_with(lines: &str) -> String {
    format!("{SITE}{lines}")
}

#[test]
fn a_site_needs_a_name_hosts_and_an_origin_and_all_else_has_the_reference_files_values() {
    let short = load_text(&SITE.replace("'shop.example'", "'shop.example.com'")).expect("a good file");
    let reference = load_text(REFERENCE).expect("the reference is a good file");
    let folderless = |config: &Config| {
        let mut config = config.clone();
        config.server.data = config.server.data.file_name().map(Into::into).expect("a folder");
        format!("{config:#?}")
    };
    assert_eq!(
        folderless(&short),
        folderless(&reference),
        "config/inlay.toml says other defaults than the program has"
    );
}

#[test]
fn a_file_with_nine_mistakes_has_nine_problems_each_with_its_place_and_what_to_write() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/nine-mistakes.toml"));
    let said = load(path, &|_| None).expect_err("nine mistakes");
    let said: Vec<_> =
        said.iter().map(|problem| problem.to_string().replace(&format!("{}:", path.display()), "")).collect();
    let wanted = [
        ("4:1: ", "write `listen`"),
        ("5:8: ", "cannot be written: Not a directory"),
        ("6:14: ", "write drain_secs = 30 without quotes"),
        ("11:10: ", "INLAY_TEST_UNSET is not set; set it"),
        ("12:12: ", "write `cache`"),
        ("15:18: ", "write 3650 or less"),
        ("19:8: ", "write &#xFC;"),
        ("23:10: ", "is of the site `shop` too"),
        ("28:8: ", "comes with a later version (0.2); write `file`, `http` or `stdout`"),
    ];
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (line, (start, part)) in said.iter().zip(wanted) {
        assert!(line.starts_with(start) && line.contains(part), "{line}\nwanted {start}...{part}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_said_by_its_name() {
    let said = load(Path::new("nowhere/inlay.toml"), &|_| None).expect_err("no such file").to_string();
    assert!(said.starts_with("nowhere/inlay.toml: cannot be read: No such file"), "{said}");
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("inlay.toml");
    fs::write(&path, b"[server]\n# \xff\n").expect("writable");
    let said = load(&path, &|_| None).expect_err("not UTF-8").to_string();
    assert!(said.ends_with("inlay.toml:2:3: this is not UTF-8; save the file as UTF-8"), "{said}");
}

#[test]
fn every_key_stands_in_the_reference_file() {
    for key in schema::Node::all_keys() {
        let stands = REFERENCE.lines().map(|line| line.trim_start_matches(['#', ' ', '['])).any(|line| {
            line.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', ']']))
                || ["site", "sink", "site.tag"].iter().any(|table| line.starts_with(&format!("{table}.{key}]")))
        });
        assert!(stands, "config/inlay.toml does not name `{key}`");
    }
}

proptest::proptest! {
    /// Whatever is cut out of or put into a good file: it is read or refused with problems, never a panic.
    #[test]
    fn no_text_makes_it_panic(from in 0f64..1.0, len in 0usize..40, put in "[a-z\\[\\]='\"\n{}ü,.]{0,6}") {
        let mut text: Vec<char> = (REFERENCE.to_owned() + &sinks::reference()).chars().collect();
        let from = (from * text.len() as f64) as usize;
        let to = (from + len).min(text.len());
        text.splice(from..to, put.chars());
        let text: String = text.into_iter().collect();
        if let Err(said) = load_text(&text) {
            proptest::prop_assert!(!said.is_empty() && said.iter().all(|line| !line.contains('\n')), "{:?}", said);
        }
    }
}
