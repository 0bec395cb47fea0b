//! Random hits, random restarts: at every close the counts are those of the rows, and the rows are what was offered.

use proptest::prelude::*;

use super::*;
use crate::inject::Reason;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    View { site: usize, day: i64, target: String, status: u16, referrer: Option<String>, bot: bool },
    Unseen { reason: usize },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let target = ("/[a-c]{0,2}", proptest::option::of("[xy]")).prop_map(|(path, campaign)| match campaign {
        Some(campaign) => format!("{path}?utm_campaign={campaign}&utm_source=s"),
        None => path,
    });
    let status = prop_oneof![4 => Just(200), 1 => Just(304), 1 => Just(404)];
    let referrer = proptest::option::of("https://[ab]\\.example/[xy]\\?q");
    let view = (0..2_usize, -40..3_i64, target, status, referrer, prop::bool::weighted(0.2))
        .prop_map(|(site, day, target, status, referrer, bot)| Step::View { site, day, target, status, referrer, bot });
    prop_oneof![
        20 => view,
        5 => (0..Reason::ALL.len()).prop_map(|reason| Step::Unseen { reason }),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn counts_are_those_of_the_rows(steps in prop::collection::vec(step(), 1..200)) {
        let dir = tempfile::tempdir().expect("a folder");
        let sites = [site("a", "UTC"), site("b", "UTC")];
        let start = || open(dir.path(), &sites, at(NOON)).expect("opens");
        let (mut ledger, mut rows, mut pages) = (start(), 0, 0);
        for step in &steps {
            match step {
                Step::View { site, day, target, status, referrer, bot } => {
                    let view = Exchange {
                        ts_ms: NOON + day * 86_400_000,
                        status: *status,
                        referrer: referrer.as_deref().unwrap_or_default().as_bytes(),
                        user_agent: if *bot { b"Googlebot/2.1" } else { b"Firefox" },
                        ..exchange(target)
                    };
                    offer(&ledger, &Hit { site: *site, ..page(view) });
                    rows += 1;
                    pages += 1;
                }
                Step::Unseen { reason } => {
                    offer(&ledger, &unseen(Outcome::Skipped(Reason::ALL[*reason])));
                    pages += 1;
                }
                Step::Reopen => {
                    ledger.close();
                    ledger = start();
                }
            }
        }
        ledger.close();
        let conn = raw(dir.path());
        prop_assert_eq!(disagreement(&conn), None);
        prop_assert_eq!(number(&conn, "SELECT count(*) FROM events"), rows);
        prop_assert_eq!(number(&conn, "SELECT coalesce(max(seq), 0) FROM events"), rows, "seqs have no gaps");
        prop_assert_eq!(number(&conn, "SELECT coalesce(sum(n), 0) FROM counts WHERE dimension = 7"), pages);
        let strays = "SELECT count(*) FROM events LEFT JOIN spans ON hour = ts / 3600000
            WHERE first_seq IS NULL OR seq NOT BETWEEN first_seq AND last_seq";
        prop_assert_eq!(number(&conn, strays), 0, "every row is within its hour's span");
    }
}
