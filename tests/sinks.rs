//! What sinks do, seen from outside: the real binary between visitors and backends of the test's own.

mod backends;
mod example;
mod files;
mod orders;
mod refused;
mod several;

use crate::support::client::{Answer, ask, navigate};
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;

/// An origin whose every path is a page.
fn pages() -> Origin {
    Origin::html("<!doctype html><html><head></head><body></body></html>")
}

/// A site of this name before an origin, at the host `NAME.test`.
fn site(name: &str, origin: &Origin) -> String {
    format!("[[site]]\nname = \"{name}\"\nhosts = [\"{name}.test\"]\norigin = \"{}\"\n", origin.url())
}

/// Visits these paths of the site `shop`, in this order.
fn visit<'a>(proxy: &Proxy, paths: impl IntoIterator<Item = &'a str>) {
    for path in paths {
        assert_eq!(navigate(proxy.addr, path, "").status(), 200, "{path}");
    }
}

/// The owner's listener.
fn owner(proxy: &Proxy, target: &str) -> Answer {
    ask(proxy.admin, "GET", "localhost", target, "")
}
