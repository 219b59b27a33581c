//! The Markdown files of the repository, for the tests of what they say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file, and what is in it.
#[derive(Debug)]
pub struct Page {
    /// Where it is.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// A path in the repository.
#[must_use]
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

impl Page {
    /// Reads a file of the repository.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn read(path: &str) -> Self {
        Page::at(in_repository(path))
    }

    /// Reads a file.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|err| panic!("{path:?}: {err}"));
        Page { path, text }
    }

    /// The Markdown files of a folder, in order.
    ///
    /// # Panics
    ///
    /// When it cannot be listed.
    #[must_use]
    pub fn of_folder(folder: &str) -> Vec<Self> {
        let paths: BTreeSet<_> = entries(folder)
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .collect();
        paths.into_iter().map(Page::at).collect()
    }

    /// The READMEs of the published crates.
    ///
    /// # Panics
    ///
    /// When a crate has none.
    #[must_use]
    pub fn of_crates() -> Vec<Self> {
        let folders = ["core", "integrations"].into_iter().flat_map(entries);
        folders.map(|folder| Page::at(folder.join("README.md"))).collect()
    }

    /// All that is written for users.
    ///
    /// # Panics
    ///
    /// When one cannot be read.
    #[must_use]
    pub fn for_users() -> Vec<Self> {
        let pages = std::iter::once(Page::read("README.md"));
        pages.chain(Page::of_folder("docs")).chain(Page::of_crates()).collect()
    }

    /// All lines, with the language of the code block that they are in.
    pub fn lines(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let mut block = None;
        self.text.lines().filter_map(move |line| {
            match (line.trim_start().strip_prefix("```"), block) {
                (Some(language), None) => block = Some(language),
                (Some(_), Some(_)) => block = None,
                (None, _) => return Some((block, line)),
            }
            None
        })
    }

    /// The code blocks of a language.
    #[must_use]
    pub fn blocks(&self, language: &str) -> Vec<String> {
        let fence = format!("```{language}\n");
        let begun = self.text.split(&fence).skip(1);
        begun.filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
    }
}

fn entries(folder: &str) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(in_repository(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path())
}
