//! The arguments of a `rustc`, changed so that it writes to another folder.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The arguments without the folders that rustc writes to, and with `source` for the root of the crate,
/// which is `root` in a command that runs in `folder`. `None` if the root is not among them.
pub(in crate::doctor) fn elsewhere(
    arguments: &[OsString],
    (folder, root): (&Path, &Path),
    source: &Path,
    out_dir: &Path,
) -> Option<Vec<OsString>> {
    let (mut kept, mut has_root) = (Vec::new(), false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_str().unwrap_or_default();
        match text {
            "--out-dir" => rest = rest.as_slice().get(1..).unwrap_or_default().iter(),
            "-C" if rest.as_slice().first().is_some_and(|next| is_incremental(next)) => {
                rest = rest.as_slice()[1..].iter();
            }
            _ if text.starts_with("--out-dir=") || text.starts_with("-Cincremental=") => {}
            _ if !has_root && is_root(argument, folder, root) => {
                has_root = true;
                kept.push(source.into());
            }
            _ => kept.push(argument.clone()),
        }
    }
    kept.extend(["--out-dir".into(), out_dir.into()]);
    has_root.then_some(kept)
}

fn is_incremental(option: &OsStr) -> bool {
    option.as_encoded_bytes().starts_with(b"incremental=")
}

fn is_root(argument: &OsStr, folder: &Path, root: &Path) -> bool {
    argument.as_encoded_bytes().ends_with(b".rs")
        && crate::project::paths::normalized(&folder.join(argument)) == root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> Vec<OsString> {
        let text = "--crate-name app --edition=2024 api/src/main.rs --emit=dep-info,link -C debuginfo=2 \
                    -C metadata=1 --out-dir /t/deps -C incremental=/t/incremental -L dependency=/t/deps";
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn nothing_is_written_where_cargo_builds() {
        let place = (Path::new("/w"), Path::new("/w/api/src/main.rs"));
        let (source, out) = (Path::new("/s/main.rs"), Path::new("/s/out"));
        let changed = elsewhere(&arguments(), place, source, out).unwrap();
        let changed: Vec<_> = changed.iter().map(|text| text.to_str().unwrap()).collect();
        assert_eq!(
            changed.join(" "),
            "--crate-name app --edition=2024 /s/main.rs --emit=dep-info,link -C debuginfo=2 \
             -C metadata=1 -L dependency=/t/deps --out-dir /s/out"
        );
        let elsewhere = elsewhere(&arguments(), (Path::new("/x"), place.1), source, out);
        assert_eq!(elsewhere, None, "the root is not among the arguments");
    }
}
