//! One compiler as a child, from its start to its end.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;

use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::mpsc::Sender;

use crate::build::output::progress;
use crate::build::replay::commands::{arguments, script_of};
use crate::build::replay::conditions::Known;
use crate::build::replay::wrapper::NEXT;
use crate::children::launcher::{Control, Launcher};
use crate::children::role::Role;
use crate::project::file_system::gone;
use crate::terminal::screen::Screen;

/// What the compiler of the crate with this number tells.
#[derive(Debug)]
pub(super) enum Event {
    /// What the crate declares is there: crates that need it can be compiled.
    Metadata(usize),
    Said(usize, Diagnostic),
    /// A line that is no message of the compiler, such as from a macro.
    Line(String),
    Ended(usize, io::Result<ExitStatus>),
}

/// The variables by which cargo shares its limit of processes. Ours are not for the compiler.
pub(crate) const JOB_SERVERS: [&str; 3] = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];

/// Starts the compiler for a crate. `is_there` tells which crates have their newest output in our
/// folder.
///
/// # Errors
///
/// When it cannot be started, or a file of an earlier replay cannot be removed.
pub(super) fn start(
    known: &Known,
    index: usize,
    is_there: impl Fn(&str) -> bool,
    (launcher, screen): (&Launcher, &Screen),
    tell: &Sender<Event>,
) -> io::Result<Rc<Control>> {
    let unit = &known.crates[index].unit;
    // Of a library, rustc prefers the older one of two files. A program may be running.
    for extension in ["rlib", "rmeta", "", std::env::consts::EXE_EXTENSION] {
        gone(std::fs::remove_file(output(known, index, extension)))?;
    }
    let record = &unit.record;
    let program = known.wrapper.clone().unwrap_or_else(|| record.rustc.clone().into());
    let mut prepared = launcher.prepare(program, Role::Build)?;
    let command = &mut prepared.command;
    command.args(known.wrapper.is_some().then_some(&record.rustc));
    command.args(arguments(unit, &known.folder, is_there)).current_dir(&record.folder);
    command.envs(progress::variables(screen)).envs(&known.env);
    let script = script_of(unit, &known.artifact.scripts);
    let of_script = script.into_iter().flat_map(|script| &script.env);
    command.envs(of_script.map(|(name, value)| (name, value))).envs(&record.env);
    for name in JOB_SERVERS.into_iter().chain([NEXT]) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = prepared.spawn()?;
    let (control, tell) = (child.control(), tell.clone());
    tokio::task::spawn_local(async move {
        read(child.take_stderr(), index, &tell).await;
        // An error means that nobody waits any more.
        let _ = tell.send(Event::Ended(index, child.wait().await)).await;
    });
    Ok(control)
}

/// The file of a crate's output in our folder.
pub(super) fn output(known: &Known, index: usize, extension: &str) -> PathBuf {
    let unit = &known.crates[index].unit;
    let prefix = if unit.is_linked() { "" } else { "lib" };
    let mut path = known.folder.join(format!("{prefix}{}-{}", unit.name, unit.hash));
    if !extension.is_empty() {
        path.as_mut_os_string().push(".");
        path.as_mut_os_string().push(extension);
    }
    path
}

/// A line of the compiler that is no diagnostic.
#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "$message_type")]
    kind: String,
    emit: Option<String>,
}

async fn read(stderr: Option<impl AsyncRead + Unpin>, index: usize, tell: &Sender<Event>) {
    let Some(stderr) = stderr else { return };
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let event = match serde_json::from_str::<Notification>(&line) {
            Ok(it) if it.kind == "artifact" => match it.emit.as_deref() {
                Some("metadata") => Event::Metadata(index),
                _ => continue,
            },
            Ok(it) if it.kind == "diagnostic" => match serde_json::from_str(&line) {
                Ok(diagnostic) if is_sum(&diagnostic) => continue,
                Ok(diagnostic) => Event::Said(index, diagnostic),
                Err(_) => Event::Line(line),
            },
            Ok(_) => continue,
            Err(_) => Event::Line(line),
        };
        let _ = tell.send(event).await;
    }
}

/// Whether a message may be about the replay and not about the user's code: then cargo is asked.
pub(super) fn is_doubtful(message: &Diagnostic) -> bool {
    /// Crates that cannot be found or do not fit.
    const CODES: [&str; 9] =
        ["E0460", "E0461", "E0462", "E0463", "E0464", "E0514", "E0519", "E0523", "E0786"];
    let text = &message.message;
    let code = message.code.as_ref().map(|code| code.code.as_str());
    match message.level {
        DiagnosticLevel::Ice => true,
        DiagnosticLevel::Error => {
            code.is_some_and(|code| CODES.contains(&code))
                || text.starts_with("extern location")
                || message.spans.is_empty()
        }
        _ => false,
    }
}

/// Whether a message is about the number of others. cargo leaves these out, too.
fn is_sum(message: &Diagnostic) -> bool {
    let text = &message.message;
    let ends = ["warning emitted", "warnings emitted"];
    text.starts_with("aborting due to") || ends.iter().any(|end| text.ends_with(end))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn doubtful(level: &str, text: &str, code: Option<&str>, has_span: bool) -> bool {
        let span = json!({
            "file_name": "src/main.rs", "byte_start": 0, "byte_end": 1, "line_start": 1,
            "line_end": 1, "column_start": 1, "column_end": 2, "is_primary": true, "text": [],
            "label": null, "suggested_replacement": null, "suggestion_applicability": null,
            "expansion": null
        });
        let spans: Vec<Value> = has_span.then_some(span).into_iter().collect();
        let code = code.map(|code| json!({ "code": code, "explanation": null }));
        let message = json!({
            "$message_type": "diagnostic", "message": text, "level": level, "spans": spans,
            "code": code, "children": [], "rendered": text
        });
        is_doubtful(&serde_json::from_value(message).unwrap())
    }

    #[test]
    fn only_errors_in_the_users_code_are_taken_for_such() {
        assert!(!doubtful("error", "mismatched types", Some("E0308"), true));
        assert!(!doubtful("warning", "unused", None, false));
        assert!(doubtful("error", "can't find crate for `util`", Some("E0463"), true));
        assert!(doubtful("error", "extern location for util does not exist: /t", None, true));
        assert!(doubtful("error", "linking with `cc` failed: exit status: 1", None, false));
        assert!(doubtful("error: internal compiler error", "unexpected panic", None, true));
    }
}
