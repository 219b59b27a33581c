//! The environment: the one file that reads it. Nothing writes it.

use std::ffi::OsString;

/// A variable of this process's environment. An empty one counts as unset.
///
/// Every crate of this project reads the environment here.
#[must_use]
pub fn env_var(name: &str) -> Option<OsString> {
    env_var_raw(name).filter(|value| !value.is_empty())
}

/// As [`env_var`], but an empty variable counts as set.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn env_var_raw(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
