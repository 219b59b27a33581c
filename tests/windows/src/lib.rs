//! What the programs share that tests under Wine start.

#[cfg_attr(windows, path = "windows.rs")]
#[cfg_attr(not(windows), path = "other.rs")]
mod stop;

pub use stop::request_stop;
