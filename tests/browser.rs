//! What a visitor's browser makes of it all: the checks of `tests/browser` before the real binary.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::proxy::Proxy;

/// One of the folder's programs.
fn node(program: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(program));
    node
}

/// All of its checks passed. What it printed is shown where one did not.
fn assert_passes(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("node runs (`make test` installs it)");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().filter(|line| line.starts_with("ok - ")).count() > 5, "the checks were run:\n{said}");
    println!("{said}");
}

#[test]
fn the_script_keeps_every_no_in_browsers_old_and_new() {
    assert_passes(&mut node("script.mjs"));
}

#[test]
fn in_chromium_the_tag_runs_and_the_visitors_page_works() {
    // The site ends when its standard input does, which is when this test does.
    let mut site = node("site.mjs").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node runs");
    let mut port = String::new();
    BufReader::new(site.stdout.take().expect("its output")).read_line(&mut port).expect("a line");
    let origin = format!("http://127.0.0.1:{}", port.trim());
    let proxy = Proxy::start(&format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{origin}\"\n"));
    assert_passes(node("inlay.mjs").env("INLAY_URL", format!("http://{}", proxy.addr)));
    drop(site.stdin.take());
    site.wait().expect("the site ends");
}

#[test]
fn in_both_browsers_no_stored_page_is_confirmed_that_a_full_answer_would_not_be() {
    let mut checks = node("caches.mjs").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node runs");
    let mut said = BufReader::new(checks.stdout.take().expect("its output"));
    let mut port = String::new();
    said.read_line(&mut port).expect("a line");
    let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"http://127.0.0.1:{}\"\n", port.trim());
    let other = "[[site.tag]]\nid = \"other\"\nhtml = '<p id=\"other\"></p>'\nplace = \"body-end\"\n";
    let proxies = [Proxy::start(&site), Proxy::start(&format!("{site}{other}"))];
    let mut told = checks.stdin.take().expect("its input");
    for proxy in &proxies {
        writeln!(told, "{}", proxy.addr).expect("it listens");
    }
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("text");
    assert!(checks.wait().expect("it ends").success(), "{rest}");
    assert!(rest.lines().filter(|line| line.starts_with("ok - ")).count() > 15, "the checks were run:\n{rest}");
    println!("{rest}");
}
