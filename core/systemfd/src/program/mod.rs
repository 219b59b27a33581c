//! The program that gets the sockets. On Unix this process becomes it (`exec`), or a command starts it
//! (`command`). Both tell it of the sockets (`variables`), and remove what `make -j` has left at their
//! fds (`jobserver`). On Windows it runs below this process (`run`), which a socket server gives sockets
//! to it; `wrapper` finds commands that are scripts.

#[cfg(unix)]
mod command;
#[cfg(unix)]
mod exec;
#[cfg(unix)]
mod jobserver;
#[cfg(windows)]
mod run;
#[cfg(unix)]
mod variables;
#[cfg(windows)]
mod wrapper;

#[cfg(unix)]
pub use exec::ExecError;
#[cfg(windows)]
pub use run::RunError;
#[cfg(windows)]
pub(crate) use run::end_with;
#[cfg(unix)]
pub use variables::announce_pid;
#[cfg(windows)]
pub(crate) use wrapper::wrapper_of;
