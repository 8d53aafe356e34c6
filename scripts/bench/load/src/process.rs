//! What the system says about a process.

use std::fs;

/// Ticks of CPU time in a second, in what the system shows; the same on every machine that is in use.
const TICKS: f64 = 100.0;

/// The CPU time that the process has taken so far, in seconds; nothing when it is gone.
pub fn cpu(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name, which may hold anything: user and system time are the 14th and 15th field of all.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11).map_while(|field| field.parse::<f64>().ok());
    Some((fields.next()? + fields.next()?) / TICKS)
}

/// A size from the process's status, in MiB.
pub fn memory(process: &str, field: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
