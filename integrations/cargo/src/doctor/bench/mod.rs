//! The measurements: each has a limit, and happens in a folder of its own.
//!
//! `process` is a child, timed; `scratch` the folder. `compile` runs `rustc` on the program's crate, with
//! the arguments of `flags` and a package of `mirror`, and `link` the linker, by its `link_command`, with the
//! dependencies of `strip`.
//! `program` starts the program, `build` cargo.

pub(super) mod build;
pub(super) mod compile;
pub(super) mod flags;
pub(super) mod link;
pub(super) mod link_command;
mod mirror;
pub(super) mod process;
pub(super) mod program;
pub(super) mod scratch;
mod strip;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::build::artifact::Artifact;
use crate::children::launcher::Launcher;
use crate::project::cargo_config::CargoConfig;
use crate::session::plan::Plan;
use crate::terminal::screen::Screen;
use scratch::Scratch;

/// One compilation of the program's crate takes at most so long.
pub(super) const MAX_COMPILE: Duration = Duration::from_secs(60);
/// One link.
pub(super) const MAX_LINK: Duration = Duration::from_secs(30);

/// What every measurement needs.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) plan: Plan,
    pub(super) config: CargoConfig,
    pub(super) launcher: Rc<Launcher>,
    pub(super) artifact: Artifact,
    pub(super) scratch: Scratch,
    /// It shows nothing.
    pub(super) screen: Screen,
    /// The folder that cargo is started in.
    pub(super) folder: PathBuf,
    /// When all has to be over.
    pub(super) end: Instant,
}

impl Bench {
    /// The limit of a measurement that may take so long.
    ///
    /// # Errors
    ///
    /// When there is no time left.
    pub(super) fn limit(&self, longest: Duration) -> anyhow::Result<Duration> {
        match self.end.checked_duration_since(Instant::now()) {
            Some(left) => Ok(longest.min(left)),
            None => bail!("the time for all measurements is over"),
        }
    }

    /// The name of the profile in force.
    pub(super) fn profile(&self) -> &str {
        let arguments = &self.plan.recipe.arguments;
        let at = arguments.iter().position(|argument| argument == "--profile");
        let name = at.and_then(|at| arguments.get(at + 1)).and_then(|name| name.to_str());
        name.unwrap_or("dev")
    }

    /// Whether the profile in force is ours, and nobody has written it.
    pub(super) fn has_own_profile(&self) -> bool {
        self.plan.recipe.arguments.iter().any(|argument| argument == "--config")
    }
}
