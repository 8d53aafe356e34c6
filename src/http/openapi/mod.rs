//! The API's description: OpenAPI 3.1, made from the routes and the tables of properties. What holds for every
//! operation, such as errors and headers, is told once, here; the schemas of bodies are in `schemas.rs`, the examples
//! in `examples.rs`.

pub mod examples;
mod schemas;

use hyper::StatusCode;
use serde_json::{Map, Value, json};
use warp::http::Method;

use super::operation::Success;
use super::reply::status;
use super::{Route, Settings, routes};
use crate::error::Code;
use crate::types::fields::FromField;
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::property;
use crate::types::schema;

/// In the order in which they are told.
pub const KINDS: [Kind; 4] = [Kind::Group, Kind::Contact, Kind::Conversation, Kind::Message];

pub const ABOUT: &str = "Groups of contacts, and the conversations that belong to them.\n\n\
    Every request but the one for the server's health has an access token: `Authorization: Bearer TOKEN`, or Basic with \
    the token as the password. Bodies are JSON or forms, with equal meaning: in a form an empty value is null. Answers \
    are JSON. Times are whole UNIX seconds. Ids are looked up in any letter case. `HEAD` works wherever `GET` does.";

/// The whole description of a server that is set up so.
pub fn document(settings: &Settings) -> Value {
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
        "security": [{"bearer": []}, {"basic": []}],
        "tags": tags(),
        "paths": paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The access token."},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The access token as the password, or as the user name with an empty password.",
                },
            },
            "parameters": header_parameters(),
            "headers": answer_headers(),
            "schemas": schemas::all(),
            "responses": errors(settings),
        },
    })
}

fn server(settings: &Settings) -> Value {
    let url = settings.link(&settings.base_path);
    let url = if url.is_empty() { "/" } else { url.as_str() };
    json!({"url": url, "description": "This server"})
}

fn tags() -> Vec<Value> {
    let told = |kind: Kind| match kind {
        Kind::Group => "Contacts that you talk to all at once, and who is in them.",
        Kind::Contact => "Whom you know.",
        Kind::Conversation => "What you have with a group or with a contact.",
        Kind::Message => "What is said in conversations.",
    };
    let kinds = KINDS
        .into_iter()
        .map(|kind| json!({"name": tag(kind), "description": told(kind)}));
    let server = json!({"name": "Server", "description": "The server itself."});
    kinds.chain([server]).collect()
}

/// What the operations on a kind of objects go under.
pub fn tag(kind: Kind) -> String {
    format!("{}s", kind.title())
}

fn paths() -> Value {
    let mut paths = Map::new();
    for route in routes().into_iter().flatten() {
        let path = template(route.path);
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[route.method.as_str().to_ascii_lowercase()] = operation(&route);
    }
    paths.insert(
        "/healthz".to_owned(),
        json!({"get": health(), "servers": [{"url": "/"}]}),
    );
    Value::Object(paths)
}

/// `/v1/groups/:id` as OpenAPI has it: `/v1/groups/{id}`.
fn template(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

fn operation(route: &Route) -> Value {
    let told = &route.operation;
    let tag = kind(route).map(tag);
    let mut operation = json!({
        "operationId": told.id,
        "summary": told.summary,
        "description": told.description,
        "tags": [tag],
        "parameters": parameters(route),
        "responses": responses(route),
    });
    if told.body.is_some() {
        operation["requestBody"] = schemas::body(route);
    }
    operation
}

/// The kind of objects under whose path a route is.
fn kind(route: &Route) -> Option<Kind> {
    let table = route.path.split('/').nth(2);
    KINDS.into_iter().find(|kind| Some(kind.table()) == table)
}

/// The variables of a route's path, each with the kind of the object that it names.
pub fn variables(route: &Route) -> Vec<(&'static str, Kind)> {
    let names = route.path.split('/').filter_map(|segment| segment.strip_prefix(':'));
    let named = names.filter_map(|name| match name {
        "contact_id" => Some((name, Kind::Contact)),
        _ => Some((name, kind(route)?)),
    });
    named.collect()
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = variables(route).into_iter().map(|(name, kind)| {
        json!({
            "name": name, "in": "path", "required": true, "schema": Id::schema(),
            "description": format!("The id of the {}, in any letter case.", kind.name()),
        })
    });
    let in_query = route.operation.query.iter().map(|parameter| {
        json!({
            "name": parameter.name, "in": "query", "schema": parameter.input,
            "description": parameter.description,
        })
    });
    let headers = header_names(route).into_iter();
    let headers = headers.map(|name| json!({"$ref": format!("#/components/parameters/{name}")}));
    in_path.chain(in_query).chain(headers).collect()
}

/// The headers that a request to this route may have, by the names of their components.
fn header_names(route: &Route) -> Vec<&'static str> {
    let mut names = Vec::new();
    match route.method {
        Method::POST => names.push("IdempotencyKey"),
        Method::GET if matches!(route.operation.success, Success::Object(_)) => names.push("IfNoneMatch"),
        Method::GET => {}
        _ => names.push("IfMatch"),
    }
    names.push("RequestId");
    names
}

fn header_parameters() -> Value {
    const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;
    const TAG: &str = "\"mR3vXsCq0dE2aLyT9uWbfg\"";
    let header = |name: &str, schema: Value, examples: Value, description: &str| {
        json!({
            "name": name, "in": "header", "description": description, "schema": schema, "examples": examples,
        })
    };
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    json!({
        "IdempotencyKey": header(
            "Idempotency-Key",
            text("^[!-~]{1,255}$"),
            json!({"key": {"value": "6ff9e3a4-0b5e-4a0e-9d7c-0c5d5f1c7b8e"}}),
            "A key of your choice: the request can be sent again with it for a day, and takes effect once.",
        ),
        "IfMatch": header(
            "If-Match",
            text(TAGS),
            json!({"tag": {"value": TAG}, "any": {"value": "*"}}),
            "Only do it if the object (of members: the group) still has one of these tags.",
        ),
        "IfNoneMatch": header(
            "If-None-Match",
            text(TAGS),
            json!({"tag": {"value": TAG}, "any": {"value": "*"}}),
            "Answer `304` if the object still has one of these tags.",
        ),
        "RequestId": header(
            "X-Request-Id",
            json!({"type": "string"}),
            json!({"id": {"value": "order-42"}}),
            "An id of your choice for this request, told in the answer and in the log: 1 to 128 visible ASCII \
             characters. What is none is passed over, and an id is made.",
        ),
    })
}

fn answer_headers() -> Value {
    let always =
        |schema: Value, description: &str| json!({"description": description, "required": true, "schema": schema});
    let text = || json!({"type": "string"});
    json!({
        "X-Request-Id": always(text(), "The request's id: yours, or a new one."),
        "ETag": always(text(), "The strong tag of this representation."),
        "Location": always(text(), "Where the new object is."),
        "Idempotent-Replayed": {
            "description": "There if the `Idempotency-Key` had been answered before: this is that answer.",
            "schema": {"type": "string", "const": "true"},
        },
        "Retry-After": always(json!({"type": "integer", "minimum": 1}), "Seconds to wait before the next try."),
        "WWW-Authenticate": always(text(), "How to authenticate."),
    })
}

/// References to the headers of an answer.
fn headers(names: &[&str]) -> Value {
    let reference = |name: &&str| {
        let reference = json!({"$ref": format!("#/components/headers/{name}")});
        ((*name).to_owned(), reference)
    };
    let all = ["X-Request-Id"].iter().chain(names);
    Value::Object(all.map(reference).collect())
}

fn responses(route: &Route) -> Value {
    let (code, response) = success(route);
    let mut responses = Map::from_iter([(code.as_str().to_owned(), response)]);
    if header_names(route).contains(&"IfNoneMatch") {
        let unchanged = json!({"description": "The object has one of the tags.", "headers": headers(&["ETag"])});
        responses.insert("304".to_owned(), unchanged);
    }
    let mut statuses: Vec<StatusCode> = codes(route).into_iter().map(|code| status(code).0).collect();
    statuses.sort_unstable();
    for status in statuses {
        let reference = json!({"$ref": format!("#/components/responses/{}", error_name(status))});
        responses.insert(status.as_str().to_owned(), reference);
    }
    Value::Object(responses)
}

fn success(route: &Route) -> (StatusCode, Value) {
    let success = route.operation.success;
    let json = |description: &str, schema: Value, names: &[&str]| {
        let content = json!({"schema": schema, "examples": {"sample": {"value": examples::success(success)}}});
        json!({"description": description, "headers": headers(names), "content": {"application/json": content}})
    };
    match success {
        Success::List(kind) => {
            let list = json!({"$ref": format!("#/components/schemas/{}List", kind.title())});
            (StatusCode::OK, json("A page of the list.", list, &[]))
        }
        Success::Object(kind) => {
            let what = format!("The {}.", kind.name());
            (StatusCode::OK, json(&what, property::reference(kind), &["ETag"]))
        }
        Success::Created(kind) => {
            let what = format!("The new {}.", kind.name());
            let names = ["ETag", "Location", "Idempotent-Replayed"];
            (StatusCode::CREATED, json(&what, property::reference(kind), &names))
        }
        Success::Nothing => {
            let done = json!({"description": "It is done.", "headers": headers(&[])});
            (StatusCode::NO_CONTENT, done)
        }
    }
}

/// What requests to a route can be refused with.
pub fn codes(route: &Route) -> Vec<Code> {
    let mut codes = vec![
        Code::ParameterInvalid,
        Code::ParameterUnknown,
        Code::Unauthorized,
        Code::UriTooLong,
        Code::RateLimited,
        Code::HeadersTooLarge,
        Code::Internal,
        Code::Unavailable,
    ];
    codes.extend(&route.operation.codes);
    if route.path.contains(':') {
        codes.push(Code::NotFound);
    }
    if route.writes() {
        let of_writes = [
            Code::Forbidden,
            Code::BodyMalformed,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::StorageFull,
        ];
        codes.extend(of_writes);
    }
    match route.method {
        Method::POST => codes.extend([Code::ParameterMissing, Code::IdempotencyMismatch]),
        Method::GET => {}
        _ => codes.push(Code::PreconditionFailed),
    }
    codes
}

/// The name of the component for an error's status, such as `NotFound`.
fn error_name(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    reason.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// An answer for each status that an error can have.
fn errors(settings: &Settings) -> Value {
    let mut errors: Map<String, Value> = Map::new();
    for code in Code::ALL.into_iter().filter(|code| *code != Code::MethodNotAllowed) {
        let (status, _) = status(code);
        let same: Vec<Code> = Code::ALL
            .into_iter()
            .filter(|other| self::status(*other).0 == status)
            .collect();
        errors.insert(error_name(status), error(settings, status, &same));
    }
    Value::Object(errors)
}

fn error(settings: &Settings, status: StatusCode, codes: &[Code]) -> Value {
    let named = |code: &Code| (self::status(*code).1, *code);
    let names: Vec<&str> = codes.iter().map(|code| named(code).0).collect();
    let told: Vec<String> = codes
        .iter()
        .map(named)
        .map(|(name, code)| format!("`{name}`: {}", code.meaning()))
        .collect();
    let examples = codes.iter().map(named).map(|(name, code)| {
        let example = json!({"value": examples::error(settings, code)});
        (name.to_owned(), example)
    });
    let own = match status {
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT => &["Idempotent-Replayed"][..],
        StatusCode::UNAUTHORIZED => &["WWW-Authenticate"][..],
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => &["Retry-After"][..],
        _ => &[],
    };
    let schema = json!({
        "allOf": [{"$ref": "#/components/schemas/Error"}, {"type": "object", "properties": {"code": {"enum": names}}}],
    });
    let content = json!({"schema": schema, "examples": examples.collect::<Map<_, _>>()});
    json!({
        "description": told.join("\n\n"), "headers": headers(own), "content": {"application/json": content},
    })
}

fn health() -> Value {
    let healthy = schema::object([("status", json!({"type": "string", "const": "ok"}))], &["status"]);
    json!({
        "operationId": "getHealth",
        "summary": "Tell whether the server is well",
        "description": "Whether a read through the database works and nothing keeps the server from writing. Needs no \
                        token.",
        "tags": ["Server"],
        "security": [],
        "responses": {
            "200": {
                "description": "It is well.", "headers": headers(&[]),
                "content": {
                    "application/json": {"schema": healthy, "examples": {"sample": {"value": {"status": "ok"}}}},
                },
            },
            "414": {"$ref": "#/components/responses/URITooLong"},
            "431": {"$ref": "#/components/responses/RequestHeaderFieldsTooLarge"},
            "503": {"$ref": "#/components/responses/ServiceUnavailable"},
        },
    })
}
