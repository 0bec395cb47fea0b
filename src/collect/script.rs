//! The script, named by its content: its bytes never change under one name, so that browsers may keep it for a year.
//!
//! A stored page outlives a release, so older scripts stay served under their names; the ledger keeps them for 30 days.
//! What the script does stands in `script/t.js`. It shows two values, `view` and `off`, and sends nothing. Whether a load came
//! over the network is not among them: browsers know that only after `DOMContentLoaded`, and nothing asks yet.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use ring::digest;

use crate::config::{self, Honor};

use super::reply::{READING, reads, reply, wrong_method};
use super::snippets;

/// A function of the site's switches. Comments and indentation are for readers of the source and are not sent.
const SOURCE: &str = include_str!("script/t.js");
/// A function of the snippets, which makes what places them.
const PLACE: &str = include_str!("script/place.js");

/// How many hex digits of the SHA-256 name a script.
const NAME_DIGITS: usize = 8;

/// One version of the script.
#[derive(Debug, Clone)]
pub struct Script {
    hash8: String,
    body: Bytes,
    etag: HeaderValue,
}

/// How long an answer with a script may be kept, and by whom changed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep {
    /// Named by its content.
    Year,
    /// The current one, for tags placed by hand.
    Hour,
    /// A stand-in for one that is not known any more.
    Not,
}

impl Script {
    /// The current script of a site, with its switches and the snippets that it places inside.
    pub fn current(site: &config::Site) -> Script {
        let Honor { gpc, dnt } = site.privacy.honor;
        let place = snippets::placed_by_script(site).map(|array| format!(", {}({array})", without_comments(PLACE)));
        let place = place.unwrap_or_default();
        let text = format!("{}({{ gpc: {gpc}, dnt: {dnt} }}{place});\n", without_comments(SOURCE));
        Script::of(text.into())
    }

    /// A script of these bytes, such as one that was current before.
    pub fn of(body: Bytes) -> Script {
        let digest = digest::digest(&digest::SHA256, &body);
        let hash8: String = digest.as_ref().iter().take(NAME_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::try_from(format!("\"{hash8}\"")).expect("hex digits in quotes are visible ASCII");
        Script { hash8, body, etag }
    }

    /// The first 8 hex digits of its SHA-256, which stand in its address.
    pub fn hash8(&self) -> &str {
        &self.hash8
    }

    /// The bytes that are served.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Answers a request for this script.
    pub(super) fn answer(&self, request: &Parts, keep: Keep) -> Response<Bytes> {
        if !reads(&request.method) {
            return wrong_method(&request.method, READING);
        }
        let content_type = HeaderValue::from_static("text/javascript; charset=utf-8");
        let unchanged = self.is_in(request);
        let (status, body) =
            if unchanged { (StatusCode::NOT_MODIFIED, Bytes::new()) } else { (StatusCode::OK, self.body.clone()) };
        let mut answer = reply(&request.method, status, content_type, keep.cache_control(), body);
        answer.headers_mut().insert(header::ETAG, self.etag.clone());
        if unchanged {
            // What a 304 says of length and type would be said of the stored body (RFC 9110 section 15.4.5).
            answer.headers_mut().remove(header::CONTENT_LENGTH);
            answer.headers_mut().remove(header::CONTENT_TYPE);
        }
        answer
    }

    /// Whether the request names this version as the one it has (RFC 9110 section 13.1.2: compared weakly).
    fn is_in(&self, request: &Parts) -> bool {
        let etag = self.etag.as_bytes();
        request.headers.get_all(header::IF_NONE_MATCH).iter().any(|line| {
            line.as_bytes()
                .split(|&byte| byte == b',')
                .map(<[u8]>::trim_ascii)
                .any(|member| member == b"*" || member.strip_prefix(b"W/").unwrap_or(member) == etag)
        })
    }
}

impl Keep {
    /// `no-transform` where the name promises the bytes: a page may demand exactly these bytes (`integrity`).
    fn cache_control(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Keep::Year => "public, max-age=31536000, immutable, no-transform",
            Keep::Hour => "public, max-age=3600, no-transform",
            Keep::Not => "no-store",
        })
    }
}

fn without_comments(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The hash in `t.<hash8>.js`.
pub(super) fn hash_in(name: &[u8]) -> Option<&str> {
    let hash = name.strip_prefix(b"t.")?.strip_suffix(b".js")?;
    let is_hash = hash.len() == NAME_DIGITS && hash.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hash { std::str::from_utf8(hash).ok() } else { None }
}
