//! Parsers for the values of flags. Each error says what a valid value looks like.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::types::id::Id;
use crate::types::invalid::Invalid;
use crate::types::text::Url;

pub fn listen(text: &str) -> Result<SocketAddr, Invalid> {
    let rule = "must be an address and a port, such as 127.0.0.1:8080, 0.0.0.0:80 or [::1]:8080";
    text.parse().map_err(|_| Invalid::new(rule))
}

pub fn base_path(text: &str) -> Result<String, Invalid> {
    let path = text.trim_end_matches('/');
    let is_plain = |segment: &str| {
        !segment.is_empty()
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    if path.is_empty() || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_plain)) {
        return Ok(path.to_owned());
    }
    Err(Invalid::new("must be a path such as /api, of letters, digits and -._~"))
}

pub fn public_url(text: &str) -> Result<String, Invalid> {
    let url = Url::parse(text.trim_end_matches('/').to_owned())?;
    if url.as_str().contains(['?', '#']) || !url.as_str().is_ascii() {
        return Err(Invalid::new("must be an ASCII URL without a query or fragment"));
    }
    Ok(url.as_str().to_owned())
}

/// A network, or an address as a network of one.
pub fn network(text: &str) -> Result<IpNet, Invalid> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().map(|address| address.to_canonical().into());
    let network: Option<IpNet> = address.ok().or_else(|| text.parse().ok());
    // Peers are compared in canonical form: a network of IPv4-mapped IPv6 addresses would match none.
    network
        .filter(|network| network.addr().to_canonical() == network.addr())
        .ok_or_else(|| Invalid::new("must be an address or network such as 127.0.0.1, 10.0.0.0/8 or ::1"))
}

/// A size in bytes.
pub fn size(text: &str) -> Result<usize, Invalid> {
    let (number, unit) = split_unit(text);
    let factor: usize = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        _ => 0,
    };
    let size = number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    size.filter(|size| *size > 0)
        .ok_or_else(|| Invalid::new("must be a size such as 1048576, 512KiB or 1MiB"))
}

pub fn count(text: &str) -> Result<usize, Invalid> {
    let count = text.parse().ok();
    count
        .filter(|count| *count > 0)
        .ok_or_else(|| Invalid::new("must be a whole number from 1 up"))
}

/// A duration in seconds.
pub fn duration(text: &str) -> Result<u64, Invalid> {
    let (number, unit) = split_unit(text);
    let factor: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => 0,
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    seconds
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| Invalid::new("must be a duration such as 30m, 12h, 90d or 4w"))
}

fn split_unit(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(digits)
}

pub fn account(text: &str) -> Result<String, Invalid> {
    label(text, 64)
}

pub fn token_name(text: &str) -> Result<String, Invalid> {
    label(text, 255)
}

fn label(text: &str, max: usize) -> Result<String, Invalid> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > max || text.chars().any(char::is_control) {
        let rule = format!("must be a name of 1 to {max} characters, without control characters");
        return Err(Invalid::new(rule));
    }
    Ok(text.to_owned())
}

pub fn id(text: &str) -> Result<Id, Invalid> {
    let rule = "must be a token's id of 16 letters and digits, as shown by `token list`";
    Id::parse(text).ok_or_else(|| Invalid::new(rule))
}
