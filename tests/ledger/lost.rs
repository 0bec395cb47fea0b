//! Files that are deleted, replaced or damaged.

use super::*;

#[test]
fn a_deleted_ledger_is_told_within_5_seconds_and_views_go_into_a_new_file() {
    for names in [&["ledger.db"][..], &["ledger.db", "ledger.db-wal", "ledger.db-shm"]] {
        let mut visited = Visited::started();
        visited.recovers();
        let token = token(&visited.proxy, "laptop");
        names.iter().for_each(|name| fs::remove_file(visited.data().join(name)).expect("deleted"));
        let deleted = Instant::now();
        wait_for("the new file", || visited.data().join("ledger.db").exists().then_some(()));
        let told = |line: &String| line.contains("was deleted or moved away while it was open");
        wait_for("the loss is told", || visited.proxy.log().iter().any(told).then_some(()));
        // The promise itself.
        assert!(deleted.elapsed() < Duration::from_secs(5), "told after {:?}", deleted.elapsed());
        let before = visited.committed();
        visited.recovers();
        let ready = visited.owner("/ready");
        assert!(ready.contains("warning: The ledger's file was deleted or moved away"), "{ready}");
        assert!(opens(&visited.proxy, &token) && !opens(&visited.proxy, ""), "the token goes on");
        visited.accounts();
        assert_eq!(visited.dropped(), 0, "what came meanwhile is in the new file");
        let (found, after) = (rows(&visited.data()) as u64, visited.committed());
        // What was committed before it was told is in either file.
        assert!(
            found > 0 && found >= after - before && found < after,
            "{found} rows, {after} committed, {before} before"
        );
        assert_eq!(visited.proxy.stop(), Some(0));
        assert_eq!(rows(&visited.data()) as u64, found, "the same after the end");
    }
}

#[test]
fn a_ledger_that_is_replaced_while_it_is_open_is_gone_on_with() {
    let other = folder();
    let mut first = Visited::by(binary(), &other);
    first.recovers();
    let there = first.accounts();
    assert_eq!(first.proxy.stop(), Some(0));
    let mut visited = Visited::started();
    visited.recovers();
    let new = visited.data().join("new");
    fs::copy(other.path().join("data/ledger.db"), &new).expect("copied");
    fs::rename(new, visited.data().join("ledger.db")).expect("put in its place");
    wait_for("it is told", || visited.owner("/ready").contains("was replaced by another file").then_some(()));
    let before = visited.committed();
    visited.recovers();
    visited.accounts();
    let (found, after) = (rows(&visited.data()) as u64, visited.committed());
    assert!(found >= there + after - before && found < there + after, "{there} were there, {found} are");
}

#[test]
fn a_data_folder_that_is_deleted_comes_back_with_its_socket_and_its_token() {
    let mut visited = Visited::started();
    visited.recovers();
    let first = token(&visited.proxy, "first");
    fs::remove_dir_all(visited.data()).expect("deleted");
    wait_for("the folder", || visited.data().join("inlay.sock").exists().then_some(()));
    let second = token(&visited.proxy, "second");
    assert!(opens(&visited.proxy, &first) && opens(&visited.proxy, &second));
    visited.recovers();
    visited.accounts();
}

#[test]
fn a_ledger_that_is_damaged_at_the_start_is_set_aside_and_pages_go_on() {
    let cut = |file: &File, _: &[u64]| file.set_len(file.metadata().expect("its length").len() / 2).expect("cut");
    let flip = |file: &File, pages: &[u64]| {
        for at in pages.iter().flat_map(|page| ((page - 1) * 4096..page * 4096).step_by(97)) {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).expect("read");
            file.write_all_at(&[byte[0] ^ 0x10], at).expect("written");
        }
    };
    for damage in [&cut as &dyn Fn(&File, &[u64]), &flip] {
        let mut visited = Visited::started();
        visited.recovers();
        let token = token(&visited.proxy, "laptop");
        visited.accounts();
        assert_eq!(visited.proxy.stop(), Some(0));
        let file = visited.data().join("ledger.db");
        let pages = pages_of(&file, "events");
        damage(&OpenOptions::new().read(true).write(true).open(file).expect("opens"), &pages);
        let mut visited = Visited::by(binary(), &visited.proxy.dir);
        visited.recovers();
        let ready = visited.owner("/ready");
        assert!(
            ready.contains("was damaged and was set aside") && ready.contains("inlay ledger repair ledger.db.damaged-"),
            "{ready}"
        );
        assert!(!opens(&visited.proxy, ""), "who has no token is not let in");
        let log = visited.proxy.log().into_iter().find(|line| line.contains("it was set aside and a new one begun"));
        let log = log.expect("the log says so");
        assert!(log.contains("not_saved") && log.contains(".damaged-"), "{log}");
        assert!(
            opens(&visited.proxy, &token) || log.contains("tokens"),
            "the token opens, or it is said that it is lost: {log}"
        );
        visited.accounts();
    }
}
