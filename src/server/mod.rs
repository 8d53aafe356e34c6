//! Bytes in, bytes out: listeners, connection limits, deadlines, start and stop. HTTP itself is in `http`.

mod connection_limit;
mod lingering_close;
mod listener;
mod server;
mod write_deadline;

pub use listener::{Listener, LocalAddr};
pub use server::{Config, Deadlines, Server};
