//! `/openapi.json` and `/docs`: the API's description and the reference made from it, told without a token. The page
//! needs nothing from elsewhere, and its policy lets nothing else in.
//!
//! The renderer is our own: the page, its style and its script have 15 KiB compressed, and show the calls of our clients.
//! Of those that were tried in Chromium under this policy (2026-11), Redoc 2.5.4 (320 KiB compressed) ends with an error,
//! Elements 9.0.25 (650 KiB) and Scalar 1.46.4 (970 KiB) ask for inline styles, and Scalar for other hosts; Swagger UI
//! 5.35.0 (470 KiB) works.

mod page;
mod snippets;

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::HeaderMap;
use hyper::header::ACCEPT_ENCODING;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;

use super::head::Head;
use super::{Api, Settings, openapi, reply, route};

/// What the page may do: load its own style and script, and send requests to its own server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Makes a document's text.
type Write = fn(&Settings) -> String;

const DOCUMENTS: [(&str, &str, Write); 4] = [
    ("openapi.json", "application/json", |settings| {
        openapi::document(settings).to_string()
    }),
    ("docs", "text/html; charset=utf-8", page::html),
    ("docs/page.css", "text/css; charset=utf-8", |_| {
        include_str!("page.css").to_owned()
    }),
    ("docs/page.js", "text/javascript; charset=utf-8", |_| {
        include_str!("page.js").to_owned()
    }),
];

pub fn filter(api: &Api) -> BoxedFilter<(Response,)> {
    DOCUMENTS
        .into_iter()
        .map(|(path, kind, write)| document(api, path, kind, write))
        .reduce(|all, one| all.or(one).unify().boxed())
        .expect("there are documents")
}

/// A document as it is and compressed.
struct Made {
    plain: Bytes,
    zipped: Bytes,
}

/// A document, made when it is first asked for and kept.
fn document(api: &Api, path: &str, kind: &'static str, write: Write) -> BoxedFilter<(Response,)> {
    let made = Arc::new(OnceLock::new());
    let answer = move |api: &Api, head: &Head| {
        if head.method != Method::GET {
            return reply::method_not_allowed(&api.settings, head, "GET, HEAD");
        }
        let made = made.get_or_init(|| make(write(&api.settings)));
        match takes_gzip(&head.headers) {
            true => reply::zipped(reply::document(kind, POLICY, made.zipped.clone())),
            false => reply::document(kind, POLICY, made.plain.clone()),
        }
    };
    route::prefix(path)
        .and(warp::path::end())
        .and(route::bodiless(api, answer))
        .boxed()
}

fn make(text: String) -> Made {
    let mut zip = GzEncoder::new(Vec::new(), Compression::best());
    let zipped = zip.write_all(text.as_bytes()).and_then(|()| zip.finish());
    Made {
        plain: text.into(),
        zipped: zipped.expect("memory takes what is written").into(),
    }
}

/// Whether the client names gzip among what it takes, and not with the weight 0 (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter();
    let mut codings = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse() != Ok(0.0)
    })
}
