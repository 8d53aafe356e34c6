//! The operations of the API: their parameters, bodies and responses.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::headers;
use super::{errors, examples, schemas};
use crate::http::Route;
use crate::http::operation::Success;
use crate::http::response::status;
use crate::types::fields::FromField;
use crate::types::id::Id;
use crate::types::json_schema;
use crate::types::resource::Resource;

/// Every path with its operations.
pub fn paths(routes: &[Vec<Route>]) -> Value {
    let mut paths = Map::new();
    for route in routes.iter().flatten() {
        let path = template(route.path);
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[route.method.as_str().to_ascii_lowercase()] = operation(route);
    }
    paths.insert(
        "/healthz".to_owned(),
        json!({"get": health(), "servers": [{"url": "/"}]}),
    );
    Value::Object(paths)
}

/// Turns `/v1/groups/:id` into `/v1/groups/{id}`.
fn template(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

fn operation(route: &Route) -> Value {
    let described = &route.operation;
    let tag = resource(route).map(|resource| resource.section());
    let mut operation = json!({
        "operationId": described.id,
        "summary": described.summary,
        "description": described.description,
        "tags": [tag],
        "parameters": parameters(route),
        "responses": responses(route),
    });
    if described.body.is_some() {
        operation["requestBody"] = schemas::body(route);
    }
    operation
}

/// The resource that the route's path starts with.
fn resource(route: &Route) -> Option<Resource> {
    let plural = route.path.split('/').nth(2);
    Resource::all().find(|resource| Some(resource.kind.plural()) == plural)
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.variables.iter().map(|(name, kind)| {
        json!({
            "name": name, "in": "path", "required": true, "schema": Id::schema(),
            "description": format!("The id of the {}. Letter case is ignored.", kind.name()),
        })
    });
    let in_query = route.operation.query.iter().map(|parameter| {
        json!({
            "name": parameter.name, "in": "query", "schema": parameter.input,
            "description": parameter.description,
        })
    });
    let headers = headers::request_names(route).into_iter();
    let headers = headers.map(|name| json!({"$ref": format!("#/components/parameters/{name}")}));
    in_path.chain(in_query).chain(headers).collect()
}

fn responses(route: &Route) -> Value {
    let (code, response) = success(route);
    let mut responses = Map::from_iter([(code.as_str().to_owned(), response)]);
    if headers::request_names(route).contains(&"IfNoneMatch") {
        let unchanged =
            json!({"description": "The object has one of the given tags.", "headers": headers::references(&["ETag"])});
        responses.insert("304".to_owned(), unchanged);
    }
    let mut statuses: Vec<StatusCode> = errors::codes(route).into_iter().map(|code| status(code).0).collect();
    statuses.sort_unstable();
    for status in statuses {
        let reference = json!({"$ref": format!("#/components/responses/{}", errors::name(status))});
        responses.insert(status.as_str().to_owned(), reference);
    }
    Value::Object(responses)
}

fn success(route: &Route) -> (StatusCode, Value) {
    let success = route.operation.success;
    let json = |description: &str, schema: Value, names: &[&str]| {
        let content = json!({"schema": schema, "examples": {"sample": {"value": examples::success(success)}}});
        json!({"description": description, "headers": headers::references(names), "content": {"application/json": content}})
    };
    match success {
        Success::List(kind) => {
            let list = json!({"$ref": format!("#/components/schemas/{}List", kind.title())});
            (StatusCode::OK, json("A page of the list.", list, &[]))
        }
        Success::Object(kind) => {
            let what = format!("The {}.", kind.name());
            (StatusCode::OK, json(&what, schemas::reference(kind), &["ETag"]))
        }
        Success::Created(kind) => {
            let what = format!("The new {}.", kind.name());
            let names = ["ETag", "Location", "Idempotent-Replayed"];
            (StatusCode::CREATED, json(&what, schemas::reference(kind), &names))
        }
        Success::NoContent => {
            let done = json!({"description": "Done.", "headers": headers::references(&[])});
            (StatusCode::NO_CONTENT, done)
        }
    }
}

fn health() -> Value {
    let healthy = json_schema::object([("status", json!({"type": "string", "const": "ok"}))], &["status"]);
    json!({
        "operationId": "getHealth",
        "summary": "Check the server's health",
        "description": "Returns `200` if the database can be read and no failure prevents writes. Needs no token.",
        "tags": ["Server"],
        "security": [],
        "responses": {
            "200": {
                "description": "The server is healthy.", "headers": headers::references(&[]),
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
