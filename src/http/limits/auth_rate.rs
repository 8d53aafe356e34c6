//! The authentication rate limit: a token bucket of failed attempts per peer. `auth` decides which attempts fail.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::types::peer::Peer;

/// The limit on each peer.
#[derive(Clone, Copy, Debug)]
pub struct AuthRateLimit {
    /// How many attempts may fail in a row.
    pub burst: u32,
    /// How long it takes to regain one attempt.
    pub refill: Duration,
    /// The maximum number of peers tracked; all others share one bucket.
    pub peers: usize,
}

impl Default for AuthRateLimit {
    fn default() -> Self {
        AuthRateLimit {
            // Enough for a few programs with an outdated token.
            burst: 20,
            // Ten million attempts a year, and hardly a wait after a typing error.
            refill: Duration::from_secs(3),
            // Less than 2 MiB.
            peers: 16_384,
        }
    }
}

/// The failed attempts of all peers.
pub struct AuthRateLimiter {
    limit: AuthRateLimit,
    buckets: Mutex<Buckets>,
}

struct Buckets {
    by_peer: HashMap<Peer, Bucket>,
    /// Shared by all peers beyond the maximum, so that new peers never evict tracked ones.
    overflow: Bucket,
    /// When full buckets were last dropped.
    swept: Instant,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// When it will be full again. Each failure adds `refill`.
    full: Instant,
    /// Whether it has been logged that it is empty.
    logged: bool,
}

impl AuthRateLimiter {
    pub fn new(limit: AuthRateLimit) -> Self {
        let now = Instant::now();
        let buckets = Buckets {
            by_peer: HashMap::new(),
            overflow: Bucket::full(now),
            swept: now,
        };
        AuthRateLimiter {
            limit,
            buckets: Mutex::new(buckets),
        }
    }

    /// Records a failed attempt.
    ///
    /// # Errors
    /// How long until the next attempt, if none was left. Such an attempt does not prolong the wait.
    pub fn record_failure(&self, peer: Peer) -> Result<(), Duration> {
        self.take(peer, 1, Instant::now())
    }

    /// Whether the peer has an attempt left.
    ///
    /// # Errors
    /// How long until the next attempt, if none is left.
    pub fn check(&self, peer: Peer) -> Result<(), Duration> {
        self.take(peer, 0, Instant::now())
    }

    fn take(&self, peer: Peer, attempts: u32, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.lock();
        let bucket = buckets.of(&self.limit, peer, now);
        let Some(wait) = bucket.wait(&self.limit, now) else {
            bucket.full += self.limit.refill * attempts;
            return Ok(());
        };
        let logged = std::mem::replace(&mut bucket.logged, true);
        drop(buckets);
        if !logged {
            tracing::warn!("{peer} has sent too many wrong access tokens; further attempts receive 429 for a while");
        }
        Err(wait)
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buckets {
    /// The peer's bucket, or the shared one if no more peers can be tracked.
    fn of(&mut self, limit: &AuthRateLimit, peer: Peer, now: Instant) -> &mut Bucket {
        if now >= self.swept + limit.refill {
            self.by_peer.retain(|_, bucket| bucket.full > now);
            self.swept = now;
        }
        let is_tracked = self.by_peer.len() < limit.peers || self.by_peer.contains_key(&peer);
        let bucket = match is_tracked {
            true => self.by_peer.entry(peer).or_insert(Bucket::full(now)),
            false => &mut self.overflow,
        };
        if bucket.full <= now {
            *bucket = Bucket::full(now);
        }
        bucket
    }
}

impl Bucket {
    fn full(now: Instant) -> Self {
        Bucket {
            full: now,
            logged: false,
        }
    }

    /// How long until an attempt is available; `None` if one is.
    fn wait(&self, limit: &AuthRateLimit, now: Instant) -> Option<Duration> {
        let missing = self.full.saturating_duration_since(now) + limit.refill;
        let wait = missing.saturating_sub(limit.refill.saturating_mul(limit.burst));
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: AuthRateLimit = AuthRateLimit {
        burst: 3,
        refill: Duration::from_secs(2),
        peers: 2,
    };

    fn peer(last: u8) -> Peer {
        Peer::of([192, 0, 2, last].into())
    }

    /// A limiter whose time is given in seconds after the start.
    struct Clock(AuthRateLimiter, Instant);

    impl Clock {
        fn start() -> Self {
            Clock(AuthRateLimiter::new(LIMIT), Instant::now())
        }

        fn fail(&self, last: u8, seconds: u64) -> Result<(), Duration> {
            self.0.take(peer(last), 1, self.1 + Duration::from_secs(seconds))
        }

        fn tracked(&self) -> usize {
            self.0.lock().by_peer.len()
        }
    }

    const fn wait<T>(seconds: u64) -> Result<T, Duration> {
        Err(Duration::from_secs(seconds))
    }

    #[test]
    fn a_peer_has_a_burst_of_attempts_and_then_one_per_refill() {
        let clock = Clock::start();
        for _ in 0..LIMIT.burst {
            assert_eq!(clock.fail(1, 0), Ok(()));
        }
        assert_eq!([clock.fail(1, 0), clock.fail(1, 1)], [wait(2), wait(1)]);
        assert_eq!(clock.fail(2, 1), Ok(()), "another peer");
        assert_eq!([clock.fail(1, 2), clock.fail(1, 2)], [Ok(()), wait(2)]);
        // Rejected attempts prolong nothing, and a bucket never holds more than a burst.
        for _ in 0..LIMIT.burst {
            assert_eq!(clock.fail(1, 1_000), Ok(()));
        }
        assert_eq!(clock.fail(1, 1_000), wait(2));
    }

    #[test]
    fn a_check_returns_the_same_as_a_failure_and_costs_nothing() {
        let clock = Clock::start();
        for _ in 0..2 * LIMIT.burst {
            assert_eq!(clock.0.take(peer(1), 0, clock.1), Ok(()));
        }
        for _ in 0..LIMIT.burst {
            assert_eq!(clock.fail(1, 0), Ok(()));
        }
        assert_eq!(clock.0.take(peer(1), 0, clock.1), wait(2));
    }

    #[test]
    fn untracked_peers_share_one_bucket_and_evict_nobody() {
        let clock = Clock::start();
        for _ in 0..LIMIT.burst {
            assert_eq!(clock.fail(1, 0), Ok(()));
        }
        assert_eq!(clock.fail(2, 0), Ok(()));
        let others: Vec<_> = (3..=255).map(|last| clock.fail(last, 0)).collect();
        assert_eq!(others[..3], [Ok(()); 3]);
        assert!(others[3..].iter().all(|result| *result == wait(2)));
        assert_eq!((clock.fail(1, 0), clock.tracked()), (wait(2), 2));
        assert_eq!([clock.fail(2, 0), clock.fail(2, 0)], [Ok(()); 2]);
    }

    #[test]
    fn recovered_peers_are_dropped() {
        let clock = Clock::start();
        assert_eq!([clock.fail(1, 0), clock.fail(1, 0), clock.fail(2, 0)], [Ok(()); 3]);
        assert_eq!(
            (clock.fail(3, 3), clock.tracked()),
            (Ok(()), 2),
            "2 has recovered, 1 has not"
        );
        assert_eq!((clock.fail(3, 100), clock.tracked()), (Ok(()), 1));
    }
}
