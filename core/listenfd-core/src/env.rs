//! The environment: the one file that reads it. Nothing writes it.

use std::ffi::OsString;

/// One variable of this process's environment; an empty one counts as unset.
///
/// Here, so that every crate of the project reads the environment in one place.
#[must_use]
pub fn env_var(name: &str) -> Option<OsString> {
    env_var_raw(name).filter(|value| !value.is_empty())
}

/// The same; an empty one counts as set.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn env_var_raw(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
