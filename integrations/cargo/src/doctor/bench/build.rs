//! cargo: one build as `cargo devserver` has it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::build::built::Built;
use crate::build::cargo::Recipe;
use crate::build::output::progress::Progress;
use crate::children::launcher::Launcher;
use crate::terminal::screen::Screen;

/// How a build has ended.
#[derive(Debug)]
pub(in crate::doctor) struct Build {
    pub(in crate::doctor) built: Built,
    pub(in crate::doctor) time: Duration,
    /// How long it has waited for another cargo.
    pub(in crate::doctor) blocked: Duration,
}

/// Builds the program, and shows what cargo says.
///
/// # Errors
///
/// When cargo cannot be started, or takes longer than `limit`.
pub(in crate::doctor) async fn build(
    recipe: &Arc<Recipe>,
    launcher: &Rc<Launcher>,
    screen: &Screen,
    limit: Duration,
) -> anyhow::Result<Build> {
    let (sender, receiver) = oneshot::channel();
    let (waits, blocked) = (Cell::new(None::<Instant>), Rc::new(Cell::new(Duration::ZERO)));
    let total = Rc::clone(&blocked);
    let progress = move |progress: Progress<'_>| match progress {
        Progress::Blocked(_) => waits.set(waits.get().or(Some(Instant::now()))),
        Progress::Compiles | Progress::Counts { .. } => {
            let waited = waits.take().map_or(Duration::ZERO, |since| since.elapsed());
            total.set(total.get() + waited);
        }
    };
    let since = Instant::now();
    // Dropping it cancels the build.
    let _cancel =
        recipe.start(None, launcher, screen, progress, |built, _| drop(sender.send(built)))?;
    let Ok(ended) = timeout(limit, receiver).await else {
        bail!("cargo build takes longer than {} s", limit.as_secs());
    };
    let built = ended.ok().flatten().context("cargo build has ended without a result")?;
    Ok(Build { built, time: since.elapsed(), blocked: blocked.get() })
}
