//! A call of a handler: an authenticated, permitted and parsed request.

use super::conditional::IfMatch;
use super::request_id::RequestId;
use super::state::State;
use crate::error::Error;
use crate::store::Reading;
use crate::store::tokens::Caller;
use crate::types::fields::Fields;
use crate::types::idempotency::KeyedRequest;

/// A request for a handler, which reads its parameters and hands the rest to one of the functions in `handlers`. Only those
/// see the private fields, so no handler can act on a request without its conditions.
pub struct Call {
    pub caller: Caller,
    pub query: Fields,
    pub body: Fields,
    pub(super) if_match: IfMatch,
    pub(super) keyed: Option<KeyedRequest>,
    /// The snapshot in which the caller was authenticated, unless the request had to be waited for since.
    pub(super) reading: Option<Reading>,
    pub(super) request_id: RequestId,
}

impl Call {
    /// Rejects parameters that the handler has not read, and returns the precondition of the write.
    pub(super) fn finish(self) -> Result<IfMatch, Error> {
        self.query.finish()?;
        self.body.finish()?;
        Ok(self.if_match)
    }

    /// Rejects parameters that the handler has not read, and returns the snapshot to read from.
    pub(super) fn finish_read(mut self, state: &State) -> Result<Reading, Error> {
        let reading = self.reading.take();
        self.finish()?;
        Ok(reading.map_or_else(|| state.store.begin_read(), Ok)?)
    }
}
