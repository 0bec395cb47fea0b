//! The visitor's page for programs.

use serde_json::{Value, json};

use crate::signal::{OPT_OUT_COOKIE, Refusal, Scope, Standing};

use super::Facts;

/// What the page says.
pub(super) fn facts(facts: &Facts<'_>) -> String {
    let site = facts.site;
    let honor = site.privacy.honor;
    let domain = match facts.scope {
        Scope::Host => Value::Null,
        Scope::Domain(domain) => json!(domain),
    };
    let reason = match facts.standing {
        Standing::Yes => Value::Null,
        Standing::No(Refusal::OptOut) => json!("opt-out"),
        Standing::No(Refusal::Gpc) => json!("gpc"),
        Standing::No(Refusal::Dnt) => json!("dnt"),
    };
    line(&json!({
        "site": site.name,
        "contact": site.privacy.contact,
        "recorded": facts.standing == Standing::Yes,
        "reason": reason,
        "signals": {
            "opt-out": { "sent": facts.signals.opt_out, "honored": true },
            "gpc": { "sent": facts.signals.gpc, "honored": honor.gpc },
            "dnt": { "sent": facts.signals.dnt, "honored": honor.dnt },
        },
        "cookie": {
            "name": OPT_OUT_COOKIE,
            "domain": domain,
            "hosts_not_covered": facts.not_covered,
            "other_hosts": facts.any_host,
        },
        "retention_days": site.privacy.retention_days,
        "forwarded": facts.forwarded,
        "opt_out": format!("{}/privacy/opt-out", site.prefix),
        "opt_in": format!("{}/privacy/opt-in", site.prefix),
    }))
}

/// A form of another page's was refused.
pub(super) fn unchanged(prefix: &str) -> String {
    line(
        &json!({ "changed": false, "reason": "not sent by this site's own page", "page": format!("{prefix}/privacy") }),
    )
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}
