//! Whether an answer is for a person or for a program: `Accept` (RFC 9110 section 12.5.1).

use http::{HeaderMap, header};

/// Whether JSON is named, and liked better than HTML. What names neither (`*/*`, no `Accept`) gets the page.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let (mut json, mut html) = (0.0, 0.0);
    for line in headers.get_all(header::ACCEPT) {
        for range in line.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let quality = parts.find_map(quality).unwrap_or(1.0);
            if name.eq_ignore_ascii_case("application/json") {
                json = quality;
            } else if name.eq_ignore_ascii_case("text/html") || name.eq_ignore_ascii_case("application/xhtml+xml") {
                html = f32::max(html, quality);
            }
        }
    }
    json > html
}

/// The value of a `q` parameter; one that is no number is 0.
fn quality(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn json_goes_to_who_likes_it_better_than_html() {
        for (accept, json) in [
            (None, false),
            (Some("*/*"), false),
            (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), false),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/json, text/plain, */*"), true),
            (Some("application/json, text/html"), false),
            (Some("application/json, text/html;q=0.9"), true),
            (Some("text/html, application/json;q=0.9"), false),
            (Some("application/json;q=0"), false),
            (Some("application/json;q=x"), false),
            (Some("application/jsonp"), false),
        ] {
            let headers = accept.map(|accept| (header::ACCEPT, HeaderValue::from_static(accept))).into_iter().collect();
            assert_eq!(wants_json(&headers), json, "{accept:?}");
        }
    }
}
