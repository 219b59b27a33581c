//! A copy of a package in which one file can be changed: the user's own is never touched.
//!
//! The other files of the package are links where the system has them, so that `mod` and `include_str!`
//! find what they name.

use std::cell::Cell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::doctor::system;

/// The root of the crate, in the copy.
#[derive(Debug)]
pub(in crate::doctor) struct Source {
    pub(in crate::doctor) path: PathBuf,
    text: Vec<u8>,
    changes: Cell<usize>,
}

impl Source {
    /// Makes the copy of the package in `package`, whose root is this `file`, in the folder `into`.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or is too large where files have to be copied.
    pub(in crate::doctor) fn mirror(
        package: &Path,
        file: &Path,
        into: &Path,
    ) -> anyhow::Result<Self> {
        let within = file.strip_prefix(package);
        let within = within.with_context(|| format!("{} is elsewhere", file.display()))?;
        let text =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let (mut from, mut to) = (package.to_owned(), into.to_owned());
        let mut room = system::ROOM;
        for part in within {
            std::fs::create_dir_all(&to).context("cannot make a folder")?;
            link_others(&from, &to, part, &mut room)?;
            from.push(part);
            to.push(part);
        }
        let source = Source { path: to, text, changes: Cell::new(0) };
        source.write(0)?;
        Ok(source)
    }

    /// Changes the file, as no change before has.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(in crate::doctor) fn change(&self) -> anyhow::Result<()> {
        self.changes.set(self.changes.get() + 1);
        self.write(self.changes.get())
    }

    fn write(&self, changes: usize) -> anyhow::Result<()> {
        let text = changed(&self.text, changes);
        std::fs::write(&self.path, text).context("cannot write the copy of the source file")
    }
}

/// Links all that is in `from`, but `but`, to the folder `to`.
fn link_others(from: &Path, to: &Path, but: &OsStr, room: &mut u64) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(from);
    let entries = entries.with_context(|| format!("cannot list {}", from.display()))?;
    for entry in entries.flatten().filter(|entry| entry.file_name() != but) {
        let there = to.join(entry.file_name());
        system::link(&entry.path(), &there, room)
            .with_context(|| format!("cannot link {}", entry.path().display()))?;
    }
    Ok(())
}

/// The text with so many empty lines more: behind the first line if that names an interpreter.
fn changed(text: &[u8], changes: usize) -> Vec<u8> {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    let at = match text {
        text if text.starts_with(b"#!") && !text.starts_with(b"#![") => {
            text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1)
        }
        text if text.starts_with(BOM) => BOM.len(),
        _ => 0,
    };
    [&text[..at], &b"\n".repeat(changes), &text[at..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_changes_and_the_file_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("api");
        std::fs::create_dir_all(package.join("src/bin")).unwrap();
        let files = ["Cargo.toml", "src/lib.rs", "src/bin/app.rs", "src/bin/other.rs"];
        files.iter().for_each(|name| std::fs::write(package.join(name), name).unwrap());
        let file = package.join("src/bin/app.rs");
        let into = folder.path().join("copy");
        let source = Source::mirror(&package, &file, &into).unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert!(files.iter().all(|name| read(&into.join(name)) == *name));
        source.change().unwrap();
        source.change().unwrap();
        assert_eq!(read(&source.path), "\n\nsrc/bin/app.rs");
        assert_eq!((source.path, read(&file)), (into.join("src/bin/app.rs"), files[2].to_owned()));
    }

    #[test]
    fn a_change_leaves_the_meaning_as_it_is() {
        assert_eq!(changed(b"#![deny(warnings)]\n", 1), b"\n#![deny(warnings)]\n");
        assert_eq!(changed(b"#!/usr/bin/x\nfn main", 1), b"#!/usr/bin/x\n\nfn main");
        assert_eq!(changed(b"\xef\xbb\xbffn main", 2), b"\xef\xbb\xbf\n\nfn main");
    }
}
