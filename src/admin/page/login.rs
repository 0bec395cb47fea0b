//! The form that takes a token, and what it says when there is none to take.

use std::fmt::{self, Display, Formatter};

use super::{BRAND, document};
use crate::admin::html::esc;

struct Form<'a>(Option<&'a str>);

/// The login page, with what was wrong with the last try.
pub(in crate::admin) fn login(trouble: Option<&str>) -> String {
    document("Log in · Inlay", Form(trouble))
}

impl Display for Form<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "<main class=\"login\">\n{BRAND}\n<h1>Log in</h1>\n")?;
        if let Some(trouble) = self.0 {
            writeln!(out, "<p class=\"warning\" role=\"alert\" id=\"trouble\">{}</p>", esc(trouble))?;
        }
        let described = if self.0.is_some() { " aria-describedby=\"trouble\" aria-invalid=\"true\"" } else { "" };
        writeln!(
            out,
            "<form method=\"post\" action=\"/login\">\n\
             <input name=\"name\" value=\"Inlay\" autocomplete=\"username\" hidden>\n<label for=\"token\">Token</label>\n\
             <input type=\"password\" id=\"token\" name=\"token\" required autofocus autocomplete=\"current-password\" \
             spellcheck=\"false\" placeholder=\"inlay_…\"{described}>\n<button>Log in</button>\n</form>\n\
             <p class=\"quiet\">A token is made on the machine that Inlay runs on:<br>\
             <code>inlay token create --name me</code><br>with <code>--data DIR</code> or <code>--config FILE</code>, as it \
             was started.</p>\n</main>"
        )
    }
}
