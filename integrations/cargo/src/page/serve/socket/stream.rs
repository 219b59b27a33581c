//! A connection from a program.

#[cfg(windows)]
pub(super) use tokio::net::TcpStream as Stream;
#[cfg(unix)]
pub(super) use tokio::net::UnixStream as Stream;
