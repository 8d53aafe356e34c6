//! Background work: named threads that learn of a shutdown and are joined. What the work is stays with its module.

use std::any::Any;
use std::fmt::{self, Display};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// A request to end. Threads wait for it with [`Shutdown::wait`], async code awaits [`Shutdown::requested`]. A clone is
/// another handle to the same request.
#[derive(Clone, Default)]
pub struct Shutdown(Arc<State>);

#[derive(Default)]
struct State {
    requested: AtomicBool,
    /// Held while `requested` is set, so that no waiting thread misses the change.
    changing: Mutex<()>,
    changed: Condvar,
    signal: watch::Sender<bool>,
}

impl Shutdown {
    /// Requests the end. Everyone who waits wakes up; later calls have no effect.
    pub fn request(&self) {
        {
            let _changing = self.lock();
            self.0.requested.store(true, Ordering::Relaxed);
        }
        self.0.changed.notify_all();
        self.0.signal.send_replace(true);
    }

    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
    }

    /// Blocks this thread for up to `timeout`; returns `true` as soon as the end is requested.
    pub fn wait(&self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let mut changing = self.lock();
        while !self.is_requested() {
            // A timeout beyond what a clock can express never passes.
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                break;
            }
            let woken = self.0.changed.wait_timeout(changing, left);
            (changing, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
        self.is_requested()
    }

    /// Completes when the end is requested.
    pub async fn requested(&self) {
        let mut signal = self.0.signal.subscribe();
        // The sender lives in `self`, so this cannot fail.
        drop(signal.wait_for(|requested| *requested).await);
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.0.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A named thread with a shutdown request of its own. Dropping it requests the end and joins the thread.
pub struct Task<T = ()> {
    name: &'static str,
    shutdown: Shutdown,
    thread: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Task<T> {
    /// Runs `work` on a thread called `name`.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub fn spawn(name: &'static str, work: impl FnOnce(&Shutdown) -> T + Send + 'static) -> io::Result<Self> {
        let shutdown = Shutdown::default();
        let requested = shutdown.clone();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&requested))
            .map_err(|error| io::Error::new(error.kind(), format!("cannot start the thread `{name}`: {error}")))?;
        Ok(Task {
            name,
            shutdown,
            thread: Some(thread),
        })
    }
}

impl<T> Task<T> {
    /// The task's own shutdown request.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the end of the thread, without requesting it, and returns its result: `None` if it panicked, which is
    /// logged, or was joined before.
    pub fn join(&mut self) -> Option<T> {
        let result = self.thread.take()?.join();
        result
            .inspect_err(|panic| tracing::error!("the thread `{}` panicked: {}", self.name, panic_message(&**panic)))
            .ok()
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.shutdown.request();
        self.join();
    }
}

/// What follows a failure of a supervised task: an error that it returns, or a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The task has ended.
    End,
    /// The task runs again after this pause.
    Restart(Duration),
}

/// Tasks that run until the same shutdown. Dropping it requests the end and joins them all.
#[derive(Default)]
pub struct Supervisor {
    shutdown: Shutdown,
    tasks: Vec<Task>,
}

impl Supervisor {
    /// Runs `run` on a thread called `name` until it returns `Ok`. A failure is logged as an error; `on_failure` says
    /// what follows.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub fn spawn<E: Display>(
        &mut self,
        name: &'static str,
        on_failure: OnFailure,
        mut run: impl FnMut(&Shutdown) -> Result<(), E> + Send + 'static,
    ) -> io::Result<()> {
        let shutdown = self.shutdown.clone();
        let task = Task::spawn(name, move |_| {
            while let Err(failure) = run_once(&mut run, &shutdown) {
                tracing::error!("{name}: {failure}");
                match on_failure {
                    OnFailure::Restart(pause) if !shutdown.wait(pause) => {}
                    _ => break,
                }
            }
        })?;
        self.tasks.push(task);
        Ok(())
    }

    /// Requests the end of all tasks without waiting for it.
    pub fn request_shutdown(&self) {
        self.shutdown.request();
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.request_shutdown();
    }
}

/// How a run failed.
enum RunFailure<E> {
    Returned(E),
    Panicked(Box<dyn Any + Send>),
}

impl<E: Display> Display for RunFailure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunFailure::Returned(error) => error.fmt(f),
            RunFailure::Panicked(panic) => write!(f, "panicked: {}", panic_message(&**panic)),
        }
    }
}

fn run_once<E>(run: &mut impl FnMut(&Shutdown) -> Result<(), E>, shutdown: &Shutdown) -> Result<(), RunFailure<E>> {
    match catch_unwind(AssertUnwindSafe(|| run(shutdown))) {
        Ok(result) => result.map_err(RunFailure::Returned),
        Err(panic) => Err(RunFailure::Panicked(panic)),
    }
}

/// The message of a panic.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_shutdown_wakes_threads_and_async_code() {
        let shutdown = Shutdown::default();
        assert!(!shutdown.wait(Duration::ZERO));
        let waiter = shutdown.clone();
        let thread = thread::spawn(move || waiter.wait(Duration::MAX));
        let waiter = shutdown.clone();
        let task = tokio::spawn(async move { waiter.requested().await });
        shutdown.request();
        assert!(thread.join().unwrap() && shutdown.is_requested());
        tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
        // Also for those who ask later.
        tokio::time::timeout(PATIENCE, shutdown.requested()).await.unwrap();
    }

    #[test]
    fn dropping_a_task_ends_and_joins_it() {
        let (ended, has_ended) = channel();
        let task = Task::spawn("test", move |shutdown| {
            ended.send(shutdown.wait(PATIENCE)).unwrap();
        });
        drop(task.unwrap());
        assert_eq!(has_ended.try_recv(), Ok(true));
    }

    #[test]
    fn a_task_returns_its_result_and_a_panic_is_none() {
        let mut task = Task::spawn("test", |_| 7).unwrap();
        assert_eq!((task.join(), task.join()), (Some(7), None));
        let mut task = Task::spawn("test", |_| -> i32 { panic!("planted") }).unwrap();
        assert_eq!(task.join(), None);
    }

    #[test]
    fn a_failed_task_runs_again_or_ends_as_it_says() {
        for (on_failure, runs_expected) in [(OnFailure::Restart(Duration::ZERO), 3), (OnFailure::End, 1)] {
            let (ran, runs) = channel();
            let mut count = 0;
            let mut supervisor = Supervisor::default();
            let run = move |_: &Shutdown| {
                count += 1;
                ran.send(count).unwrap();
                match count {
                    1 => panic!("planted"),
                    2 => Err("planted"),
                    _ => Ok(()),
                }
            };
            supervisor.spawn("test", on_failure, run).unwrap();
            // The channel ends with the closure, and so with the task.
            assert_eq!(runs.iter().count(), runs_expected);
        }
    }

    #[test]
    fn a_shutdown_ends_the_pause_before_a_restart() {
        let (ran, runs) = channel();
        let mut supervisor = Supervisor::default();
        let run = move |_: &Shutdown| {
            ran.send(()).unwrap();
            Err("planted")
        };
        supervisor
            .spawn("test", OnFailure::Restart(Duration::MAX), run)
            .unwrap();
        runs.recv_timeout(PATIENCE).unwrap();
        drop(supervisor);
        assert!(runs.recv().is_err());
    }
}
