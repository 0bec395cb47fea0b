//! A configuration as `inlay check` and `inlay run` take it: what `config` finds, and what only other rooms can know of it.

use std::path::Path;

use crate::config::{self, Checks, Config, Env, OwnerTag, Problem, Problems};
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
    let faulty = tags.iter().filter_map(|tag| {
        let message = inject::snippet::problem(&tag.html).map(|what| format!("the snippet {what}"))?;
        Some(Problem { at: tag.at.clone(), message })
    });
    surplus.into_iter().chain(faulty).collect()
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
            said.ends_with(&format!(":{line}:8: the site has more than {most} snippets; write several as one")),
            "{said}"
        );
    }
}
