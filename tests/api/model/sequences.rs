//! Runs generated sequences on servers that they share, each in accounts of its own.
//!
//! `GROUPS_SEQUENCES` sets the number of sequences. A failure prints the `GROUPS_SEED` that reproduces it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use groups_server::types::time::Timestamp;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::comparison::{self, Account};
use super::requests::Requests;
use super::responses::MAX_MEMBERS;
use super::steps::{self, Sequence, Step};
use crate::harness::{TestServer, config};
use test_support::env;

/// Sequences per database file. The file is checked after each of them, which takes longer the more it holds.
const SEQUENCES_PER_FILE: u64 = 20;

/// More threads than cores: a sequence spends most of its time waiting for the disk.
const THREADS: u64 = 4;

/// The servers that sequences share, started on first use.
#[derive(Default)]
struct Servers {
    /// The sequences run here.
    main: Option<TestServer>,
    /// Imports their exports.
    importing: Option<TestServer>,
    accounts: u64,
}

impl Servers {
    fn main(&mut self) -> &TestServer {
        self.main.get_or_insert_with(start)
    }

    fn restart(&mut self) {
        self.main = self.main.take().map(TestServer::restart);
    }

    fn new_account(&mut self) -> Account {
        self.accounts += 1;
        let name = format!("account {}", self.accounts);
        Account::new(self.main(), name)
    }
}

fn start() -> TestServer {
    let mut config = config();
    config.settings.max_group_contacts = MAX_MEMBERS;
    TestServer::start_with(config)
}

fn run(sequence: &Sequence, servers: &mut Servers) {
    let mut accounts = [servers.new_account(), servers.new_account()];
    for (by_second, step) in &sequence.steps {
        if matches!(step, Step::Restart) {
            servers.restart();
            continue;
        }
        let [one, two] = &mut accounts;
        let (own, other) = if sequence.two_accounts && *by_second {
            (two, one)
        } else {
            (one, two)
        };
        let requests = Requests {
            model: &own.model,
            other: &other.model,
        };
        let call = requests.call(step);
        own.run(servers.main(), &call);
    }
    for account in &mut accounts[..=usize::from(sequence.two_accounts)] {
        let importing = servers.importing.get_or_insert_with(start);
        let main = servers.main.as_ref().unwrap();
        account.compare_all(main);
        account.compare_imported(main, importing);
    }
    for server in [&servers.main, &servers.importing].into_iter().flatten() {
        comparison::check_file(server);
    }
}

/// Runs the sequence that `seed` generates. The error describes the shortest failing sequence found.
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
        // A panic drops the servers, so the next attempt starts with new files.
        let mut own = servers.take();
        run(&sequence, &mut own);
        servers.replace(own);
        Ok(())
    });
    result.map_err(|failure| format!("reproduce with GROUPS_SEED={seed} GROUPS_SEQUENCES=1: {failure}"))
}

#[test]
fn every_response_matches_the_model() {
    let sequences: u64 = env::number("GROUPS_SEQUENCES").unwrap_or(200);
    let seed = env::number("GROUPS_SEED").unwrap_or_else(|| {
        let nanoseconds = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        Timestamp::now().seconds().unsigned_abs() * 1_000_000_000 + u64::from(nanoseconds)
    });
    let next = AtomicU64::new(0);
    let run_some = || {
        loop {
            let start = next.fetch_add(SEQUENCES_PER_FILE, Ordering::Relaxed);
            let servers = RefCell::new(Servers::default());
            for number in start..sequences.min(start + SEQUENCES_PER_FILE) {
                if let Err(failure) = run_generated(seed.wrapping_add(number), &servers) {
                    // One failure is enough: the other threads stop as well.
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
    println!("{sequences} sequences from seed {seed}: every response matched the model");
}
