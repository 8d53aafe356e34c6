//! The line of JSON that is printed.

use serde_json::{Map, Value, json};

use crate::args::Args;
use crate::drive::Run;
use crate::process;
use crate::target::Target;

/// What was measured: times in milliseconds, sizes in MiB, CPU time in microseconds a request and in cores.
pub fn json(args: &Args, target: &Target, run: &Run) -> Value {
    let mut times = run.times.clone();
    times.sort_unstable();
    let answers: u64 = run.answers.iter().sum();
    let ops: Map<String, Value> = target
        .ops
        .iter()
        .zip(&run.answers)
        .map(|(op, answers)| (op.name.clone(), (*answers).into()))
        .collect();
    let memory = |field| args.pid.and_then(|pid| process::memory(&pid.to_string(), field));
    let cores = |cpu: Option<f64>| cpu.map(|cpu| rounded(cpu / run.secs, 3));
    json!({
        "op": args.op,
        "conns": args.conns,
        "secs": rounded(run.secs, 4),
        "answers": answers,
        "ops": ops,
        "errors": run.errors,
        "first_error": run.first_error,
        "per_second": rounded(answers as f64 / run.secs, 1),
        "p50_ms": at(&times, 500),
        "p90_ms": at(&times, 900),
        "p99_ms": at(&times, 990),
        "longest_ms": at(&times, 1000),
        "cpu_us": run.server_cpu.map(|cpu| rounded(cpu * 1e6 / answers as f64, 2)),
        "server_cores": cores(run.server_cpu),
        "load_cores": cores(run.own_cpu),
        "rss_mib": memory("VmRSS:"),
        "peak_mib": memory("VmHWM:"),
        "body_bytes": run.bodies.0 / run.bodies.1.max(1),
        "used": run.used,
    })
}

/// The time, in milliseconds, within which so many of a thousand requests were answered.
fn at(times: &[u64], thousandths: usize) -> Option<f64> {
    let place = (times.len() * thousandths / 1000).min(times.len().checked_sub(1)?);
    Some(rounded(times[place] as f64 / 1e6, 4))
}

/// Serde writes what is no number, as where nothing was measured, as null.
fn rounded(number: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (number * scale).round() / scale
}
