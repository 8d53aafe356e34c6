//! Backups, by command and on the server's schedule, and restores: under load, through kills, and with errors.

mod command;
mod files;
mod restore;
mod schedule;
mod under_load;
