//! Writes: one thread takes what is queued, runs each request in a savepoint of one transaction, commits, and answers
//! then and only then.
//!
//! Invariants: no answer of any kind leaves before COMMIT has returned; a request that fails takes nobody with it;
//! where SQLite rolls the whole transaction back by itself, the request that met it is answered with the error and the
//! others run again; after a failed sync is known nothing is acknowledged any more.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::hooks::CheckpointMode;
use rusqlite::{Connection, ErrorCode, ffi};
use tokio::sync::{oneshot, watch};

use super::Tx;
use super::checkpoints::{self, Checkpoints};
use crate::error::{Code, Error, Failure};

/// Requests that may wait; more are refused with `unavailable`.
const QUEUE: usize = 1_024;

/// Requests in one transaction at most: it bounds how long the first of them waits for the last.
const BATCH: usize = 256;

/// Pages in the log from which on it is moved into the file: 12,000 are 47 MiB. What was written more than once is moved
/// once, so that a longer log is less work; a start after a crash reads it whole.
pub const CHECKPOINT_PAGES: i32 = 12_000;

/// Pages in the log at which the writer waits until they are moved: 125 MiB.
const LONGEST_LOG: i32 = 32_000;

/// Pages in the log from which on the chores wait until they are moved: long reads are in the way, and they go first.
const LONGEST_CHORE_LOG: i32 = 20_000;

/// While others write, a step of each chore is done so often; few writes meet one then, and the disk has time for them.
const STEP_INTERVAL: Duration = Duration::from_millis(100);

/// Without a write for so long, the steps of the chores follow each other.
const QUIET: Duration = Duration::from_secs(1);

/// Without a write for so long, the log is moved into the file and cut to nothing.
const IDLE: Duration = Duration::from_secs(2);

/// On a disk that stays full the log is moved into the file and cut so often, to make room.
const ROOM_INTERVAL: Duration = Duration::from_secs(1);

thread_local! {
    /// Pages in the log after the last commit of this thread's connection.
    static LOG_PAGES: Cell<i32> = const { Cell::new(0) };
    /// When room was made last, unless a commit has found some since.
    static ROOM_MADE: Cell<Option<Instant>> = const { Cell::new(None) };
}

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

/// A queued request.
trait Job: Send {
    /// Runs the request's work and keeps its result. `Err` when nothing of it may stay, and why.
    fn run(&mut self, tx: &Tx) -> Result<(), Code>;

    /// Sends the kept result or, if the batch failed, `failure`.
    fn answer(self: Box<Self>, failure: Option<Error>);
}

struct Request<T, F> {
    work: F,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Job for Request<T, F>
where
    T: Send,
    F: Fn(&Tx) -> Result<T, Error> + Send,
{
    fn run(&mut self, tx: &Tx) -> Result<(), Code> {
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx)))
            .unwrap_or_else(|panic| Err(Error::internal(format!("a write panicked: {}", panic_text(&*panic)))));
        let outcome = result.as_ref().map(|_| ()).map_err(|error| error.code);
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, failure: Option<Error>) {
        let result = match failure {
            Some(error) => Err(error),
            None => self
                .result
                .unwrap_or_else(|| Err(Error::internal("a write was answered before it ran"))),
        };
        // Nobody may be waiting any more: the client went away. The write stands all the same.
        drop(self.reply.send(result));
    }
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
        self.enqueue(Box::new(Request {
            work,
            result: None,
            reply,
        }))?;
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
    mut checkpoints: Checkpoints,
    chores: &[Chore],
    queue: &Receiver<Box<dyn Job>>,
) -> Result<(), String> {
    conn.wal_hook(Some(|_, pages| {
        LOG_PAGES.set(pages);
        Ok(())
    }));
    // Whether the log may hold something. At the start it may: the last run's end tells nothing.
    let mut log_used = true;
    let mut chore_due = true;
    let mut warned = false;
    let (mut last_write, mut last_step): (Option<Instant>, Option<Instant>) = (None, None);
    loop {
        let next = match (chore_due, log_used) {
            (true, _) => queue.recv_timeout(until_step(last_write, last_step)),
            (false, true) => queue.recv_timeout(IDLE),
            (false, false) => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(first) => {
                let mut batch = vec![first];
                batch.extend(queue.try_iter().take(BATCH - 1));
                commit(conn, &mut checkpoints, batch)?;
                do_urgent_steps(conn, &mut checkpoints, chores)?;
                (log_used, chore_due, last_write) = (true, true, Some(Instant::now()));
            }
            Err(RecvTimeoutError::Timeout) if chore_due => {}
            Err(RecvTimeoutError::Timeout) => {
                has_checkpointed(conn, &mut checkpoints, false)?;
                if !checkpoints.is_running() {
                    log_used = checkpoint(conn, CheckpointMode::TRUNCATE)?;
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if chore_due && until_step(last_write, last_step).is_zero() {
            chore_due = false;
            for chore in chores {
                chore_due |= do_step(conn, &mut checkpoints, chore.is_due, chore)?;
            }
            last_step = Some(Instant::now());
        }
        let pages = LOG_PAGES.get();
        if pages >= LONGEST_LOG && !warned {
            tracing::warn!(
                "the log has grown to {} MiB: a read that does not end keeps it from being moved",
                pages >> 8
            );
        }
        warned = pages >= LONGEST_LOG;
        if has_checkpointed(conn, &mut checkpoints, pages >= LONGEST_LOG)? {
            checkpoint(conn, CheckpointMode::PASSIVE)?;
        } else if pages >= CHECKPOINT_PAGES {
            checkpoints.begin();
        }
    }
    has_checkpointed(conn, &mut checkpoints, true)?;
    drop(checkpoints);
    checkpoint(conn, CheckpointMode::TRUNCATE).map(|_| ())
}

/// As `Checkpoints::has_ended`. Where its sync was lost the log stays, also when the connection closes: SQLite believes
/// that what was moved is in the file.
fn has_checkpointed(conn: &Connection, checkpoints: &mut Checkpoints, wait: bool) -> Result<bool, String> {
    checkpoints.has_ended(wait).inspect_err(|_| {
        if let Err(error) = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            tracing::error!("the log could not be kept: {error}");
        }
    })
}

/// How long the next steps of the chores are to wait.
fn until_step(last_write: Option<Instant>, last_step: Option<Instant>) -> Duration {
    if LOG_PAGES.get() >= LONGEST_CHORE_LOG {
        return STEP_INTERVAL;
    }
    match (last_write, last_step) {
        (Some(write), Some(step)) if write.elapsed() < QUIET => STEP_INTERVAL.saturating_sub(step.elapsed()),
        _ => Duration::ZERO,
    }
}

/// Moves what is in the log; tells whether something may be left.
fn checkpoint(conn: &Connection, mode: CheckpointMode) -> Result<bool, String> {
    let left = checkpoints::move_log(conn, mode)?;
    if let Some(left) = left {
        // A log that was moved whole is begun anew by the next commit.
        LOG_PAGES.set(left);
    }
    Ok(left != Some(0))
}

fn do_urgent_steps(conn: &Connection, checkpoints: &mut Checkpoints, chores: &[Chore]) -> Result<(), String> {
    for chore in chores {
        while do_step(conn, checkpoints, chore.is_urgent, chore)? {}
    }
    Ok(())
}

/// Does a step of the chore, if `is_due` says so; tells whether another may be. One that fails is tried again after the
/// next write, or at the next start.
fn do_step(
    conn: &Connection,
    checkpoints: &mut Checkpoints,
    is_due: fn(&Connection) -> Result<bool, Error>,
    chore: &Chore,
) -> Result<bool, String> {
    let (reply, mut answer) = oneshot::channel();
    let is_due = is_due(conn);
    if let Ok(true) = is_due {
        let step = Request {
            work: chore.step,
            result: None,
            reply,
        };
        commit(conn, checkpoints, vec![Box::new(step)])?;
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
fn commit(conn: &Connection, checkpoints: &mut Checkpoints, mut batch: Vec<Box<dyn Job>>) -> Result<(), String> {
    while !batch.is_empty() {
        match attempt(conn, &mut batch) {
            Attempt::Committed => {
                ROOM_MADE.set(None);
                answer_all(&mut batch, None);
            }
            Attempt::Met(index, error) => batch.remove(index).answer(error),
            Attempt::Failed(error) => {
                if !conn.is_autocommit() && conn.execute_batch("ROLLBACK").is_err() {
                    answer_all(&mut batch, Some(error.into()));
                    return Err("a transaction could be neither committed nor rolled back".to_owned());
                }
                if error.sqlite_error_code() == Some(ErrorCode::DiskFull) && make_room(conn, checkpoints)? {
                    continue;
                }
                let lost = checkpoints::is_lost_sync(&error).then(|| checkpoints::lost_sync(&error));
                answer_all(&mut batch, Some(error.into()));
                lost.map_or(Ok(()), Err)?;
            }
        }
    }
    Ok(())
}

/// Gives back what the log takes of a full disk, which may be all that there is; tells whether it is worth another try.
fn make_room(conn: &Connection, checkpoints: &mut Checkpoints) -> Result<bool, String> {
    if ROOM_MADE.get().is_some_and(|at| at.elapsed() < ROOM_INTERVAL) {
        return Ok(false);
    }
    ROOM_MADE.set(Some(Instant::now()));
    has_checkpointed(conn, checkpoints, true)?;
    checkpoint(conn, CheckpointMode::TRUNCATE).map(|_| true)
}

fn answer_all(batch: &mut Vec<Box<dyn Job>>, failure: Option<Error>) {
    for job in batch.drain(..) {
        job.answer(failure.clone());
    }
}

enum Attempt {
    Committed,
    /// Everything was rolled back at the job with this index: for this error, or for its own where there is none here.
    Met(usize, Option<Error>),
    /// The transaction could not be begun or committed.
    Failed(rusqlite::Error),
}

fn attempt(conn: &Connection, batch: &mut [Box<dyn Job>]) -> Attempt {
    if let Err(error) = execute(conn, "BEGIN IMMEDIATE") {
        return Attempt::Failed(error);
    }
    for (index, job) in batch.iter_mut().enumerate() {
        if let Err(error) = run_in_savepoint(conn, &mut **job) {
            let rolled_back_all = conn.is_autocommit() || execute(conn, "ROLLBACK").is_ok();
            return match error {
                Some(error) if checkpoints::is_lost_sync(&error) => Attempt::Failed(error),
                error if rolled_back_all => Attempt::Met(index, error.map(Error::from)),
                error => Attempt::Failed(error.unwrap_or_else(rolled_back)),
            };
        }
    }
    match execute(conn, "COMMIT") {
        Ok(()) => Attempt::Committed,
        Err(error) => Attempt::Failed(error),
    }
}

/// Runs one job so that it stays whole or leaves nothing. `Err` when the transaction around it is gone or unsound,
/// without an error where the job has its own to tell.
fn run_in_savepoint(conn: &Connection, job: &mut dyn Job) -> Result<(), Option<rusqlite::Error>> {
    execute(conn, "SAVEPOINT request")?;
    let ran = job.run(&Tx(conn));
    if ran == Err(Code::LostSync) {
        return Err(Some(lost_sync()));
    }
    if conn.is_autocommit() {
        return Err(ran.is_ok().then(rolled_back));
    }
    if ran.is_err() {
        execute(conn, "ROLLBACK TO request")?;
    }
    execute(conn, "RELEASE request")?;
    Ok(())
}

/// SQLite ended the transaction by itself, as it does on a full disk, an I/O error or want of memory.
fn rolled_back() -> rusqlite::Error {
    let why = "SQLite rolled the transaction back".to_owned();
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), Some(why))
}

/// A statement in the middle of the transaction synced the log, as one does that writes more than the cache holds.
fn lost_sync() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None)
}

fn execute(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(|_| ())
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::error::Code;
    use crate::store::{file, schema};

    static PLANTED: AtomicBool = AtomicBool::new(false);

    /// A chore with a fault outside of any request.
    static CHORES: [Chore; 1] = [Chore {
        name: "a fault",
        is_due: |_| {
            assert!(!PLANTED.load(Ordering::Relaxed), "planted");
            Ok(false)
        },
        is_urgent: |_| Ok(false),
        step: |_| Ok(()),
    }];

    fn start(path: &Path) -> Writer {
        schema::create(path).unwrap();
        let conn = file::open_shared(path).unwrap();
        let synced = Arc::new(file::open_for_sync(path).unwrap());
        let checkpoints = Checkpoints::start(file::open_shared(path).unwrap(), synced).unwrap();
        Writer::start(conn, checkpoints, &CHORES).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_writer_that_cannot_go_on_says_so_and_refuses_what_comes_then() {
        let folder = tempfile::tempdir().unwrap();
        let writer = start(&folder.path().join("groups.db"));
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
}
