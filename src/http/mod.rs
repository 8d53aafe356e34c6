//! The API's table of contents, and what its handlers share. Requests come in through `gate`, find their route through
//! warp's filters, and are answered by one file a resource.

mod auth;
mod contacts;
mod conversations;
mod docs;
mod form;
mod forwarded;
mod gate;
mod groups;
mod guesses;
mod head;
mod health;
mod make;
mod members;
mod messages;
pub mod openapi;
mod operation;
mod peer_addr;
mod reply;
mod request;
mod room;
mod route;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

pub use forwarded::TrustedProxies;
pub use gate::{Gate, Routes, gate};
pub use guesses::GuessLimit;
pub use head::Head;
pub use peer_addr::PeerAddr;
pub use reply::turned_away;
pub use room::Room;
pub use route::Route;

/// The readers of what a client sends, each alone: for the fuzz targets (`fuzz/`) and the test of their corpus.
#[doc(hidden)]
pub mod readers {
    pub use super::auth::token;
    pub use super::form::{parse as form, parse_query as query};
    pub use super::gate::check_head;
    pub use super::head::RequestId;
    pub use super::request::{Body, condition, key};
}

use crate::error::Error;
use crate::store::tokens::Caller;
use crate::store::{self, Store, Tx};
use guesses::Guesses;

/// Every route of the API, a resource a line; paths are below the base path.
pub fn routes() -> Vec<Vec<Route>> {
    vec![
        groups::routes(),
        members::routes(),
        contacts::routes(),
        conversations::routes(),
        messages::routes(),
    ]
}

/// What requests are held to and how answers name this server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What comes before `/v1`: empty, or beginning and not ending with a slash.
    pub base_path: String,
    /// The longest request body, in bytes.
    pub max_body: usize,
    /// How long a body may take to arrive.
    pub body_deadline: Duration,
    /// The memory that large bodies and answers may take together, in bytes; one account may take half of it.
    pub max_room: usize,
    /// The most members that a group may have.
    pub max_group_contacts: usize,
    /// The URL under which clients reach this server, without a slash at its end.
    pub public_url: Option<String>,
    pub guesses: GuessLimit,
    pub trusted_proxies: TrustedProxies,
}

impl Settings {
    /// `path` as clients reach it: absolute where the public URL is known, never made from a request's `Host`.
    fn link(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_deref().unwrap_or_default())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            base_path: String::new(),
            max_body: 1 << 20,
            body_deadline: Duration::from_secs(30),
            max_room: 64 << 20,
            max_group_contacts: 1_000,
            public_url: None,
            guesses: GuessLimit::default(),
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

/// What every handler has at hand. A clone is another handle to the same.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

pub struct Shared {
    pub store: Store,
    pub settings: Settings,
    guesses: Guesses,
    pub room: Room,
    stopping: AtomicBool,
}

impl Api {
    pub fn new(store: Store, settings: Settings) -> Self {
        Api(Arc::new(Shared {
            store,
            guesses: Guesses::new(settings.guesses),
            room: Room::new(settings.max_room),
            settings,
            stopping: AtomicBool::new(false),
        }))
    }

    /// From now on `/healthz` tells that the server stops.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    /// Writes as `Store::write` does, for a caller whose token is looked at again in the same transaction: it may have been
    /// revoked while a body arrived or the write waited.
    async fn write<T, F>(&self, caller: Caller, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, store::Error> + Send + 'static,
    {
        Ok(self.store.write_as(caller, work).await?)
    }

    fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }
}

impl std::ops::Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// All that the server answers: each request gets a response, none is rejected.
pub fn filter(api: &Api) -> BoxedFilter<(Response,)> {
    let base = route::prefix(&api.settings.base_path);
    let resources = routes()
        .into_iter()
        .map(|resource| route::resource(api, resource))
        .reduce(|all, resource| all.or(resource).unify().boxed())
        .expect("the API has resources");
    base.and(resources)
        .or(health::filter(api))
        .unify()
        .or(docs::filter(api))
        .unify()
        .or(route::bodiless(api, route::unknown))
        .unify()
        .boxed()
}
