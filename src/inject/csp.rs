//! Policies: whether the answer's own policies already let our script run. They are not adapted in this version.
//!
//! Each enforced and each report-only policy is looked at by itself (every line, every comma part): a report-only policy
//! that our script would violate makes false reports.

use http::{HeaderMap, HeaderName};

use super::{Reason, list};

const ENFORCED: HeaderName = http::header::CONTENT_SECURITY_POLICY;
const REPORT_ONLY: HeaderName = http::header::CONTENT_SECURITY_POLICY_REPORT_ONLY;
static INTEGRITY: [HeaderName; 2] =
    [HeaderName::from_static("integrity-policy"), HeaderName::from_static("integrity-policy-report-only")];

/// Why the answer's policies forbid the tag, if they do. `https`: the visitor speaks https.
pub(super) fn forbids(headers: &HeaderMap, https: bool) -> Option<Reason> {
    if policies(headers, &ENFORCED).any(|policy| policy.sandboxes()) {
        return Some(Reason::Sandbox);
    }
    let mut all = policies(headers, &ENFORCED).chain(policies(headers, &REPORT_ONLY));
    let blocked = all.any(|policy| !policy.allows_own_script(https));
    (blocked || wants_integrity(headers)).then_some(Reason::Csp)
}

/// One policy as it was sent: directives separated by semicolons (CSP 3, section 2.2.1).
#[derive(Debug, Clone, Copy)]
struct Policy<'a>(&'a str);

/// Every policy of a field. A line that is no text forbids everything: who knows what it says.
fn policies<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Policy<'a>> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("script-src 'none'"));
    lines.flat_map(|line| line.split(',')).map(Policy)
}

impl<'a> Policy<'a> {
    /// The sources of a directive; the first of a name counts (CSP 3, section 2.2.1).
    fn directive(self, wanted: &str) -> Option<impl Iterator<Item = &'a str> + Clone> {
        self.0.split(';').find_map(|directive| {
            let mut words = directive.split_ascii_whitespace();
            words.next()?.eq_ignore_ascii_case(wanted).then_some(words)
        })
    }

    /// A sandbox without scripts, or with an origin of its own: there neither script nor opt-out work.
    fn sandboxes(self) -> bool {
        self.directive("sandbox").is_some_and(|flags| {
            let has = |flag: &str| flags.clone().any(|one| one.eq_ignore_ascii_case(flag));
            !(has("allow-scripts") && has("allow-same-origin"))
        })
    }

    /// Whether a script of the page's own origin, without nonce and hash, may run.
    fn allows_own_script(self, https: bool) -> bool {
        let list = ["script-src-elem", "script-src", "default-src"].into_iter().find_map(|name| self.directive(name));
        let Some(sources) = list else { return true };
        let has = |source: &str| sources.clone().any(|one| one.eq_ignore_ascii_case(source));
        let own = has("'self'") || has("*") || https && has("https:");
        own && !has("'strict-dynamic'")
    }
}

/// Whether an `Integrity-Policy`, enforced or report-only, is about scripts: our tag bears no integrity. It is a dictionary
/// (RFC 9651 section 3.2), in which `blocked-destinations` is a list of tokens.
fn wants_integrity(headers: &HeaderMap) -> bool {
    let mut members = INTEGRITY.iter().flat_map(|name| list::members(headers, name));
    members.any(|member| {
        let (key, value) = list::split(member);
        let mut tokens = value.unwrap_or_default().split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
        key.eq_ignore_ascii_case(b"blocked-destinations") && tokens.any(|token| token.eq_ignore_ascii_case(b"script"))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn verdict(lines: &[(HeaderName, &'static str)], https: bool) -> Option<Reason> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        forbids(&headers, https)
    }

    #[test]
    fn a_policy_without_a_word_on_scripts_allows_ours() {
        for policy in ["", "img-src 'none'", "frame-ancestors 'self'", "upgrade-insecure-requests; object-src 'none'"] {
            assert_eq!(verdict(&[(ENFORCED, policy)], true), None, "policy {policy:?}");
        }
    }

    #[test]
    fn the_list_that_governs_scripts_must_name_our_own_origin() {
        for (policy, allowed) in [
            ("default-src 'self'", true),
            ("DEFAULT-SRC 'SELF'", true),
            ("script-src *", true),
            ("default-src 'none'; script-src 'self'", true),
            ("script-src 'none'; script-src-elem 'self'", true),
            ("script-src 'self'; script-src 'none'", true),
            ("script-src 'none'; script-src 'self'", false),
            ("script-src 'none'", false),
            ("script-src", false),
            ("script-src 'nonce-n'", false),
            ("script-src 'self' 'nonce-n' 'strict-dynamic'", false),
            ("script-src 'unsafe-inline' https://other.test", false),
            ("default-src 'self'; script-src-elem https://other.test", false),
        ] {
            let expected = (!allowed).then_some(Reason::Csp);
            assert_eq!(verdict(&[(ENFORCED, policy)], true), expected, "policy {policy:?}");
        }
    }

    #[test]
    fn a_scheme_allows_ours_where_the_visitor_speaks_it() {
        assert_eq!(verdict(&[(ENFORCED, "script-src https:")], true), None, "on https");
        assert_eq!(verdict(&[(ENFORCED, "script-src https:")], false), Some(Reason::Csp), "on http");
    }

    #[test]
    fn every_policy_counts_by_itself_also_a_report_only_one() {
        for lines in [
            &[(ENFORCED, "script-src 'self', script-src 'none'")][..],
            &[(ENFORCED, "script-src 'self'"), (ENFORCED, "default-src 'none'")],
            &[(ENFORCED, "script-src 'self'"), (REPORT_ONLY, "script-src 'none'")],
            &[(INTEGRITY[0].clone(), "blocked-destinations=(script)")],
            &[(INTEGRITY[1].clone(), "blocked-destinations=(style Script), endpoints=(e)")],
        ] {
            assert_eq!(verdict(lines, true), Some(Reason::Csp), "lines {lines:?}");
        }
        for line in ["blocked-destinations=(style)", "blocked-destinations=(style), endpoints=(script script-errors)"] {
            assert_eq!(verdict(&[(INTEGRITY[0].clone(), line)], true), None, "styles are no concern: {line}");
        }
    }

    #[test]
    fn a_sandbox_must_leave_scripts_and_the_origin() {
        for (policy, reason) in [
            ("sandbox", Some(Reason::Sandbox)),
            ("sandbox allow-scripts", Some(Reason::Sandbox)),
            ("sandbox allow-same-origin; script-src 'none'", Some(Reason::Sandbox)),
            ("sandbox allow-scripts allow-same-origin", None),
        ] {
            assert_eq!(verdict(&[(ENFORCED, policy)], true), reason, "policy {policy:?}");
            assert_ne!(verdict(&[(REPORT_ONLY, policy)], true), Some(Reason::Sandbox), "only reported: {policy:?}");
        }
    }
}
