//! `/v1/groups/:id/contacts`: a group's members, one at a time. `If-Match` is asked of the group, of which they are part.

use warp::http::Method;
use warp::reply::Response;

use super::request::Call;
use super::{Api, Route, reply};
use crate::error::Error;
use crate::store::{groups, members};
use crate::types::kind::Kind;
use crate::types::page::Page;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/groups/:id/contacts", list),
        Route::new(Method::PUT, "/v1/groups/:id/contacts/:contact_id", add),
        Route::new(Method::DELETE, "/v1/groups/:id/contacts/:contact_id", remove),
    ]
}

async fn list(api: Api, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let group = call.id(Kind::Group)?;
    let page = Page::take(&mut call.query)?;
    let reading = call.finish_read(&api)?;
    let members = reading.run(|conn| members::list(conn, account, group, &page))?;
    Ok(reply::ok(members))
}

async fn add(api: Api, call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let (group, contact) = (call.id(Kind::Group)?, call.id_at(1, Kind::Contact)?);
    let most = api.settings.max_group_contacts;
    let if_match = call.finish()?;
    api.write(caller, move |tx| {
        if_match.check(|| groups::retrieve(tx, account, group))?;
        members::add(tx, account, group, contact, most)
    })
    .await?;
    Ok(reply::no_content())
}

async fn remove(api: Api, call: Call) -> Result<Response, Error> {
    let (caller, account) = (call.caller, call.caller.account);
    let (group, contact) = (call.id(Kind::Group)?, call.id_at(1, Kind::Contact)?);
    let if_match = call.finish()?;
    api.write(caller, move |tx| {
        if_match.check(|| groups::retrieve(tx, account, group))?;
        members::remove(tx, account, group, contact)
    })
    .await?;
    Ok(reply::no_content())
}
