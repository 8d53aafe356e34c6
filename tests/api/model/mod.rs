//! All resources against a model: sequences of every operation, right and wrong ones, on a server and on plain vectors,
//! and each answer must agree.
//!
//! `GROUPS_SEQUENCES` says how many sequences there are. A failure prints a `GROUPS_SEED` that repeats it.

mod answers;
mod check;
mod creates;
mod objects;
mod requests;
mod rules;
mod steps;
mod texts;
mod updates;
mod values;

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use groups_server::types::time::Timestamp;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::check::Account;
use self::requests::Requests;
use self::steps::{Sequence, Step};
use crate::harness::{TestServer, config};
use crate::numbers::variable;

/// Sequences on one file: it is checked after each, which takes the longer the more is in it.
const SHARING: u64 = 20;

/// At once: a sequence waits for the disk most of the time.
const THREADS: u64 = 4;

/// The servers that sequences share, each with an account of its own: one that they run on and one that takes the
/// exports in. None until it is needed.
#[derive(Default)]
struct Servers {
    server: Option<TestServer>,
    other: Option<TestServer>,
    accounts: u64,
}

impl Servers {
    fn server(&mut self) -> &TestServer {
        self.server.get_or_insert_with(start)
    }

    fn restart(&mut self) {
        self.server = self.server.take().map(TestServer::restart);
    }

    /// An account of its own for a sequence.
    fn account(&mut self) -> Account {
        self.accounts += 1;
        let name = format!("account {}", self.accounts);
        Account::new(self.server(), name)
    }
}

fn start() -> TestServer {
    let mut config = config();
    config.settings.max_group_contacts = answers::MOST_MEMBERS;
    TestServer::start_with(config)
}

fn run(sequence: &Sequence, servers: &mut Servers) {
    let mut accounts = [servers.account(), servers.account()];
    for (second, step) in &sequence.steps {
        if matches!(step, Step::Restart) {
            servers.restart();
            continue;
        }
        let [one, two] = &mut accounts;
        let (own, other) = if sequence.second && *second {
            (two, one)
        } else {
            (one, two)
        };
        let requests = Requests {
            model: &own.model,
            other: &other.model,
        };
        let call = requests.call(step);
        own.run(servers.server(), &call);
    }
    for account in &mut accounts[..=usize::from(sequence.second)] {
        let other = servers.other.get_or_insert_with(start);
        let server = servers.server.as_ref().unwrap();
        account.compare_all(server);
        account.compare_transferred(server, other);
    }
    for server in [&servers.server, &servers.other].into_iter().flatten() {
        check::check_file(&server.db);
    }
}

/// One sequence, made from `seed`; if it fails, the shortest that fails is told.
fn run_generated(seed: u64, servers: &RefCell<Servers>) -> Result<(), String> {
    let config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let result = TestRunner::new_with_rng(config, rng).run(&steps::sequences(), |sequence| {
        // After a failure the next begins on new files.
        let mut own = servers.take();
        run(&sequence, &mut own);
        servers.replace(own);
        Ok(())
    });
    result.map_err(|failure| format!("repeat it with GROUPS_SEED={seed} GROUPS_SEQUENCES=1: {failure}"))
}

#[test]
fn every_answer_of_every_sequence_is_the_model_s() {
    let sequences: u64 = variable("GROUPS_SEQUENCES").unwrap_or(200);
    let seed = variable("GROUPS_SEED").unwrap_or_else(|| {
        let nanoseconds = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        Timestamp::now().seconds().unsigned_abs() * 1_000_000_000 + u64::from(nanoseconds)
    });
    let next = AtomicU64::new(0);
    let run_some = || {
        loop {
            let start = next.fetch_add(SHARING, Ordering::Relaxed);
            let servers = RefCell::new(Servers::default());
            for place in start..sequences.min(start + SHARING) {
                if let Err(failure) = run_generated(seed.wrapping_add(place), &servers) {
                    // One failure is enough.
                    next.store(sequences, Ordering::Relaxed);
                    return Err(failure);
                }
            }
            if start >= sequences {
                return Ok(());
            }
        }
    };
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run_some)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    if let Some(Err(failure)) = results.into_iter().find(Result::is_err) {
        panic!("{failure}");
    }
    println!("{sequences} sequences from seed {seed}, every answer the model's");
}
