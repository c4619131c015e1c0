//! Is what is kept there again, and is a command heard?

use std::{fs, os::unix::fs::PermissionsExt, thread, time::Instant};

use super::*;
use crate::{
    exchange::Host,
    policy::trust::{Contact, Look, Reason, Rejection, Ruling},
};

fn who(last: u8) -> Who {
    Who::Address([192, 0, 2, last].into())
}

fn contact(last: u8) -> Contact {
    Contact::new(who(last), &Host::Name("pinned.example".into()), "t13d", 0)
}

fn look(table: &TrustTable) -> Look {
    table.look(TrustTimes::default(), Timestamp::now().as_millisecond())
}

/// A table that is kept there.
fn opened(dir: &Path) -> (Arc<TrustTable>, TrustKeeper) {
    let table = Arc::new(TrustTable::default());
    table.set_authority("01:02:03:04:05:06:07:08");
    let keeper = TrustKeeper::open(dir, Arc::clone(&table), TrustTimes::default()).unwrap();
    (table, keeper)
}

fn trusts_and_pins(table: &TrustTable, last: u8) {
    table.shows(&who(last), "browser", &look(table));
    (0..3).for_each(|_| _ = table.rejects(&contact(last), Rejection::Objection, &look(table)));
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_is_there_again_and_nobody_else_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let (table, keeper) = opened(dir.path());
    trusts_and_pins(&table, 7);
    keeper.close();
    let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (table, keeper) = opened(dir.path());
    assert_eq!(table.rule(&contact(7), &look(&table)), Ruling::Pass(Reason::Pinned));
    keeper.close();
}

#[test]
fn what_changes_is_stored_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let (table, keeper) = opened(dir.path());
    trusts_and_pins(&table, 7);
    eventually("it is stored", || read(dir.path()).unwrap().iter().any(|client| !client.known.hosts.is_empty()));
    keeper.close();
}

#[test]
fn a_command_is_heard_while_it_runs_and_while_it_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let everything = Forgetting { clients: None, host: None };
    assert_eq!(forget(dir.path(), &everything).unwrap(), 0, "there is nothing yet");
    let (table, keeper) = opened(dir.path());
    trusts_and_pins(&table, 7);
    trusts_and_pins(&table, 8);
    eventually("both are stored", || read(dir.path()).unwrap().len() == 2);
    let host = Forgetting { clients: Some(&[who(7)]), host: Some("*.example") };
    assert_eq!(forget(dir.path(), &host).unwrap(), 1);
    eventually("the host is opened", || table.rule(&contact(7), &look(&table)) == Ruling::Open);
    assert_eq!(table.rule(&contact(8), &look(&table)), Ruling::Pass(Reason::Pinned), "the other client's");
    keeper.close();
    assert_eq!(read(dir.path()).unwrap().len(), 2, "nothing else is gone");
    assert_eq!(forget(dir.path(), &Forgetting { clients: Some(&[who(8)]), host: None }).unwrap(), 1);
    let (table, keeper) = opened(dir.path());
    assert_eq!(table.rule(&contact(7), &look(&table)), Ruling::Open);
    assert_eq!(table.rule(&contact(8), &look(&table)), Ruling::Pass(Reason::NotTrusted));
    keeper.close();
}

/// What waits for the disk while a command takes it out must not come back.
#[test]
fn what_is_forgotten_is_not_brought_back_by_what_waits() {
    let dir = tempfile::tempdir().unwrap();
    let (table, keeper) = opened(dir.path());
    for _ in 0..4 {
        trusts_and_pins(&table, 7);
        eventually("it is stored", || !read(dir.path()).unwrap().is_empty());
        table.rejects(&contact(7), Rejection::Objection, &look(&table));
        forget(dir.path(), &Forgetting { clients: None, host: None }).unwrap();
        eventually("it is forgotten", || table.standings(&look(&table)).is_empty());
    }
    keeper.close();
    assert_eq!(read(dir.path()).unwrap(), []);
}

#[test]
fn what_is_no_database_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE), "no database at all, whatever its name says, and long enough to tell").unwrap();
    assert!(read(dir.path()).is_err());
    let (table, keeper) = opened(dir.path());
    trusts_and_pins(&table, 7);
    keeper.close();
    assert_eq!(read(dir.path()).unwrap().len(), 1);
    let aside = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("trust.db.unreadable-");
    assert!(fs::read_dir(dir.path()).unwrap().flatten().any(|entry| aside(&entry)));
}
