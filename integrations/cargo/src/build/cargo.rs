//! One build: cargo as a child, what it says, and what it made.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use cargo_metadata::Message;
use cargo_metadata::diagnostic::DiagnosticLevel;
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::sync::oneshot;

use crate::project::package::{Program, cargo, place_of};
use crate::project::withheld::without_configuration;
use crate::run::launcher::{Launcher, Role};
use crate::terminal::screen::Screen;

/// What to build and how.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) program: Program,
    /// cargo's arguments after `build`.
    pub(crate) arguments: Vec<OsString>,
}

/// What a build came to.
#[derive(Debug)]
pub(crate) enum Built {
    /// A program.
    Good(Box<Artifact>),
    /// None, and what cargo and the compiler say about it, without colors.
    Bad(String),
}

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    pub(crate) executable: PathBuf,
    /// Tells this file from another at the same path.
    pub(crate) identity: Identity,
    /// What each build script has said.
    pub(crate) scripts: Vec<Script>,
}

/// What a build script has said.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) package: cargo_metadata::PackageId,
    pub(crate) out_dir: PathBuf,
    pub(crate) linked_paths: Vec<PathBuf>,
    pub(crate) env: Vec<(String, String)>,
}

/// Inode, size and time of change: another build makes another file.
pub(crate) type Identity = (u64, u64, i64, i64);

/// A build that runs. Cancelled when dropped.
#[derive(Debug)]
pub(crate) struct Cancel(
    #[allow(dead_code, reason = "it is the drop that counts")] oneshot::Sender<()>,
);

/// What cargo is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doing<'a> {
    /// It waits for another one; what it says.
    Waits(&'a str),
    /// It compiles, or has nothing to compile: it has read, and written, `Cargo.lock`.
    Compiles,
}

/// What cargo says when it has resolved the dependencies.
const COMPILES: [&str; 5] = ["Checking", "Compiling", "Dirty", "Finished", "Fresh"];
/// What cargo says when another one is in its way.
const BLOCKED: &str = "Blocking";
/// How long cargo may take to end when asked to.
const PATIENCE: Duration = Duration::from_secs(1);

impl Recipe {
    /// Starts a build. The result says how it ended, `None` when it was cancelled; `doing` is called
    /// with what cargo says when it waits for another one, and when it has begun to compile.
    ///
    /// # Errors
    ///
    /// When cargo cannot be started.
    pub(crate) fn start<B, D>(
        &self,
        launcher: &Launcher,
        screen: &Screen,
        doing: B,
        done: D,
    ) -> anyhow::Result<Cancel>
    where
        B: Fn(Doing<'_>) + 'static,
        D: FnOnce(Option<Built>) + 'static,
    {
        let prepared = launcher.prepare(cargo(), Role::Build);
        let mut prepared = prepared.context("cannot prepare to start cargo")?;
        let command = &mut prepared.command;
        command.arg("build").args(&self.arguments).args(self.output_arguments(screen));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("CARGO_TERM_COLOR", if screen.has_color { "always" } else { "never" });
        if screen.is_terminal && screen.has_color && !screen.is_quiet() {
            // cargo draws its progress bar only on a terminal, and what it says has to pass
            // through us, to be shown to browsers as well.
            let width = rustix::termios::tcgetwinsize(std::io::stderr());
            let columns = width.map(|size| size.ws_col).ok().filter(|columns| *columns > 0);
            command.env("CARGO_TERM_PROGRESS_WHEN", "always");
            command.env("CARGO_TERM_PROGRESS_WIDTH", columns.unwrap_or(80).to_string());
        } else {
            command.env("CARGO_TERM_PROGRESS_WHEN", "never");
        }
        let mut child = prepared.spawn().context("cannot start cargo")?;
        let control = child.control();
        let (stdout, stderr) = (child.take_stdout(), child.take_stderr());
        let (cancel, cancelled) = oneshot::channel::<()>();
        let (screen, program) = (screen.clone(), self.program.clone());
        tokio::task::spawn_local(async move {
            let outputs = async {
                let (messages, text) = tokio::join!(
                    read_messages(stdout, &program, &screen),
                    read_text(stderr, &screen, &doing)
                );
                let status = child.wait().await;
                (messages, text, status)
            };
            tokio::pin!(outputs);
            let ended = tokio::select! {
                ended = &mut outputs => Some(ended),
                _ = cancelled => None,
            };
            let Some((messages, text, status)) = ended else {
                control.signal(Signal::TERM);
                if tokio::time::timeout(PATIENCE, &mut outputs).await.is_err() {
                    control.signal(Signal::KILL);
                    let _ = outputs.await;
                }
                return done(None);
            };
            done(Some(result(&program, messages, text, status)));
        });
        Ok(Cancel(cancel))
    }

    fn output_arguments(&self, screen: &Screen) -> Vec<&'static str> {
        let format = match screen.has_color {
            true => "--message-format=json-diagnostic-rendered-ansi",
            false => "--message-format=json",
        };
        let mut arguments = vec![format];
        if screen.is_quiet() {
            arguments.push("--quiet");
        }
        arguments
    }
}

/// What cargo's messages come to.
#[derive(Debug, Default)]
struct Messages {
    executable: Option<PathBuf>,
    scripts: Vec<Script>,
    diagnostics: String,
}

async fn read_messages(
    stdout: Option<impl AsyncRead + Unpin>,
    program: &Program,
    screen: &Screen,
) -> Messages {
    let mut found = Messages::default();
    let Some(stdout) = stdout else { return found };
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // Build scripts may print what is no message.
        let Ok(message) = serde_json::from_str(&line) else { continue };
        match message {
            Message::CompilerArtifact(artifact) => {
                let target = &artifact.target;
                let is_program = artifact.package_id.repr.split('#').next()
                    == Some(place_of(&program.package))
                    && target.name == program.name
                    && target.is_example() == program.is_example;
                if let Some(path) = artifact.executable.filter(|_| is_program) {
                    found.executable = Some(path.into());
                }
            }
            Message::BuildScriptExecuted(script) => found.scripts.push(Script {
                package: script.package_id,
                out_dir: script.out_dir.into(),
                linked_paths: script.linked_paths.into_iter().map(Into::into).collect(),
                env: script.env,
            }),
            Message::CompilerMessage(message) => {
                let Some(rendered) = message.message.rendered else { continue };
                let is_error =
                    matches!(message.message.level, DiagnosticLevel::Error | DiagnosticLevel::Ice);
                if is_error || !screen.is_quiet() {
                    screen.whole_lines(rendered.as_bytes()).await;
                }
                if is_error {
                    let plain = anstream::adapter::strip_str(&rendered).to_string();
                    push(&mut found.diagnostics, &plain);
                }
            }
            _ => {}
        }
    }
    found
}

/// Passes on what cargo says, and keeps what it says about errors.
async fn read_text(
    stderr: Option<impl AsyncRead + Unpin>,
    screen: &Screen,
    doing: &impl Fn(Doing<'_>),
) -> String {
    let mut kept = String::new();
    let Some(mut stderr) = stderr else { return kept };
    let (mut buffer, mut line) = ([0; 4096], Vec::new());
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        screen.cargo_says(&buffer[..length]).await;
        for byte in &buffer[..length] {
            match byte {
                b'\n' => {
                    let text = String::from_utf8_lossy(&line);
                    let text = anstream::adapter::strip_str(&text).to_string();
                    keep(text.trim_end(), &mut kept, doing);
                    line.clear();
                }
                // What stood there is written over.
                b'\r' => line.clear(),
                byte if line.len() < LONGEST_LINE => line.push(*byte),
                _ => {}
            }
        }
    }
    kept
}

/// Adds as much as there is room for.
fn push(text: &mut String, more: &str) {
    if text.len() + more.len() <= MOST {
        text.push_str(more);
    } else if text.len() <= MOST {
        let left = MOST - text.len();
        let end = (0..=left).rev().find(|end| more.is_char_boundary(*end)).unwrap_or_default();
        text.push_str(&more[..end]);
        text.push_str(THE_REST);
    }
}

/// How much is kept of what cargo and the compiler say.
const MOST: usize = 1 << 20;
/// Longer than what is kept, so that it is said once.
const THE_REST: &str = "\n[the rest is shown in the terminal]\n";
/// What is beyond is left out of what is kept.
const LONGEST_LINE: usize = 64 * 1024;

/// What cargo is doing, which is no error.
const DOINGS: [&str; 14] = [
    "Adding",
    "Building",
    "Checking",
    "Compiling",
    "Dirty",
    "Downloaded",
    "Downloading",
    "Finished",
    "Fresh",
    "Locking",
    "Removing",
    "Running",
    "Updating",
    BLOCKED,
];

fn keep(line: &str, kept: &mut String, doing: &impl Fn(Doing<'_>)) {
    // Verbs are right-aligned in twelve columns.
    let verb = line.trim_start().split(' ').next().unwrap_or_default();
    let is_doing =
        line.find(verb).is_some_and(|at| at + verb.len() == 12) && DOINGS.contains(&verb);
    if is_doing && verb == BLOCKED {
        doing(Doing::Waits(line.trim_start()));
    }
    if is_doing && COMPILES.contains(&verb) {
        doing(Doing::Compiles);
    }
    if !is_doing {
        push(kept, &format!("{line}\n"));
    }
}

fn result(
    program: &Program,
    messages: Messages,
    text: String,
    status: std::io::Result<ExitStatus>,
) -> Built {
    let text = without_configuration(&text);
    let said = format!("{}{text}", messages.diagnostics);
    match status {
        Ok(status) if status.success() => {}
        Ok(_) if !said.trim().is_empty() => return Built::Bad(said),
        Ok(status) => return Built::Bad(format!("cargo build has ended: {status}\n")),
        Err(err) => return Built::Bad(format!("cannot wait for cargo build: {err}\n")),
    }
    let Some(executable) = messages.executable else {
        return Built::Bad(format!("cargo build names no program {:?}\n", program.name));
    };
    match identity(&executable) {
        Ok(identity) => {
            Built::Good(Box::new(Artifact { executable, identity, scripts: messages.scripts }))
        }
        Err(err) => Built::Bad(format!("cargo has built {}: {err}\n", executable.display())),
    }
}

fn identity(path: &Path) -> std::io::Result<Identity> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_limit() {
        let mut text = String::new();
        for _ in 0..1000 {
            push(&mut text, &"é".repeat(4000));
        }
        assert!(text.len() > MOST - 8 && text.len() < MOST + 100, "{}", text.len());
        assert!(text.ends_with(THE_REST) && text.matches('[').count() == 1);
    }

    #[test]
    fn what_cargo_does_is_no_error_and_what_it_says_is() {
        let (mut kept, blocks) = (String::new(), std::cell::Cell::new(0));
        for line in [
            "   Compiling app v0.1.0 (/app)",
            "    Blocking waiting for file lock on build directory",
            "error: failed to parse manifest",
            "  Building is what the user wrote",
        ] {
            keep(line, &mut kept, &|doing| {
                if let Doing::Waits(_) = doing {
                    blocks.set(blocks.get() + 1);
                }
            });
        }
        assert_eq!(kept, "error: failed to parse manifest\n  Building is what the user wrote\n");
        assert_eq!(blocks.get(), 1);
    }
}
