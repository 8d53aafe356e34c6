//! A case of the table, and the requests that cases are built from.

/// What follows the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next request on the connection gets its response.
    StaysOpen,
    /// The server closes the connection. It must not take what follows for a request, but may reject it with a bare `400`.
    Closes,
}
pub use self::Then::{Closes, StaysOpen};

/// A description, the bytes, the expected response, and what follows. The response is a status and a code
/// (`400 body_malformed`), a status alone below 400, `400 bare` if the HTTP layer rejects the bytes before there is a
/// request, or `closed` if there is none.
pub type Case = (&'static str, Vec<u8>, &'static str, Then);

/// The placeholder for the token in a case's bytes.
pub const TOKEN: &str = "{token}";

/// A request to hide in or behind another. If the server took it for a request, it would create a group.
pub const SMUGGLED: &str = "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
    content-type: application/x-www-form-urlencoded\r\ncontent-length: 13\r\n\r\nname=smuggled";

/// The request sent after each case.
pub const NEXT: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: next\r\nconnection: close\r\n\r\n";

/// A whole request, from its request line without the version, its additional headers, and what follows the head.
pub fn request(line: &str, headers: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n");
    [head.as_bytes(), headers.as_ref(), b"\r\n", body.as_ref()].concat()
}

/// A GET of the list of groups with these header lines.
pub fn get(headers: impl AsRef<[u8]>) -> Vec<u8> {
    request("GET /v1/groups", headers, "")
}

/// A POST of a group as a form, with headers that frame the body.
pub fn post(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let headers = format!("content-type: application/x-www-form-urlencoded\r\n{headers}");
    request("POST /v1/groups", headers, body)
}

/// A POST of a group with this media type.
pub fn typed(media_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let headers = format!(
        "content-type: {media_type}\r\ncontent-length: {}\r\n",
        body.as_ref().len()
    );
    request("POST /v1/groups", headers, body)
}
