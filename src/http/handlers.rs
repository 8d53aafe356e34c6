//! The shared part of every handler, one function for each thing that an operation can do. Each rejects unread parameters,
//! runs the resource's own work, and responds. Every write goes through here, so none can skip the check of the caller's
//! token, of `If-Match` or of `Idempotency-Key`.

use warp::reply::Response;

use super::call::Call;
use super::idempotency::name_header;
use super::response;
use super::state::State;
use crate::db::Connection;
use crate::error::Error;
use crate::store::{self, Tx, idempotency, lookup};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;

/// Responds with the page that `read` returns. If `long`, such as a search, it runs on a thread of its own, so that it
/// delays no other request.
pub async fn list<F>(state: State, call: Call, long: bool, read: F) -> Result<Response, Error>
where
    F: FnOnce(&Connection) -> Result<Json, store::Error> + Send + 'static,
{
    let reading = call.finish_read(&state)?;
    let page = state.store.read_long_if(long, reading, read).await?;
    Ok(response::ok(page))
}

/// Responds with the object of this kind and id.
pub async fn retrieve(state: State, call: Call, kind: Kind, id: Id) -> Result<Response, Error> {
    let account = call.caller.account;
    let reading = call.finish_read(&state)?;
    let object = reading.run(|conn| lookup::retrieve(conn, account, kind, id))?;
    Ok(response::object(object))
}

/// Creates an object with `create`, once for each `Idempotency-Key`, and responds with it. Its path is `collection` and its
/// id.
pub async fn create<F>(state: State, mut call: Call, collection: &'static str, create: F) -> Result<Response, Error>
where
    F: Fn(&Tx) -> Result<(Id, Json), store::Error> + Send + 'static,
{
    let (caller, keyed, request_id) = (call.caller, call.keyed.take(), call.request_id.clone());
    // Nothing to match: the object does not exist yet.
    call.finish()?;
    let create = move |tx: &Tx| create(tx).map(|(id, object)| (format!("{collection}/{id}"), object));
    let Some(keyed) = keyed else {
        let (path, object) = state.store.write_as(caller, create).await?;
        return Ok(response::created(&state.settings, &path, object));
    };
    let responding = state.clone();
    let create_once = move |tx: &Tx| {
        idempotency::once(tx, &keyed, &create, |created| {
            response::to_stored(&responding.settings, created, &request_id)
        })
    };
    let written = state.store.write_as(caller, create_once).await;
    let (stored, replayed) = written.map_err(|error| name_header(error.into()))?;
    Ok(response::from_stored(&state.settings, stored, replayed))
}

/// Changes the object of this kind and id with `update`, if `If-Match` holds for it, and responds with the result.
pub async fn update<F>(state: State, call: Call, kind: Kind, id: Id, update: F) -> Result<Response, Error>
where
    F: Fn(&Tx) -> Result<Json, store::Error> + Send + 'static,
{
    let object = write_if_matches(&state, call, kind, id, update).await?;
    Ok(response::object(object))
}

/// Runs `act`, such as a deletion, if `If-Match` holds for the object of this kind and id, and responds with `204`.
pub async fn act<F>(state: State, call: Call, kind: Kind, id: Id, act: F) -> Result<Response, Error>
where
    F: Fn(&Tx) -> Result<(), store::Error> + Send + 'static,
{
    write_if_matches(&state, call, kind, id, act).await?;
    Ok(response::no_content())
}

/// Checks `If-Match` and writes in the same transaction.
async fn write_if_matches<T, F>(state: &State, call: Call, kind: Kind, id: Id, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Fn(&Tx) -> Result<T, store::Error> + Send + 'static,
{
    let caller = call.caller;
    let if_match = call.finish()?;
    let checked = move |tx: &Tx| {
        if_match.check(|| lookup::retrieve(tx, tx.account, kind, id))?;
        work(tx)
    };
    Ok(state.store.write_as(caller, checked).await?)
}
