//! Parses HTTP/1.1 responses, as far as the checks need it.

use std::borrow::Cow;

use memchr::memmem;

/// A complete response, and its size in bytes.
pub struct Response<'a> {
    pub status: u16,
    pub body: Cow<'a, [u8]>,
    /// The server closes the connection after it.
    pub closes: bool,
    pub bytes: usize,
}

/// How the end of the body is determined.
enum Length {
    Bytes(usize),
    Chunked,
}

/// Parses the response at the start of `received`; `None` while it is incomplete.
pub fn parse(received: &[u8]) -> Result<Option<Response<'_>>, String> {
    let Some(end) = memmem::find(received, b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, rest) = (&received[..end], &received[end + 4..]);
    let status = status(head).ok_or("not an HTTP/1.1 response")?;
    let (length, closes) = headers(head)?;
    let length = match status {
        204 | 304 => Length::Bytes(0),
        _ => length,
    };
    let body = match length {
        Length::Bytes(bytes) => rest.get(..bytes).map(|body| (Cow::Borrowed(body), bytes)),
        Length::Chunked => chunks(rest)?.map(|(body, bytes)| (Cow::Owned(body), bytes)),
    };
    Ok(body.map(|(body, bytes)| Response {
        status,
        body,
        closes,
        bytes: end + 4 + bytes,
    }))
}

fn status(head: &[u8]) -> Option<u16> {
    let digits = head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The body's length, and whether the server closes the connection.
fn headers(head: &[u8]) -> Result<(Length, bool), String> {
    let (mut length, mut closes) = (Length::Bytes(0), false);
    for line in head.split(|&byte| byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            length = Length::Bytes(number(value, 10).ok_or("invalid Content-Length")?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            length = Length::Chunked;
        } else if name.eq_ignore_ascii_case(b"connection") {
            closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    Ok((length, closes))
}

/// Decodes a chunked body and returns its encoded size as well; `None` while it is incomplete.
fn chunks(received: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(end) = memmem::find(&received[at..], b"\r\n") else {
            return Ok(None);
        };
        let size = number(&received[at..at + end], 16).ok_or("invalid chunk size")?;
        at += end + 2;
        let Some(chunk) = received.get(at..at + size + 2) else {
            return Ok(None);
        };
        body.extend_from_slice(&chunk[..size]);
        at += size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

fn number(digits: &[u8], radix: u32) -> Option<usize> {
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(received: &str) -> Option<(u16, String, bool, usize)> {
        let response = parse(received.as_bytes()).expect("valid HTTP")?;
        let body = String::from_utf8_lossy(&response.body).into_owned();
        Some((response.status, body, response.closes, response.bytes))
    }

    #[test]
    fn a_response_is_returned_once_it_is_complete() {
        let complete = [
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "hello"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n, everyone\r\n0\r\n\r\n",
                "hello, everyone",
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", ""),
        ];
        for (response, body) in complete {
            assert_eq!(parsed(response), Some((200, body.to_owned(), false, response.len())));
            for end in 0..response.len() {
                assert_eq!(parsed(&response[..end]), None, "{}", &response[..end]);
            }
        }
    }

    #[test]
    fn a_204_has_no_body_and_connection_close_is_noticed() {
        let response = "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
        assert_eq!(parsed(response), Some((204, String::new(), true, response.len())));
    }

    #[test]
    fn invalid_http_is_an_error() {
        for received in [
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
        ] {
            assert!(parse(received.as_bytes()).is_err(), "{received}");
        }
    }
}
