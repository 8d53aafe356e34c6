//! The line of JSON that is printed.

use serde_json::{Map, Value, json};

use crate::args::Args;
use crate::driver::Measured;
use crate::process;
use crate::target::Target;

/// Latencies in milliseconds, memory in MiB, CPU time in microseconds per request and in cores.
pub fn json(args: &Args, target: &Target, measured: &Measured) -> Value {
    let mut latencies = measured.latencies.clone();
    latencies.sort_unstable();
    let responses: u64 = measured.responses.iter().sum();
    let ops: Map<String, Value> = target
        .ops
        .iter()
        .zip(&measured.responses)
        .map(|(op, responses)| (op.name.clone(), (*responses).into()))
        .collect();
    let memory = |field| args.pid.and_then(|pid| process::memory(&pid.to_string(), field));
    let cores = |cpu: Option<f64>| cpu.map(|cpu| round(cpu / measured.secs, 3));
    json!({
        "op": args.op,
        "conns": args.conns,
        "secs": round(measured.secs, 4),
        "responses": responses,
        "ops": ops,
        "errors": measured.errors,
        "first_error": measured.first_error,
        "per_second": round(responses as f64 / measured.secs, 1),
        "p50_ms": permille(&latencies, 500),
        "p90_ms": permille(&latencies, 900),
        "p99_ms": permille(&latencies, 990),
        "max_ms": permille(&latencies, 1000),
        "cpu_us": measured.server_cpu.map(|cpu| round(cpu * 1e6 / responses as f64, 2)),
        "server_cores": cores(measured.server_cpu),
        "load_cores": cores(measured.own_cpu),
        "rss_mib": memory("VmRSS:"),
        "peak_mib": memory("VmHWM:"),
        "body_bytes": measured.body_bytes / measured.bodies.max(1),
        "used": measured.used,
    })
}

/// A quantile of the sorted latencies, in milliseconds.
fn permille(latencies: &[u64], permille: usize) -> Option<f64> {
    let index = (latencies.len() * permille / 1000).min(latencies.len().checked_sub(1)?);
    Some(round(latencies[index] as f64 / 1e6, 4))
}

/// NaN, which means that nothing was measured, becomes null in JSON.
fn round(number: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (number * scale).round() / scale
}
