//! The dependencies without their debug information: copies of their libraries, stripped.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::doctor::bench::link::Link;
use crate::doctor::bench::process::Step;
use crate::doctor::bench::{Bench, MAX_LINK};

/// Larger libraries are not copied.
const LARGEST: u64 = 2 << 30;

impl Link {
    /// The same link with stripped copies of the libraries that the user does not write. `None` if there
    /// is none.
    ///
    /// # Errors
    ///
    /// When they are too large, or cannot be stripped.
    pub(in crate::doctor) async fn without_debug_info(
        &self,
        bench: &Bench,
    ) -> anyhow::Result<Option<Link>> {
        let own = bench.plan.packages.iter().map(|package| package.name.replace('-', "_"));
        let own: Vec<_> = own.collect();
        let is_other = |path: &Path| {
            bench.plan.rules.targets.iter().any(|target| path.starts_with(target))
                && !path.starts_with(bench.scratch.path())
                && is_library_of_others(path, &own)
        };
        let folder = bench.scratch.folder("stripped")?;
        let (mut command, mut copies, mut size) = (self.command.clone(), Vec::new(), 0);
        for argument in &mut command.arguments {
            let path = PathBuf::from(&*argument);
            if !is_other(&path) {
                continue;
            }
            let copy = folder.join(path.file_name().unwrap_or_default());
            size += std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
            if size > LARGEST {
                bail!("the dependencies are larger than 2 GiB");
            }
            std::fs::copy(&path, &copy)
                .with_context(|| format!("cannot copy {}", path.display()))?;
            *argument = copy.to_str().context("a path is not UTF-8")?.to_owned();
            copies.push(copy);
        }
        if copies.is_empty() {
            return Ok(None);
        }
        let arguments = std::iter::once("--strip-debug".into());
        let arguments = arguments.chain(copies.into_iter().map(Into::into)).collect();
        let (program, folder) = ("strip".into(), bench.folder.clone());
        let step = Step { program, arguments, only: false, variables: Vec::new(), folder };
        step.time(&bench.launcher, bench.limit(MAX_LINK)?).await?;
        Ok(Some(self.with(command)))
    }
}

/// Whether a file is `libNAME-HASH.rlib` of a crate that is not one of these.
fn is_library_of_others(path: &Path, own: &[String]) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_prefix("lib").and_then(|name| name.strip_suffix(".rlib"));
    let name = name.and_then(|name| Some(name.rsplit_once('-')?.0));
    name.is_some_and(|name| !own.iter().any(|own| own == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_of_others_are_known_by_their_names() {
        let own = ["app".to_owned(), "my_lib".to_owned()];
        let is_other = |name: &str| is_library_of_others(Path::new(name), &own);
        assert!(is_other("/t/deps/libserde-0a1b.rlib"));
        assert!(!is_other("/t/deps/libmy_lib-0a1b.rlib"));
        assert!(!is_other("/t/deps/app.0a1b.rcgu.o") && !is_other("/t/deps/libx.so"));
    }
}
