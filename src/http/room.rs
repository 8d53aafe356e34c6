//! The memory that large bodies on their way in and large answers on their way out may take, together and of one
//! account; what is small needs no room. Nobody waits for room: a request that finds none is refused.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::body::Body as _;
use warp::reply::Response;

use crate::error::Error;
use crate::store::accounts::Account;

/// What is no longer than this, in bytes, is bounded by the number of connections alone.
const SMALL: usize = 16 << 10;

/// The room there is. A clone is another handle to the same.
#[derive(Clone)]
pub struct Room {
    most: usize,
    held: Arc<Mutex<HashMap<Account, usize>>>,
}

/// What one request holds of the room, given back when this is dropped.
pub struct Place {
    room: Room,
    account: Account,
    bytes: usize,
}

impl Room {
    pub fn new(most: usize) -> Self {
        Room {
            most,
            held: Arc::default(),
        }
    }

    /// A place for what an account sends or is sent, with nothing in it yet.
    pub fn place(&self, account: Account) -> Place {
        Place {
            room: self.clone(),
            account,
            bytes: 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Account, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Holds `bytes` from now on, more than before or fewer. Half of the room is the most for one account, so that it
    /// locks no other out; something that is larger must be alone.
    pub fn hold(&mut self, bytes: usize) -> Result<(), Error> {
        let bytes = if bytes > SMALL { bytes } else { 0 };
        if bytes == self.bytes {
            return Ok(());
        }
        let mut held = self.room.lock();
        let all = held.values().sum::<usize>() - self.bytes;
        let own = held.get(&self.account).copied().unwrap_or(0) - self.bytes;
        let fits = |others: usize, most: usize| others == 0 || others + bytes <= most;
        if bytes > self.bytes && !(fits(all, self.room.most) && fits(own, self.room.most / 2)) {
            let detail =
                format!("{bytes} bytes for a body or an answer, and others hold {all}, the account itself {own}");
            return Err(Error::unavailable(
                "Too many large bodies and answers are on their way; try again soon.",
                detail,
            ));
        }
        match own + bytes {
            0 => held.remove(&self.account),
            sum => held.insert(self.account, sum),
        };
        self.bytes = bytes;
        Ok(())
    }

    /// Holds the answer's body until it is sent or given up.
    pub async fn keep(mut self, response: Response) -> Result<Response, Error> {
        let (parts, mut body) = response.into_parts();
        let length = body.size_hint().lower();
        self.hold(usize::try_from(length).unwrap_or(usize::MAX))?;
        if self.bytes == 0 {
            return Ok(Response::from_parts(parts, body));
        }
        // A body that has been made is there as a whole.
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let bytes = frame.and_then(|frame| frame.ok()?.into_data().ok()).unwrap_or_default();
        let kept = Kept { bytes, _place: self };
        Ok(Response::from_parts(parts, Bytes::from_owner(kept).into()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Less always fits.
        drop(self.hold(0));
    }
}

/// An answer's body, with its place until the last byte is sent.
struct Kept {
    bytes: Bytes,
    _place: Place,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_holds_half_of_the_room_and_gives_it_back() {
        let room = Room::new(100 * SMALL);
        let [mut first, mut second] = [1, 1].map(|account| room.place(Account(account)));
        first.hold(30 * SMALL).unwrap();
        second.hold(20 * SMALL).unwrap();
        assert!(second.hold(20 * SMALL + 1).is_err());
        assert!(room.place(Account(1)).hold(SMALL + 1).is_err());
        room.place(Account(1)).hold(SMALL).unwrap();
        first.hold(2 * SMALL).unwrap();
        second.hold(40 * SMALL).unwrap();
        drop((first, second));
        assert!(room.lock().is_empty());
    }

    #[test]
    fn what_is_larger_than_all_of_it_must_be_alone() {
        let room = Room::new(100 * SMALL);
        let mut large = room.place(Account(1));
        large.hold(300 * SMALL).unwrap();
        assert!(room.place(Account(2)).hold(2 * SMALL).is_err());
        large.hold(60 * SMALL).unwrap();
        let mut other = room.place(Account(2));
        other.hold(40 * SMALL).unwrap();
        assert!(other.hold(41 * SMALL).is_err());
    }
}
