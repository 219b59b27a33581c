//! What a test needs of the machine.

use std::io::Write;
use std::net::{IpAddr, UdpSocket};

/// Whether a program is on the `PATH`.
///
/// Where it is not, the test is skipped with a line that says so, or fails when
/// `LISTENFD_TEST_REQUIRE=all`.
///
/// # Panics
///
/// When the program is missing and everything is required.
#[track_caller]
#[must_use]
pub fn has(program: &str) -> bool {
    let path = listenfd_core::internal::env_var("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    check(found, program)
}

/// An address of this machine by which others reach it; where there is none, as [`has`].
///
/// # Panics
///
/// When there is none and everything is required.
#[track_caller]
#[must_use]
pub fn network_address() -> Option<IpAddr> {
    // Nothing is sent: the system only looks how it would be.
    let socket = UdpSocket::bind("0.0.0.0:0").ok();
    let addr = socket.and_then(|socket| {
        socket.connect(("192.0.2.1", 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    let addr = addr.filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    check(addr.is_some(), "a network").then_some(addr).flatten()
}

/// Whether this is root; where it is not, as [`has`].
///
/// # Panics
///
/// When it is not and everything is required.
#[track_caller]
#[must_use]
pub fn is_root() -> bool {
    check(rustix::process::geteuid().is_root(), "root")
}

/// Whether what a test needs is there; where it is not, as [`has`].
///
/// # Panics
///
/// When it is missing and everything is required.
#[track_caller]
#[must_use]
pub(crate) fn check(is_there: bool, what: &str) -> bool {
    if is_there {
        return true;
    }
    let required = listenfd_core::internal::env_var("LISTENFD_TEST_REQUIRE");
    assert!(required.is_none_or(|value| value != "all"), "this test needs {what}");
    skip(what)
}

/// Says that a test is skipped.
#[track_caller]
pub(crate) fn skip(what: &str) -> bool {
    // Not with a macro: those are captured, and a test must not be skipped in silence.
    let place = std::panic::Location::caller();
    let _ = writeln!(std::io::stderr(), "skipped: {place} needs {what}");
    false
}
