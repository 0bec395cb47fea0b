//! What a request tells by itself: whether it is a navigation, and what speaks against tagging its answer.
//!
//! The rules are those that were found by trying browsers: `Sec-Fetch-*` where it is sent (secure contexts of current
//! browsers), and the `Accept` of a navigation where it is not (plain http, service workers, link prefetch, old browsers).

use http::header::{ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RANGE, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, response};

use super::{list, media};

/// How the `Accept` of every navigation begins, to the byte: Turbo sends a blank behind the comma, and is none.
const NAVIGATION_ACCEPT: &[u8] = b"text/html,application/xhtml+xml,";

/// Fields of scripts that fetch a fragment and put it into a page themselves.
const FRAGMENT_FIELDS: [&str; 4] = ["hx-request", "turbo-frame", "x-pjax", "x-requested-with"];
/// Beginnings of such fields' names.
const FRAGMENT_PREFIXES: [&str; 2] = ["x-turbo", "x-up-"];

/// Extensions of files that are no pages, though a browser may navigate to them: a reader's 304 for one must not become a
/// full answer for our sake.
#[rustfmt::skip]
const FILES: [&str; 56] = [
    "7z", "aac", "atom", "avi", "avif", "bmp", "bz2", "css", "csv", "dmg", "doc", "docx", "eot", "epub", "exe", "flac",
    "gif", "gz", "ico", "ics", "iso", "jpeg", "jpg", "js", "json", "m4a", "m4v", "map", "mjs", "mov", "mp3", "mp4", "mpeg",
    "ogg", "otf", "pdf", "png", "ppt", "pptx", "rar", "rss", "svg", "tar", "ttf", "txt", "wasm", "wav", "webm",
    "webmanifest", "webp", "woff", "woff2", "xls", "xlsx", "xml", "zip",
];

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Get,
    Head,
    Post,
    Other,
}

/// What the request tells by itself.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    pub(super) asked: Asked,
    /// Whether the visitor speaks https.
    pub https: bool,
    /// A document, iframe or frame by `Sec-Fetch-Dest`: then nothing is asked of the body.
    pub(super) says_document: bool,
    navigation: bool,
    pub(super) fragment: bool,
    pub(super) range: bool,
    pub(super) upgrade: bool,
    pub(super) no_transform: bool,
    pub(super) authorized: bool,
    /// The path's extension is a file's.
    pub(super) file: bool,
    frame: bool,
    prefetch: bool,
}

impl RequestFacts {
    /// Reads a request. `https`: whether the visitor speaks https to the outermost hop.
    pub fn of(request: &Parts, https: bool) -> RequestFacts {
        let headers = &request.headers;
        let destination = field(headers, "sec-fetch-dest");
        let says_document = matches!(destination, b"document" | b"iframe" | b"frame");
        let may_be_one = matches!(destination, b"" | b"empty") && field(headers, "sec-fetch-mode") != b"cors";
        let accepts_pages = headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(NAVIGATION_ACCEPT));
        let fragment = is_fragment(headers);
        RequestFacts {
            asked: asked(&request.method),
            https,
            says_document,
            navigation: !fragment && (says_document || may_be_one && accepts_pages),
            fragment,
            range: headers.contains_key(RANGE),
            upgrade: headers.contains_key(UPGRADE) && list::has_token(headers, &CONNECTION, "upgrade"),
            no_transform: list::has_token(headers, &CACHE_CONTROL, "no-transform"),
            authorized: headers.contains_key(http::header::AUTHORIZATION),
            file: is_file(request.uri.path()),
            frame: matches!(destination, b"iframe" | b"frame"),
            prefetch: field(headers, "sec-purpose").starts_with(b"prefetch"),
        }
    }

    /// Whether a page is to be shown, and not fetched by a script, saved or prefetched as a part.
    pub fn is_navigation(&self) -> bool {
        self.navigation && self.asked != Asked::Other
    }

    /// Whether an answer from upstream is a page: one to a navigation, or of an HTML type.
    pub fn is_page(&self, response: &response::Parts) -> bool {
        self.is_navigation() || is_html_type(&response.headers)
    }

    /// Whether an answer from upstream is a view: a GET or POST navigation to HTML (or a 304 to one) that was found or is
    /// known to be gone; not in a frame, not fetched ahead.
    pub fn is_view(&self, response: &response::Parts) -> bool {
        let asked = matches!(self.asked, Asked::Get | Asked::Post);
        asked && self.is_navigation() && !self.frame && !self.prefetch && is_shown(response, self.file)
    }
}

fn is_shown(response: &response::Parts, file: bool) -> bool {
    match response.status {
        StatusCode::NOT_MODIFIED => is_of_html(response, file),
        status if status.is_success() || matches!(status.as_u16(), 404 | 410) => is_html_type(&response.headers),
        _ => false,
    }
}

/// Whether a 304 is about HTML. It says no type as a rule; then what the address is of counts.
pub(super) fn is_of_html(response: &response::Parts, file: bool) -> bool {
    if response.headers.contains_key(CONTENT_TYPE) { is_html_type(&response.headers) } else { !file }
}

fn is_html_type(headers: &HeaderMap) -> bool {
    media::is(headers, &["text/html", "application/xhtml+xml"])
}

fn asked(method: &Method) -> Asked {
    match *method {
        Method::GET => Asked::Get,
        Method::HEAD => Asked::Head,
        Method::POST => Asked::Post,
        _ => Asked::Other,
    }
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> &'a [u8] {
    headers.get(name).map_or(b"", |value| value.as_bytes())
}

fn is_fragment(headers: &HeaderMap) -> bool {
    FRAGMENT_FIELDS.iter().any(|name| headers.contains_key(*name))
        || headers.keys().any(|name| FRAGMENT_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix)))
}

fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((_, extension)) = name.rsplit_once('.') else { return false };
    FILES.iter().any(|known| known.eq_ignore_ascii_case(extension))
}
