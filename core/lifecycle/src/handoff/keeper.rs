//! Who keeps connections for the next process.

use listenfd_core::internal::fd_store::{self, Supplier};
use listenfd_core::internal::{CAN_HAND_OVER, env_var, notify_socket};
use listenfd_core::{Address, ListenFd};

/// Who keeps connections for the next process, and where to send them (`NOTIFY_SOCKET`, `sd_notify(3)`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// A service manager with room for descriptors. It passes them to any program that it starts next.
    ServiceManager(Address),
    /// A supplier of this project: `systemfd --keep` or `cargo devserver`. It gives them to a server that
    /// asks for them.
    Supplier(Address),
    /// There is none, so connections are drained.
    None,
}

impl Keeper {
    /// The keeper of this process. The application decides with `wanted`: `Some(false)` means none, and
    /// `Some(true)` also takes a service manager that does not announce its room (before systemd 254).
    #[must_use]
    pub fn of_this_process(wanted: Option<bool>) -> Self {
        Surroundings::of_this_process().keeper(wanted)
    }

    pub(crate) fn address(&self) -> Option<&Address> {
        match self {
            Keeper::ServiceManager(address) | Keeper::Supplier(address) => Some(address),
            Keeper::None => None,
        }
    }
}

/// The service manager that may keep connections of the process before. `has_handed` tells whether this process
/// has received some from it.
pub(crate) fn service_manager_that_keeps(has_handed: bool) -> Option<Address> {
    let surroundings = Surroundings::of_this_process();
    match surroundings.keeper(None) {
        Keeper::ServiceManager(manager) => Some(manager),
        _ if has_handed && surroundings.supplier == Supplier::None => surroundings.notify_socket,
        Keeper::Supplier(_) | Keeper::None => None,
    }
}

/// Whether a supplier may be asked for connections, which can take seconds.
pub(crate) fn may_ask_supplier() -> bool {
    matches!(fd_store::supplier(), Supplier::HasStore(_))
}

/// Whether the supplier speaks another version of the handoff.
pub(crate) fn is_supplier_of_other_version() -> bool {
    fd_store::supplier() == Supplier::OtherVersion
}

/// The facts that decide who the keeper is.
#[derive(Clone, Debug)]
struct Surroundings {
    /// Connections are safe on their way from process to process.
    can_hand_over: bool,
    supplier: Supplier,
    notify_socket: Option<Address>,
    /// The service manager says that it has room (`FDSTORE`, systemd 254).
    has_room: bool,
    /// The service manager has started this very process, or does not say which (`SYSTEMD_EXEC_PID`,
    /// `systemd.exec(5)`). Below a wrapper it would give connections to the wrapper.
    is_started_by_manager: bool,
    /// Sockets were handed to this process. A process that it starts has its variables but binds, and is
    /// not given any connections.
    has_sockets: bool,
}

impl Surroundings {
    fn of_this_process() -> Self {
        let number = |name| env_var(name)?.to_str()?.parse::<u32>().ok();
        Surroundings {
            can_hand_over: CAN_HAND_OVER,
            supplier: fd_store::supplier(),
            notify_socket: notify_socket::address_if_valid(),
            has_room: number("FDSTORE").is_some_and(|room| room > 0),
            is_started_by_manager: number("SYSTEMD_EXEC_PID")
                .is_none_or(|pid| pid == std::process::id()),
            has_sockets: ListenFd::from_env().is_ok_and(|handed| !handed.is_empty()),
        }
    }

    fn keeper(&self, wanted: Option<bool>) -> Keeper {
        let Some(address) = self.notify_socket.clone() else { return Keeper::None };
        match self.supplier {
            _ if !self.can_hand_over => Keeper::None,
            Supplier::HasStore(_) if wanted.unwrap_or(true) && self.has_sockets => {
                Keeper::Supplier(address)
            }
            Supplier::None if wanted.unwrap_or(self.has_room) && self.is_started_by_manager => {
                Keeper::ServiceManager(address)
            }
            Supplier::HasStore(_) | Supplier::None | Supplier::OtherVersion => Keeper::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::Unix("/run/notify".into())
    }

    fn below(supplier: Supplier) -> Surroundings {
        Surroundings {
            can_hand_over: true,
            supplier,
            notify_socket: Some(address()),
            has_room: false,
            is_started_by_manager: true,
            has_sockets: true,
        }
    }

    #[test]
    fn a_service_manager_keeps_where_it_says_so_or_the_application_does() {
        let silent = below(Supplier::None);
        assert_eq!(silent.keeper(None), Keeper::None);
        assert_eq!(silent.keeper(Some(true)), Keeper::ServiceManager(address()));
        let offers = Surroundings { has_room: true, ..silent };
        assert_eq!(offers.keeper(None), Keeper::ServiceManager(address()));
        assert_eq!(offers.keeper(Some(false)), Keeper::None);
        let below_wrapper = Surroundings { is_started_by_manager: false, ..offers.clone() };
        assert_eq!(below_wrapper.keeper(Some(true)), Keeper::None);
        let unreachable = Surroundings { notify_socket: None, ..offers };
        assert_eq!(unreachable.keeper(Some(true)), Keeper::None);
    }

    #[test]
    fn a_supplier_keeps_for_a_process_that_has_its_sockets() {
        let supplied = below(Supplier::HasStore("/run/store".into()));
        assert_eq!(supplied.keeper(None), Keeper::Supplier(address()));
        assert_eq!(supplied.keeper(Some(false)), Keeper::None);
        let grandchild = Surroundings { has_sockets: false, ..supplied };
        assert_eq!(grandchild.keeper(Some(true)), Keeper::None);
        assert_eq!(below(Supplier::OtherVersion).keeper(Some(true)), Keeper::None);
        let supplied = below(Supplier::HasStore("/run/store".into()));
        let on_macos = Surroundings { can_hand_over: false, ..supplied };
        assert_eq!(on_macos.keeper(Some(true)), Keeper::None);
    }
}
