//! Reads: a pool of connections that cannot write. Each read sees one snapshot and has a deadline.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::corruption::Corruption;
use super::error::{Error, ErrorKind, WorkError};
use super::schema;

/// A read that takes longer is interrupted: it would hold a connection, and keep the WAL from being reset.
const DEADLINE: Duration = Duration::from_secs(5);

/// The same for a long read, for whose end others may wait up to `DEADLINE`.
const LONG_DEADLINE: Duration = Duration::from_secs(2);

/// SQLite's instructions between two looks at the clock: some tenths of a millisecond.
const INSTRUCTIONS_PER_CHECK: i32 = 20_000;

type Pool = r2d2::Pool<SqliteConnectionManager>;
type Pooled = r2d2::PooledConnection<SqliteConnectionManager>;

/// One pooled connection for each thread that serves. If the same thread uses a connection time after time, its memory
/// does not move between threads, which would contend for the allocator's locks. A connection whose slot is taken returns
/// to the pool.
type Slots = Arc<[Mutex<Option<Pooled>>]>;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// When the read that this thread runs must end.
    static DUE: Cell<Option<Instant>> = const { Cell::new(None) };
    /// The number of this thread, which selects its slot.
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// This thread's slot.
fn slot(slots: &Slots) -> MutexGuard<'_, Option<Pooled>> {
    let index = THREAD.with(|thread| thread % slots.len());
    slots[index].lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct Readers {
    slots: Slots,
    pool: Pool,
    /// Turns for long reads: half as many as the threads that serve, which they must not starve.
    long_reads: Arc<Semaphore>,
    corruption: Corruption,
}

impl Readers {
    /// Opens a pool for `count` threads that serve, and half as many long reads.
    pub fn open(path: &Path, count: u32, corruption: Corruption) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let manager = SqliteConnectionManager::file(path).with_flags(flags).with_init(|conn| {
            schema::configure(conn)?;
            conn.progress_handler(INSTRUCTIONS_PER_CHECK, Some(is_overdue))
        });
        let long_reads = (count / 2).max(1);
        let pool = r2d2::Pool::builder()
            .max_size(count + long_reads)
            .test_on_check_out(false)
            .connection_timeout(DEADLINE)
            .build(manager)
            .map_err(|error| Error::unusable(format!("cannot read {}: {error}", path.display())))?;
        Ok(Readers {
            slots: (0..count).map(|_| Mutex::new(None)).collect(),
            pool,
            long_reads: Arc::new(Semaphore::new(long_reads as usize)),
            corruption,
        })
    }

    pub fn begin(&self) -> Result<Reading, Error> {
        let conn = slot(&self.slots).take();
        let conn = conn.map_or_else(|| check_out(&self.pool), Ok)?;
        Reading::begin(conn, Some(Arc::clone(&self.slots)), DEADLINE, &self.corruption)
    }

    /// Runs `work` on a snapshot of its own, on a thread of its own.
    pub async fn read_long<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let turn = tokio::time::timeout(DEADLINE, Arc::clone(&self.long_reads).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            let text = format!("no turn within {DEADLINE:?}");
            return Err(Error::new(ErrorKind::TooManyLongReads, text).into());
        };
        let (pool, corruption) = (self.pool.clone(), self.corruption.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let result = Reading::begin(check_out(&pool)?, None, LONG_DEADLINE, &corruption)?.run(work);
            drop(turn);
            result
        });
        let done = reading.await;
        done.unwrap_or_else(|error| Err(Error::fault(format!("a read panicked: {error}")).into()))
    }
}

fn check_out(pool: &Pool) -> Result<Pooled, Error> {
    let conn = pool.get();
    conn.map_err(|error| Error::new(ErrorKind::TooManyReads, error.to_string()))
}

/// One snapshot of the file, on a connection that cannot write. However it ends, the connection is returned without a
/// transaction.
pub struct Reading {
    /// `Some` until this is dropped.
    conn: Option<Pooled>,
    /// Where the connection goes then; `None`: to the pool.
    slots: Option<Slots>,
    due: Instant,
    corruption: Corruption,
}

impl Reading {
    fn begin(conn: Pooled, slots: Option<Slots>, deadline: Duration, corruption: &Corruption) -> Result<Self, Error> {
        let due = Instant::now() + deadline;
        // SQLite may call the handler at the very beginning: it counts the instructions of all statements together.
        DUE.set(Some(due));
        let begun = conn.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([]));
        corruption.observe(begun.map_err(Error::from))?;
        Ok(Reading {
            conn: Some(conn),
            slots,
            due,
            corruption: corruption.clone(),
        })
    }

    /// Runs `work` on the snapshot, which is the same for every call, on this thread: it must be short.
    pub fn run<T, E: WorkError>(&self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        DUE.set(Some(self.due));
        let result = work(self.conn.as_ref().expect("it is there until the drop"));
        self.corruption.observe(result)
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
        if let Some(slots) = &self.slots {
            slot(slots).get_or_insert(conn);
        }
    }
}

fn is_overdue() -> bool {
    DUE.get().is_some_and(|due| Instant::now() > due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::schema::testing::SCHEMA;

    #[test]
    fn an_overdue_read_does_not_affect_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        SCHEMA.create(&path).unwrap();
        let readers = Readers::open(&path, 1, Corruption::new("test")).unwrap();
        let long_ago = Instant::now() - Duration::from_secs(1);
        // Often enough that BEGIN and ROLLBACK are among the instructions at which SQLite calls the handler.
        for _ in 0..=INSTRUCTIONS_PER_CHECK {
            DUE.set(Some(long_ago));
            let reading = readers.begin().unwrap();
            reading.run(|_| Ok::<_, Error>(())).unwrap();
            DUE.set(Some(long_ago));
            drop(reading);
            let slot = slot(&readers.slots);
            assert!(slot.as_ref().unwrap().is_autocommit());
        }
    }
}
