//! `/v1/groups`.

use warp::reply::Response;

use crate::error::Error;
use crate::http::operation::Operation;
use crate::http::{Call, Path, Route, State, handlers};
use crate::store::groups::{self, Filter};
use crate::types::group::{GroupChanges, NewGroup};
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::search_terms::SearchTerms;

const GROUPS: Path<()> = Path::new("/v1/groups", []);
const GROUP: Path<Id> = Path::new("/v1/groups/:id", [Kind::Group]);

pub fn routes() -> Vec<Route> {
    vec![
        GROUPS.get(listing, list),
        GROUPS.post(creating, create),
        GROUP.get(retrieving, retrieve),
        GROUP.put(updating, update),
        GROUP.patch(patching, update),
        GROUP.delete(deleting, delete),
    ]
}

fn listing() -> Operation {
    Operation::list(
        Kind::Group,
        "listGroups",
        "List all groups",
        "Returns a page of your groups, newest first.",
    )
    .filter::<bool>(
        "archived",
        "`true`: only return archived groups; `false`: only return groups that are not archived.",
    )
    .filter::<Id>("contact_id", "Only return groups with this member.")
    .filter::<SearchTerms>("query", SearchTerms::DESCRIPTION)
}

fn creating() -> Operation {
    Operation::create(
        Kind::Group,
        "createGroup",
        "Create a group",
        "Creates a group of your contacts, with a conversation.",
    )
}

fn retrieving() -> Operation {
    Operation::retrieve(
        Kind::Group,
        "getGroup",
        "Retrieve a group",
        "Returns a group. The letter case of the id is ignored.",
    )
}

fn updating() -> Operation {
    Operation::update(
        Kind::Group,
        "updateGroup",
        "Update a group",
        "Changes only the given properties and returns the whole group. `contacts` replaces all members; `archived_at` \
         archives or restores the group.",
    )
    .showing("description", "The finest in New York.")
}

fn patching() -> Operation {
    updating().renamed("patchGroup", "Update a group with PATCH")
}

fn deleting() -> Operation {
    Operation::act(
        "deleteGroup",
        "Delete a group",
        "Permanently deletes the group, its conversation and all messages. The contacts remain. To be able to restore \
         the group later, archive it instead.",
    )
}

async fn list(state: State, mut call: Call) -> Result<Response, Error> {
    let account = call.caller.account;
    let page = Page::take(&mut call.query)?;
    let filter = Filter {
        archived: call.query.optional("archived")?,
        contact: call.query.optional("contact_id")?,
        terms: call.query.optional("query")?,
    };
    let long = filter.terms.is_some();
    handlers::list(state, call, long, move |conn| {
        groups::list(conn, account, &page, &filter)
    })
    .await
}

async fn create(state: State, mut call: Call) -> Result<Response, Error> {
    let max_members = state.settings.max_group_contacts;
    let new = NewGroup::take(&mut call.body, max_members)?;
    handlers::create(state, call, GROUPS.pattern(), move |tx| {
        groups::create(tx, &new, max_members)
    })
    .await
}

async fn retrieve(state: State, call: Call, id: Id) -> Result<Response, Error> {
    handlers::retrieve(state, call, Kind::Group, id).await
}

async fn update(state: State, mut call: Call, id: Id) -> Result<Response, Error> {
    let max_members = state.settings.max_group_contacts;
    let changes = GroupChanges::take(&mut call.body, max_members)?;
    handlers::update(state, call, Kind::Group, id, move |tx| {
        groups::update(tx, id, &changes, max_members)
    })
    .await
}

async fn delete(state: State, call: Call, id: Id) -> Result<Response, Error> {
    handlers::act(state, call, Kind::Group, id, move |tx| groups::delete(tx, id)).await
}
