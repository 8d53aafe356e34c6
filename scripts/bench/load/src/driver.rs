//! The event loop: one request on each connection, and the next one as soon as its response has arrived.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::args::Args;
use crate::process;
use crate::response::{self, Response};
use crate::target::{Requests, Sent};

/// How long to wait for the last responses after the measurement.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// How often to check the clock while nothing arrives.
const TICK: Duration = Duration::from_millis(50);

/// What was measured.
#[derive(Default)]
pub struct Measured {
    /// Nanoseconds for each request that was sent and responded to within the measurement.
    pub latencies: Vec<u64>,
    /// Responses that arrived within the measurement, by operation.
    pub responses: Vec<u64>,
    /// Number and total size of all response bodies, warm-up included.
    pub bodies: u64,
    pub body_bytes: u64,
    pub errors: u64,
    pub first_error: String,
    /// Duration of the measurement in seconds.
    pub secs: f64,
    /// CPU time in seconds: the server's, if its process is known, and the load generator's own.
    pub server_cpu: Option<f64>,
    pub own_cpu: Option<f64>,
    /// Number of lines used up with {next_NAME}.
    pub used: usize,
}

/// The start of the measurement, and the CPU times then.
struct Start {
    at: Instant,
    server_cpu: Option<f64>,
    own_cpu: Option<f64>,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of `buffer` is filled.
    filled: usize,
    /// The request in progress, and when it was sent.
    pending: Option<(Sent, Instant)>,
}

struct Driver<'a> {
    args: &'a Args,
    requests: Requests<'a>,
    connections: Vec<Connection>,
    request: Vec<u8>,
    sent: u64,
    /// When to stop sending.
    end: Instant,
    used_up: bool,
    start: Option<Start>,
    last_response: Instant,
    measured: Measured,
}

/// Sends requests as the command line says, and measures.
pub fn run(args: &Args, requests: Requests<'_>) -> io::Result<Measured> {
    let mut poll = Poll::new()?;
    let mut connections = Vec::with_capacity(args.conns);
    for n in 0..args.conns {
        let mut connection = Connection::open(args.addr)?;
        poll.registry()
            .register(&mut connection.stream, Token(n), Interest::READABLE)?;
        connections.push(connection);
    }
    let now = Instant::now();
    let measured_from = now + Duration::from_secs_f64(args.warm);
    let mut driver = Driver {
        args,
        requests,
        connections,
        request: Vec::new(),
        sent: 0,
        end: measured_from + Duration::from_secs_f64(args.secs),
        used_up: false,
        start: None,
        last_response: now,
        measured: Measured::default(),
    };
    driver.run(&mut poll, measured_from)?;
    Ok(driver.finish())
}

impl Driver<'_> {
    fn run(&mut self, poll: &mut Poll, measured_from: Instant) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        self.start_when_due(measured_from);
        for n in 0..self.connections.len() {
            self.send(n);
        }
        loop {
            match poll.poll(&mut events, Some(TICK)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.start_when_due(measured_from);
            for event in &events {
                if let Err(error) = self.receive(event.token().0) {
                    self.record_error(error);
                    return Ok(());
                }
            }
            if self.is_over() && self.pending() == 0 || Instant::now() > self.end + GRACE_PERIOD {
                return Ok(());
            }
        }
    }

    fn start_when_due(&mut self, measured_from: Instant) {
        let now = Instant::now();
        if self.start.is_none() && now >= measured_from {
            self.start = Some(Start {
                at: now,
                server_cpu: self.server_cpu(),
                own_cpu: process::cpu("self"),
            });
        }
    }

    /// Reads from a connection and, after a complete response, sends the next request. An error ends the run.
    fn receive(&mut self, n: usize) -> Result<(), String> {
        let connection = &mut self.connections[n];
        connection.fill()?;
        let Some(response) = response::parse(&connection.buffer[..connection.filled])? else {
            return Ok(());
        };
        let now = Instant::now();
        let (sent, sent_at) = connection
            .pending
            .take()
            .ok_or("a response arrived without a request")?;
        let error = error_in(&self.requests, sent, &response);
        self.measured.bodies += 1;
        self.measured.body_bytes += response.body.len() as u64;
        if response.bytes != connection.filled {
            return Err("data follows a response".to_owned());
        }
        connection.filled = 0;
        if let Some(error) = error {
            self.record_error(error);
        }
        self.count(sent, sent_at, now);
        if !self.is_over() {
            self.send(n);
        }
        Ok(())
    }

    fn count(&mut self, sent: Sent, sent_at: Instant, now: Instant) {
        let Some(start) = &self.start else { return };
        if now > self.end {
            return;
        }
        let measured = &mut self.measured;
        if measured.responses.len() <= sent.op {
            measured.responses.resize(sent.op + 1, 0);
        }
        measured.responses[sent.op] += 1;
        self.last_response = now;
        if sent_at >= start.at {
            let latency = now.duration_since(sent_at).as_nanos();
            measured.latencies.push(u64::try_from(latency).unwrap_or(u64::MAX));
        }
    }

    fn send(&mut self, n: usize) {
        let Some(sent) = self.requests.next(&mut self.request) else {
            self.used_up = true;
            return;
        };
        let connection = &mut self.connections[n];
        connection.pending = Some((sent, Instant::now()));
        self.sent += 1;
        // A request is much smaller than the socket's send buffer, which is empty.
        match connection.stream.write(&self.request) {
            Ok(written) if written == self.request.len() => {}
            Ok(_) => self.record_error("a request could not be sent at once".to_owned()),
            Err(error) => self.record_error(format!("a request could not be sent: {error}")),
        }
    }

    /// Whether to stop sending requests.
    fn is_over(&self) -> bool {
        self.used_up || self.sent >= self.args.max || Instant::now() >= self.end
    }

    fn pending(&self) -> usize {
        self.connections
            .iter()
            .filter(|connection| connection.pending.is_some())
            .count()
    }

    fn record_error(&mut self, error: String) {
        if self.measured.errors == 0 {
            self.measured.first_error = error;
        }
        self.measured.errors += 1;
    }

    fn server_cpu(&self) -> Option<f64> {
        process::cpu(&self.args.pid?.to_string())
    }

    fn finish(mut self) -> Measured {
        let pending = self.pending();
        if pending > 0 {
            self.record_error(format!("{pending} requests got no response"));
        }
        let Some(start) = self.start.take().filter(|_| !self.measured.responses.is_empty()) else {
            self.record_error("no response arrived within the measurement".to_owned());
            return self.measured;
        };
        // If the requests are used up, the measurement ends with the last response.
        let end = if self.used_up || self.sent >= self.args.max {
            self.last_response
        } else {
            self.end
        };
        let since = |before: Option<f64>, after: Option<f64>| Some(after? - before?);
        self.measured.secs = end.duration_since(start.at).as_secs_f64();
        self.measured.server_cpu = since(start.server_cpu, self.server_cpu());
        self.measured.own_cpu = since(start.own_cpu, process::cpu("self"));
        self.measured.used = self.requests.used;
        self.measured
    }
}

/// Checks a response and describes what is wrong with it.
fn error_in(requests: &Requests<'_>, sent: Sent, response: &Response<'_>) -> Option<String> {
    let op = requests.op(sent);
    let contains = |text: &str| memmem::find(&response.body, text.as_bytes()).is_some();
    let what = if response.status != op.expect {
        "unexpected status"
    } else if response.closes {
        "the server closes the connection"
    } else if let Some((text, times)) = &op.contains
        && memmem::find_iter(&response.body, text).count() != *times
    {
        "unexpected number of matches"
    } else if op.echo && response.status != 204 && requests.line(sent).is_some_and(|line| !contains(line)) {
        "the requested id is missing"
    } else {
        return None;
    };
    let body = String::from_utf8_lossy(&response.body);
    let excerpt: String = body.chars().take(300).collect();
    Some(format!("{}: {what}: {} {excerpt}", op.name, response.status))
}

impl Connection {
    fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Connection {
            stream: TcpStream::from_std(stream),
            buffer: vec![0; 64 << 10],
            filled: 0,
            pending: None,
        })
    }

    /// Reads everything that has arrived, because the poll is edge-triggered.
    fn fill(&mut self) -> Result<(), String> {
        loop {
            if self.filled == self.buffer.len() {
                self.buffer.resize(2 * self.filled, 0);
            }
            let free = &mut self.buffer[self.filled..];
            let capacity = free.len();
            match self.stream.read(free) {
                Ok(0) => return Err("the server closed a connection".to_owned()),
                Ok(read) => {
                    self.filled += read;
                    // A short read means that nothing more has arrived.
                    if read < capacity {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(format!("a connection failed: {error}")),
            }
        }
    }
}
