//! `/v1/groups/:id/contacts`: the members of a group. `If-Match` applies to the group, because they are part of it.

use warp::reply::Response;

use crate::error::Error;
use crate::http::operation::Operation;
use crate::http::{Call, Path, Route, State, handlers};
use crate::store::members;
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::page::Page;

const MEMBERS: Path<Id> = Path::new("/v1/groups/:id/contacts", [Kind::Group]);
const MEMBER: Path<(Id, Id)> = Path::new("/v1/groups/:id/contacts/:contact_id", [Kind::Group, Kind::Contact]);

pub fn routes() -> Vec<Route> {
    vec![
        MEMBERS.get(listing, list),
        MEMBER.put(adding, add),
        MEMBER.delete(removing, remove),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Contact,
        "listGroupContacts",
        "List the members of a group",
        "Returns a page of the group's members, in the group's order.",
    )
}

fn adding() -> Operation {
    Operation::act(
        "addGroupContact",
        "Add a member to a group",
        "Adds the contact after the other members. Has no effect if it is already a member.",
    )
}

fn removing() -> Operation {
    Operation::act(
        "removeGroupContact",
        "Remove a member from a group",
        "Removes the contact from the group; the contact itself remains.",
    )
}

async fn list(state: State, mut call: Call, group: Id) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    handlers::list(state, call, false, move |conn| {
        members::list(conn, account, group, &page)
    })
    .await
}

async fn add(state: State, call: Call, group: Id, contact: Id) -> Result<Response, Error> {
    let max_members = state.settings.max_group_contacts;
    handlers::act(state, call, Kind::Group, group, move |tx| {
        members::add(tx, group, contact, max_members)
    })
    .await
}

async fn remove(state: State, call: Call, group: Id, contact: Id) -> Result<Response, Error> {
    handlers::act(state, call, Kind::Group, group, move |tx| {
        members::remove(tx, group, contact)
    })
    .await
}
