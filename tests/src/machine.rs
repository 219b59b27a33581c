//! Checks that the machine has the tools and rights that a test needs.

use std::io::Write;
use std::net::{IpAddr, UdpSocket};

/// Whether a program is on the `PATH`.
///
/// If not, this prints that the test is skipped, or fails the test when `LISTENFD_TEST_REQUIRE=all`.
///
/// # Panics
///
/// When the program is missing and everything is required.
#[track_caller]
#[must_use]
pub fn has(program: &str) -> bool {
    let path = listenfd_core::internal::env_var("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    require(found, program)
}

/// An address of this machine in a network; without one, as [`has`].
///
/// # Panics
///
/// When there is none and everything is required.
#[track_caller]
#[must_use]
pub fn network_address() -> Option<IpAddr> {
    // This sends nothing: the system only chooses a route.
    let socket = UdpSocket::bind("0.0.0.0:0").ok();
    let addr = socket.and_then(|socket| {
        socket.connect(("192.0.2.1", 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    let addr = addr.filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    require(addr.is_some(), "a network").then_some(addr).flatten()
}

/// Whether the test runs as root; if not, as [`has`].
///
/// # Panics
///
/// When it is not and everything is required.
#[track_caller]
#[must_use]
pub fn is_root() -> bool {
    require(rustix::process::geteuid().is_root(), "root")
}

/// Returns `is_there`; if that is `false`, as [`has`].
///
/// # Panics
///
/// When it is missing and everything is required.
#[track_caller]
#[must_use]
pub fn require(is_there: bool, needed: &str) -> bool {
    if is_there {
        return true;
    }
    let required = listenfd_core::internal::env_var("LISTENFD_TEST_REQUIRE");
    assert!(required.is_none_or(|value| value != "all"), "this test needs {needed}");
    skip(needed)
}

/// Prints that a test is skipped.
#[track_caller]
pub(crate) fn skip(needed: &str) -> bool {
    // Not `eprintln!`, which the test runner captures: a skipped test must be seen.
    let place = std::panic::Location::caller();
    let _ = writeln!(std::io::stderr(), "skipped: {place} needs {needed}");
    false
}
