//! The arguments of `rustc`.

use std::ffi::OsStr;

/// The value of a codegen option (`-C NAME=VALUE`), the last one if there are several.
pub(crate) fn codegen<'a>(arguments: &'a [impl AsRef<OsStr>], name: &str) -> Option<&'a str> {
    let mut found = None;
    for (index, argument) in arguments.iter().enumerate() {
        let text = argument.as_ref().to_str().unwrap_or_default();
        let option = match text {
            "-C" | "--codegen" => arguments.get(index + 1).and_then(|next| next.as_ref().to_str()),
            "-g" if name == "debuginfo" => Some("debuginfo=2"),
            _ => text.strip_prefix("-C"),
        };
        let value = option.and_then(|option| option.strip_prefix(name)?.strip_prefix('='));
        found = value.or(found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_codegen_option_counts() {
        let with = |more: &[&str]| {
            let all = ["-C", "debuginfo=2", "-C", "metadata=1", "-C", "incremental=/t/incremental"];
            let all: Vec<_> = all.iter().chain(more).collect();
            codegen(&all, "debuginfo").map(str::to_owned)
        };
        assert_eq!(with(&[]).as_deref(), Some("2"));
        assert_eq!(with(&["-Cdebuginfo=1"]).as_deref(), Some("1"));
        assert_eq!(with(&["-Cdebuginfo=1", "-g"]).as_deref(), Some("2"));
        let incremental = ["-C", "incremental=/t/incremental"];
        assert_eq!(codegen(&incremental, "opt-level"), None);
        assert_eq!(codegen(&incremental, "incremental"), Some("/t/incremental"));
    }
}
