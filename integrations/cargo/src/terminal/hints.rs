//! Hints for users who may wonder why nothing happens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Remembers the hints that were given, so that none is given twice.
#[derive(Debug)]
pub(crate) struct Hints {
    folder: PathBuf,
    /// Environment files that a hint was given for.
    dotenv: BTreeSet<PathBuf>,
    /// Folder and extension of other files that a hint was given for.
    told: BTreeSet<(PathBuf, String)>,
}

/// Extensions of files that programs read while they run, and that people edit.
const READ_AT_RUN_TIME: [&str; 20] = [
    "css", "ftl", "hbs", "htm", "html", "j2", "jinja", "jinja2", "js", "json", "liquid",
    "mustache", "ron", "sql", "svg", "tera", "toml", "ts", "yaml", "yml",
];

/// For a program that has ended without an error and has left processes behind.
pub(crate) const DAEMON: &str = "it has gone into the background, where it could not be stopped before \
                                 the next one starts, so what it has left there was ended: let it run in \
                                 the foreground";

/// For a program that runs for long and is not ready.
pub(crate) const LATE: &str = "it has neither said READY=1 nor accepted a connection: what it waits for at its \
                               start may not be there, such as a database";

/// For a panic in code of others without a backtrace.
pub(crate) const NO_BACKTRACE: &str =
    "with RUST_BACKTRACE=1 in its environment, the place in your own code is shown";

impl Hints {
    pub(crate) fn new(folder: &Path) -> Self {
        Hints { folder: folder.to_owned(), dotenv: BTreeSet::new(), told: BTreeSet::new() }
    }

    /// A path, relative to the current folder where it is below it.
    pub(crate) fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string()
    }

    /// For files that have changed, but ask for nothing.
    pub(crate) fn about(&mut self, files: &[PathBuf]) -> Vec<String> {
        let mut messages = Vec::new();
        for file in files {
            if is_dotenv(file) && self.dotenv.insert(file.clone()) {
                let file = self.short(file);
                messages.push(format!(
                    "{file} is no part of the build; --env-file {file} gives the program its \
                     variables, and restarts it when they change"
                ));
            }
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
                "{} is no part of the build; --restart '{}' restarts the program when such \
                 files change, --reload only reloads pages",
                self.short(file),
                pattern.trim_start_matches('/')
            ));
        }
        messages
    }

    /// For files that each build seems to write.
    pub(crate) fn build_writes(&self, files: &[PathBuf]) -> String {
        let names: Vec<_> = files.iter().map(|file| self.short(file)).collect();
        format!(
            "{} changes with every build, so it seems that the build or the program writes it; the \
             next builds wait longer and longer (--ignore '{}' starts none)",
            names.join(", "),
            names.first().map(String::as_str).unwrap_or_default()
        )
    }

    /// For a program that has crashed.
    pub(crate) fn about_crash(&self, stderr: &str, has_port_env: bool) -> Option<String> {
        if stderr.contains("Registering a blocking socket") {
            let hint = "the handed socket is in blocking mode, as suppliers hand sockets over, and \
                        tokio takes none of these: call set_nonblocking(true) on it before tokio's \
                        from_std, or let serve_or_bind do it";
            return Some(hint.to_owned());
        }
        let in_use = ["AddrInUse", "Address already in use", "Address in use"];
        let is_in_use = in_use.iter().any(|text| stderr.contains(text));
        (is_in_use && !has_port_env).then(|| {
            "it binds an address that is held for it: let it take the handed socket \
             (serve_or_bind, or the listenfd crate), or give it a port by --port-env VARIABLE"
                .to_owned()
        })
    }
}

/// Whether it is an environment file, and not an example of one.
fn is_dotenv(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_example =
        ["example", "sample", "template", "dist"].iter().any(|end| name.ends_with(end));
    name == ".env" || (name.starts_with(".env.") && !is_example)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_has_one_hint() {
        let mut hints = Hints::new(Path::new("/p"));
        let files = ["/p/t/a.html", "/p/t/b.html", "/p/app.db", "/p/README.md", "/p/x.css"];
        let messages = hints.about(&files.map(PathBuf::from));
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(messages[0].contains("t/a.html") && messages[0].contains("--restart 't/*.html'"));
        assert!(messages[1].contains("--restart '*.css'"), "{}", messages[1]);
        assert!(hints.about(&[PathBuf::from("/p/t/c.html")]).is_empty());
    }

    #[test]
    fn an_environment_file_has_a_hint_of_its_own() {
        let mut hints = Hints::new(Path::new("/p"));
        let files = ["/p/.env", "/p/.env.example", "/p/.envrc"].map(PathBuf::from);
        let messages = hints.about(&files);
        assert!(messages.len() == 1 && messages[0].contains("--env-file .env "), "{messages:?}");
        assert!(hints.about(&files).is_empty());
    }

    #[test]
    fn a_program_that_gives_tokio_a_blocking_socket_is_told_what_to_do() {
        let hints = Hints::new(Path::new("/p"));
        let panic = "Registering a blocking socket with the tokio runtime is unsupported.";
        assert!(hints.about_crash(panic, false).unwrap().contains("set_nonblocking(true)"));
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
