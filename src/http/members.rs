//! `/v1/groups/:id/contacts`: a group's members, one at a time. `If-Match` is asked of the group, of which they are part.

use warp::http::Method;
use warp::reply::Response;

use super::operation::Operation;
use super::request::Call;
use super::{Api, Route, reply};
use crate::error::Error;
use crate::store::{groups, members};
use crate::types::kind::Kind;
use crate::types::page::Page;

pub fn routes() -> Vec<Route> {
    let member = "/v1/groups/:id/contacts/:contact_id";
    vec![
        Route::new(Method::GET, "/v1/groups/:id/contacts", listing, list),
        Route::new(Method::PUT, member, adding, add),
        Route::new(Method::DELETE, member, removing, remove),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Contact,
        "listGroupContacts",
        "List the members of a group",
        "A paginated list of the contacts that are members of the group, in the group's order.",
    )
}

fn adding() -> Operation {
    Operation::act(
        "addGroupContact",
        "Add a member to a group",
        "Adds the contact at the end of the group's members, unless it is one already.",
    )
}

fn removing() -> Operation {
    Operation::act(
        "removeGroupContact",
        "Take a member out of a group",
        "Takes the contact out of the group; the contact stays.",
    )
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
        members::add(tx, group, contact, most)
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
        members::remove(tx, group, contact)
    })
    .await?;
    Ok(reply::no_content())
}
