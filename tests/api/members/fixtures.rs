//! What the tests of members share.

use crate::harness::{Response, TestServer, concurrently, config, ids, text};

/// Creates contacts and returns their ids.
pub fn create_contacts(server: &TestServer, names: impl IntoIterator<Item = &'static str>) -> Vec<String> {
    let names = names.into_iter();
    names.map(|name| text(&server.create_contact(name)["id"])).collect()
}

/// Creates a number of contacts concurrently and returns their ids.
pub fn create_many_contacts(server: &TestServer, count: usize) -> Vec<String> {
    concurrently(count, |n| text(&server.create_contact(&format!("u{n}"))["id"]))
}

/// A server that limits the members of a group.
pub fn server_with_limit(max_members: usize) -> TestServer {
    let mut config = config();
    config.settings.max_group_contacts = max_members;
    TestServer::start_with(config)
}

pub fn add(server: &TestServer, group: &str, contact: &str) -> Response {
    server
        .request("PUT", &format!("/v1/groups/{group}/contacts/{contact}"))
        .send()
}

pub fn remove(server: &TestServer, group: &str, contact: &str) -> Response {
    server.delete(&format!("/v1/groups/{group}/contacts/{contact}"))
}

#[track_caller]
pub fn assert_no_content(response: &Response) {
    assert_eq!(
        (
            response.status,
            response.text.as_str(),
            response.header("content-length")
        ),
        (204, "", None)
    );
}

/// The ids of a group's members. Asserts that the list and the group agree.
#[track_caller]
pub fn members(server: &TestServer, group: &str) -> Vec<String> {
    let list = server.get(&format!("/v1/groups/{group}/contacts?limit=100")).json();
    assert_eq!(list["has_more"], false);
    assert_eq!(
        list["data"],
        server.get(&format!("/v1/groups/{group}")).json()["contacts"]
    );
    ids(&list)
}
