//! The variable that tells a program of the page socket.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::env::env_var;

/// The variable: the version of this protocol, the boot id, the reserved path and the path of the page
/// socket, with a space between two of them. The last one may contain spaces.
pub const VARIABLE: &str = "LISTENFD_DEVSERVER";

const VERSION: &[u8] = b"1";

/// What `cargo devserver` announces to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Tells this start of the program from all others: small letters, digits and hyphens.
    pub boot: String,
    /// The reserved path. It begins and ends with a slash; see [`is_valid_path`].
    pub path: String,
    /// Where the page socket is.
    pub socket: PathBuf,
}

impl Announcement {
    /// What was announced to this process. `None` if nothing was, or if it is malformed or of another
    /// version: the program then runs without pages, as it does elsewhere.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        Self::parse(&env_var(VARIABLE)?)
    }

    /// The value of [`VARIABLE`].
    #[must_use]
    pub fn value(&self) -> OsString {
        let mut value = OsString::from(OsStr::from_bytes(VERSION));
        for part in [OsStr::new(&self.boot), OsStr::new(&self.path), self.socket.as_os_str()] {
            value.push(" ");
            value.push(part);
        }
        value
    }

    /// The announcement in a value of [`VARIABLE`]; `None` if it is malformed or of another version.
    #[must_use]
    pub fn parse(value: &OsStr) -> Option<Self> {
        let mut parts = value.as_bytes().splitn(4, |byte| *byte == b' ');
        if parts.next()? != VERSION {
            return None;
        }
        let boot = std::str::from_utf8(parts.next()?).ok().filter(|boot| is_valid_boot(boot))?;
        let path = std::str::from_utf8(parts.next()?).ok().filter(|path| is_valid_path(path))?;
        let socket = Path::new(OsStr::from_bytes(parts.next()?));
        socket.is_absolute().then(|| Announcement {
            boot: boot.into(),
            path: path.into(),
            socket: socket.into(),
        })
    }
}

/// Whether the path can be a reserved one: such as `/.devserver/`. It consists of one or more segments of
/// letters, digits and `-._~`, so it is the same in a URL, in HTML and in a header, and no segment is `.`
/// or `..`, which clients would remove.
#[must_use]
pub fn is_valid_path(path: &str) -> bool {
    /// Longer ones are a mistake, and each request's path is compared with it.
    const MAX_LENGTH: usize = 100;
    let segments = path.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    path.len() <= MAX_LENGTH
        && segments.is_some_and(|segments| segments.split('/').all(is_valid_segment))
}

fn is_valid_segment(segment: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !["", ".", ".."].contains(&segment) && segment.bytes().all(is_allowed)
}

fn is_valid_boot(boot: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !boot.is_empty() && boot.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn announcement(socket: impl Into<PathBuf>) -> Announcement {
        Announcement { boot: "3f9a-12".into(), path: "/.devserver/".into(), socket: socket.into() }
    }

    #[test]
    fn what_was_announced_is_read_again() {
        let odd = OsString::from_vec(b"/tmp/with  spaces \xff/pages".to_vec());
        for socket in [OsString::from("/tmp/d/pages"), odd] {
            let announced = announcement(socket);
            assert_eq!(Announcement::parse(&announced.value()), Some(announced));
        }
        let value = announcement("/tmp/d/pages").value();
        assert_eq!(value, "1 3f9a-12 /.devserver/ /tmp/d/pages");
    }

    #[test]
    fn what_is_malformed_or_of_another_version_counts_as_nothing() {
        for value in [
            "",
            "1",
            "1 a /p/",
            "1 a /p/ ",
            "1 a /p/ relative",
            "2 a /p/ /s",
            "1 A /p/ /s",
            "1  /p/ /s",
            "1 a p/ /s",
            "1 a / /s",
            "1 a /p/  /s",
        ] {
            assert_eq!(Announcement::parse(value.as_ref()), None, "{value}");
        }
        let odd = OsString::from_vec(b"1 \xff /p/ /s".to_vec());
        assert_eq!(Announcement::parse(&odd), None);
    }

    #[test]
    fn a_reserved_path_is_plain() {
        for path in ["/.devserver/", "/a/b/", "/~x_y-1./"] {
            assert!(is_valid_path(path), "{path}");
        }
        let long = format!("/{}/", "a".repeat(200));
        for path in
            ["", "/", "//", "/a", "a/", "/a//b/", "/./", "/../", "/a b/", "/\"/", "/%2e/", &long]
        {
            assert!(!is_valid_path(path), "{path}");
        }
    }
}
