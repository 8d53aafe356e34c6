//! The writer: one thread takes the queued requests as a batch, commits it, and only then responds.
//!
//! Invariants: no response leaves before COMMIT has returned; when SQLite rolls back a whole batch by itself, the request
//! that met the error gets it and the others run again; after a failed sync nothing is acknowledged any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::batch::{self, Attempt, Job, Request};
use super::checkpoints::Checkpoints;
use super::error::{Error, ErrorKind, WorkError};
use super::transaction::Transaction;
use super::wal_size::WalSize;
use crate::supervisor::{Task, panic_message};

/// Requests that may wait; more are refused with `TooManyWrites`.
const QUEUE: usize = 1_024;

/// Requests in one transaction: bounds how long the first of them waits for the last.
const BATCH: usize = 256;

/// Under load, each maintenance task runs one step per interval: few writes meet one, and the disk keeps up.
const STEP_INTERVAL: Duration = Duration::from_millis(100);

/// After this time without a write, maintenance steps run back to back.
const QUIET: Duration = Duration::from_secs(1);

/// After this time without a write, the WAL is checkpointed and truncated.
const IDLE: Duration = Duration::from_secs(2);

/// Background work of the writer, one step at a time, each in a transaction of its own between two batches.
#[derive(Clone, Copy)]
pub struct MaintenanceTask {
    /// For the log, such as "full-text indexing".
    pub name: &'static str,
    /// Whether there is a step to run.
    pub is_due: fn(&Connection) -> Result<bool, Error>,
    /// Whether so much has piled up that the next batch has to wait.
    pub is_urgent: fn(&Connection) -> Result<bool, Error>,
    pub step: fn(&Transaction) -> Result<(), Error>,
}

/// Called on the writer's thread after each commit, before the next batch, with the topics that the committed work
/// announced, in order. It must not block.
pub type AfterCommit = Box<dyn Fn(&[i64]) + Send>;

/// The handle to the writer's thread.
pub struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<Task<Connection>>>,
    /// The connection after the thread has ended: it closes with this handle, after the readers, and thereby removes the
    /// WAL.
    conn: Mutex<Option<Connection>>,
    failure: watch::Receiver<Option<Error>>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub fn start(
        conn: Connection,
        checkpoints: Checkpoints,
        tasks: &'static [MaintenanceTask],
        after_commit: AfterCommit,
    ) -> Result<Self, Error> {
        let (sender, receiver) = sync_channel(QUEUE);
        let (failed, failure) = watch::channel(None);
        let thread = Task::spawn("writer", move |_| {
            run(conn, checkpoints, tasks, &after_commit, &receiver, &failed)
        });
        Ok(Writer {
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread.map_err(|error| Error::unusable(error.to_string()))?)),
            conn: Mutex::new(None),
            failure,
        })
    }

    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError + Send + 'static,
        F: Fn(&Transaction) -> Result<T, E> + Send + 'static,
    {
        let (reply, response) = oneshot::channel();
        self.enqueue(Box::new(Request::new(work, reply)))?;
        response
            .await
            .unwrap_or_else(|_| Err(closed("the writer ended before it responded").into()))
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<(), Error> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => {
                let text = format!("{QUEUE} writes are queued");
                Err(Error::new(ErrorKind::TooManyWrites, text))
            }
            Some(Err(TrySendError::Disconnected(_))) => Err(closed("the writer has ended")),
            None => Err(closed("the database is closed")),
        }
    }

    /// Completes when nothing can be written any more, with the reason. Pending forever if the writer ends as it should.
    pub async fn failed(&self) -> Error {
        let mut failure = self.failure.clone();
        if let Ok(failure) = failure.wait_for(Option::is_some).await
            && let Some(error) = failure.as_ref()
        {
            return error.clone();
        }
        std::future::pending().await
    }

    pub fn failure(&self) -> Option<Error> {
        self.failure.borrow().clone()
    }

    /// Commits what is queued and checkpoints. Later writes are `Closed`.
    pub fn close(&self) -> Result<(), Error> {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(conn) = thread.and_then(|mut thread| thread.join()) {
            *self.conn.lock().unwrap_or_else(PoisonError::into_inner) = Some(conn);
        }
        self.failure().map_or(Ok(()), Err)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Whoever wants the result calls `close` first.
        drop(self.close());
    }
}

fn closed(text: &'static str) -> Error {
    Error::new(ErrorKind::Closed, text)
}

/// Runs the thread until the queue is closed and empty, or nothing can be acknowledged any more.
fn run(
    conn: Connection,
    checkpoints: Checkpoints,
    tasks: &[MaintenanceTask],
    after_commit: &AfterCommit,
    queue: &Receiver<Box<dyn Job>>,
    failed: &watch::Sender<Option<Error>>,
) -> Connection {
    let end = catch_unwind(AssertUnwindSafe(|| {
        let mut state = State {
            conn: &conn,
            wal: WalSize::watch(&conn, checkpoints),
            tasks,
            after_commit,
            last_write: None,
            last_step: None,
        };
        state.serve(queue)?;
        state.wal.close()
    }));
    let error = match end {
        Ok(Ok(())) => return conn,
        Ok(Err(error)) => error,
        Err(panic) => Error::fault(format!("the writer panicked: {}", panic_message(&*panic))),
    };
    tracing::error!("nothing can be written any more: {error}");
    failed.send_replace(Some(error));
    conn
}

/// The writer on its thread. `Err` of its methods: why nothing may be acknowledged any more.
struct State<'a> {
    conn: &'a Connection,
    wal: WalSize<'a>,
    tasks: &'a [MaintenanceTask],
    after_commit: &'a AfterCommit,
    last_write: Option<Instant>,
    last_step: Option<Instant>,
}

impl State<'_> {
    fn serve(&mut self, queue: &Receiver<Box<dyn Job>>) -> Result<(), Error> {
        // At the start the WAL may hold something and steps may be due: the last run's end tells nothing.
        let mut wal_used = true;
        let mut step_due = true;
        loop {
            let next = match (step_due, wal_used) {
                (true, _) => queue.recv_timeout(self.until_step()),
                (false, true) => queue.recv_timeout(IDLE),
                (false, false) => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(first) => {
                    let mut batch = vec![first];
                    batch.extend(queue.try_iter().take(BATCH - 1));
                    self.commit(batch)?;
                    self.run_urgent_steps()?;
                    (wal_used, step_due, self.last_write) = (true, true, Some(Instant::now()));
                }
                Err(RecvTimeoutError::Timeout) if step_due => {}
                Err(RecvTimeoutError::Timeout) => {
                    wal_used = self.wal.truncate()?;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if step_due && self.until_step().is_zero() {
                step_due = self.run_due_steps()?;
            }
            self.wal.limit()?;
        }
    }

    /// How long the next maintenance steps have to wait.
    fn until_step(&self) -> Duration {
        if self.wal.is_too_long_for_maintenance() {
            return STEP_INTERVAL;
        }
        match (self.last_write, self.last_step) {
            (Some(write), Some(step)) if write.elapsed() < QUIET => STEP_INTERVAL.saturating_sub(step.elapsed()),
            _ => Duration::ZERO,
        }
    }

    /// Runs a step of each task that is due. Returns whether more may be due.
    fn run_due_steps(&mut self) -> Result<bool, Error> {
        let mut more = false;
        for task in self.tasks {
            more |= self.run_step(task.is_due, task)?;
        }
        self.last_step = Some(Instant::now());
        Ok(more)
    }

    fn run_urgent_steps(&mut self) -> Result<(), Error> {
        for task in self.tasks {
            while self.run_step(task.is_urgent, task)? {}
        }
        Ok(())
    }

    /// Runs a step of the task if `is_due` says so, and returns whether another may be due. A step that fails is retried
    /// after the next write, or at the next start.
    fn run_step(
        &mut self,
        is_due: fn(&Connection) -> Result<bool, Error>,
        task: &MaintenanceTask,
    ) -> Result<bool, Error> {
        let (reply, mut result) = oneshot::channel();
        let is_due = is_due(self.conn);
        if let Ok(true) = is_due {
            self.commit(vec![Box::new(Request::new(task.step, reply))])?;
        }
        match is_due.and_then(|due| result.try_recv().unwrap_or(Ok(())).map(|()| due)) {
            Ok(due) => Ok(due),
            Err(error) if error.kind == ErrorKind::Corrupt => Err(error),
            Err(error) => {
                tracing::warn!("{} failed; will retry: {error}", task.name);
                Ok(false)
            }
        }
    }

    /// Commits the whole batch and responds to all of it.
    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) -> Result<(), Error> {
        while !batch.is_empty() {
            match batch::attempt(self.conn, &mut batch) {
                Attempt::Committed(topics) => {
                    self.wal.found_space();
                    batch::respond_all(&mut batch, None);
                    if !topics.is_empty() {
                        (self.after_commit)(&topics);
                    }
                }
                Attempt::RolledBackAt(index, error) => batch.remove(index).respond(error),
                Attempt::Failed(error) => self.handle_failure(error, &mut batch)?,
            }
        }
        Ok(())
    }

    /// After a batch that could not be committed: empties it, or leaves it for another attempt.
    fn handle_failure(&mut self, error: Error, batch: &mut Vec<Box<dyn Job>>) -> Result<(), Error> {
        if !self.conn.is_autocommit() && self.conn.execute_batch("ROLLBACK").is_err() {
            batch::respond_all(batch, Some(&error));
            let text = "a transaction could be neither committed nor rolled back";
            return Err(Error::fault(text));
        }
        if error.kind == ErrorKind::Full && self.wal.free_space()? {
            return Ok(());
        }
        batch::respond_all(batch, Some(&error));
        match error.kind {
            ErrorKind::SyncFailed => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::db::open;
    use crate::db::schema::{BUSY_TIMEOUT, testing};

    static PLANTED: AtomicBool = AtomicBool::new(false);

    /// Panics outside of any request.
    static FAULTY: [MaintenanceTask; 1] = [MaintenanceTask {
        name: "a fault",
        is_due: |_| {
            assert!(!PLANTED.load(Ordering::Relaxed), "planted");
            Ok(false)
        },
        is_urgent: |_| Ok(false),
        step: |_| Ok(()),
    }];

    /// Meets a corrupt page.
    static CORRUPT: [MaintenanceTask; 1] = [MaintenanceTask {
        name: "a task",
        is_due: |_| Ok(true),
        is_urgent: |_| Ok(false),
        step: |_| Err(Error::new(ErrorKind::Corrupt, "malformed")),
    }];

    fn start(path: &Path, tasks: &'static [MaintenanceTask], after_commit: AfterCommit) -> Writer {
        let conn = open::open_shared(path, &testing::SCHEMA).unwrap();
        let synced = Arc::new(open::open_for_sync(path).unwrap());
        let checkpoints = Checkpoints::start(path, &testing::SCHEMA, synced).unwrap();
        Writer::start(conn, checkpoints, tasks, after_commit).unwrap()
    }

    fn ignore() -> AfterCommit {
        Box::new(|_| {})
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_writer_that_panics_reports_it_and_refuses_later_writes() {
        let folder = tempfile::tempdir().unwrap();
        let writer = start(&folder.path().join("groups.db"), &FAULTY, ignore());
        writer.write(|_| Ok::<_, Error>(())).await.unwrap();
        assert_eq!(writer.failure(), None);
        PLANTED.store(true, Ordering::Relaxed);
        // The panic comes with or after this one.
        drop(writer.write(|_| Ok::<_, Error>(())).await);
        let why = writer.failed().await;
        assert!(why.to_string().contains("planted"), "{why}");
        assert_eq!(writer.failure(), Some(why));
        let refused = writer.write(|_| Ok::<_, Error>(())).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Closed);
    }

    #[tokio::test]
    async fn corruption_met_by_a_maintenance_task_ends_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let writer = start(&folder.path().join("groups.db"), &CORRUPT, ignore());
        let why = tokio::time::timeout(10 * BUSY_TIMEOUT, writer.failed()).await;
        assert!(why.unwrap().to_string().contains("malformed"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_hook_gets_the_topics_of_committed_work_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, committed) = std::sync::mpsc::channel();
        let hook: AfterCommit = Box::new(move |topics| sender.send(topics.to_vec()).unwrap());
        let writer = start(&folder.path().join("groups.db"), &[], hook);
        let announce = |topics: &'static [i64], result: Result<(), Error>| {
            writer.write(move |tx| {
                topics.iter().for_each(|topic| tx.announce(*topic));
                result.clone()
            })
        };
        announce(&[1, 1, 2], Ok(())).await.unwrap();
        announce(&[3], Err(Error::fault("planted"))).await.unwrap_err();
        announce(&[], Ok(())).await.unwrap();
        announce(&[4], Ok(())).await.unwrap();
        drop(writer);
        assert_eq!(committed.iter().collect::<Vec<_>>(), [vec![1, 2], vec![4]]);
    }
}
