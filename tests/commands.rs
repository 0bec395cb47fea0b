//! The commands that work on a ledger, as a user has them: beside a running process and without one.

mod sink;

use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::client::navigate;
use crate::support::origin::{Origin, answer};
use crate::support::proxy::{Proxy, binary};
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head></head><body></body></html>";

/// What a command said and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    notes: String,
}

fn inlay(words: &[&str]) -> Said {
    said(&binary().args(words).output().expect("it runs"))
}

fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), notes: text(&output.stderr) }
}

/// A backend that answers as it is told, and the bodies that it accepted.
struct Backend {
    origin: Origin,
    answers: Arc<Mutex<Answers>>,
}

#[derive(Debug, Default)]
struct Answers {
    /// The status line's end and the body for each request; accepted where there is none.
    all: Option<(&'static str, &'static str)>,
    /// The same for a request whose body has this text.
    of: Option<(&'static str, &'static str, &'static str)>,
    accepted: Vec<Value>,
}

impl Backend {
    fn new() -> Backend {
        let answers = Arc::new(Mutex::new(Answers::default()));
        let told = answers.clone();
        let origin = Origin::new(move |request, stream| {
            let mut told = told.lock().expect("unpoisoned");
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let refusal = told.all.or(told.of.filter(|of| body.contains(of.0)).map(|(_, status, said)| (status, said)));
            let (status, said) = refusal.unwrap_or(("200 OK", ""));
            if refusal.is_none() {
                told.accepted.extend(body.lines().map(|line| serde_json::from_str(line).expect("an event")));
            }
            drop(told);
            std::io::Write::write_all(stream, &answer(status, "text/plain", "", said)).is_ok()
        });
        Backend { origin, answers }
    }

    /// From now on.
    fn answer(&self, all: Option<(&'static str, &'static str)>) {
        self.answers.lock().expect("unpoisoned").all = all;
    }

    /// From now on, whatever has `text` in it.
    fn refuse(&self, of: Option<(&'static str, &'static str, &'static str)>) {
        self.answers.lock().expect("unpoisoned").of = of;
    }

    /// The paths of the accepted events, in their order.
    fn paths(&self) -> Vec<String> {
        let answers = self.answers.lock().expect("unpoisoned");
        answers.accepted.iter().map(|event| event["path"].as_str().expect("a path").to_owned()).collect()
    }

    /// `[[sink]]` of this name.
    fn sink(&self, name: &str, more: &str) -> String {
        format!("[[sink]]\nname = \"{name}\"\nkind = \"http\"\nurl = \"{}/in\"\n{more}\n", self.origin.url())
    }
}

/// A process before a site `shop`, with these sinks, and the folder of its configuration.
struct Shop {
    proxy: Proxy,
    _origin: Origin,
}

impl Shop {
    fn start(sinks: &str) -> Shop {
        Shop::start_in(Arc::new(TempDir::new().expect("a folder")), sinks)
    }

    fn start_in(dir: Arc<TempDir>, sinks: &str) -> Shop {
        let origin = Origin::html(PAGE);
        let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"shop.test\"]\norigin = \"{}\"\n", origin.url());
        Shop { proxy: Proxy::start_in(dir, "", &format!("{site}{sinks}")), _origin: origin }
    }

    fn visit(&self, paths: &[&str]) {
        for path in paths {
            assert_eq!(navigate(self.proxy.addr, path, "").status(), 200, "{path}");
        }
    }

    fn config(&self) -> String {
        config(self.proxy.dir.path())
    }

    /// Ends the process; what it recorded and its configuration stay.
    fn stop(mut self) -> Arc<TempDir> {
        assert_eq!(self.proxy.stop(), Some(0), "{:#?}", self.proxy.log());
        self.proxy.dir.clone()
    }
}

fn config(dir: &Path) -> String {
    dir.join("inlay.toml").to_str().expect("UTF-8").to_owned()
}

/// The status of one sink as JSON.
fn status(config: &str, name: &str) -> Value {
    let told = inlay(&["sink", "status", name, "--json", "--config", config]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let told: Value = serde_json::from_str(&told.out).expect("JSON");
    told["sinks"][0].clone()
}

fn wait_for_status(config: &str, name: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait_for(&format!("{what} in the status of {name}"), || Some(status(config, name)).filter(|status| is(status)))
}
