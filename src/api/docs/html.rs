//! The API reference as one HTML page, made from the routes and the tables of properties.

use serde_json::Value;

use super::snippets;
use crate::api::openapi::{self, errors, examples, meaning, schemas};
use crate::error::Code;
use crate::http::operation::{BodyProperty, Success};
use crate::http::response::status;
use crate::http::{Route, Settings};
use crate::types::json_schema::Schema;
use crate::types::kind::Kind;
use crate::types::property::Property;
use crate::types::resource::Resource;

const TITLE: &str = "groups-server: API reference";

pub fn page(routes: &[Vec<Route>], settings: &Settings) -> String {
    let contents: String = routes.iter().map(|routes| links(routes)).collect();
    let sections: String = routes.iter().map(|routes| section(routes, settings)).collect();
    let errors = error_table();
    format!(
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{TITLE}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/page.css">
<script src="docs/page.js" defer></script>
</head>
<body data-base="{base}">
<a class="skip" href="#main">Skip to the reference</a>
<header>
<a class="title" href="#top">groups-server</a> <span class="version">{version}</span>
<label class="search"><span class="hidden">Search</span>
<input id="search" type="search" placeholder="Search (press /)" autocomplete="off" spellcheck="false"></label>
</header>
<div class="columns">
<nav aria-label="Contents"><details id="contents" open><summary>Contents</summary>
<p><a href="#start">Getting started</a></p>
{contents}<p><a href="#errors">Errors</a></p>
<p><a href="openapi.json">OpenAPI description</a></p>
</details></nav>
<main id="main">
<p id="nothing" role="status" hidden>No results.</p>
{start}{sections}{errors}</main>
</div>
</body>
</html>
"##,
        base = escape(&settings.base_path),
        version = env!("CARGO_PKG_VERSION"),
        start = start(),
    )
}

fn start() -> String {
    let about: String = openapi::ABOUT
        .split("\n\n")
        .map(|text| format!("<p>{}</p>\n", prose(text)))
        .collect();
    format!(
        r#"<section id="start" data-find>
<h1 id="top">Groups, contacts, conversations, messages</h1>
{about}<p>Lists are paginated, newest object first. <code>starting_after</code> and <code>ending_before</code> take the
id of an object in the list and return the page just after or just before it.</p>
<p>A <code>POST</code> with an <code>Idempotency-Key</code> can be retried safely for 24 hours: it takes effect once. With
<code>If-Match</code>, a change is made only if the object still has the given <code>ETag</code>.</p>
<form class="token" id="token-form" autocomplete="off">
<label for="token">Access token, to try requests on this page</label>
<input id="token" type="password" autocomplete="off" spellcheck="false" placeholder="groups_…">
<p class="note">Kept only in this page's memory, and gone when the page is closed.</p>
</form>
</section>
"#
    )
}

/// The resource whose collection is the first path of `routes`; `None` for the members of groups, which are contacts.
fn resource(routes: &[Route]) -> Option<Resource> {
    let path = routes.first()?.path.strip_prefix("/v1/")?;
    Resource::all().find(|resource| resource.kind.plural() == path)
}

fn title(routes: &[Route]) -> String {
    resource(routes).map_or_else(|| "Members of groups".to_owned(), |resource| resource.section())
}

/// PATCH is shown with PUT.
fn shown(routes: &[Route]) -> impl Iterator<Item = &Route> {
    routes.iter().filter(|route| route.method != "PATCH")
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

fn links(routes: &[Route]) -> String {
    let title = title(routes);
    let items: String = shown(routes)
        .map(|route| {
            format!(
                "<li><a href=\"#{}\">{}</a></li>\n",
                route.operation.id, route.operation.summary
            )
        })
        .collect();
    format!(
        "<p><a href=\"#{}\">{title}</a></p>\n<ul>\n{items}</ul>\n",
        anchor(&title)
    )
}

fn section(routes: &[Route], settings: &Settings) -> String {
    let title = title(routes);
    let object = resource(routes).map(|resource| object(&resource)).unwrap_or_default();
    let operations: String = shown(routes).map(|route| operation(route, settings)).collect();
    format!(
        "<section>\n<h2 id=\"{}\">{title}</h2>\n{object}{operations}</section>\n",
        anchor(&title)
    )
}

/// The table of a resource's properties.
fn object(resource: &Resource) -> String {
    let rows: String = resource
        .properties()
        .iter()
        .map(|property| {
            let schema = schemas::output(property);
            row(property.name, &escape(&type_of(&schema)), "", &property.description)
        })
        .collect();
    let kind = resource.kind;
    let title = kind.title();
    format!(
        "<article data-find>\n<h3 id=\"{title}\">The {} object</h3>\n{}</article>\n",
        kind.name(),
        table("Properties", &rows)
    )
}

fn operation(route: &Route, settings: &Settings) -> String {
    let described = &route.operation;
    let mut parts = String::new();
    if !described.query.is_empty() {
        let rows: String = described
            .query
            .iter()
            .map(|parameter| input_row(parameter, false))
            .collect();
        parts += &table("Query", &rows);
    }
    let given = described.body.iter().flatten().filter(|given| is_shown(route, given));
    let rows: String = given.map(|given| input_row(&given.property, given.required)).collect();
    if !rows.is_empty() {
        parts += &table("Body", &rows);
    }
    let also = if route.method == "PUT" && described.body.is_some() {
        " or PATCH"
    } else {
        ""
    };
    format!(
        r#"<article data-find>
<h3 id="{id}">{summary}</h3>
<p class="endpoint"><span class="method {class}">{method}</span>{also} <code>{path}</code></p>
<p>{description}</p>
{parts}{snippets}<p class="responses"><b>Response</b>: {success} <b>Errors</b>: {errors}</p>
{example}{form}</article>
"#,
        id = described.id,
        summary = described.summary,
        method = route.method,
        class = route.method.as_str().to_lowercase(),
        path = escape(&format!("{}{}", settings.base_path, route.path)),
        description = prose(described.description),
        success = success(described.success),
        example = example(described.success),
        errors = error_links(route),
        snippets = code(route, settings),
        form = form(route),
    )
}

/// Updates accept read-only properties unchanged; the page does not repeat that for each.
fn is_shown(route: &Route, given: &BodyProperty) -> bool {
    route.method == "POST" || given.property.is_updatable
}

fn success(success: Success) -> String {
    let link = |kind: Kind| format!("<a href=\"#{}\">{}</a>", kind.title(), kind.name());
    match success {
        Success::List(kind) => format!(
            "<code>200</code> with <code>has_more</code> and <code>data</code>, an array of {} objects.",
            link(kind)
        ),
        Success::Object(kind) => format!("<code>200</code> with the {}.", link(kind)),
        Success::Created(kind) => format!("<code>201</code> with the new {}.", link(kind)),
        Success::NoContent => "<code>204</code>.".to_owned(),
    }
}

/// An example response.
fn example(success: Success) -> String {
    match examples::success(success) {
        Value::Null => String::new(),
        example => format!(
            "<details class=\"example\"><summary>Example response</summary>\n\
             <pre tabindex=\"0\"><code>{}</code></pre></details>\n",
            escape(&serde_json::to_string_pretty(&example).unwrap_or_default())
        ),
    }
}

fn error_links(route: &Route) -> String {
    let mut codes = errors::codes(route);
    codes.sort_by_key(|code| status(*code));
    let link = |code: Code| {
        let (status, name) = status(code);
        format!("<a href=\"#errors-{name}\"><code>{} {name}</code></a>", status.as_u16())
    };
    codes.into_iter().map(link).collect::<Vec<_>>().join(", ")
}

/// The snippets in tabs, one for each language.
fn code(route: &Route, settings: &Settings) -> String {
    let operation = route.operation.id;
    let snippets = snippets::all(route, &settings.base_path);
    let tabs: String = snippets
        .iter()
        .map(|(language, _)| {
            format!(
                "<button type=\"button\" role=\"tab\" id=\"{operation}-{language}-tab\" \
                 aria-controls=\"{operation}-{language}\" data-language=\"{language}\">{language}</button>"
            )
        })
        .collect();
    let blocks: String = snippets
        .iter()
        .map(|(language, text)| {
            format!(
                "<div class=\"block\" role=\"tabpanel\" id=\"{operation}-{language}\" \
                 aria-labelledby=\"{operation}-{language}-tab\" data-language=\"{language}\">\
                 <pre tabindex=\"0\"><code>{}</code></pre></div>\n",
                escape(text)
            )
        })
        .collect();
    format!(
        "<div class=\"snippets\"><div class=\"bar\">\
         <div class=\"tabs\" role=\"tablist\" aria-label=\"Language\">{tabs}</div>\
         <button type=\"button\" class=\"copy\">Copy</button></div>\n{blocks}</div>\n"
    )
}

/// The form that sends a request to this operation.
fn form(route: &Route) -> String {
    let id = route.operation.id;
    let field = |place: &str, name: &str, hint: &str| {
        format!(
            "<label>{name}<input name=\"{name}\" data-in=\"{place}\" placeholder=\"{}\" \
             autocomplete=\"off\" spellcheck=\"false\"></label>\n",
            escape(hint)
        )
    };
    let mut fields: String = route
        .variables
        .iter()
        .map(|(name, _)| field("path", name, "16 letters and digits"))
        .collect();
    fields.extend(
        route
            .operation
            .query
            .iter()
            .map(|parameter| field("query", parameter.name, &type_of(&parameter.input))),
    );
    if let Some(body) = route.operation.body_example() {
        let body = serde_json::to_string_pretty(&Value::Object(body)).unwrap_or_default();
        fields += &format!(
            "<label class=\"wide\">body<textarea name=\"body\" rows=\"4\" spellcheck=\"false\">{}</textarea></label>\n",
            escape(&body)
        );
    }
    format!(
        "<details class=\"try\"><summary>Try it</summary>\n\
         <form data-method=\"{}\" data-path=\"{}\" aria-label=\"Try {id}\">\n\
         {fields}<button type=\"submit\">Send</button>\n<output aria-label=\"Response\"></output>\n</form></details>\n",
        route.method, route.path
    )
}

fn error_table() -> String {
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| status(*code).0);
    let rows: String = codes
        .into_iter()
        .map(|code| {
            let (status, name) = status(code);
            format!(
                "<tr id=\"errors-{name}\" data-find><td><code>{name}</code></td><td>{}</td><td>{}</td></tr>\n",
                status.as_u16(),
                prose(meaning(code))
            )
        })
        .collect();
    format!(
        "<section>\n<h2 id=\"errors\">Errors</h2>\n<p>An error is an object with <code>type</code>, <code>code</code>, \
         <code>message</code>, <code>param</code>, <code>documentation_url</code> and <code>request_id</code>. A status \
         of 4xx means that nothing has changed.</p>\n<div class=\"table\"><table>\n<thead><tr><th>Code</th>\
         <th>Status</th><th>When</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n</section>\n"
    )
}

fn input_row(property: &Property, required: bool) -> String {
    let mark = if required { "required" } else { "" };
    row(
        property.name,
        &escape(&type_of(&property.input)),
        mark,
        &property.description,
    )
}

fn row(name: &str, kind: &str, mark: &str, description: &str) -> String {
    let mark = if mark.is_empty() {
        String::new()
    } else {
        format!(" <em>{mark}</em>")
    };
    format!(
        "<tr><td><code>{name}</code>{mark}</td><td>{kind}</td><td>{}</td></tr>\n",
        prose(description)
    )
}

fn table(title: &str, rows: &str) -> String {
    format!(
        "<div class=\"table\"><table>\n<caption>{title}</caption>\n<thead><tr><th>Name</th><th>Type</th>\
         <th>Meaning</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    )
}

/// A schema's type and bounds in words.
fn type_of(schema: &Schema) -> String {
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(name) => vec![name],
        _ => vec![],
    };
    let choices = schema["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
    let mut words = match (schema["title"].as_str(), types.first()) {
        (Some(title), _) => title.to_owned(),
        (None, Some(first)) => (*first).to_owned(),
        (None, None) if choices.iter().any(|choice| choice["type"] == "array") => "array".to_owned(),
        (None, None) => "object".to_owned(),
    };
    if let Some(most) = schema["maxLength"].as_u64() {
        words += &format!(", up to {most} characters");
    }
    if types.contains(&"null") || choices.iter().any(|choice| choice["type"] == "null") {
        words += ", or null";
    }
    words
}

/// Renders text as HTML, with `code` between backticks.
fn prose(text: &str) -> String {
    let parts = escape(text);
    let parts = parts.split('`').enumerate();
    parts
        .map(|(n, part)| match n % 2 {
            0 => part.to_owned(),
            _ => format!("<code>{part}</code>"),
        })
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
