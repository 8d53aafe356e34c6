//! A proxy that misbehaves as a client's test asks it to, through the base URL `http://proxy/NAME/STEP,STEP`. The first
//! request under that name gets the first step, and so on; requests after the last step pass. `GET /report/NAME`
//! returns the requests that arrived. The steps are the arms of `play`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// What arrived under a name.
#[derive(Default)]
struct Report {
    connections: BTreeSet<usize>,
    requests: Vec<Value>,
}

type Reports = Arc<Mutex<BTreeMap<String, Report>>>;

struct Request {
    method: String,
    target: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// Starts a proxy for a server on a free port and returns its URL. It runs until the process exits.
pub fn start(server: &str) -> String {
    let server = server.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let reports = Reports::default();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (server, reports) = (server.clone(), reports.clone());
            // A client that disconnects is not an error here: its own test checks what it expects.
            std::thread::spawn(move || drop(serve(&stream.unwrap(), number, &server, &reports)));
        }
    });
    url
}

/// Serves the requests of one connection until a step or the client closes it.
fn serve(stream: &TcpStream, number: usize, server: &str, reports: &Reports) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read_request(&mut reader)? {
        let parts: Vec<String> = request.target.splitn(4, '/').map(str::to_owned).collect();
        let (name, steps) = (&parts[1], &parts[2]);
        if name == "report" {
            let report = report(reports, steps);
            write!(&*stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{report}")?;
            return stream.shutdown(Shutdown::Both);
        }
        request.target = format!("/{}", parts[3]);
        let nth = record(reports, name, number, &request);
        let keep_alive = play(steps.split(',').nth(nth).unwrap_or("pass"), stream, &request, server)?;
        if !keep_alive {
            return stream.shutdown(Shutdown::Both);
        }
    }
    Ok(())
}

/// Executes one step and returns whether to keep the connection open.
fn play(step: &str, mut stream: &TcpStream, request: &Request, server: &str) -> std::io::Result<bool> {
    match step {
        "pass" => stream.write_all(&forward(request, server)?)?,
        "cut_before" => return Ok(false),
        "cut_after" => {
            forward(request, server)?;
            return Ok(false);
        }
        "cut_middle" => {
            let response = forward(request, server)?;
            stream.write_all(&response[..response.len() - 20])?;
            return Ok(false);
        }
        "hang" => return Ok(stream.read(&mut [0])? > 0),
        "drip" => {
            for byte in forward(request, server)? {
                stream.write_all(&[byte])?;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        // Adds a property that the clients do not know.
        "more" => {
            let response = String::from_utf8(forward(request, server)?).unwrap();
            let (head, body) = response.split_once("\r\n\r\n").unwrap();
            let length = format!("content-length: {}", body.len());
            let longer = format!("content-length: {}", body.len() + r#""more":[1],"#.len());
            let body = body.replacen('{', r#"{"more":[1],"#, 1);
            write!(stream, "{}\r\n\r\n{body}", head.replace(&length, &longer))?;
        }
        "redirect" => stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")?,
        "html" => write_html(stream, 200)?,
        "502" => write_html(stream, 502)?,
        _ => write_status(stream, step)?,
    }
    Ok(true)
}

/// A step such as `503`, or `503:1` with a `Retry-After` in seconds, or `503:date` with a date in the far future.
fn write_status(mut stream: &TcpStream, step: &str) -> std::io::Result<()> {
    let (status, retry_after) = step.split_once(':').unwrap_or((step, ""));
    let retry_after = match retry_after {
        "" => String::new(),
        "date" => "retry-after: Fri, 31 Dec 2100 23:59:59 GMT\r\n".to_owned(),
        seconds => format!("retry-after: {seconds}\r\n"),
    };
    let code = if status == "429" { "rate_limited" } else { "unavailable" };
    let body = json!({"type": "api_error", "code": code, "message": "Try again.", "param": null,
        "documentation_url": "/docs", "request_id": "proxy"})
    .to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} No\r\ncontent-type: application/json\r\n{retry_after}content-length: {length}\r\n\r\n{body}"
    )
}

fn write_html(mut stream: &TcpStream, status: u16) -> std::io::Result<()> {
    let body = "<h1>nginx</h1>";
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Such\r\ncontent-type: text/html\r\nx-request-id: of-the-proxy\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let first = lines.remove(0);
    let mut parts = first.split(' ').map(str::to_owned);
    let mut request = Request {
        method: parts.next().unwrap(),
        target: parts.next().unwrap(),
        headers: lines,
        body: Vec::new(),
    };
    let length = header(&request.headers, "content-length").map_or(0, |value| value.parse().unwrap());
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}

fn header<'a>(headers: &'a [String], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .filter_map(|line| line.split_once(": "))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Forwards a request and returns the complete response, without the `Connection: close` of the server.
fn forward(request: &Request, server: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    let mut head = format!(
        "{} {} HTTP/1.1\r\nconnection: close\r\n",
        request.method, request.target
    );
    for line in &request.headers {
        if !line.to_ascii_lowercase().starts_with("connection:") {
            head += &format!("{line}\r\n");
        }
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(&request.body)?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response.replacen("connection: close\r\n", "", 1).into_bytes())
}

/// Records a request and its connection, and returns how many requests came before it.
fn record(reports: &Reports, name: &str, connection: usize, request: &Request) -> usize {
    let mut reports = reports.lock().unwrap();
    let report = reports.entry(name.to_owned()).or_default();
    report.connections.insert(connection);
    report.requests.push(json!({
        "method": request.method,
        "target": request.target,
        "idempotency_key": header(&request.headers, "idempotency-key"),
        "user_agent": header(&request.headers, "user-agent"),
    }));
    report.requests.len() - 1
}

fn report(reports: &Reports, name: &str) -> String {
    let reports = reports.lock().unwrap();
    let report = reports.get(name);
    let connections = report.map_or(0, |report| report.connections.len());
    let requests = report.map_or(&[][..], |report| &report.requests);
    json!({"connections": connections, "requests": requests}).to_string()
}
