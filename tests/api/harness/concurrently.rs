//! Work that several threads start at the same moment.

use std::sync::Barrier;

/// Runs `work` in `count` threads that start together, each with its number, and returns the results in that order.
pub fn concurrently<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let (barrier, work) = (&barrier, &work);
        let run = move |n| {
            barrier.wait();
            work(n)
        };
        let threads: Vec<_> = (0..count).map(|n| scope.spawn(move || run(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
