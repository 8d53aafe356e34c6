//! No memory for SQLite: any allocation of a script's run fails, once or with all after it.

use fault_vfs::memory;

use crate::harness::{Random, Repeat, Running, Template, number, seed, turn};
use crate::script::Run;

/// Runs, unless told otherwise.
const RUNS: u64 = 100;

/// Runs the script with an allocation that fails, of all from the start on, or of those after it with all that follow,
/// as a start without memory is tried for seconds. Holds what may then be found against the answers, and tells how many
/// allocations there were.
fn run_with(template: &Template, index: u64, on: bool) -> u64 {
    let copy = template.copy();
    if !on {
        memory::fail(index, on);
    }
    let run = match Running::start(&copy.db) {
        Ok(server) => {
            if on {
                memory::fail(index, on);
            }
            let run = Run::of(&server, &template.token, |_, _| {});
            memory::lift();
            // It serves on, or has told why it does not: both are true.
            drop(server.stop());
            run
        }
        Err(_) => Run::none(&template.token),
    };
    let counted = memory::lift();
    run.check(&copy.db);
    counted
}

#[test]
fn whichever_allocation_fails_the_answers_are_true() {
    let _turn = turn();
    let template = Template::new();
    let seed = seed();
    let mut random = Random(seed);
    let count = usize::try_from(run_with(&template, u64::MAX, false)).unwrap();
    let runs = number("GROUPS_ALLOCATIONS").unwrap_or(RUNS);
    for run in 0..runs {
        let (index, on) = (random.below(count) as u64, random.percent(30));
        let _repeat = Repeat(format!(
            "GROUPS_SEED={seed} (run {run}: allocation {index} of {count}, on: {on})"
        ));
        run_with(&template, index, on);
    }
    println!("{runs} runs, in each of which one of {count} allocations failed, or all from it on");
}
