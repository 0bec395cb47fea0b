//! CPU time a page.

use super::load::{Client, wrk};
use super::servers::{BARE, INLAY_PASS, INLAY_TAG, NGINX_PASS, NGINX_SUB, NGINX_SUB_LARGE, PAGES, Servers};
use super::table::{Budget, Samples, median};

const ROUNDS: usize = 5;
const WARM_UP_SECS: u32 = 1;
const SECS: u32 = 3;

/// Budgets of a page's CPU time: page, who, against whom, how much.
const BUDGETS: [Budget; 5] = [
    Budget { page: "24k.html", who: INLAY_TAG, than: INLAY_PASS, most: 1.03 },
    Budget { page: "107k.html", who: INLAY_TAG, than: INLAY_PASS, most: 1.05 },
    Budget { page: "24k.html", who: INLAY_TAG, than: NGINX_SUB, most: 1.05 },
    Budget { page: "107k.html", who: INLAY_TAG, than: NGINX_SUB, most: 0.50 },
    Budget { page: "380k.html", who: INLAY_TAG, than: NGINX_SUB, most: 0.42 },
];

/// Measures everyone in interleaved rounds and prints the table.
pub fn measure() {
    let servers = Servers::start();
    let mut samples = Samples::default();
    let mut ledger = Vec::new();
    for (page, _) in PAGES {
        for server in &servers.all {
            let (header, start) = Client::new(server.addr).get(page);
            let tagged = String::from_utf8_lossy(&start).contains("/_inlay/t.");
            assert_eq!(tagged, server.tags, "{}: {page}: {header}", server.name);
            wrk(server.addr, page, WARM_UP_SECS);
        }
        for round in 0..ROUNDS {
            let mut order: Vec<_> = servers.all.iter().collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for server in order {
                let before = server.process.used();
                let pages = wrk(server.addr, page, SECS) as f64;
                let after = server.process.used();
                samples.add(page, server.name, (after.all - before.all) as f64 / 1e3 / pages);
                if server.name == INLAY_TAG {
                    ledger.push((after.ledger - before.ledger) as f64 / 1e3 / pages);
                }
            }
        }
    }
    println!("\nCPU time a page, microseconds of the proxy's core: median of {ROUNDS} interleaved rounds (least-most)");
    let names = [NGINX_PASS, NGINX_SUB, NGINX_SUB_LARGE, BARE, INLAY_PASS, INLAY_TAG];
    samples.print(&PAGES.map(|(page, _)| page), &names);
    println!("of Inlay's, for the ledger's writer: {:.1} us", median(&mut ledger));
    println!("\nInlay, tagging, over the others: median of the rounds' ratios");
    samples.print_ratios(&PAGES.map(|(page, _)| page), INLAY_TAG, &names);
    println!();
    BUDGETS.iter().for_each(|budget| samples.judge(budget));
}
