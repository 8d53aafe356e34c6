//! Code that calls an operation: with curl, and with the clients for JavaScript, Python and PHP.

use serde_json::{Map, Value};
use warp::http::Method;

use crate::api::openapi::examples;
use crate::http::Route;

/// A placeholder for the server's address, which the page's script replaces.
const ORIGIN: &str = "http://127.0.0.1:8080";

/// The snippet of each language.
pub fn all(route: &Route, base: &str) -> [(&'static str, String); 4] {
    let call = Call::of(route);
    [
        ("curl", curl(route, base)),
        ("JavaScript", call.javascript()),
        ("Python", call.python()),
        ("PHP", call.php()),
    ]
}

/// The path with the ids of the examples.
fn path(route: &Route) -> String {
    let variables = route.variables.iter();
    variables.fold(route.path.to_owned(), |path, (name, kind)| {
        path.replacen(&format!(":{name}"), &examples::id(*kind), 1)
    })
}

fn curl(route: &Route, base: &str) -> String {
    let (method, path) = (&route.method, path(route));
    let mut lines = vec![match *method {
        Method::GET if !route.operation.query.is_empty() => format!("curl -G {ORIGIN}{base}{path}"),
        Method::GET | Method::POST => format!("curl {ORIGIN}{base}{path}"),
        _ => format!("curl -X {method} {ORIGIN}{base}{path}"),
    }];
    lines.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
    if !route.operation.query.is_empty() {
        lines.push("-d limit=10".to_owned());
    }
    for (name, value) in route.operation.body_example().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), |text| quoted(text, '"'));
        lines.push(format!("-d {name}={value}"));
    }
    lines.join(" \\\n  ")
}

/// A call of a client method.
struct Call {
    /// Such as `groups` or `groups.contacts`.
    resource: Vec<&'static str>,
    method: &'static str,
    ids: Vec<String>,
    body: Map<String, Value>,
}

impl Call {
    fn of(route: &Route) -> Self {
        let plain = |segment: &&str| !segment.is_empty() && !segment.starts_with(':') && *segment != "v1";
        let resource: Vec<&'static str> = route.path.split('/').filter(plain).collect();
        let is_member = resource.len() > 1;
        let method = match route.method {
            Method::GET if route.operation.query.is_empty() => "get",
            Method::GET => "list",
            Method::POST if resource == ["messages"] => "send",
            Method::POST => "create",
            Method::DELETE if is_member => "remove",
            Method::DELETE => "delete",
            _ if is_member => "add",
            _ => "update",
        };
        Call {
            resource,
            method,
            ids: route.variables.iter().map(|(_, kind)| examples::id(*kind)).collect(),
            body: route.operation.body_example().unwrap_or_default(),
        }
    }

    fn javascript(&self) -> String {
        let ids = self.ids.iter().map(|id| format!("'{id}'"));
        let entries = self
            .body
            .iter()
            .map(|(name, value)| format!("  {name}: {},\n", literal(value)));
        let body: String = entries.collect();
        let body = (!body.is_empty()).then(|| format!("{{\n{body}}}"));
        let arguments: Vec<String> = ids.chain(body).collect();
        format!(
            "import ApiClient from '@example/protocol-api'\n\nconst client = new ApiClient(token)\n\n\
             await client.{}.{}({})",
            self.resource.join("."),
            self.method,
            arguments.join(", ")
        )
    }

    fn python(&self) -> String {
        let ids = self.ids.iter().map(|id| format!("\"{id}\""));
        let body = self.body.iter().map(|(name, value)| {
            let value = match value {
                Value::Bool(true) => "True".to_owned(),
                Value::Bool(false) => "False".to_owned(),
                Value::String(text) => quoted(text, '"'),
                other => other.to_string(),
            };
            format!("{name}={value}")
        });
        let arguments: Vec<String> = ids.chain(body).collect();
        format!(
            "from protocol_api import ApiClient\n\nclient = ApiClient(token)\n\nclient.{}.{}({})",
            self.resource.join("."),
            self.method,
            arguments.join(", ")
        )
    }

    fn php(&self) -> String {
        let ids = self.ids.iter().map(|id| format!("'{id}'"));
        let entries = self
            .body
            .iter()
            .map(|(name, value)| format!("  '{name}' => {},\n", literal(value)));
        let body: String = entries.collect();
        let body = (!body.is_empty()).then(|| format!("[\n{body}]"));
        let arguments: Vec<String> = ids.chain(body).collect();
        format!(
            "$client = new \\Protocol\\ApiClient($token);\n\n$client->{}->{}({});",
            self.resource.join("->"),
            self.method,
            arguments.join(", ")
        )
    }
}

/// A string, number or boolean literal of JavaScript and PHP.
fn literal(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), |text| quoted(text, '\''))
}

fn quoted(text: &str, quote: char) -> String {
    format!("{quote}{}{quote}", text.replace(quote, &format!("\\{quote}")))
}
