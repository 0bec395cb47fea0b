//! What is saved of a damaged ledger, and how it comes back.

use std::fs;

use super::*;

pub(super) const ROWS: i64 = 3_000;

/// A closed ledger with rows of two sites, a token and a sink.
pub(in crate::ledger) fn filled(dir: &Path) -> String {
    let sites = [site("shop", "UTC"), site("blog", "UTC")];
    let ledger = open(dir, &sites, at(NOON)).expect("opens");
    let token = ledger.tokens().create("laptop").expect("made");
    let sink = "INSERT INTO sinks(name, cursor, created) VALUES('archive', 7, 0)";
    ledger.errands.run(move |conn| conn.execute(sink, [])).expect("a sink");
    for n in 0..ROWS {
        let target = format!("/page/{n}?utm_source=s{}&utm_campaign=c{}", n % 7, n % 300);
        let view =
            Exchange { ts_ms: NOON - n * 60_000, referrer: b"https://news.example/a/long/path", ..exchange(&target) };
        offer(&ledger, &Hit { site: (n % 3 == 0).into(), ..page(view) });
    }
    ledger.close();
    token
}

pub(super) fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).expect("the file");
    change(&mut bytes);
    fs::write(file, bytes).expect("written");
}

/// Where a table's pages are, the first of them first.
pub(in crate::ledger) fn pages_of(dir: &Path, table: &str) -> Vec<usize> {
    let sql = format!("SELECT CAST(pageno AS TEXT) FROM dbstat WHERE name = '{table}' AND 1 = ?1 ORDER BY pageno");
    texts(&raw(dir), &sql, 1).iter().map(|page| page.parse().expect("a number")).collect()
}

pub(super) fn destroy(bytes: &mut [u8], page: usize) {
    bytes[(page - 1) * 4096..page * 4096].fill(0x5a);
}

pub(super) fn rows_of(repaired: &Repaired, table: &str) -> (i64, bool) {
    let saved = repaired.saved.iter().find(|saved| saved.table == table).expect("it is told of");
    (saved.rows, saved.whole)
}

fn repaired(dir: &Path) -> Repaired {
    match repair_ledger(dir, &at(NOON)).expect("repaired") {
        Repair::Done { repaired, aside } => {
            assert!(aside.exists(), "the damaged file is kept");
            repaired
        }
        Repair::Whole { .. } => panic!("there was damage"),
    }
}

pub(super) fn is_right(dir: &Path) {
    let inspected = inspect(dir).expect("looked through");
    assert_eq!(inspected.findings, Vec::<String>::new());
}

#[test]
fn a_whole_ledger_is_left_as_it_is_and_an_open_one_is_not_touched() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    let before = fs::read(dir.path().join("ledger.db")).expect("the file");
    assert_eq!(repair_ledger(dir.path(), &at(NOON)).expect("looked through"), Repair::Whole { events: ROWS });
    assert!(fs::read(dir.path().join("ledger.db")).expect("the file") == before);
    let ledger = opened(dir.path());
    assert!(matches!(repair_ledger(dir.path(), &at(NOON)), Err(RepairError::Open(OpenError::Held { .. }))));
    ledger.close();
    assert!(matches!(
        repair_ledger(&dir.path().join("none"), &at(NOON)),
        Err(RepairError::Read(ReadError::None { .. }))
    ));
    assert!(!dir.path().join("none").exists(), "nothing is made");
}

#[test]
fn a_page_of_rows_costs_its_own_rows_and_no_counts() {
    let dir = tempfile::tempdir().expect("a folder");
    let token = filled(dir.path());
    let pages = pages_of(dir.path(), "events");
    assert!(pages.len() > 20, "there are some: {}", pages.len());
    let views = counts(dir.path(), Dimension::View);
    // One within, and two side by side.
    change(&dir.path().join("ledger.db"), |bytes| [5, 11, 12].iter().for_each(|at| destroy(bytes, pages[*at])));
    let saved = repaired(dir.path());
    let (rows, whole) = rows_of(&saved, "events");
    assert!(!whole && rows > ROWS - 150 && rows < ROWS, "{rows} of {ROWS} rows");
    assert_eq!(saved.gaps, ROWS - rows);
    for table in ["sites", "retention", "tokens", "counts", "months", "hours", "sinks"] {
        assert!(rows_of(&saved, table).1, "{table} is whole: {:?}", saved.saved);
    }
    is_right(dir.path());
    assert_eq!(counts(dir.path(), Dimension::View), views);
    assert_eq!(number(&raw(dir.path()), "SELECT cursor FROM sinks"), 7);
    let ledger = opened(dir.path());
    assert!(ledger.tokens().verify(&token));
    offer(&ledger, &page(exchange("/after")));
    ledger.close();
    assert_eq!(number(&raw(dir.path()), "SELECT max(seq) FROM events"), ROWS + 1);
}

#[test]
fn counts_whose_pages_are_lost_are_counted_again_from_the_rows() {
    for table in ["counts", "months", "hours", "spans", "state", "sites"] {
        let dir = tempfile::tempdir().expect("a folder");
        filled(dir.path());
        let before = Dimension::ALL.map(|dimension| counts(dir.path(), dimension));
        let hours = number(&raw(dir.path()), "SELECT sum(views) FROM hours");
        let pages = pages_of(dir.path(), table);
        change(&dir.path().join("ledger.db"), |bytes| pages.iter().for_each(|page| destroy(bytes, *page)));
        let saved = repaired(dir.path());
        assert_eq!(rows_of(&saved, "events"), (ROWS, true), "{table}");
        is_right(dir.path());
        assert_eq!(number(&raw(dir.path()), "SELECT sum(views) FROM hours"), hours, "{table}");
        for (dimension, before) in Dimension::ALL.iter().zip(&before) {
            // Outcomes and drops stand in no row; what only they knew is lost with their page.
            if !(table == "counts" && matches!(dimension, Dimension::Outcome | Dimension::Dropped)) {
                assert_eq!(&counts(dir.path(), *dimension), before, "{table}, {dimension:?}");
            }
        }
    }
}

#[test]
fn a_first_page_that_is_lost_is_that_of_a_new_ledger() {
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes[..100].fill(0),
        |bytes| bytes[..4096].fill(0x5a),
        |bytes| bytes[68] ^= 1,
        |bytes| bytes[17] ^= 0xff,
    ];
    for damage in damages {
        let dir = tempfile::tempdir().expect("a folder");
        let token = filled(dir.path());
        change(&dir.path().join("ledger.db"), damage);
        let saved = repaired(dir.path());
        assert!(saved.saved.iter().all(|saved| saved.whole), "{:?}", saved.saved);
        assert_eq!(rows_of(&saved, "events").0, ROWS);
        is_right(dir.path());
        let ledger = opened(dir.path());
        assert!(ledger.tokens().verify(&token));
        ledger.close();
        let left = fs::read_dir(dir.path()).expect("the folder").count();
        assert_eq!(left, 3, "the ledger, its lock and the damaged file");
    }
}

#[test]
fn pages_that_nothing_leads_to_any_more_are_found() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    let tables = ["events", "counts", "months", "hours"];
    let roots: Vec<usize> = tables.iter().map(|table| pages_of(dir.path(), table)[0]).collect();
    let before = Dimension::ALL.map(|dimension| counts(dir.path(), dimension));
    let views = number(&raw(dir.path()), "SELECT sum(views) FROM hours");
    let mut destroyed = Vec::new();
    change(&dir.path().join("ledger.db"), |bytes| {
        for page in roots {
            destroyed.extend_from_slice(&bytes[(page - 1) * 4096..page * 4096]);
            destroy(bytes, page);
        }
    });
    let saved = repaired(dir.path());
    assert_eq!(rows_of(&saved, "events").0, ROWS);
    is_right(dir.path());
    // A root has the rows between its pages, others from time to time. An outcome is in no event, so there it is lost.
    let outcome = Outcome::Tagged.word().as_bytes();
    let is_lost = destroyed.windows(outcome.len()).any(|bytes| bytes == outcome);
    for (dimension, before) in Dimension::ALL.into_iter().zip(before) {
        if !(is_lost && matches!(dimension, Dimension::Outcome)) {
            assert_eq!(counts(dir.path(), dimension), before, "{dimension:?}");
        }
    }
    assert_eq!(number(&raw(dir.path()), "SELECT sum(views) FROM hours"), views);
}

#[test]
fn a_file_whose_first_pages_are_lost_still_gives_its_rows() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    let first: Vec<usize> = pages_of(dir.path(), "events").into_iter().filter(|page| *page <= 33).collect();
    change(&dir.path().join("ledger.db"), |bytes| bytes[..4096 * 33].fill(0x5a));
    let saved = repaired(dir.path());
    let (rows, whole) = rows_of(&saved, "events");
    assert!(
        !whole && rows > ROWS - 60 * first.len() as i64,
        "{rows} of {ROWS}, {} pages of theirs are lost",
        first.len()
    );
    is_right(dir.path());
    assert_eq!(
        number(&raw(dir.path()), "SELECT count(*) FROM tokens WHERE revoked IS NOT NULL"),
        1,
        "there were tokens"
    );
    assert_eq!(number(&raw(dir.path()), "SELECT count(*) FROM sites WHERE name LIKE 'unknown-%'"), 2);
}

#[test]
fn whatever_is_damaged_a_repair_ends_in_a_ledger_that_is_right() {
    let mut next = dice();
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    let whole = fs::read(dir.path().join("ledger.db")).expect("the file");
    for round in 0..12 {
        let dir = tempfile::tempdir().expect("a folder");
        let mut bytes = whole.clone();
        match round % 3 {
            0 => (0..=round).for_each(|_| destroy(&mut bytes, 1 + next(whole.len() / 4096))),
            1 => bytes.truncate(4096 * (1 + next(whole.len() / 4096))),
            _ => {
                for _ in 0..20 {
                    let at =
                        std::iter::repeat_with(|| next(whole.len())).find(|at| !(60..64).contains(at)).expect("one");
                    bytes[at] ^= 1 << next(8);
                }
            }
        }
        fs::write(dir.path().join("ledger.db"), bytes).expect("written");
        match repair_ledger(dir.path(), &at(NOON)) {
            Ok(Repair::Whole { .. }) => {}
            Ok(Repair::Done { repaired, .. }) => {
                println!("round {round}: {repaired:?}");
                is_right(dir.path());
            }
            Err(error) => panic!("round {round}: {error}"),
        }
        opened(dir.path()).close();
    }
}
