//! Links the program in the scratch folder: the linker alone, with the command of rustc.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::Context;

use crate::doctor::bench::compile::{Crates, Variant};
use crate::doctor::bench::link_command::LinkCommand;
use crate::doctor::bench::process::Step;
use crate::doctor::bench::{Bench, MAX_COMPILE, MAX_LINK};

/// The last step of a compilation, ready to be repeated.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct Link {
    pub(in crate::doctor) command: LinkCommand,
    name: &'static str,
    step: Step,
}

/// A longer command is passed in a file: Windows takes no longer one.
const LONGEST: usize = 30_000;

impl Link {
    /// Compiles a variant once more, and keeps what the linker reads.
    ///
    /// # Errors
    ///
    /// When rustc does not print the linker's command.
    pub(in crate::doctor) async fn of(
        bench: &Bench,
        of: &Crates,
        variant: &Variant,
    ) -> anyhow::Result<Self> {
        let mut step = of.program.step(bench, variant)?;
        let printed = bench.scratch.path().join(format!("{}-link", variant.name));
        let mut print = OsString::from("link-args=");
        print.push(&printed);
        step.arguments.extend(["--print".into(), print, "-C".into(), "save-temps".into()]);
        let temporary = bench.scratch.folder("tmp")?;
        for name in ["TMPDIR", "TMP", "TEMP"] {
            step.variables.push((name.into(), temporary.clone().into()));
        }
        step.time(&bench.launcher, bench.limit(MAX_COMPILE)?).await?;
        let text = std::fs::read_to_string(&printed);
        let text = text.context("rustc does not print the linker's command")?;
        let command = LinkCommand::parse(&text)?;
        step.variables.extend(command.os_variables());
        Ok(Link { command, name: variant.name, step })
    }

    /// The same with another command.
    pub(in crate::doctor) fn with(&self, command: LinkCommand) -> Self {
        Link { command, ..self.clone() }
    }

    /// Links once.
    ///
    /// # Errors
    ///
    /// When the linker fails, or takes too long.
    pub(in crate::doctor) async fn time(&self, bench: &Bench) -> anyhow::Result<Duration> {
        let mut step = self.step.clone();
        step.program = self.command.program.clone().into();
        step.arguments = self.command.arguments.iter().map(OsString::from).collect();
        if self.command.length() > LONGEST {
            let file = bench.scratch.path().join(format!("{}-arguments", self.name));
            std::fs::write(&file, self.command.file()).context("cannot write the arguments")?;
            let mut argument = OsString::from("@");
            argument.push(file);
            step.arguments = vec![argument];
        }
        step.time(&bench.launcher, bench.limit(MAX_LINK)?).await
    }
}
