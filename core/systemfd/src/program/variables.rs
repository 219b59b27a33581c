//! The variables that tell a program of its sockets (`sd_listen_fds(3)`).

use std::process::Command;

use listenfd_core::internal::env_var;
use listenfd_core::protocol;

use super::jobserver;

/// Sets the variables that tell of sockets with these names.
pub(super) fn announce(
    command: &mut Command,
    names: Vec<Option<String>>,
    receiver: Option<&protocol::Receiver>,
) {
    let announced = protocol::Sockets::new(protocol::FIRST_FD, names);
    set_variables(command, &announced, receiver);
    for variable in jobserver::VARIABLES {
        let flags = env_var(variable);
        if let Some(flags) = flags.and_then(|flags| jobserver::without(&flags, announced.fds())) {
            command.env(variable, flags);
        }
    }
}

/// Reserves the sockets that [`Sockets::hand_to`](crate::Sockets::hand_to) has handed to this process for
/// its process id (`LISTEN_PID`), in the variables of `command`, which this process is about to become.
/// Without sockets, it does nothing.
///
/// # Errors
///
/// When the variables of this process are malformed.
pub fn announce_pid(command: &mut Command) -> Result<(), listenfd_core::Error> {
    let receiver = protocol::Receiver::this_process();
    let vars = protocol::Vars::from_fn(env_var);
    if let protocol::Handed::Sockets(sockets) = protocol::parse(&vars, &receiver)? {
        set_variables(command, &sockets, Some(&receiver));
    }
    Ok(())
}

fn set_variables(
    command: &mut Command,
    sockets: &protocol::Sockets,
    receiver: Option<&protocol::Receiver>,
) {
    for (variable, value) in protocol::encode(sockets, receiver).iter() {
        match value {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
    }
}
