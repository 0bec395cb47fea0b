//! Which paths are Inlay's, however they are spelt: nothing under the prefix may reach the origin, nothing else is kept from it.
//!
//! Servers differ in what they make of a path before they look at it. So a path is ours when it is the prefix, or stands
//! below it, after one percent-decoding, with `\` taken as `/`, `;params` cut off each segment, slashes merged, dot segments
//! resolved, and ASCII case ignored. Ours in any other spelling than the exact one is answered with 404 and goes nowhere.

/// Where a request's path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Route<'a> {
    /// To the origin.
    Origin,
    /// To us, spelt exactly; this stands behind the prefix and its slash. Empty for the prefix alone.
    Ours(&'a [u8]),
    /// It means a path of ours in another spelling: [`super::not_found`].
    Misspelt,
}

/// Routes a request's path: raw, as received, without query, scheme and authority. `prefix` is [`crate::config::Site::prefix`].
pub fn route<'a>(path: &'a [u8], prefix: &str) -> Route<'a> {
    // The ordinary path: what normalising would leave as it is needs no copy.
    if is_plain(path) {
        return if below(path, prefix) { exact(path, prefix) } else { Route::Origin };
    }
    let normal = normal(path);
    if !below(&normal, prefix) {
        Route::Origin
    } else if path.strip_suffix(b"/").unwrap_or(path) == normal {
        exact(path, prefix)
    } else {
        Route::Misspelt
    }
}

/// Whether [`normal`] would surely find nothing to do but a slash at the end.
fn is_plain(path: &[u8]) -> bool {
    let mut before = 0;
    path.first() == Some(&b'/')
        && path.iter().all(|&byte| {
            let special = matches!(byte, b'%' | b'\\' | b';') || before == b'/' && matches!(byte, b'/' | b'.');
            before = byte;
            !special
        })
}

/// Whether a normal path is the prefix or stands below it.
fn below(path: &[u8], prefix: &str) -> bool {
    path.split_at_checked(prefix.len()).is_some_and(|(front, rest)| {
        front.eq_ignore_ascii_case(prefix.as_bytes()) && matches!(rest.first(), None | Some(b'/'))
    })
}

/// A normal path of ours, by its case. What stands behind the prefix is compared with exact names later.
fn exact<'a>(path: &'a [u8], prefix: &str) -> Route<'a> {
    match path.strip_prefix(prefix.as_bytes()) {
        Some([]) => Route::Ours(&[]),
        Some([b'/', rest @ ..]) => Route::Ours(rest),
        _ => Route::Misspelt,
    }
}

/// The path in its one spelling (case aside). Not for sending on: only to be compared.
fn normal(path: &[u8]) -> Vec<u8> {
    let decoded = decode(path);
    let mut normal = Vec::with_capacity(decoded.len() + 1);
    for segment in decoded.split(|&byte| matches!(byte, b'/' | b'\\')) {
        let segment = segment.split(|&byte| byte == b';').next().unwrap_or_default();
        match segment {
            // Merged slashes; a slash at the end is of no account here.
            b"" | b"." => {}
            b".." => normal.truncate(normal.iter().rposition(|&byte| byte == b'/').unwrap_or(0)),
            _ => {
                normal.push(b'/');
                normal.extend_from_slice(segment);
            }
        }
    }
    normal
}

/// One percent-decoding. What is no escape stays as it is.
fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, behind @ ..] = rest {
        match behind {
            [high, low, further @ ..] if *first == b'%' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex(*high) << 4 | hex(*low));
                rest = further;
            }
            _ => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    decoded
}

/// The value of a hex digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PREFIX: &str = "/_inlay";

    #[test]
    fn the_exact_spelling_is_ours_with_what_stands_behind_it() {
        for (path, rest) in [
            ("/_inlay", ""),
            ("/_inlay/", ""),
            ("/_inlay/privacy", "privacy"),
            ("/_inlay/privacy/", "privacy/"),
            ("/_inlay/t.0123abcd.js", "t.0123abcd.js"),
            ("/_inlay/PRIVACY", "PRIVACY"),
        ] {
            assert_eq!(route(path.as_bytes(), PREFIX), Route::Ours(rest.as_bytes()), "{path}");
        }
    }

    #[test]
    fn other_spellings_of_ours_go_nowhere() {
        for path in [
            "/_INLAY/privacy",
            "/_Inlay",
            "//_inlay/privacy",
            "/_inlay//privacy",
            "/%5Finlay/privacy",
            "/%5f%69%6e%6c%61%79",
            "/_inlay%2fprivacy",
            "/_inlay\\privacy",
            "\\_inlay/privacy",
            "/_inlay%5Cprivacy",
            "/./_inlay/e",
            "/a/../_inlay/e",
            "/a/%2e%2e/_inlay/e",
            "/a/%2e%2e%2f_inlay/e",
            "/../../_inlay/e",
            "/_inlay/./e",
            "/_inlay/a/../e",
            "/_inlay;v=1/e",
            "/_inlay;v=1",
            "/;x/_inlay/e",
            "/a/..;/_inlay/e",
            "/a/..%3bx/_inlay/e",
            "/_inlay/e;jsessionid=1",
            "/_inlay/e%00",
            "_inlay/e",
            "/_inlay/x/..",
        ] {
            assert_eq!(route(path.as_bytes(), PREFIX), Route::Misspelt, "{path}");
        }
    }

    #[test]
    fn everything_else_is_the_origins() {
        for path in [
            "",
            "*",
            "/",
            "/_inla",
            "/_inlayer",
            "/_inlay.html",
            "/a/_inlay/e",
            "/_inlay/../x",
            "/_inlay/..%2fx",
            "/_inlay/..",
            "/%255Finlay/e",
            "/%5_inlay/e",
            "/_inlay%",
            "/_inlay%3",
            "/_inlay%3f",
            "/%D0%BA/..%",
            "/a;/_inlay/e",
            "/.well-known/gpc.json",
        ] {
            assert_eq!(route(path.as_bytes(), PREFIX), Route::Origin, "{path}");
        }
    }

    #[test]
    fn a_prefix_of_several_segments_and_capitals_is_found() {
        assert_eq!(route(b"/A/b/privacy", "/A/b"), Route::Ours(b"privacy"));
        assert_eq!(route(b"/a//b/privacy", "/A/b"), Route::Misspelt);
        assert_eq!(route(b"/A", "/A/b"), Route::Origin);
    }

    #[test]
    fn a_prefix_that_begins_with_a_dot_is_found() {
        assert_eq!(route(b"/.inlay/privacy", "/.inlay"), Route::Ours(b"privacy"));
        assert_eq!(route(b"/./.inlay/privacy", "/.inlay"), Route::Misspelt);
        assert_eq!(route(b"/.git/config", "/.inlay"), Route::Origin);
    }

    /// Paths out of the pieces that matter.
    fn paths() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            "/", "/_inlay", "_inlay", "_INLAY", "%5finlay", "..", ".", "%2e", "%2F", "\\", "%5c", ";", "%3b", ";a=b",
            "a", "%", "%2", "//", "/_inlay/", "/privacy", "%25", "%e9", "e",
        ]);
        prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat().into_bytes())
    }

    /// The rule step by step, as it is written at the top of this file.
    fn is_ours_by_the_letter(path: &[u8]) -> bool {
        let path = String::from_utf8_lossy(&decode(path)).to_ascii_lowercase().replace('\\', "/");
        let cut: Vec<_> = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect();
        let mut segments = Vec::new();
        for segment in cut.into_iter().filter(|segment| !segment.is_empty() && *segment != ".") {
            if segment == ".." {
                segments.pop();
            } else {
                segments.push(segment);
            }
        }
        segments.first() == Some(&"_inlay")
    }

    proptest! {
        #[test]
        fn a_path_is_the_origins_exactly_when_the_letter_says_so(path in paths()) {
            prop_assert_eq!(route(&path, PREFIX) == Route::Origin, !is_ours_by_the_letter(&path));
        }

        #[test]
        fn what_the_quick_look_calls_plain_normalising_leaves_alone(path in paths()) {
            if is_plain(&path) {
                let normal = normal(&path);
                prop_assert_eq!(&normal[..], path.strip_suffix(b"/").unwrap_or(&path));
            }
        }

        #[test]
        fn no_bytes_at_all_make_it_panic(path in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = route(&path, PREFIX);
        }
    }
}
