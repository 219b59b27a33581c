//! Processes of a test: a child with deadlines, the test server as one, and the state of any process by
//! `/proc`.

mod child;
mod proc;
mod program;
mod server;

pub(crate) use child::signal;
pub use child::{Child, kill, raise_fd_limit, terminate};
pub use proc::{
    children_of, ignores, open_fds, own_memory, processes_in, processes_named_in, wait_for_none_in,
    zombies_below,
};
pub use program::{copy_program, program};
pub use server::{FRAMEWORKS, HOUR_TIMEOUTS, Server};
