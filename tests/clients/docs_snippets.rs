//! The snippets of `/docs`, each run as shown against a recording server. A snippet must send the request of the
//! operation that it documents, and all languages must send the same.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use test_support::process::{Folder, curl, has_curl};

use crate::test_bed::{JAVASCRIPT, PHP, PYTHON, succeed};

/// A request that a snippet sent.
#[derive(Clone, Debug, PartialEq)]
struct Sent {
    method: String,
    path: String,
    body: Value,
}

/// A server that records requests and responds to each with 404, which no client retries.
struct Recorder {
    url: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Recorder {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::default();
        let recorded = Arc::clone(&sent);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                record(stream.unwrap(), &recorded);
            }
        });
        Recorder { url, sent }
    }

    /// The requests since the last call.
    fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

fn record(mut stream: TcpStream, sent: &Mutex<Vec<Sent>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = reader.by_ref().lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| {
        let mut lines = head.iter().filter_map(|line| line.split_once(": "));
        lines.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    };
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let [method, target] = [0, 1].map(|n| first.split(' ').nth(n).unwrap());
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    sent.lock().unwrap().push(Sent {
        method: method.to_owned(),
        path: path.to_owned(),
        body: read(header("content-type"), &body),
    });
    let error = json!({"type": "invalid_request", "code": "not_found", "message": "", "param": null}).to_string();
    let response = format!(
        "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{error}",
        error.len()
    );
    stream.write_all(response.as_bytes()).unwrap();
}

/// The body as an object. Values in forms are parsed as JSON if possible.
fn read(kind: Option<&str>, body: &[u8]) -> Value {
    let text = std::str::from_utf8(body).unwrap();
    if kind != Some("application/x-www-form-urlencoded") {
        return serde_json::from_str(text).unwrap_or(json!({}));
    }
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
    let pairs = pairs.map(|(name, value)| {
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        (name.to_owned(), value)
    });
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// The page's snippets in one language with their operation ids, in order.
fn snippets(page: &str, language: &str) -> Vec<(String, String)> {
    let begin = format!("data-language=\"{language}\"><pre tabindex=\"0\"><code>");
    let article = |part: &str| {
        let (id, rest) = part.split_once('"').unwrap();
        let (_, code) = rest.split_once(&begin)?;
        let (code, _) = code.split_once("</code>").unwrap();
        Some((id.to_owned(), unescape(code)))
    };
    page.split("<h3 id=\"").skip(1).filter_map(article).collect()
}

fn unescape(html: &str) -> String {
    let marks = [("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    marks
        .iter()
        .fold(html.to_owned(), |text, (name, mark)| text.replace(name, mark))
}

/// The page, and the id, method and path of each operation in the OpenAPI description.
fn docs() -> (String, Vec<(String, String, String)>) {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let [page, description] = ["docs", "openapi.json"].map(|path| curl(&[&format!("{}/{path}", server.url)]));
    let description: Value = serde_json::from_str(&description).unwrap();
    let items = description["paths"].as_object().unwrap().iter();
    let operations = items.flat_map(|(path, item)| {
        let methods = item
            .as_object()
            .unwrap()
            .iter()
            .filter(|(method, _)| *method != "servers");
        methods.map(move |(method, operation)| {
            (
                operation["operationId"].as_str().unwrap().to_owned(),
                method.to_uppercase(),
                path.clone(),
            )
        })
    });
    (page, operations.collect())
}

#[test]
fn the_docs_snippets_send_the_requests_of_their_operations() {
    if !has_curl() {
        return;
    }
    let (page, operations) = docs();
    let by_curl = run(&page, "curl", |folder, snippets, url| {
        let program = snippets.join("\n").replace("http://127.0.0.1:8080", url);
        let mut command = command(folder, "snippets.sh", &program, "sh");
        command.env("TOKEN", "groups_t");
        command
    });
    assert_eq!(by_curl.len(), 23);
    for (id, sent) in &by_curl {
        let (_, method, path) = operations.iter().find(|(known, ..)| known == id).unwrap();
        assert!(
            *method == sent.method && matches_template(path, &sent.path),
            "{id}: {sent:?}"
        );
    }
    if JAVASCRIPT.is_installed() {
        assert_eq!(run(&page, "JavaScript", javascript), by_curl);
    }
    if PYTHON.is_installed() {
        assert_eq!(run(&page, "Python", python), by_curl);
    }
    if PHP.is_installed() {
        assert_eq!(run(&page, "PHP", php), by_curl);
    }
}

/// Whether a path matches a template such as `/v1/groups/{id}`.
fn matches_template(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let mut segments = template.iter().zip(&path);
    template.len() == path.len() && segments.all(|(expected, sent)| expected == sent || expected.starts_with('{'))
}

/// Runs the snippets in one language and returns the request that each sent, with its operation id.
fn run(page: &str, language: &str, program: impl Fn(&Folder, &[String], &str) -> Command) -> Vec<(String, Sent)> {
    let (ids, snippets): (Vec<String>, Vec<String>) = snippets(page, language).into_iter().unzip();
    let (folder, recorder) = (Folder::new(), Recorder::start());
    let mut command = program(&folder, &snippets, &recorder.url);
    succeed(command.env("PROTOCOL_API_BASE_URL", &recorder.url));
    let sent = recorder.take();
    assert_eq!(sent.len(), ids.len(), "{language}: {sent:?}");
    ids.into_iter().zip(sent).collect()
}

/// A command that runs a program, written to a file, with a language's interpreter.
fn command(folder: &Folder, name: &str, program: &str, interpreter: &str) -> Command {
    std::fs::write(folder.path(name), program).unwrap();
    let mut command = Command::new("timeout");
    command.args(["60", interpreter]).arg(folder.path(name));
    command
}

fn javascript(folder: &Folder, snippets: &[String], _: &str) -> Command {
    let modules = folder.path("node_modules/@example");
    std::fs::create_dir_all(&modules).unwrap();
    std::os::unix::fs::symlink(JAVASCRIPT.folder(), modules.join("protocol-api")).unwrap();
    for (n, snippet) in snippets.iter().enumerate() {
        std::fs::write(folder.path(&format!("snippet{n}.mjs")), snippet).unwrap();
    }
    let program = format!(
        "globalThis.token = 'groups_t'\n\
         for (let n = 0; n < {}; n++) await import(`./snippet${{n}}.mjs`).catch((error) => {{\n\
         if (error.status !== 404) throw error\n}})\n",
        snippets.len()
    );
    command(folder, "snippets.mjs", &program, "node")
}

fn python(folder: &Folder, snippets: &[String], _: &str) -> Command {
    let program = format!(
        "import json, protocol_api\n\
         for snippet in json.loads({:?}):\n    try:\n        exec(snippet, {{'token': 'groups_t'}})\n    \
         except protocol_api.NotFoundError:\n        pass\n",
        json!(snippets).to_string()
    );
    let mut command = command(folder, "snippets.py", &program, "python3");
    command
        .env("PYTHONPATH", PYTHON.folder().join("src"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn php(folder: &Folder, snippets: &[String], _: &str) -> Command {
    let tried: String = snippets
        .iter()
        .map(|snippet| format!("try {{\n{snippet}\n}} catch (\\Protocol\\Exception\\NotFoundException) {{\n}}\n"))
        .collect();
    let autoload = PHP.folder().join("tests/autoload.php");
    let program = format!(
        "<?php\nrequire '{}';\n$token = 'groups_t';\n{tried}",
        autoload.display()
    );
    command(folder, "snippets.php", &program, "php")
}
