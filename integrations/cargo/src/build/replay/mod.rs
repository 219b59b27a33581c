//! Replay: a build by the `rustc` commands of an earlier build, without cargo.
//!
//! cargo stays the judge. It makes the first build of a session, and every build for which more than
//! the sources of the workspace's own crates has changed; anything doubtful is left to it, too.
//!
//! While cargo builds, this program is its `RUSTC_WORKSPACE_WRAPPER` (`setup`, `wrapper`) and writes
//! a `record` of each command. After the build, `prepare` turns the records into `unit`s and notes
//! the state of all `files` that count. At the next save, `conditions` finds out which crates those
//! files belong to, and `run` compiles these with `commands` that put their output into a folder of
//! our own, while it holds cargo's `lock`. At last, `place` puts the program where cargo would.

mod commands;
pub(crate) mod conditions;
mod dep_info;
mod files;
mod lock;
mod place;
pub(crate) mod prepare;
mod record;
pub(crate) mod run;
pub(crate) mod setup;
mod unit;
pub(crate) mod wrapper;
