//! Writes: one thread takes what is queued as a batch, commits it, and answers then and only then.
//!
//! Invariants: no answer of any kind leaves before COMMIT has returned; where SQLite rolls a whole batch back by itself,
//! the request that met it is answered with the error and the others run again; after a failed sync is known nothing is
//! acknowledged any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{oneshot, watch};

use super::Tx;
use super::batch::{self, Attempt, Job, Request, panic_text};
use super::checkpoints::{self, Checkpoints};
use super::log::Log;
use crate::error::{Code, Error, Failure};

/// Requests that may wait; more are refused with `unavailable`.
const QUEUE: usize = 1_024;

/// Requests in one transaction at most: it bounds how long the first of them waits for the last.
const BATCH: usize = 256;

/// While others write, a step of each chore is done so often; few writes meet one then, and the disk has time for them.
const STEP_INTERVAL: Duration = Duration::from_millis(100);

/// Without a write for so long, the steps of the chores follow each other.
const QUIET: Duration = Duration::from_secs(1);

/// Without a write for so long, the log is moved into the file and cut to nothing.
const IDLE: Duration = Duration::from_secs(2);

/// Work that the writer does by itself, a step at a time, each in a transaction of its own between two batches.
#[derive(Clone, Copy)]
pub struct Chore {
    /// What it does, for the log.
    pub name: &'static str,
    /// Whether there is a step to do.
    pub is_due: fn(&Connection) -> Result<bool, Error>,
    /// Whether there is so much to do that the next batch has to wait.
    pub is_urgent: fn(&Connection) -> Result<bool, Error>,
    pub step: fn(&Tx) -> Result<(), Error>,
}

/// The handle to the writer's thread.
pub struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<Connection>>>,
    /// The connection after the thread's end: it closes with this handle, after the readers, and so takes the log
    /// with it.
    conn: Mutex<Option<Connection>>,
    failure: watch::Receiver<Option<String>>,
}

impl Writer {
    pub fn start(conn: Connection, checkpoints: Checkpoints, chores: &'static [Chore]) -> Result<Self, Failure> {
        let (sender, receiver) = sync_channel(QUEUE);
        let (failed, failure) = watch::channel(None);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(conn, checkpoints, chores, &receiver, &failed))
            .map_err(|error| Failure::new(format!("cannot start the writer's thread: {error}")))?;
        Ok(Writer {
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            conn: Mutex::new(None),
            failure,
        })
    }

    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(Request::new(work, reply)))?;
        answer
            .await
            .unwrap_or_else(|_| Err(stopped("the writer ended before it answered")))
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<(), Error> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => {
                let message = "Too many writes are waiting; try again soon.";
                Err(Error::unavailable(message, format!("{QUEUE} writes are queued")))
            }
            Some(Err(TrySendError::Disconnected(_))) => Err(stopped("the writer has ended")),
            None => Err(stopped("the store is closed")),
        }
    }

    pub async fn failed(&self) -> String {
        let mut failure = self.failure.clone();
        match failure.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    pub fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    pub fn close(&self) -> Result<(), Failure> {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A panic there has been told by `failed` already.
        if let Some(Ok(conn)) = thread.map(JoinHandle::join) {
            *self.conn.lock().unwrap_or_else(PoisonError::into_inner) = Some(conn);
        }
        match self.failure.borrow().as_ref() {
            Some(why) => Err(Failure::new(why)),
            None => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Whoever wants to know asks before.
        drop(self.close());
    }
}

fn stopped(detail: &'static str) -> Error {
    Error::unavailable("The server is stopping; try again soon.", detail)
}

/// The thread's life: until the queue is closed and empty, or nothing can be acknowledged any more.
fn run(
    conn: Connection,
    checkpoints: Checkpoints,
    chores: &[Chore],
    queue: &Receiver<Box<dyn Job>>,
    failed: &watch::Sender<Option<String>>,
) -> Connection {
    let end = catch_unwind(AssertUnwindSafe(|| work(&conn, checkpoints, chores, queue)));
    let why = match end {
        Ok(Ok(())) => return conn,
        Ok(Err(why)) => why,
        Err(panic) => format!("the writer panicked: {}", panic_text(&*panic)),
    };
    tracing::error!("nothing can be written any more: {why}");
    failed.send_replace(Some(why));
    conn
}

fn work(
    conn: &Connection,
    checkpoints: Checkpoints,
    chores: &[Chore],
    queue: &Receiver<Box<dyn Job>>,
) -> Result<(), String> {
    let mut log = Log::watch(conn, checkpoints);
    // Whether the log may hold something. At the start it may: the last run's end tells nothing.
    let mut log_used = true;
    let mut chore_due = true;
    let (mut last_write, mut last_step): (Option<Instant>, Option<Instant>) = (None, None);
    loop {
        let next = match (chore_due, log_used) {
            (true, _) => queue.recv_timeout(until_step(&log, last_write, last_step)),
            (false, true) => queue.recv_timeout(IDLE),
            (false, false) => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(first) => {
                let mut batch = vec![first];
                batch.extend(queue.try_iter().take(BATCH - 1));
                commit(conn, &mut log, batch)?;
                do_urgent_steps(conn, &mut log, chores)?;
                (log_used, chore_due, last_write) = (true, true, Some(Instant::now()));
            }
            Err(RecvTimeoutError::Timeout) if chore_due => {}
            Err(RecvTimeoutError::Timeout) => {
                log_used = log.empty()?;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if chore_due && until_step(&log, last_write, last_step).is_zero() {
            chore_due = false;
            for chore in chores {
                chore_due |= do_step(conn, &mut log, chore.is_due, chore)?;
            }
            last_step = Some(Instant::now());
        }
        log.keep_short()?;
    }
    log.end()
}

/// How long the next steps of the chores are to wait.
fn until_step(log: &Log, last_write: Option<Instant>, last_step: Option<Instant>) -> Duration {
    if log.is_too_long_for_chores() {
        return STEP_INTERVAL;
    }
    match (last_write, last_step) {
        (Some(write), Some(step)) if write.elapsed() < QUIET => STEP_INTERVAL.saturating_sub(step.elapsed()),
        _ => Duration::ZERO,
    }
}

fn do_urgent_steps(conn: &Connection, log: &mut Log, chores: &[Chore]) -> Result<(), String> {
    for chore in chores {
        while do_step(conn, log, chore.is_urgent, chore)? {}
    }
    Ok(())
}

/// Does a step of the chore, if `is_due` says so; tells whether another may be. One that fails is tried again after the
/// next write, or at the next start.
fn do_step(
    conn: &Connection,
    log: &mut Log,
    is_due: fn(&Connection) -> Result<bool, Error>,
    chore: &Chore,
) -> Result<bool, String> {
    let (reply, mut answer) = oneshot::channel();
    let is_due = is_due(conn);
    if let Ok(true) = is_due {
        commit(conn, log, vec![Box::new(Request::new(chore.step, reply))])?;
    }
    match is_due.and_then(|due| answer.try_recv().unwrap_or(Ok(())).map(|()| due)) {
        Ok(due) => Ok(due),
        Err(error) if error.code == Code::Damaged => Err(error.to_string()),
        Err(error) => {
            tracing::warn!("{} could not be done yet: {error}", chore.name);
            Ok(false)
        }
    }
}

/// Runs and answers the whole batch. `Err` when the disk cannot be trusted any more.
fn commit(conn: &Connection, log: &mut Log, mut batch: Vec<Box<dyn Job>>) -> Result<(), String> {
    while !batch.is_empty() {
        match batch::attempt(conn, &mut batch) {
            Attempt::Committed => {
                log.found_room();
                batch::answer_all(&mut batch, None);
            }
            Attempt::Met(index, error) => batch.remove(index).answer(error),
            Attempt::Failed(error) => {
                if !conn.is_autocommit() && conn.execute_batch("ROLLBACK").is_err() {
                    batch::answer_all(&mut batch, Some(error.into()));
                    return Err("a transaction could be neither committed nor rolled back".to_owned());
                }
                if error.sqlite_error_code() == Some(ErrorCode::DiskFull) && log.make_room()? {
                    continue;
                }
                let lost = checkpoints::is_lost_sync(&error).then(|| checkpoints::lost_sync(&error));
                batch::answer_all(&mut batch, Some(error.into()));
                lost.map_or(Ok(()), Err)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rusqlite::ffi;

    use super::*;
    use crate::error::Code;
    use crate::store::file;
    use crate::store::schema::BUSY_TIMEOUT;

    static PLANTED: AtomicBool = AtomicBool::new(false);

    /// With a fault outside of any request.
    static FAULTY: [Chore; 1] = [Chore {
        name: "a fault",
        is_due: |_| {
            assert!(!PLANTED.load(Ordering::Relaxed), "planted");
            Ok(false)
        },
        is_urgent: |_| Ok(false),
        step: |_| Ok(()),
    }];

    /// Meets a page that SQLite cannot make sense of.
    static DAMAGED: [Chore; 1] = [Chore {
        name: "a chore",
        is_due: |_| Ok(true),
        is_urgent: |_| Ok(false),
        step: |_| Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None).into()),
    }];

    fn start(path: &Path, chores: &'static [Chore]) -> Writer {
        let conn = file::open_shared(path).unwrap();
        let synced = Arc::new(file::open_for_sync(path).unwrap());
        let checkpoints = Checkpoints::start(path, synced).unwrap();
        Writer::start(conn, checkpoints, chores).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_writer_that_cannot_go_on_says_so_and_refuses_what_comes_then() {
        let folder = tempfile::tempdir().unwrap();
        let writer = start(&folder.path().join("groups.db"), &FAULTY);
        writer.write(|_| Ok(())).await.unwrap();
        assert_eq!(writer.failure(), None);
        PLANTED.store(true, Ordering::Relaxed);
        // The fault comes with or after this one.
        drop(writer.write(|_| Ok(())).await);
        let why = writer.failed().await;
        assert!(why.contains("planted"), "{why}");
        assert_eq!(writer.failure(), Some(why));
        let refused = writer.write(|_| Ok(())).await;
        assert_eq!(refused.unwrap_err().code, Code::Unavailable);
    }

    #[tokio::test]
    async fn damage_that_a_chore_meets_ends_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let writer = start(&folder.path().join("groups.db"), &DAMAGED);
        let why = tokio::time::timeout(10 * BUSY_TIMEOUT, writer.failed()).await;
        assert!(why.unwrap().contains("malformed"));
    }
}
