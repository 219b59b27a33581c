//! A set of file patterns, as in `.gitignore`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::project::file_system::{
    IGNORES_CASE, absolute_pattern, with_case_of_disk, with_slashes,
};
use crate::project::paths::normalized;
use crate::settings::values::Glob;

/// The characters that have a meaning in patterns.
const SPECIAL: [char; 6] = ['*', '?', '[', ']', '{', '}'];

/// Several patterns at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Globs {
    set: GlobSet,
    /// The folders and files that all matches are at or below.
    pub(crate) roots: Vec<PathBuf>,
}

impl Globs {
    /// Parses patterns as in `.gitignore`: each is relative to its folder; without a slash it
    /// matches at any depth; if it matches a folder, it matches everything in it. `option` names
    /// them in errors.
    ///
    /// # Errors
    ///
    /// When a pattern is invalid, or, with `must_exist`, when it begins with a folder that does not
    /// exist.
    pub(crate) fn new(option: &str, globs: &[Glob], must_exist: bool) -> anyhow::Result<Self> {
        let (mut builder, mut roots) = (GlobSetBuilder::new(), Vec::new());
        for glob in globs {
            let context = || format!("{option} {:?}", glob.pattern);
            let root = root(glob);
            if must_exist && !root.exists() {
                bail!("{option} {:?}: there is no {}", glob.pattern, root.display());
            }
            for pattern in patterns(glob) {
                let mut glob = GlobBuilder::new(&pattern);
                glob.literal_separator(true).case_insensitive(IGNORES_CASE);
                builder.add(glob.build().with_context(context)?);
            }
            roots.push(root);
        }
        Ok(Globs { set: builder.build().context("too many patterns")?, roots })
    }

    pub(crate) fn is_match(&self, path: &Path) -> bool {
        self.set.is_match(path)
    }
}

/// The folder, or the file, that all matches are at or below.
fn root(glob: &Glob) -> PathBuf {
    let pattern = with_slashes(&glob.pattern);
    let literal = Path::new(pattern.trim_end_matches('/'))
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(SPECIAL));
    with_case_of_disk(normalized(&glob.base.join(literal.collect::<PathBuf>())))
}

fn patterns(glob: &Glob) -> Vec<String> {
    let pattern = with_slashes(&glob.pattern);
    let pattern = pattern.trim_end_matches('/');
    // In a pattern, `..` has no meaning, so it is resolved first.
    let (mut base, mut rest) = (glob.base.clone(), pattern);
    while let Some((first, after)) = rest.split_once('/') {
        match first {
            ".." => drop(base.pop()),
            "." => {}
            _ => break,
        }
        rest = after;
    }
    let (base, rest) = match absolute_pattern(pattern, &glob.base) {
        Some((root, rest)) => (globset::escape(&root), rest),
        None => {
            let base = base.to_string_lossy();
            (globset::escape(with_slashes(&base).trim_end_matches('/')), rest)
        }
    };
    let rest = rest.trim_start_matches('/');
    let mut all = vec![format!("{base}/{rest}"), format!("{base}/{rest}/**")];
    if !pattern.contains('/') {
        all.extend([format!("{base}/**/{rest}"), format!("{base}/**/{rest}/**")]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(pattern: &str) -> Globs {
        Globs::new("--watch", &[Glob::new(Path::new("/p [1]/app"), pattern)], false).unwrap()
    }

    #[track_caller]
    fn check(pattern: &str, root: &str, matches: &[&str], others: &[&str]) {
        let globs = globs(pattern);
        assert_eq!(globs.roots, [Path::new(root)]);
        for path in matches {
            assert!(globs.is_match(Path::new(path)), "{pattern} does not match {path}");
        }
        for path in others {
            assert!(!globs.is_match(Path::new(path)), "{pattern} matches {path}");
        }
    }

    #[test]
    fn patterns_mean_the_same_as_in_gitignore() {
        let app = "/p [1]/app";
        check("*.html", app, &["/p [1]/app/a.html", "/p [1]/app/t/b/a.html"], &["/p [1]/a.html"]);
        let inside = ["/p [1]/app/templates/a.html", "/p [1]/app/templates/x/b"];
        for pattern in ["templates/", "templates", "templates/**", "./templates/**"] {
            check(pattern, "/p [1]/app/templates", &inside, &["/p [1]/app/src/main.rs"]);
        }
        check("t/*.css", "/p [1]/app/t", &["/p [1]/app/t/a.css"], &["/p [1]/app/t/x/a.css"]);
        check("../common/**", "/p [1]/common", &["/p [1]/common/a"], &["/p [1]/app/common/a"]);
        check("/etc/app.toml", "/etc/app.toml", &["/etc/app.toml"], &["/p [1]/app/etc/app.toml"]);
    }

    #[test]
    fn missing_folders_and_invalid_patterns_are_named() {
        let glob = |pattern| [Glob::new(Path::new("/"), pattern)];
        let err = Globs::new("--watch", &glob("no-such/**"), true).unwrap_err().to_string();
        let folder = format!("{}no-such", std::path::MAIN_SEPARATOR);
        assert!(err.contains("--watch \"no-such/**\"") && err.ends_with(&folder), "{err}");
        let err = format!("{:#}", Globs::new("--ignore", &glob("a[b"), false).unwrap_err());
        assert!(err.contains("--ignore \"a[b\""), "{err}");
    }
}
