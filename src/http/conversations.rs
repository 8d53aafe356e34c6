//! `/v1/conversations`: what an account has with a group or a contact.

use warp::http::Method;
use warp::reply::Response;

use super::request::Call;
use super::{Api, Route, make, reply};
use crate::error::Error;
use crate::store::conversations::{self, Filter};
use crate::types::conversation::{ConversationChanges, Partner};
use crate::types::kind::Kind;
use crate::types::page::Page;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/conversations", list),
        Route::new(Method::POST, "/v1/conversations", create),
        Route::new(Method::GET, "/v1/conversations/:id", retrieve),
        Route::new(Method::PUT, "/v1/conversations/:id", update),
        Route::new(Method::PATCH, "/v1/conversations/:id", update),
        Route::new(Method::DELETE, "/v1/conversations/:id", delete),
    ]
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
    let account = call.caller.account;
    let partner = Partner::take(&mut call.body)?;
    make::object(api, call, "/v1/conversations", move |tx| {
        conversations::create(tx, account, partner)
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
            conversations::update(tx, account, id, &changes)
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
        conversations::delete(tx, account, id)
    })
    .await?;
    Ok(reply::no_content())
}
