//! `X-Inlay-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 (RFC 2104) with the shared secret over `SECONDS`, a dot, and the body as
//! it was sent. The time lets a receiver refuse what somebody has recorded and sends again later.

use std::fmt::Write;

use ring::hmac;

/// The shared secret.
pub(super) struct Key(hmac::Key);

impl Key {
    pub(super) fn new(secret: &str) -> Key {
        Key(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The header's value at a time, in seconds since 1970.
    pub(super) fn signature(&self, now_s: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(now_s.to_string().as_bytes());
        context.update(b".");
        context.update(body);
        let mut value = format!("t={now_s},v1=");
        for byte in context.sign().as_ref() {
            // Writing to a String does not fail.
            _ = write!(value, "{byte:02x}");
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_other_programs_make_of_the_same_words() {
        // printf '1700000000.{}\n' | openssl dgst -sha256 -hmac secret
        let made = Key::new("secret").signature(1_700_000_000, b"{}\n");
        assert_eq!(made, EXPECTED);
    }

    const EXPECTED: &str = "t=1700000000,v1=dc2e07c928691c3fdecbdca708e89415b4ad6f1c9ddb31cd2da8967da29cd435";
}
