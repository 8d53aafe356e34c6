//! `/v1/conversations`.

use warp::reply::Response;

use crate::error::{Code, Error};
use crate::http::operation::Operation;
use crate::http::{Call, Path, Route, State, handlers};
use crate::store::conversations::{self, Filter};
use crate::types::conversation::{ConversationChanges, ConversationOwner};
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::page::Page;

const CONVERSATIONS: Path<()> = Path::new("/v1/conversations", []);
const CONVERSATION: Path<Id> = Path::new("/v1/conversations/:id", [Kind::Conversation]);

pub fn routes() -> Vec<Route> {
    vec![
        CONVERSATIONS.get(listing, list),
        CONVERSATIONS.post(creating, create),
        CONVERSATION.get(retrieving, retrieve),
        CONVERSATION.put(updating, update),
        CONVERSATION.patch(patching, update),
        CONVERSATION.delete(deleting, delete),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Conversation,
        "listConversations",
        "List all conversations",
        "Returns a page of your conversations, newest first.",
    )
    .filter::<bool>(
        "archived",
        "`true`: only return archived conversations; `false`: only return conversations that are not archived.",
    )
    .filter::<bool>(
        "muted",
        "`true`: only return muted conversations; `false`: only return conversations that are not muted.",
    )
    .filter::<bool>(
        "pinned",
        "`true`: only return pinned conversations; `false`: only return conversations that are not pinned.",
    )
    .filter::<Id>("group_id", "Only return the conversation of this group.")
    .filter::<Id>(
        "contact_id",
        "Only return the one-to-one conversation with this contact.",
    )
}

fn creating() -> Operation {
    Operation::create(
        Kind::Conversation,
        "createConversation",
        "Create a conversation",
        "Creates a conversation for a contact or a group that has none. Exactly one of `contact_id` and `group_id` is \
         required.",
    )
    .showing("group_id", "l7cGNIBKZiNJ6wqF")
    .such_that(ConversationOwner::schema())
    .fails_with(Code::Conflict)
}

fn retrieving() -> Operation {
    Operation::retrieve(
        Kind::Conversation,
        "getConversation",
        "Retrieve a conversation",
        "Returns a conversation. The letter case of the id is ignored.",
    )
}

fn updating() -> Operation {
    Operation::update(
        Kind::Conversation,
        "updateConversation",
        "Update a conversation",
        "Changes only the given properties and returns the whole conversation.",
    )
    .showing("is_pinned", true)
}

fn patching() -> Operation {
    updating().renamed("patchConversation", "Update a conversation with PATCH")
}

fn deleting() -> Operation {
    Operation::act(
        "deleteConversation",
        "Delete a conversation",
        "Permanently deletes the conversation and all its messages. Its contact or group remains, and a new conversation \
         can be created for it.",
    )
}

async fn list(state: State, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    let filter = Filter {
        archived: call.query.optional("archived")?,
        muted: call.query.optional("muted")?,
        pinned: call.query.optional("pinned")?,
        group: call.query.optional("group_id")?,
        contact: call.query.optional("contact_id")?,
    };
    handlers::list(state, call, false, move |conn| {
        conversations::list(conn, account, &page, &filter)
    })
    .await
}

async fn create(state: State, mut call: Call) -> Result<Response, Error> {
    let owner = ConversationOwner::take(&mut call.body)?;
    handlers::create(state, call, CONVERSATIONS.pattern(), move |tx| {
        conversations::create(tx, owner)
    })
    .await
}

async fn retrieve(state: State, call: Call, id: Id) -> Result<Response, Error> {
    handlers::retrieve(state, call, Kind::Conversation, id).await
}

async fn update(state: State, mut call: Call, id: Id) -> Result<Response, Error> {
    let changes = ConversationChanges::take(&mut call.body)?;
    handlers::update(state, call, Kind::Conversation, id, move |tx| {
        conversations::update(tx, id, &changes)
    })
    .await
}

async fn delete(state: State, call: Call, id: Id) -> Result<Response, Error> {
    handlers::act(state, call, Kind::Conversation, id, move |tx| {
        conversations::delete(tx, id)
    })
    .await
}
