//! A table of requests that are malformed, unusual or hostile, as bytes on a socket, each with the correct response.

mod bodies;
mod case;
mod chunks;
mod framing;
mod heads;
mod invalid_bytes;
mod media_types;
mod runner;
mod table;
mod targets;
