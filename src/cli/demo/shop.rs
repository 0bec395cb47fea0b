//! The demo's shop: a small site that knows nothing of Inlay.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use tokio::sync::mpsc;

use super::pages;
use crate::proxy::{Answer, Body, Handler};

/// How long the slow page rests between two of its pieces.
const REST: Duration = Duration::from_millis(700);

/// The shop's server.
#[derive(Debug)]
pub(super) struct Shop;

#[async_trait]
impl Handler for Shop {
    async fn handle(&self, request: Request<Bytes>, _peer: Option<IpAddr>) -> Answer {
        let path = request.uri().path();
        match path {
            "/" => page(StatusCode::OK, pages::home()),
            "/search" => page(StatusCode::OK, pages::search(&query(&request, "q"))),
            "/slow" => streamed(pages::slow()),
            "/help" => page(StatusCode::OK, pages::help()),
            "/style.css" => {
                answer(StatusCode::OK, "text/css", Body::Whole(Bytes::from_static(pages::STYLE.as_bytes())))
            }
            _ => match path.strip_prefix("/tea/").and_then(pages::tea) {
                Some(html) => page(StatusCode::OK, html),
                None => page(StatusCode::NOT_FOUND, pages::not_found()),
            },
        }
    }
}

fn page(status: StatusCode, html: String) -> Answer {
    answer(status, "text/html; charset=utf-8", Body::Whole(html.into()))
}

/// A page that comes in pieces, as one does whose database is slow.
fn streamed(pieces: Vec<String>) -> Answer {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for piece in pieces {
            if sender.send(piece.into()).await.is_err() {
                return;
            }
            tokio::time::sleep(REST).await;
        }
    });
    answer(StatusCode::OK, "text/html; charset=utf-8", Body::Pieces(receiver))
}

fn answer(status: StatusCode, kind: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

/// The first value of a key in the query, decoded.
fn query(request: &Request<Bytes>, key: &str) -> String {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value);
    decoded(value.unwrap_or_default())
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                std::str::from_utf8(&digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
