//! The contract's table of errors, as far as requests for groups can cause them.

mod authentication;
mod body;
mod parameters;
mod routing;
