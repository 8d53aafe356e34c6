//! A client on one connection. If the server is killed it returns an error, and the outcome of the request is unknown.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

pub struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub replayed: bool,
    pub text: String,
}

impl Client {
    /// Connects to a server's `url`.
    pub fn connect(url: &str, token: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Client {
            stream: BufReader::new(stream),
            token: token.trim().to_owned(),
        })
    }

    pub fn get(&mut self, path: &str) -> io::Result<Response> {
        self.send("GET", path, None, None)
    }

    /// Sends a request and returns the complete response, or the error that ended the connection before.
    pub fn send(&mut self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> io::Result<Response> {
        let key = key.map_or_else(String::new, |key| format!("idempotency-key: {key}\r\n"));
        let body = body.map_or_else(String::new, Value::to_string);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{key}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_response()
    }

    fn read_response(&mut self) -> io::Result<Response> {
        let status = self.line()?;
        let (mut length, mut replayed) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(": ") {
                None => break,
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(("idempotent-replayed", value)) => replayed = value == "true",
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Response {
            status: status.split(' ').nth(1).unwrap().parse().unwrap(),
            replayed,
            text: String::from_utf8(body).unwrap(),
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
