//! The signals that a session listens to.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
