//! Programs for Windows, under Wine: our receivers and suppliers, and those of other projects.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod devserver;
mod peers;
mod receiver;
mod restarted;
mod servers;
mod supplier;
mod unit_tests;
