//! The document as a whole.

use serde_json::{Value, json};

use super::{errors, headers, operations, schemas};
use crate::http::{Route, Settings};
use crate::types::resource::Resource;

pub const ABOUT: &str = "Groups of contacts and their conversations.\n\n\
    Every request except the health check needs an access token: `Authorization: Bearer TOKEN`, or Basic with the token \
    as the password. Request bodies are JSON or forms, with the same meaning: in a form, an empty value is null. Responses \
    are JSON. Timestamps are integers, UNIX seconds. Ids are looked up regardless of letter case. `HEAD` works wherever \
    `GET` does.";

/// The description of a server with these routes and settings.
pub fn document(routes: &[Vec<Route>], settings: &Settings) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "groups-server",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Groups of contacts and their conversations",
            "description": ABOUT,
            "contact": {"name": "The operator of this server"},
        },
        "servers": [server(settings)],
        // Some generators use the last scheme.
        "security": [{"basic": []}, {"bearer": []}],
        "tags": tags(),
        "paths": operations::paths(routes),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The access token."},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The access token as the password, or as the username with an empty password.",
                },
            },
            "parameters": headers::of_requests(),
            "headers": headers::of_responses(),
            "schemas": schemas::all(routes),
            "responses": errors::responses(settings),
        },
    })
}

fn server(settings: &Settings) -> Value {
    let url = settings.link(&settings.base_path);
    let url = if url.is_empty() { "/" } else { url.as_str() };
    json!({"url": url, "description": "This server"})
}

fn tags() -> Vec<Value> {
    let resources =
        Resource::all().map(|resource| json!({"name": resource.section(), "description": resource.description}));
    let server = json!({"name": "Server", "description": "The server itself."});
    resources.chain([server]).collect()
}
