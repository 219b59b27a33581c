//! The levers, each in a file of the same shape: `examine` measures, and `judge`, which is pure, says
//! what the figures mean.

pub(super) mod debug_info;
pub(super) mod incremental;
pub(super) mod inotify;
pub(super) mod linker;
pub(super) mod scanner;
pub(super) mod shared_target;
pub(super) mod start;
pub(super) mod watcher;

use crate::doctor::finding::Finding;

/// The finding, or the reason why there is none.
fn or_skipped(lever: &'static str, found: anyhow::Result<Finding>) -> Finding {
    found.unwrap_or_else(|err| Finding::Skipped(lever, format!("{err:#}")))
}
