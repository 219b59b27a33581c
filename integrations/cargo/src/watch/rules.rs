//! Which files matter, and what a change of each means.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::build::inputs::Inputs;
use crate::watch::patterns::Patterns;

/// What a change of a file needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Pages are loaded again.
    Reload,
    /// The program is started again.
    Restart,
    /// The program is built, and started if it is another one.
    Build,
    /// The program is built, and started even if it is the same.
    Rebuild,
}

/// Which files and folders of a folder are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listing {
    /// Only single files.
    #[default]
    Named,
    /// Files and folders that git does not ignore.
    NotIgnored,
    /// Also, of the files that git ignores, `.env` and the like, and those in a package's own
    /// folder.
    Wide,
    /// All files and folders.
    All,
}

/// Which files matter, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) patterns: Patterns,
    /// The folders where cargo builds. Nothing in them matters, unless it is an input.
    pub(crate) targets: Vec<PathBuf>,
    /// Whether the packages are in a git repository. Outside of one, `.gitignore` files count, too.
    pub(crate) is_in_repository: bool,
    /// The folders of the packages that are built.
    pub(crate) packages: Vec<PathBuf>,
    /// The folders of other packages of the workspace, which may lie within.
    pub(crate) other_packages: Vec<PathBuf>,
    /// `Cargo.lock`, cargo's configuration, the toolchain.
    pub(crate) settings: BTreeSet<PathBuf>,
    /// The inputs of the last good build.
    pub(crate) inputs: Inputs,
    /// The errors of the last build, if it has failed.
    pub(crate) error: Option<String>,
    /// The folder of the workspace.
    pub(crate) root: PathBuf,
    /// Where programs look for environment files, which are often ignored by git.
    pub(crate) dotenv: BTreeSet<PathBuf>,
    /// Whether the program has crashed: then any changed file in the workspace may be the cure.
    pub(crate) is_wide: bool,
}

impl Rules {
    /// What a change of this file needs, if anything. `is_ignored` tells whether git ignores the
    /// file.
    pub(crate) fn need(&self, path: &Path, is_ignored: bool) -> Option<Need> {
        let is_input = self.inputs.files.contains(path);
        if self.patterns.ignore.is_match(path) || (self.is_built(path) && !is_input) {
            return None;
        }
        // An input needs a build, even if it is also named by `--restart` or `--reload`.
        if is_input || self.settings.contains(path) {
            return Some(Need::Build);
        }
        if self.patterns.env_files.contains(path) {
            return Some(Need::Restart);
        }
        if is_scratch(path) {
            return None;
        }
        if self.patterns.watch.is_match(path) {
            return Some(Need::Rebuild);
        }
        if self.patterns.restart.is_match(path) {
            return Some(Need::Restart);
        }
        if self.patterns.reload.is_match(path) {
            return Some(Need::Reload);
        }
        let is_below = |folders: &BTreeSet<PathBuf>| folders.iter().any(|f| path.starts_with(f));
        let may_matter = || {
            is_below(&self.inputs.packages)
                || (is_source(path) && self.is_in_a_package(path))
                || self.is_missed(path)
        };
        let matters = is_below(&self.inputs.folders) || (!is_ignored && may_matter());
        matters.then_some(Need::Build)
    }

    /// Whether a change of this file, which does not matter otherwise, may cure a crash.
    pub(crate) fn may_cure(&self, path: &Path) -> bool {
        !self.patterns.ignore.is_match(path) && !self.is_built(path) && !is_scratch(path)
    }

    /// Whether the file is in a package that is built.
    pub(crate) fn is_near(&self, path: &Path) -> bool {
        self.packages.iter().any(|package| path.starts_with(package))
    }

    /// The folders to look into, and how much of each.
    pub(crate) fn all_folders(&self) -> impl Iterator<Item = (&PathBuf, Listing)> {
        let listing = if self.is_wide { Listing::Wide } else { Listing::NotIgnored };
        let roots = self.packages.iter().chain(self.is_wide.then_some(&self.root));
        let whole = self.whole_folders().map(|folder| (folder, Listing::All));
        roots.map(move |root| (root, listing)).chain(whole)
    }

    /// Whether cargo builds in a folder around this path.
    pub(crate) fn is_built(&self, path: &Path) -> bool {
        self.targets.iter().any(|target| path.starts_with(target))
    }

    /// Single files that matter, in any folder.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let named = self.patterns.roots().filter(|root| !root.is_dir());
        let built = self.inputs.files.iter().chain(&self.settings);
        built.chain(&self.patterns.env_files).chain(&self.dotenv).chain(named)
    }

    /// Folders in which all files matter, even those that git ignores.
    fn whole_folders(&self) -> impl Iterator<Item = &PathBuf> {
        // The root of a pattern such as `*.html` is a package, where git's rules hold.
        let roots = self.patterns.roots().filter(|root| !self.packages.contains(root));
        self.inputs.folders.iter().chain(roots)
    }

    /// Whether the innermost package around the path is one that is built.
    fn is_in_a_package(&self, path: &Path) -> bool {
        let depth = |folders: &[PathBuf]| {
            let around = folders.iter().filter(|folder| path.starts_with(folder));
            around.map(|folder| folder.components().count()).max()
        };
        depth(&self.packages) > depth(&self.other_packages)
    }

    /// Whether the last error names the file, such as a file to include.
    fn is_missed(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        name.zip(self.error.as_deref()).is_some_and(|(name, error)| error.contains(name))
    }
}

/// Whether the file may become an input at any time, as a new module or manifest.
pub(crate) fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
        || path.file_name().is_some_and(|name| name == "Cargo.toml")
}

/// Whether an editor writes the file next to another one: swap files, locks, backups.
fn is_scratch(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_swap = |extension: &str| extension.len() == 3 && extension.starts_with("sw");
    name.ends_with('~')
        || name.starts_with(".#")
        || name.starts_with("._")
        || (name.starts_with('#') && name.ends_with('#'))
        || (name.starts_with('.') && name.rsplit_once('.').is_some_and(|(_, ext)| is_swap(ext)))
        // vim tries to write this file.
        || name == "4913"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::resolved::Settings;
    use crate::settings::tables::Table;
    use crate::settings::values::Glob;

    fn rules(settings: Table) -> Rules {
        let settings = Settings::resolve(settings).unwrap();
        let set = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
        Rules {
            patterns: Patterns::new(&settings).unwrap(),
            targets: vec!["/ws/target".into()],
            is_in_repository: false,
            packages: vec!["/ws".into(), "/ws/dep".into()],
            other_packages: vec!["/ws/other".into()],
            settings: set(&["/ws/Cargo.lock"]),
            inputs: Inputs {
                files: set(&["/ws/src/main.rs", "/ws/page.html", "/ws/target/gen/out.rs"]),
                folders: set(&["/ws/proto"]),
                packages: set(&["/ws/dep"]),
            },
            error: Some("couldn't read `src/missing.txt`".into()),
            root: "/ws".into(),
            dotenv: set(&["/ws/.env"]),
            is_wide: false,
        }
    }

    fn globs(patterns: &[&str]) -> Option<Vec<Glob>> {
        let base = std::env::temp_dir();
        Some(
            patterns
                .iter()
                .map(|pattern| Glob { base: base.clone(), pattern: (*pattern).into() })
                .collect(),
        )
    }

    #[track_caller]
    fn check(rules: &Rules, expected: &[(&str, Option<Need>)]) {
        for (path, need) in expected {
            assert_eq!(rules.need(Path::new(path), false), *need, "{path}");
        }
    }

    #[test]
    fn files_that_a_build_depends_on_or_may_depend_on() {
        let expected = [
            ("/ws/src/main.rs", Some(Need::Build)),
            ("/ws/src/new.rs", Some(Need::Build)),
            ("/ws/page.html", Some(Need::Build)),
            ("/ws/other.html", None),
            ("/ws/app.db", None),
            ("/ws/Cargo.lock", Some(Need::Build)),
            ("/ws/Cargo.toml", Some(Need::Build)),
            ("/ws/proto/a/b.proto", Some(Need::Build)),
            ("/ws/dep/whatever", Some(Need::Build)),
            ("/ws/other/src/lib.rs", None),
            ("/ws/missing.txt", Some(Need::Build)),
            ("/ws/target/devserver/x.rs", None),
            ("/ws/target/gen/out.rs", Some(Need::Build)),
            ("/elsewhere/lib.rs", None),
        ];
        let rules = rules(Table::default());
        check(&rules, &expected);
        // A file that git ignores matters if it is an input.
        for (path, need) in [
            ("/ws/src/main.rs", Some(Need::Build)),
            ("/ws/proto/a/b.proto", Some(Need::Build)),
            ("/ws/src/new.rs", None),
            ("/ws/dep/whatever", None),
        ] {
            assert_eq!(rules.need(Path::new(path), true), need, "{path}");
        }
    }

    #[test]
    fn files_that_may_cure_a_crash() {
        let rules = rules(Table::default());
        for (name, may_cure) in [
            ("/ws/app.db", true),
            ("/ws/.env", true),
            ("/ws/other/config.yaml", true),
            ("/ws/.app.db.swp", false),
            ("/ws/app.db~", false),
            ("/ws/target/debug/app", false),
        ] {
            assert_eq!(rules.may_cure(Path::new(name)), may_cure, "{name}");
        }
    }

    #[test]
    fn files_that_the_settings_name() {
        let dir = std::env::temp_dir();
        let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
        let rules = Rules {
            inputs: Inputs {
                files: BTreeSet::from([dir.join("built-in.css")]),
                ..Inputs::default()
            },
            ..rules(Table {
                watch: globs(&["*.graphql"]),
                ignore: globs(&["*.tmp", "no.graphql"]),
                restart: globs(&["*.tera"]),
                reload: globs(&["*.css"]),
                env_files: globs(&[".env"]),
                ..Table::default()
            })
        };
        let expected = [
            ("a.graphql", Some(Need::Rebuild)),
            ("no.graphql", None),
            ("a.tmp", None),
            ("a.tera", Some(Need::Restart)),
            (".env", Some(Need::Restart)),
            ("a.css", Some(Need::Reload)),
            (".a.tera.swp", None),
            ("a.tera~", None),
            (".#a.tera", None),
            ("#a.tera#", None),
            ("4913", None),
            ("built-in.css", Some(Need::Build)),
        ];
        for (name, need) in expected {
            assert_eq!(rules.need(Path::new(&path(name)), false), need, "{name}");
        }
    }
}
