//! The profile to build with.
//!
//! By default it is `dev` with line tables as the only debug information: backtraces keep their
//! lines, and linking takes about half of the time. It is a profile of its own, so cargo builds
//! into a folder of its own, and neither `cargo build` nor an editor's checks wait for it.

use std::path::Path;

use listenfd_core::internal::env_var;

use crate::project::cargo_config::CargoConfig;
use crate::settings::values::Profile;

/// The name of our profile, and of its folder in the target directory.
pub(crate) const FAST: &str = "devserver";

/// The arguments that make cargo build with the profile.
pub(crate) fn flags(chosen: &Profile, root: &Path, config: &CargoConfig) -> Vec<String> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    // If cargo cannot read it, the build will say so.
    let manifest = manifest.parse::<toml::Table>().unwrap_or_default();
    let in_manifest = |profile: &str| manifest.get("profile").and_then(|all| all.get(profile));
    let has_own = in_manifest(FAST).is_some() || config.value(&["profile", FAST]).is_some();
    let has_debug = in_manifest("dev").and_then(|dev| dev.get("debug")).is_some()
        || config.value(&["profile", "dev", "debug"]).is_some()
        || env_var("CARGO_PROFILE_DEV_DEBUG").is_some();
    flags_for(chosen, has_own, has_debug)
}

fn flags_for(chosen: &Profile, has_own: bool, has_debug: bool) -> Vec<String> {
    let profile = |name: &str| vec!["--profile".to_owned(), name.to_owned()];
    match chosen {
        Profile::Named(name) if name != FAST => profile(name),
        _ if has_own => profile(FAST),
        Profile::Auto if has_debug => profile("dev"),
        _ => {
            let config =
                |key, value| ["--config".to_owned(), format!("profile.{FAST}.{key}=\"{value}\"")];
            let mut arguments = profile(FAST);
            arguments.extend(config("inherits", "dev"));
            arguments.extend(config("debug", "line-tables-only"));
            arguments
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_the_user_are_left_alone() {
        let named = |name: &str| Profile::Named(name.to_owned());
        let fast = flags_for(&Profile::Auto, false, false);
        assert!(fast.contains(&"profile.devserver.debug=\"line-tables-only\"".to_owned()));
        assert_eq!(flags_for(&named("dev"), false, false), ["--profile", "dev"]);
        assert_eq!(flags_for(&named("release"), true, true), ["--profile", "release"]);
        assert_eq!(flags_for(&Profile::Auto, false, true), ["--profile", "dev"]);
        assert_eq!(flags_for(&Profile::Auto, true, true), ["--profile", "devserver"]);
        assert_eq!(flags_for(&named("devserver"), false, true), fast);
    }
}
