//! How long a report over a year of 20 million views takes, beside a writer: `cargo bench --bench stats`.
//!
//! Years are made, each with 3,000 paths and 500 referrers a day: one whose days have the same ones, and some whose days have
//! only new ones. Views fall on values by their rank to the power of -1 (as is usual), -0.8, -0.5 and 0 (evenly, the worst: no
//! value stands out, so that everything has to be read). Each is read cold (the file is put out of the page cache before each
//! round) and warm, while another connection commits counts every 10 ms. Budget: 200 ms in all. Beside the time stands the CPU
//! time of the command, user and system. `INLAY_BENCH_DIR` keeps the years from one run to the next.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods, reason = "a benchmark fails by a panic")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use inlay::ledger::{self, Clock};
use inlay::stats::{self, Question};
use jiff::{Timestamp, civil::Date};
use rusqlite::Connection;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const DAYS: i64 = 365;
const VIEWS_A_DAY: u64 = 20_000_000 / 365;
const ROUNDS: usize = 9;

/// Numbers of the ledger's dimensions, and how many values a day of the year has in each.
const OPEN: [(i64, &str, u64); 5] =
    [(2, "/shop/articles/", 3000), (3, "site-", 500), (4, "campaign-", 40), (5, "source-", 40), (1, "bot-", 60)];
const CLOSED: [(i64, &[&str]); 3] = [
    (6, &["200", "304", "404"]),
    (7, &["tagged", "not-html", "opt-out", "encoding", "csp", "path"]),
    (9, &["en", "de", "fr", "es", "nl"]),
];

/// A year's name, whether its days have values of their own, and by which power of their rank values are rarer.
const YEARS: [(&str, bool, f64); 5] =
    [("same", false, 1.0), ("new", true, 1.0), ("new-0.8", true, 0.8), ("new-0.5", true, 0.5), ("new-even", true, 0.0)];

fn main() -> Result<()> {
    let kept = std::env::var_os("INLAY_BENCH_DIR").map(PathBuf::from);
    let folder = std::env::temp_dir().join(format!("inlay-bench-stats-{}", std::process::id()));
    let root = kept.clone().unwrap_or_else(|| folder.clone());
    let today = Timestamp::now().in_tz("UTC")?.date();
    println!("{:<32} {:>9} {:>9} {:>9} {:>9}", "a year of 20 million views", "median", "least", "most", "CPU");
    for (name, new_values, power) in YEARS {
        let dir = root.join(name);
        if !dir.exists() {
            fill(&dir, today, new_values, power)?;
        }
        measure(name, &dir)?;
    }
    if kept.is_none() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn measure(name: &str, dir: &Path) -> Result<()> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| write_along(dir, &done).expect("the writer beside the reader works"));
        for (way, cold) in [("cold", true), ("warm", false)] {
            let before = || if cold { forget(dir) } else { Ok(()) };
            row(&format!("{name}, {way}, report"), || report(dir), before)?;
            row(&format!("{name}, {way}, `inlay stats`"), || command(dir), before)?;
        }
        done.store(true, Ordering::Relaxed);
        Ok(())
    })
}

/// Prints a line; `run` returns its CPU time where it is known.
fn row(what: &str, run: impl Fn() -> Result<Option<Duration>>, before: impl Fn() -> Result<()>) -> Result<()> {
    let (mut times, mut busy) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        before()?;
        let start = Instant::now();
        busy.extend(run()?);
        times.push(start.elapsed());
    }
    times.sort();
    busy.sort();
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let cpu = busy.get(busy.len() / 2).copied().map_or(String::new(), ms);
    println!("{what:<32} {:>9} {:>9} {:>9} {cpu:>9}", ms(times[ROUNDS / 2]), ms(times[0]), ms(times[ROUNDS - 1]));
    Ok(())
}

fn report(dir: &Path) -> Result<Option<Duration>> {
    let conn = ledger::read(dir)?;
    let report = stats::report(&conn, &Question { site: None, days: 365, top: 10 }, Timestamp::now())?;
    assert!(report.views > 19_900_000 && report.pages.len() == 10, "the year is there: {}", report.views);
    Ok(None)
}

fn command(dir: &Path) -> Result<Option<Duration>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inlay"));
    command.args(["stats", "--days", "365", "--data"]).arg(dir).stdout(Stdio::null());
    let before = ended_cpu();
    if !command.status()?.success() {
        return Err("`inlay stats` failed".into());
    }
    Ok(ended_cpu().zip(before).map(|(now, before)| now.saturating_sub(before)))
}

/// CPU time of the processes that this one has started and seen end, user and system, where the system tells it (in
/// hundredths of a second).
fn ended_cpu() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(13);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Duration::from_millis((user + system) * 10))
}

/// Puts the ledger's files out of the page cache, which dd can do without being root.
fn forget(dir: &Path) -> Result<()> {
    for file in std::fs::read_dir(dir)? {
        let mut file_arg = std::ffi::OsString::from("of=");
        file_arg.push(file?.path());
        Command::new("dd")
            .args(["oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none"])
            .arg(file_arg)
            .status()?;
    }
    Ok(())
}

/// What a busy proxy's writer does to the file.
fn write_along(dir: &Path, done: &AtomicBool) -> Result<()> {
    let mut conn = Connection::open(dir.join("ledger.db"))?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    let today = number(Timestamp::now().in_tz("UTC")?.date());
    for round in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let tx = conn.transaction()?;
        for i in 0..20 {
            let value = format!("/shop/articles/{}", (round * 20 + i) % 3000);
            tx.prepare_cached("INSERT INTO counts VALUES(1, 2, ?1, ?2, 1) ON CONFLICT DO UPDATE SET n = n + 1")?
                .execute((today, value))?;
        }
        tx.commit()?;
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn fill(dir: &Path, today: Date, new_values: bool, power: f64) -> Result<()> {
    ledger::open(dir, &[], Clock::system())?.close();
    let mut conn = Connection::open(dir.join("ledger.db"))?;
    conn.pragma_update(None, "synchronous", "OFF")?;
    conn.execute("INSERT INTO sites(name, timezone) VALUES('shop', 'UTC')", ())?;
    let tx = conn.transaction()?;
    for back in (0..DAYS).rev() {
        let date = today.checked_sub(jiff::Span::new().days(back))?;
        let mut day =
            Day { conn: &tx, day: number(date), month: i64::from(date.year()) * 12 + i64::from(date.month()) - 1 };
        day.fill(if new_values { (DAYS - back) as u64 } else { 0 }, power)?;
    }
    tx.commit()?;
    Ok(())
}

fn number(date: Date) -> i64 {
    i64::from((date - Date::constant(1970, 1, 1)).get_days())
}

struct Day<'a> {
    conn: &'a Connection,
    day: i64,
    month: i64,
}

impl Day<'_> {
    fn fill(&mut self, set: u64, power: f64) -> Result<()> {
        self.add(0, "", VIEWS_A_DAY)?;
        for hour in self.day * 24..self.day * 24 + 24 {
            self.conn
                .prepare_cached("INSERT INTO hours VALUES(1, ?1, ?2, 100)")?
                .execute((hour, (VIEWS_A_DAY / 24) as i64))?;
        }
        for (dimension, name, values) in OPEN {
            let weights: f64 = (1..=values).map(|rank| (rank as f64).powf(-power)).sum();
            // A step that shares no divisor with their number: every value once, in no order, as views come.
            for rank in (0..values).map(|i| (i * 1_237) % values) {
                let n = VIEWS_A_DAY as f64 / weights * ((rank + 1) as f64).powf(-power);
                self.add(dimension, &format!("{name}{}", set * values + rank), n.ceil() as u64)?;
            }
        }
        for (dimension, values) in CLOSED {
            for value in values {
                self.add(dimension, value, VIEWS_A_DAY / values.len() as u64)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, dimension: i64, value: &str, n: u64) -> Result<()> {
        let n = n as i64;
        self.conn
            .prepare_cached("INSERT INTO counts VALUES(1, ?1, ?2, ?3, ?4)")?
            .execute((dimension, self.day, value, n))?;
        let month = "INSERT INTO months VALUES(1, ?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET n = n + excluded.n";
        self.conn.prepare_cached(month)?.execute((dimension, self.month, value, n))?;
        Ok(())
    }
}
