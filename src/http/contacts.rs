//! `/v1/contacts`: whom an account knows.

use warp::http::Method;
use warp::reply::Response;

use super::operation::Operation;
use super::request::Call;
use super::{Api, Route, make, reply};
use crate::error::{Code, Error};
use crate::store::contacts::{self, Filter};
use crate::types::contact::{ContactChanges, NewContact};
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::text::Username;
use crate::types::words::Words;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/contacts", listing, list),
        Route::new(Method::POST, "/v1/contacts", creating, create),
        Route::new(Method::GET, "/v1/contacts/:id", retrieving, retrieve),
        Route::new(Method::PUT, "/v1/contacts/:id", updating, update),
        Route::new(Method::PATCH, "/v1/contacts/:id", patching, update),
        Route::new(Method::DELETE, "/v1/contacts/:id", deleting, delete),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Contact,
        "listContacts",
        "List all contacts",
        "A paginated list of all your contacts, the newest first. By default, a maximum of ten contacts are shown per \
         page.",
    )
    .filter::<Username>(
        "username",
        "Only show the contact of this username, whatever its ASCII case.",
    )
    .filter::<Words>("query", Words::OF_A_LIST)
}

fn creating() -> Operation {
    Operation::create(
        Kind::Contact,
        "createContact",
        "Create a contact",
        "A new contact, with a one-to-one conversation.",
    )
    .refused(Code::Conflict)
}

fn retrieving() -> Operation {
    Operation::retrieve(
        Kind::Contact,
        "getContact",
        "Retrieve a contact",
        "A contact by its id, in any letter case.",
    )
}

fn updating() -> Operation {
    Operation::update(
        Kind::Contact,
        "updateContact",
        "Update a contact",
        "Changes the properties that are given and leaves the rest.",
    )
    .showing("phone_number", "1-800-759-3000")
    .refused(Code::Conflict)
}

fn patching() -> Operation {
    updating().named("patchContact")
}

fn deleting() -> Operation {
    Operation::act(
        "deleteContact",
        "Delete a contact",
        "Takes the contact out of every group and deletes it for good, with its one-to-one conversation. Messages that \
         it sent to groups stay, with `contact` null.",
    )
}

async fn list(api: Api, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    let filter = Filter {
        username: call.query.optional("username")?,
        words: call.query.optional("query")?,
    };
    let long = filter.words.is_some();
    let reading = call.finish_read(&api)?;
    let contacts = api
        .store
        .read_long_if(long, reading, move |conn| contacts::list(conn, account, &page, &filter))
        .await?;
    Ok(reply::ok(contacts))
}

async fn create(api: Api, mut call: Call) -> Result<Response, Error> {
    let new = NewContact::take(&mut call.body)?;
    make::object(api, call, "/v1/contacts", move |tx| contacts::create(tx, &new)).await
}

async fn retrieve(api: Api, call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let id = call.id(Kind::Contact)?;
    let reading = call.finish_read(&api)?;
    let contact = reading.run(|conn| contacts::retrieve(conn, account, id))?;
    Ok(reply::object(contact))
}

async fn update(api: Api, mut call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let id = call.id(Kind::Contact)?;
    let changes = ContactChanges::take(&mut call.body)?;
    let if_match = call.finish()?;
    let contact = api
        .write(caller, move |tx| {
            if_match.check(|| contacts::retrieve(tx, account, id))?;
            contacts::update(tx, id, &changes)
        })
        .await?;
    Ok(reply::object(contact))
}

async fn delete(api: Api, call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let id = call.id(Kind::Contact)?;
    let if_match = call.finish()?;
    api.write(caller, move |tx| {
        if_match.check(|| contacts::retrieve(tx, account, id))?;
        contacts::delete(tx, id)
    })
    .await?;
    Ok(reply::no_content())
}
