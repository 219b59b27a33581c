//! Which devserver a command is for.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail};
use listenfd_core::internal::escaped;
use serde_json::Value;
use tokio::time::timeout;

use crate::control::client::ask;
use crate::control::place::Place;
use crate::control::protocol::{Answer, Request};
use crate::control::status::Target;
use crate::control::text::Shown;
use crate::project::packages::Project;
use crate::settings::commands::Which;
use crate::settings::resolved::CommandLine;

/// A devserver that runs.
#[derive(Debug)]
pub(super) struct Found {
    /// The address of its socket.
    pub(super) address: PathBuf,
    pub(super) status: Value,
    shown: Shown,
    /// The address goes through it.
    _place: Rc<Place>,
}

const STATUS: Request = Request::Status { output: false };
/// A devserver that has not answered after this time will not.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Finds the devserver in the target folder of the project here. `Err` of the inner result says why
/// there is none. The project is `None` where its manifests cannot be read.
///
/// # Errors
///
/// When there is no project, or there are several devservers to choose from.
pub(super) async fn find(
    project: Option<&Project>,
    line: &CommandLine,
    place: Option<Place>,
    which: &Which,
) -> anyhow::Result<Result<Found, String>> {
    let nothing = "no cargo devserver runs here".to_owned();
    let Some(place) = place else { return Ok(Err(nothing)) };
    let mut all = all(&Rc::new(place)).await?;
    let others = list(&all);
    all.retain(|found| is_wanted(&found.shown, which));
    let own = project.and_then(|project| own_program(project, line, &all));
    if let (2.., Some(only)) = (all.len(), own) {
        all = vec![all.swap_remove(only)];
    }
    if all.len() > 1 {
        bail!(
            "{} devservers run here; choose one with -p, --bin, --example or --pid:{}",
            all.len(),
            list(&all)
        );
    }
    Ok(all.pop().ok_or_else(|| match others.is_empty() {
        true => nothing,
        false => format!("no such cargo devserver runs here, but:{others}"),
    }))
}

/// All that run. The socket of one that was killed is left behind, and refuses.
async fn all(place: &Rc<Place>) -> anyhow::Result<Vec<Found>> {
    let (mut all, mut silent) = (Vec::new(), None);
    for socket in place.sockets().context("cannot list the target folder")? {
        let address = place.address(&socket);
        match timeout(TIMEOUT, ask(&address, STATUS)).await {
            Ok(Ok(Answer::Status(status))) => {
                let shown = Shown::of(&status)?;
                all.push(Found { address, status, shown, _place: Rc::clone(place) });
            }
            Ok(Ok(Answer::Error(text))) => bail!("{}: {}", socket.display(), escaped(text)),
            Ok(Err(err)) if is_gone(&err) => {}
            Ok(Err(err)) => return Err(err).with_context(|| socket.display().to_string()),
            Err(_) => silent = Some(socket),
        }
    }
    match silent {
        Some(socket) if all.is_empty() => bail!(
            "the cargo devserver at {} does not answer; it may be stopped (Ctrl-Z)",
            socket.display()
        ),
        _ => Ok(all),
    }
}

/// Whether an error says that no devserver is there, or none of this user.
pub(super) fn is_gone(err: &io::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, PermissionDenied, UnexpectedEof,
    };
    [BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, PermissionDenied, UnexpectedEof]
        .contains(&err.kind())
}

fn is_wanted(shown: &Shown, which: &Which) -> bool {
    // `NAME@VERSION` is a name to cargo, too.
    let package = which.package.as_ref().and_then(|name| name.split('@').next());
    let is_program = |wanted: &Option<String>, target| {
        let is_it = |name: &String| shown.target == target && shown.program == *name;
        wanted.as_ref().is_none_or(is_it)
    };
    package.is_none_or(|name| shown.package == name)
        && is_program(&which.bin, Target::Bin)
        && is_program(&which.example, Target::Example)
        && which.pid.is_none_or(|pid| shown.pid == pid)
}

/// The only one that runs what `cargo devserver` would run with these arguments.
fn own_program(project: &Project, line: &CommandLine, all: &[Found]) -> Option<usize> {
    let settings = project.settings(&line.table).ok()?;
    let program = project.program(&settings.program).ok()?;
    let target = if program.is_example { Target::Example } else { Target::Bin };
    let is_it = |found: &Found| {
        let shown = &found.shown;
        (shown.package.as_str(), shown.program.as_str(), shown.target)
            == (program.package.name.as_str(), program.name.as_str(), target)
    };
    let mut own = all.iter().enumerate().filter(|(_, found)| is_it(found));
    let (first, _) = own.next()?;
    own.next().is_none().then_some(first)
}

fn list(all: &[Found]) -> String {
    all.iter().map(|found| format!("\n  {}", found.shown.on_one_line())).collect()
}
