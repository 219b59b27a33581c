//! What the programs share that tests under Wine start.

mod compiled;
mod plain;
#[cfg_attr(windows, path = "windows.rs")]
#[cfg_attr(not(windows), path = "other.rs")]
mod stop;

pub use compiled::{compile, own_source};
pub use plain::{answer_once, take_listener};
pub use stop::request_stop;
