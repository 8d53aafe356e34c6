//! The client: builds a request, sends it unchanged, and checks the response against the OpenAPI description.

use serde_json::Value;

use super::{Response, TestServer};
use crate::openapi::description::{Description, SentRequest};

pub struct Request<'a> {
    server: &'a TestServer,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl TestServer {
    /// A request with the server's own token.
    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        let authorization = format!("Bearer {}", self.token);
        Request {
            server: self,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("authorization".to_owned(), authorization)],
            body: None,
        }
    }

    pub fn get(&self, path: &str) -> Response {
        self.request("GET", path).send()
    }

    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.request("POST", path).json(body).send()
    }

    pub fn put(&self, path: &str, body: &Value) -> Response {
        self.request("PUT", path).json(body).send()
    }

    pub fn delete(&self, path: &str) -> Response {
        self.request("DELETE", path).send()
    }
}

impl Request<'_> {
    /// Sets a header, replacing any of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn anonymous(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "authorization");
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", media_type)
    }

    pub fn send(self) -> Response {
        let url = format!("http://{}{}", self.server.addr, self.path);
        let mut request = ureq::http::Request::builder().method(self.method.as_str()).uri(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = match &self.body {
            Some(body) => self.server.agent.run(request.body(&body[..]).unwrap()),
            None => self.server.agent.run(request.body(()).unwrap()),
        };
        let mut response = response.unwrap();
        let text = response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string()
            .unwrap();
        let response = Response {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text,
        };
        self.assert_described(&response);
        response
    }

    fn assert_described(&self, response: &Response) {
        let content_type = self.headers.iter().find(|(name, _)| name == "content-type");
        let Some(target) = self.path.strip_prefix(&self.server.config.settings.base_path) else {
            return;
        };
        let sent = SentRequest {
            method: &self.method,
            target,
            content_type: content_type.map(|(_, media_type)| media_type.as_str()),
            body: self.body.as_deref().unwrap_or_default(),
        };
        Description::get().assert_describes(&sent, response);
    }
}
