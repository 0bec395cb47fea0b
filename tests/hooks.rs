//! `Tagged` hands on every hook: the trait's methods are read out of the very source of pingora-proxy that is locked, hidden
//! ones and those behind a feature too, and each has to be overridden and to call `P`'s own.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::source::without_comments;

const HOOKS: &str = include_str!("../src/proxy/tagged/hooks.rs");

/// The methods between the braces behind `opening`, each with its body; empty where it has none.
fn methods(source: &str, opening: &str) -> BTreeMap<String, String> {
    let code = without_comments(source);
    let at = code.find(opening).unwrap_or_else(|| panic!("{opening:?} stands in the source"));
    let mut rest = block(&code[at..]).expect("a block with an end");
    let mut found = BTreeMap::new();
    while let Some((_, behind)) = rest.split_once("fn ") {
        let name: String = behind.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let body = match behind.find(['{', ';']) {
            Some(end) if behind[end..].starts_with('{') => block(&behind[end..]).expect("a body with an end"),
            _ => "",
        };
        // The search goes on behind the body, which may hold functions of its own.
        rest = if body.is_empty() { behind } else { &behind[end_of(behind, body)..] };
        found.insert(name, body.split_whitespace().collect());
    }
    found
}

/// What stands between the first `{` and its `}`.
fn block(code: &str) -> Option<&str> {
    let begin = code.find('{')?;
    let mut depth = 0_usize;
    for (at, c) in code[begin..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(&code[begin + 1..begin + at]),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn end_of(whole: &str, part: &str) -> usize {
    part.as_ptr() as usize + part.len() - whole.as_ptr() as usize
}

/// What `hooks`, the source of the table, lacks of the trait's methods.
fn lacking(of_trait: &str, hooks: &str) -> Vec<String> {
    let ours = methods(hooks, "ProxyHttp for Tagged<P>");
    let judge = |name: String| match ours.get(&name) {
        None => Some(format!("{name} is not overridden: what P does there is lost")),
        Some(body) if !body.contains(&format!("self.inner.{name}(")) => Some(format!("{name} does not call P's own")),
        Some(_) => None,
    };
    methods(of_trait, "pub trait ProxyHttp").into_keys().filter_map(judge).collect()
}

/// The source of the trait, of the version that `Cargo.lock` names.
fn trait_source() -> String {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", &host()])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(cargo.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let found = packages.iter().find(|package| package["name"] == "pingora-proxy").expect("pingora-proxy is locked");
    let manifest = PathBuf::from(found["manifest_path"].as_str().expect("a path"));
    fs::read_to_string(manifest.with_file_name("src").join("proxy_trait.rs")).expect("the trait's source")
}

/// This platform's name: sources that only others need have not been fetched.
fn host() -> String {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let said = String::from_utf8_lossy(&rustc.stdout);
    said.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

#[test]
fn every_hook_of_pingora_is_overridden_and_calls_the_inner_one() {
    let source = trait_source();
    let names: Vec<String> = methods(&source, "pub trait ProxyHttp").into_keys().collect();
    for name in ["new_ctx", "custom_forwarding", "init_upstream_modules", "purge_response_filter"] {
        assert!(names.iter().any(|known| known == name), "plain, hidden and cfg'd methods are read: {names:?}");
    }
    assert_eq!(lacking(&source, HOOKS), [""; 0]);
}

#[test]
fn a_planted_hook_and_a_call_that_was_lost_are_found() {
    let planted = "pub trait ProxyHttp {
        #[doc(hidden)] #[cfg(feature = \"x\")]
        async fn planted(&self, a: &mut A<'_>) -> Result<(), E>
        where Self: Sized {
            fn within() { }
            Ok(())
        }
        fn new_ctx(&self) -> Self::CTX; // fn in_a_comment(
    }";
    assert_eq!(lacking(planted, HOOKS), ["planted is not overridden: what P does there is lost"]);
    let changed = HOOKS.replace("self.inner.logging(", "self.inner.other(").replace("fn is_purge(", "fn is_it(");
    let found = lacking(&trait_source(), &changed);
    assert_eq!(found, ["is_purge is not overridden: what P does there is lost", "logging does not call P's own"]);
}
