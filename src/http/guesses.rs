//! How often each peer may send wrong credentials: a bucket of guesses for each, which fills up again with time. Whose
//! credentials are right is `auth`'s.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::types::peer::Peer;

/// What each peer is held to.
#[derive(Clone, Copy, Debug)]
pub struct GuessLimit {
    /// How many wrong credentials a peer may send at once.
    pub at_once: u32,
    /// How long it takes until it may send one more.
    pub every: Duration,
    /// The most peers that are remembered.
    pub peers: usize,
}

impl Default for GuessLimit {
    fn default() -> Self {
        GuessLimit {
            // As many as a few programs with an old token send before somebody puts them right.
            at_once: 20,
            // Ten million guesses a year; a person who mistypes hardly waits.
            every: Duration::from_secs(3),
            // They take less than 2 MiB.
            peers: 16_384,
        }
    }
}

/// The peers that have sent wrong credentials of late.
pub struct Guesses {
    limit: GuessLimit,
    seen: Mutex<Seen>,
}

struct Seen {
    buckets: HashMap<Peer, Bucket>,
    /// The one bucket of all for whom there is no place: none is forgotten for another, however many come.
    rest: Bucket,
    /// When those that have recovered were forgotten.
    swept: Instant,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// When it will be full: each guess puts it off by `every`.
    full: Instant,
    /// Whether the log has that it was empty.
    told: bool,
}

impl Guesses {
    pub fn new(limit: GuessLimit) -> Self {
        let now = Instant::now();
        let seen = Seen {
            buckets: HashMap::new(),
            rest: Bucket::full(now),
            swept: now,
        };
        Guesses {
            limit,
            seen: Mutex::new(seen),
        }
    }

    /// Takes a guess of the peer's.
    ///
    /// # Errors
    /// How long it must wait for the next, where none is left.
    pub fn take(&self, peer: Peer) -> Result<(), Duration> {
        self.ask(peer, 1, Instant::now())
    }

    /// Whether the peer has a guess left.
    ///
    /// # Errors
    /// The same as `take`'s.
    pub fn check(&self, peer: Peer) -> Result<(), Duration> {
        self.ask(peer, 0, Instant::now())
    }

    fn ask(&self, peer: Peer, guesses: u32, now: Instant) -> Result<(), Duration> {
        let mut seen = self.lock();
        let bucket = seen.bucket(&self.limit, peer, now);
        let Some(wait) = bucket.wait(&self.limit, now) else {
            bucket.full += self.limit.every * guesses;
            return Ok(());
        };
        let told = std::mem::replace(&mut bucket.told, true);
        drop(seen);
        if !told {
            tracing::warn!("{peer} has sent too many wrong access tokens and is answered 429 for a while");
        }
        Err(wait)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// The peer's bucket; a new one, if there is a place.
    fn bucket(&mut self, limit: &GuessLimit, peer: Peer, now: Instant) -> &mut Bucket {
        if now >= self.swept + limit.every {
            self.buckets.retain(|_, bucket| bucket.full > now);
            self.swept = now;
        }
        let has_place = self.buckets.len() < limit.peers || self.buckets.contains_key(&peer);
        let bucket = match has_place {
            true => self.buckets.entry(peer).or_insert(Bucket::full(now)),
            false => &mut self.rest,
        };
        if bucket.full <= now {
            *bucket = Bucket::full(now);
        }
        bucket
    }
}

impl Bucket {
    fn full(now: Instant) -> Self {
        Bucket { full: now, told: false }
    }

    /// How long it takes until a guess is in it, where none is.
    fn wait(&self, limit: &GuessLimit, now: Instant) -> Option<Duration> {
        let missing = self.full.saturating_duration_since(now) + limit.every;
        let wait = missing.saturating_sub(limit.every.saturating_mul(limit.at_once));
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: GuessLimit = GuessLimit {
        at_once: 3,
        every: Duration::from_secs(2),
        peers: 2,
    };

    fn peer(last: u8) -> Peer {
        Peer::of([192, 0, 2, last].into())
    }

    /// Takes a guess `seconds` after the start.
    struct Clock(Guesses, Instant);

    impl Clock {
        fn start() -> Self {
            Clock(Guesses::new(LIMIT), Instant::now())
        }

        fn take(&self, last: u8, seconds: u64) -> Result<(), Duration> {
            self.0.ask(peer(last), 1, self.1 + Duration::from_secs(seconds))
        }

        fn remembered(&self) -> usize {
            self.0.lock().buckets.len()
        }
    }

    const fn wait<T>(seconds: u64) -> Result<T, Duration> {
        Err(Duration::from_secs(seconds))
    }

    #[test]
    fn a_peer_has_some_guesses_at_once_and_then_one_at_a_time() {
        let clock = Clock::start();
        for _ in 0..LIMIT.at_once {
            assert_eq!(clock.take(1, 0), Ok(()));
        }
        assert_eq!([clock.take(1, 0), clock.take(1, 1)], [wait(2), wait(1)]);
        assert_eq!(clock.take(2, 1), Ok(()), "another peer");
        assert_eq!([clock.take(1, 2), clock.take(1, 2)], [Ok(()), wait(2)]);
        // Refusals put nothing off, and a bucket is never more than full.
        for _ in 0..LIMIT.at_once {
            assert_eq!(clock.take(1, 1_000), Ok(()));
        }
        assert_eq!(clock.take(1, 1_000), wait(2));
    }

    #[test]
    fn a_check_answers_as_a_guess_and_takes_none() {
        let clock = Clock::start();
        for _ in 0..2 * LIMIT.at_once {
            assert_eq!(clock.0.ask(peer(1), 0, clock.1), Ok(()));
        }
        for _ in 0..LIMIT.at_once {
            assert_eq!(clock.take(1, 0), Ok(()));
        }
        assert_eq!(clock.0.ask(peer(1), 0, clock.1), wait(2));
    }

    #[test]
    fn those_without_a_place_share_one_bucket_and_nobody_is_forgotten_for_them() {
        let clock = Clock::start();
        for _ in 0..LIMIT.at_once {
            assert_eq!(clock.take(1, 0), Ok(()));
        }
        assert_eq!(clock.take(2, 0), Ok(()));
        let others: Vec<_> = (3..=255).map(|last| clock.take(last, 0)).collect();
        assert_eq!(others[..3], [Ok(()); 3]);
        assert!(others[3..].iter().all(|answer| *answer == wait(2)));
        assert_eq!((clock.take(1, 0), clock.remembered()), (wait(2), 2));
        assert_eq!([clock.take(2, 0), clock.take(2, 0)], [Ok(()); 2]);
    }

    #[test]
    fn who_has_recovered_is_forgotten() {
        let clock = Clock::start();
        assert_eq!([clock.take(1, 0), clock.take(1, 0), clock.take(2, 0)], [Ok(()); 3]);
        assert_eq!(
            (clock.take(3, 3), clock.remembered()),
            (Ok(()), 2),
            "2 has recovered, 1 has not"
        );
        assert_eq!((clock.take(3, 100), clock.remembered()), (Ok(()), 1));
    }
}
