//! Reads: a pool of connections that cannot write; each read sees one snapshot and has a deadline.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::damage::Damage;
use super::schema;
use crate::error::{Error, Failure};

/// A read that takes longer is given up: it would keep a connection, and the log from being shortened.
const DEADLINE: Duration = Duration::from_secs(5);

/// The same for a read aside, of which others may wait for their turn as long as `DEADLINE`.
const DEADLINE_ASIDE: Duration = Duration::from_secs(2);

/// How many of SQLite's instructions run between two looks at the clock: some tenths of a millisecond.
const INSTRUCTIONS_A_LOOK: i32 = 20_000;

type Pool = r2d2::Pool<SqliteConnectionManager>;
type Pooled = r2d2::PooledConnection<SqliteConnectionManager>;

/// Connections at hand for the threads that serve, one for each: with the same thread time after time a connection's
/// memory is not passed on between threads, which would meet at the allocator's locks. They are of the pool and go back
/// there where a place is taken.
type AtHand = Arc<[Mutex<Option<Pooled>>]>;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// When the read that this thread runs must end.
    static DUE: Cell<Option<Instant>> = const { Cell::new(None) };
    /// Which of the connections at hand is this thread's.
    static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// This thread's place.
fn place(at_hand: &AtHand) -> MutexGuard<'_, Option<Pooled>> {
    let place = PLACE.with(|place| place % at_hand.len());
    at_hand[place].lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct Readers {
    at_hand: AtHand,
    pool: Pool,
    /// The turns of those who read aside: half as many as the threads that serve, which they must not starve.
    aside: Arc<Semaphore>,
    damage: Damage,
}

impl Readers {
    pub fn open(path: &Path, count: u32, damage: Damage) -> Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let manager = SqliteConnectionManager::file(path).with_flags(flags).with_init(|conn| {
            schema::prepare_any(conn)?;
            conn.progress_handler(INSTRUCTIONS_A_LOOK, Some(overdue))
        });
        let aside = (count / 2).max(1);
        let pool = r2d2::Pool::builder()
            .max_size(count + aside)
            .test_on_check_out(false)
            .connection_timeout(DEADLINE)
            .build(manager)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
        Ok(Readers {
            at_hand: (0..count).map(|_| Mutex::new(None)).collect(),
            pool,
            aside: Arc::new(Semaphore::new(aside as usize)),
            damage,
        })
    }

    pub fn begin(&self) -> Result<Reading, Error> {
        let at_hand = place(&self.at_hand).take();
        let conn = at_hand.map_or_else(|| check_out(&self.pool), Ok)?;
        Reading::begin(conn, Some(Arc::clone(&self.at_hand)), DEADLINE, &self.damage)
    }

    pub async fn read_aside<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let turn = tokio::time::timeout(DEADLINE, Arc::clone(&self.aside).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            let message = "Too many searches at once; try again soon.";
            return Err(Error::unavailable(message, format!("no turn within {DEADLINE:?}")));
        };
        let (pool, damage) = (self.pool.clone(), self.damage.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let result = Reading::begin(check_out(&pool)?, None, DEADLINE_ASIDE, &damage)?.run(work);
            drop(turn);
            result
        });
        let done = reading.await;
        done.unwrap_or_else(|error| Err(Error::internal(format!("a read panicked: {error}"))))
    }
}

fn check_out(pool: &Pool) -> Result<Pooled, Error> {
    let conn = pool.get();
    conn.map_err(|error| Error::unavailable("Too many reads at once; try again soon.", error.to_string()))
}

/// One snapshot of the file, on a connection that cannot write. Whichever way it ends, the connection is given back
/// without a transaction.
pub struct Reading {
    /// There until this is dropped.
    conn: Option<Pooled>,
    /// Where the connection goes then; nowhere: to the pool.
    at_hand: Option<AtHand>,
    due: Instant,
    damage: Damage,
}

impl Reading {
    fn begin(conn: Pooled, at_hand: Option<AtHand>, deadline: Duration, damage: &Damage) -> Result<Self, Error> {
        let due = Instant::now() + deadline;
        // SQLite may ask for it at the beginning already, as it counts the instructions of all of a statement's runs.
        DUE.set(Some(due));
        let begun = conn.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([]));
        damage.note(begun.map_err(Error::from))?;
        Ok(Reading {
            conn: Some(conn),
            at_hand,
            due,
            damage: damage.clone(),
        })
    }

    /// Runs `work` on the snapshot, which is the same for all, on this thread: it must be short.
    pub fn run<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        DUE.set(Some(self.due));
        let answer = work(self.conn.as_ref().expect("it is there until the drop"));
        self.damage.note(answer)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        DUE.set(None);
        // SQLite may have ended it already.
        if !conn.is_autocommit()
            && let Err(error) = conn.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]))
        {
            tracing::error!("a read could not be ended: {error}");
        }
        if let Some(at_hand) = &self.at_hand {
            place(at_hand).get_or_insert(conn);
        }
    }
}

fn overdue() -> bool {
    DUE.get().is_some_and(|due| Instant::now() > due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_begins_and_ends_whatever_became_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        schema::create(&path).unwrap();
        let readers = Readers::open(&path, 1, Damage::default()).unwrap();
        let long_ago = Instant::now() - Duration::from_secs(1);
        // So often that the beginning and the end are among the instructions at which SQLite looks at the clock.
        for _ in 0..=INSTRUCTIONS_A_LOOK {
            DUE.set(Some(long_ago));
            let reading = readers.begin().unwrap();
            reading.run(|_| Ok(())).unwrap();
            DUE.set(Some(long_ago));
            drop(reading);
            let at_hand = place(&readers.at_hand);
            assert!(at_hand.as_ref().unwrap().is_autocommit());
        }
    }
}
