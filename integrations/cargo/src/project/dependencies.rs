//! Which of our adapters a program contains, by `Cargo.lock`.
//!
//! It lists what a build may use. A dependency that only tests or a feature need counts, too.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use cargo_metadata::Package;
use serde::Deserialize;

/// Which of our adapters a program contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Adapters {
    /// hyper-listenfd, by itself or below axum or warp: it takes connections over.
    pub(crate) hyper: bool,
    pub(crate) actix_web: bool,
}

/// The adapters, and those that contain one.
const HYPER: [&str; 3] = ["hyper-listenfd", "axum-listenfd", "warp-listenfd"];
const ACTIX_WEB: &str = "actix-web-listenfd";

/// A larger file is not read.
const LARGEST: u64 = 32 << 20;

#[derive(Debug, Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Adapters {
    /// Those of the first of these packages, which depends on the others by path. `root` is the
    /// workspace's folder. Without a usable `Cargo.lock`, such as before the first build, what the
    /// manifests name counts.
    pub(crate) fn of(packages: &[Package], root: &Path) -> Self {
        let locked = packages.first().and_then(|package| {
            let lock = read(&root.join("Cargo.lock"))?;
            reached(&lock, &package.name, &package.version.to_string())
        });
        let names = locked.unwrap_or_else(|| {
            let dependencies = packages.iter().flat_map(|package| &package.dependencies);
            dependencies.map(|dependency| dependency.name.clone()).collect()
        });
        let own = packages.iter().map(|package| package.name.as_str());
        let names: HashSet<&str> = names.iter().map(String::as_str).chain(own).collect();
        Adapters {
            hyper: HYPER.iter().any(|name| names.contains(name)),
            actix_web: names.contains(ACTIX_WEB),
        }
    }

    /// Whether there is one.
    pub(crate) fn is_any(self) -> bool {
        self.hyper || self.actix_web
    }
}

fn read(file: &Path) -> Option<Lock> {
    if std::fs::metadata(file).ok()?.len() > LARGEST {
        return None;
    }
    toml::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

/// The names of all packages that this one needs; `None` if it is not in the file.
fn reached(lock: &Lock, name: &str, version: &str) -> Option<HashSet<String>> {
    let mut by_name: HashMap<&str, Vec<&Locked>> = HashMap::new();
    for package in &lock.package {
        by_name.entry(&package.name).or_default().push(package);
    }
    let begin = by_name.get(name)?;
    // The file may still have the version before.
    let begin = begin.iter().find(|it| it.version == version).or(begin.first())?;
    let mut reached = HashSet::new();
    let mut seen = HashSet::new();
    let mut next = vec![*begin];
    while let Some(package) = next.pop() {
        if !seen.insert((&package.name, &package.version)) {
            continue;
        }
        reached.insert(package.name.clone());
        for dependency in &package.dependencies {
            // The version is there where the name alone is not clear.
            let mut parts = dependency.split(' ');
            let (name, version) = (parts.next().unwrap_or_default(), parts.next());
            let all = by_name.get(name).into_iter().flatten();
            next.extend(all.filter(|it| version.is_none_or(|version| it.version == version)));
        }
    }
    Some(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "api"
version = "0.1.0"
dependencies = ["helper 2.0.0"]

[[package]]
name = "axum-listenfd"
version = "0.1.0"
dependencies = ["hyper-listenfd"]

[[package]]
name = "helper"
version = "1.0.0"
dependencies = ["axum-listenfd"]

[[package]]
name = "helper"
version = "2.0.0"
source = "registry+https://example.org/index"
dependencies = ["api"]

[[package]]
name = "hyper-listenfd"
version = "0.1.0"

[[package]]
name = "web"
version = "0.1.0"
dependencies = [
 "helper 1.0.0 (registry+https://example.org/index)",
]
"#;

    fn names(package: &str) -> Option<Vec<String>> {
        let lock = toml::from_str(LOCK).unwrap();
        let mut names: Vec<_> = reached(&lock, package, "0.1.0")?.into_iter().collect();
        names.sort_unstable();
        Some(names)
    }

    #[test]
    fn what_a_package_needs_is_followed_by_name_and_version() {
        let web = ["axum-listenfd", "helper", "hyper-listenfd", "web"].map(str::to_owned);
        assert_eq!(names("web").unwrap(), web);
        // In a circle, as by dev-dependencies.
        assert_eq!(names("api").unwrap(), ["api", "helper"].map(str::to_owned));
        assert_eq!(names("gone"), None);
    }

    #[test]
    fn a_lock_file_of_cargo_is_understood() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        // A published package has none.
        let Some(lock) = read(&root.join("Cargo.lock")) else { return };
        let needed = reached(&lock, "axum-listenfd", "0.1.0").unwrap();
        assert!(needed.contains("hyper-listenfd") && !needed.contains("actix-web-listenfd"));
    }
}
