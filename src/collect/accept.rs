//! What the client likes to get: a page or data (`Accept`, RFC 9110 section 12.5.1), and in which language
//! (`Accept-Language`, section 12.5.4).

use http::{HeaderMap, HeaderName, header};

/// Whether JSON is named, and liked better than HTML. What names neither (`*/*`, no `Accept`) gets the page.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let (mut json, mut html) = (0.0, 0.0);
    for (name, quality) in liked(headers, &header::ACCEPT) {
        if name.eq_ignore_ascii_case("application/json") {
            json = quality;
        } else if name.eq_ignore_ascii_case("text/html") || name.eq_ignore_ascii_case("application/xhtml+xml") {
            html = f32::max(html, quality);
        }
    }
    json > html
}

/// Which of these languages is liked best, by its primary subtag (RFC 4647 section 3.3.1), the first of equals as the client
/// lists them; its place among them. `None` where none is named with a quality above 0.
pub(super) fn liked_language(headers: &HeaderMap, known: &[&str]) -> Option<usize> {
    let mut best = (0.0, None);
    for (tag, quality) in liked(headers, &header::ACCEPT_LANGUAGE) {
        let primary = tag.split('-').next().unwrap_or_default();
        let named = known.iter().position(|language| primary.eq_ignore_ascii_case(language));
        if named.is_some() && quality > best.0 {
            best = (quality, named);
        }
    }
    best.1
}

/// What a field names, and how much each is liked: 1 where nothing is said, 0 where that is no number.
fn liked<'h>(headers: &'h HeaderMap, field: &HeaderName) -> impl Iterator<Item = (&'h str, f32)> {
    let lines = headers.get_all(field).iter().map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        (name, parts.find_map(quality).unwrap_or(1.0))
    })
}

/// The value of a `q` parameter.
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

    #[test]
    fn the_language_that_is_liked_best_among_the_known_ones_is_taken() {
        for (languages, liked) in [
            ("", None),
            ("*", None),
            ("it, ja;q=0.9", None),
            ("de", Some("de")),
            ("DE-at,en;q=0.9", Some("de")),
            ("it, fr;q=0.8, en;q=0.7", Some("fr")),
            ("en;q=0.3, es;q=0.5", Some("es")),
            ("fr, de", Some("fr")),
            ("de;q=0, en;q=0.1", Some("en")),
            ("de;q=x", None),
            ("deu, den", None),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(languages))]);
            let known = ["en", "de", "fr", "es"];
            let found = liked_language(&headers, &known).map(|at| known[at]);
            assert_eq!(found, liked, "{languages:?}");
        }
    }
}
