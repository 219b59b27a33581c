//! The variable that tells a program of the page socket.

use std::ffi::{OsStr, OsString};

use super::{Place, parse_place, place_value};
use crate::env::env_var;

/// The variable: the version of this protocol, the boot id, the reserved path and the place of the page
/// socket, with a space between two of them. The last one may contain spaces.
pub const VARIABLE: &str = "LISTENFD_DEVSERVER";

const VERSION: &str = "1";

/// What `cargo devserver` announces to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Tells this start of the program from all others: small letters, digits and hyphens.
    pub boot: String,
    /// The reserved path. It begins and ends with a slash; see [`is_valid_path`].
    pub path: String,
    /// Where the page socket is.
    pub socket: Place,
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
        let mut value = OsString::from(format!("{VERSION} {} {} ", self.boot, self.path));
        value.push(place_value(&self.socket));
        value
    }

    /// The announcement in a value of [`VARIABLE`]; `None` if it is malformed or of another version.
    #[must_use]
    pub fn parse(value: &OsStr) -> Option<Self> {
        let mut parts = value.as_encoded_bytes().splitn(4, |byte| *byte == b' ');
        if parts.next()? != VERSION.as_bytes() {
            return None;
        }
        let boot = std::str::from_utf8(parts.next()?).ok().filter(|boot| is_valid_boot(boot))?;
        let path = std::str::from_utf8(parts.next()?).ok().filter(|path| is_valid_path(path))?;
        let socket = parse_place(parts.next()?)?;
        Some(Announcement { boot: boot.into(), path: path.into(), socket })
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
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_was_announced_is_read_again() {
        use std::os::unix::ffi::OsStringExt;
        let announcement = |socket: OsString| {
            let (boot, path) = ("3f9a-12".into(), "/.devserver/".into());
            Announcement { boot, path, socket: socket.into() }
        };
        let odd = OsString::from_vec(b"/tmp/with  spaces \xff/pages".to_vec());
        for socket in [OsString::from("/tmp/d/pages"), odd] {
            let announced = announcement(socket);
            assert_eq!(Announcement::parse(&announced.value()), Some(announced));
        }
        let value = announcement("/tmp/d/pages".into()).value();
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
    }

    #[cfg(windows)]
    #[test]
    fn what_was_announced_is_read_again() {
        let value = "1 3f9a-12 /.devserver/ tcp:127.0.0.1:5:0123456789abcdef0123456789abcdef";
        let announced = Announcement::parse(value.as_ref()).unwrap();
        assert_eq!((&*announced.boot, &*announced.path), ("3f9a-12", "/.devserver/"));
        assert_eq!(announced.value(), value);
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
