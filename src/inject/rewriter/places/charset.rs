//! `<meta>` that names ISO-2022-JP. It stands behind our own tag, which is ASCII before any escape; behind it the page's bytes
//! may be in another state, so that what is still to be placed is given up.

use encoding_rs::{Encoding, ISO_2022_JP};
use lol_html::send::Element;

/// Whether a `<meta>` element names ISO-2022-JP, by `charset` or by `http-equiv`.
pub(super) fn is_iso_2022_jp(meta: &Element<'_, '_>) -> bool {
    let named = |label: &str| Encoding::for_label(label.as_bytes()) == Some(ISO_2022_JP);
    if let Some(charset) = meta.get_attribute("charset") {
        return named(&charset);
    }
    let equiv = meta.get_attribute("http-equiv").is_some_and(|equiv| equiv.eq_ignore_ascii_case("content-type"));
    equiv && meta.get_attribute("content").as_deref().and_then(charset_in).is_some_and(named)
}

/// The charset in `text/html; charset=...`.
fn charset_in(content: &str) -> Option<&str> {
    const CHARSET: &str = "charset";
    let at = content.to_ascii_lowercase().find(CHARSET)?;
    let value = content.get(at + CHARSET.len()..)?.trim_start().strip_prefix('=')?.trim_start();
    match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next(),
        _ => value.split(|letter: char| letter == ';' || letter.is_ascii_whitespace()).next(),
    }
}
