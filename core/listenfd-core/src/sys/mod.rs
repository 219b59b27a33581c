//! The differences between platforms, and every `unsafe` block of this crate.
//!
//! `linux.rs` and `other.rs` are a platform each, with the same names and signatures. `unix.rs` has the
//! calls that every Unix has, and `passing.rs` sends and receives descriptors. `launchd.rs` is for macOS, and
//! `no_launchd.rs` for all others.

#[cfg(target_os = "macos")]
pub(crate) mod launchd;
#[cfg(not(target_os = "macos"))]
#[path = "no_launchd.rs"]
pub(crate) mod launchd;
mod passing;
mod unix;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "linux.rs"]
mod platform;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "other.rs"]
mod platform;

pub(crate) use passing::{MAX_FDS, Received, receive, send};
pub(crate) use platform::{
    KEEPS_WHAT_CAME, abstract_addr, enable_sender_pids, in_the_way, peer_pid, peer_process,
    pidfd_id, set_mode_before_bind, set_owner_and_mode,
};
pub(crate) use unix::{
    Owned, close_on_exec, is_inherited, is_not_open, is_signal_ignored, kind, local_addr,
    lock_directory, monotonic_time, own_announced, peek, set_nonblocking,
};
