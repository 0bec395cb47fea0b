//! `/.well-known/gpc.json`: a site's word that it honours Global Privacy Control.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode};
use jiff::civil::Date;

use super::reply::{READING, reads, reply, wrong_method};

/// Where sites say it. The origin's own, except where [`super::Site::answers_gpc_json`].
pub const GPC_JSON_PATH: &str = "/.well-known/gpc.json";

/// The statement; `last_update` is the day on which the owner's settings began to say so.
pub fn gpc_json(method: &Method, last_update: Date) -> Response<Bytes> {
    if !reads(method) {
        return wrong_method(method, READING);
    }
    reply(
        method,
        StatusCode::OK,
        HeaderValue::from_static("application/json"),
        HeaderValue::from_static("public, max-age=3600"),
        format!("{{\"gpc\":true,\"lastUpdate\":\"{last_update}\"}}\n"),
    )
}
