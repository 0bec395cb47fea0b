//! What is kept for the owner's side and the script: tokens, scripts, since when a site says what.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

const DAY: i64 = 86_400_000;

#[test]
fn a_token_holds_from_its_making_to_its_revocation_and_over_restarts() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let tokens = ledger.tokens();
    assert!(!tokens.ever_made() && !tokens.verify(""), "none was made");
    let token = tokens.create("laptop").expect("made");
    let other = tokens.create("phone").expect("made");
    assert!(tokens.verify(&token) && tokens.verify(&other) && tokens.ever_made());
    assert!(!tokens.verify(token.get(1..).unwrap_or_default()) && !tokens.verify("laptop"), "nothing else holds");
    tokens.revoke("laptop").expect("revoked");
    assert!(!tokens.verify(&token) && tokens.verify(&other), "a revocation holds at once, for its token alone");
    ledger.close();

    let ledger = opened(dir.path());
    let tokens = ledger.tokens();
    assert!(!tokens.verify(&token) && tokens.verify(&other) && tokens.ever_made());
    let listed = tokens.list().expect("listed");
    let revoked: Vec<_> = listed.iter().map(|token| (token.name.as_str(), token.revoked_ms)).collect();
    assert_eq!(revoked, [("laptop", Some(NOON)), ("phone", None)]);
    ledger.close();
    let bytes = std::fs::read(dir.path().join("ledger.db")).expect("the file");
    let secret = token.trim_start_matches("inlay_").as_bytes();
    assert!(!bytes.windows(secret.len()).any(|bytes| bytes == secret), "no token stands in the file");
}

#[test]
fn a_tokens_name_is_one_tokens_until_that_is_revoked() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let tokens = ledger.tokens();
    let first = tokens.create("ci").expect("made");
    assert!(matches!(tokens.create("ci"), Err(TokenError::Taken(name)) if name == "ci"));
    assert!(tokens.verify(&first), "the refused one changed nothing");
    assert!(matches!(tokens.revoke("cd"), Err(TokenError::Unknown(_))));
    tokens.revoke("ci").expect("revoked");
    assert!(matches!(tokens.revoke("ci"), Err(TokenError::Unknown(_))), "it is not in force any more");
    let second = tokens.create("ci").expect("made again");
    assert!(tokens.verify(&second) && !tokens.verify(&first), "the old token stays void");
    for name in ["", "two\nlines", &"x".repeat(65)] {
        assert!(matches!(tokens.create(name), Err(TokenError::Name)), "{name:?} is no name");
    }
    ledger.close();
}

#[test]
fn a_command_without_sites_makes_tokens_in_a_ledger_that_nobody_runs() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = open(dir.path(), &[], at(NOON)).expect("opens");
    let token = ledger.tokens().create("cli").expect("made");
    assert_eq!(ledger.close(), Summary { rows: 0, dropped: 0 });
    let ledger = opened(dir.path());
    assert!(ledger.tokens().verify(&token), "the proxy that starts later knows it");
    ledger.close();
}

#[test]
fn a_script_is_served_for_30_days_after_it_was_last_current() {
    let dir = tempfile::tempdir().expect("a folder");
    let now = Arc::new(AtomicI64::new(NOON));
    let script = |name: &str| Script { hash8: name.into(), body: name.repeat(3).into_bytes() };
    let kept = |days: i64, current: &[&str]| {
        let clock = Clock::new({
            let now = now.clone();
            move || now.load(Ordering::Relaxed)
        });
        now.store(NOON + days * DAY, Ordering::Relaxed);
        let ledger = open(dir.path(), &[], clock).expect("opens");
        let kept = ledger.scripts(current.iter().map(|name| script(name)).collect()).expect("kept");
        assert!(kept.iter().all(|kept| *kept == script(&kept.hash8)), "bodies are as they were");
        ledger.close();
        kept.into_iter().map(|script| script.hash8).collect::<Vec<_>>()
    };
    assert_eq!(kept(0, &["aa", "bb"]), ["aa", "bb"]);
    assert_eq!(kept(100, &["aa", "cc"]), ["aa", "cc", "bb"], "bb was current until now, however long it ran");
    assert_eq!(kept(129, &["cc"]), ["cc", "aa", "bb"]);
    assert_eq!(kept(131, &["cc"]), ["cc", "aa"], "bb's 30 days are over");
    assert_eq!(kept(132, &["aa"]), ["aa", "cc"], "what came back is current again");
}

#[test]
fn the_day_on_which_a_site_began_to_say_gpc_json_outlives_restarts_and_a_pause_ends_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let since = |days: i64, sites: &[&str]| {
        let ledger = open(dir.path(), &[], at(NOON + days * DAY)).expect("opens");
        let since = ledger.gpc_json_since(sites.iter().map(|site| (*site).to_owned()).collect()).expect("written");
        ledger.close();
        since.into_iter().map(|ms| (ms - NOON) / DAY).collect::<Vec<_>>()
    };
    assert_eq!(since(0, &["shop"]), [0]);
    assert_eq!(since(5, &["blog", "shop"]), [5, 0], "each has its own");
    assert_eq!(since(6, &["blog"]), [5]);
    assert_eq!(since(9, &["blog", "shop"]), [5, 9], "shop said nothing for a while");
}

#[test]
fn a_token_of_which_damage_made_nonsense_opens_nothing_and_the_ledger_starts() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let (broken, whole) = (ledger.tokens().create("broken"), ledger.tokens().create("whole").expect("made"));
    ledger.close();
    let cut = "UPDATE tokens SET hash = substr(hash, 2) WHERE name = 'broken'";
    assert_eq!(raw(dir.path()).execute(cut, []).expect("damaged"), 1);
    let ledger = start(dir.path(), &[site("shop", "UTC")], at(NOON)).expect("pages are not kept waiting");
    let tokens = ledger.tokens();
    assert!(tokens.verify(&whole) && tokens.ever_made() && !tokens.verify(&broken.expect("made")));
    assert!(ledger.health().trouble().is_none());
    ledger.close();
}
