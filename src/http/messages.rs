//! `/v1/messages`: what is said in conversations.

use warp::http::Method;
use warp::reply::Response;

use super::operation::Operation;
use super::request::Call;
use super::{Api, Route, make, reply};
use crate::error::Error;
use crate::store::messages::{self, Filter};
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::message::{self, MessageChanges, NewMessage};
use crate::types::page::Page;
use crate::types::words::Words;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/messages", listing, list),
        Route::new(Method::POST, "/v1/messages", creating, create),
        Route::new(Method::GET, "/v1/messages/:id", retrieving, retrieve),
        Route::new(Method::PUT, "/v1/messages/:id", updating, update),
        Route::new(Method::PATCH, "/v1/messages/:id", patching, update),
        Route::new(Method::DELETE, "/v1/messages/:id", deleting, delete),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Message,
        "listMessages",
        "List all messages",
        "A paginated list of all messages, or of those of a conversation, the newest first. By default, a maximum of \
         ten messages are shown per page.",
    )
    .filter::<Id>("conversation_id", "Only show messages of this conversation.")
    .filter::<Words>("query", Words::OF_A_LIST)
}

fn creating() -> Operation {
    Operation::create(
        Kind::Message,
        "sendMessage",
        "Send a message",
        "A new message in a conversation, from you or from a contact.",
    )
    .given(message::sender())
}

fn retrieving() -> Operation {
    Operation::retrieve(
        Kind::Message,
        "getMessage",
        "Retrieve a message",
        "A message by its id, in any letter case.",
    )
}

fn updating() -> Operation {
    Operation::update(
        Kind::Message,
        "updateMessage",
        "Update a message",
        "Changes the properties that are given and leaves the rest. Another text sets `updated_at`; `reactions` \
         replaces all reactions.",
    )
    .showing("read_at", 1_700_000_000)
}

fn patching() -> Operation {
    updating().named("patchMessage")
}

fn deleting() -> Operation {
    Operation::act("deleteMessage", "Delete a message", "Deletes the message for good.")
}

async fn list(api: Api, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    let filter = Filter {
        conversation: call.query.optional("conversation_id")?,
        words: call.query.optional("query")?,
    };
    let reading = call.finish_read(&api)?;
    // Over all conversations it may pass over very many messages that are still to be cleared away.
    let long = filter.words.is_some() || filter.conversation.is_none();
    let messages = api
        .store
        .read_long_if(long, reading, move |conn| messages::list(conn, account, &page, &filter))
        .await?;
    Ok(reply::ok(messages))
}

async fn create(api: Api, mut call: Call) -> Result<Response, Error> {
    let new = NewMessage::take(&mut call.body)?;
    make::object(api, call, "/v1/messages", move |tx| messages::create(tx, &new)).await
}

async fn retrieve(api: Api, call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let id = call.id(Kind::Message)?;
    let reading = call.finish_read(&api)?;
    let message = reading.run(|conn| messages::retrieve(conn, account, id))?;
    Ok(reply::object(message))
}

async fn update(api: Api, mut call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let id = call.id(Kind::Message)?;
    let changes = MessageChanges::take(&mut call.body)?;
    let if_match = call.finish()?;
    let message = api
        .write(caller, move |tx| {
            if_match.check(|| messages::retrieve(tx, account, id))?;
            messages::update(tx, id, &changes)
        })
        .await?;
    Ok(reply::object(message))
}

async fn delete(api: Api, call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let id = call.id(Kind::Message)?;
    let if_match = call.finish()?;
    api.write(caller, move |tx| {
        if_match.check(|| messages::retrieve(tx, account, id))?;
        messages::delete(tx, id)
    })
    .await?;
    Ok(reply::no_content())
}
