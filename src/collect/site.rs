//! One site's endpoints: everything that can be made before a request comes, and the table of paths.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response};

use crate::config;
use crate::signal::Scope;

use super::gpc::GPC_JSON_PATH;
use super::privacy::Privacy;
use super::reply::{READING, not_found, reads, wrong_method};
use super::script::{Keep, Script, hash_in};

/// The endpoints of one site.
#[derive(Debug)]
pub struct Site {
    script: Script,
    older: Arc<[Script]>,
    own_tag: Bytes,
    gpc_json: bool,
    privacy: Privacy,
}

/// What the proxy knows of the visitor's side of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Downstream {
    /// Whether the visitor speaks TLS, to us or to what stands in front of us.
    pub https: bool,
}

impl Site {
    /// A site's endpoints. `older` are the scripts of the last 30 days that stored pages may still name, of all sites.
    pub fn new(site: Arc<config::Site>, older: Arc<[Script]>) -> Site {
        let script = Script::current(&site);
        let own_tag = format!("<script async=\"\" src=\"{}/t.{}.js\"></script>", site.prefix, script.hash8());
        Site {
            script,
            older,
            own_tag: own_tag.into(),
            gpc_json: site.privacy.gpc_json && site.privacy.honor.gpc,
            privacy: Privacy { scope: Scope::of(&site.hosts), site, forwarded: false },
        }
    }

    /// The same, where a sink forwards what is recorded: the visitor's page says so.
    #[must_use]
    pub fn forwarded(mut self, forwarded: bool) -> Site {
        self.privacy.forwarded = forwarded;
        self
    }

    /// Our tag, as it stands in pages: well-formed in HTML and in XHTML.
    pub fn own_tag(&self) -> &Bytes {
        &self.own_tag
    }

    /// The current script, to be kept for the pages that name it.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Whether this path, which is not under the prefix, is answered with [`super::gpc_json`] all the same.
    pub fn answers_gpc_json(&self, path: &[u8]) -> bool {
        self.gpc_json && path == GPC_JSON_PATH.as_bytes()
    }

    /// Answers a request for what stands behind the prefix and its slash ([`super::Route::Ours`]).
    pub fn answer(&self, request: &Parts, downstream: Downstream, rest: &[u8]) -> Response<Bytes> {
        let method = &request.method;
        match rest {
            b"t.js" => self.script.answer(request, Keep::Hour),
            b"privacy" if reads(method) => self.privacy.show(request),
            b"privacy" => wrong_method(method, READING),
            b"privacy/opt-out" | b"privacy/opt-in" if method != Method::POST => wrong_method(method, "POST"),
            b"privacy/opt-out" => self.privacy.opt_out(request, downstream),
            b"privacy/opt-in" => self.privacy.opt_in(request, downstream),
            _ => match hash_in(rest) {
                Some(hash) => self.named_script(request, hash),
                None => not_found(method),
            },
        }
    }

    fn named_script(&self, request: &Parts, hash8: &str) -> Response<Bytes> {
        let known = std::iter::once(&self.script).chain(self.older.iter()).find(|script| script.hash8() == hash8);
        match known {
            Some(script) => script.answer(request, Keep::Year),
            None => self.script.answer(request, Keep::Not),
        }
    }
}
