//! Objects that tests create, and the paths to them.

use groups_server::types::id::Id;
use serde_json::{Value, json};

use super::{Response, TestServer, text};

/// A well-formed id that no object has.
pub const ABSENT_ID: &str = "AAAAAAAAAAAAAAAA";

/// The path of an object of a resource, such as `groups`.
pub fn object_path(resource: &str, object: &Value) -> String {
    format!("/v1/{resource}/{}", text(&object["id"]))
}

/// A route's path with its parameters replaced by values.
pub fn expand(route: &str, parameters: &[(&str, String)]) -> String {
    let value = |segment: &str| {
        let found = parameters.iter().find(|(name, _)| *name == segment);
        found.map_or_else(|| segment.to_owned(), |(_, value)| value.clone())
    };
    route.split('/').map(value).collect::<Vec<_>>().join("/")
}

impl TestServer {
    /// Creates an object and returns it.
    #[track_caller]
    pub fn create(&self, path: &str, body: &Value) -> Value {
        expect_created(&self.post(path, body))
    }

    /// Creates an object in the account of `token` and returns it.
    #[track_caller]
    pub fn create_as(&self, token: &str, path: &str, body: &Value) -> Value {
        expect_created(&self.request("POST", path).token(token).json(body).send())
    }

    /// Creates a group and returns its id.
    #[track_caller]
    pub fn create_group(&self, body: &Value) -> String {
        text(&self.create("/v1/groups", body)["id"])
    }

    /// Creates a contact and returns it.
    #[track_caller]
    pub fn create_contact(&self, username: &str) -> Value {
        self.create("/v1/contacts", &json!({"username": username}))
    }

    /// Values for the parameters of a route's path: ids of new, related objects in the account of `token`.
    pub fn path_parameters(&self, token: &str, route: &str) -> Vec<(&'static str, String)> {
        let post = |path: &str, body: Value| self.create_as(token, path, &body);
        let username = format!("sample{}", Id::random());
        let group = post("/v1/groups", json!({"name": "x", "contacts": [{"username": username}]}));
        let contact = &group["contacts"][0]["id"];
        let message = json!({"conversation_id": group["conversation_id"], "message": "x"});
        let id = match route.split('/').nth(2) {
            Some("groups") => group["id"].clone(),
            Some("contacts") => contact.clone(),
            Some("conversations") => group["conversation_id"].clone(),
            Some("messages") => post("/v1/messages", message)["id"].clone(),
            other => panic!("{other:?} is not a resource"),
        };
        let mut parameters = vec![(":id", text(&id)), (":contact_id", text(contact))];
        parameters.retain(|(name, _)| route.split('/').any(|segment| segment == *name));
        parameters
    }

    /// A route's path with ids of new objects.
    pub fn path_to_new_objects(&self, route: &str) -> String {
        expand(route, &self.path_parameters(&self.token, route))
    }

    /// The smallest body that a POST to `path` accepts.
    pub fn minimal_body(&self, path: &str) -> Value {
        let group = self.create("/v1/groups", &json!({"name": "x"}));
        match path {
            "/v1/groups" => json!({"name": "x"}),
            "/v1/contacts" => json!({"username": format!("of{}", text(&group["id"]))}),
            "/v1/messages" => json!({"conversation_id": group["conversation_id"], "message": "x"}),
            "/v1/conversations" => {
                self.delete(&format!("/v1/conversations/{}", text(&group["conversation_id"])));
                json!({"group_id": group["id"]})
            }
            other => panic!("nothing is created at {other}"),
        }
    }
}

#[track_caller]
fn expect_created(response: &Response) -> Value {
    assert_eq!(response.status, 201, "{}", response.text);
    response.json()
}
