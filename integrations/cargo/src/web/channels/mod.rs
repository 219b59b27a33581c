//! Handoff channels: connections on their way to a program and back.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::Channel;
#[cfg(unix)]
pub(super) use unix::{Received, channels_of, receive};
#[cfg(windows)]
pub(crate) use windows::Channel;
#[cfg(windows)]
pub(super) use windows::{Received, channels_of, receive};
