//! SQLite runs out of memory: any allocation during a script fails, once or persistently.

use fault_vfs::memory;
use test_support::env;
use test_support::random::Random;

use crate::harness::{ReproduceWith, Template, TestServer, exclusive, seed};
use crate::script::Run;

/// The default number of runs.
const RUNS: u64 = 100;

/// Runs the script with an allocation that fails, and checks the database against the responses. Returns how many
/// allocations there were.
///
/// A transient failure counts from the server's start. A persistent one counts from after the start, because a start
/// without memory is retried for seconds.
fn run_with(template: &Template, index: u64, persistent: bool) -> u64 {
    let copy = template.copy();
    if !persistent {
        memory::fail(index, persistent);
    }
    let run = match TestServer::start(&copy.db) {
        Ok(server) => {
            if persistent {
                memory::fail(index, persistent);
            }
            let run = Run::of(&server, &template.token, |_, _| {});
            memory::clear();
            // The server may have gone on, or ended with an error: both are truthful.
            drop(server.stop());
            run
        }
        Err(_) => Run::not_started(&template.token),
    };
    let counted = memory::clear();
    run.check(&copy.db);
    counted
}

#[test]
fn responses_are_truthful_whichever_allocation_fails() {
    let _exclusive = exclusive();
    let template = Template::new();
    let seed = seed();
    let mut random = Random(seed);
    let count = usize::try_from(run_with(&template, u64::MAX, false)).unwrap();
    let runs = env::number("GROUPS_ALLOCATIONS").unwrap_or(RUNS);
    for run in 0..runs {
        let (index, persistent) = (random.below(count) as u64, random.percent(30));
        let _reproduce = ReproduceWith(format!(
            "GROUPS_SEED={seed} (run {run}: allocation {index} of {count}, persistent: {persistent})"
        ));
        run_with(&template, index, persistent);
    }
    println!("{runs} runs, in each of which one of {count} allocations failed, once or persistently");
}
