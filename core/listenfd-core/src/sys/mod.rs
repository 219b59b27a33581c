//! The differences between platforms, and every `unsafe` block of this crate.
//!
//! `linux.rs` and `other.rs` are a Unix each, with the same names and signatures. `unix.rs` has the calls
//! that every Unix has, and `passing.rs` sends and receives descriptors. `launchd.rs` is for macOS, and
//! `no_launchd.rs` for all others. `windows/` is Windows, with the names of `unix.rs` and `linux.rs` as far
//! as it has them.

#[cfg(target_os = "macos")]
pub(crate) mod launchd;
#[cfg(not(target_os = "macos"))]
#[path = "no_launchd.rs"]
pub(crate) mod launchd;
#[cfg(unix)]
mod passing;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "linux.rs"]
mod platform;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
#[path = "other.rs"]
mod platform;

#[cfg(unix)]
pub(crate) use passing::{MAX_FDS, Received, receive, send};
#[cfg(unix)]
pub(crate) use platform::{
    KEEPS_SENT_FDS, KEEPS_WHAT_CAME, abstract_addr, enable_sender_pids, in_the_way, peer_pid,
    peer_process, pidfd_id, set_mode_before_bind, set_owner_and_mode,
};
#[cfg(unix)]
pub(crate) use unix::{
    Borrowed, DENIES_PORTS_IN_USE, EVERY_IPV6_ONLY, Owned, PORT_DENIED, as_backlog, close_on_exec,
    is_inherited, is_not_open, is_signal_ignored, is_unknown_family, kind, local_addr,
    lock_directory, monotonic_time, own_announced, peek, set_nonblocking, set_reuse,
};
#[cfg(windows)]
pub(crate) use windows::{
    Borrowed, DENIES_PORTS_IN_USE, EVERY_IPV6_ONLY, Owned, PORT_DENIED, as_backlog, in_the_way,
    is_signal_ignored, is_unknown_family, kind, leave_completion_port, local_addr, open_duplicate,
    peek, pidfd_id, set_nonblocking, set_reuse,
};
#[cfg(windows)]
pub(crate) use windows::{
    is_signaled, open_event, open_process, random_bytes, set_event, wait_for_any,
};
