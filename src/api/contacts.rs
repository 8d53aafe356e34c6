//! `/v1/contacts`.

use warp::reply::Response;

use crate::error::{Code, Error};
use crate::http::operation::Operation;
use crate::http::{Call, Path, Route, State, handlers};
use crate::store::contacts::{self, Filter};
use crate::types::contact::{ContactChanges, NewContact};
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::search_terms::SearchTerms;
use crate::types::text::Username;

const CONTACTS: Path<()> = Path::new("/v1/contacts", []);
const CONTACT: Path<Id> = Path::new("/v1/contacts/:id", [Kind::Contact]);

pub fn routes() -> Vec<Route> {
    vec![
        CONTACTS.get(listing, list),
        CONTACTS.post(creating, create),
        CONTACT.get(retrieving, retrieve),
        CONTACT.put(updating, update),
        CONTACT.patch(patching, update),
        CONTACT.delete(deleting, delete),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Contact,
        "listContacts",
        "List all contacts",
        "Returns a page of your contacts, newest first.",
    )
    .filter::<Username>(
        "username",
        "Only return the contact with this username. ASCII case is ignored.",
    )
    .filter::<SearchTerms>("query", SearchTerms::DESCRIPTION)
}

fn creating() -> Operation {
    Operation::create(
        Kind::Contact,
        "createContact",
        "Create a contact",
        "Creates a contact, with a one-to-one conversation.",
    )
    .fails_with(Code::Conflict)
}

fn retrieving() -> Operation {
    Operation::retrieve(
        Kind::Contact,
        "getContact",
        "Retrieve a contact",
        "Returns a contact. The letter case of the id is ignored.",
    )
}

fn updating() -> Operation {
    Operation::update(
        Kind::Contact,
        "updateContact",
        "Update a contact",
        "Changes only the given properties and returns the whole contact.",
    )
    .showing("phone_number", "1-800-759-3000")
    .fails_with(Code::Conflict)
}

fn patching() -> Operation {
    updating().renamed("patchContact", "Update a contact with PATCH")
}

fn deleting() -> Operation {
    Operation::act(
        "deleteContact",
        "Delete a contact",
        "Permanently deletes the contact and its one-to-one conversation, and removes it from every group. Messages that \
         it sent to groups remain, with `contact` null.",
    )
}

async fn list(state: State, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    let filter = Filter {
        username: call.query.optional("username")?,
        terms: call.query.optional("query")?,
    };
    let long = filter.terms.is_some();
    handlers::list(state, call, long, move |conn| {
        contacts::list(conn, account, &page, &filter)
    })
    .await
}

async fn create(state: State, mut call: Call) -> Result<Response, Error> {
    let new = NewContact::take(&mut call.body)?;
    handlers::create(state, call, CONTACTS.pattern(), move |tx| contacts::create(tx, &new)).await
}

async fn retrieve(state: State, call: Call, id: Id) -> Result<Response, Error> {
    handlers::retrieve(state, call, Kind::Contact, id).await
}

async fn update(state: State, mut call: Call, id: Id) -> Result<Response, Error> {
    let changes = ContactChanges::take(&mut call.body)?;
    handlers::update(state, call, Kind::Contact, id, move |tx| {
        contacts::update(tx, id, &changes)
    })
    .await
}

async fn delete(state: State, call: Call, id: Id) -> Result<Response, Error> {
    handlers::act(state, call, Kind::Contact, id, move |tx| contacts::delete(tx, id)).await
}
