//! What stays out of the log and the status though a backend says it: many answer with the request that they did not like.

use crate::config;

/// What a sink sends that nobody else may read.
pub(super) struct Secrets(Vec<String>);

/// What is shorter is a word, and hiding it would make sentences that nobody understands.
const LEAST: usize = 8;
const HIDDEN: &str = "(hidden)";

impl Secrets {
    /// The values of headers, with and without a scheme such as `Bearer`, the secret of signatures, and the URL's path and query, in
    /// which services want tokens.
    pub(super) fn of(http: &config::HttpSink) -> Secrets {
        let values = http.headers.iter().filter_map(|(_, value)| value.to_str().ok());
        let mut all: Vec<&str> =
            values.flat_map(|value| [value, value.split_once(' ').map_or("", |of| of.1)]).collect();
        all.extend(http.sign.as_deref());
        // Behind `https://` and the host.
        let path = http.url.splitn(4, '/').nth(3).unwrap_or_default();
        all.push(path);
        all.extend(path.split(['?', '&', '=']));
        let mut all: Vec<String> = all.into_iter().filter(|text| text.len() >= LEAST).map(str::to_owned).collect();
        // The longest first: others may be parts of it.
        all.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Secrets(all)
    }

    /// An answer without them.
    pub(super) fn hide(&self, answer: Vec<u8>) -> Vec<u8> {
        if self.0.is_empty() {
            return answer;
        }
        let text = String::from_utf8_lossy(&answer).into_owned();
        self.0.iter().fold(text, |text, secret| text.replace(secret.as_str(), HIDDEN)).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_a_backend_repeats_of_a_request_does_not_show_its_secrets() {
        let headers = [("authorization", "Bearer 0123456789"), ("x-team", "web")];
        let header = |(name, value): (&str, &str)| (name.parse().expect("a name"), value.parse().expect("a value"));
        let secrets = Secrets::of(&config::HttpSink {
            url: "https://in.example/services/T0000/abcdefgh?key=SECRETSECRET&v=1".into(),
            headers: headers.map(header).into(),
            gzip: false,
            sign: Some("a secret that two share".into()),
            timeout: Duration::from_secs(1),
        });
        let hide = |text: &str| String::from_utf8(secrets.hide(text.into())).expect("UTF-8");
        for (said, told) in [
            ("Cannot POST /services/T0000/abcdefgh", "Cannot POST /(hidden)"),
            ("no /services/T0000/abcdefgh?key=SECRETSECRET&v=1 here", "no /(hidden) here"),
            ("the key SECRETSECRET is wrong", "the key (hidden) is wrong"),
            ("Bearer 0123456789", "(hidden)"),
            ("0123456789 has ended", "(hidden) has ended"),
            ("not with a secret that two share", "not with (hidden)"),
            ("the web is full", "the web is full"),
        ] {
            assert_eq!(hide(said), told);
        }
    }
}
