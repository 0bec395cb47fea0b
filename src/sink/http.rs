//! `http`: POST of NDJSON. At least once; a repeated batch has the same `Idempotency-Key` and the same bytes.
//!
//! Redirects are not followed (the events would go where nobody configured them to), certificates are verified against the
//! system's roots, and an answer is read only as far as an error needs.

mod answer;
#[cfg(test)]
mod early_tests;
mod secrets;
mod sign;

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use ureq::Agent;
use ureq::http::{HeaderName, HeaderValue};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::backend::{Backend, Sending};
use super::fault::{Delivery, Fault};
use crate::config;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer's body may take: what matters stands in its header.
const BODY: Duration = Duration::from_secs(2);
/// So much of an answer is read where it says why.
const ANSWER: u64 = 2 * 1024;
/// So much of an answer that says yes is read, so that its connection can be used again.
const THANKS: u64 = 16 * 1024;

pub(super) struct HttpSink {
    agent: Agent,
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    gzip: bool,
    sign: Option<sign::Key>,
    secrets: secrets::Secrets,
    timeout: Duration,
    /// Whether the last connection broke or stood still: perhaps over an answer that was given before the body was read, and
    /// lost with it.
    broke: bool,
}

impl HttpSink {
    pub(super) fn new(http: &config::HttpSink) -> HttpSink {
        let tls = TlsConfig::builder().root_certs(RootCerts::Specific(roots())).build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            // Events go where the configuration says, and not where an environment variable does.
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(http.timeout))
            .timeout_recv_body(Some(http.timeout.min(BODY)))
            .user_agent(concat!("inlay/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        HttpSink {
            agent,
            url: http.url.clone(),
            headers: http.headers.clone(),
            gzip: http.gzip,
            sign: http.sign.as_deref().map(sign::Key::new),
            secrets: secrets::Secrets::of(http),
            timeout: http.timeout,
            broke: false,
        }
    }
}

impl Backend for HttpSink {
    fn encode(&mut self, lines: Vec<u8>) -> Vec<u8> {
        if !self.gzip {
            return lines;
        }
        let mut encoder = GzEncoder::new(Vec::with_capacity(lines.len() / 4), Compression::fast());
        // Writing to memory does not fail.
        match encoder.write_all(&lines).and_then(|()| encoder.finish()) {
            Ok(coded) => coded,
            Err(_) => lines,
        }
    }

    fn deliver(&mut self, sending: &Sending<'_>) -> Delivery {
        let mut request = self.agent.post(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value.clone());
        }
        request = request.header("Content-Type", "application/x-ndjson").header("Idempotency-Key", sending.key);
        if self.gzip {
            request = request.header("Content-Encoding", "gzip");
        }
        if self.broke {
            // An answer that does not want the body comes before it then (RFC 9110 section 10.1.1).
            request = request.header("Expect", "100-continue");
            // ureq hears such an answer only when the connection ends behind it.
            request = request.header("Connection", "close");
        }
        if let Some(key) = &self.sign {
            request = request.header("X-Inlay-Signature", key.signature(sending.now_s, sending.body));
        }
        match request.send(sending.body) {
            Ok(answer) => {
                self.broke = false;
                let (head, body) = answer.into_parts();
                let most = if head.status.is_success() { THANKS } else { ANSWER };
                let mut words = Vec::new();
                // What could be read of it is enough.
                _ = body.into_reader().take(most).read_to_end(&mut words);
                answer::of(head.status, &head.headers, &self.secrets.hide(words), sending.now_s)
            }
            Err(error) => {
                self.broke = matches!(error, ureq::Error::Io(_) | ureq::Error::Timeout(_));
                Delivery::Failed(Fault::Again { why: answer::transport(&error, self.timeout), after: None })
            }
        }
    }
}

/// The system's roots, also those that `SSL_CERT_FILE` names. Without any, every certificate is refused, and that is said at
/// the first delivery.
fn roots() -> Arc<Vec<Certificate<'static>>> {
    let found = rustls_native_certs::load_native_certs().unwrap_or_default();
    Arc::new(found.into_iter().map(|der| Certificate::from_der(&der).to_owned()).collect())
}

#[cfg(test)]
mod tests;
