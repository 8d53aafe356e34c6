//! `/v1/groups`: the groups resource of the five documents.

use warp::http::Method;
use warp::reply::Response;

use super::request::Call;
use super::{Api, Route, make, reply};
use crate::error::Error;
use crate::store::groups::{self, Filter};
use crate::types::group::{GroupChanges, NewGroup};
use crate::types::kind::Kind;
use crate::types::page::Page;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/groups", list),
        Route::new(Method::POST, "/v1/groups", create),
        Route::new(Method::GET, "/v1/groups/:id", retrieve),
        Route::new(Method::PUT, "/v1/groups/:id", update),
        Route::new(Method::PATCH, "/v1/groups/:id", update),
        Route::new(Method::DELETE, "/v1/groups/:id", delete),
    ]
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
        .read_aside_if(long, reading, move |conn| groups::list(conn, account, &page, &filter))
        .await?;
    Ok(reply::ok(groups))
}

async fn create(api: Api, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let most = api.settings.max_group_contacts;
    let new = NewGroup::take(&mut call.body, most)?;
    make::object(api, call, "/v1/groups", move |tx| {
        groups::create(tx, account, &new, most)
    })
    .await
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
            groups::update(tx, account, id, &changes, most)
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
        groups::delete(tx, account, id)
    })
    .await?;
    Ok(reply::no_content())
}
