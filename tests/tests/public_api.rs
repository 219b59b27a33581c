//! The public API of each published crate is the one in `api/`, so that a review shows each change of it.
//!
//! `just api` writes the files. They leave out what is `#[doc(hidden)]`, and auto traits but `Send` and `Sync`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use listenfd_core::internal::env_var;
use listenfd_tests::{Folder, program, require};
use serde_json::Value;

const CRATES: [&str; 8] = [
    "actix-web-listenfd",
    "axum-listenfd",
    "hyper-listenfd",
    "listenfd-core",
    "listenfd-devserver",
    "listenfd-lifecycle",
    "listenfd-systemfd",
    "warp-listenfd",
];

/// The versions of rustdoc's JSON that the crate `public-api` can read.
const FORMATS: std::ops::RangeInclusive<u64> = 57..=59;

const LEFT_OUT: [&str; 5] = ["Freeze", "RefUnwindSafe", "Unpin", "UnsafeUnpin", "UnwindSafe"];

#[test]
fn the_public_api_is_the_committed_one() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let json = rustdoc_json(repository);
    for name in CRATES {
        let path = json.join(name.replace('-', "_")).with_extension("json");
        let crate_json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let format = crate_json["format_version"].as_u64().unwrap();
        if !require(FORMATS.contains(&format), "a compiler whose rustdoc writes JSON of format 57")
        {
            return;
        }
        let found = public_api(&path);
        let committed = repository.join("api").join(name).with_extension("txt");
        if env_var("UPDATE_API").is_some() {
            fs::write(committed, found).unwrap();
        } else {
            compare(name, &fs::read_to_string(committed).unwrap_or_default(), &found);
        }
    }
}

/// Writes rustdoc's JSON for the whole workspace, and returns its folder.
///
/// Only nightly compilers have the option, others by `RUSTC_BOOTSTRAP`. A wrapper sets that for rustdoc alone:
/// with it, cargo would rebuild all dependencies.
fn rustdoc_json(repository: &Path) -> PathBuf {
    let folder = Folder::new();
    let rustdoc = folder.path("rustdoc");
    fs::write(&rustdoc, "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n").unwrap();
    fs::set_permissions(&rustdoc, fs::Permissions::from_mode(0o755)).unwrap();
    let target = program("probe").parent().unwrap().parent().unwrap().to_owned();
    let mut cargo = Command::new(env_var("CARGO").unwrap_or("cargo".into()));
    cargo.args(["doc", "--workspace", "--no-deps", "--all-features", "--lib", "--quiet"]);
    cargo.current_dir(repository).arg("--target-dir").arg(&target);
    cargo.env("RUSTDOC", rustdoc);
    cargo.env("RUSTDOCFLAGS", "-Z unstable-options --output-format json");
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("doc")
}

fn public_api(json: &Path) -> String {
    let api =
        public_api::Builder::from_rustdoc_json(json).omit_blanket_impls(true).build().unwrap();
    let is_kept =
        |line: &String| !LEFT_OUT.iter().any(|name| line.contains(&format!("::{name} for ")));
    let lines = api.items().map(ToString::to_string).filter(is_kept);
    lines.map(|line| line + "\n").collect()
}

#[track_caller]
fn compare(name: &str, committed: &str, found: &str) {
    let (old, new): (HashSet<_>, HashSet<_>) =
        (committed.lines().collect(), found.lines().collect());
    let removed =
        committed.lines().filter(|line| !new.contains(line)).map(|line| format!("- {line}\n"));
    let added = found.lines().filter(|line| !old.contains(line)).map(|line| format!("+ {line}\n"));
    let diff: String = removed.chain(added).collect();
    assert!(
        diff.is_empty(),
        "the public API of {name} has changed; if it should, run `just api` and commit api/{name}.txt:\n{diff}"
    );
}
