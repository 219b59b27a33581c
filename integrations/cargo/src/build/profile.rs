//! The profile to build with.
//!
//! By default it is `dev` with less debug information: line tables for the user's packages, and none for those of
//! others. Backtraces keep all names of functions, and their lines in the user's code. The linker has much less to
//! copy. It is a profile of its own, so cargo builds into a folder of its own, and neither `cargo build` nor an
//! editor's checks wait for it.

use std::path::Path;

use listenfd_core::internal::env_var;
use toml::{Table, Value};

use crate::project::cargo_config::CargoConfig;
use crate::settings::values::Profile;

/// The name of our profile, and of its folder in the target directory.
pub(crate) const FAST: &str = "devserver";

const LINES: &str = "\"line-tables-only\"";

/// What the user has written about profiles.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    /// A profile of our name.
    fast: bool,
    /// The debug information of `dev`.
    debug: bool,
    /// That of single packages in `dev`.
    debug_of_packages: bool,
}

/// The arguments that make cargo build with the profile. `outside` are the names of the user's packages that are
/// outside of the workspace at `root`.
pub(crate) fn flags(
    chosen: &Profile,
    root: &Path,
    config: &CargoConfig,
    outside: &[&str],
) -> Vec<String> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    // If cargo cannot read it, the build will say so.
    let manifest = manifest.parse::<Table>().unwrap_or_default();
    let profiles = || {
        let tables = std::iter::once(&manifest).chain(config.tables());
        tables.filter_map(|table| table.get("profile"))
    };
    let dev = || profiles().filter_map(|all| all.get("dev"));
    let own = Own {
        fast: profiles().any(|all| all.get(FAST).is_some()),
        debug: dev().any(|dev| dev.get("debug").is_some())
            || env_var("CARGO_PROFILE_DEV_DEBUG").is_some(),
        debug_of_packages: dev().any(|dev| sets_debug_of_packages(dev, outside)),
    };
    flags_for(chosen, own, outside)
}

/// Whether a profile has debug information for single packages, or names one of `outside` in a way that cargo
/// would not let us name it once more.
fn sets_debug_of_packages(profile: &Value, outside: &[&str]) -> bool {
    let packages = profile.get("package").and_then(Value::as_table);
    packages.into_iter().flatten().any(|(spec, settings)| {
        let is_outside = outside.iter().any(|name| spec != name && spec.contains(name));
        is_outside || settings.get("debug").is_some()
    })
}

fn flags_for(chosen: &Profile, own: Own, outside: &[&str]) -> Vec<String> {
    let profile = |name: &str| vec!["--profile".to_owned(), name.to_owned()];
    match chosen {
        Profile::Named(name) if name != FAST => profile(name),
        _ if own.fast => profile(FAST),
        Profile::Auto if own.debug => profile("dev"),
        _ => {
            let mut arguments = profile(FAST);
            let mut set = |key: &str, value: &str| {
                arguments.extend(["--config".to_owned(), format!("profile.{FAST}.{key}={value}")]);
            };
            set("inherits", "\"dev\"");
            set("debug", LINES);
            if !own.debug_of_packages {
                // For cargo, "*" is every package that is no member of the workspace.
                set("package.\"*\".debug", "false");
                for name in outside {
                    set(&format!("package.\"{name}\".debug"), LINES);
                }
            }
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
        let flags = |chosen: &Profile, fast, debug| {
            flags_for(chosen, Own { fast, debug, debug_of_packages: false }, &[])
        };
        let fast = flags(&Profile::Auto, false, false);
        assert!(fast.contains(&"profile.devserver.debug=\"line-tables-only\"".to_owned()));
        assert_eq!(flags(&named("dev"), false, false), ["--profile", "dev"]);
        assert_eq!(flags(&named("release"), true, true), ["--profile", "release"]);
        assert_eq!(flags(&Profile::Auto, false, true), ["--profile", "dev"]);
        assert_eq!(flags(&Profile::Auto, true, true), ["--profile", "devserver"]);
        assert_eq!(flags(&named("devserver"), false, true), fast);
    }

    #[test]
    fn dependencies_have_no_line_tables_unless_the_user_says_what_they_have() {
        let own = Own::default();
        let fast = flags_for(&Profile::Auto, own, &["mine"]).join(" ");
        assert!(fast.contains("profile.devserver.package.\"*\".debug=false"));
        assert!(fast.contains("profile.devserver.package.\"mine\".debug=\"line-tables-only\""));
        let own = Own { debug_of_packages: true, ..own };
        assert!(!flags_for(&Profile::Auto, own, &["mine"]).join(" ").contains("package"));

        let sets = |text: &str| {
            let dev = Value::Table(format!("[package]\n{text}").parse().unwrap());
            sets_debug_of_packages(&dev, &["mine"])
        };
        assert!(!sets("'*' = { opt-level = 3 }\nmine = { opt-level = 1 }"));
        assert!(sets("'*' = { debug = 1 }"));
        assert!(sets("axum = { debug = true }"));
        assert!(sets("'mine@1.0.0' = { opt-level = 1 }"));
    }
}
