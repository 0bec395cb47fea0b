//! An answer's way down: HTTP/1.0 clients, and `Location` where the origin was asked under its own name.

use http::header::{LOCATION, TRANSFER_ENCODING};
use http::{HeaderValue, StatusCode, Version};
use pingora::ErrorType;
use pingora::http::ResponseHeader;
use pingora::prelude::{Error, Result, Session};

use super::{Exchange, Kind, Plain};
use crate::config::{HostSent, Origin};
use crate::proxy::site_table::authority;

impl Plain {
    /// The header that goes to the client.
    pub(super) fn send_down(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        exchange: &Exchange,
    ) -> Result<()> {
        if response.status.is_informational() {
            return Ok(());
        }
        if session.req_header().version == Version::HTTP_10 && response.headers.contains_key(TRANSFER_ENCODING) {
            // HTTP/1.0 knows no chunks (RFC 9112 section 7.1): the body ends with the connection.
            response.remove_header(&TRANSFER_ENCODING);
            session.set_keepalive(None);
            response.set_version(Version::HTTP_10);
        }
        map_location(session, response, exchange)
    }
}

/// A switch of protocols that nobody asked for would leave the client waiting for an answer: the origin's fault.
pub(super) fn refuse_unasked_switch(response: &ResponseHeader, exchange: &Exchange) -> Result<()> {
    if response.status == StatusCode::SWITCHING_PROTOCOLS && exchange.kind != Kind::Upgrade {
        return Err(Error::explain(ErrorType::InvalidHTTPHeader, "a 101 that was not asked for").into_up());
    }
    Ok(())
}

/// `Location` on the origin's own address becomes one on the address that the visitor asked.
fn map_location(session: &Session, response: &mut ResponseHeader, exchange: &Exchange) -> Result<()> {
    let Some((_, site)) = exchange.site.as_ref().filter(|(_, site)| site.host == HostSent::Origin) else {
        return Ok(());
    };
    let Some(path) = response.headers.get(LOCATION).and_then(|value| on_origin(value, &site.origin)) else {
        return Ok(());
    };
    let scheme = if exchange.outside.as_ref().is_some_and(|outside| outside.https) { "https" } else { "http" };
    let host = String::from_utf8_lossy(authority(session.req_header()));
    let mapped = format!("{scheme}://{host}{path}");
    response.insert_header(LOCATION, mapped)
}

/// What follows the authority in a URL that lies on this origin.
fn on_origin<'a>(location: &'a HeaderValue, origin: &Origin) -> Option<&'a str> {
    let location = location.to_str().ok()?;
    let scheme = if origin.https { "https:" } else { "http:" };
    let rest = match location.get(..scheme.len()) {
        Some(start) if start.eq_ignore_ascii_case(scheme) => location.get(scheme.len()..)?,
        _ => location,
    };
    let rest = rest.strip_prefix("//")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let port = if origin.https { ":443" } else { ":80" };
    let own = origin.authority();
    let same =
        host.eq_ignore_ascii_case(&own) || host.strip_suffix(port).is_some_and(|host| host.eq_ignore_ascii_case(&own));
    same.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_location_on_the_origin_itself_is_mapped() {
        let origin = Origin { https: true, host: "example.com".to_owned(), port: 443 };
        for (location, path) in [
            ("https://example.com/a?b#c", Some("/a?b#c")),
            ("https://EXAMPLE.com:443/a", Some("/a")),
            ("//example.com/a", Some("/a")),
            ("https://example.com", Some("")),
            ("/a", None),
            ("http://example.com/a", None),
            ("https://example.com.evil.test/a", None),
            ("https://www.example.com/a", None),
            ("https://example.com:8443/a", None),
        ] {
            assert_eq!(on_origin(&HeaderValue::from_static(location), &origin), path, "location {location}");
        }
    }
}
