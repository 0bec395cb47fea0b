//! Random walks: visitors who change their mind, an owner who changes tags, an origin that changes all it can.
//!
//! The rule is one: whatever a client ends up with, by a full answer or by a 304, is what a full answer would be now.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::LazyLock;

use http::header::{CACHE_CONTROL, ETAG, LAST_MODIFIED};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::origin::{Kind, Life, Manners, Origin};
use super::store::{Copy, Store};
use super::way::{Asks, Body, Got, Tags, go, request, site};
use crate::inject::Site;
use crate::inject::validator::entity_tag::EntityTag;
use crate::inject::validator::names_a_copy;

/// The site without tags, the one before which nothing stands, and the one in shadow.
const DISABLED: usize = 5;
const UNCACHED: usize = 6;
const SHADOW: usize = 11;

static SITES: LazyLock<Vec<Site>> = LazyLock::new(|| {
    let own = "<script src=/_inlay/t.0.js></script>";
    let snippet = |html: &str| format!("[[site.tag]]\nid = 'a'\nhtml = '{html}'");
    vec![
        site(own, ""),
        site("<script src=/_inlay/t.1.js></script>", ""),
        site(own, &snippet("<p>a</p>")),
        site(own, &snippet("<p>b</p>")),
        site(own, &format!("{}\nplace = 'body-end'", snippet("<p>a</p>"))),
        site(own, "tag = false"),
        site(own, "in_front = 'none'"),
        site(own, "in_front = 'cache'"),
        site(own, &format!("{}\npercent = 50", snippet("<p>a</p>"))),
        site(own, &format!("{}\nwhen = {{ cookie = {{ a = '1' }} }}", snippet("<p>a</p>"))),
        site(own, "percent = 50"),
        site(own, "mode = 'shadow'"),
    ]
});

/// One visit, after what was changed before it.
#[derive(Debug, Clone)]
struct Step {
    site: usize,
    origin: Origin,
    no: bool,
    asks: Asks,
    /// Whether what a shared cache has is still fresh.
    fresh: bool,
    /// What is drawn for the view.
    draw: u64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kinds = [Kind::Strong, Kind::Weak, Kind::Date, Kind::StrongAndDate, Kind::Unquoted, Kind::None];
    let lives = [Life::Asks, Life::Shared, Life::Silent];
    let manners = [
        Manners::Good,
        Manners::Good,
        Manners::Forgets,
        Manners::Weakens,
        Manners::Deaf,
        Manners::Stubborn,
        Manners::Broken,
    ];
    let origin = (
        0..3_u8,
        any::<prop::sample::Index>(),
        prop::sample::select(lives.to_vec()),
        prop::bool::weighted(0.1),
        any::<bool>(),
    );
    let kind = prop::sample::select(kinds.to_vec());
    let manners = prop::sample::select(manners.to_vec());
    let asks = prop::sample::select(vec![Asks::Document, Asks::Document, Asks::ByAccept, Asks::Fetch]);
    let step =
        (0..SITES.len(), prop::bool::weighted(0.3), asks, any::<bool>(), prop::bool::weighted(0.3), any::<u64>());
    // Most of a walk keeps to one kind of origin and one site: only then do copies come to be confirmed.
    (kind, manners, 0..SITES.len(), 0..3_usize, prop::collection::vec((origin, step), 2..14)).prop_map(
        move |(kind, manners, first, life, steps)| {
            let each =
                |((version, other, life_now, no_transform, tells_type), (site, no, asks, fresh, moves, draw))| Step {
                    site: if moves { site } else { first },
                    origin: Origin {
                        version: if moves { version } else { 1 },
                        kind: if moves { kinds[prop::sample::Index::index(&other, kinds.len())] } else { kind },
                        life: if moves { life_now } else { lives[life] },
                        manners,
                        no_transform,
                        tells_type,
                    },
                    no,
                    asks,
                    fresh,
                    draw,
                };
            steps.into_iter().map(each).collect()
        },
    )
}

/// What the visitor would get who asks without conditions, of an origin that answers in full.
fn full(step: &Step) -> Body {
    let origin = Origin { manners: Manners::Deaf, ..step.origin };
    let got = go(&SITES[step.site], &origin, request(step.asks, step.no, &HeaderMap::new()), [b'0'; 32], step.draw);
    got.body.expect("a full answer")
}

fn is_private(headers: &HeaderMap) -> bool {
    headers.get(CACHE_CONTROL).is_some_and(|said| said.to_str().is_ok_and(|said| said.contains("private")))
}

/// Whether a shared cache may reuse it for now, by what it says.
fn lives(headers: &HeaderMap) -> bool {
    headers.get(CACHE_CONTROL).is_some_and(|said| said == "public, max-age=60")
}

/// Looks at what a client that keeps `store` has got, and gives the copy that a 304 confirms.
fn judge(step: &Step, store: &Store, got: &Got) -> Result<Option<usize>, TestCaseError> {
    let wanted = full(step);
    if let Some(body) = &got.body {
        prop_assert_eq!(body, &wanted, "a full answer");
        check_header(body, &got.headers)?;
        return Ok(None);
    }
    prop_assert_eq!(got.status, StatusCode::NOT_MODIFIED);
    let navigation = step.asks != Asks::Fetch;
    if navigation && wanted.tags.is_some() {
        prop_assert!(got.headers.contains_key("server-timing"), "a 304 would show the old id: {:?}", got.headers);
    }
    let lies = matches!(step.origin.manners, Manners::Stubborn | Manners::Broken);
    if lies && (wanted.tags.is_none() || !navigation) {
        // The origin's own lie about its own page.
        return Ok(None);
    }
    if lies && !got.headers.contains_key(ETAG) {
        prop_assert!(!got.headers.contains_key(LAST_MODIFIED), "a 304 that nobody asked for: {:?}", got.headers);
        return Ok(None);
    }
    let meant = store.meant_by(got);
    prop_assert!(!meant.is_empty(), "a 304 about a copy that the client does not have: {:?}", got.headers);
    for at in &meant {
        let copy = &store.copies[*at];
        let fetched_plain = !navigation && copy.body.tags.is_none();
        let guessed = [&copy.headers, &got.headers].into_iter().any(|headers| headers.contains_key(LAST_MODIFIED));
        let for_others = !is_private(&got.headers) && (guessed || lives(&got.headers));
        let kept_back = fetched_plain && !for_others;
        // An origin that gives no tag and forgets its date speaks of whatever was named.
        let told = names_a_copy(&got.headers) || meant.len() == 1;
        // What an origin says of plain copies is its own affair: by a date it may confirm one that is newer than its page. And
        // of several copies nobody knows which one the date is of, of an origin that forgets it none: so whether caches may
        // reuse the page, and its body is asked.
        let no_date = store.copies.len() > 1 || step.origin.manners == Manners::Forgets;
        let same = copy.body == wanted
            || wanted.tags.is_none() && copy.body.tags.is_none()
            || copy.body.has_markup_of(&wanted) && (lies || copy.body.version == wanted.version && no_date);
        prop_assert!(same || kept_back || !told, "{:?} is confirmed, not {:?}", copy.body, wanted);
    }
    Ok(meant.last().copied())
}

/// A tagged page's validator is ours or none; a plain one's is the origin's.
fn check_header(body: &Body, headers: &HeaderMap) -> Result<(), TestCaseError> {
    let tag = headers.get(ETAG).map(|value| EntityTag::parse(value.as_bytes()).is_some_and(EntityTag::is_ours));
    if body.tags.is_some() {
        prop_assert_ne!(tag, Some(false), "a tagged page with the origin's tag: {:?}", headers);
        prop_assert!(tag.is_some() || !headers.contains_key(LAST_MODIFIED), "a date alone: {:?}", headers);
    } else {
        prop_assert_ne!(tag, Some(true), "a plain page with our tag: {:?}", headers);
    }
    Ok(())
}

fn id_of(visit: usize) -> [u8; 32] {
    let digits = format!("{visit:032x}");
    digits.as_bytes().try_into().expect("32 digits")
}

/// Walks many times, and tells how often a visit ended with a 304 about a tagged copy.
fn walk(each: impl Fn(&[Step], &Cell<usize>) -> Result<(), TestCaseError>) -> usize {
    let confirmed = Cell::new(0);
    let config = ProptestConfig { cases: 8 * ProptestConfig::default().cases, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    if let Err(failed) = runner.run(&steps(), |steps| each(&steps, &confirmed)) {
        panic!("{failed}");
    }
    confirmed.get()
}

#[test]
fn a_browser_always_ends_up_with_what_a_full_answer_would_be() {
    let confirmed = walk(browser);
    assert!(confirmed > 100, "only {confirmed} copies were confirmed");
}

fn browser(steps: &[Step], confirmed: &Cell<usize>) -> Result<(), TestCaseError> {
    let mut store = Store::default();
    for (visit, step) in steps.iter().enumerate() {
        let got = go(
            &SITES[step.site],
            &step.origin,
            request(step.asks, step.no, &store.conditions()),
            id_of(visit),
            step.draw,
        );
        if let Some(at) = judge(step, &store, &got)? {
            store.renew(at, &got);
            let copy = store.copies[at].clone();
            check_header(&copy.body, &copy.headers)?;
            confirmed.set(confirmed.get() + usize::from(copy.body.tags.is_some()));
        }
        store.keep(&got);
    }
    Ok(())
}

#[test]
fn behind_a_shared_cache_nobody_gets_what_is_anothers_and_untagged_pages_come_to_an_end() {
    let confirmed = walk(shared);
    assert!(confirmed > 100, "only {confirmed} copies were confirmed");
}

/// A shared cache that goes by RFC 9111, which has an untagged copy from the time before Inlay.
fn shared(steps: &[Step], confirmed: &Cell<usize>) -> Result<(), TestCaseError> {
    let mut store = Store::default();
    let before = Origin { manners: Manners::Deaf, ..steps[0].origin };
    store.keep(&go(&SITES[DISABLED], &before, request(Asks::Fetch, false, &HeaderMap::new()), id_of(0), 0));
    let mut fresh = false;
    let mut ids = HashMap::new();
    for (visit, step) in steps.iter().enumerate() {
        let hit = fresh && step.fresh;
        let shown = if hit {
            store.copies.last().cloned()
        } else {
            let got = go(
                &SITES[step.site],
                &step.origin,
                request(step.asks, step.no, &store.conditions()),
                id_of(visit),
                step.draw,
            );
            let at = judge(step, &store, &got)?;
            fresh = (at.is_some() || got.body.is_some()) && lives(&got.headers);
            let shown = hand_on(&mut store, at, &got);
            confirmed
                .set(confirmed.get() + usize::from(at.is_some() && shown.iter().any(|copy| copy.body.tags.is_some())));
            shown
        };
        let Some(shown) = shown else { continue };
        if hit {
            check_hit(steps, step, &shown.body)?;
        }
        // Nothing stands in front of a site that says so: there is no such cache.
        let id = shown.headers.get("server-timing").filter(|id| **id != "inlay;desc=\"\"");
        if let Some(id) = id.filter(|_| !steps.iter().any(|step| step.site == UNCACHED)) {
            let first = *ids.entry(id.clone()).or_insert(visit);
            prop_assert_eq!(first, visit, "one id for two: {:?}", shown);
        }
    }
    Ok(())
}

/// What a cache keeps of an answer, and what its client gets. What it may not keep it hands on, and its own copy stays as it
/// was.
fn hand_on(store: &mut Store, at: Option<usize>, got: &Got) -> Option<Copy> {
    let keeps = !is_private(&got.headers);
    match at {
        Some(at) if keeps => {
            store.renew(at, got);
            let copy = store.copies.remove(at);
            store.copies.push(copy.clone());
            Some(copy)
        }
        Some(at) => Some(Copy { body: store.copies[at].body.clone(), headers: got.headers.clone() }),
        None => {
            if keeps {
                store.keep(got);
            }
            got.body.clone().map(|body| Copy { body, headers: got.headers.clone() })
        }
    }
}

/// What a cache shows without asking is tagged where every answer before was of a page to be tagged, and never bears a snippet.
fn check_hit(steps: &[Step], step: &Step, shown: &Body) -> Result<(), TestCaseError> {
    let untagged = |step: &Step| matches!(step.site, DISABLED | UNCACHED | SHADOW) || step.origin.no_transform;
    prop_assert!(shown.tags.is_some() || steps.iter().any(untagged), "an untagged page for everybody");
    let snippet = shown.tags.as_ref().is_some_and(Tags::has_snippet);
    prop_assert!(!snippet, "a snippet for everybody, {} among them", if step.no { "an opt-out" } else { "visitors" });
    Ok(())
}
