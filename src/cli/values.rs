//! Reading the values of flags: each answers with what would be right.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::types::id::Id;
use crate::types::text::Url;

pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "must be an address and a port, such as 127.0.0.1:8080, 0.0.0.0:80 or [::1]:8080".to_owned())
}

pub fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    let plain = |segment: &str| {
        !segment.is_empty()
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    if path.is_empty() || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain)) {
        return Ok(path.to_owned());
    }
    Err("must be a path such as /api, of letters, digits and -._~".to_owned())
}

pub fn public_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim_end_matches('/').to_owned()).map_err(|invalid| invalid.to_string())?;
    if url.as_str().contains(['?', '#']) || !url.as_str().is_ascii() {
        return Err("must be a URL in ASCII without a query or a fragment".to_owned());
    }
    Ok(url.as_str().to_owned())
}

/// An address, or all of a network's.
pub fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().map(|address| address.to_canonical().into());
    let network: Option<IpNet> = address.ok().or_else(|| text.parse().ok());
    // A peer's address is compared as IPv4 where it is one: a network of such written as IPv6 would have none in it.
    network
        .filter(|network| network.addr().to_canonical() == network.addr())
        .ok_or_else(|| "must be an address or a network such as 127.0.0.1, 10.0.0.0/8 or ::1".to_owned())
}

/// A size in bytes.
pub fn size(text: &str) -> Result<usize, String> {
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
        .ok_or_else(|| "must be a size such as 1048576, 512KiB or 1MiB".to_owned())
}

pub fn count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok();
    count
        .filter(|count| *count > 0)
        .ok_or_else(|| "must be a whole number from 1 on".to_owned())
}

/// A duration in seconds.
pub fn duration(text: &str) -> Result<u64, String> {
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
        .ok_or_else(|| "must be a duration such as 30m, 12h, 90d or 4w".to_owned())
}

fn split_unit(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(digits)
}

pub fn account(text: &str) -> Result<String, String> {
    label(text, 64)
}

pub fn token_name(text: &str) -> Result<String, String> {
    label(text, 255)
}

fn label(text: &str, most: usize) -> Result<String, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > most || text.chars().any(char::is_control) {
        return Err(format!(
            "must be a name of 1 to {most} characters without control characters"
        ));
    }
    Ok(text.to_owned())
}

pub fn id(text: &str) -> Result<Id, String> {
    Id::parse(text).ok_or_else(|| "must be a token's id of 16 letters and digits, as `token list` shows it".to_owned())
}
