//! Compiles the crates of the program's package in the scratch folder: `rustc` alone, with the commands of
//! cargo.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail};
use cargo_metadata::Target;

use crate::build::replay::setup::Setup;
use crate::build::rustc_arguments::codegen;
use crate::doctor::bench::flags::elsewhere;
use crate::doctor::bench::mirror::Source;
use crate::doctor::bench::process::{Step, last_line};
use crate::doctor::bench::{Bench, MAX_COMPILE};
use crate::doctor::recorder::{MARK, Recorded, VARIABLE};
use crate::doctor::samples::Samples;
use crate::project::packages::{cargo, folder_of};
use crate::project::paths::normalized;

/// How the crate is compiled, apart from the command of cargo.
#[derive(Clone, Debug, Default)]
pub(in crate::doctor) struct Variant {
    /// Its folder in the scratch folder.
    pub(in crate::doctor) name: &'static str,
    pub(in crate::doctor) is_incremental: bool,
    /// More arguments for rustc.
    pub(in crate::doctor) more: Vec<OsString>,
}

/// The crates of the program's package.
#[derive(Debug)]
pub(in crate::doctor) struct Crates {
    pub(in crate::doctor) program: Crate,
    /// The library, where most of the code is if there is one.
    library: Option<Crate>,
}

/// A crate, and the command that compiles it.
#[derive(Debug)]
pub(in crate::doctor) struct Crate {
    name: &'static str,
    pub(in crate::doctor) recorded: Recorded,
    source: Source,
    /// Where its root is.
    root: PathBuf,
}

/// How often a compilation is measured, after the first one.
const TIMES: usize = 3;

impl Crates {
    /// Has cargo tell their commands, and makes copies of the package.
    ///
    /// # Errors
    ///
    /// When cargo does not tell them, or the copies cannot be made.
    pub(in crate::doctor) async fn find(bench: &Bench) -> anyhow::Result<Self> {
        let program = &bench.plan.recipe.program;
        let targets = &program.package.targets;
        let is_program = |target: &&Target| {
            target.name == program.name
                && if program.is_example { target.is_example() } else { target.is_bin() }
        };
        let of_program = targets.iter().find(is_program);
        let of_program = of_program.context("cargo does not name the root of the program")?;
        let library = match targets.iter().find(|target| target.is_lib()) {
            Some(target) => Some(Crate::find(bench, "library", target).await?),
            None => None,
        };
        let program = Crate::find(bench, "program", of_program).await?;
        Ok(Crates { program, library })
    }

    /// Compiles and links all from nothing, and then after a change of each root, some times.
    ///
    /// # Errors
    ///
    /// When something does not compile there, or that takes too long.
    pub(in crate::doctor) async fn compile(
        &self,
        bench: &Bench,
        variant: &Variant,
    ) -> anyhow::Result<Samples> {
        let program = self.program.compile(bench, variant).await?;
        match &self.library {
            Some(library) => Ok(program.plus(&library.compile(bench, variant).await?)),
            None => Ok(program),
        }
    }
}

impl Crate {
    async fn find(bench: &Bench, name: &'static str, target: &Target) -> anyhow::Result<Self> {
        let recorded = record(bench, name).await?;
        let root = normalized(target.src_path.as_std_path());
        let copy = bench.scratch.folder(&format!("{name}-package"))?;
        let package = folder_of(&bench.plan.recipe.program.package);
        let source = Source::mirror(&package, &root, &copy)?;
        Ok(Crate { name, recorded, source, root })
    }

    async fn compile(&self, bench: &Bench, variant: &Variant) -> anyhow::Result<Samples> {
        let step = self.step(bench, variant)?;
        step.time(&bench.launcher, bench.limit(MAX_COMPILE)?).await?;
        let mut changed = Vec::new();
        // The first one alone would also pay for files that are read for the first time.
        while changed.len() < TIMES {
            self.source.change()?;
            let Ok(limit) = bench.limit(MAX_COMPILE) else { break };
            changed.push(step.time(&bench.launcher, limit).await?);
        }
        Samples::of(changed).context("there is no time left")
    }

    /// The command of a variant.
    pub(in crate::doctor) fn step(&self, bench: &Bench, variant: &Variant) -> anyhow::Result<Step> {
        let Recorded { program, arguments, variables, folder } = &self.recorded;
        let out_dir = bench.scratch.folder(&format!("{}-{}-out", variant.name, self.name))?;
        let place = (folder.as_path(), self.root.as_path());
        let arguments = elsewhere(arguments, place, &self.source.path, &out_dir);
        let mut arguments = arguments.context("cargo's command does not name the source file")?;
        if variant.is_incremental {
            let kept =
                bench.scratch.folder(&format!("{}-{}-incremental", variant.name, self.name))?;
            let mut option = OsString::from("incremental=");
            option.push(kept);
            arguments.extend(["-C".into(), option]);
        }
        let is_emit = |argument: &OsString| argument.as_encoded_bytes().starts_with(b"--emit=");
        if variant.more.iter().any(is_emit) {
            // rustc would make both.
            arguments.retain(|argument| !is_emit(argument));
        }
        arguments.extend(variant.more.iter().cloned());
        let (program, variables, folder) = (program.clone(), variables.clone(), folder.clone());
        Ok(Step { program, arguments, only: true, variables, folder })
    }
}

/// Asks cargo for the command of a crate, by its name here. Nothing is compiled, and nothing that cargo has
/// built is replaced.
async fn record(bench: &Bench, name: &str) -> anyhow::Result<Recorded> {
    let file = bench.scratch.path().join(format!("{name}.json"));
    let this_program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut arguments = vec![OsString::from("rustc")];
    let mut rest = bench.plan.recipe.arguments.iter();
    while let Some(argument) = rest.next() {
        let names_program = argument == "--bin" || argument == "--example";
        match name == "library" && names_program {
            // With the name behind it.
            true => arguments.extend(rest.next().map(|_| "--lib".into())),
            false => arguments.push(argument.clone()),
        }
    }
    arguments.extend(["--", "--cfg", MARK].map(OsString::from));
    // As for a build, or cargo would compile other crates again.
    let recording = bench.plan.recipe.recording.as_ref().map(Setup::variables).transpose();
    let recording = recording.context("cannot link this program as cargo's wrapper")?;
    let recording = recording.into_iter().flatten();
    let mut variables: Vec<(OsString, OsString)> =
        recording.map(|(name, value)| (name.into(), value)).collect();
    variables.push(("RUSTC_WRAPPER".into(), this_program.into()));
    variables.push((VARIABLE.into(), file.clone().into()));
    let folder = bench.folder.clone();
    let step = Step { program: cargo(), arguments, only: false, variables, folder };
    let ended = step.run(&bench.launcher, bench.limit(MAX_COMPILE)?).await?;
    let Ok(text) = std::fs::read(&file) else {
        let last = last_line(&ended.stderr).unwrap_or_default();
        bail!("cargo rustc does not tell its command: {last}");
    };
    let recorded: Recorded = serde_json::from_slice(&text).context("cannot read its command")?;
    forget(&recorded, &bench.plan.recipe.program.package.name);
    Ok(recorded)
}

/// Removes the folder in which cargo has noted that the command has failed: the hash of its name is that of
/// the command with our mark, so no build has the same.
fn forget(recorded: &Recorded, package: &str) {
    let option = |at: usize| recorded.arguments.get(at + 1).map(PathBuf::from);
    let at = recorded.arguments.iter().position(|argument| argument == "--out-dir");
    let built = at.and_then(option).and_then(|deps| Some(deps.parent()?.to_owned()));
    let hash = codegen(&recorded.arguments, "extra-filename").filter(|hash| hash.len() > 1);
    if let Some((built, hash)) = built.zip(hash) {
        let _ =
            std::fs::remove_dir_all(built.join(".fingerprint").join(format!("{package}{hash}")));
    }
}
