//! What to tell people who may wonder why nothing happens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Keeps from saying things twice.
#[derive(Debug)]
pub(crate) struct Hints {
    folder: PathBuf,
    /// Folder and extension of files that were spoken of.
    told: BTreeSet<(PathBuf, String)>,
}

/// What programs read while they run, and people edit.
const READ_AT_RUN_TIME: [&str; 20] = [
    "css", "ftl", "hbs", "htm", "html", "j2", "jinja", "jinja2", "js", "json", "liquid",
    "mustache", "ron", "sql", "svg", "tera", "toml", "ts", "yaml", "yml",
];

impl Hints {
    pub(crate) fn new(folder: &Path) -> Self {
        Hints { folder: folder.to_owned(), told: BTreeSet::new() }
    }

    /// A path as people here would write it.
    pub(crate) fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string()
    }

    /// Files that have changed and are part of nothing.
    pub(crate) fn about(&mut self, files: &[PathBuf]) -> Vec<String> {
        let mut messages = Vec::new();
        for file in files {
            let extension = file.extension().and_then(|extension| extension.to_str());
            let Some(extension) = extension.filter(|found| READ_AT_RUN_TIME.contains(found)) else {
                continue;
            };
            let parent = file.parent().unwrap_or(Path::new(""));
            if !self.told.insert((parent.to_owned(), extension.to_owned())) {
                continue;
            }
            let pattern = format!("{}/*.{extension}", self.short(parent));
            messages.push(format!(
                "{} is no part of the build; --restart '{}' starts the program anew when such \
                 files change, --reload only reloads pages",
                self.short(file),
                pattern.trim_start_matches('/')
            ));
        }
        messages
    }

    /// Files that each build seems to write anew.
    pub(crate) fn build_writes(&self, files: &[PathBuf]) -> String {
        let names: Vec<_> = files.iter().map(|file| self.short(file)).collect();
        format!(
            "{} changes with every build, so it seems that the build or the program writes it; the \
             next builds wait longer and longer (--ignore '{}' starts none)",
            names.join(", "),
            names.first().map(String::as_str).unwrap_or_default()
        )
    }

    /// What may be the matter with a program that has ended.
    pub(crate) fn about_crash(&self, stderr: &str, has_port_env: bool) -> Option<String> {
        let in_use = ["AddrInUse", "Address already in use", "Address in use"];
        let is_in_use = in_use.iter().any(|text| stderr.contains(text));
        (is_in_use && !has_port_env).then(|| {
            "it binds an address that is held for it: let it take the handed socket \
             (serve_or_bind, or the listenfd crate), or give it a port by --port-env VARIABLE"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_spoken_of_once() {
        let mut hints = Hints::new(Path::new("/p"));
        let files = ["/p/t/a.html", "/p/t/b.html", "/p/app.db", "/p/README.md", "/p/x.css"];
        let messages = hints.about(&files.map(PathBuf::from));
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(messages[0].contains("t/a.html") && messages[0].contains("--restart 't/*.html'"));
        assert!(messages[1].contains("--restart '*.css'"), "{}", messages[1]);
        assert!(hints.about(&[PathBuf::from("/p/t/c.html")]).is_empty());
    }

    #[test]
    fn a_program_that_binds_is_told_what_to_do() {
        let hints = Hints::new(Path::new("/p"));
        let panic = "panicked: Os { code: 98, kind: AddrInUse }";
        assert!(hints.about_crash(panic, false).unwrap().contains("--port-env"));
        assert_eq!(hints.about_crash(panic, true), None);
        assert_eq!(hints.about_crash("index out of bounds", false), None);
    }
}
