//! A response as the client received it.

use serde_json::Value;
use ureq::http::HeaderMap;

use super::json::assert_in_order;

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// All that the caller can observe, without the date: the status, the headers and the body.
    pub fn observable(&self) -> String {
        let mut headers = self.headers.clone();
        headers.remove("date");
        format!("{} {headers:?} {}", self.status, self.text)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// Asserts that the response is an error as the contract defines it, and returns its `param`.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let error = self.json();
        let kind = if status < 500 { "invalid_request" } else { "api_error" };
        assert_eq!(error["type"], kind);
        assert_eq!(error["code"], code, "{error}");
        assert_eq!(error["documentation_url"], format!("/docs#errors-{code}"));
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"));
        assert!(
            error["message"].as_str().is_some_and(|message| message.ends_with('.')),
            "{error}"
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        let order = ["type", "code", "message", "param", "documentation_url", "request_id"];
        assert_in_order(&self.text, &order);
        error["param"].clone()
    }
}
