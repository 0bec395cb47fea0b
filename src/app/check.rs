//! A configuration as `inlay check` and `inlay run` take it: what `config` finds, and what only other rooms can know of it.

use std::path::Path;

use crate::config::{self, Checks, Config, Env, OwnerTag, Problem, Problems, Via};
use crate::event;
use crate::inject;

/// Reads and checks the file; `env` tells what an environment variable holds. Whatever `check` says, `run` refuses, in the
/// same words.
pub fn load(path: &Path, env: Env<'_>) -> Result<Config, Problems> {
    config::load_with(path, env, Checks { snippets: &snippets, event_fields: Some(event::FIELDS) })
}

/// What `inject` would not place, for one site.
fn snippets(tags: &[OwnerTag]) -> Vec<Problem> {
    let surplus = tags.get(inject::MAX_SNIPPETS).map(|tag| {
        let most = inject::MAX_SNIPPETS;
        Problem { at: tag.at.clone(), message: format!("the site has more than {most} snippets; write several as one") }
    });
    let faulty = tags.iter().filter_map(fault);
    surplus.into_iter().chain(faulty).collect()
}

/// What is wrong with a snippet, at the very byte where that can be told.
fn fault(tag: &OwnerTag) -> Option<Problem> {
    let fault = match tag.via {
        Via::Page => inject::snippet::problem(&tag.html)?,
        Via::Script => inject::snippet::elements(&tag.html).err()?,
    };
    let line = || tag.html.iter().take(fault.at).filter(|byte| **byte == b'\n').count() + 1;
    let (at, where_else) = match tag.at_byte(fault.at) {
        Some(at) => (at, String::new()),
        None => (tag.at.clone(), format!(" (line {} of the snippet, byte {})", line(), fault.at)),
    };
    Some(Problem { at, message: format!("the snippet {}{where_else}", fault.what) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "[[site]]\nname = 'shop'\nhosts = ['shop.example']\norigin = 'http://127.0.0.1:3000'\n";

    fn check(text: &str) -> Result<Config, Problems> {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("inlay.toml");
        std::fs::write(&path, text).expect("writable");
        load(&path, &|_| None)
    }

    #[test]
    fn a_site_has_as_many_snippets_as_a_plan_can_choose_from_and_no_more() {
        let snippets =
            |count| (0..count).map(|n| format!("[[site.tag]]\nid = 's{n}'\nhtml = '<p></p>'\n")).collect::<String>();
        let most = inject::MAX_SNIPPETS;
        assert!(check(&format!("{SITE}{}", snippets(most))).is_ok(), "{most} snippets are good");
        let said = check(&format!("{SITE}{}", snippets(most + 1))).expect_err("one too many").to_string();
        let line = SITE.lines().count() + most * 3 + 3;
        assert!(
            said.ends_with(&format!(":{line}:9: the site has more than {most} snippets; write several as one")),
            "{said}"
        );
    }

    #[test]
    fn what_is_wrong_in_a_snippet_is_said_at_its_own_line_and_column() {
        let place = tempfile::tempdir().expect("a folder");
        std::fs::write(place.path().join("chat.html"), "<p>chat</p>\n  <script>a()</scrpt>\n").expect("writable");
        let path = place.path().join("inlay.toml");
        let tags = "[[site.tag]]\nid = 'a'\nfile = 'chat.html'\n\
            [[site.tag]]\nid = 'b'\nhtml = \'\'\'\n<p>\n<div class=\"x>\n\'\'\'\n\
            [[site.tag]]\nid = 'c'\nhtml = \"<p>\\n<!-- \"\n\
            [[site.tag]]\nid = 'd'\nvia = 'script'\nhtml = '<img src=a><p>b</p>'\n";
        std::fs::write(&path, format!("{SITE}{tags}")).expect("writable");
        let said = load(&path, &|_| None).expect_err("four mistakes").to_string();
        let wanted = [
            "chat.html:2:3: the snippet leaves a script open: write <",
            "inlay.toml:12:1: the snippet leaves a quote open",
            "inlay.toml:16:8: the snippet leaves a comment open: write --> (line 2 of the snippet, byte 4)",
            "inlay.toml:20:20: the snippet has <p>, and a script places <script src>, <link> and <img> alone",
        ];
        for line in wanted {
            assert!(said.contains(line), "{line}\nin\n{said}");
        }
    }
}
