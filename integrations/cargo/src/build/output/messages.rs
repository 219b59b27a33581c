//! cargo's messages on stdout, one JSON object a line.

use std::path::PathBuf;

use anstream::adapter::strip_str;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use cargo_metadata::{CompilerMessage, Message, PackageId, Target};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::build::artifact::{Said, Script};
use crate::build::output::count::Count;
use crate::build::output::diagnostics::Diagnostics;
use crate::build::output::kept_text::push;
use crate::project::packages::{Program, place_of};
use crate::terminal::places::Places;
use crate::terminal::screen::Screen;

/// The messages of one build, put together.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// The program, if cargo has built it.
    pub(crate) executable: Option<PathBuf>,
    pub(crate) scripts: Vec<Script>,
    /// The compiler's errors, without colors.
    pub(crate) errors: String,
    pub(crate) diagnostics: Diagnostics,
    /// What a replay repeats.
    pub(crate) said: Said,
}

/// So many of the compiler's messages are kept for replays.
pub(crate) const MOST_KEPT: usize = 1000;

impl Messages {
    /// Takes a message of the compiler, and shows it.
    pub(crate) async fn take(&mut self, message: &Diagnostic, places: &Places, screen: &Screen) {
        self.diagnostics.add(message, places);
        let Some(rendered) = &message.rendered else { return };
        let is_error = matches!(message.level, DiagnosticLevel::Error | DiagnosticLevel::Ice);
        if !is_error && screen.is_quiet() {
            return;
        }
        let plain = strip_str(rendered).to_string();
        let shown = if screen.has_color { rendered.as_bytes() } else { plain.as_bytes() };
        screen.whole_lines(shown).await;
        if is_error {
            push(&mut self.errors, &plain);
        }
    }

    /// Keeps a message, to be repeated while its crate is not compiled again.
    fn keep(&mut self, package: PackageId, target: Target, message: Diagnostic) {
        match self.said.diagnostics.len() < MOST_KEPT {
            true => self.said.diagnostics.push((package, target, message)),
            false => self.said.is_cut = true,
        }
    }
}

/// Reads the messages to their end and shows the diagnostics.
pub(crate) async fn read(
    stdout: Option<impl AsyncRead + Unpin>,
    program: &Program,
    places: &Places,
    count: &Count,
    screen: &Screen,
) -> Messages {
    let mut found = Messages::default();
    let Some(stdout) = stdout else { return found };
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // Build scripts may print lines that are no messages.
        let Ok(message) = serde_json::from_str(&line) else { continue };
        match message {
            Message::CompilerArtifact(artifact) => {
                count.note_done(artifact.fresh);
                if is_path(&artifact.package_id) {
                    let target = artifact.target.clone();
                    found.said.targets.push((artifact.package_id.clone(), target));
                }
                if is_program(&artifact, program) {
                    found.executable = artifact.executable.map(Into::into).or(found.executable);
                }
            }
            Message::BuildScriptExecuted(script) => {
                // cargo does not say whether it has run now.
                count.note_done(true);
                found.scripts.push(Script {
                    package: script.package_id,
                    out_dir: script.out_dir.into(),
                    linked_paths: script.linked_paths.into_iter().map(Into::into).collect(),
                    env: script.env,
                });
            }
            Message::CompilerMessage(message) => {
                let CompilerMessage { package_id, target, message, .. } = message;
                found.take(&message, places, screen).await;
                found.keep(package_id, target, message);
            }
            _ => {}
        }
    }
    found
}

fn is_program(artifact: &cargo_metadata::Artifact, program: &Program) -> bool {
    let target = &artifact.target;
    artifact.package_id.repr.split('#').next() == Some(place_of(&program.package))
        && target.name == program.name
        && target.is_example() == program.is_example
}

fn is_path(package: &PackageId) -> bool {
    package.repr.starts_with("path+")
}
