//! CPU time and memory of a process, from `/proc`.

use std::fs;

/// Clock ticks per second in `/proc`: `USER_HZ`, which is 100 on all common architectures.
const TICKS: f64 = 100.0;

/// CPU time that the process has used so far, in seconds; `None` if it does not exist.
pub fn cpu(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Skip the name, which may contain anything. User and system time are fields 14 and 15 of the line.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11).map_while(|field| field.parse::<f64>().ok());
    Some((fields.next()? + fields.next()?) / TICKS)
}

/// A memory figure from the process's status, in MiB.
pub fn memory(process: &str, field: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
