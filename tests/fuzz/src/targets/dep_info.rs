//! The files that a build depends on, by cargo's dep-info and the output of build scripts.

use listenfd_devserver::parsers::{dep_info, script_output};

use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "dep_info",
    check,
    seeds: &[
        b"/t/a\\ b/app: /p/src/main.rs /p/a\\ b.txt /p/\xc3\xbc.rs\n\n/p/src/main.rs:\n",
        b"app: a\\\\b c\n",
        b"cargo:rerun-if-changed=a\ncargo::rerun-if-changed=b\ncargo:rerun-if-env-changed=X",
    ],
    words: &[": ", "\\ ", "\\\\", "cargo:", "cargo::", "rerun-if-changed=", "rerun-if-", "\n"],
};

fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let paths = dep_info(&text);
    let written: Vec<_> =
        paths.iter().map(|path| path.to_str().unwrap().replace(' ', "\\ ")).collect();
    assert!(written.iter().all(|path| !path.is_empty()));
    // After a path with a backslash at its end, the blank would belong to the path.
    if !written.iter().any(|path| path.ends_with('\\')) {
        assert_eq!(dep_info(&format!("app: {}", written.join(" "))), paths);
    }
    if let Some(paths) = script_output(&text) {
        assert!(paths.iter().all(|path| text.contains(path) && !path.contains('\n')));
    }
}
