//! The memory budget for large request and response bodies, overall and per account. Small bodies are free, and nobody waits
//! for memory: a request that exceeds the budget fails.
//!
//! A response body of known length reserves all of it before the first byte and until the last frame is sent, whether it
//! comes in one frame or many. A body of unknown length reserves each frame while that is in flight. A stream that is read
//! from elsewhere, such as a file, should therefore leave its length unknown, set `Content-Length` itself, and produce
//! frames of at most `SMALL` bytes, which are free; a larger frame that exceeds the budget ends the body with an error.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyDataStream;
use hyper::body::Body as _;
use hyper::header::CONTENT_LENGTH;
use warp::Reply as _;
use warp::http::response::Parts;
use warp::reply::Response;

use crate::error::Error;
use crate::store::accounts::Account;

/// Bodies and frames of up to this many bytes are free: the number of connections bounds them.
const SMALL: usize = 16 << 10;

/// A handle to the budget; clones share it.
#[derive(Clone)]
pub struct MemoryBudget {
    total: usize,
    reserved: Arc<Mutex<HashMap<Account, usize>>>,
}

/// A part of the budget, returned on drop.
pub struct Reservation {
    budget: MemoryBudget,
    account: Account,
    bytes: usize,
}

impl MemoryBudget {
    pub fn new(total: usize) -> Self {
        MemoryBudget {
            total,
            reserved: Arc::default(),
        }
    }

    /// An empty reservation for what an account sends or receives.
    pub fn reservation(&self, account: Account) -> Reservation {
        Reservation {
            budget: self.clone(),
            account,
            bytes: 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Account, usize>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Grows or shrinks the reservation to `bytes`. One account gets at most half of the budget, so that it cannot lock out
    /// the others. Anything larger than its limit fits only while nothing else is reserved.
    ///
    /// # Errors
    /// `unavailable` if the budget is exceeded; the reservation is then unchanged.
    pub fn resize(&mut self, bytes: usize) -> Result<(), Error> {
        let bytes = if bytes > SMALL { bytes } else { 0 };
        if bytes == self.bytes {
            return Ok(());
        }
        let mut reserved = self.budget.lock();
        let all = reserved.values().sum::<usize>() - self.bytes;
        let own = reserved.get(&self.account).copied().unwrap_or(0) - self.bytes;
        let fits = |others: usize, limit: usize| others == 0 || others + bytes <= limit;
        if bytes > self.bytes && !(fits(all, self.budget.total) && fits(own, self.budget.total / 2)) {
            let detail = format!("a body needs {bytes} bytes; {all} are reserved, {own} of them by the same account");
            return Err(Error::unavailable(
                "Too many large requests and responses are in flight; try again soon.",
                detail,
            ));
        }
        match own + bytes {
            0 => reserved.remove(&self.account),
            sum => reserved.insert(self.account, sum),
        };
        self.bytes = bytes;
        Ok(())
    }

    /// Reserves memory for the response's body until the client has received it or gone away.
    ///
    /// # Errors
    /// `unavailable` if the budget is exceeded.
    pub async fn cover(mut self, response: Response) -> Result<Response, Error> {
        let Some(length) = response.body().size_hint().exact() else {
            // The request's body is gone.
            self.resize(0)?;
            let (parts, body) = response.into_parts();
            return Ok(self.cover_stream(parts, body));
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.resize(length)?;
        if self.bytes == 0 {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        Ok(self.cover_known(parts, body, length).await)
    }

    /// Ties the reservation to a body of known length.
    async fn cover_known<B: Body>(self, mut parts: Parts, body: B, length: usize) -> Response {
        let reservation = Arc::new(self);
        let mut frames = BodyDataStream::new(body).map(|frame| frame.map_err(io::Error::other));
        match frames.next().await {
            Some(Ok(bytes)) if bytes.len() == length => {
                let body = covered(bytes, reservation);
                Response::from_parts(parts, body.into())
            }
            first => {
                // The HTTP layer does not know the length of a stream.
                parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| length.into());
                let frames = stream::iter(first).chain(frames);
                let cover = move |bytes| covered(bytes, Arc::clone(&reservation));
                let frames = frames.map(move |frame| frame.map(&cover));
                stream_response(parts, frames)
            }
        }
    }

    /// Reserves each frame of a body of unknown length by itself.
    fn cover_stream<B: Body>(self, parts: Parts, body: B) -> Response {
        let cover = move |bytes: Bytes| {
            let mut reservation = self.budget.reservation(self.account);
            reservation.resize(bytes.len()).map_err(io::Error::other)?;
            Ok(covered(bytes, Arc::new(reservation)))
        };
        let frames = BodyDataStream::new(body);
        let frames = frames.map(move |frame| frame.map_err(io::Error::other).and_then(&cover));
        stream_response(parts, frames)
    }
}

/// A body that can be sent.
trait Body: hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Send + Sync + Unpin + 'static {}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<B> Body for B where B: hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Send + Sync + Unpin + 'static {}

impl Drop for Reservation {
    fn drop(&mut self) {
        // Shrinking always succeeds.
        drop(self.resize(0));
    }
}

fn stream_response(
    parts: Parts,
    frames: impl stream::Stream<Item = Result<Bytes, io::Error>> + Send + Sync + 'static,
) -> Response {
    let body = warp::reply::stream(frames).into_response().into_body();
    Response::from_parts(parts, body)
}

/// Bytes that hold a reservation until they are sent or dropped.
fn covered(bytes: Bytes, reservation: Arc<Reservation>) -> Bytes {
    struct Covered {
        bytes: Bytes,
        _reservation: Arc<Reservation>,
    }

    impl AsRef<[u8]> for Covered {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }

    Bytes::from_owner(Covered {
        bytes,
        _reservation: reservation,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::BodyExt as _;
    use hyper::body::{Frame, SizeHint};

    use super::*;

    const TOTAL: usize = 100 * SMALL;

    /// A body that comes in several frames and has a known length.
    struct Frames(VecDeque<Bytes>);

    impl hyper::body::Body for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(|bytes| Ok(Frame::data(bytes))))
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0.iter().map(|bytes| bytes.len() as u64).sum())
        }
    }

    fn frames(lengths: &[usize]) -> impl Iterator<Item = Bytes> {
        lengths.iter().map(|length| Bytes::from(vec![b'x'; *length]))
    }

    fn reserved(budget: &MemoryBudget) -> usize {
        budget.lock().values().sum()
    }

    #[tokio::test]
    async fn a_stream_of_known_length_passes_whole_and_is_reserved_until_its_last_frame() {
        let budget = MemoryBudget::new(TOTAL);
        let lengths = [SMALL, 2 * SMALL, 3 * SMALL];
        let mut reservation = budget.reservation(Account(1));
        reservation.resize(6 * SMALL).unwrap();
        let (parts, _) = Response::default().into_parts();
        let body = Frames(frames(&lengths).collect());
        let response = reservation.cover_known(parts, body, 6 * SMALL).await;
        assert_eq!(response.headers()[CONTENT_LENGTH], (6 * SMALL).to_string());
        let mut body = response.into_body();
        let mut sent = Vec::new();
        while let Some(frame) = body.frame().await {
            assert_eq!(reserved(&budget), 6 * SMALL);
            sent.push(frame.unwrap().into_data().unwrap());
        }
        let sent_lengths: Vec<usize> = sent.iter().map(Bytes::len).collect();
        assert_eq!(sent_lengths, lengths);
        drop(body);
        assert_eq!(reserved(&budget), 6 * SMALL, "the frames are still being sent");
        drop(sent);
        assert_eq!(reserved(&budget), 0);
    }

    #[tokio::test]
    async fn a_stream_of_unknown_length_reserves_the_frames_in_flight() {
        let budget = MemoryBudget::new(TOTAL);
        let lengths = [SMALL, 2 * SMALL, 200 * SMALL];
        let body = stream::iter(frames(&lengths).map(Ok::<_, Infallible>).collect::<Vec<_>>());
        let response = warp::reply::stream(body).into_response();
        let response = budget.reservation(Account(1)).cover(response).await.unwrap();
        let mut body = response.into_body();
        let small = body.frame().await.unwrap().unwrap();
        assert_eq!(reserved(&budget), 0);
        let large = body.frame().await.unwrap().unwrap();
        assert_eq!(reserved(&budget), 2 * SMALL);
        // The client sees a broken body and not a short one.
        assert!(body.frame().await.unwrap().is_err());
        drop((small, large));
        assert_eq!(reserved(&budget), 0);
    }

    #[tokio::test]
    async fn a_whole_body_is_reserved_until_it_is_sent() {
        let budget = MemoryBudget::new(TOTAL);
        let response = Response::new(vec![b'x'; 60 * SMALL].into());
        let response = budget.reservation(Account(1)).cover(response).await.unwrap();
        assert_eq!(reserved(&budget), 60 * SMALL);
        let other = Response::new(vec![b'x'; 60 * SMALL].into());
        assert!(budget.reservation(Account(2)).cover(other).await.is_err());
        let sent = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!((sent.len(), reserved(&budget)), (60 * SMALL, 60 * SMALL));
        drop(sent);
        assert_eq!(reserved(&budget), 0);
    }

    #[test]
    fn an_account_gets_half_of_the_budget_and_returns_it() {
        let budget = MemoryBudget::new(TOTAL);
        let [mut first, mut second] = [1, 1].map(|account| budget.reservation(Account(account)));
        first.resize(30 * SMALL).unwrap();
        second.resize(20 * SMALL).unwrap();
        assert!(second.resize(20 * SMALL + 1).is_err());
        assert!(budget.reservation(Account(1)).resize(SMALL + 1).is_err());
        budget.reservation(Account(1)).resize(SMALL).unwrap();
        first.resize(2 * SMALL).unwrap();
        second.resize(40 * SMALL).unwrap();
        drop((first, second));
        assert!(budget.lock().is_empty());
    }

    #[test]
    fn a_body_larger_than_the_budget_must_be_alone() {
        let budget = MemoryBudget::new(TOTAL);
        let mut large = budget.reservation(Account(1));
        large.resize(300 * SMALL).unwrap();
        assert!(budget.reservation(Account(2)).resize(2 * SMALL).is_err());
        large.resize(60 * SMALL).unwrap();
        let mut other = budget.reservation(Account(2));
        other.resize(40 * SMALL).unwrap();
        assert!(other.resize(41 * SMALL).is_err());
    }
}
