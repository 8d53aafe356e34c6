//! Reads the answers of HTTP/1.1, as much of it as the checks need.

use std::borrow::Cow;

use memchr::memmem;

/// A whole answer, and how many bytes it took.
pub struct Answer<'a> {
    pub status: u16,
    pub body: Cow<'a, [u8]>,
    /// The server ends the connection after it.
    pub closes: bool,
    pub bytes: usize,
}

/// How a body's end is told.
enum Length {
    Bytes(usize),
    Chunked,
}

/// The answer at the front of `read`, or nothing while it is not whole.
pub fn parse(read: &[u8]) -> Result<Option<Answer<'_>>, String> {
    let Some(end) = memmem::find(read, b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, rest) = (&read[..end], &read[end + 4..]);
    let status = status(head).ok_or("what came is no HTTP")?;
    let (length, closes) = headers(head)?;
    let length = match status {
        204 | 304 => Length::Bytes(0),
        _ => length,
    };
    let taken = match length {
        Length::Bytes(bytes) => rest.get(..bytes).map(|body| (Cow::Borrowed(body), bytes)),
        Length::Chunked => chunks(rest)?.map(|(body, bytes)| (Cow::Owned(body), bytes)),
    };
    Ok(taken.map(|(body, bytes)| Answer {
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

/// How long the body is, and whether the connection ends.
fn headers(head: &[u8]) -> Result<(Length, bool), String> {
    let (mut length, mut closes) = (Length::Bytes(0), false);
    for line in head.split(|&byte| byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            length = Length::Bytes(number(value, 10).ok_or("the Content-Length is no number")?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            length = Length::Chunked;
        } else if name.eq_ignore_ascii_case(b"connection") {
            closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    Ok((length, closes))
}

/// A chunked body and the bytes that it took, or nothing while it is not whole.
fn chunks(read: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(end) = memmem::find(&read[at..], b"\r\n") else {
            return Ok(None);
        };
        let size = number(&read[at..at + end], 16).ok_or("the size of a chunk is no number")?;
        at += end + 2;
        let Some(chunk) = read.get(at..at + size + 2) else {
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

    fn taken(read: &str) -> Option<(u16, String, bool, usize)> {
        let answer = parse(read.as_bytes()).expect("this is HTTP")?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        Some((answer.status, body, answer.closes, answer.bytes))
    }

    #[test]
    fn an_answer_is_taken_when_it_is_whole_and_not_before() {
        let whole = [
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "hello"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n, everyone\r\n0\r\n\r\n",
                "hello, everyone",
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", ""),
        ];
        for (answer, body) in whole {
            assert_eq!(taken(answer), Some((200, body.to_owned(), false, answer.len())));
            for end in 0..answer.len() {
                assert_eq!(taken(&answer[..end]), None, "{}", &answer[..end]);
            }
        }
    }

    #[test]
    fn no_body_follows_a_204_and_the_end_of_a_connection_is_seen() {
        let answer = "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
        assert_eq!(taken(answer), Some((204, String::new(), true, answer.len())));
    }

    #[test]
    fn what_is_no_http_is_an_error() {
        for read in [
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
        ] {
            assert!(parse(read.as_bytes()).is_err(), "{read}");
        }
    }
}
