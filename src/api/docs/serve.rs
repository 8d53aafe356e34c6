//! Serves the documents, which need no token. The page loads nothing from other servers, and its policy allows nothing else.
//!
//! The renderer is our own: the page, its style and its script are 15 KiB compressed, and show how to call our clients. Of
//! those tried in Chromium under this policy (2026-11), Redoc 2.5.4 (320 KiB compressed) fails with an error, Elements 9.0.25
//! (650 KiB) and Scalar 1.46.4 (970 KiB) need inline styles, and Scalar other hosts; Swagger UI 5.35.0 (470 KiB) works.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::HeaderMap;
use hyper::header::ACCEPT_ENCODING;
use warp::Filter as _;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;

use super::html;
use crate::api::openapi;
use crate::http::{Head, Route, Settings, State, filters, response};

/// What the page may do: load its own style and script, and send requests to its own server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Returns the route table. The documents are made on first use, so a server that is never asked for them does not hold it
/// a second time.
type Routes = fn() -> Vec<Vec<Route>>;

/// Renders a document.
type Render = fn(Routes, &Settings) -> String;

const DOCUMENTS: [(&str, &str, Render); 4] = [
    ("/openapi.json", "application/json", |routes, settings| {
        openapi::document(&routes(), settings).to_string()
    }),
    ("/docs", "text/html; charset=utf-8", |routes, settings| {
        html::page(&routes(), settings)
    }),
    ("/docs/page.css", "text/css; charset=utf-8", |_, _| {
        include_str!("page.css").to_owned()
    }),
    ("/docs/page.js", "text/javascript; charset=utf-8", |_, _| {
        include_str!("page.js").to_owned()
    }),
];

pub fn filter(state: &State, routes: Routes) -> BoxedFilter<(Response,)> {
    DOCUMENTS
        .into_iter()
        .map(|(path, content_type, render)| {
            document(state, path, content_type, move |settings| render(routes, settings))
        })
        .reduce(|all, one| all.or(one).unify().boxed())
        .expect("there are documents")
}

/// A document, plain and compressed.
struct Rendered {
    plain: Bytes,
    gzipped: Bytes,
}

/// The filter of a document that is rendered once, on first use.
fn document<F>(state: &State, path: &'static str, content_type: &'static str, render: F) -> BoxedFilter<(Response,)>
where
    F: Fn(&Settings) -> String + Clone + Send + Sync + 'static,
{
    let rendered = Arc::new(OnceLock::new());
    filters::open(state, path, move |state: &State, head: &Head| {
        if head.method != Method::GET {
            return response::method_not_allowed(&state.settings, head, "GET, HEAD");
        }
        let Rendered { plain, gzipped } = rendered.get_or_init(|| compress(render(&state.settings)));
        match accepts_gzip(&head.headers) {
            true => response::gzipped(response::document(content_type, POLICY, gzipped.clone())),
            false => response::document(content_type, POLICY, plain.clone()),
        }
    })
}

fn compress(text: String) -> Rendered {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzipped = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    Rendered {
        plain: text.into(),
        gzipped: gzipped.expect("writing to memory succeeds").into(),
    }
}

/// Whether `Accept-Encoding` lists gzip with a weight other than 0 (RFC 9110, 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
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
