//! `cargo devserver` in real projects.
//!
//! - `projects`, `environment`: it finds the program, and runs it as `cargo run` would
//! - `changes`, `no_loops`: which saves start a build or a restart
//! - `same_program`: random edits come to the same program as plain cargo
//! - `swaps`, `crashes`: what happens after a build, and after a crash
//! - `replay`: builds without cargo
//! - `page_state`: what pages and commands are told
//! - `page`: what pages and others get below the reserved path
//! - `answers`, `bounds`, `pages_down`: what clients get while no program can run
//! - `terminal`, `slow_readers`, `job_control`: what a person sees, and the keys
//! - `commands`: `cargo devserver wait` and others
//! - `ends`: nothing is left behind
//!
//! `../cargo_devserver_load.rs` is a test of its own: its load would slow these down.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod bounds;
mod changes;
mod commands;
mod crashes;
mod ends;
mod environment;
mod job_control;
mod no_loops;
mod page;
mod page_state;
mod pages_down;
mod projects;
mod replay;
mod same_program;
mod slow_readers;
mod swaps;
mod terminal;
