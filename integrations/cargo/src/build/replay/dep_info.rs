//! What rustc says of a crate that it has compiled: the files and the variables that it was made from.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::build::inputs::parse_dep_info;
use crate::build::replay::unit::Unit;
use crate::project::paths::normalized;

/// The files and the variables that a crate was made from.
#[derive(Debug)]
pub(crate) struct DepInfo {
    pub(crate) files: BTreeSet<PathBuf>,
    /// Names and values; `None` for a variable that was not set.
    pub(crate) variables: Vec<(String, Option<String>)>,
}

impl DepInfo {
    /// Reads it from the folder of the crate's output.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn read(unit: &Unit, folder: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(unit.dep_info(folder))?;
        let files = parse_dep_info(&text).into_iter();
        let files = files.map(|file| normalized(&unit.record.folder.join(file))).collect();
        Ok(DepInfo { files, variables: text.lines().filter_map(variable).collect() })
    }
}

/// A line such as `# env-dep:NAME=VALUE`, or `# env-dep:NAME` for a variable that was not set.
fn variable(line: &str) -> Option<(String, Option<String>)> {
    let rest = line.strip_prefix("# env-dep:")?;
    Some(match rest.split_once('=') {
        Some((name, value)) => (unescaped(name), Some(unescaped(value))),
        None => (unescaped(rest), None),
    })
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_with_and_without_a_value() {
        let found = |line: &str| variable(line);
        let of =
            |name: &str, value: Option<&str>| Some((name.to_owned(), value.map(str::to_owned)));
        assert_eq!(found("# env-dep:A=b=c\\nd\\\\"), of("A", Some("b=c\nd\\")));
        assert_eq!(found("# env-dep:A="), of("A", Some("")));
        assert_eq!(found("# env-dep:A"), of("A", None));
        assert_eq!(found("src/main.rs:"), None);
    }
}
