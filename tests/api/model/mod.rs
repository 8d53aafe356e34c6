//! A shadow model of the whole API: random sequences of valid and invalid requests run on a server and on plain vectors,
//! and every response must match what the model expects.

mod comparison;
mod create;
mod requests;
mod responses;
mod sequences;
mod state;
mod steps;
mod strategies;
mod update;
mod validation;
mod vocabulary;
