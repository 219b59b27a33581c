//! The variable that tells a server where its supplier listens.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::env::env_var;
use crate::handoff::version::HANDOFF_VERSION;

/// The variable: [`HANDOFF_VERSION`], a colon, the path of the supplier's socket. See [`variable_value`].
pub const VARIABLE: &str = "LISTENFD_STORE";

/// The supplier of this process, as far as it keeps connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supplier {
    /// Not one of this project, or one that keeps nothing.
    None,
    /// It has an fd store, and listens at this path.
    HasStore(PathBuf),
    /// It has another version of the handoff. Neither side understands the other.
    OtherVersion,
}

/// The supplier of this process.
#[must_use]
pub fn supplier() -> Supplier {
    env_var(VARIABLE).map_or(Supplier::None, |value| parse(&value))
}

fn parse(value: &OsStr) -> Supplier {
    match value.as_bytes().strip_prefix(format!("{HANDOFF_VERSION}:").as_bytes()) {
        Some(path) => Supplier::HasStore(OsStr::from_bytes(path).into()),
        None => Supplier::OtherVersion,
    }
}

/// The value of [`VARIABLE`] for a supplier that listens at `path`.
#[must_use]
pub fn variable_value(path: &Path) -> OsString {
    let mut value = OsString::from(format!("{HANDOFF_VERSION}:"));
    value.push(path);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::CONNECTIONS;

    #[test]
    fn a_supplier_of_another_version_is_not_asked() {
        let path = Path::new("/run/a:b/store");
        assert_eq!(parse(&variable_value(path)), Supplier::HasStore(path.into()));
        for other in ["/run/store", "1:/run/store", "3:/run/store", "22:/run/store", ""] {
            assert_eq!(parse(other.as_ref()), Supplier::OtherVersion, "{other}");
        }
        let version = HANDOFF_VERSION.to_string();
        assert!(CONNECTIONS.ends_with(&version));
    }
}
