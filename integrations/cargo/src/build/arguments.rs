//! The arguments of `cargo build`.

use std::ffi::OsString;
use std::path::Path;

use crate::build::profile;
use crate::project::cargo_config::CargoConfig;
use crate::project::packages::{Program, place_of};
use crate::settings::resolved::{CargoOptions, Settings};

/// The arguments after `build`, for a workspace in the folder `root`. `outside` are the names of the user's packages
/// that are outside of it.
pub(crate) fn of(
    program: &Program,
    settings: &Settings,
    cargo: &CargoOptions,
    root: &Path,
    config: &CargoConfig,
    outside: &[&str],
) -> Vec<OsString> {
    let mut all = flags(cargo, settings, program);
    let profile = profile::flags(&settings.profile, root, config, outside);
    all.extend(profile.into_iter().map(OsString::from));
    all
}

/// The flags that select the program and its features, and those that the user passes on to cargo.
fn flags(cargo: &CargoOptions, settings: &Settings, program: &Program) -> Vec<OsString> {
    let mut all = cargo.common_flags();
    let mut option = |flag: &str, value: OsString| all.extend([flag.into(), value]);
    let package = &program.package;
    option("--package", format!("{}#{}", place_of(package), package.name).into());
    option(if program.is_example { "--example" } else { "--bin" }, program.name.clone().into());
    if !settings.features.is_empty() {
        option("--features", settings.features.join(",").into());
    }
    if let Some(path) = &cargo.manifest_path {
        option("--manifest-path", path.into());
    }
    if let Some(path) = &cargo.target_dir {
        option("--target-dir", path.into());
    }
    if let Some(jobs) = &cargo.jobs {
        option("--jobs", jobs.into());
    }
    for (is_set, flag) in [
        (settings.all_features, "--all-features"),
        (settings.no_default_features, "--no-default-features"),
    ] {
        if is_set {
            all.push(flag.into());
        }
    }
    all
}
