//! Configuration files that others copy from, and the documents that name keys and words: held against the program.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use inlay::config;
use inlay::inject::Reason;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What examples ask of the environment.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("NEWS_ORIGIN", "http://10.0.0.5:3000"),
    ("HOOK_AUTH", "Bearer 8f2d6c1e"),
    ("HOOK_SECRET", "a secret of the tests' own"),
    ("HASH_KEY", "a key of the tests' own"),
];

fn env(name: &str) -> Option<OsString> {
    ENVIRONMENT.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
}

/// All files under the folder with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let nested = entries.flat_map(|path| if path.is_dir() { files(&path, extension) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// The tree of files, copied: an example's folder of data is not to be tried in the repository.
fn copied(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("a folder");
    for path in ["toml", "html"].iter().flat_map(|extension| files(from, extension)) {
        let target = to.path().join(path.strip_prefix(from).expect("below the folder"));
        fs::create_dir_all(target.parent().expect("a file has a folder")).expect("writable");
        fs::copy(&path, target).expect("writable");
    }
    to
}

#[test]
fn every_example_is_a_good_configuration() {
    let examples = copied(&Path::new(ROOT).join("examples"));
    let read = files(examples.path(), "toml").into_iter();
    let (parts, whole): (Vec<_>, Vec<_>) =
        read.partition(|path| path.components().any(|part| part.as_os_str() == "sites.d"));
    assert!(whole.len() >= 4 && parts.len() >= 2, "the examples are found");
    for path in &whole {
        let config = config::load(path, &env).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(!config.sites.is_empty(), "{} has a site", path.display());
    }
    let many = config::load(&examples.path().join("many-sites/inlay.toml"), &env).expect("a good example");
    let names: Vec<_> = many.sites.iter().map(|site| site.name.as_str()).collect();
    assert_eq!(names, ["blog", "docs", "rest"], "the sites of sites.d, in the order of the files");
}

#[test]
fn every_example_is_listed() {
    let listed = fs::read_to_string(Path::new(ROOT).join("examples/README.md")).expect("a list");
    for path in files(&Path::new(ROOT).join("examples"), "toml") {
        let name = path.strip_prefix(Path::new(ROOT).join("examples")).expect("an example").display().to_string();
        assert!(listed.contains(&name) || name.contains("sites.d/"), "examples/README.md does not list {name}");
    }
}

/// The words between backquotes that begin a row of a table.
fn first_columns(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

#[test]
fn the_reference_names_every_key_and_every_reason() {
    let reference = fs::read_to_string(Path::new(ROOT).join("docs/reference.md")).expect("a reference");
    let named = first_columns(&reference);
    let schema = fs::read_to_string(Path::new(ROOT).join("config/schema.json")).expect("a schema");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    for table in ["Server", "Site", "Privacy", "Snippet", "When", "Needs", "Sink", "Fields"] {
        let keys = schema["$defs"][table]["properties"].as_object().expect("a table has keys");
        for key in keys.keys().filter(|key| !matches!(key.as_str(), "privacy" | "fields" | "when" | "needs")) {
            assert!(named.contains(key.as_str()), "docs/reference.md does not explain `{key}` of {table}");
        }
    }
    for reason in Reason::ALL {
        assert!(named.contains(reason.word()), "docs/reference.md does not explain `{}`", reason.word());
    }
}

/// The program itself, with what examples ask for in its environment and nothing else.
fn inlay(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inlay"));
    command.args(arguments).current_dir(folder).env_clear().envs(ENVIRONMENT);
    command.output().expect("the program starts")
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
}

#[test]
fn check_says_each_of_nine_mistakes_in_a_line_and_run_refuses_the_file_in_the_same_words() {
    let folder = Path::new(ROOT).join("tests/data");
    let check = inlay(&["check", "--config", "nine-mistakes.toml"], &folder);
    let said = lines(&check.stderr);
    assert_eq!((check.status.code(), said.len()), (Some(2), 9), "{said:#?}");
    for line in &said {
        let place: Vec<_> = line.splitn(4, ':').collect();
        assert!(
            place[0] == "nine-mistakes.toml" && place[1].parse::<u32>().is_ok() && place[2].parse::<u32>().is_ok(),
            "{line}"
        );
        assert!(place[3].contains("; "), "it is said what to write instead: {line}");
    }
    assert!(check.stdout.is_empty(), "problems are said on the standard error alone");
    let run = inlay(&["run", "--config", "nine-mistakes.toml"], &folder);
    assert_eq!((run.status.code(), lines(&run.stderr)), (Some(2), said));
}

#[test]
fn check_sums_up_every_example_and_ends_with_0() {
    let examples = copied(&Path::new(ROOT).join("examples"));
    let sinks = ["sink-file.toml", "sink-http.toml", "sink-stdout.toml"];
    for file in
        ["shop.toml", "behind-nginx.toml", "behind-cache.toml", "many-sites/inlay.toml"].into_iter().chain(sinks)
    {
        let check = inlay(&["check", "--config", file], examples.path());
        let said = lines(&check.stdout);
        assert_eq!((check.status.code(), lines(&check.stderr)), (Some(0), Vec::new()), "{file}");
        assert!(said.first().is_some_and(|line| *line == format!("{file} is right.")), "{said:#?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_said_at_the_key_that_names_it() {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("inlay.toml"), "\nsites = 'missing.toml'\n").expect("writable");
    let said = lines(&inlay(&["check", "--config", "inlay.toml"], place.path()).stderr);
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(said[0].starts_with("inlay.toml:2:9: the file missing.toml of `sites` cannot be read: "), "{said:#?}");
}

/// A folder of commands that are all there is: a make-believe one for each name, which runs these lines.
fn commands(scripts: &[(&str, &str)]) -> tempfile::TempDir {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    for real in ["bash", "env", "sed", "sort", "head", "id"] {
        let found = ["/usr/bin", "/bin"].iter().map(|bin| Path::new(bin).join(real)).find(|path| path.exists());
        symlink(found.expect("a Debian machine has it"), folder.path().join(real)).expect("writable");
    }
    for (name, lines) in scripts {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/bash\n{lines}\n")).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("writable");
    }
    folder
}

/// A script of tools/, with nothing but these commands.
fn tool(script: &str, arguments: &[&str], commands: &tempfile::TempDir) -> Output {
    let mut command = Command::new(Path::new(ROOT).join("tools").join(script));
    command.args(arguments).env_clear().env("PATH", commands.path()).output().expect("the script starts")
}

#[test]
fn a_machine_without_a_new_enough_rust_is_told_which_is_needed() {
    let version = |version: &str| format!("[ \"$1\" = --version ] && echo 'cargo {version} (abc 2026-01-01)'");
    for (found, good) in
        [("1.85.1", false), ("1.9.0", false), ("1.95.0", true), ("1.100.0-nightly", true), ("2.0.0", true)]
    {
        let commands = commands(&[("cargo", &version(found))]);
        let ended = tool("need-rust.sh", &["1.95"], &commands);
        assert_eq!(ended.status.success(), good, "{found}: {:?}", lines(&ended.stderr));
        assert!(good || lines(&ended.stderr).concat().starts_with("Rust 1.95 or newer is needed"), "{found}");
    }
    let none = tool("need-rust.sh", &["1.95"], &commands(&[]));
    assert!(!none.status.success() && lines(&none.stderr).concat().contains("Rust 1.95 or newer is needed"));
    let no_clippy = format!("[ \"$1\" = clippy ] && exit 1; {}; exit 0", version("1.95.0"));
    let bare = tool("need-rust.sh", &["1.95", "rustfmt", "clippy"], &commands(&[("cargo", &no_clippy)]));
    assert_eq!(
        lines(&bare.stderr).concat(),
        "clippy is needed: rustup component add clippy, or your distribution's package of that name."
    );
}

#[test]
fn a_compiler_is_installed_with_the_headers_of_c() {
    let commands = commands(&[("apt-get", "exit 0"), ("cmake", ""), ("sudo", "exec \"$@\"")]);
    let ended = tool("need.sh", &["to build", "cmake:cmake", "cc:gcc,libc6-dev"], &commands);
    let said = lines(&ended.stdout);
    assert!(ended.status.success(), "{:?}", lines(&ended.stderr));
    assert_eq!(said.first().map(String::as_str), Some("Missing: gcc libc6-dev (needed to build)."));
}

#[test]
fn a_bad_flag_of_proxy_is_refused_with_2_and_its_name() {
    let place = tempfile::tempdir().expect("a folder");
    let proxy = inlay(&["proxy", "127.0.0.1:3000", "--listen", "80"], place.path());
    assert_eq!(proxy.status.code(), Some(2));
    let said = lines(&proxy.stderr);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].starts_with("--listen: ") && said[1].starts_with("ORIGIN_URL: "), "{said:#?}");
}

#[test]
fn a_snippet_that_leaves_something_open_is_said_at_its_place_beside_all_else() {
    let place = tempfile::tempdir().expect("a folder");
    let file = "[[site]]\nname = 'a'\nhosts = ['a.example']\norigin = 'http://127.0.0.1:1'\nprefx = '/b'\n\
                [[site.tag]]\nid = 'x'\nhtml = '<script>run()'\n";
    fs::write(place.path().join("inlay.toml"), file).expect("writable");
    let said = lines(&inlay(&["check", "--config", "inlay.toml"], place.path()).stderr);
    let starts = ["inlay.toml:5:1: unknown key `prefx`", "inlay.toml:8:9: the snippet "];
    assert_eq!(said.len(), starts.len(), "{said:#?}");
    assert!(said.iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{said:#?}");
}
