//! `/v1/conversations`: what an account has with a group or a contact.

use warp::http::Method;
use warp::reply::Response;

use super::operation::Operation;
use super::request::Call;
use super::{Api, Route, make, reply};
use crate::error::{Code, Error};
use crate::store::conversations::{self, Filter};
use crate::types::conversation::{ConversationChanges, Partner};
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::page::Page;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/conversations", listing, list),
        Route::new(Method::POST, "/v1/conversations", creating, create),
        Route::new(Method::GET, "/v1/conversations/:id", retrieving, retrieve),
        Route::new(Method::PUT, "/v1/conversations/:id", updating, update),
        Route::new(Method::PATCH, "/v1/conversations/:id", patching, update),
        Route::new(Method::DELETE, "/v1/conversations/:id", deleting, delete),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Conversation,
        "listConversations",
        "List all conversations",
        "A paginated list of all your conversations, the newest first. By default, a maximum of ten conversations are \
         shown per page.",
    )
    .filter::<bool>(
        "archived",
        "`true`: only show conversations that are archived; `false`: only those that are not.",
    )
    .filter::<bool>(
        "muted",
        "`true`: only show those that are muted; `false`: only those that are not.",
    )
    .filter::<bool>(
        "pinned",
        "`true`: only show those that are pinned; `false`: only those that are not.",
    )
    .filter::<Id>("group_id", "Only show the conversation of this group.")
    .filter::<Id>("contact_id", "Only show the one-to-one conversation with this contact.")
}

fn creating() -> Operation {
    Operation::create(
        Kind::Conversation,
        "createConversation",
        "Create a conversation",
        "A new conversation for a contact or a group that has none, by `contact_id` or `group_id`, exactly one.",
    )
    .showing("group_id", "l7cGNIBKZiNJ6wqF")
    .such_that(Partner::schema())
    .refused(Code::Conflict)
}

fn retrieving() -> Operation {
    Operation::retrieve(
        Kind::Conversation,
        "getConversation",
        "Retrieve a conversation",
        "A conversation by its id, in any letter case.",
    )
}

fn updating() -> Operation {
    Operation::update(
        Kind::Conversation,
        "updateConversation",
        "Update a conversation",
        "Changes the properties that are given and leaves the rest.",
    )
    .showing("is_pinned", true)
}

fn patching() -> Operation {
    updating().named("patchConversation")
}

fn deleting() -> Operation {
    Operation::act(
        "deleteConversation",
        "Delete a conversation",
        "Deletes the conversation for good, with all its messages. Its contact or group stays and can be given a new \
         one.",
    )
}

async fn list(api: Api, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    let filter = Filter {
        archived: call.query.optional("archived")?,
        muted: call.query.optional("muted")?,
        pinned: call.query.optional("pinned")?,
        group: call.query.optional("group_id")?,
        contact: call.query.optional("contact_id")?,
    };
    let reading = call.finish_read(&api)?;
    let conversations = reading.run(|conn| conversations::list(conn, account, &page, &filter))?;
    Ok(reply::ok(conversations))
}

async fn create(api: Api, mut call: Call) -> Result<Response, Error> {
    let partner = Partner::take(&mut call.body)?;
    make::object(api, call, "/v1/conversations", move |tx| {
        conversations::create(tx, partner)
    })
    .await
}

async fn retrieve(api: Api, call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let id = call.id(Kind::Conversation)?;
    let reading = call.finish_read(&api)?;
    let conversation = reading.run(|conn| conversations::retrieve(conn, account, id))?;
    Ok(reply::object(conversation))
}

async fn update(api: Api, mut call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let id = call.id(Kind::Conversation)?;
    let changes = ConversationChanges::take(&mut call.body)?;
    let if_match = call.finish()?;
    let conversation = api
        .write(caller, move |tx| {
            if_match.check(|| conversations::retrieve(tx, account, id))?;
            conversations::update(tx, id, &changes)
        })
        .await?;
    Ok(reply::object(conversation))
}

async fn delete(api: Api, call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let id = call.id(Kind::Conversation)?;
    let if_match = call.finish()?;
    api.write(caller, move |tx| {
        if_match.check(|| conversations::retrieve(tx, account, id))?;
        conversations::delete(tx, id)
    })
    .await?;
    Ok(reply::no_content())
}
