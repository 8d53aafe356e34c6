//! The loop: a request on each connection, and the next one as soon as its answer is there.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::answer::{self, Answer};
use crate::args::Args;
use crate::process;
use crate::target::{Asked, Requests};

/// How long the last answers may take, once the time is over.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the clock is looked at when nothing comes.
const TICK: Duration = Duration::from_millis(50);

/// What was measured.
#[derive(Default)]
pub struct Run {
    /// Of each request that was sent and answered in the measured time, in nanoseconds.
    pub times: Vec<u64>,
    /// Answers that came in the measured time, by op.
    pub answers: Vec<u64>,
    /// The bodies of all answers, in bytes, and how many there were.
    pub bodies: (u64, u64),
    pub errors: u64,
    pub first_error: String,
    /// How long was measured, in seconds.
    pub secs: f64,
    /// CPU time in that time, in seconds: the server's, if its process is known, and one's own.
    pub server_cpu: Option<f64>,
    pub own_cpu: Option<f64>,
    /// Lines used up by {next_NAME}.
    pub used: usize,
}

/// When the measured time began, and the CPU times then.
struct Start {
    at: Instant,
    server_cpu: Option<f64>,
    own_cpu: Option<f64>,
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    /// How much of `read` is filled.
    filled: usize,
    /// The request that has no answer yet, and when it was sent.
    asked: Option<(Asked, Instant)>,
}

struct Drive<'a> {
    args: &'a Args,
    requests: Requests<'a>,
    connections: Vec<Connection>,
    request: Vec<u8>,
    sent: u64,
    /// Nothing is sent from then on.
    end: Instant,
    used_up: bool,
    start: Option<Start>,
    last_answer: Instant,
    run: Run,
}

/// Sends requests for as long as the command line says, and measures.
pub fn run(args: &Args, requests: Requests<'_>) -> io::Result<Run> {
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
    let mut drive = Drive {
        args,
        requests,
        connections,
        request: Vec::new(),
        sent: 0,
        end: measured_from + Duration::from_secs_f64(args.secs),
        used_up: false,
        start: None,
        last_answer: now,
        run: Run::default(),
    };
    drive.take_turns(&mut poll, measured_from)?;
    Ok(drive.finish())
}

impl Drive<'_> {
    fn take_turns(&mut self, poll: &mut Poll, measured_from: Instant) -> io::Result<()> {
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
                    self.wrong(error);
                    return Ok(());
                }
            }
            if self.is_over() && self.unanswered() == 0 || Instant::now() > self.end + PATIENCE {
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

    /// Reads what has come on a connection; with a whole answer the next request goes out. An error ends the run.
    fn receive(&mut self, n: usize) -> Result<(), String> {
        let connection = &mut self.connections[n];
        connection.fill()?;
        let Some(answer) = answer::parse(&connection.read[..connection.filled])? else {
            return Ok(());
        };
        let now = Instant::now();
        let (asked, sent) = connection.asked.take().ok_or("an answer came to no request")?;
        let fault = fault(&self.requests, asked, &answer);
        self.run.bodies.0 += answer.body.len() as u64;
        self.run.bodies.1 += 1;
        if answer.bytes != connection.filled {
            return Err("more than an answer came".to_owned());
        }
        connection.filled = 0;
        if let Some(fault) = fault {
            self.wrong(fault);
        }
        self.count(asked, sent, now);
        if !self.is_over() {
            self.send(n);
        }
        Ok(())
    }

    fn count(&mut self, asked: Asked, sent: Instant, now: Instant) {
        let Some(start) = &self.start else { return };
        if now > self.end {
            return;
        }
        let run = &mut self.run;
        if run.answers.len() <= asked.op {
            run.answers.resize(asked.op + 1, 0);
        }
        run.answers[asked.op] += 1;
        self.last_answer = now;
        if sent >= start.at {
            let took = now.duration_since(sent).as_nanos();
            run.times.push(u64::try_from(took).unwrap_or(u64::MAX));
        }
    }

    fn send(&mut self, n: usize) {
        let Some(asked) = self.requests.next(&mut self.request) else {
            self.used_up = true;
            return;
        };
        let connection = &mut self.connections[n];
        connection.asked = Some((asked, Instant::now()));
        self.sent += 1;
        // A request is far smaller than the socket's buffer, which is empty.
        match connection.stream.write(&self.request) {
            Ok(written) if written == self.request.len() => {}
            Ok(_) => self.wrong("a request was not taken at once".to_owned()),
            Err(error) => self.wrong(format!("a request could not be sent: {error}")),
        }
    }

    /// No more requests are sent.
    fn is_over(&self) -> bool {
        self.used_up || self.sent >= self.args.max || Instant::now() >= self.end
    }

    fn unanswered(&self) -> usize {
        self.connections
            .iter()
            .filter(|connection| connection.asked.is_some())
            .count()
    }

    fn wrong(&mut self, fault: String) {
        if self.run.errors == 0 {
            self.run.first_error = fault;
        }
        self.run.errors += 1;
    }

    fn server_cpu(&self) -> Option<f64> {
        process::cpu(&self.args.pid?.to_string())
    }

    fn finish(mut self) -> Run {
        let unanswered = self.unanswered();
        if unanswered > 0 {
            self.wrong(format!("{unanswered} requests were not answered"));
        }
        let Some(start) = self.start.take().filter(|_| !self.run.answers.is_empty()) else {
            self.wrong("no answer came in the measured time".to_owned());
            return self.run;
        };
        // A run whose requests were used up ends with its last answer.
        let end = if self.used_up || self.sent >= self.args.max {
            self.last_answer
        } else {
            self.end
        };
        let since = |before: Option<f64>, after: Option<f64>| Some(after? - before?);
        self.run.secs = end.duration_since(start.at).as_secs_f64();
        self.run.server_cpu = since(start.server_cpu, self.server_cpu());
        self.run.own_cpu = since(start.own_cpu, process::cpu("self"));
        self.run.used = self.requests.used;
        self.run
    }
}

/// What is wrong with an answer, if something is.
fn fault(requests: &Requests<'_>, asked: Asked, answer: &Answer<'_>) -> Option<String> {
    let op = requests.op(asked);
    let is_there = |text: &str| memmem::find(&answer.body, text.as_bytes()).is_some();
    let what = if answer.status != op.expect {
        "the status"
    } else if answer.closes {
        "the end of the connection"
    } else if let Some((text, times)) = &op.contains
        && memmem::find_iter(&answer.body, text).count() != *times
    {
        "the number of what it contains"
    } else if op.echo && answer.status != 204 && requests.line(asked).is_some_and(|line| !is_there(line)) {
        "the lack of what was asked for"
    } else {
        return None;
    };
    let body = String::from_utf8_lossy(&answer.body);
    let begins: String = body.chars().take(300).collect();
    Some(format!("{}: {what} is wrong: {} {begins}", op.name, answer.status))
}

impl Connection {
    fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Connection {
            stream: TcpStream::from_std(stream),
            read: vec![0; 64 << 10],
            filled: 0,
            asked: None,
        })
    }

    /// Reads all that has come: the poll tells only of what is new.
    fn fill(&mut self) -> Result<(), String> {
        loop {
            if self.filled == self.read.len() {
                self.read.resize(2 * self.filled, 0);
            }
            let room = &mut self.read[self.filled..];
            let wanted = room.len();
            match self.stream.read(room) {
                Ok(0) => return Err("the server ended a connection".to_owned()),
                Ok(read) => {
                    self.filled += read;
                    // Less than there is room for was all there was.
                    if read < wanted {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(format!("the server broke a connection: {error}")),
            }
        }
    }
}
