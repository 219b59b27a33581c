//! Paths as the editor knows them, where it runs on another system: outside of a container, or on
//! Windows.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::page::state::{PageState, Panic, Place};
use crate::project::file_system::with_slashes;

/// Folders here, and what the editor calls them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathMap(Vec<(PathBuf, String)>);

impl PathMap {
    /// Parses values such as `/app=/home/me/app`. The first one that fits applies.
    ///
    /// # Errors
    ///
    /// When one is malformed.
    pub(crate) fn parse(values: &[String]) -> anyhow::Result<Self> {
        let parse = |value: &String| {
            let problem =
                || format!("--editor-path {value}: expected FROM=TO, as /app=/home/me/app");
            let (from, to) = value.split_once('=').with_context(problem)?;
            if !Path::new(from).has_root() || to.is_empty() {
                bail!("{}", problem());
            }
            Ok((PathBuf::from(from), to.trim_end_matches('/').to_owned()))
        };
        values.iter().map(parse).collect::<anyhow::Result<_>>().map(PathMap)
    }

    /// The path for the editor.
    pub(crate) fn apply(&self, path: &Path) -> PathBuf {
        let mapped = self.0.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from).ok()?;
            let rest = with_slashes(rest.to_str()?);
            Some(if rest.is_empty() { to.into() } else { format!("{to}/{rest}").into() })
        });
        mapped.unwrap_or_else(|| path.to_owned())
    }

    /// Applies it to all places of a state.
    pub(crate) fn apply_to(&self, state: &mut PageState) {
        if self.0.is_empty() {
            return;
        }
        let problem = state.problem.as_mut();
        let (diagnostics, panic) =
            problem.map(|problem| (problem.diagnostics.iter_mut(), problem.panic.as_mut())).unzip();
        let in_diagnostics = diagnostics.into_iter().flatten().filter_map(|it| it.place.as_mut());
        let panics = state.panics.iter_mut().chain(panic.flatten());
        for place in in_diagnostics.chain(panics.flat_map(places)) {
            place.path = self.apply(&place.path);
        }
    }
}

fn places(panic: &mut Panic) -> impl Iterator<Item = &mut Place> {
    panic.place.iter_mut().chain(panic.frame.iter_mut().map(|(_, place)| place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_replaced_and_parts_of_names_are_not() {
        let values = ["/app/gen=/tmp/gen/", "/app=/C:/code/my=app"].map(str::to_owned);
        let map = PathMap::parse(&values).unwrap();
        for (path, mapped) in [
            ("/app/src/main.rs", "/C:/code/my=app/src/main.rs"),
            ("/app", "/C:/code/my=app"),
            ("/app/gen/a.rs", "/tmp/gen/a.rs"),
            ("/apple/a.rs", "/apple/a.rs"),
        ] {
            assert_eq!(map.apply(Path::new(path)), Path::new(mapped));
        }
        let root = PathMap::parse(&["/=//wsl.localhost/Debian".to_owned()]).unwrap();
        assert_eq!(root.apply(Path::new("/a/b")), Path::new("//wsl.localhost/Debian/a/b"));
        for value in ["/app", "app=/x", "/app=", "=/x"] {
            let err = PathMap::parse(&[value.to_owned()]).unwrap_err().to_string();
            assert!(err.contains("expected FROM=TO"), "{err}");
        }
    }

    #[test]
    fn all_places_of_a_state_are_mapped() {
        let place = || Place { file: "a.rs".into(), path: "/app/a.rs".into(), line: 1, column: 1 };
        let panic = Panic {
            number: 1,
            thread: String::new(),
            message: String::new(),
            place: Some(place()),
            frame: Some(("app::main".into(), place())),
            at: 0,
        };
        let mut state = PageState { panics: vec![panic], ..PageState::default() };
        PathMap::parse(&["/app=/x".to_owned()]).unwrap().apply_to(&mut state);
        let text = serde_json::to_string(&state).unwrap();
        assert!(text.matches("/x/a.rs").count() == 2 && !text.contains("/app/"), "{text}");
    }
}
