//! The table of rooms in `src/lib.rs` is held against what the rooms import: each other, and libraries that are one room's
//! business. It works on the text of `src`, without its comments; a planted import is found.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::source::without_comments;

/// Libraries that few rooms may name; crates whose names go on with `_` belong to them.
const LIBRARIES: [(&str, &[&str]); 4] = [
    ("pingora", &["proxy", "app"]),
    ("lol_html", &["inject"]),
    ("rusqlite", &["ledger", "stats"]),
    ("ureq", &["sink"]),
];

/// The rooms from top to bottom, each with the one line that declares it.
struct Rooms(Vec<String>);

/// A source file: its path under `src`, and its code.
struct Source<'a> {
    path: &'a str,
    code: String,
}

impl Rooms {
    /// The first column of the table in the crate's documentation.
    fn read(lib: &str) -> Rooms {
        let cell = |line: &str| line.strip_prefix("//! | `")?.split_once("` |").map(|(room, _)| room.to_owned());
        Rooms(lib.lines().filter_map(cell).collect())
    }

    fn place(&self, room: &str) -> Option<usize> {
        self.0.iter().position(|known| known == room)
    }

    /// What a file does against the table, a line each.
    fn breaches(&self, path: &str, text: &str) -> Vec<String> {
        let source = Source { path, code: without_comments(text) };
        let mut found = Vec::new();
        if !text.starts_with("//!") {
            found.push(format!("{path}: does not say in its first line, after `//!`, what it owns"));
        }
        if let Some(own) = self.place(source.room()) {
            found.extend(source.rooms_named().into_iter().filter_map(|(line, from, named)| {
                let why = match self.place(&named) {
                    Some(place) if place <= own => return None,
                    Some(_) => format!("`{}` stands above `{named}` in the table of rooms", source.room()),
                    // A module within a file is nearer to its room than its path tells.
                    None if from == "super" && !matches!(&*named, "" | "self" | "as") => return None,
                    None => format!("`crate::{named}` names no room; a room is named by its own path"),
                };
                Some(format!("{path}:{line}: {why}"))
            }));
        }
        for (library, allowed) in LIBRARIES {
            if !allowed.contains(&source.room()) {
                let named = source.library_named(library).into_iter();
                found.extend(named.map(|line| format!("{path}:{line}: `{library}` is the business of {allowed:?}")));
            }
        }
        found
    }
}

impl Source<'_> {
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// How far the crate's root is: `inject/mod.rs` is one `super` away from it, `inject/csp.rs` two.
    fn depth(&self) -> usize {
        self.path.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").count()
    }

    /// What the code names behind `crate::`, or behind enough `super::` to stand in the root; with lines, and which it was.
    fn rooms_named(&self) -> Vec<(usize, &str, String)> {
        let mut named = Vec::new();
        for (at, word) in words(&self.code) {
            let before = self.code[..at].trim_end();
            let from_root = match word {
                "crate" => self.code[at..].strip_prefix("crate::").or_else(|| self.renamed(at + "crate".len())),
                "super" if !before.ends_with("super::") => self.above(at),
                _ => None,
            };
            let first = from_root.map(first_names).unwrap_or_default();
            named.extend(first.into_iter().map(|name| (self.line(at), word, name)));
        }
        named
    }

    /// What stands behind `super::super::` when so many leave the room. From a module within a file everything may be taken:
    /// that is nearer to its room than its path tells.
    fn above(&self, at: usize) -> Option<&str> {
        let mut rest = &self.code[at..];
        let mut steps = 0;
        while let Some(next) = rest.strip_prefix("super::") {
            (rest, steps) = (next, steps + 1);
        }
        if rest.starts_with("super") && steps + 1 == self.depth() && !self.is_within_module(at) {
            return self.renamed(self.code.len() - rest.len() + "super".len());
        }
        let everything = rest.starts_with('*') || rest.starts_with("{self");
        (steps >= self.depth() && !(everything && self.is_within_module(at))).then_some(rest)
    }

    /// `as NAME` behind the root: what is named by it later is not seen, so the name itself is.
    fn renamed(&self, end: usize) -> Option<&str> {
        let behind = self.code[end..].trim_start();
        behind.starts_with("as ").then_some(behind)
    }

    /// Whether a `mod name {` of this file is open here. As rustfmt writes it: its `}` stands below its `mod`.
    fn is_within_module(&self, at: usize) -> bool {
        let mut open: Vec<usize> = Vec::new();
        for line in self.code[..at].lines() {
            let text = line.trim_start();
            let indent = line.len() - text.len();
            if text == "}" && open.last() == Some(&indent) {
                open.pop();
            }
            if text.ends_with('{') && (text.starts_with("mod ") || text.contains(" mod ")) {
                open.push(indent);
            }
        }
        // A module that is written on one line.
        let line = self.code[..at].lines().last().unwrap_or_default();
        !open.is_empty() || line.contains("mod ") && line.contains('{')
    }

    /// Lines that use a library, or one of its family, by a path or a `use`.
    fn library_named(&self, library: &str) -> Vec<usize> {
        let used = |(at, word): &(usize, &str)| {
            let family = word.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
            let behind = self.code[at + word.len()..].trim_start();
            family && ["::", ";", "as "].iter().any(|sign| behind.starts_with(sign))
        };
        words(&self.code).filter(used).map(|(at, _)| self.line(at)).collect()
    }

    fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

/// The first names of a path, which may begin with a group: `{config::Site, event}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut names, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(group[from..at].trim_start()));
                from = at + 1;
            }
            _ => {}
        }
        if c == '}' && from == at + 1 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Identifiers and keywords, with where they begin.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.split(move |c| !is_part(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

/// Every file below `src`: its path there, and its text.
fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, root: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).expect("a folder of the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found
}

fn rooms() -> Rooms {
    Rooms::read(include_str!("../src/lib.rs"))
}

#[test]
fn the_table_of_rooms_names_every_module_of_the_library_and_no_other() {
    let modules: BTreeSet<_> = include_str!("../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let rooms = rooms().0;
    let named: BTreeSet<_> = rooms.iter().map(|room| &**room).collect();
    assert_eq!(named, modules, "the table and the modules of src/lib.rs");
    assert!(rooms.len() >= 12, "the table is read: {rooms:?}");
}

#[test]
fn every_room_imports_only_from_above_and_libraries_stay_in_their_rooms() {
    let (rooms, sources) = (rooms(), sources());
    let found: Vec<String> = sources.iter().flat_map(|(path, text)| rooms.breaches(path, text)).collect();
    assert!(sources.len() > 100, "the sources are found: {}", sources.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_import_is_found() {
    for (path, planted, what) in [
        ("signal/cookie.rs", "use crate::ledger::Clock;", "signal/cookie.rs:2: `signal` stands above `ledger`"),
        ("event/mod.rs", "fn a() -> crate::stats::Report {}", "event/mod.rs:2: `event` stands above `stats`"),
        ("inject/a/b.rs", "use crate::{config::{Site, Host}, proxy};", "`inject` stands above `proxy`"),
        ("enrich/mod.rs", "use crate::{\n    config,\n    cli::run,\n};", "`enrich` stands above `cli`"),
        ("config/a.rs", "    use super::super::event;", "`config` stands above `event`"),
        ("config/mod.rs", "pub use super::{event, signal};", "`config` stands above `signal`"),
        ("config/a.rs", "use crate::*;", "names no room"),
        ("config/a.rs", "use super::super::*;", "names no room"),
        ("config/mod.rs", "mod a {\n}\nuse super::*;", "config/mod.rs:4: `crate::` names no room"),
        ("config/a.rs", "use crate as c;", "names no room"),
        ("config/a.rs", "use crate::{self as c};", "names no room"),
        ("config/a.rs", "use super::super as c;", "names no room"),
        ("config/a.rs", "use super::super::{self as c};", "names no room"),
        ("admin/a.rs", "use pingora::prelude::Session;", "admin/a.rs:2: `pingora` is the business of"),
        ("collect/a.rs", "use pingora_http::RequestHeader;", "`pingora` is the business of"),
        ("proxy/a.rs", "let _ = lol_html::rewrite_str;", "`lol_html` is the business of"),
        ("event/a.rs", "use {rusqlite as sql, std::fs};", "`rusqlite` is the business of"),
        ("main.rs", "use rusqlite::Connection;", "`rusqlite` is the business of"),
    ] {
        let found = rooms().breaches(path, &format!("//! Owns something.\n{planted}\n"));
        assert!(found.iter().any(|line| line.contains(what)), "{planted:?} in {path}: {found:?}");
    }
    let silent = rooms().breaches("event/a.rs", "use std::fs;\n");
    assert!(silent.iter().any(|line| line.contains("//!")), "a file that says nothing of itself: {silent:?}");
}

#[test]
fn what_is_allowed_is_not_complained_of() {
    for (path, allowed) in [
        ("admin/page/owner.rs", "pub(in crate::admin) struct View; // use crate::cli"),
        (
            "collect/a.rs",
            "/// [`crate::app::Inlay`], and pingora::prelude\nuse crate::{config, event::{Event, ViewId}};",
        ),
        ("proxy/a.rs", "use super::super::config; use pingora::prelude::*; const A: &str = \"//\"; use crate::event;"),
        ("collect/tests/a.rs", "use super::super::app; // a module of this room"),
        ("config/flags.rs", "mod tests { use super::super::HostSent; }"),
        ("config/flags.rs", "#[cfg(test)]\nmod tests {\n    use super::super::*;\n    use super::*;\n}"),
        ("config/a.rs", "use super::*; use super as room;"),
        ("ledger/a.rs", "use rusqlite::Connection; let pingora = 1; let b = pingora + 1;"),
    ] {
        let found = rooms().breaches(path, &format!("//! Owns something.\n{allowed}\n"));
        assert!(found.is_empty(), "{allowed:?} in {path}: {found:?}");
    }
}
