//! `/v1/messages`.

use warp::reply::Response;

use crate::error::Error;
use crate::http::operation::Operation;
use crate::http::{Call, Path, Route, State, handlers};
use crate::store::messages::{self, Filter};
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::message::{self, MessageChanges, NewMessage};
use crate::types::page::Page;
use crate::types::search_terms::SearchTerms;

const MESSAGES: Path<()> = Path::new("/v1/messages", []);
const MESSAGE: Path<Id> = Path::new("/v1/messages/:id", [Kind::Message]);

pub fn routes() -> Vec<Route> {
    vec![
        MESSAGES.get(listing, list),
        MESSAGES.post(creating, create),
        MESSAGE.get(retrieving, retrieve),
        MESSAGE.put(updating, update),
        MESSAGE.patch(patching, update),
        MESSAGE.delete(deleting, delete),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Message,
        "listMessages",
        "List all messages",
        "Returns a page of all messages or of one conversation's, newest first.",
    )
    .filter::<Id>("conversation_id", "Only return messages of this conversation.")
    .filter::<SearchTerms>("query", SearchTerms::DESCRIPTION)
}

fn creating() -> Operation {
    Operation::create(
        Kind::Message,
        "sendMessage",
        "Send a message",
        "Sends a message to a conversation, from you or from a contact.",
    )
    .given(message::sender())
}

fn retrieving() -> Operation {
    Operation::retrieve(
        Kind::Message,
        "getMessage",
        "Retrieve a message",
        "Returns a message. The letter case of the id is ignored.",
    )
}

fn updating() -> Operation {
    Operation::update(
        Kind::Message,
        "updateMessage",
        "Update a message",
        "Changes only the given properties and returns the whole message. A new text sets `updated_at`; `reactions` \
         replaces all reactions.",
    )
    .showing("read_at", 1_700_000_000)
}

fn patching() -> Operation {
    updating().renamed("patchMessage", "Update a message with PATCH")
}

fn deleting() -> Operation {
    Operation::act("deleteMessage", "Delete a message", "Permanently deletes the message.")
}

async fn list(state: State, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    let filter = Filter {
        conversation: call.query.optional("conversation_id")?,
        terms: call.query.optional("query")?,
    };
    // Without a conversation, the list may have to skip very many deleted messages that are not purged yet.
    let long = filter.terms.is_some() || filter.conversation.is_none();
    handlers::list(state, call, long, move |conn| {
        messages::list(conn, account, &page, &filter)
    })
    .await
}

async fn create(state: State, mut call: Call) -> Result<Response, Error> {
    let new = NewMessage::take(&mut call.body)?;
    handlers::create(state, call, MESSAGES.pattern(), move |tx| messages::create(tx, &new)).await
}

async fn retrieve(state: State, call: Call, id: Id) -> Result<Response, Error> {
    handlers::retrieve(state, call, Kind::Message, id).await
}

async fn update(state: State, mut call: Call, id: Id) -> Result<Response, Error> {
    let changes = MessageChanges::take(&mut call.body)?;
    handlers::update(state, call, Kind::Message, id, move |tx| {
        messages::update(tx, id, &changes)
    })
    .await
}

async fn delete(state: State, call: Call, id: Id) -> Result<Response, Error> {
    handlers::act(state, call, Kind::Message, id, move |tx| messages::delete(tx, id)).await
}
