//! The program that gets the sockets: this process becomes it (`exec`), or a command starts it
//! (`command`). Both tell it of the sockets (`variables`), and remove what `make -j` has left at their
//! fds (`jobserver`).

mod command;
mod exec;
mod jobserver;
mod variables;

pub use exec::ExecError;
pub use variables::announce_pid;
