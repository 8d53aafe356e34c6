//! What every POST does: makes an object, once for each `Idempotency-Key`.

use warp::reply::Response;

use super::request::Call;
use super::{Api, reply};
use crate::error::Error;
use crate::store::{self, Tx, idempotency};
use crate::types::id::Id;
use crate::types::json::Json;

/// Ends the taking of parameters, runs `work`, and answers with the object that it has made, which is at `collection`
/// and its id.
pub async fn object<F>(api: Api, mut call: Call, collection: &'static str, work: F) -> Result<Response, Error>
where
    F: Fn(&Tx) -> Result<(Id, Json), store::Error> + Send + 'static,
{
    let (caller, keyed, request_id) = (call.caller, call.keyed.take(), call.request_id.clone());
    call.finish()?;
    let made = move |tx: &Tx| work(tx).map(|(id, json)| (format!("{collection}/{id}"), json));
    let Some(keyed) = keyed else {
        let (path, json) = api.write(caller, made).await?;
        return Ok(reply::created(&api.settings, &path, json));
    };
    let telling = api.clone();
    let write = move |tx: &Tx| {
        idempotency::once(tx, &keyed, &made, |made| {
            reply::keep(&telling.settings, made, &request_id)
        })
    };
    let (answer, replayed) = api.write(caller, write).await?;
    Ok(reply::kept(&api.settings, answer, replayed))
}
