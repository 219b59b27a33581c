//! The apps, and the projects with them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::fixture::{self, Place};

/// What is edited.
#[derive(Debug, Clone, Copy)]
pub(super) enum App {
    Hello,
    Realistic(Place),
}

impl App {
    /// A project of this app for a tool.
    pub(super) fn project(self, all: &Path, name: &str) -> anyhow::Result<PathBuf> {
        let folder = match self {
            App::Hello => new_project(all, name, "", &hello(usize::MAX))?,
            App::Realistic(_) => {
                let folder = all.join(folder_name(name));
                fixture::write(&folder, repository()?)?;
                prepare(&folder)?;
                self.save(&folder, usize::MAX)?;
                folder
            }
        };
        let bacon = "[jobs.serve]\ncommand = [\"cargo\", \"run\"]\nneed_stdout = true\n\
                     background = false\non_change_strategy = \"kill_then_restart\"\n";
        std::fs::write(folder.join("bacon.toml"), bacon)?;
        Ok(folder)
    }

    /// Writes the file in which this edit is.
    pub(super) fn save(self, folder: &Path, edit: usize) -> anyhow::Result<()> {
        let (file, source) = match self {
            App::Hello => ("src/main.rs", hello(edit)),
            App::Realistic(place) => (place.file(), place.source(edit)?),
        };
        Ok(std::fs::write(folder.join(file), source)?)
    }

    /// A part of the answer after this edit, and of no other.
    pub(super) fn answer(self, edit: usize) -> String {
        match self {
            App::Hello => format!("edit {edit}."),
            App::Realistic(place) => place.answer(edit),
        }
    }
}

/// A project with this source, and with dependencies beside axum and tokio.
pub(crate) fn new_project(
    all: &Path,
    name: &str,
    dependencies: &str,
    source: &str,
) -> anyhow::Result<PathBuf> {
    let folder = all.join(folder_name(name));
    std::fs::create_dir_all(folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n\
         axum = \"0.8\"\naxum-listenfd = {{ path = {:?} }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\
         {dependencies}",
        repository()?.join("integrations/axum")
    );
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    std::fs::write(folder.join("src/main.rs"), source)?;
    prepare(&folder)?;
    Ok(folder)
}

/// Makes a git repository of a folder, with the versions of dependencies of this repository.
fn prepare(folder: &Path) -> anyhow::Result<()> {
    // `cargo new` writes it; without it, peers take the built files for a change.
    std::fs::write(folder.join(".gitignore"), "/target\n")?;
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(folder).status()?;
    ensure!(git.success(), "git init: {git}");
    let lock = folder.join("Cargo.lock");
    // One that is there has the versions that were built.
    if !lock.exists() {
        std::fs::copy(repository()?.join("Cargo.lock"), lock)?;
    }
    Ok(())
}

fn repository() -> anyhow::Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no repository")
}

fn folder_name(tool: &str) -> String {
    tool.replace([' ', ',', '+'], "-")
}

/// The source of the small app, which answers with the number of the edit.
fn hello(edit: usize) -> String {
    format!(
        "use axum::{{Router, routing::get}};\n\n#[tokio::main]\n\
         async fn main() -> std::io::Result<()> {{\n    \
         let app = Router::new().route(\"/\", get(|| async {{ \"edit {edit}.\" }}));\n    \
         let addr = std::env::var(\"ADDR\").unwrap_or(\"127.0.0.1:0\".into());\n    \
         axum_listenfd::serve_or_bind(app, addr.as_str()).await\n}}\n"
    )
}
