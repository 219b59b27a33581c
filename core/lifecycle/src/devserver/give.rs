//! Giving a connection to `cargo devserver`: how its head begins, and how it goes away.

use std::io;
use std::os::fd::BorrowedFd;

use listenfd_core::internal::page_socket;

use super::announced::Devserver;

impl Devserver {
    /// How many bytes of a head to look at: a method, a space, and the longest reserved path.
    pub const LOOK: usize = MAX_METHOD + 1 + 100;

    /// Whether these bytes, the first ones of a request's head in HTTP/1, belong to a request below the
    /// reserved path. If a part of that is missing, they do not.
    #[must_use]
    pub fn begins_own_head(&self, bytes: &[u8]) -> bool {
        let method = bytes.iter().take(MAX_METHOD).take_while(|byte| byte.is_ascii_uppercase());
        let (method, rest) = bytes.split_at(method.count());
        !method.is_empty()
            && rest.strip_prefix(b" ").is_some_and(|rest| rest.starts_with(self.path().as_bytes()))
    }

    /// Gives a connection away, and `read`, the bytes already read from it. Drop it afterwards. This does not
    /// wait.
    ///
    /// # Errors
    ///
    /// The connection is still yours then: `cargo devserver` has ended or is busy, or too much was read.
    pub fn give(&self, connection: BorrowedFd<'_>, read: &[u8]) -> io::Result<()> {
        page_socket::give(self.socket(), connection, read)
    }
}

/// The length of the longest method that is looked for.
const MAX_METHOD: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devserver::test_socket::devserver_nowhere;

    fn begins(path: &str, bytes: &[u8]) -> bool {
        devserver_nowhere(path).begins_own_head(bytes)
    }

    #[test]
    fn the_head_of_an_own_request_is_known_by_its_first_bytes() {
        for head in [
            "GET /.devserver/ HTTP/1.1\r\n",
            "POST /.devserver/open?path=/a",
            "GET /.devserver/",
            "OPTIONSOPTIONSOP /.devserver/",
        ] {
            assert!(begins("/.devserver/", head.as_bytes()), "{head}");
        }
        for head in [
            "",
            "GET",
            "GET /.devserver",
            "GET  /.devserver/",
            " /.devserver/",
            "get /.devserver/",
            "\r\nGET /.devserver/",
            "GET /a/.devserver/",
            "GET http://a/.devserver/",
            "OPTIONSOPTIONSOPT /.devserver/",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
            assert!(!begins("/.devserver/", head.as_bytes()), "{head}");
        }
    }

    #[test]
    fn a_look_is_enough_for_the_longest_path() {
        let longest = format!("/{}/", "a".repeat(98));
        assert!(page_socket::is_valid_path(&longest));
        let head = format!("{} {longest}events", "A".repeat(MAX_METHOD));
        assert!(begins(&longest, &head.as_bytes()[..Devserver::LOOK]));
        assert!(!page_socket::is_valid_path(&format!("/{}/", "a".repeat(99))));
    }
}
