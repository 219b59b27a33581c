//! From the command line to a session: everything is checked before anything has an effect.

use std::rc::Rc;

use anyhow::{Context, bail};
use listenfd_systemfd::{Options, Sockets};

use crate::children::launcher::Launcher;
use crate::control::socket::Bound;
use crate::project::dependencies::Adapters;
use crate::session::Session;
use crate::session::page::{Opened, open_page_listener};
use crate::session::plan::Plan;
use crate::settings::listen::{BOTH_LOOPBACKS, Listen};
use crate::settings::resolved::CommandLine;
use crate::sys::NO_OVERLAP;
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;
use crate::web::held_sockets;

/// Runs a session to its end.
///
/// # Errors
///
/// When it cannot begin.
pub(crate) fn run(command_line: CommandLine, screen: &Screen) -> anyhow::Result<()> {
    let plan = Plan::make(&command_line, None)?;
    if let Some(reason) = NO_OVERLAP.filter(|_| plan.settings.overlap) {
        bail!("--overlap is not offered here: {reason}");
    }
    if command_line.print_config {
        screen.print(&plan.settings.to_toml()?);
        return Ok(());
    }
    let settings = &plan.settings;
    let strict = settings.strict_port;
    let (sockets, port) = match &settings.listen {
        Listen::Hold(specs) => {
            let adapters = Adapters::of(&plan.packages, &plan.recipe.places.root);
            let both = BOTH_LOOPBACKS && adapters.is_any();
            (held_sockets::open(specs, strict, both, screen)?, None)
        }
        Listen::PortEnv { variable, spec } => {
            let spec = held_sockets::free_port(spec, strict, screen)?;
            (no_sockets()?, Some((variable.clone(), spec)))
        }
    };
    let mut opened = Opened { sockets, port, pages: None };
    opened.pages = open_page_listener(&opened, &plan, screen)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the event loop")?;
    let launcher = Rc::new(Launcher::new()?);
    // Before the sockets are reported: then commands reach it.
    let bound = Bound::open(&plan.target, &plan.recipe.program.name);
    report(&opened, screen);
    let screen = screen.clone();
    let ended = tokio::task::LocalSet::new().block_on(&runtime, async move {
        Session::run(command_line, plan, opened, bound, launcher, screen).await
    });
    // Not waiting for other threads: they may wait for a process that never answers.
    runtime.shutdown_background();
    ended
}

fn no_sockets() -> anyhow::Result<Sockets> {
    Ok(Sockets::open(&[], &Options::default())?)
}

fn report(opened: &Opened, screen: &Screen) {
    held_sockets::report(&opened.sockets, screen);
    if let Some((_, spec)) = &opened.port {
        let address = held_sockets::url(spec, &spec.address);
        screen.report(&Report::Listening { address, name: None, fd: None });
    }
}
