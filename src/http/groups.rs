//! `/v1/groups`: the groups resource of the five documents.

use warp::http::Method;
use warp::reply::Response;

use super::operation::Operation;
use super::request::Call;
use super::{Api, Route, make, reply};
use crate::error::Error;
use crate::store::groups::{self, Filter};
use crate::types::group::{GroupChanges, NewGroup};
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::words::Words;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/groups", listing, list),
        Route::new(Method::POST, "/v1/groups", creating, create),
        Route::new(Method::GET, "/v1/groups/:id", retrieving, retrieve),
        Route::new(Method::PUT, "/v1/groups/:id", updating, update),
        Route::new(Method::PATCH, "/v1/groups/:id", patching, update),
        Route::new(Method::DELETE, "/v1/groups/:id", deleting, delete),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Group,
        "listGroups",
        "List all groups",
        "A paginated list of all your groups, the newest first. By default, a maximum of ten groups are shown per \
         page.",
    )
    .filter::<bool>(
        "archived",
        "`true`: only show groups that are archived; `false`: only those that are not.",
    )
    .filter::<Id>("contact_id", "Only show groups with this member.")
    .filter::<Words>("query", Words::OF_A_LIST)
}

fn creating() -> Operation {
    Operation::create(
        Kind::Group,
        "createGroup",
        "Create a group",
        "A new group conversation between you and a group of your contacts.",
    )
}

fn retrieving() -> Operation {
    Operation::retrieve(
        Kind::Group,
        "getGroup",
        "Retrieve a group",
        "A group by its id, in any letter case.",
    )
}

fn updating() -> Operation {
    Operation::update(
        Kind::Group,
        "updateGroup",
        "Update a group",
        "Changes the properties that are given and leaves the rest: the name, description and avatar, the members, all \
         of which `contacts` replaces, or whether the group is archived.",
    )
    .showing("description", "The finest in New York.")
}

fn patching() -> Operation {
    updating().named("patchGroup")
}

fn deleting() -> Operation {
    Operation::act(
        "deleteGroup",
        "Delete a group",
        "Deletes the group for good, with its conversation and all messages. Archive it instead if you want to be able \
         to restore it later. The contacts stay.",
    )
}

async fn list(api: Api, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    let filter = Filter {
        archived: call.query.optional("archived")?,
        contact: call.query.optional("contact_id")?,
        words: call.query.optional("query")?,
    };
    let long = filter.words.is_some();
    let reading = call.finish_read(&api)?;
    let groups = api
        .store
        .read_long_if(long, reading, move |conn| groups::list(conn, account, &page, &filter))
        .await?;
    Ok(reply::ok(groups))
}

async fn create(api: Api, mut call: Call) -> Result<Response, Error> {
    let most = api.settings.max_group_contacts;
    let new = NewGroup::take(&mut call.body, most)?;
    make::object(api, call, "/v1/groups", move |tx| groups::create(tx, &new, most)).await
}

async fn retrieve(api: Api, call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let id = call.id(Kind::Group)?;
    let reading = call.finish_read(&api)?;
    let group = reading.run(|conn| groups::retrieve(conn, account, id))?;
    Ok(reply::object(group))
}

async fn update(api: Api, mut call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let id = call.id(Kind::Group)?;
    let most = api.settings.max_group_contacts;
    let changes = GroupChanges::take(&mut call.body, most)?;
    let if_match = call.finish()?;
    let group = api
        .write(caller, move |tx| {
            if_match.check(|| groups::retrieve(tx, account, id))?;
            groups::update(tx, id, &changes, most)
        })
        .await?;
    Ok(reply::object(group))
}

async fn delete(api: Api, call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let id = call.id(Kind::Group)?;
    let if_match = call.finish()?;
    api.write(caller, move |tx| {
        if_match.check(|| groups::retrieve(tx, account, id))?;
        groups::delete(tx, id)
    })
    .await?;
    Ok(reply::no_content())
}
