//! What a request tells by itself: whether it is a navigation, and what speaks against tagging its answer.
//!
//! The rules are those that were found by trying browsers: `Sec-Fetch-*` where it is sent (secure contexts of current
//! browsers), and the `Accept` of a navigation where it is not (plain http, service workers, link prefetch, old browsers).

use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, response};

use super::site::Expectation;
use super::validator::{Sent, send_conditions};
use super::{HeaderEdit, list, media};

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
    /// `If-None-Match` or `If-Modified-Since` stands in it, or `Range`, which may have a condition too.
    pub(super) conditional: bool,
    /// `If-Modified-Since` stood in it.
    pub(super) dated: bool,
    /// By what its fields say the answer is not shown as a picture, run as a script or the like.
    pub(super) may_show_page: bool,
    /// What has become of its conditions.
    pub(super) sent: Sent,
    /// What draws view by view are made from: random where the site has any.
    pub draw: u64,
}

impl RequestFacts {
    /// Reads a request. `https`: whether the visitor speaks https to the outermost hop.
    pub fn of(request: &Parts, https: bool) -> RequestFacts {
        let fields = Fields::of(&request.headers);
        let says_document = matches!(fields.destination, b"document" | b"iframe" | b"frame");
        let may_be_one = matches!(fields.destination, b"" | b"empty") && fields.mode != b"cors";
        let navigation = says_document || may_be_one && fields.accept.starts_with(NAVIGATION_ACCEPT);
        let headers = &request.headers;
        RequestFacts {
            asked: asked(&request.method),
            https,
            says_document,
            navigation: navigation && !fields.fragment,
            fragment: fields.fragment,
            range: fields.range,
            upgrade: fields.upgrade && list::has_token(headers, &CONNECTION, "upgrade"),
            no_transform: fields.cache_control && list::has_token(headers, &CACHE_CONTROL, "no-transform"),
            authorized: fields.authorized,
            file: is_file(request.uri.path()),
            frame: matches!(fields.destination, b"iframe" | b"frame"),
            prefetch: fields.purpose.starts_with(b"prefetch"),
            conditional: fields.etagged || fields.dated || fields.range,
            dated: fields.dated,
            may_show_page: says_document || may_show_page(&fields),
            sent: Sent::default(),
            draw: 0,
        }
    }

    /// Whether conditions stand in the request: then [`RequestFacts::send_conditions`] is to be called.
    pub fn is_conditional(&self) -> bool {
        self.conditional
    }

    /// Changes the request's conditions so that no copy is confirmed but one like the full answer would be.
    pub fn send_conditions(&mut self, edit: &mut impl HeaderEdit, expectation: Expectation) {
        self.sent = send_conditions(edit, expectation.0);
    }

    /// Whether a copy is asked about that bears `Last-Modified`.
    pub(super) fn asks_of_dated(&self) -> bool {
        self.dated || self.sent.is_dated()
    }

    /// Whether a page is to be shown, and not fetched by a script, saved or prefetched as a part.
    pub fn is_navigation(&self) -> bool {
        self.navigation && self.asked != Asked::Other
    }

    /// Whether an answer from upstream is a page: one to a navigation, or of an HTML type, or about a copy of a page of ours.
    pub fn is_page(&self, response: &response::Parts) -> bool {
        self.is_navigation()
            || is_html_type(&response.headers)
            || response.status == StatusCode::NOT_MODIFIED
                && matches!(self.sent, Sent::Ours(_) | Sent::Taken | Sent::Rest)
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

/// The fields that are looked at, found in one pass: to ask the map for each of them takes four times as long.
#[derive(Debug, Default)]
struct Fields<'a> {
    destination: &'a [u8],
    mode: &'a [u8],
    purpose: &'a [u8],
    accept: &'a [u8],
    fragment: bool,
    range: bool,
    etagged: bool,
    dated: bool,
    upgrade: bool,
    cache_control: bool,
    authorized: bool,
}

impl<'a> Fields<'a> {
    fn of(headers: &'a HeaderMap) -> Fields<'a> {
        let mut fields = Fields::default();
        for (name, value) in headers {
            // The first line of a field that has several.
            let keep = |slot: &mut &'a [u8]| {
                if slot.is_empty() {
                    *slot = value.as_bytes();
                }
            };
            match name.as_str() {
                "accept" => keep(&mut fields.accept),
                "sec-fetch-dest" => keep(&mut fields.destination),
                "sec-fetch-mode" => keep(&mut fields.mode),
                "sec-purpose" => keep(&mut fields.purpose),
                "range" => fields.range = true,
                "if-none-match" => fields.etagged = true,
                "if-modified-since" => fields.dated = true,
                "upgrade" => fields.upgrade = true,
                "cache-control" => fields.cache_control = true,
                "authorization" => fields.authorized = true,
                name => fields.fragment |= is_fragment_field(name),
            }
        }
        fields
    }
}

fn is_fragment_field(name: &str) -> bool {
    FRAGMENT_FIELDS.contains(&name) || FRAGMENT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// A script's fetch, a cache that hands nothing on of what its visitors sent, a program: the answer may be a page.
fn may_show_page(fields: &Fields<'_>) -> bool {
    let part = |kind: &[u8]| fields.accept.get(..kind.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(kind));
    let is_part =
        [&b"image/"[..], b"text/css", b"video/", b"audio/", b"font/", b"application/json"].into_iter().any(part);
    matches!(fields.destination, b"" | b"empty") && !is_part
}

fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((_, extension)) = name.rsplit_once('.') else { return false };
    FILES.iter().any(|known| known.eq_ignore_ascii_case(extension))
}
