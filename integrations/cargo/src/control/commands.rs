//! The commands: each asks a running devserver, prints its answer, and says by its exit status how
//! it is.

use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use listenfd_core::internal::{env_var, escaped, escaped_json, escaped_lines};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::control::client::ask;
use crate::control::find::{Found, find, is_gone};
use crate::control::place::Place;
use crate::control::protocol::{Answer, Request};
use crate::control::status::Condition;
use crate::control::text::Shown;
use crate::project::packages::Project;
use crate::settings::commands::{Command, Which};
use crate::settings::resolved::CommandLine;

/// What is on disk is not served.
const BAD: u8 = 1;
/// As for invalid arguments.
const CANNOT_ASK: u8 = 2;
/// No devserver runs here.
const ABSENT: u8 = 3;
/// That of `timeout(1)`.
const LATE: u8 = 124;

const ENDED: &str = "cargo devserver has ended";

/// How a command ends: what is printed, and the exit status.
#[derive(Debug, Default)]
struct Ending {
    /// For stdout.
    json: Option<Value>,
    /// For stdout.
    text: String,
    /// For stderr.
    reason: String,
    code: u8,
}

/// Runs a command in this folder.
pub(crate) fn run(command: Command, folder: anyhow::Result<PathBuf>) -> ExitCode {
    let ending = folder.and_then(|folder| attempt(command, folder));
    let ending = ending.unwrap_or_else(|err| Ending {
        reason: format!("error: {}\n", escaped_lines(format!("{err:#}"))),
        code: CANNOT_ASK,
        ..Ending::default()
    });
    let json = ending.json.map(|json| format!("{}\n", escaped_json(json.to_string())));
    let stdout = json.unwrap_or(ending.text);
    // An error means that the reader is gone.
    let _ = io::stderr().write_all(ending.reason.as_bytes());
    let _ = io::stdout().write_all(stdout.as_bytes()).and_then(|()| io::stdout().flush());
    ending.code.into()
}

fn attempt(command: Command, folder: PathBuf) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the event loop")?;
    runtime.block_on(async move {
        match command {
            Command::Status { which, output, with_output } => {
                status(&which, folder, output.json, with_output).await
            }
            Command::Wait { which, output, limit } => {
                wait(Request::Wait, &which, folder, output.json, limit.timeout).await
            }
            Command::Restart { which, output, limit, no_wait } => {
                let request = Request::Restart { wait: !no_wait };
                wait(request, &which, folder, output.json, limit.timeout).await
            }
            Command::Stop { which } => stop(&which, folder).await,
        }
    })
}

/// The devserver in the project here, or why there is none.
async fn here(which: &Which, folder: PathBuf) -> anyhow::Result<Result<Found, String>> {
    let line = which.command_line(folder);
    let (project, target) = match Project::read(&line) {
        Ok(project) => {
            let target = project.target_directory(&line);
            (Some(project), target)
        }
        // The devserver runs on, and knows what is wrong.
        Err(err) => (None, usual_target(&line).ok_or(err)?),
    };
    let place =
        Place::open(&target).with_context(|| format!("cannot look into {}", target.display()))?;
    find(project.as_ref(), &line, place, which).await
}

/// The target folder of a project whose manifests cannot be read, if a devserver has run there: the one
/// that was asked for, or the nearest one in this folder and those above.
fn usual_target(line: &CommandLine) -> Option<PathBuf> {
    let asked = line.cargo.target_dir.clone();
    let asked = asked.or_else(|| env_var("CARGO_TARGET_DIR").map(PathBuf::from));
    let asked = asked.map(|target| line.folder.join(target));
    let usual = line.folder.ancestors().map(|folder| folder.join("target"));
    let mut all: Box<dyn Iterator<Item = PathBuf>> = match asked {
        Some(asked) => Box::new(std::iter::once(asked)),
        None => Box::new(usual),
    };
    all.find(|target| matches!(Place::open(target), Ok(Some(_))))
}

fn absent(reason: &str, json: bool) -> Ending {
    Ending {
        json: json.then(|| json!({ "state": "not-running" })),
        reason: format!("error: {reason}\n"),
        code: ABSENT,
        ..Ending::default()
    }
}

async fn status(
    which: &Which,
    folder: PathBuf,
    json: bool,
    output: bool,
) -> anyhow::Result<Ending> {
    let found = match here(which, folder).await? {
        Ok(found) => found,
        Err(reason) => return Ok(absent(&reason, json)),
    };
    let status = if output {
        match answer(ask(&found.address, Request::Status { output }).await)? {
            Some(status) => status,
            None => return Ok(absent(ENDED, json)),
        }
    } else {
        found.status
    };
    let text = Shown::of(&status)?.in_short();
    Ok(Ending { json: json.then_some(status), text, ..Ending::default() })
}

/// The status in an answer; `None` if the devserver has ended.
fn answer(answer: io::Result<Answer<Value>>) -> anyhow::Result<Option<Value>> {
    match answer {
        Ok(Answer::Status(status)) => Ok(Some(status)),
        Ok(Answer::Error(text)) => bail!("{}", escaped(text)),
        Err(err) if is_gone(&err) => Ok(None),
        Err(err) => Err(err).context("cargo devserver does not answer"),
    }
}

async fn wait(
    request: Request,
    which: &Which,
    folder: PathBuf,
    json: bool,
    limit: Option<Duration>,
) -> anyhow::Result<Ending> {
    let end = limit.map(|limit| Instant::now() + limit);
    let found = match until(end, here(which, folder)).await.transpose()? {
        Some(Ok(found)) => found,
        Some(Err(reason)) => return Ok(absent(&reason, json)),
        None => return Ok(late(None, json).await),
    };
    let status = match until(end, ask(&found.address, request)).await.map(answer).transpose()? {
        Some(Some(status)) => status,
        Some(None) => return Ok(absent(ENDED, json)),
        None => return Ok(late(Some(found), json).await),
    };
    let shown = Shown::of(&status)?;
    let is_good = shown.state == Condition::Serving || request == Request::Restart { wait: false };
    Ok(Ending {
        json: json.then_some(status),
        reason: if is_good { String::new() } else { shown.in_full() },
        code: if is_good { 0 } else { BAD },
        ..Ending::default()
    })
}

/// The result, if it comes before this moment.
async fn until<T>(end: Option<Instant>, result: impl Future<Output = T>) -> Option<T> {
    match end {
        Some(end) => timeout_at(end, result).await.ok(),
        None => Some(result.await),
    }
}

/// The end of a command that has waited for too long: with the status now, if there is one.
async fn late(found: Option<Found>, json: bool) -> Ending {
    let mut status = None;
    if let Some(found) = found {
        let end = Some(Instant::now() + Duration::from_secs(1));
        status = match until(end, ask(&found.address, Request::Status { output: false })).await {
            Some(Ok(Answer::Status(now))) => Some(now),
            _ => Some(found.status),
        };
    }
    let shown = status.as_ref().and_then(|status| Shown::of(status).ok());
    let now = shown.map(|shown| shown.headline()).unwrap_or_default();
    Ending {
        json: status.filter(|_| json),
        reason: format!("error: not served within the timeout\n{now}"),
        code: LATE,
        ..Ending::default()
    }
}

async fn stop(which: &Which, folder: PathBuf) -> anyhow::Result<Ending> {
    let found = match here(which, folder).await? {
        Ok(found) => found,
        Err(reason) => return Ok(absent(&reason, false)),
    };
    // If there is no answer, it has ended at this moment.
    answer(ask(&found.address, Request::Stop).await)?;
    Ok(Ending::default())
}
