//! How does what clir has seen survive a restart?
//!
//! In a SQLite database beside the events, of digests only. It is read once at the start; then one thread looks every few
//! seconds for what has changed and stores it. Requests never wait for it: they touch nothing but memory. A database
//! that cannot be read is moved aside, and clir begins anew; where none can be had, clir watches without one: what it
//! knew of the past is a help, not a need.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    database::{self, Shape, Unusable},
    keeping::Keeping,
};
use crate::{
    detect::{
        Finding, Subject,
        behaviour::{Behaviour, Kept, Observer, Passage},
    },
    exchange::{Context, Fields, Host, InstallationKey},
};

/// The database's name in the directory of the event log.
const FILE: &str = "sightings.db";

/// What `user_version` says of a database whose tables are these.
const VERSION: i64 = 1;

/// How often what was learnt is stored.
const INTERVAL: Duration = Duration::from_secs(2);

/// Every so many times counts are stored as well, and what is too old is forgotten.
const ROUND: u32 = 30;

/// Clients kept on disk: as many as in memory. Who had to make room there goes here as well.
const CLIENTS: i64 = 8192;

const SECONDS_A_DAY: i64 = 86_400;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS client (
        digest INTEGER PRIMARY KEY,     -- of the client's address, under the installation's key
        last   INTEGER NOT NULL,        -- last heard of, in seconds since 1970
        state  TEXT NOT NULL            -- JSON: what is remembered, of digests only
    ) STRICT;";

/// What is remembered, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// What was last seen so many days ago is forgotten.
    pub keep_days: u32,
    /// Whether listeners are of different vantage.
    pub compares: bool,
    /// Whether evidence may name sites.
    pub tells_hosts: bool,
}

/// Watches what passes, by the system's clock. Clones share one memory.
#[derive(Clone, Debug)]
pub struct Sightings {
    memory: Arc<Behaviour>,
}

/// The thread that stores; to be closed at the end.
#[derive(Debug)]
pub struct Keeper(Keeping);

impl Sightings {
    /// Reads what is stored in `dir`, which must exist, and starts the thread that stores what comes.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn open(dir: &Path, key: &InstallationKey, watch: Watch) -> io::Result<(Self, Keeper)> {
        let memory = Behaviour::new(key).comparing(watch.compares).telling_hosts(watch.tells_hosts);
        let path = dir.join(FILE);
        let store = open(&path, &memory).inspect_err(|error| {
            let name = path.display();
            tracing::warn!("what is seen will be forgotten at the end: {name} cannot be used: {error}");
        });
        let keep = i64::from(watch.keep_days) * SECONDS_A_DAY;
        memory.forget_before(Timestamp::now().as_second() - keep);
        let memory = Arc::new(memory);
        let work =
            Work { memory: Arc::clone(&memory), store: store.ok(), keep, waiting: HashMap::new(), gone: Vec::new() };
        let keeping = Keeping::start("sightings", |closing| work.run(closing))?;
        Ok((Self { memory }, Keeper(keeping)))
    }
}

impl Observer for Sightings {
    fn request(&self, context: &Context, subject: &Subject<'_>) -> Vec<Finding> {
        passing(context, |passage| self.memory.request(passage, subject))
    }

    fn response(&self, context: &Context, fields: &Fields) {
        passing(context, |passage| self.memory.response(passage, fields));
    }
}

fn passing<T>(context: &Context, then: impl FnOnce(Passage<'_>) -> T) -> T {
    let address = context.client.ip().to_canonical();
    let client = match &address {
        std::net::IpAddr::V4(address) => &address.octets()[..],
        std::net::IpAddr::V6(address) => &address.octets()[..],
    };
    // An address is no site, so it need not be written out.
    let host = match &context.origin.host {
        Host::Name(name) => name,
        Host::Ip(_) => "",
    };
    then(Passage { client, host, vantage: Some(context.vantage), now: Timestamp::now().as_second() })
}

impl Keeper {
    /// Stores what has not been stored. Gives up after a few seconds, and says so, when the disk does not answer.
    pub fn close(self) {
        self.0.close("sightings");
    }
}

/// What the thread has in hand.
struct Work {
    memory: Arc<Behaviour>,
    /// Nothing where no database can be had.
    store: Option<Connection>,
    /// Seconds for which something is remembered.
    keep: i64,
    /// What could not be stored yet, the newest of each client; of no more clients than the memory has.
    waiting: HashMap<u64, Kept>,
    /// Who is to be deleted; where the disk does not answer, the first of them, and age takes the others.
    gone: Vec<u64>,
}

impl Work {
    fn run(mut self, closing: &Receiver<()>) {
        let mut was_told = false;
        for turn in 0_u32.. {
            let is_round = turn % ROUND == 0;
            let is_last = closing.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout);
            match self.turn(is_round, is_round || is_last) {
                Ok(()) => was_told = false,
                Err(error) if !was_told => {
                    tracing::warn!("what was seen cannot be stored and will be forgotten at the end: {error}");
                    was_told = true;
                }
                Err(_) => {} // Told already; the disk may come back.
            }
            if is_last {
                return;
            }
        }
    }

    fn turn(&mut self, forgets: bool, with_counts: bool) -> rusqlite::Result<()> {
        let oldest = Timestamp::now().as_second() - self.keep;
        if forgets {
            self.memory.forget_before(oldest);
        }
        let Some(database) = &mut self.store else { return Ok(()) };
        // Asked for first: who was pushed out and came back is stored anew.
        let forgotten = self.memory.take_forgotten();
        forgotten.iter().for_each(|client| drop(self.waiting.remove(client)));
        let room = usize::try_from(CLIENTS).unwrap_or(0).saturating_sub(self.gone.len());
        self.gone.extend(forgotten.into_iter().take(room));
        let changed = self.memory.take_changed(with_counts);
        self.waiting.extend(changed.into_iter().map(|kept| (kept.client, kept)));
        self.waiting.retain(|_, kept| kept.last >= oldest);
        if forgets || !self.waiting.is_empty() || !self.gone.is_empty() {
            store(database, &self.gone, self.waiting.values(), oldest)?;
            self.waiting.clear();
            self.gone.clear();
        }
        Ok(())
    }
}

fn store<'a>(
    database: &mut Connection,
    gone: &[u64],
    changed: impl Iterator<Item = &'a Kept>,
    oldest: i64,
) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    let mut delete = transaction.prepare("DELETE FROM client WHERE digest = ?1")?;
    for client in gone {
        delete.execute([client.cast_signed()])?;
    }
    drop(delete);
    let mut insert = transaction.prepare("INSERT OR REPLACE INTO client (digest, last, state) VALUES (?1, ?2, ?3)")?;
    for Kept { client, last, state } in changed {
        insert.execute(params![client.cast_signed(), last, state])?;
    }
    drop(insert);
    transaction.execute("DELETE FROM client WHERE last < ?1", [oldest])?;
    transaction.execute(
        "DELETE FROM client WHERE digest IN (SELECT digest FROM client ORDER BY last DESC LIMIT -1 OFFSET ?1)",
        [CLIENTS],
    )?;
    transaction.commit()
}

/// Opens the database and takes back what it holds.
fn open(path: &Path, memory: &Behaviour) -> io::Result<Connection> {
    let shape = Shape { version: VERSION, schema: SCHEMA, loses: "what was seen is forgotten" };
    database::open(path, &shape, |database| restore(database, memory))
}

fn restore(database: &Connection, memory: &Behaviour) -> Result<(), Unusable> {
    let mut select = database.prepare("SELECT digest, last, state FROM client ORDER BY last")?;
    let rows = select.query_map([], |row| {
        Ok(Kept { client: row.get::<_, i64>(0)?.cast_unsigned(), last: row.get(1)?, state: row.get(2)? })
    })?;
    for row in rows {
        memory.restore(&row?).map_err(|error| Unusable::Content(error.to_string()))?;
    }
    Ok(())
}
